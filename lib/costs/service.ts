// The verb of the costs room, and what the house writes into it.
import * as contract from "#lib/costs/contract.ts";
import * as store from "#lib/costs/store.ts";
import { now } from "#lib/kit/clock.ts";
import { verb } from "#lib/kit/verb.ts";

const dayMs = 86_400_000;
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const nothing: contract.Used = { seconds: 0, cpuSeconds: 0, gbSeconds: 0, deviceSeconds: 0 };
const add = (a: contract.Used, b: contract.Used): contract.Used => ({
  seconds: a.seconds + b.seconds,
  cpuSeconds: a.cpuSeconds + b.cpuSeconds,
  gbSeconds: a.gbSeconds + b.gbSeconds,
  deviceSeconds: a.deviceSeconds + b.deviceSeconds,
});

/** Writes totals of sessions to today (CO1). */
export const record = async (totals: store.Total[]): Promise<void> => {
  const at = now();
  if (totals.length > 0) await store.putTotals(totals, dayOf(at.getTime()), at);
};

export const readUsage = verb(contract.readUsage, async (scope, { range }) => {
  const length = Number.parseInt(range, 10);
  const days = Array.from({ length }, (_, i) => dayOf(scope.now.getTime() - (length - 1 - i) * dayMs));
  const first = days[0]!;
  const [byDay, people, notebooks, sessions] = [
    await store.byDay(scope, first),
    await store.byPerson(scope, first),
    await store.byNotebook(scope, first),
    await store.bySession(scope, first),
  ];
  return {
    total: byDay.reduce<contract.Used>(add, nothing),
    days: days.map((day) => byDay.find((one) => one.day === day) ?? { day, ...nothing }),
    people: people.map((one) => ({ ...one, name: one.name || "Atelier" })),
    notebooks: notebooks.map((one) => ({ ...one, name: one.name || (one.id ? "a notebook that is gone" : "Jupyter clients") })),
    sessions,
  };
});

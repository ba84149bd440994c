// The tuning room over HTTP: refusals, trials shared by several askers, lost sessions, stop and resume.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as experiments from "#lib/experiments/contract.ts";
import * as contract from "#lib/tuning/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
const main = { workspace: "main" };
const plan = {
  ...main,
  name: "bowl",
  space: { x: { type: "float", low: -5, high: 5 }, kind: { type: "categorical", choices: ["a", "b"] } },
  seed: 4,
  trials: 30,
} as const;
const open = (more: object = {}) => house.as("editor")(contract.openStudy, { ...plan, ...more } as never);
const owner = (n: number) => `session-${n}`;
const ask = (study: string, n = 1) => house.as("editor")(contract.askTrial, { ...main, study, owner: owner(n) });
const tell = (study: string, trial: number, n: number, values: number[]) =>
  house.as("editor")(contract.tellTrial, { ...main, study, trial, owner: owner(n), state: "complete", values });
const read = (study: string) => house.as("viewer")(contract.readStudy, { ...main, study });
const silence = async (study: string, trial: number): Promise<void> => {
  const { pool } = await import("#db");
  await pool().query(
    "update tuning_trial set lease_until = now() - interval '1 hour' where number = $1 and study_id = (select id from tuning_study where name = $2)",
    [trial, study],
  );
};

beforeAll(async () => {
  house = await openHouse();
  await open();
});
afterAll(() => house.close());

describe("refusals", () => {
  const at = () => house;
  const one = { ...main, study: "bowl" };
  refusals(at, contract.listStudies, () => main, { minimumRole: "viewer" });
  refusals(at, contract.openStudy, () => ({ ...plan, name: "other" }) as never, { minimumRole: "editor", bad: { trials: 0 } });
  refusals(at, contract.readStudy, () => one, { minimumRole: "viewer" });
  refusals(at, contract.askTrial, () => ({ ...one, owner: owner(1) }), { minimumRole: "editor", bad: { owner: "x" } });
  refusals(at, contract.reportTrial, () => ({ ...one, trial: 0, owner: owner(1) }), { minimumRole: "editor", bad: { trial: -1 } });
  refusals(at, contract.tellTrial, () => ({ ...one, trial: 0, owner: owner(1), state: "failed" as const }), {
    minimumRole: "editor",
    bad: { state: "won" },
  });
  refusals(at, contract.stopStudy, () => one, { minimumRole: "editor" });
  refusals(at, contract.resumeStudy, () => one, { minimumRole: "editor" });
  it("TU1 a study opened again goes on, and with another space is refused; what cannot be searched is named", async () => {
    expect((await open()).id).toBe((await read("bowl")).id);
    expect((await refusal(open({ seed: 5 }))).code).toBe("tuning.plan");
    expect((await refusal(open({ name: "bad", space: { x: { type: "float", low: 0, high: 1, log: true } } }))).message).toContain(
      "above 0",
    );
  });
});

describe("a study", () => {
  it("TU2 TU4 gives each trial to one asker among many at once, ends it once, and keeps to its budget", async () => {
    await open({ name: "shared", trials: 12 });
    const work = async (n: number): Promise<number[]> => {
      const mine: number[] = [];
      for (;;) {
        const { trial } = await ask("shared", n);
        if (!trial) return mine;
        mine.push(trial.number);
        await tell("shared", trial.number, n, [(trial.params.x as number) ** 2]);
      }
    };
    const numbers = (await Promise.all([1, 2, 3].map(work))).flat().sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, i) => i));
    const whole = await read("shared");
    expect(whole.counts.complete).toBe(12);
    expect(whole.best!.values[0]).toBe(Math.min(...whole.trials.map((one) => one.values[0]!)));
    expect(whole.importance[0]!.name).toBe("x");
    expect((await refusal(tell("shared", 0, 9, [1]))).code).toBe("tuning.owner");
    expect((await ask("shared")).reason).toBe("budget");
  });
  it("TU2 the same end told again changes nothing, another one is refused", async () => {
    await open({ name: "once" });
    const { trial } = await ask("once");
    const told = await tell("once", trial!.number, 1, [3]);
    expect(await tell("once", trial!.number, 1, [3])).toEqual(told);
    expect((await refusal(tell("once", trial!.number, 1, [4]))).code).toBe("tuning.over");
  });
  it("TU8 a trial's end and its run's are one: told twice it is the same answer, and refused neither has ended", async () => {
    await open({ name: "logged" });
    const started = async () => {
      const { trial } = await ask("logged");
      const run = await house.as("editor")(experiments.createRun, { ...main, experiment: "logged" });
      const at = { ...main, study: "logged", trial: trial!.number, owner: owner(1), runNumber: run.number };
      await house.as("editor")(contract.reportTrial, at);
      const statusNow = async () => {
        const { status, fault, message } = await house.as("viewer")(experiments.readRun, { ...main, run: String(run.number) });
        return { status, fault, message };
      };
      return { tellIt: (end: object) => house.as("editor")(contract.tellTrial, { ...at, state: "complete", ...end }), statusNow };
    };
    const one = await started();
    expect((await refusal(one.tellIt({ values: [1, 2] }))).code).toBe("tuning.values");
    expect((await one.statusNow()).status).toBe("running");
    const told = await one.tellIt({ values: [1] });
    expect(await one.statusNow()).toEqual({ status: "done", fault: null, message: null });
    expect(await one.tellIt({ values: [1] })).toEqual(told);
    const pruned = await started();
    await pruned.tellIt({ state: "pruned" });
    expect(await pruned.statusNow()).toMatchObject({ status: "cancelled", fault: null });
    const failed = await started();
    await failed.tellIt({ state: "failed", message: "no rows" });
    expect(await failed.tellIt({ state: "failed", message: "no rows" })).toMatchObject({ state: "failed", message: "no rows" });
    expect(await failed.statusNow()).toEqual({ status: "failed", fault: "yours", message: "no rows" });
  });
  it("TU3 a trial whose session fell silent is tried again with the same parameters, once", async () => {
    await open({ name: "silent" });
    const first = (await ask("silent", 1)).trial!;
    let last = first;
    for (let again = 1; again <= 2; again++) {
      await silence("silent", last.number);
      const next = (await ask("silent", 2)).trial!;
      expect(next.retryOf).toBe(again === 1 ? first.number : null);
      if (again === 1) expect(next.params).toEqual(first.params);
      last = next;
    }
    expect((await refusal(tell("silent", first.number, 1, [1]))).code).toBe("tuning.over");
    expect((await read("silent")).counts.lost).toBe(2);
  });
  it("TU5 the same seed and the same ends give the same trials", async () => {
    const sequence = async (name: string): Promise<unknown[]> => {
      await open({ name, trials: 14 });
      const seen: unknown[] = [];
      for (;;) {
        const { trial } = await ask(name);
        if (!trial) return seen;
        seen.push(trial.params);
        await tell(name, trial.number, 1, [(trial.params.x as number) ** 2]);
      }
    };
    expect(await sequence("again-one")).toEqual(await sequence("again-two"));
  });
  it("TU6 a stopped study gives no trial and stops running ones at their report; resumed it gives trials again", async () => {
    await open({ name: "halted" });
    const { trial } = await ask("halted");
    const report = () =>
      house.as("editor")(contract.reportTrial, { ...main, study: "halted", trial: trial!.number, owner: owner(1), step: 1, value: 2 });
    expect(await report()).toEqual({ shouldStop: false });
    await house.as("editor")(contract.stopStudy, { ...main, study: "halted" });
    expect(await report()).toEqual({ shouldStop: true });
    expect(await ask("halted")).toEqual({ trial: null, reason: "stopped" });
    await house.as("editor")(contract.resumeStudy, { ...main, study: "halted" });
    expect((await ask("halted")).trial!.number).toBe(1);
  });
});

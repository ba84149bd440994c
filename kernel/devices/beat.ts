// The gateway's beat: every three seconds it tells the product that it lives, what it has, which sessions it holds and what they used. Totals of
// sessions that ended are sent until one beat was heard. The answer names sessions that lost their lease; they are ended here.
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { capacity, type Inventory, withUse } from "#kernel/devices/inventory.ts";
import { type Beat, type BeatAnswer, beatPath, type DeviceFound, type Meter } from "#lib/devices/contract.ts";
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import { log } from "#lib/kit/log.ts";

const everyMs = 3000;
const retryMs = 400;

/** What of the gateway a beat tells. */
export type Told = { sessions: string[]; usedMemoryMb: number; meters: Meter[]; ended: Meter[] };
export type Telling = {
  look: () => Told;
  /** The totals of ended sessions that were heard. */
  heard: (ended: Meter[]) => void;
  /** What the product answered: sessions to end, and whether new ones may come. */
  told: (answer: BeatAnswer) => void;
  isSandboxed: boolean;
};

/** The machine's id, made once and kept in the home folder: a restart is the same machine. */
const machineId = (): string => {
  const file = join(env.home, "machine-id");
  mkdirSync(env.home, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, newId("machine"), { flag: "wx" });
  } catch {}
  return readFileSync(file, "utf8").trim();
};

const sum = (meters: Meter[]): number => meters.reduce((all, one) => all + one.cpuSeconds, 0);

/** Beats until stopped; the last beat is sent by `stop`. */
export const openBeat = (inventory: Promise<Inventory>, telling: Telling): { stop: () => Promise<void> } => {
  const own = { id: machineId(), incarnation: randomUUID(), name: hostname(), startedAt: new Date().toISOString() };
  let isStopped = false;
  let timer: NodeJS.Timeout | null = null;
  let found: Inventory | null = null;
  let seen: DeviceFound[] | null = null;
  let isLooking = false;
  let last = { at: performance.now(), cpu: 0 };
  let isAway = false;

  const usedCpus = (meters: Meter[]): number => {
    const [at, cpu] = [performance.now(), sum(meters)];
    const used = at > last.at ? Math.max(0, (cpu - last.cpu) / ((at - last.at) / 1000)) : 0;
    last = { at, cpu };
    return used;
  };

  void inventory.then((made) => {
    found = made;
    seen = made.devices;
  });

  /** Asks cards how busy they are, beside the beat: a driver that hangs must not make this machine silent. */
  const lookAtCards = async (): Promise<void> => {
    if (!found || isLooking) return;
    isLooking = true;
    seen = await withUse(found.devices).catch(() => seen);
    isLooking = false;
  };

  const beat = async (): Promise<void> => {
    void lookAtCards();
    const { sessions, usedMemoryMb, meters, ended } = telling.look();
    const body: Beat = {
      ...own,
      url: env.kernelUrl,
      isSandboxed: telling.isSandboxed,
      ...capacity(),
      usedMemoryMb,
      usedCpus: usedCpus(meters),
      devices: seen,
      sessions,
      meters: [...meters, ...ended].slice(0, 5000),
    };
    const answer = await fetch(`${env.webUrl}${beatPath}`, {
      method: "POST",
      headers: { authorization: `Bearer ${env.internalSecret}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(8000),
    });
    if (!answer.ok) throw new Error(`the product answered ${answer.status}`);
    telling.heard(ended);
    telling.told((await answer.json()) as BeatAnswer);
  };

  const go = async (): Promise<void> => {
    let waitMs = everyMs;
    try {
      await beat();
      isAway = false;
    } catch (error) {
      if (!isAway) log.debug("the product does not hear this machine yet", { error: String(error) });
      isAway = true;
      waitMs = retryMs;
    }
    if (!isStopped) timer = setTimeout(() => void go(), waitMs);
  };
  void go();

  return {
    stop: async () => {
      isStopped = true;
      if (timer) clearTimeout(timer);
      await Promise.race([beat().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    },
  };
};

// What one session uses, summed for whoever's cell ran last: seconds, processor seconds, memory × time, and time with a leased card. Sampled from
// outside four times a second; totals only grow, so a report may be sent again.
import type { Meter } from "#lib/devices/contract.ts";

/** To whom use is counted. */
export type Account = { workspaceId: string; notebookId: string; userId: string; person: string };

const mbOfGb = 1024;

export const openMeter = (session: string, device: string | null, first: Account) => {
  const sums = new Map<string, Meter>();
  let account = first;
  let lastAt: number | null = null;
  let pid = 0;
  let lastCpu = 0;

  const current = (): Meter => {
    const key = `${account.notebookId} ${account.userId}`;
    const known = sums.get(key) ?? { session, ...account, device, seconds: 0, cpuSeconds: 0, gbSeconds: 0, deviceSeconds: 0 };
    sums.set(key, known);
    return known;
  };

  return {
    /** From now on use is this person's. */
    charge: (to: Partial<Account>): void => {
      account = { ...account, ...to };
    },
    /** One sample: memory now, processor time since the process began; `atMs` of a clock that only goes forward. */
    take: (sample: { pid: number; rssMb: number; cpuSeconds: number }, atMs: number): void => {
      const passed = lastAt === null ? 0 : Math.max(0, atMs - lastAt) / 1000;
      lastAt = atMs;
      const before = sample.pid === pid ? lastCpu : 0;
      pid = sample.pid;
      lastCpu = Math.max(before, sample.cpuSeconds);
      const sum = current();
      sum.seconds += passed;
      sum.cpuSeconds += lastCpu - before;
      sum.gbSeconds += (sample.rssMb / mbOfGb) * passed;
      if (device) sum.deviceSeconds += passed;
    },
    totals: (): Meter[] => [...sums.values()].map((one) => ({ ...one })),
  };
};
export type OpenMeter = ReturnType<typeof openMeter>;

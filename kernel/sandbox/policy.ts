// What one session may use. The defaults are the installation's (lib/kit/env.ts); who makes a kernel may ask for less or, being the
// product, for more. Whoever comes near a limit is told before the session is ended.
import { env } from "#lib/kit/env.ts";

export type Policy = {
  memoryMb: number;
  /** Processes and threads together. */
  processes: number;
  /** Its work folder. */
  diskMb: number;
  /** Of processor time over the life of the session's process; 0 is without limit. */
  cpuSeconds: number;
  /** From a cell's start to its end; 0 is without limit. */
  cellSeconds: number;
};

const within = (wanted: unknown, fallback: number, most: number): number =>
  typeof wanted === "number" && Number.isFinite(wanted) && wanted >= 0 ? Math.min(wanted, most) : fallback;

/** The policy for a wish; what it does not name is the installation's. */
export const policyFor = (wish: Partial<Policy> = {}): Policy => ({
  memoryMb: within(wish.memoryMb, env.sessionMemoryMb, 1_000_000),
  processes: within(wish.processes, env.sessionProcesses, 32_000),
  diskMb: within(wish.diskMb, env.sessionDiskMb, 10_000_000),
  cpuSeconds: within(wish.cpuSeconds, env.sessionCpuMinutes * 60, 10_000_000),
  cellSeconds: within(wish.cellSeconds, env.cellMinutes * 60, 10_000_000),
});

// What a session really uses, asked of the operating system from outside: tensors and native code do not show in V8's heap, and a hostile
// cell cannot lie about these numbers.
import { readdirSync, readFileSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

const pageKb = 4;
const ticksPerSecond = 100;
const treeLimit = 2000;
const filesLimit = 200_000;

/** Children of every thread of a process: a process started by a worker thread is listed under that thread. */
const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      try {
        return readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number);
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
};

/** Memory and processor time of one process, with the time of children it has already buried. */
const ownUsage = (pid: number): { rssMb: number; cpuSeconds: number } => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number); // from field 3 on: the name before may hold anything
    const ticks = fields[11]! + fields[12]! + fields[13]! + fields[14]!;
    return { rssMb: (fields[21]! * pageKb) / 1024, cpuSeconds: ticks / ticksPerSecond };
  } catch {
    return { rssMb: 0, cpuSeconds: 0 };
  }
};

/** How many processes this system has ended for memory since it began; null where it does not tell. */
export const killedForMemory = (): number | null => {
  try {
    const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "utf8")) ?? [];
    return count === undefined ? null : Number(count);
  } catch {
    return null;
  }
};

const signal = (pid: number, name: "SIGSTOP" | "SIGKILL"): void => {
  try {
    process.kill(pid, name);
  } catch {} // gone already
};

/** All of a tree may take so long to stand still; a process in the middle of a fork needs a millisecond. */
const stopWaitMs = 200;

/** Waits until a process stands still: it is told to stop, and does at the end of what it is in, such as a fork. */
const standStill = (pid: number, deadline: number): void => {
  signal(pid, "SIGSTOP");
  while (performance.now() < deadline)
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      if ("TtZX".includes(stat[stat.lastIndexOf(")") + 2]!)) return;
    } catch {
      return; // gone already
    }
};

/**
 * Ends a process with all its descendants at once. The sandbox ends with its parent, except in its first moment: then it would wait for ever. So
 * each process stands still before its children are looked up, and none is made behind our back.
 */
export const endTree = (pid: number): void => {
  const found = [pid];
  const deadline = performance.now() + stopWaitMs;
  for (let at = 0; at < found.length && found.length < treeLimit; at++) {
    standStill(found[at]!, deadline);
    found.push(...childrenOf(found[at]!));
  }
  for (const one of found) signal(one, "SIGKILL");
};

export type Usage = { rssMb: number; cpuSeconds: number; processes: number };

/** Resident memory, processor time and number of a process with all its descendants; zeros when it is gone or the system does not tell. */
export const treeUsage = (pid: number): Usage => {
  const waiting = [pid];
  let rssMb = 0;
  let cpuSeconds = 0;
  let processes = 0;
  while (waiting.length > 0 && processes < treeLimit) {
    const one = waiting.pop()!;
    processes += 1;
    const own = ownUsage(one);
    rssMb += own.rssMb;
    cpuSeconds += own.cpuSeconds;
    waiting.push(...childrenOf(one));
  }
  return { rssMb, cpuSeconds, processes };
};

/** Size of a folder with all below it, in MB, by the blocks it takes; follows no link. */
export const folderMb = async (folder: string): Promise<number> => {
  const waiting = [folder];
  let bytes = 0;
  let files = 0;
  while (waiting.length > 0 && files < filesLimit) {
    const at = waiting.pop()!;
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      files += 1;
      if (entry.isDirectory()) waiting.push(join(at, entry.name));
      else bytes += ((await lstat(join(at, entry.name)).catch(() => null))?.blocks ?? 0) * 512;
    }
  }
  return files >= filesLimit ? Number.POSITIVE_INFINITY : bytes / 1_048_576;
};

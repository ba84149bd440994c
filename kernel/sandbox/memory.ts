// How much memory a session really uses, asked of the operating system from outside: tensors and native code do not show in V8's heap,
// and a hostile cell cannot lie about this number.
import { readFileSync } from "node:fs";

const pageKb = 4;

const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

const ownMb = (pid: number): number => {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * pageKb) / 1024;
  } catch {
    return 0;
  }
};

/** Resident memory of a process and all its descendants, in MB; 0 when it is gone or the system does not tell. */
export const treeMb = (pid: number): number => ownMb(pid) + childrenOf(pid).reduce((sum, child) => sum + treeMb(child), 0);

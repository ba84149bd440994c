// The whole text of an execution that prints more than screens keep: from a megabyte on it goes to a file beside the kernel, to be
// downloaded. Written at once, line after line as it came; the oldest logs of a kernel go when all of them pass the bound.
import { closeSync, createReadStream, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";

const fileFrom = 1_000_000;
const boundBytes = 2_000_000_000;

type Log = { parts: string[]; length: number; bytes: number; descriptor: number | null; isCut: boolean };

/** Opens the logs of one kernel in a folder that goes with `close`. */
export const openTextLog = (folder: string) => {
  const logs = new Map<string, Log>();
  const pathOf = (id: string): string => join(folder, `${id.replace(/[^\w-]/g, "_").slice(0, 100)}.log`);
  let bytes = 0;

  const drop = (id: string, log: Log): void => {
    if (log.descriptor !== null) {
      closeSync(log.descriptor);
      rmSync(pathOf(id), { force: true });
    }
    bytes -= log.bytes;
    logs.delete(id);
  };

  const write = (id: string, log: Log, text: string): void => {
    if (log.descriptor === null) {
      mkdirSync(folder, { recursive: true });
      log.descriptor = openSync(pathOf(id), "w");
    }
    const made = Buffer.from(text);
    writeSync(log.descriptor, made);
    log.bytes += made.length;
    bytes += made.length;
  };

  const makeRoom = (keeping: string): boolean => {
    for (const [id, log] of logs) if (bytes > boundBytes && id !== keeping) drop(id, log);
    return bytes <= boundBytes;
  };

  return {
    add: (id: string, text: string): void => {
      const log = logs.get(id) ?? { parts: [], length: 0, bytes: 0, descriptor: null, isCut: false };
      logs.set(id, log);
      if (log.isCut) return;
      if (log.descriptor === null) {
        log.parts.push(text);
        log.length += text.length;
        if (log.length < fileFrom) return;
        write(id, log, log.parts.join(""));
        log.parts = [];
        return;
      }
      write(id, log, text);
      if (makeRoom(id)) return;
      log.isCut = true;
      write(id, log, "\nThe log ends here: it passed 2 GB.\n");
    },
    /** The short text of an ended execution is on screen whole and need not stay here. */
    settle: (id: string): void => {
      const log = logs.get(id);
      if (log && log.descriptor === null) logs.delete(id);
    },
    /** The whole text so far; null when it was never long, or is gone. */
    read: (id: string): Readable | null => {
      const log = logs.get(id);
      return log && log.descriptor !== null ? createReadStream(pathOf(id)) : null;
    },
    close: (): void => {
      for (const [id, log] of logs) drop(id, log);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

// The prediction log before it reaches the database (SV3). A record is in the page cache of the kernel before its answer leaves, so kill -9
// loses nothing; all records of one turn of the event loop share one write. A segment is closed every 200 ms and shipped under its own
// name; web counts a name once, so a segment that is shipped twice because we died before deleting it does no harm.
import { closeSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { log } from "#lib/kit/log.ts";
import type { PredictionRecord } from "#lib/serving/inference/contract.ts";

export type Spool = {
  /** Resolves when the record is written; the answer may leave then. */
  write: (record: PredictionRecord) => Promise<void>;
  isFull: () => boolean;
  waitingBytes: () => number;
  /** Ships what waits; resolves when the spool is empty or web does not take it. */
  flush: () => Promise<void>;
  stop: () => Promise<void>;
};

type Ship = (batch: string, records: string) => Promise<"taken" | "later" | "never">;

const shipEveryMs = 200;
const segmentBytes = 4_000_000;

/** Whole lines of a segment as a JSON array; a line cut by a kill has no end and was never answered, so it does not count. */
export const recordsOf = (text: string): string => {
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).trimEnd();
  return lines === "" ? "[]" : `[${lines.replaceAll("\n", ",")}]`;
};

/** Opens the spool; segments left by an earlier process are shipped first. */
export const openSpool = (folder: string, ship: Ship, limitBytes = 512_000_000): Spool => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const closed = readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort();
  const sizes = new Map(closed.map((name) => [name, statSync(join(folder, name)).size]));
  const boot = `${Date.now().toString(36)}-${process.pid}`;
  let count = 0;
  let file = -1;
  let name = "";
  let size = 0;
  let pending: { line: string; done: () => void; failed: (error: unknown) => void }[] = [];
  let shipping: Promise<void> | null = null;

  const begin = (): void => {
    name = `${boot}-${String(count++).padStart(8, "0")}.jsonl`;
    file = openSync(join(folder, name), "ax", 0o600);
    size = 0;
  };

  const turn = (): void => {
    const batch = pending;
    pending = [];
    try {
      if (file < 0) begin();
      const bytes = Buffer.from(batch.map((one) => one.line).join(""));
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      size += bytes.length;
      for (const one of batch) one.done();
    } catch (error) {
      close(); // what follows must not be appended to half a line
      for (const one of batch) one.failed(error);
    }
    if (size > segmentBytes) close();
  };

  const close = (): void => {
    if (file < 0) return;
    closeSync(file);
    closed.push(name);
    sizes.set(name, size);
    file = -1;
    size = 0;
  };

  const shipNext = async (): Promise<boolean> => {
    const next = closed[0];
    if (!next) return false;
    const path = join(folder, next);
    const records = recordsOf(await readFile(path, "utf8"));
    const answer = records === "[]" ? "taken" : await ship(next.replace(".jsonl", ""), records).catch(() => "later" as const);
    if (answer === "later") return false;
    if (answer === "never") log.error("a batch of predictions was refused and is dropped", { batch: next, bytes: sizes.get(next) });
    await unlink(path);
    closed.shift();
    sizes.delete(next);
    return true;
  };

  const shipAll = async (): Promise<void> => {
    while (await shipNext());
  };
  const flush = (): Promise<void> => {
    close();
    shipping ??= shipAll()
      .catch((error) => log.warn("the spool could not be shipped, trying again", { error }))
      .finally(() => (shipping = null));
    return shipping;
  };
  const timer = setInterval(() => (size > 0 || closed.length > 0) && void flush(), shipEveryMs);
  const waitingBytes = (): number => [...sizes.values()].reduce((sum, one) => sum + one, size);

  return {
    write: (record) =>
      new Promise((done, failed) => {
        if (pending.length === 0) setImmediate(turn);
        pending.push({ line: `${JSON.stringify(record)}\n`, done, failed });
      }),
    isFull: () => sizes.size > 0 && waitingBytes() > limitBytes,
    waitingBytes,
    flush,
    stop: async () => {
      clearInterval(timer);
      if (pending.length > 0) turn();
      await flush();
    },
  };
};

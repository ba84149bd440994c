// stdout and stderr of a session: text is gathered for 16 ms or 16 KB and attributed to the cell whose code wrote it, also when it writes
// later from a timer.
import { AsyncLocalStorage } from "node:async_hooks";
import { Console } from "node:console";
import { Writable } from "node:stream";
import type { CellSource } from "#kernel/session/messages.ts";
import { say } from "#kernel/session/pipe.ts";

export type Running = {
  id: string;
  cell: CellSource | null;
  signal: AbortSignal;
  isSilent: boolean;
  canAsk: boolean;
  /** Set when the execution was interrupted and its code has been told so once. */
  hasHeardStop?: boolean;
};

/** Which execution the current code belongs to, through awaits and timers. */
export const running = new AsyncLocalStorage<Running>();

type Name = "stdout" | "stderr";
const gatherMs = 16;
const gatherBytes = 16_384;
let pending: { id: string; name: Name; parts: string[]; size: number } | null = null;
let lastAt = 0;
let isGathering = false;
let fallback: Running | null = null;

/** Code without a context of its own (native callbacks) is counted to the cell that ran last. */
export const setFallback = (one: Running): void => {
  fallback = one;
};
export const current = (): Running | null => running.getStore() ?? fallback;

/** Sends what is gathered; called before anything that must come after it. */
export const flush = (): void => {
  if (!pending) return;
  const { id, name, parts } = pending;
  pending = null;
  lastAt = Date.now();
  say(4, { type: "stream", id, name, text: parts.join("") });
};

/** Adds text to a stream of the current cell. */
export const write = (name: Name, text: string): void => {
  const id = current()?.id ?? "";
  if (pending && (pending.id !== id || pending.name !== name)) flush();
  pending ??= { id, name, parts: [], size: 0 };
  pending.parts.push(text);
  pending.size += text.length;
  if (pending.size >= gatherBytes || Date.now() - lastAt >= gatherMs) return flush();
  if (isGathering) return;
  isGathering = true;
  running.exit(() =>
    setTimeout(() => {
      isGathering = false;
      flush();
    }, gatherMs),
  );
};

const stream = (name: Name): Writable =>
  new Writable({
    decodeStrings: false,
    write: (part: string | Buffer, _encoding, done) => {
      write(name, typeof part === "string" ? part : part.toString("utf8"));
      done();
    },
  });

/** Points console and process.stdout/stderr at the notebook. */
export const takeStreams = (): void => {
  const [out, err] = [stream("stdout"), stream("stderr")];
  globalThis.console = new Console({ stdout: out, stderr: err, inspectOptions: { depth: 4, breakLength: 100 } });
  const redirect = (target: NodeJS.WriteStream, name: Name) => {
    target.write = ((part: string | Uint8Array, second?: unknown, third?: unknown) => {
      write(name, typeof part === "string" ? part : Buffer.from(part).toString("utf8"));
      const done = typeof second === "function" ? second : third;
      if (typeof done === "function") (done as () => void)();
      return true;
    }) as typeof target.write;
  };
  redirect(process.stdout, "stdout");
  redirect(process.stderr, "stderr");
};

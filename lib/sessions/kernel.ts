// What a session runs on, as its runner sees it: one noun of two kinds, our own kernel behind a gateway (own-kernel.ts) and a kernel on a
// Jupyter server of others (remote/kernel.ts). The kind is chosen once, when the runner opens.
import type { Execution } from "#lib/sessions/kernel-client.ts";
import type { State, Told } from "#lib/sessions/rules.ts";
import type * as store from "#lib/sessions/store.ts";

/** What a kernel is sent of a run; who may be trusted with a token adds it. */
export const executionOf = (run: store.RunRow): Omit<Execution, "token"> => ({
  id: run.id,
  code: run.source,
  cell: { cellId: run.cellId, cellHash: run.sourceHash, notebookId: run.notebookId, revision: run.revision },
  canAsk: true,
  isRunning: run.status === "running",
  payer: { userId: run.userId, person: run.runBy },
});

/** What people read of it. */
export type Face = { kernel: string; server: string | null; isSandboxed: boolean; device: string | null };

/** The runner, as its kernel sees it. */
export type Owner = {
  /** Number of the last message that was heard. */
  after: () => number;
  hear: (told: Told) => void;
  /** The line is there, for the first time or again: send what is not finished. */
  opened: () => void;
  /** The kernel is no more, and nobody asked for that. */
  gone: () => void;
  /** A sentence about the session; null takes it away. */
  say: (sentence: string | null) => Promise<void>;
  /** The session is over, in these words. */
  end: (message: string) => Promise<void>;
  status: () => State["status"];
  isClosed: () => boolean;
};

export type Kernel = {
  face: () => Face;
  /** Makes it where it is `isFresh`, else finds it again; comes back while it still waits for a machine. */
  start: (isFresh: boolean) => Promise<void>;
  execute: (run: store.RunRow) => Promise<void>;
  /** Answers what a run asks; false while nobody is connected to hear it. */
  answer: (runId: string, value: string) => boolean;
  /** Everything up to this number is stored. */
  ack: (seq: number) => void;
  interrupt: () => Promise<void>;
  restart: () => Promise<void>;
  /** Ends it and says so. */
  stop: () => Promise<void>;
  /** Ends it, without a word. */
  remove: () => Promise<void>;
  /** Gives back what it held, once it is over however it ended. */
  free: () => Promise<void>;
  /** What a kernel of others says of a text, by Jupyter's request; null where the language service speaks for it, or it cannot say now. */
  consult: (type: "complete_request" | "inspect_request", content: Record<string, unknown>) => Promise<Record<string, unknown> | null>;
  /** Resident memory; null where nobody can say. */
  memoryMb: () => Promise<number | null>;
  /** Ends this side of the line only. */
  close: () => void;
};

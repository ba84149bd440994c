// What a session's process and its gateway say to each other: JSON lines, in on descriptor 3, out on 4 (main thread) and 5 (controller).
// It is not Jupyter: the gateway makes Jupyter messages of these, so the child stays small and a hostile cell can forge nothing but its
// own outputs.

export type CellSource = { cellId: string; cellHash: string; notebookId: string; revision: number; pipelineRunId?: string };

/** A message of a comm, either way; buffers travel as base64. */
export type CommNote = {
  kind: "open" | "msg" | "close";
  commId: string;
  target?: string;
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: string[];
};

export type Order =
  | {
      type: "execute";
      id: string;
      code: string;
      count: number;
      isSilent: boolean;
      canAsk: boolean;
      /** Jupyter's user_expressions: evaluated after the cell, by name. */
      expressions: Record<string, string>;
      cell: CellSource | null;
    }
  | { type: "complete" | "inspect"; id: string; code: string; cursor: number }
  | { type: "variables"; id: string }
  | { type: "variable"; id: string; name: string }
  | { type: "interrupt" }
  | { type: "input"; value: string }
  | { type: "comm"; id: string; note: CommNote };
/** What is asked beside the executions, and answered under its id. */
export type Asking = Exclude<Order, { type: "execute" | "interrupt" | "input" }>;

export type Bundle = Record<string, unknown>;
export type Failure = { ename: string; evalue: string; traceback: string[] };
export type Shown = { data: Bundle; metadata: Bundle };
export type ExpressionAnswer = ({ status: "ok" } & Shown) | ({ status: "error" } & Failure);

export type News =
  | { type: "ready" }
  | { type: "stream"; id: string; name: "stdout" | "stderr"; text: string }
  | { type: "display"; id: string; data: Bundle; metadata: Bundle; displayId?: string; update?: boolean }
  | { type: "clear"; id: string; wait: boolean }
  | { type: "failure"; id: string; failure: Failure }
  | { type: "done"; id: string; result?: Shown; failure?: Failure; expressions?: Record<string, ExpressionAnswer> }
  | { type: "input"; id: string; prompt: string; isPassword: boolean }
  | { type: "comm"; id: string; note: CommNote }
  /** The answer to a request; null where the protocol has none (comm messages). */
  | { type: "reply"; id: string; content: Record<string, unknown> | null }
  | { type: "exit"; code: number };

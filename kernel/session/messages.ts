// What a session's process and its gateway say to each other: JSON lines, in on descriptor 3, out on 4 (main thread) and 5 (controller).
// It is not Jupyter: the gateway makes Jupyter messages of these, so the child stays small and a hostile cell can forge nothing but its
// own outputs.

export type CellSource = { cellId: string; cellHash: string; notebookId: string; revision: number; pipelineRunId?: string };

export type Order =
  | { type: "execute"; id: string; code: string; count: number; isSilent: boolean; cell: CellSource | null }
  | { type: "complete" | "inspect"; id: string; code: string; cursor: number }
  | { type: "interrupt" }
  | { type: "input"; id: string; value: string };

export type Bundle = Record<string, unknown>;
export type Failure = { ename: string; evalue: string; traceback: string[] };

export type News =
  | { type: "ready" }
  | { type: "stream"; id: string; name: "stdout" | "stderr"; text: string }
  | { type: "display"; id: string; data: Bundle; metadata: Bundle; displayId?: string; update?: boolean }
  | { type: "clear"; id: string; wait: boolean }
  | { type: "failure"; id: string; failure: Failure }
  | { type: "done"; id: string; result?: { data: Bundle; metadata: Bundle }; failure?: Failure }
  | { type: "reply"; id: string; content: Record<string, unknown> }
  | { type: "exit"; code: number };

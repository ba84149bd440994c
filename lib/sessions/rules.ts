// What a kernel's message means for a notebook: a reducer without I/O. `take` changes the state and answers what changed, so that the
// runner can store and tell exactly that. A message it does not know changes nothing.
import {
  type CellState,
  cutNotice,
  cutNoticeElsewhere,
  type Fault,
  isPending,
  type Output,
  type SessionStatus,
  type StreamOutput,
} from "#lib/sessions/contract.ts";

/** A kernel message as it comes from the journal. */
export type Told = {
  seq: number;
  channel: string;
  msg: {
    header: { msg_type: string; date?: string };
    parent_header: { msg_id?: string };
    metadata: Record<string, unknown>;
    content: Record<string, unknown>;
  };
};

export type Run = CellState & { id: string; userId?: string | null };
export type Cells = Map<string, { outputs: Output[]; displayIds: (string | null)[]; clearsNext: boolean; bytes: number }>;
export type State = { status: SessionStatus; message: string | null; runs: Map<string, Run>; cells: Cells; isElsewhere: boolean };

export type Change =
  | { type: "session" }
  | { type: "run"; run: Run }
  | { type: "output"; cellId: string; index: number }
  | { type: "append"; cellId: string; index: number; text: string }
  | { type: "clear"; cellId: string };

/** Text of one cell beyond this is not kept; the cell says so once. */
export const textLimit = 5_000_000;
/** A stream goes on in a new output after this much, so that appending stays cheap. */
const streamPart = 65_536;

/** `isElsewhere`: it runs on a Jupyter server of others. */
export const emptyState = (isElsewhere = false): State => ({
  status: "starting",
  message: null,
  runs: new Map(),
  cells: new Map(),
  isElsewhere,
});

const cellOf = (state: State, cellId: string) => {
  let cell = state.cells.get(cellId);
  if (!cell) {
    cell = { outputs: [], displayIds: [], clearsNext: false, bytes: 0 };
    state.cells.set(cellId, cell);
  }
  return cell;
};

const clear = (state: State, cellId: string): Change => {
  state.cells.set(cellId, { outputs: [], displayIds: [], clearsNext: false, bytes: 0 });
  return { type: "clear", cellId };
};

const sizeOf = (output: Output): number => (output.output_type === "stream" ? output.text.length : JSON.stringify(output).length);

const add = (state: State, cellId: string, output: Output, displayId: string | null = null): Change[] => {
  const cell = cellOf(state, cellId);
  const before = cell.clearsNext ? [clear(state, cellId)] : [];
  const at = cellOf(state, cellId);
  if (at.bytes > textLimit) return before;
  at.bytes += sizeOf(output);
  const isLast = at.bytes > textLimit;
  const text = state.isElsewhere ? cutNoticeElsewhere : cutNotice;
  at.outputs.push(isLast ? { output_type: "stream", name: "stderr", text } : output);
  at.displayIds.push(displayId);
  return [...before, { type: "output", cellId, index: at.outputs.length - 1 }];
};

const stream = (state: State, cellId: string, name: StreamOutput["name"], text: string): Change[] => {
  const cell = cellOf(state, cellId);
  const last = cell.clearsNext ? undefined : cell.outputs.at(-1);
  if (last?.output_type !== "stream" || last.name !== name || last.text.length > streamPart || cell.bytes + text.length > textLimit)
    return add(state, cellId, { output_type: "stream", name, text });
  last.text += text;
  cell.bytes += text.length;
  return [{ type: "append", cellId, index: cell.outputs.length - 1, text }];
};

const update = (state: State, displayId: string, data: Record<string, unknown>, metadata: Record<string, unknown>): Change[] => {
  const changes: Change[] = [];
  for (const [cellId, cell] of state.cells) {
    cell.displayIds.forEach((id, index) => {
      const output = cell.outputs[index];
      if (id !== displayId || !output || !("data" in output)) return;
      cell.outputs[index] = { ...output, data, metadata };
      changes.push({ type: "output", cellId, index });
    });
  }
  return changes;
};

const started = (state: State, run: Run, told: Told, at: string): Change[] => {
  Object.assign(run, { status: "running", startedAt: at, executionCount: Number(told.msg.content.execution_count) || null });
  return [clear(state, run.cellId), { type: "run", run }];
};

/** How kernels call a stopped cell: ours, and Python's. */
const isStop = (ename: unknown): boolean => ename === "Interrupted" || ename === "KeyboardInterrupt";

const replied = (run: Run, told: Told, at: string): Change[] => {
  const { content, metadata } = told.msg;
  const fault = (metadata.atelier as { fault?: Fault } | undefined)?.fault ?? "yours";
  run.question = null;
  if (content.status === "ok") Object.assign(run, { status: "done", endedAt: at });
  else if (content.status === "aborted" || isStop(content.ename))
    Object.assign(run, {
      status: "cancelled",
      endedAt: at,
      message: isStop(content.ename) ? "Stopped. Variables are kept." : "Not run, because a cell before it failed or was stopped.",
    });
  else Object.assign(run, { status: "failed", endedAt: at, fault, message: String(content.evalue ?? "").slice(0, 2000) });
  return [{ type: "run", run }];
};

const asked = (run: Run, { msg }: Told): Change[] => {
  run.question = {
    prompt: String(msg.content.prompt ?? "").slice(0, 10_000),
    isPassword: msg.content.password === true,
    userId: run.userId ?? null,
  };
  return [{ type: "run", run }];
};

/** The question of a run is answered: prompt and answer stay as text, as on a terminal; of a password only that there was one. */
export const settleQuestion = (state: State, run: Run, value: string): Change[] => {
  if (!run.question) return [];
  const { prompt, isPassword } = run.question;
  run.question = null;
  const gap = prompt === "" || /\s$/.test(prompt) ? "" : " ";
  return [{ type: "run", run }, ...stream(state, run.cellId, "stdout", `${prompt}${gap}${isPassword ? "••••••••" : value}\n`)];
};

const sessionStatus = (state: State, told: Told): Change[] => {
  const now = String(told.msg.content.execution_state);
  const next: SessionStatus =
    now === "busy" || now === "idle" || now === "starting" || now === "restarting" ? now : now === "dead" ? "none" : state.status;
  if (next === state.status) return [];
  state.status = next;
  return [{ type: "session" }];
};

/** Busy and idle around a question (completion, a comm) say nothing about the cells. */
const isAboutOthers = (state: State, { msg }: Told): boolean =>
  msg.parent_header.msg_id !== undefined && !state.runs.has(msg.parent_header.msg_id);

/** Applies one kernel message; `at` is when it happened. */
export const take = (state: State, told: Told, at: string): Change[] => {
  const { header, content, metadata, parent_header } = told.msg;
  if (header.msg_type === "status") return isAboutOthers(state, told) ? [] : sessionStatus(state, told);
  if (header.msg_type === "update_display_data")
    return update(
      state,
      String((content.transient as { display_id?: string } | undefined)?.display_id ?? ""),
      content.data as Record<string, unknown>,
      (content.metadata ?? {}) as Record<string, unknown>,
    );
  const run = state.runs.get(parent_header.msg_id ?? "");
  if (!run) return [];
  if (header.msg_type === "execute_input") return isPending(run.status) ? started(state, run, told, at) : [];
  if (header.msg_type === "execute_reply") return replied(run, told, at);
  if (header.msg_type === "input_request") return isPending(run.status) ? asked(run, told) : [];
  if (header.msg_type === "stream")
    return stream(state, run.cellId, content.name === "stderr" ? "stderr" : "stdout", String(content.text ?? ""));
  if (header.msg_type === "error")
    return add(state, run.cellId, {
      output_type: "error",
      ename: String(content.ename),
      evalue: String(content.evalue),
      traceback: (content.traceback as string[]) ?? [],
      ...(metadata.atelier ? { metadata } : {}),
    } as Output);
  if (header.msg_type === "clear_output") {
    if (content.wait === true) {
      cellOf(state, run.cellId).clearsNext = true;
      return [];
    }
    return [clear(state, run.cellId)];
  }
  if (header.msg_type !== "display_data" && header.msg_type !== "execute_result") return [];
  const displayId = (content.transient as { display_id?: string } | undefined)?.display_id ?? null;
  const bundle: Output = {
    output_type: header.msg_type,
    data: (content.data ?? {}) as Record<string, unknown>,
    metadata: (content.metadata ?? {}) as Record<string, unknown>,
    ...(header.msg_type === "execute_result" ? { execution_count: run.executionCount } : {}),
  };
  return add(state, run.cellId, bundle, displayId);
};

/** The session ends before its kernel told so, or never had one: what waited is not run. */
export const dismiss = (state: State, at: string, message: string): Change[] => {
  state.status = "none";
  state.message = message;
  const open = [...state.runs.values()].filter((run) => run.status === "queued" || run.status === "running");
  for (const run of open) Object.assign(run, { status: "cancelled", endedAt: at, message, question: null });
  return [...open.map((run) => ({ type: "run" as const, run })), { type: "session" }];
};

/** When an idle session ends: so many minutes after somebody last ran a cell or kept it. Null while it works or waits, and when it never does. */
export const endOfIdleness = (state: Pick<State, "status" | "runs">, activeAt: Date, idleMinutes: number): Date | null => {
  const hasWork = [...state.runs.values()].some((run) => run.status === "queued" || run.status === "running");
  if (state.status !== "idle" || hasWork || idleMinutes <= 0) return null;
  const lastEnd = Math.max(0, ...[...state.runs.values()].map((run) => (run.endedAt ? Date.parse(run.endedAt) : 0)));
  return new Date(Math.max(activeAt.getTime(), lastEnd) + idleMinutes * 60_000);
};

/** The kernel is gone with its machine: what ran or waited ends as ours. */
export const lose = (state: State, at: string): Change[] => {
  state.status = "lost";
  state.message = "The session was lost with its machine. Variables are gone, outputs are kept. Run the cells again.";
  const open = [...state.runs.values()].filter((run) => run.status === "queued" || run.status === "running");
  for (const run of open)
    Object.assign(run, {
      status: run.status === "running" ? "failed" : "cancelled",
      endedAt: at,
      fault: "ours",
      message: state.message,
      question: null,
    });
  return [...open.map((run) => ({ type: "run" as const, run })), { type: "session" }];
};

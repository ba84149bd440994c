// One kernel as Jupyter sees it: requests in, messages out, over however many session processes it takes. Executions run in the order they
// came; an execution is known by its msg_id and runs once, however often it is sent. When the process dies, the running cell ends with a
// sentence, what waited is aborted, and a new process starts by itself.
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Door, openDoor } from "#kernel/door.ts";
import { type Journal, openJournal } from "#kernel/journal.ts";
import { type Channel, type Message, message } from "#kernel/jupyter/wire.ts";
import { type End, type SessionProcess, startSession } from "#kernel/process.ts";
import type { CellSource, News } from "#kernel/session/messages.ts";
import { completeness } from "#kernel/session/transform.ts";
import { env } from "#lib/kit/env.ts";

export type Wish = { kernelId?: string; token?: string; memoryMb?: number; isKept: boolean };
type Waiting = { request: Message; count: number };
type State = "starting" | "idle" | "busy" | "restarting" | "dead";

const journalBytes = 128_000_000;
const stuckMs = 3000;
const stuckEnd: End = {
  fault: "yours",
  sentence:
    "The cell did not stop within 3 seconds, so the session was started again. Variables are gone, outputs are kept. A loop inside a timer or native code cannot be stopped otherwise.",
};

export type Kernel = Awaited<ReturnType<typeof makeKernel>>;

type Atelier = { cellId?: string; cellHash?: string; notebookId?: string; revision?: number; pipelineRunId?: string; token?: string };

const cellOf = (request: Message): { cell: CellSource | null; token: string | null } => {
  const { cellId, cellHash, notebookId, revision, pipelineRunId, token } = (request.metadata.atelier ?? {}) as Atelier;
  const stage = pipelineRunId ? { pipelineRunId } : {};
  const cell = cellId && notebookId ? { cellId, cellHash: cellHash ?? "", notebookId, revision: revision ?? 0, ...stage } : null;
  return { cell, token: token ?? null };
};

const kernelInfo = {
  status: "ok",
  protocol_version: "5.5",
  implementation: "atelier",
  implementation_version: "0.1.0",
  language_info: {
    name: "typescript",
    version: "6.0",
    mimetype: "text/x-typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    codemirror_mode: "typescript",
    nbconvert_exporter: "script",
  },
  banner: "Atelier TypeScript kernel",
  help_links: [],
  supported_features: [],
};

/** Starts a kernel; `gone` is called when it is deleted. */
export const makeKernel = async (wish: Wish) => {
  const id = wish.kernelId ?? randomUUID();
  const memoryMb = wish.memoryMb ?? env.sessionMemoryMb;
  const workDir = join(env.home, "sessions", id.replace(/[^\w-]/g, "_"));
  mkdirSync(workDir, { recursive: true, mode: 0o777 });
  const door: Door = await openDoor();
  if (wish.token) door.setToken(wish.token);
  const journal: Journal = openJournal(journalBytes, wish.isKept);

  let session: SessionProcess;
  let sessionId = randomUUID();
  let state: State = "starting";
  let isReady = false;
  let count = 0;
  let active: Waiting | null = null;
  let isDeleted = false;
  let stuckTimer: NodeJS.Timeout | null = null;
  let failedStarts = 0;
  let lastActivity = Date.now();
  const queue: Waiting[] = [];
  const seen = new Map<string, true>();
  const parents = new Map<string, Message>();
  const history: [number, string][] = [];

  const send = (channel: Channel, type: string, parent: Message | null, content: Record<string, unknown>, metadata = {}): void => {
    lastActivity = Date.now();
    journal.append(channel, message(type, sessionId, parent?.header ?? {}, content, metadata));
    if (journal.isFull()) session.pause();
  };
  journal.onRoom(() => session.resume());

  const status = (next: State | "busy" | "idle", parent: Message | null): void => {
    if (next === "busy" || next === "idle") state = isReady ? next : state;
    else state = next;
    send("iopub", "status", parent, { execution_state: next });
  };

  const remember = (request: Message): void => {
    parents.set(request.header.msg_id, request);
    if (parents.size > 500) parents.delete(parents.keys().next().value!);
  };

  const next = (): void => {
    if (active || !isReady || isDeleted) return;
    active = queue.shift() ?? null;
    if (!active) return;
    const { request } = active;
    const code = String(request.content.code ?? "");
    const isSilent = request.content.silent === true;
    const { cell, token } = cellOf(request);
    if (token) door.setToken(token);
    if (!isSilent && request.content.store_history !== false) count += 1;
    active.count = count;
    remember(request);
    status("busy", request);
    if (!isSilent) {
      history.push([count, code]);
      send("iopub", "execute_input", request, { code, execution_count: count });
    }
    session.say({ type: "execute", id: request.header.msg_id, code, count, isSilent, cell });
  };

  const reply = (request: Message, content: Record<string, unknown>, metadata = {}): void => {
    send("shell", request.header.msg_type.replace("_request", "_reply"), request, content, metadata);
  };

  /** Ends the running execution: error output first, then reply, then idle, as every Jupyter client expects. */
  const conclude = (done: Extract<News, { type: "done" }>, fault: string): void => {
    if (!active || active.request.header.msg_id !== done.id) return;
    const { request, count: at } = active;
    active = null;
    if (stuckTimer) clearTimeout(stuckTimer);
    stuckTimer = null;
    const metadata = { atelier: { fault } };
    if (done.failure) {
      send("iopub", "error", request, { ...done.failure }, metadata);
      reply(request, { status: "error", execution_count: at, ...done.failure, user_expressions: {}, payload: [] }, metadata);
    } else {
      if (done.result) send("iopub", "execute_result", request, { ...done.result, execution_count: at });
      reply(request, { status: "ok", execution_count: at, user_expressions: {}, payload: [] });
    }
    status("idle", request);
    if (done.failure && request.content.stop_on_error !== false) abortQueue();
    next();
  };

  const abortQueue = (): void => {
    for (const { request } of queue.splice(0)) {
      status("busy", request);
      reply(request, { status: "aborted", execution_count: count, user_expressions: {}, payload: [] });
      status("idle", request);
    }
  };

  /** A session that does not come up at all: whoever waits is told why instead of waiting for ever. */
  const failQueue = (failure: { ename: string; evalue: string; traceback: string[] }): void => {
    for (const { request } of queue.splice(0)) {
      status("busy", request);
      send("iopub", "error", request, failure, { atelier: { fault: "ours" } });
      reply(
        request,
        { status: "error", execution_count: count, ...failure, user_expressions: {}, payload: [] },
        { atelier: { fault: "ours" } },
      );
      status("idle", request);
    }
  };

  const hear = (news: News): void => {
    if (news.type === "ready") {
      isReady = true;
      failedStarts = 0;
      status("idle", null);
      return next();
    }
    if (news.type === "done") return conclude(news, "yours");
    if (news.type === "exit") return;
    const parent = parents.get(news.id) ?? active?.request ?? null;
    if (news.type === "reply") return consulted(news.id, news.content);
    if (news.type === "stream") send("iopub", "stream", parent, { name: news.name, text: news.text });
    else if (news.type === "clear") send("iopub", "clear_output", parent, { wait: news.wait });
    else if (news.type === "failure") send("iopub", "error", parent, { ...news.failure }, { atelier: { fault: "yours" } });
    else if (news.type === "display") {
      const transient = news.displayId ? { display_id: news.displayId } : {};
      send("iopub", news.update ? "update_display_data" : "display_data", parent, { data: news.data, metadata: news.metadata, transient });
    }
  };

  const consulted = (requestId: string, content: Record<string, unknown>): void => {
    const request = parents.get(requestId);
    if (!request) return;
    reply(request, content);
    status("idle", request);
  };

  const ended = (end: End): void => {
    const wasReady = isReady;
    if (!wasReady) failedStarts += 1;
    isReady = false;
    if (isDeleted) return;
    const failure = { ename: "SessionEnded", evalue: end.sentence, traceback: [end.sentence] };
    if (active) conclude({ type: "done", id: active.request.header.msg_id, failure }, end.fault);
    if (failedStarts >= 3) failQueue(failure);
    else if (wasReady) abortQueue();
    status("restarting", null);
    sessionId = randomUUID();
    count = 0;
    status("starting", null);
    setTimeout(open, Math.min(10_000, 100 * 2 ** failedStarts));
  };

  const open = (): void => {
    if (isDeleted) return;
    session = startSession({ workDir, doorDir: door.folder, memoryMb }, { news: hear, end: ended, memory: () => {} });
  };

  const interrupt = (): void => {
    abortQueue();
    if (!active || stuckTimer) return;
    session.say({ type: "interrupt" });
    stuckTimer = setTimeout(() => session.kill(stuckEnd), stuckMs);
  };

  const restart = (): void => {
    abortQueue();
    session.kill({ fault: "yours", sentence: "The session was started again. Variables are gone, outputs are kept." });
  };

  const remove = (): void => {
    isDeleted = true;
    state = "dead";
    send("iopub", "status", null, { execution_state: "dead" });
    session.kill();
    door.close();
    rmSync(workDir, { recursive: true, force: true });
  };

  const execute = (request: Message): void => {
    if (seen.has(request.header.msg_id)) return;
    seen.set(request.header.msg_id, true);
    if (seen.size > 10_000) seen.delete(seen.keys().next().value!);
    queue.push({ request, count: 0 });
    next();
  };

  /** Requests that need no running code are answered at once, each between busy and idle. */
  const answerNow = (request: Message, content: Record<string, unknown>, channel: Channel): void => {
    status(state === "busy" ? "busy" : "busy", request);
    send(channel, request.header.msg_type.replace("_request", "_reply"), request, content);
    send("iopub", "status", request, { execution_state: "idle" });
    if (!active && isReady) state = "idle";
  };

  const consult = (request: Message, type: "complete" | "inspect"): void => {
    const code = String(request.content.code ?? "");
    const cursor = [...code].slice(0, Number(request.content.cursor_pos ?? 0)).join("").length; // code points to UTF-16 units
    remember(request);
    send("iopub", "status", request, { execution_state: "busy" });
    if (active || !isReady)
      return consulted(
        request.header.msg_id,
        type === "complete"
          ? { status: "ok", matches: [], cursor_start: cursor, cursor_end: cursor, metadata: {} }
          : { status: "ok", found: false, data: {}, metadata: {} },
      );
    session.say({ type, id: request.header.msg_id, code, cursor });
  };

  /** Takes one request from a client. Unknown types are ignored, as the protocol says. */
  const take = (channel: Channel, request: Message): void => {
    const type = request.header.msg_type;
    lastActivity = Date.now();
    if (type === "execute_request") execute(request);
    else if (type === "kernel_info_request") answerNow(request, kernelInfo, channel);
    else if (type === "is_complete_request")
      answerNow(request, { status: completeness(String(request.content.code ?? "")), indent: "  " }, channel);
    else if (type === "complete_request") consult(request, "complete");
    else if (type === "inspect_request") consult(request, "inspect");
    else if (type === "history_request")
      answerNow(
        request,
        { status: "ok", history: history.slice(-Number(request.content.n ?? 100)).map(([line, code]) => [1, line, code]) },
        channel,
      );
    else if (type === "comm_info_request") answerNow(request, { status: "ok", comms: {} }, channel);
    else if (type === "interrupt_request") {
      interrupt();
      answerNow(request, { status: "ok" }, channel);
    } else if (type === "shutdown_request") {
      answerNow(request, { status: "ok", restart: request.content.restart === true }, channel);
      if (request.content.restart === true) restart();
      else remove();
    }
  };

  send("iopub", "status", null, { execution_state: "starting" });
  open();
  return {
    id,
    journal,
    take,
    interrupt,
    restart,
    remove,
    isGone: () => isDeleted,
    setToken: door.setToken,
    model: (connections: number) => ({
      id,
      name: "typescript",
      last_activity: new Date(lastActivity).toISOString(),
      execution_state: isReady ? state : "starting",
      connections,
      atelier: { sandboxed: session.isSandboxed, memoryMb, rssMb: Math.round(session.rssMb()), pid: session.pid ?? null },
    }),
  };
};

// One kernel as Jupyter sees it: requests in, messages out, over however many session processes it takes. Executions run in the order they
// came; an execution is known by its msg_id and runs once, however often it is sent. When the process dies, the running cell ends with a
// sentence, what waited is aborted, and a new process starts by itself.
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Account, openMeter } from "#kernel/devices/meter.ts";
import { openGathering } from "#kernel/gathering.ts";
import { type Journal, openJournal } from "#kernel/journal.ts";
import type { Advise } from "#kernel/jupyter/advice.ts";
import { type Answers, answersBeside, keepComm } from "#kernel/jupyter/answers.ts";
import { openHistory } from "#kernel/jupyter/history.ts";
import { cellOf, expressionsOf, packagesOf, payerOf, timeFailure } from "#kernel/jupyter/reading.ts";
import { type Channel, type Message, message } from "#kernel/jupyter/wire.ts";
import { installingMs, installingWords } from "#kernel/packages/shelf.ts";
import { type End, type Gauge, type Sample, type SessionProcess, startSession } from "#kernel/process.ts";
import { type Policy, policyFor } from "#kernel/sandbox/policy.ts";
import type { Card } from "#kernel/sandbox/sandbox.ts";
import type { Asking, CommNote, News } from "#kernel/session/messages.ts";
import { makeBerth, type Spare } from "#kernel/spare.ts";
import { openTextLog } from "#kernel/text-log.ts";
import { env } from "#lib/kit/env.ts";
import { log } from "#lib/kit/log.ts";

export type Wish = {
  kernelId?: string;
  token?: string;
  limits?: Partial<Policy>;
  /** Whether a product consumer must see every message; else a stock client's kernel, which forgets its oldest ones at the bound. */
  isKept: boolean;
  /** Who may see it through Jupyter's REST. */
  owner?: string;
  /** A folder of the caller's to work in; without it a private one that goes with the kernel. */
  workDir?: string;
  gone?: () => void;
  /** A process that is already up, of the same limits. */
  spare?: Spare | null;
  /** What types say, beside live values. */
  advise?: Advise;
  /** The graphics card it holds. */
  card?: Card | null;
  /** To whom its use is counted until somebody's cell runs. */
  account?: Account;
};
type Waiting = { request: Message; count: number };
type State = "starting" | "idle" | "busy" | "restarting" | "dead";
type Content = Record<string, unknown>;

const keptJournalBytes = 128_000_000;
const looseJournalBytes = 16_000_000;
const stuckMs = 3000;
/** A question about the scope is answered empty after this long while a cell holds the main thread. */
const busyAnswerMs = 400;
const answerMs = 10_000;
const stuckEnd: End = {
  fault: "yours",
  sentence:
    "The cell did not stop within 3 seconds, so the session was started again. Variables are gone, outputs are kept. A loop inside a timer or native code cannot be stopped otherwise.",
};

const nobodysAccount: Account = { workspaceId: "", notebookId: "", userId: "", person: "" };

export type Kernel = Awaited<ReturnType<typeof makeKernel>>;

/** Starts a kernel. */
export const makeKernel = async (wish: Wish) => {
  const id = wish.kernelId ?? randomUUID();
  const policy = policyFor(wish.limits);
  const { workDir, door, shelf } = wish.spare ?? (await makeBerth(id, wish.workDir));
  if (wish.token) door.setToken(wish.token);
  const meter = openMeter(id, wish.card?.device.id ?? null, wish.account ?? nobodysAccount);
  const journal: Journal = openJournal(wish.isKept ? keptJournalBytes : looseJournalBytes, wish.isKept);

  let session: SessionProcess;
  let sessionId = randomUUID();
  let state: State = "starting";
  let isReady = false;
  /** Whether the present process ever was ready, and whether somebody asked for its end. */
  let cameUp = false;
  let isFirst = true;
  let isRestarting = false;
  let count = 0;
  let active: Waiting | null = null;
  let isAsking = false;
  let isDeleted = false;
  let stuckTimer: NodeJS.Timeout | null = null;
  let cellTimer: NodeJS.Timeout | null = null;
  let isOverTime = false;
  let failedStarts = 0;
  let lastActivity = Date.now();
  let holds = 0;
  const queue: Waiting[] = [];
  const seen = new Map<string, true>();
  const parents = new Map<string, Message>();
  const asked = new Map<string, (content: Content | null) => void>();
  const comms = new Map<string, string>();
  const history = openHistory();
  const waitingForReady: (() => void)[] = [];

  const emit = (channel: Channel, type: string, parent: Message | null, content: Content, metadata = {}, buffers?: Uint8Array[]): void => {
    lastActivity = Date.now();
    const made = message(type, sessionId, parent?.header ?? {}, content, metadata);
    journal.append(channel, buffers && buffers.length > 0 ? { ...made, buffers } : made);
    if (journal.isFull()) session.pause();
  };
  const texts = wish.isKept ? openTextLog(join(env.home, "sessions", `${id.replace(/[^\w-]/g, "_")}.logs`)) : null;
  const printed = openGathering((parent, name, text) => {
    if (parent) texts?.add(parent.header.msg_id, text);
    emit("iopub", "stream", parent, { name, text });
  });
  const send: typeof emit = (...all) => {
    printed.flush();
    emit(...all);
  };
  const goOn = (): void => {
    if (holds === 0 && !journal.isFull()) session.resume();
  };
  journal.onRoom(goOn);

  /** Busy and idle around one request. */
  const say = (execution_state: "busy" | "idle", parent: Message): void => send("iopub", "status", parent, { execution_state });
  const become = (next: State): void => {
    state = next;
    send("iopub", "status", null, { execution_state: next });
  };

  const remember = (request: Message): void => {
    parents.set(request.header.msg_id, request);
    if (parents.size > 500) parents.delete(parents.keys().next().value!);
  };

  const next = (): void => {
    if (active || !isReady || isDeleted || shelf.isBusy()) return;
    active = queue.shift() ?? null;
    if (!active) return;
    const { request } = active;
    const code = String(request.content.code ?? "");
    const isSilent = request.content.silent === true;
    const isStored = !isSilent && request.content.store_history !== false;
    const { cell, token } = cellOf(request);
    if (token) door.setToken(token);
    const packages = packagesOf(request);
    if (packages !== undefined) shelf.use(packages);
    meter.charge(payerOf(request));
    if (isStored) count += 1;
    active.count = count;
    remember(request);
    state = "busy";
    say("busy", request);
    if (isStored) history.add(count, code);
    if (!isSilent) send("iopub", "execute_input", request, { code, execution_count: count });
    session.say({
      type: "execute",
      id: request.header.msg_id,
      code,
      count,
      isSilent,
      canAsk: request.content.allow_stdin === true,
      expressions: expressionsOf(request),
      cell,
    });
    if (policy.cellSeconds > 0) cellTimer = setTimeout(overTime, policy.cellSeconds * 1000);
  };

  const reply = (request: Message, content: Content, metadata = {}, channel: Channel = "shell"): void =>
    send(channel, request.header.msg_type.replace("_request", "_reply"), request, content, metadata);

  /** The cell has used its time: it is stopped like by a person, variables kept when it lets itself be stopped. */
  const overTime = (): void => {
    isOverTime = true;
    stop();
  };

  const clearTimers = (): void => {
    if (stuckTimer) clearTimeout(stuckTimer);
    if (cellTimer) clearTimeout(cellTimer);
    stuckTimer = null;
    cellTimer = null;
    isOverTime = false;
  };

  /** Ends the running execution: error output first, then reply, then idle, as every Jupyter client expects. */
  const conclude = (end: Extract<News, { type: "done" }>, faultOfEnd: string): void => {
    if (!active || active.request.header.msg_id !== end.id) return;
    const { request, count: at } = active;
    const isTimeUp = isOverTime && end.failure !== undefined;
    const done = isTimeUp && end.failure?.ename === "Interrupted" ? { ...end, failure: timeFailure(policy.cellSeconds) } : end;
    const fault = isTimeUp ? "limits" : faultOfEnd;
    active = null;
    isAsking = false;
    clearTimers();
    texts?.settle(request.header.msg_id);
    const metadata = { atelier: { fault } };
    if (done.failure) {
      send("iopub", "error", request, { ...done.failure }, metadata);
      reply(request, { status: "error", execution_count: at, ...done.failure, user_expressions: {}, payload: [] }, metadata);
    } else {
      if (done.result) {
        history.result(at, String(done.result.data["text/plain"] ?? ""));
        send("iopub", "execute_result", request, { ...done.result, execution_count: at });
      }
      reply(request, { status: "ok", execution_count: at, user_expressions: done.expressions ?? {}, payload: [] });
    }
    state = "idle";
    say("idle", request);
    if (done.failure && request.content.stop_on_error !== false) abortQueue();
    next();
  };

  const abortQueue = (): void => {
    for (const { request } of queue.splice(0)) {
      say("busy", request);
      reply(request, { status: "aborted", execution_count: count, user_expressions: {}, payload: [] });
      say("idle", request);
    }
  };

  /** A session that does not come up at all: whoever waits is told why instead of waiting for ever. */
  const failQueue = (failure: { ename: string; evalue: string; traceback: string[] }): void => {
    const metadata = { atelier: { fault: "ours" } };
    for (const { request } of queue.splice(0)) {
      say("busy", request);
      send("iopub", "error", request, failure, metadata);
      reply(request, { status: "error", execution_count: count, ...failure, user_expressions: {}, payload: [] }, metadata);
      say("idle", request);
    }
  };

  const heardComm = (note: CommNote, parent: Message | null): void => {
    keepComm(comms, note);
    const target = note.target ? { target_name: note.target } : {};
    const buffers = note.buffers.map((one) => Buffer.from(one, "base64"));
    send("iopub", `comm_${note.kind}`, parent, { comm_id: note.commId, ...target, data: note.data }, note.metadata, buffers);
  };

  const hear = (news: News): void => {
    if (news.type === "ready") {
      isReady = true;
      cameUp = true;
      failedStarts = 0;
      become("idle");
      for (const tellReady of waitingForReady.splice(0)) tellReady();
      return next();
    }
    if (news.type === "done") return conclude(news, "yours");
    if (news.type === "exit") return;
    if (news.type === "reply") return asked.get(news.id)?.(news.content);
    const parent = parents.get(news.id) ?? active?.request ?? null;
    if (news.type === "stream") printed.add(parent, news.name, news.text);
    else if (news.type === "clear") send("iopub", "clear_output", parent, { wait: news.wait });
    else if (news.type === "failure") send("iopub", "error", parent, { ...news.failure }, { atelier: { fault: "yours" } });
    else if (news.type === "comm") heardComm(news.note, parent);
    else if (news.type === "input") {
      isAsking = true;
      send("stdin", "input_request", parent, { prompt: news.prompt, password: news.isPassword });
    } else {
      const transient = news.displayId ? { display_id: news.displayId } : {};
      send("iopub", news.update ? "update_display_data" : "display_data", parent, { data: news.data, metadata: news.metadata, transient });
    }
  };

  /** Asks the session's process something beside its executions; null when it cannot answer now. */
  const ask = (order: Asking, limitMs = active ? busyAnswerMs : answerMs): Promise<Content | null> =>
    new Promise((resolve) => {
      if (!isReady) return resolve(null);
      const timer = Number.isFinite(limitMs) ? setTimeout(() => answer(null), limitMs) : null;
      const answer = (content: Content | null): void => {
        if (timer) clearTimeout(timer);
        if (asked.delete(order.id)) resolve(content);
      };
      asked.set(order.id, answer);
      session.say(order);
    });

  const ended = (end: End): void => {
    const wasAsked = isRestarting;
    const mustAbort = cameUp && !wasAsked;
    if (!cameUp) failedStarts += 1;
    isReady = false;
    cameUp = false;
    isRestarting = false;
    for (const answer of [...asked.values()]) answer(null);
    comms.clear();
    if (isDeleted) return;
    if (end.mustEmpty && !wish.workDir) {
      rmSync(workDir, { recursive: true, force: true });
      mkdirSync(workDir, { recursive: true, mode: 0o777 });
    }
    const failure = { ename: "SessionEnded", evalue: end.sentence, traceback: [end.sentence] };
    if (active) conclude({ type: "done", id: active.request.header.msg_id, failure }, end.fault);
    if (failedStarts >= 3) failQueue(failure);
    else if (mustAbort) abortQueue();
    if (!wasAsked) become("restarting"); // clients read it as: on its own, and throw away what they asked since
    sessionId = randomUUID();
    count = 0;
    history.begin();
    become("starting");
    setTimeout(open, Math.min(10_000, 100 * 2 ** failedStarts));
  };

  /** Tells whoever is near a limit, under the cell that runs, before it is over. */
  const near = (gauge: Gauge, mb: number, ofMb: number): void => {
    const parent = active?.request ?? [...parents.values()].at(-1) ?? null;
    const what = gauge === "memory" ? "of memory" : "in its work folder";
    const text = `This session uses ${Math.round(mb)} of ${ofMb} MB ${what}. Past the limit it is ended, and its variables are gone.\n`;
    printed.add(parent, "stderr", text);
  };

  const open = (): void => {
    if (isDeleted) return;
    const listeners = { news: hear, end: ended, near, used: (sample: Sample) => meter.take(sample, performance.now()) };
    const spare = isFirst ? wish.spare : null;
    isFirst = false;
    const place = { workDir, doorDir: door.folder, packagesDir: shelf.folder, policy, isPrivate: !wish.workDir, card: wish.card ?? null };
    session = spare?.adopt(listeners) ?? startSession(place, listeners);
    if (holds > 0) session.pause();
  };

  const interrupt = (): void => {
    abortQueue();
    stop();
  };

  const stop = (): void => {
    if (!active || stuckTimer) return;
    session.say({ type: "interrupt" });
    stuckTimer = setTimeout(() => session.kill(stuckEnd), stuckMs);
  };

  const restart = (): void => {
    abortQueue();
    isRestarting = true;
    isReady = false; // what comes from now on waits for the next process
    session.kill({ fault: "yours", sentence: "The session was started again. Variables are gone, outputs are kept." });
  };

  const remove = (): void => {
    if (isDeleted) return;
    isDeleted = true;
    become("dead");
    session.kill();
    door.close();
    shelf.close();
    texts?.close();
    if (!wish.workDir) rmSync(workDir, { recursive: true, force: true });
    for (const tellReady of waitingForReady.splice(0)) tellReady();
    wish.gone?.();
  };

  /** Resolves when the session's process is up, or the kernel gone. */
  const whenReady = (): Promise<void> =>
    isReady || isDeleted ? Promise.resolve() : new Promise((resolve) => void waitingForReady.push(resolve));

  const execute = (request: Message): void => {
    if (seen.has(request.header.msg_id)) return;
    seen.set(request.header.msg_id, true);
    if (seen.size > 10_000) seen.delete(seen.keys().next().value!);
    queue.push({ request, count: 0 });
    next();
    if (shelf.isBusy()) setTimeout(() => sayInstalling(request), installingMs).unref();
  };
  const sayInstalling = (request: Message): void => {
    if (shelf.isBusy() && queue[0]?.request === request) send("iopub", "stream", request, { name: "stderr", text: installingWords });
  };

  const answers: Answers = {
    ...answersBeside({
      advise: (wanted) => wish.advise?.(id, wanted),
      history,
      comms,
      say,
      reply,
      remember,
      ask,
      interrupt,
      shutDown: (isRestart) => (isRestart && !wish.gone ? restart() : remove()),
    }),
    execute_request: execute,
    input_reply: (request) => {
      if (!isAsking) return;
      isAsking = false;
      session.say({ type: "input", value: String(request.content.value ?? "") });
    },
  };

  /** Takes one message from a client. Types the protocol does not know are noted and ignored, as it says. */
  const take = (channel: Channel, request: Message): void => {
    if (isDeleted) return;
    lastActivity = Date.now();
    const type = request.header.msg_type;
    const answer = Object.hasOwn(answers, type) ? answers[type] : undefined;
    if (answer) answer(request, channel);
    else log.warn("a kernel was sent a message of a type it does not know", { kernel: id, type: type.slice(0, 60) });
  };

  send("iopub", "status", null, { execution_state: "starting" });
  shelf.onRest(next);
  open();
  return {
    id,
    owner: wish.owner ?? null,
    isKept: wish.isKept,
    journal,
    whenReady,
    take,
    interrupt,
    restart,
    remove,
    isGone: () => isDeleted,
    setToken: door.setToken,
    place: shelf.place,
    clear: () => shelf.use(null),
    packageFolder: shelf.current,
    meters: meter.totals,
    rssMb: () => session.rssMb(),
    /** A reader that cannot keep up holds the session's output until it calls what it gets back. */
    hold: (): (() => void) => {
      holds += 1;
      session.pause();
      let isHeld = true;
      return () => {
        if (isHeld) holds -= 1;
        isHeld = false;
        goOn();
      };
    },
    /** The whole text an execution printed, when it was long. */
    log: (requestId: string) => texts?.read(requestId) ?? null,
    variables: () => ask({ type: "variables", id: randomUUID() }),
    /** Names that complete a text by live values alone; runs nothing. */
    complete: (code: string) => ask({ type: "complete", id: randomUUID(), code, cursor: code.length }),
    variable: (name: string) => ask({ type: "variable", id: randomUUID(), name }),
    model: (connections: number) => ({
      id,
      name: "typescript",
      last_activity: new Date(lastActivity).toISOString(),
      execution_state: isReady || state === "dead" ? state : "starting",
      connections,
      atelier: { sandboxed: session.isSandboxed, memoryMb: policy.memoryMb, rssMb: Math.round(session.rssMb()), pid: session.pid ?? null },
    }),
  };
};

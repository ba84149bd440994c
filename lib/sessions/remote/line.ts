// The line to a kernel on a Jupyter server of others, in the shape of the line to our own. Theirs numbers nothing and runs whatever it is
// sent, so: cells are sent one at a time and never twice; after every (re)connection a kernel_info_request is the barrier. Its reply comes
// on the same channel after the replies of all that was sent before, and the server replays to a session id what it missed; a run whose
// reply is still not there when the barrier is answered was lost, and is said to be.
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import type { Execution, Line } from "#lib/sessions/kernel-client.ts";
import { guardedLookup, hasKernel, headersFor, type Place, under } from "#lib/sessions/remote/client.ts";
import { type Frame, readFrame, toV1, v1 } from "#lib/sessions/remote/frames.ts";
import type { Told } from "#lib/sessions/rules.ts";

const barrierMs = 3000;
const graceMs = 30_000;
/** So long an editor waits for what the kernel says of a text. */
const consultMs = 3000;
const consultsAtOnce = 20;
/** Told and not yet stored beyond this, the socket is read no further until they are. */
const unstoredLimit = 2000;

type Owner = {
  session: string;
  after: () => number;
  hear: (told: Told) => void;
  opened: () => void;
  gone: () => void;
  /** A sentence about the connection; null when it is well again. */
  say: (sentence: string | null) => void;
};

export type RemoteLine = Line & {
  /** Drops what waits: before an interrupt. */
  abort: () => void;
  /** The kernel is being started anew: what runs ends with these words. */
  reset: (words: string) => void;
  /** Asks the kernel of a text, by one of Jupyter's requests; null while a cell runs (its answer would come after that), or not in time. */
  consult: (type: "complete_request" | "inspect_request", content: Frame["content"]) => Promise<Frame["content"] | null>;
};

export const openRemoteLine = (place: Place, kernelId: string, owner: Owner): RemoteLine => {
  const seen = new Set<string>();
  const queue: Execution[] = [];
  let active: Execution | null = null;
  /** Reply and idle of what runs; they come on two of its sockets, in either order, and the reply often before the first output. */
  let reply: Frame | null = null;
  let idle: Frame | null = null;
  let question: Frame["header"] | null = null;
  const consulted = new Map<string, (content: Frame["content"] | null) => void>();
  let socket: WebSocket | null = null;
  let isV1 = true;
  let offersV1 = true;
  let isReady = false;
  let isClosed = false;
  let barrier = "";
  let barrierTimer: NodeJS.Timeout | null = null;
  let goneSince: number | null = null;
  let seq = owner.after();
  let stored = seq;

  const header = (msg_type: string, msg_id: string = randomUUID()): Frame["header"] => ({
    msg_id,
    msg_type,
    session: owner.session,
    username: "atelier",
    date: new Date().toISOString(),
    version: "5.3",
  });

  const send = (channel: string, head: Frame["header"], content: Frame["content"], parent_header: Frame["parent_header"] = {}): boolean => {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    const frame: Frame = { channel, header: head, parent_header, metadata: {}, content };
    socket.send(isV1 ? toV1(frame) : JSON.stringify({ ...frame, buffers: [] }));
    return true;
  };

  const tell = (frame: Frame): void => {
    seq += 1;
    owner.hear({ seq, channel: frame.channel, msg: frame });
    if (seq - stored > unstoredLimit) socket?.pause();
  };
  /** Something the kernel did not say itself, in its words. */
  const own = (type: string, parent: string | null, content: Frame["content"], metadata: Frame["metadata"] = {}): void =>
    tell({ channel: "iopub", header: header(type), parent_header: parent ? { msg_id: parent } : {}, metadata, content });

  const abort = (): void => {
    for (const one of queue.splice(0)) own("execute_reply", one.id, { status: "aborted" });
  };

  const settle = (): Execution | null => {
    const was = active;
    active = null;
    reply = null;
    idle = null;
    question = null;
    return was;
  };

  /** Both are there: told in the order our own kernel keeps, after all outputs. */
  const conclude = (): void => {
    const ends = [reply, idle];
    const was = settle();
    for (const one of ends) if (one) tell(one);
    if (ends[0]?.content.status !== "ok" && was?.stopsOnError !== false) abort();
    pump();
  };

  const fail = (words: string): void => {
    const lost = settle();
    if (!lost) return;
    const failure = { ename: "SessionEnded", evalue: words, traceback: [words] };
    own("error", lost.id, failure, { atelier: { fault: "ours" } });
    own("execute_reply", lost.id, { status: "error", ...failure }, { atelier: { fault: "ours" } });
    abort();
  };

  const pump = (): void => {
    if (!isReady || active) return;
    const next = queue.shift();
    if (!next) return;
    active = next;
    const content = {
      code: next.code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: next.canAsk === true,
      stop_on_error: next.stopsOnError !== false,
    };
    if (send("shell", header("execute_request", next.id), content)) return;
    active = null;
    queue.unshift(next);
  };

  const askBarrier = (): void => {
    if (isReady || isClosed) return;
    barrier ||= randomUUID();
    send("shell", header("kernel_info_request", barrier), {});
    if (barrierTimer) clearTimeout(barrierTimer);
    barrierTimer = active ? null : setTimeout(askBarrier, barrierMs);
  };

  const passed = (): void => {
    isReady = true;
    barrier = "";
    if (barrierTimer) clearTimeout(barrierTimer);
    own("status", null, { execution_state: "idle" });
    if (reply) return conclude();
    fail(`The connection to ${place.name} was lost while this ran, and its end was not heard. Variables are kept there; run it again.`);
    pump();
  };

  const unready = (): void => {
    isReady = false;
    barrier = "";
  };

  const hear = (frame: Frame): void => {
    const { msg_type } = frame.header;
    const parent = frame.parent_header.msg_id;
    if (msg_type === "kernel_info_reply" && parent === barrier) return passed();
    if (msg_type === "status" && (parent === undefined || parent === "")) {
      const state = frame.content.execution_state;
      if (state !== "restarting" && state !== "dead") return;
      unready();
      fail(`The kernel on ${place.name} died${state === "dead" ? "" : " and was started again"}. Variables are gone, outputs are kept.`);
      tell({ ...frame, parent_header: {} });
      if (state === "dead") return lost();
      return askBarrier();
    }
    const waiting = parent === undefined ? undefined : consulted.get(parent);
    if (waiting) return msg_type.endsWith("_reply") ? waiting(frame.content) : undefined;
    if (parent === undefined || !(seen.has(parent) || msg_type === "update_display_data")) return;
    if (parent === active?.id) {
      if (msg_type === "input_request") question = frame.header;
      if (msg_type === "execute_reply") reply = frame;
      else if (msg_type === "status" && frame.content.execution_state === "idle") idle = frame;
      else return tell(frame);
      if (reply && idle) conclude();
      return;
    }
    tell(frame);
  };

  const lost = (): void => {
    if (isClosed) return;
    isClosed = true;
    if (barrierTimer) clearTimeout(barrierTimer);
    socket?.terminate();
    owner.gone();
  };

  /** While nobody answers: whether the kernel is still there, and if not for how long it may be away. */
  const doubt = async (): Promise<void> => {
    if (isClosed) return;
    goneSince ??= Date.now();
    const isThere = await hasKernel(place, kernelId).catch(() => null);
    if (isClosed) return;
    if (isThere === false || Date.now() - goneSince > graceMs) return lost();
    if (isThere === null)
      owner.say(`${place.name} does not answer. The connection is tried again; after half a minute the session is given up.`);
    setTimeout(connect, 1000);
  };

  const connect = (): void => {
    if (isClosed) return;
    const url = under(place, `/api/kernels/${encodeURIComponent(kernelId)}/channels`);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("session_id", owner.session);
    const opened = new WebSocket(url, offersV1 ? [v1] : [], {
      headers: headersFor(place),
      lookup: guardedLookup,
      maxPayload: 128_000_000,
      perMessageDeflate: false,
      handshakeTimeout: 15_000,
      followRedirects: false,
    } as never);
    socket = opened;
    opened.on("message", (data, isBinary) => {
      const frame = readFrame(data as Buffer, isBinary, isV1);
      if (frame) hear(frame);
    });
    opened.once("open", () => {
      isV1 = opened.protocol === v1;
      goneSince = null;
      owner.say(null);
      unready();
      owner.opened();
      askBarrier();
    });
    opened.on("error", (error) => {
      if (/no subprotocol|invalid subprotocol/i.test(error.message)) offersV1 = false;
    });
    opened.once("close", () => {
      unready();
      void doubt();
    });
  };
  connect();

  return {
    execute: (execution) => {
      if (seen.has(execution.id)) return;
      seen.add(execution.id);
      if (execution.isRunning) {
        active = execution;
        if (isReady) passed();
        return;
      }
      queue.push(execution);
      pump();
    },
    answer: (executionId, value) => {
      if (!question || active?.id !== executionId) return false;
      const isSent = send("stdin", header("input_reply"), { status: "ok", value }, question);
      if (isSent) question = null;
      return isSent;
    },
    ack: (at) => {
      stored = at;
      if (seq - stored < unstoredLimit / 2) socket?.resume();
    },
    abort,
    consult: (type, content) =>
      new Promise((resolve) => {
        const head = header(type);
        if (!isReady || active || consulted.size >= consultsAtOnce || !send("shell", head, content)) return resolve(null);
        const timer = setTimeout(() => answer(null), consultMs);
        const answer = (said: Frame["content"] | null): void => {
          clearTimeout(timer);
          consulted.delete(head.msg_id);
          resolve(said);
        };
        consulted.set(head.msg_id, answer);
      }),
    reset: (words) => {
      fail(words);
      abort();
      unready();
      own("status", null, { execution_state: "restarting" });
      askBarrier();
    },
    close: () => {
      isClosed = true;
      if (barrierTimer) clearTimeout(barrierTimer);
      socket?.terminate();
    },
  };
};

// What a kernel answers beside executions: questions about the scope and the history, comms, interrupt and shutdown. Each answer stands between
// busy and idle, and none waits for the queue of executions, so that completion works while a cell runs.
import { joined, type Wanted } from "#kernel/jupyter/advice.ts";
import { replyInPoints } from "#kernel/jupyter/cursor.ts";
import type { History } from "#kernel/jupyter/history.ts";
import { kernelInfo } from "#kernel/jupyter/info.ts";
import { noteOf } from "#kernel/jupyter/reading.ts";
import type { Channel, Message } from "#kernel/jupyter/wire.ts";
import type { Asking, CommNote } from "#kernel/session/messages.ts";
import { toUnits } from "#lib/kit/code-points.ts";

type Content = Record<string, unknown>;
export type Answers = Record<string, (request: Message, channel: Channel) => void>;

/** What the answers need of their kernel. */
export type Desk = {
  /** What types say of a piece of code, beside live values. */
  advise: (wanted: Wanted) => Promise<Content | null> | undefined;
  history: History;
  /** Open comms by id, with their targets. */
  comms: Map<string, string>;
  say: (state: "busy" | "idle", request: Message) => void;
  reply: (request: Message, content: Content, metadata?: Content, channel?: Channel) => void;
  /** Keeps a request as the parent of what the session's process will say about it. */
  remember: (request: Message) => void;
  /** Asks the session's process; null when it cannot answer now. */
  ask: (order: Asking, limitMs?: number) => Promise<Content | null>;
  interrupt: () => void;
  shutDown: (isRestart: boolean) => void;
};

/** Keeps which comms are open, whichever side opens or closes them. */
export const keepComm = (comms: Map<string, string>, note: CommNote): void => {
  if (note.kind === "open") comms.set(note.commId, note.target ?? "");
  if (note.kind === "close") comms.delete(note.commId);
};

/** The parser is loaded when a front end first asks: most never do, and a kernel is up sooner without it. */
const isComplete = async (code: string): Promise<Content> => {
  const { completeness } = await import("#kernel/session/transform.ts");
  const status = completeness(code);
  return status === "incomplete" ? { status, indent: "  " } : { status };
};

export const answersBeside = ({ advise, history, comms, say, reply, remember, ask, interrupt, shutDown }: Desk): Answers => {
  const answerNow = (request: Message, channel: Channel, content: Content): void => {
    say("busy", request);
    reply(request, content, {}, channel);
    say("idle", request);
  };

  const consult = (request: Message, channel: Channel, type: "complete" | "inspect"): void => {
    const code = String(request.content.code ?? "");
    const cursor = toUnits(code, Number(request.content.cursor_pos ?? 0));
    remember(request);
    say("busy", request);
    const types = advise({ type, code, cursor, earlier: history.inputs() });
    void Promise.all([ask({ type, id: request.header.msg_id, code, cursor }), types]).then(([live, typed]) => {
      const content = joined(live, typed ?? null);
      const empty = type === "complete" ? { matches: [], cursor_start: cursor, cursor_end: cursor } : { found: false, data: {} };
      reply(request, replyInPoints(code, content ?? { status: "ok", ...empty, metadata: {} }), {}, channel);
      say("idle", request);
    });
  };

  const passComm = (request: Message): void => {
    const note = noteOf(request);
    keepComm(comms, note);
    remember(request);
    say("busy", request);
    void ask({ type: "comm", id: request.header.msg_id, note }, Number.POSITIVE_INFINITY).then(() => say("idle", request));
  };

  return {
    kernel_info_request: (request, channel) => answerNow(request, channel, kernelInfo),
    is_complete_request: (request, channel) =>
      void isComplete(String(request.content.code ?? "")).then((content) => answerNow(request, channel, content)),
    complete_request: (request, channel) => consult(request, channel, "complete"),
    inspect_request: (request, channel) => consult(request, channel, "inspect"),
    history_request: (request, channel) => answerNow(request, channel, { status: "ok", history: history.read(request.content) }),
    comm_info_request: (request, channel) => {
      const wanted = request.content.target_name;
      const shown = [...comms]
        .filter(([, target]) => !wanted || target === wanted)
        .map(([comm, target]) => [comm, { target_name: target }]);
      answerNow(request, channel, { status: "ok", comms: Object.fromEntries(shown) });
    },
    comm_open: passComm,
    comm_msg: passComm,
    comm_close: passComm,
    interrupt_request: (request, channel) => {
      interrupt();
      answerNow(request, channel, { status: "ok" });
    },
    shutdown_request: (request, channel) => {
      const isRestart = request.content.restart === true;
      answerNow(request, channel, { status: "ok", restart: isRestart });
      shutDown(isRestart);
    },
  };
};

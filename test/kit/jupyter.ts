// Jupyter's messages from a client's side, over whatever wire: requests, and waiting for the reply together with the idle that belongs to
// it. The wires here are the two WebSocket forms; wire/zmq.ts has the third.
import { randomUUID } from "node:crypto";
import WebSocket from "ws";
import { type Channel, fromOldBinary, fromText, fromV1, type Message, message, toOld, toV1, v1Protocol } from "#kernel/jupyter/wire.ts";

export type Heard = { channel: Channel; msg: Message };
/** Sends a message on a channel; hears everything that comes. */
export type Wire = {
  send: (channel: Channel, msg: Message) => void;
  listen: (listener: (heard: Heard) => void) => void;
  close: () => void;
};

type Options = { isOld?: boolean; headers?: Record<string, string>; sessionId?: string };

/** Opens the channels of a kernel over WebSocket. */
export const openSocket = (base: string, kernelId: string, options: Options = {}): Promise<Wire & { socket: WebSocket }> =>
  new Promise((resolve, reject) => {
    const query = options.sessionId ? `?session_id=${options.sessionId}` : "";
    const socket = new WebSocket(
      `${base.replace("http", "ws")}/api/kernels/${kernelId}/channels${query}`,
      options.isOld ? [] : [v1Protocol],
      {
        headers: options.headers ?? {},
      },
    );
    const listeners: ((heard: Heard) => void)[] = [];
    const early: Heard[] = []; // what is replayed comes with the very opening
    socket.on("message", (data: Buffer, isBinary) => {
      const heard = !isBinary ? fromText(data.toString()) : options.isOld ? fromOldBinary(data) : fromV1(data);
      if (heard && listeners.length === 0) early.push(heard);
      if (heard) for (const listener of listeners) listener(heard);
    });
    socket.once("error", reject);
    socket.once("open", () =>
      resolve({
        socket,
        send: (channel, msg) => socket.send(options.isOld ? toOld(channel, msg) : toV1(channel, msg)),
        listen: (listener) => {
          listeners.push(listener);
          for (const one of early.splice(0)) listener(one);
        },
        close: () => socket.close(),
      }),
    );
  });

export type Talk = ReturnType<typeof talkOver>;
type Content = Record<string, unknown>;
type More = { channel?: Channel; metadata?: Content; buffers?: Uint8Array[]; id?: string };

export const executeContent = (code: string, more: Content = {}): Content => ({
  code,
  silent: false,
  store_history: true,
  user_expressions: {},
  allow_stdin: false,
  stop_on_error: true,
  ...more,
});

/** A conversation over a wire: `ask` answers the reply and every message about the request, in the order heard. */
export const talkOver = (wire: Wire, session: string = randomUUID()) => {
  const heard: Heard[] = [];
  const checks = new Set<() => void>();
  wire.listen((one) => {
    heard.push(one);
    for (const check of [...checks]) check();
  });
  const until = <T>(find: () => T | undefined | null | false, limitMs = 90_000): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        checks.delete(check);
        const last = heard
          .slice(-5)
          .map(({ channel, msg }) => `${channel} ${msg.header.msg_type} ${JSON.stringify(msg.content).slice(0, 200)}`);
        reject(new Error(`not heard within ${limitMs} ms; last:\n${last.join("\n")}`));
      }, limitMs);
      const check = (): void => {
        const found = find();
        if (!found) return;
        clearTimeout(timer);
        checks.delete(check);
        resolve(found);
      };
      checks.add(check);
      check();
    });
  const send = (type: string, content: Content, more: More = {}): string => {
    const made = message(type, session, {}, content, more.metadata ?? {});
    if (more.id) made.header.msg_id = more.id;
    if (more.buffers) made.buffers = more.buffers;
    wire.send(more.channel ?? "shell", made);
    return made.header.msg_id;
  };
  const about = (id: string): Heard[] => heard.filter((one) => one.msg.parent_header.msg_id === id);
  const replyTo = (id: string): Message | undefined => about(id).find((one) => /_reply$/.test(one.msg.header.msg_type))?.msg;
  const isIdle = (id: string): boolean =>
    about(id).some((one) => one.msg.header.msg_type === "status" && one.msg.content.execution_state === "idle");
  const ended = async (id: string, hasReply = true) => {
    await until(() => isIdle(id) && (!hasReply || replyTo(id)));
    const messages = about(id);
    const iopub = messages.filter((one) => one.channel === "iopub").map((one) => one.msg);
    return { id, messages, iopub, reply: (replyTo(id)?.content ?? {}) as Content };
  };
  const ask = (type: string, content: Content = {}, more: More = {}) =>
    ended(send(type, content, more), !/^comm_(open|msg|close)$/.test(type));
  const run = async (code: string, more: Content = {}) => {
    const made = await ask("execute_request", executeContent(code, more));
    const of = (type: string): Message[] => made.iopub.filter((one) => one.header.msg_type === type);
    const text = of("execute_result")[0]?.content.data as Record<string, unknown> | undefined;
    const stdout = of("stream")
      .filter((one) => one.content.name === "stdout")
      .map((one) => String(one.content.text))
      .join("");
    return { ...made, of, result: text, text: text?.["text/plain"], stdout };
  };
  return { session, heard, until, send, about, replyTo, ended, ask, run, close: wire.close };
};

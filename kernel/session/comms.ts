// Comms: a cell and a front end talking outside executions (widgets, progress of a custom view). A target is registered by name; whoever
// opens a comm to a name nobody registered gets it closed at once, as the protocol says.
import { randomUUID } from "node:crypto";
import { failureOf } from "#kernel/session/failure.ts";
import type { CommNote, News } from "#kernel/session/messages.ts";
import { current, running } from "#kernel/session/streams.ts";

type Received = { data: unknown; metadata: Record<string, unknown>; buffers: Uint8Array[] };
export type Comm = {
  id: string;
  target: string;
  send: (data: unknown, more?: { buffers?: Uint8Array[]; metadata?: Record<string, unknown> }) => void;
  close: (data?: unknown) => void;
  onMessage: (listener: (message: Received) => unknown) => void;
  onClose: (listener: (message: Received) => unknown) => void;
};
type Held = { comm: Comm; message: (message: Received) => unknown; close: (message: Received) => unknown };

const targets = new Map<string, (comm: Comm, message: Received) => unknown>();
const held = new Map<string, Held>();
const nothing = (): void => {};
let tell: (news: News) => void = nothing;

export const connectComms = (say: (news: News) => void): void => {
  tell = say;
};

const put = (
  kind: CommNote["kind"],
  commId: string,
  data: unknown,
  more: { target?: string; buffers?: Uint8Array[]; metadata?: Record<string, unknown> } = {},
): void =>
  tell({
    type: "comm",
    id: current()?.id ?? "",
    note: {
      kind,
      commId,
      data: data ?? {},
      metadata: more.metadata ?? {},
      buffers: (more.buffers ?? []).map((one) => Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString("base64")),
      ...(more.target ? { target: more.target } : {}),
    },
  });

const hold = (id: string, target: string): Held => {
  const comm: Comm = {
    id,
    target,
    send: (data, more) => {
      if (!held.has(id)) throw new Error(`The comm to ${target} is closed.`);
      put("msg", id, data, more);
    },
    close: (data) => {
      if (held.delete(id)) put("close", id, data);
    },
    onMessage: (listener) => {
      one.message = listener;
    },
    onClose: (listener) => {
      one.close = listener;
    },
  };
  const one: Held = { comm, message: nothing, close: nothing };
  held.set(id, one);
  return one;
};

/** What a cell may do: wait for front ends under a name, or open a comm to a front end. */
export const comms = {
  register: (target: string, handler: (comm: Comm, message: Received) => unknown): void => void targets.set(target, handler),
  unregister: (target: string): void => void targets.delete(target),
  open: (target: string, data: unknown = {}, more: { buffers?: Uint8Array[]; metadata?: Record<string, unknown> } = {}): Comm => {
    const { comm } = hold(randomUUID(), target);
    put("open", comm.id, data, { ...more, target });
    return comm;
  },
};

const react = (note: CommNote): unknown => {
  const message: Received = {
    data: note.data,
    metadata: note.metadata,
    buffers: note.buffers.map((one) => new Uint8Array(Buffer.from(one, "base64"))),
  };
  if (note.kind === "open") {
    const handler = targets.get(note.target ?? "");
    if (!handler) return put("close", note.commId, {});
    return handler(hold(note.commId, note.target!).comm, message);
  }
  const one = held.get(note.commId);
  if (note.kind === "close") held.delete(note.commId);
  return note.kind === "close" ? one?.close(message) : one?.message(message);
};

/** Handles a front end's message; what the handler prints belongs to that message. */
export const receiveComm = (id: string, note: CommNote): void => {
  const context = { id, cell: null, signal: new AbortController().signal, isSilent: false, canAsk: false };
  const fail = (thrown: unknown): void => tell({ type: "failure", id, failure: failureOf(thrown, "", 0) });
  const over = (): void => tell({ type: "reply", id, content: null });
  running.run(context, () => {
    try {
      const result = react(note);
      if (result instanceof Promise) result.catch(fail).finally(over);
      else over();
    } catch (error) {
      fail(error);
      over();
    }
  });
};

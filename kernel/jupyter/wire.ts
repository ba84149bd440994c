// Jupyter messages and their two WebSocket forms: `v1.kernel.websocket.jupyter.org` (binary with offsets) and the older JSON text.
import { randomUUID } from "node:crypto";

export type Header = { msg_id: string; session: string; username: string; date: string; msg_type: string; version: string };
export type Message = {
  header: Header;
  parent_header: Partial<Header>;
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
  buffers?: Uint8Array[];
};
export type Channel = "shell" | "control" | "iopub" | "stdin";

export const v1Protocol = "v1.kernel.websocket.jupyter.org";
const channels: readonly string[] = ["shell", "control", "iopub", "stdin"];

/** A message of ours with a fresh header. */
export const message = (
  type: string,
  session: string,
  parent: Partial<Header>,
  content: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): Message => ({
  header: { msg_id: randomUUID(), session, username: "kernel", date: new Date().toISOString(), msg_type: type, version: "5.5" },
  parent_header: parent,
  metadata,
  content,
});

/** Binary v1 frame: offset count, offsets, channel, four JSON parts, buffers. */
export const toV1 = (channel: Channel, msg: Message): Buffer => {
  const parts = [channel, ...[msg.header, msg.parent_header, msg.metadata, msg.content].map((one) => JSON.stringify(one))].map((text) =>
    Buffer.from(text),
  );
  const all = [...parts, ...(msg.buffers ?? [])];
  const head = Buffer.alloc(8 * (2 + all.length));
  head.writeBigUInt64LE(BigInt(all.length + 1), 0);
  let offset = head.length;
  for (const [index, part] of all.entries()) {
    head.writeBigUInt64LE(BigInt(offset), 8 * (index + 1));
    offset += part.length;
  }
  head.writeBigUInt64LE(BigInt(offset), 8 * (all.length + 1));
  return Buffer.concat([head, ...all]);
};

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const isObjectOrAbsent = (value: unknown): boolean => value === undefined || value === null || isObject(value);

/** Whether a parsed value has the parts of a message, each of its kind. */
export const isMessage = (value: unknown): value is Message => {
  if (!isObject(value)) return false;
  const { header, parent_header, metadata, content } = value as Message;
  return (
    typeof header?.msg_type === "string" &&
    typeof header.msg_id === "string" &&
    header.msg_id.length <= 200 &&
    [parent_header, metadata, content].every(isObjectOrAbsent)
  );
};

/** Reads a v1 frame; null for anything that is not one. */
export const fromV1 = (frame: Buffer): { channel: Channel; msg: Message } | null => {
  try {
    const count = Number(frame.readBigUInt64LE(0));
    if (count < 6 || count > 1000) return null;
    const offsets = Array.from({ length: count }, (_, i) => Number(frame.readBigUInt64LE(8 * (i + 1))));
    const part = (i: number): Buffer => frame.subarray(offsets[i], offsets[i + 1]);
    const json = (i: number) => JSON.parse(part(i).toString("utf8")) as Record<string, unknown>;
    const msg = {
      header: json(1),
      parent_header: json(2),
      metadata: json(3),
      content: json(4),
      buffers: offsets.slice(5, -1).map((_, i) => part(i + 5)),
    };
    const channel = part(0).toString("utf8");
    return channels.includes(channel) && isMessage(msg) ? { channel: channel as Channel, msg } : null;
  } catch {
    return null;
  }
};

const textOf = (channel: Channel, msg: Message): string =>
  JSON.stringify({
    channel,
    header: msg.header,
    msg_id: msg.header.msg_id,
    msg_type: msg.header.msg_type,
    parent_header: msg.parent_header,
    metadata: msg.metadata,
    content: msg.content,
    buffers: [],
  });

/** The older form: JSON text, or with buffers a binary frame of count, offsets (32 bits, big end first), JSON and buffers. */
export const toOld = (channel: Channel, msg: Message): string | Buffer => {
  const text = textOf(channel, msg);
  const buffers = msg.buffers ?? [];
  if (buffers.length === 0) return text;
  const parts = [Buffer.from(text), ...buffers];
  const head = Buffer.alloc(4 * (1 + parts.length));
  head.writeUInt32BE(parts.length, 0);
  let offset = head.length;
  for (const [index, part] of parts.entries()) {
    head.writeUInt32BE(offset, 4 * (index + 1));
    offset += part.length;
  }
  return Buffer.concat([head, ...parts]);
};

const fromObject = (value: Record<string, unknown>, buffers: Uint8Array[]): { channel: Channel; msg: Message } | null => {
  const msg = (value.msg ?? value) as Message;
  const channel = String(value.channel ?? "shell");
  if (!channels.includes(channel) || !isMessage(msg)) return null;
  const { header, parent_header, metadata, content } = msg;
  return {
    channel: channel as Channel,
    msg: {
      header,
      parent_header: parent_header ?? {},
      metadata: metadata ?? {},
      content: content ?? {},
      ...(buffers.length > 0 ? { buffers } : {}),
    },
  };
};

/** Reads the older JSON form (also our own `{channel, msg}`); null for anything else. */
export const fromText = (text: string): { channel: Channel; msg: Message } | null => {
  try {
    return fromObject(JSON.parse(text) as Record<string, unknown>, []);
  } catch {
    return null;
  }
};

/** Reads the older binary form, which carries buffers; null for anything else. */
export const fromOldBinary = (frame: Buffer): { channel: Channel; msg: Message } | null => {
  try {
    const count = frame.readUInt32BE(0);
    if (count < 1 || count > 1000) return null;
    const offsets = Array.from({ length: count }, (_, i) => frame.readUInt32BE(4 * (i + 1)));
    const parts = offsets.map((at, i) => frame.subarray(at, offsets[i + 1] ?? frame.length));
    return fromObject(JSON.parse(parts[0]!.toString("utf8")) as Record<string, unknown>, parts.slice(1));
  } catch {
    return null;
  }
};

// Jupyter's two ways of putting a message on a WebSocket. v1.kernel.websocket.jupyter.org: a binary frame of uint64 LE offset_count, as many
// uint64 LE offsets, then channel, header, parent_header, metadata, content, buffers…; the last offset is the frame's end. The older one:
// JSON text, or with buffers a binary frame of uint32 BE count and offsets whose first part is the JSON.
export type Frame = {
  channel: string;
  header: { msg_id: string; msg_type: string; date?: string; [more: string]: unknown };
  parent_header: { msg_id?: string; [more: string]: unknown };
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
};

export const v1 = "v1.kernel.websocket.jupyter.org";

export const toV1 = (frame: Frame): Buffer => {
  const { channel, header, parent_header, metadata, content } = frame;
  const parts = [Buffer.from(channel), ...[header, parent_header, metadata, content].map((one) => Buffer.from(JSON.stringify(one)))];
  const count = parts.length + 1;
  const head = Buffer.alloc(8 * (1 + count));
  head.writeBigUInt64LE(BigInt(count), 0);
  let at = head.length;
  parts.forEach((part, i) => {
    head.writeBigUInt64LE(BigInt(at), 8 * (i + 1));
    at += part.length;
  });
  head.writeBigUInt64LE(BigInt(at), 8 * count);
  return Buffer.concat([head, ...parts]);
};

const parse = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

const fromV1 = (data: Buffer): Frame => {
  const count = Number(data.readBigUInt64LE(0));
  if (count < 6 || count > 10_000) throw new RangeError("a frame with an odd number of parts");
  const offsets = Array.from({ length: count }, (_, i) => Number(data.readBigUInt64LE(8 * (i + 1))));
  const part = (i: number): string => data.toString("utf8", offsets[i], offsets[i + 1]);
  return {
    channel: part(0),
    header: parse(part(1)) as Frame["header"],
    parent_header: parse(part(2)),
    metadata: parse(part(3)),
    content: parse(part(4)),
  };
};

const fromOlder = (data: Buffer, isBinary: boolean): Frame => {
  if (!isBinary) return parse(data.toString("utf8")) as unknown as Frame;
  const first = data.readUInt32BE(4);
  const end = data.readUInt32BE(0) > 1 ? data.readUInt32BE(8) : data.length;
  return parse(data.toString("utf8", first, end)) as unknown as Frame;
};

/** Reads a frame; null for what is none. Buffers are left out: nothing of a notebook's page reads them. */
export const readFrame = (data: Buffer, isBinary: boolean, isV1: boolean): Frame | null => {
  try {
    const read = isV1 && isBinary ? fromV1(data) : fromOlder(data, isBinary);
    if (typeof read?.header?.msg_type !== "string" || typeof read.content !== "object" || read.content === null) return null;
    return { ...read, parent_header: read.parent_header ?? {}, metadata: read.metadata ?? {} };
  } catch {
    return null;
  }
};

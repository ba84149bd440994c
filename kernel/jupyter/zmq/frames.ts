// A Jupyter message as ZeroMQ frames: identities, the delimiter, an HMAC over the four JSON parts exactly as sent, the parts, buffers. A
// frame whose signature does not fit never becomes a message.
import { createHmac, timingSafeEqual } from "node:crypto";
import { isMessage, type Message } from "#kernel/jupyter/wire.ts";

const delimiter = Buffer.from("<IDS|MSG>");
const partLimitBytes = 64_000_000;

export type Envelope = { identities: Buffer[]; msg: Message };

const sign = (key: string, parts: readonly Buffer[]): string => {
  if (key === "") return "";
  const made = createHmac("sha256", key);
  for (const part of parts) made.update(part);
  return made.digest("hex");
};

const isSigned = (key: string, signature: Buffer, parts: readonly Buffer[]): boolean => {
  const wanted = Buffer.from(sign(key, parts));
  return wanted.length === signature.length && timingSafeEqual(wanted, signature);
};

/** Frames of a message, in front of them whom it is for (a topic on iopub). */
export const toFrames = (key: string, identities: readonly (Buffer | string)[], msg: Message): Buffer[] => {
  const parts = [msg.header, msg.parent_header, msg.metadata, msg.content].map((one) => Buffer.from(JSON.stringify(one)));
  return [
    ...identities.map((one) => Buffer.from(one)),
    delimiter,
    Buffer.from(sign(key, parts)),
    ...parts,
    ...(msg.buffers ?? []).map((one) => Buffer.from(one)),
  ];
};

/** Reads frames; answers why they are refused as a string. */
export const fromFrames = (key: string, frames: readonly Buffer[]): Envelope | string => {
  const at = frames.findIndex((one) => one.equals(delimiter));
  if (at < 0 || frames.length < at + 6) return "the frames are no message";
  const parts = frames.slice(at + 2, at + 6);
  if (parts.some((one) => one.length > partLimitBytes)) return "the message is larger than 64 MB";
  if (!isSigned(key, frames[at + 1]!, parts)) return "the signature is wrong";
  try {
    const [header, parent_header, metadata, content] = parts.map((one) => JSON.parse(one.toString("utf8")) as Record<string, unknown>);
    const msg = { header, parent_header, metadata, content, buffers: frames.slice(at + 6) };
    return isMessage(msg) ? { identities: frames.slice(0, at), msg } : "the parts are no message";
  } catch {
    return "the parts are not JSON";
  }
};

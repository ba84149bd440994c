// Stock Jupyter clients: iopub goes to every socket of the kernel, replies only to the session that asked. Speaks the v1 binary
// sub-protocol when the client offers it, else the older JSON text. Frames that are no messages close the socket, never the kernel.
import type { RawData, WebSocket } from "ws";
import type { Entry } from "#kernel/journal.ts";
import { fromText, fromV1, toText, toV1, v1Protocol } from "#kernel/jupyter/wire.ts";
import type { Kernel } from "#kernel/kernel.ts";

const bytesOf = (data: RawData): Buffer => (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data));

/** Serves one client from now on; what the kernel said before it came is not repeated. */
export const serveChannels = (kernel: Kernel, socket: WebSocket, sessionId: string | null): void => {
  const isV1 = socket.protocol === v1Protocol;
  const asked = new Set<string>();
  const put = (entry: Entry): void => {
    const { channel, msg } = entry;
    const isMine =
      channel === "iopub" || asked.has(String(msg.parent_header.msg_id)) || (sessionId !== null && msg.parent_header.session === sessionId);
    if (isMine) socket.send(isV1 ? toV1(channel, msg) : toText(channel, msg));
  };
  const { stop } = kernel.journal.read(Number.MAX_SAFE_INTEGER, put);
  socket.on("close", stop);
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    const found = isBinary ? fromV1(bytesOf(data)) : fromText(data.toString());
    if (!found) return socket.close(1003, "not a Jupyter message");
    asked.add(found.msg.header.msg_id);
    kernel.take(found.channel, found.msg);
  });
};

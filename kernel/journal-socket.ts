// The product's way to a kernel: numbered frames out, acknowledgements and requests in. Frames a slow consumer has not taken yet stay in
// the journal, not in this process's socket buffers.
import type { WebSocket } from "ws";
import type { Entry } from "#kernel/journal.ts";
import { fromText } from "#kernel/jupyter/wire.ts";
import type { Kernel } from "#kernel/kernel.ts";

const bufferBytes = 16_000_000;

/** Serves one consumer from `after` + 1 on until it leaves. */
export const serveJournal = (kernel: Kernel, socket: WebSocket, after: number): void => {
  let last = after;
  const put = (entry: Entry): void => {
    if (entry.seq <= last) return;
    if (socket.bufferedAmount > bufferBytes) return socket.close(1013, "slow"); // comes back and reads on from its last number
    last = entry.seq;
    socket.send(JSON.stringify({ ...entry, msg: { ...entry.msg, buffers: undefined } }));
  };
  const { lost, stop } = kernel.journal.read(after, put);
  if (lost !== null) socket.send(JSON.stringify({ lost: true, from: lost }));
  socket.on("close", stop);
  socket.on("error", () => {});
  socket.on("message", (data) => {
    const text = data.toString();
    const ack = /^\{"ack":(\d+)\}$/.exec(text);
    if (ack) return kernel.journal.ack(Number(ack[1]));
    const found = fromText(text);
    if (found) kernel.take(found.channel, found.msg);
    else socket.close(1003, "not a message");
  });
};

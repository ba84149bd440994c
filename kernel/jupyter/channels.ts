// Stock Jupyter clients: iopub goes to every socket of the kernel, replies only to the session that asked. Speaks the v1 binary
// sub-protocol when the client offers it, else the older JSON text. Frames that are no messages close the socket, never the kernel.
//
// A client that comes back with the same session_id hears what was said while it was away; what a slow client has not read yet holds the
// kernel's output instead of growing this process, and one that reads nothing for long is let go (it may come back).
import type { RawData, WebSocket } from "ws";
import type { Entry } from "#kernel/journal.ts";
import { fromOldBinary, fromText, fromV1, toOld, toV1, v1Protocol } from "#kernel/jupyter/wire.ts";
import type { Kernel } from "#kernel/kernel.ts";
import { log } from "#lib/kit/log.ts";

const holdBytes = 8_000_000;
const patienceMs = 30_000;
const rememberedSessions = 100;
const rememberedRequests = 10_000;

type Seat = { socket: WebSocket; heard: number };
const seats = new WeakMap<Kernel, Map<string, Seat>>();

const bytesOf = (data: RawData): Buffer => (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data));

/** The seat of a session: a socket still open in its name is replaced, and what it heard is known. */
const takeSeat = (kernel: Kernel, sessionId: string | null, socket: WebSocket): { seat: Seat; isBack: boolean } => {
  const seat: Seat = { socket, heard: 0 };
  if (sessionId === null) return { seat, isBack: false };
  const all = seats.get(kernel) ?? new Map<string, Seat>();
  seats.set(kernel, all);
  const was = all.get(sessionId);
  all.delete(sessionId);
  all.set(sessionId, seat);
  if (all.size > rememberedSessions) all.delete(all.keys().next().value!);
  if (!was) return { seat, isBack: false };
  seat.heard = was.heard;
  if (was.socket.readyState <= 1) was.socket.close(1000, "replaced by a newer connection of this session");
  return { seat, isBack: true };
};

/** Lets the kernel wait while the socket holds too much, until it has been read. */
const pressure = (kernel: Kernel, socket: WebSocket): { check: () => void; end: () => void } => {
  let release: (() => void) | null = null;
  let timer: NodeJS.Timeout | null = null;
  const end = (): void => {
    if (timer) clearInterval(timer);
    timer = null;
    release?.();
    release = null;
  };
  const check = (): void => {
    if (release || socket.bufferedAmount < holdBytes) return;
    release = kernel.hold();
    const since = Date.now();
    timer = setInterval(() => {
      if (socket.bufferedAmount < holdBytes / 2) end();
      else if (Date.now() - since > patienceMs) socket.terminate();
    }, 20);
  };
  return { check, end };
};

/** Serves one client from now on, or from where its session stopped listening. */
export const serveChannels = (kernel: Kernel, socket: WebSocket, sessionId: string | null): void => {
  const isV1 = socket.protocol === v1Protocol;
  const asked = new Set<string>();
  const { seat, isBack } = takeSeat(kernel, sessionId, socket);
  const { check, end } = pressure(kernel, socket);

  const put = ({ seq, channel, msg }: Entry): void => {
    const isMine =
      channel === "iopub" || asked.has(String(msg.parent_header.msg_id)) || (sessionId !== null && msg.parent_header.session === sessionId);
    const heard = (): void => {
      seat.heard = Math.max(seat.heard, seq);
    };
    if (!isMine) return heard();
    socket.send(isV1 ? toV1(channel, msg) : toOld(channel, msg), (error) => error || heard());
    check();
  };

  const { stop } = kernel.journal.read(isBack ? seat.heard : Number.MAX_SAFE_INTEGER, put);
  if (!isBack) seat.heard = kernel.journal.last();
  socket.on("close", () => {
    stop();
    end();
  });
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    const found = !isBinary ? fromText(data.toString()) : isV1 ? fromV1(bytesOf(data)) : fromOldBinary(bytesOf(data));
    if (!found) {
      log.warn("a client sent a frame that is no Jupyter message; its socket is closed", { kernel: kernel.id });
      return socket.close(1003, "not a Jupyter message");
    }
    asked.add(found.msg.header.msg_id);
    if (asked.size > rememberedRequests) asked.delete(asked.values().next().value!);
    kernel.take(found.channel, found.msg);
  });
};

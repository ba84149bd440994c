// Co-editing over /sync/{notebook}: the y-websocket protocol. Rights are checked before the first byte is answered; a viewer's updates are
// dropped; every socket has limits; and message 100 tells a client which revision is on disk after what it sent (N2).
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { type WebSocket, WebSocketServer } from "ws";
import * as awareness from "y-protocols/awareness";
import * as syncProtocol from "y-protocols/sync";
import { log } from "#lib/kit/log.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { reading } from "#lib/kit/verb.ts";
import { syncCloseCodes, syncSavedMessage } from "#lib/notebooks/contract.ts";
import { flushAll, type LiveDocument, openLive } from "#lib/notebooks/live-documents.ts";
import * as store from "#lib/notebooks/store.ts";
import { authenticate, authority } from "#lib/workspace/authority.ts";
import { findWorkspaceById } from "#lib/workspace/store.ts";

const messageLimitBytes = 5_000_000;
const messagesPerSecond = 400;
const slowSocketBytes = 32_000_000;
const kinds = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const;

type Room = { live: LiveDocument; presence: awareness.Awareness; sockets: Set<WebSocket> };
/** `users` counts sockets that are in or on their way in, so that a room never closes under somebody who is entering. */
const rooms = new Map<string, { opening: Promise<Room>; users: number }>();

const frame = (kind: number, write: (encoder: encoding.Encoder) => void): Uint8Array => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  write(encoder);
  return encoding.toUint8Array(encoder);
};

const send = (socket: WebSocket, bytes: Uint8Array): void => {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > slowSocketBytes) return socket.close(1013, "slow");
  socket.send(bytes);
};

const openRoom = async (id: string): Promise<Room> => {
  const live = await openLive(id);
  const presence = new awareness.Awareness(live.doc);
  presence.setLocalState(null);
  const sockets = new Set<WebSocket>();
  live.doc.on("update", (update: Uint8Array, origin: unknown) => {
    const bytes = frame(kinds.sync, (encoder) => syncProtocol.writeUpdate(encoder, update));
    for (const socket of sockets) if (socket !== origin) send(socket, bytes);
  });
  presence.on("update", ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>) => {
    const bytes = frame(kinds.awareness, (encoder) =>
      encoding.writeVarUint8Array(encoder, awareness.encodeAwarenessUpdate(presence, [...added, ...updated, ...removed])),
    );
    for (const socket of sockets) send(socket, bytes);
  });
  live.onSaved((revision) => {
    const bytes = frame(syncSavedMessage, (encoder) => encoding.writeVarUint(encoder, revision));
    for (const socket of sockets) send(socket, bytes);
  });
  return { live, presence, sockets };
};

const enter = (id: string): Promise<Room> => {
  let entry = rooms.get(id);
  if (!entry) {
    entry = { opening: openRoom(id), users: 0 };
    rooms.set(id, entry);
    entry.opening.catch(() => rooms.delete(id));
  }
  entry.users += 1;
  return entry.opening;
};

const leave = (id: string, room: Room): void => {
  const entry = rooms.get(id);
  if (!entry) return;
  entry.users -= 1;
  if (entry.users > 0) return;
  rooms.delete(id);
  room.presence.destroy();
  room.live.release();
};

type Guest = { id: string; name: string; canWrite: boolean; revision: number };

/** Who is at the door and what they may do, or the close code to refuse them with. */
const admit = async (request: IncomingMessage, id: string, epoch: string | null): Promise<Guest | number> => {
  const caller = await authenticate(request).catch((error: unknown) => {
    if (isProblem(error) && error.kind === "unauthenticated") return null;
    throw error;
  });
  if (!caller || caller.kind === "nobody") return syncCloseCodes.unauthenticated;
  const found = await store.placeOf(id);
  const workspace = found && (await findWorkspaceById(reading(), found.workspaceId));
  const place = workspace && (await authority(caller, workspace.slug));
  if (!found || !place) return syncCloseCodes.missing;
  if (!place.grants.has("read")) return syncCloseCodes.forbidden;
  if (epoch !== null && Number(epoch) !== found.epoch) return syncCloseCodes.wrongEpoch;
  return {
    id: caller.userId ?? caller.id,
    name: caller.name,
    canWrite: place.grants.has("write") && !found.trashedAt,
    revision: found.revision,
  };
};

const hear = (room: Room, socket: WebSocket, guest: Guest, clients: Set<number>, data: Uint8Array): void => {
  const decoder = decoding.createDecoder(data);
  const kind = decoding.readVarUint(decoder);
  if (kind === kinds.awareness) {
    const update = decoding.readVarUint8Array(decoder);
    for (const client of clientsIn(update)) clients.add(client);
    return awareness.applyAwarenessUpdate(room.presence, update, socket);
  }
  if (kind === kinds.queryAwareness) return sendPresence(room, socket);
  if (kind !== kinds.sync) return;
  const step = decoding.readVarUint(decoder);
  const bytes = decoding.readVarUint8Array(decoder);
  if (step === 0)
    return send(
      socket,
      frame(kinds.sync, (encoder) => syncProtocol.writeSyncStep2(encoder, room.live.doc, bytes)),
    );
  if (!guest.canWrite) return;
  room.live.apply(bytes, guest.name, socket);
};

const clientsIn = (update: Uint8Array): number[] => {
  const decoder = decoding.createDecoder(update);
  return Array.from({ length: decoding.readVarUint(decoder) }, () => {
    const client = decoding.readVarUint(decoder);
    decoding.readVarUint(decoder);
    decoding.readVarString(decoder);
    return client;
  });
};

const sendPresence = (room: Room, socket: WebSocket): void => {
  const clients = [...room.presence.getStates().keys()];
  if (clients.length > 0)
    send(
      socket,
      frame(kinds.awareness, (encoder) => encoding.writeVarUint8Array(encoder, awareness.encodeAwarenessUpdate(room.presence, clients))),
    );
};

/** A bucket of messages a second; a client that floods is closed and comes back. */
const meter = (): (() => boolean) => {
  let tokens = messagesPerSecond;
  let at = Date.now();
  return () => {
    const t = Date.now();
    tokens = Math.min(messagesPerSecond, tokens + ((t - at) / 1000) * messagesPerSecond);
    at = t;
    tokens -= 1;
    return tokens >= 0;
  };
};

const serve = async (request: IncomingMessage, socket: WebSocket, id: string, epoch: string | null): Promise<void> => {
  const early: Uint8Array[] = [];
  const mayPass = meter();
  let take = (data: Uint8Array): void => {
    if (early.length > 20) return socket.close(1008, "too much before being let in");
    early.push(data);
  };
  socket.on("message", (data: Buffer) => (mayPass() ? take(new Uint8Array(data)) : socket.close(1013, "too many messages")));
  socket.on("error", () => {});
  const guest = await admit(request, id, epoch);
  if (typeof guest === "number") return socket.close(guest);
  const room = await enter(id);
  if (socket.readyState !== socket.OPEN) return leave(id, room);
  const clients = new Set<number>();
  room.sockets.add(socket);
  socket.on("close", () => {
    room.sockets.delete(socket);
    awareness.removeAwarenessStates(room.presence, [...clients], null);
    leave(id, room);
  });
  const beat = setInterval(() => socket.readyState === socket.OPEN && socket.ping(), 20_000);
  socket.on("close", () => clearInterval(beat));
  take = (data) => {
    try {
      hear(room, socket, guest, clients, data);
    } catch {
      socket.close(1003, "not a y-websocket message");
    }
  };
  send(
    socket,
    frame(kinds.sync, (encoder) => syncProtocol.writeSyncStep1(encoder, room.live.doc)),
  );
  send(
    socket,
    frame(syncSavedMessage, (encoder) => encoding.writeVarUint(encoder, guest.revision)),
  );
  sendPresence(room, socket);
  for (const data of early) take(data);
};

/** Opens co-editing; `take` answers whether an upgrade was its own. */
export const openSync = () => {
  const server = new WebSocketServer({ noServer: true, maxPayload: messageLimitBytes, perMessageDeflate: false });
  return {
    take: (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
      const url = new URL(request.url ?? "/", "http://local.invalid");
      const id = /^\/sync\/([\w-]{1,64})$/.exec(url.pathname)?.[1];
      if (!id) return false;
      server.handleUpgrade(request, socket, head, (open) => {
        serve(request, open, id, url.searchParams.get("epoch")).catch((error: unknown) => {
          log.warn("co-editing failed", { notebook: id, error });
          open.close(1011);
        });
      });
      return true;
    },
    close: async (): Promise<void> => {
      await flushAll();
      for (const socket of server.clients) socket.close(1012, "restarting");
    },
  };
};

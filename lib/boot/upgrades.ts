// Which WebSocket upgrade goes where. Each taker answers true when the path is its own; whoever takes a socket owns it.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { News } from "#lib/kit/outbox.ts";

type Newsroom = { listen: (listener: (news: News) => void) => () => void };
export type Taker = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
export type Upgrades = { take: Taker; resume: () => Promise<void>; close: () => Promise<void> };

/** Opens every socket room of the web process. */
export const openUpgrades = async (_newsroom: Newsroom): Promise<Upgrades> => {
  const takers: Taker[] = [];
  return {
    take: (request, socket, head) => takers.some((take) => take(request, socket, head)),
    resume: async () => {},
    close: async () => {},
  };
};

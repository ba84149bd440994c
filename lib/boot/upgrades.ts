// Which WebSocket upgrade goes where. Each taker answers true when the path is its own; whoever takes a socket owns it.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { openSync } from "#lib/notebooks/sync.ts";
import { takeChannels } from "#lib/sessions/jupyter.ts";
import { openStreams } from "#lib/sessions/stream.ts";

export type Taker = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
export type Upgrades = { take: Taker; resume: () => Promise<void>; close: () => Promise<void> };

/** Opens every socket room of the web process. */
export const openUpgrades = (): Upgrades => {
  const [sync, streams] = [openSync(), openStreams()];
  const takers: Taker[] = [sync.take, streams.take, takeChannels];
  return {
    take: (request, socket, head) => takers.some((take) => take(request, socket, head)),
    resume: streams.resume,
    close: async () => {
      await Promise.all([sync.close(), streams.close()]);
    },
  };
};

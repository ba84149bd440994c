// The web process: one HTTP server on the one public port. Fastify answers every REST surface, upgrades go to co-editing, run streams and
// kernel channels, and Next renders what is left: pages.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { endWithSupervisor } from "#lib/boot/children.ts";
import { openRest } from "#lib/boot/rest.ts";
import { openUpgrades } from "#lib/boot/upgrades.ts";
import { closeDatabase } from "#lib/db/db.ts";
import { env } from "#lib/kit/env.ts";
import { openNewsroom } from "#lib/kit/live.ts";
import { log } from "#lib/kit/log.ts";
import { forgetTokens } from "#lib/workspace/authority.ts";
import { workspaceEvents } from "#lib/workspace/contract.ts";

const isDev = process.argv.includes("--dev");
const root = fileURLToPath(new URL("../..", import.meta.url));
const isRest = /^\/(api|v1|v2|metrics)(\/|\?|$)/;

type Pages = {
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
};

const openPages = async (httpServer: ReturnType<typeof createServer>): Promise<Pages> => {
  const { default: next } = await import("next");
  const app = next({ dev: isDev, dir: root, httpServer, hostname: env.host, port: env.port });
  await app.prepare();
  return { handle: app.getRequestHandler(), upgrade: app.getUpgradeHandler() };
};

const newsroom = await openNewsroom();
newsroom.listen((news) => {
  if (news.topic === workspaceEvents.members || news.topic === workspaceEvents.tokens) forgetTokens();
});
const rest = await openRest(newsroom);
const upgrades = openUpgrades();

let pages: Pages | null = null;
const server = createServer((request, response) => {
  if (isRest.test(request.url ?? "")) return rest.routing(request, response);
  if (!pages) return void response.writeHead(503, { "retry-after": "1" }).end("Atelier is starting.");
  void pages.handle(request, response);
});
server.on("connection", (socket: Socket) => socket.setNoDelay(true));
server.on("upgrade", (request, socket, head) => {
  if (upgrades.take(request, socket, head)) return;
  if (pages && isDev) return void pages.upgrade(request, socket, head);
  socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
});
server.once("error", (error: NodeJS.ErrnoException) => {
  log.error(error.code === "EADDRINUSE" ? `Port ${env.port} is taken. Stop what listens there, or set PORT.` : "the web server failed", {
    error,
  });
  process.exit(1);
});
server.listen(env.port, env.host);
pages = await openPages(server);
await upgrades.resume();

endWithSupervisor(async () => {
  server.close();
  await upgrades.close();
  server.closeAllConnections();
  await newsroom.stop();
  await closeDatabase();
});

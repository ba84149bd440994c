// The run stream of a notebook: who may read the notebook hears what its session does. A client that names the number it has seen gets a
// snapshot only when that number is not the current one; a slow client is closed and comes back.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { log } from "#lib/kit/log.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { reading } from "#lib/kit/verb.ts";
import { syncCloseCodes } from "#lib/notebooks/contract.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import type { RunEvent } from "#lib/sessions/contract.ts";
import type { Runner } from "#lib/sessions/runner.ts";
import { closeRunners, resumeRunners, runnerOf } from "#lib/sessions/runners.ts";
import { readOutputs } from "#lib/sessions/service.ts";
import { openSessions } from "#lib/sessions/store.ts";
import { authenticate, authority } from "#lib/workspace/authority.ts";

const slowBytes = 64_000_000;
const isOurs = /^\/api\/v1\/workspaces\/([\w-]+)\/notebooks\/([\w-]+)\/stream$/;

const serve = async (request: IncomingMessage, socket: WebSocket, slug: string, notebookId: string, after: number): Promise<void> => {
  const caller = await authenticate(request).catch((error: unknown) => {
    if (isProblem(error)) return null;
    throw error;
  });
  if (!caller || caller.kind === "nobody") return socket.close(syncCloseCodes.unauthenticated);
  const place = await authority(caller, slug);
  if (!place?.grants.has("read") || !(await findNotebook({ sql: reading(), workspaceId: place.id }, notebookId)))
    return socket.close(syncCloseCodes.missing);

  const send = (events: RunEvent[]): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > slowBytes) return socket.close(1013, "slow");
    socket.send(JSON.stringify(events));
  };
  let attached: Runner | null = null;
  let detach: (() => void) | null = null;
  let lastSeq = after;

  /** A session may begin, end and begin again while this socket stays. */
  const attach = async (): Promise<void> => {
    const runner = (await runnerOf(notebookId)?.catch(() => null)) ?? null;
    if (runner && runner !== attached) {
      detach?.();
      attached = runner;
      const first = runner.snapshot();
      if (first.seq !== lastSeq) send([first]);
      lastSeq = first.seq;
      detach = runner.listen(send);
    }
    await attached?.refresh();
  };
  if (!runnerOf(notebookId)) {
    const found = await readOutputs(caller, { workspace: slug, notebook: notebookId });
    if (found.seq !== after || after === 0) send([{ type: "snapshot", ...found } as RunEvent]);
    lastSeq = found.seq;
  }
  await attach();
  let ticks = 0;
  const tick = setInterval(() => {
    if (!runnerOf(notebookId) || ++ticks % 8 === 0 || !attached) void attach();
    if (ticks % 80 === 0) socket.ping();
  }, 250);
  socket.on("close", () => {
    clearInterval(tick);
    detach?.();
  });
};

/** Opens the run streams; `resume` goes on with the sessions of an earlier process. */
export const openStreams = () => {
  const server = new WebSocketServer({ noServer: true, maxPayload: 100_000, perMessageDeflate: false });
  return {
    take: (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
      const url = new URL(request.url ?? "/", "http://local.invalid");
      const [, slug, notebookId] = isOurs.exec(url.pathname) ?? [];
      if (!slug || !notebookId) return false;
      server.handleUpgrade(request, socket, head, (open) => {
        open.on("error", () => {});
        serve(request, open, slug, notebookId, Number(url.searchParams.get("after") ?? 0)).catch((error: unknown) => {
          log.warn("a run stream failed", { notebook: notebookId, error });
          open.close(1011);
        });
      });
      return true;
    },
    resume: async (): Promise<void> => resumeRunners(await openSessions()),
    close: async (): Promise<void> => {
      await closeRunners();
      for (const socket of server.clients) socket.close(1012, "restarting");
    },
  };
};

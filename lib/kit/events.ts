// GET /api/v1/events?workspace=slug: server-sent events of one workspace. Events carry {id, topic, subject}, never data; the browser
// looks again. `Last-Event-ID` resumes without a gap. A comment every 15 s keeps proxies from closing the stream.
import type { FastifyInstance } from "fastify";
import { type News, readNews } from "#lib/kit/outbox.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import type { Authenticate } from "#lib/kit/route.ts";
import type { Authority } from "#lib/kit/verb.ts";

type Newsroom = { listen: (listener: (news: News) => void) => () => void };

const frame = (news: News): string =>
  `id: ${news.id}\ndata: ${JSON.stringify({ id: news.id, topic: news.topic, subject: news.subject })}\n\n`;

/** Mounts the stream; streams per process are limited so that forgotten tabs cannot exhaust it. */
export const mountEvents = (
  app: FastifyInstance,
  authenticate: Authenticate,
  authority: Authority,
  newsroom: Newsroom,
  limit = 2000,
): void => {
  let open = 0;
  app.get("/api/v1/events", async (request, reply) => {
    const caller = await authenticate(request);
    if (caller.kind === "nobody") throw new Problem("unauthenticated", "workspace.unauthenticated", "Sign in to hear events.");
    const slug = String((request.query as { workspace?: string }).workspace ?? "");
    const place = await authority(caller, slug);
    if (!place?.grants.has("read")) throw missing("workspace", slug);
    if (open >= limit) throw new Problem("limit", "house.streams", "Too many open event streams. Close a tab and try again.");
    open += 1;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
    raw.write("retry: 1000\n\n");
    const since = Number(request.headers["last-event-id"]);
    let last = 0;
    const push = (news: News) => {
      if (news.workspaceId !== place.id || news.id <= last) return;
      last = news.id;
      raw.write(frame(news));
    };
    const stop = newsroom.listen(push);
    if (Number.isFinite(since)) for (const news of await readNews(since, place.id)) push(news);
    const beat = setInterval(() => raw.write(": still here\n\n"), 15_000);
    raw.on("close", () => {
      open -= 1;
      clearInterval(beat);
      stop();
    });
  });
};

// The REST face of the web process: contracts as routes, the OpenAPI document, events, sign-in, health, and the wire adapters of the
// domains. Kept apart from the server so that tests can mount it without pages.
import { toNodeHandler } from "better-auth/node";
import Fastify, { type FastifyInstance } from "fastify";
import { health } from "#lib/boot/health.ts";
import { verbs } from "#lib/boot/verbs.ts";
import { datasetEvents } from "#lib/datasets/contract.ts";
import { tablesOf } from "#lib/datasets/typing.ts";
import { mountBeats } from "#lib/devices/internal.ts";
import { mountEvents } from "#lib/kit/events.ts";
import { openApiOf } from "#lib/kit/openapi.ts";
import type { News } from "#lib/kit/outbox.ts";
import { Problem } from "#lib/kit/problem.ts";
import { acceptBodies, answerProblem, mountVerbs } from "#lib/kit/route.ts";
import { mountServingInternal } from "#lib/serving/internal.ts";
import { mountKserve } from "#lib/serving/kserve.ts";
import { mountJupyter } from "#lib/sessions/jupyter.ts";
import { forgetTables, installTables } from "#lib/sessions/language/tables.ts";
import { authenticate, authority } from "#lib/workspace/authority.ts";
import { auth } from "#lib/workspace/people-store.ts";

const version = "0.1.0";
const jsonLimitBytes = 8_000_000;

type Newsroom = { listen: (listener: (news: News) => void) => () => void };

const mountSignIn = (app: FastifyInstance): void => {
  const handle = toNodeHandler(auth());
  app.route({
    method: ["GET", "POST"],
    url: "/api/auth/*",
    config: { isStream: true },
    handler: async (request, reply) => {
      reply.hijack();
      await handle(request.raw, reply.raw);
    },
  });
};

/** Builds the REST application; not listening, for `app.routing(request, response)`. */
export const openRest = async (newsroom: Newsroom): Promise<FastifyInstance> => {
  const app = Fastify({ bodyLimit: jsonLimitBytes, routerOptions: { maxParamLength: 500 }, forceCloseConnections: true });
  acceptBodies(app);
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    answerProblem(
      new Problem(
        "missing",
        "house.route",
        `Nothing answers ${request.method} ${request.url.split("?")[0]}. The operations are listed at /api/v1/openapi.json.`,
      ),
      request,
      reply,
    ),
  );
  const identify = (request: { raw: Parameters<typeof authenticate>[0] }) => authenticate(request.raw);
  mountVerbs(app, verbs, identify);
  installTables(tablesOf);
  newsroom.listen((news) => {
    if (news.workspaceId && Object.values<string>(datasetEvents).includes(news.topic)) forgetTables(news.workspaceId);
  });
  mountEvents(app, identify, authority, newsroom);
  mountSignIn(app);
  mountJupyter(app);
  mountBeats(app);
  mountServingInternal(app);
  mountKserve(app);
  const document = openApiOf(
    verbs.map((one) => one.operation).filter((one) => one.grant !== "open"),
    version,
  );
  app.get("/api/v1/openapi.json", async () => document);
  app.get("/api/health", async (_request, reply) => {
    const state = await health();
    return reply.code(state.status === "ok" ? 200 : 503).send(state);
  });
  await app.ready();
  return app;
};

// What the serving process asks of web: what to serve, the bytes of a model, and a place for its log. Everything here needs the secret of
// the installation; without it these addresses do not exist.
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { readBlob } from "#lib/kit/blobs.ts";
import { now } from "#lib/kit/clock.ts";
import { env } from "#lib/kit/env.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { insertBatch } from "#lib/serving/predictions-store.ts";
import { settleRevision } from "#lib/serving/service.ts";
import { servingPlan } from "#lib/serving/store.ts";

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
const batchLimitBytes = 64_000_000;

const guard = async (request: FastifyRequest): Promise<void> => {
  const shown = request.headers.authorization ?? "";
  const isOurs = env.internalSecret !== "" && timingSafeEqual(digestOf(shown), digestOf(`Bearer ${env.internalSecret}`));
  if (!isOurs) throw new Problem("missing", "house.route", "Nothing answers here. The operations are listed at /api/v1/openapi.json.");
};

/** Mounts the routes under /api/internal/serving. */
export const mountServingInternal = (app: FastifyInstance): void => {
  const base = "/api/internal/serving";
  app.get(`${base}/plan`, { onRequest: guard }, async (request, reply) => {
    const body = JSON.stringify(await servingPlan());
    const etag = `"${digestOf(body).toString("base64url")}"`;
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.header("etag", etag).type("application/json").send(body);
  });
  app.get(`${base}/models/:digest`, { onRequest: guard }, async (request, reply) => {
    const { digest } = request.params as { digest: string };
    const { stream, size } = await readBlob(digest);
    return reply.header("content-length", size).type("application/octet-stream").send(stream);
  });
  app.post(`${base}/predictions`, { onRequest: guard, bodyLimit: batchLimitBytes, config: { isRaw: true } }, async (request, reply) => {
    const { batch } = request.query as { batch?: string };
    if (!batch) throw missing("batch", "");
    const isNew = await insertBatch(batch, (request.body as Buffer).toString("utf8"), now());
    return reply.code(200).send({ isNew });
  });
  app.post(`${base}/revisions/:id`, { onRequest: guard }, async (request, reply) => {
    const { failure } = request.body as { failure: string | null };
    await settleRevision((request.params as { id: string }).id, failure);
    return reply.code(200).send({});
  });
};

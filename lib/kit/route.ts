// REST from contracts: every verb becomes a Fastify route under /api/v1, every Problem its status and body. Input is path parameters,
// query and JSON body merged, in that order of trust: a body cannot overrule the path.
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { log } from "#lib/kit/log.ts";
import { asProblem, isProblem, Problem } from "#lib/kit/problem.ts";
import type { Caller, Verb } from "#lib/kit/verb.ts";

export type Authenticate = (request: FastifyRequest) => Promise<Caller>;

/** What a verb that answers bytes returns; the stream is destroyed when the client goes away. */
export type Bytes = { stream: Readable; type: string; size?: number; name?: string };

const inputOf = (request: FastifyRequest, verb: Verb): Record<string, unknown> => {
  const body = verb.operation.accepts === "json" && request.body && typeof request.body === "object" ? (request.body as object) : {};
  if (Array.isArray(body)) throw new Problem("invalid", "house.invalid", "The body must be a JSON object.");
  return { ...body, ...(request.query as object), ...(request.params as object) };
};

const sendBytes = (reply: FastifyReply, bytes: Bytes): FastifyReply => {
  void reply.header("content-type", bytes.type).header("x-content-type-options", "nosniff");
  if (bytes.size !== undefined) void reply.header("content-length", bytes.size);
  if (bytes.name) void reply.header("content-disposition", `attachment; filename*=UTF-8''${encodeURIComponent(bytes.name)}`);
  return reply.send(bytes.stream);
};

const abortWith = (reply: FastifyReply): AbortSignal => {
  const control = new AbortController();
  finished(reply.raw).catch(() => control.abort());
  return control.signal;
};

/** Answers a thrown thing; the cause goes to the log, never to the client. */
export const answerProblem = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const problem = isProblem(thrown) ? thrown : asProblem(translate(thrown));
  if (problem.kind === "bug" || problem.kind === "unavailable")
    log.error("request failed", { method: request.method, route: request.routeOptions.url, code: problem.code, error: thrown });
  if (problem.kind === "unauthenticated") void reply.header("www-authenticate", 'Bearer realm="atelier"');
  return reply.code(problem.status).send(Problem.prototype.toBody.call(problem));
};

/** Fastify's own refusals (malformed JSON, body too large, unsupported type) in our words. */
const translate = (thrown: unknown): unknown => {
  const code = (thrown as { code?: string } | null)?.code ?? "";
  const status = (thrown as { statusCode?: number } | null)?.statusCode ?? 500;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE" || status === 413)
    return new Problem("large", "house.large", "The body is larger than this door takes. Send less at once, or use the upload operation.");
  if (status >= 400 && status < 500)
    return new Problem("invalid", "house.malformed", `The request could not be read: ${(thrown as Error).message}.`);
  if (/ECONNREFUSED|terminating connection|Connection terminated|the database system/.test(String((thrown as Error)?.message))) {
    return new Problem("unavailable", "house.database", "The database does not answer. Atelier keeps trying; try again in a moment.", {
      cause: thrown,
    });
  }
  return thrown;
};

const fastifyPath = (path: string): string => `/api/v1${path.replace(/\{(\w+)\}/g, ":$1")}`;

/** Mounts every verb as a route; unknown /api/v1 paths answer 404 in the same shape. */
export const mountVerbs = (app: FastifyInstance, verbs: Verb[], authenticate: Authenticate): void => {
  for (const verb of verbs) {
    const { operation } = verb;
    app.route({
      method: operation.method,
      url: fastifyPath(operation.path),
      ...(operation.accepts === "bytes" ? { bodyLimit: Number.MAX_SAFE_INTEGER, config: { isStream: true } } : {}),
      handler: async (request, reply) => {
        const caller = await authenticate(request);
        const extra = { signal: abortWith(reply), ...(operation.accepts === "bytes" ? { body: request.body as Readable } : {}) };
        const output = await verb(caller, inputOf(request, verb) as never, extra);
        if (operation.answers === "bytes") return sendBytes(reply, output as Bytes);
        return reply.code(operation.status).send(output);
      },
    });
  }
};

/** Reads any body as a stream for bytes routes and as JSON elsewhere; an absent content type counts as JSON. */
export const acceptBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (request, payload, done) => {
    const config = request.routeOptions.config as { isStream?: boolean; isRaw?: boolean };
    if (config.isStream) return done(null, payload);
    collect(payload, request.routeOptions.bodyLimit).then(
      (bytes) => done(null, config.isRaw ? bytes : readJson(bytes)),
      (error: Error) => done(error),
    );
  });
};

const collect = async (payload: Readable, limitBytes: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of payload as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limitBytes)
      throw new Problem("large", "house.large", `The body is larger than ${limitBytes} bytes, which is all this door takes.`);
    parts.push(part);
  }
  return Buffer.concat(parts, size);
};

const readJson = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new Problem("invalid", "house.malformed", `The body is not JSON: ${(cause as Error).message}.`);
  }
};

// Open Inference V2 on the public port: the token is checked here, the bytes go on unread. Errors have the protocol's shape, one string.
// A sign-in cookie opens nothing here: the protocol has no word for a workspace, and a token has exactly one.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { env } from "#lib/kit/env.ts";
import { forward } from "#lib/kit/forward.ts";
import { servingHeaders } from "#lib/serving/process.ts";
import { secretIn, tokenBearer } from "#lib/workspace/authority.ts";

const requestLimitBytes = 32_000_000;
const isOpen = /^\/v2\/?(\?|$)|^\/v2\/health\/(live|ready)\/?(\?|$)/;
const target = new URL(env.servingUrl);

const refuse = (reply: FastifyReply, status: number, error: string): void => {
  reply.hijack();
  const body = JSON.stringify({ error });
  reply.raw.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...(status === 401 ? { "www-authenticate": 'Bearer realm="atelier"' } : {}),
    ...(status === 413 ? { connection: "close" } : {}),
  });
  reply.raw.end(body);
};

/** Who asks: the token's workspace and id, or a refusal. `read` is enough, since every member may ask for a prediction. */
const headersFor = async (request: FastifyRequest): Promise<Record<string, string> | string> => {
  if (isOpen.test(request.url)) return servingHeaders("", "nobody");
  const secret = secretIn(request.raw);
  if (!secret) return "Send an API token as Authorization: Bearer. Make one in Settings.";
  const found = await tokenBearer(secret);
  if (!found?.place?.grants.has("read")) return "This token opens nothing here. It may be revoked; make a new one in Settings.";
  return servingHeaders(found.place.id, found.caller.id);
};

/** Mounts /v2 and everything below it. */
export const mountKserve = (app: FastifyInstance): void => {
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const headers = await headersFor(request);
    if (typeof headers === "string") return refuse(reply, 401, headers);
    if (Number(request.headers["content-length"] ?? 0) > requestLimitBytes)
      return refuse(reply, 413, `The request is larger than ${requestLimitBytes / 1e6} MB. Send fewer rows at once.`);
    reply.hijack();
    forward(request.raw, reply.raw, target, headers, (answer) => {
      answer.writeHead(503, { "content-type": "application/json", "retry-after": "1" });
      answer.end('{"error":"The serving process does not answer; it starts again by itself. Try again in a moment."}');
    });
  };
  const route = { method: ["GET" as const, "POST" as const], config: { isStream: true }, bodyLimit: Number.MAX_SAFE_INTEGER, handler };
  app.route({ ...route, url: "/v2" });
  app.route({ ...route, url: "/v2/*" });
};

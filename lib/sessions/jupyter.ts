// Jupyter's own REST and channels on the public port, for stock clients: the caller needs the right to run, then bytes go to the gateway
// with the installation's secret in place of the caller's token. A stock client's kernels belong to the gateway, not to a notebook.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { env } from "#lib/kit/env.ts";
import { forward, forwardUpgrade } from "#lib/kit/forward.ts";
import { Problem } from "#lib/kit/problem.ts";
import type { Caller } from "#lib/kit/verb.ts";
import { reading } from "#lib/kit/verb.ts";
import { authenticate, authority } from "#lib/workspace/authority.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { mintSessionToken } from "#lib/workspace/installation.ts";
import { findWorkspaceById } from "#lib/workspace/store.ts";

const gateway = new URL(env.kernelUrl);
/** Kernels made through this face, by the workspace that made them: another workspace's kernel is missing. */
const ownerOf = new Map<string, string>();

const mayRun = async (caller: Caller): Promise<{ workspaceId: string; role: Role }> => {
  if (caller.kind === "nobody" || !caller.workspaceId)
    throw new Problem("unauthenticated", "workspace.unauthenticated", "Send an API token as Authorization: token … or ?token=….");
  const row = await findWorkspaceById(reading(), caller.workspaceId);
  const place = row && (await authority(caller, row.slug));
  if (!place?.grants.has("run"))
    throw new Problem("forbidden", "workspace.forbidden", "This token may not run code. Make one with the role editor.");
  return { workspaceId: place.id, role: place.role as Role };
};

const withoutToken = (url: string): string => {
  const parsed = new URL(url, "http://local.invalid");
  parsed.searchParams.delete("token");
  return parsed.pathname + parsed.search;
};

const extra = { authorization: `Bearer ${env.internalSecret}` };

const create = async (caller: Caller, place: { workspaceId: string; role: Role }, name: string | undefined): Promise<Response> => {
  const { secret } = await mintSessionToken({
    workspaceId: place.workspaceId,
    userId: caller.userId,
    role: place.role,
    kind: "session",
    name: caller.name,
    lifeMs: 24 * 3_600_000,
  });
  const answer = await fetch(`${env.kernelUrl}/api/kernels`, {
    method: "POST",
    headers: { ...extra, "content-type": "application/json" },
    body: JSON.stringify({ name: name ?? "typescript", token: secret }),
  });
  return answer;
};

/** Mounts kernelspecs and kernels. */
export const mountJupyter = (app: FastifyInstance): void => {
  app.get("/api", async () => ({ version: "2.14.0" }));
  app.get("/api/kernelspecs", async (request, reply) => {
    await mayRun(await authenticate(request.raw));
    const answer = await fetch(`${env.kernelUrl}/api/kernelspecs`, { headers: extra });
    return reply.code(answer.status).send(await answer.json());
  });
  app.get("/api/kernels", async (request) => {
    const { workspaceId } = await mayRun(await authenticate(request.raw));
    const all = (await (await fetch(`${env.kernelUrl}/api/kernels`, { headers: extra })).json()) as { id: string }[];
    return all.filter((one) => ownerOf.get(one.id) === workspaceId);
  });
  app.post("/api/kernels", async (request, reply) => {
    const caller = await authenticate(request.raw);
    const place = await mayRun(caller);
    const answer = await create(caller, place, (request.body as { name?: string } | undefined)?.name);
    const body = (await answer.json()) as { id?: string };
    if (body.id) ownerOf.set(body.id, place.workspaceId);
    return reply.code(answer.status).header("location", `/api/kernels/${body.id}`).send(body);
  });
  app.route({
    method: ["GET", "POST", "DELETE"],
    url: "/api/kernels/:kernel",
    config: { isStream: true },
    handler: (request, reply) => pass(request, reply, (request.params as { kernel: string }).kernel),
  });
  app.route({
    method: ["POST"],
    url: "/api/kernels/:kernel/:verb",
    config: { isStream: true },
    handler: (request, reply) => pass(request, reply, (request.params as { kernel: string }).kernel),
  });
};

const pass = async (
  request: { raw: IncomingMessage; url: string },
  reply: import("fastify").FastifyReply,
  kernel: string,
): Promise<void> => {
  const { workspaceId } = await mayRun(await authenticate(request.raw));
  if (ownerOf.get(kernel) !== workspaceId) throw new Problem("missing", "kernel.missing", `There is no kernel ${kernel} here.`);
  reply.hijack();
  forward(
    request.raw,
    reply.raw,
    gateway,
    extra,
    (answer) => void answer.writeHead(503).end('{"message":"The kernel service does not answer."}'),
    withoutToken(request.url),
  );
};

/** Takes channel upgrades of kernels made through this face. */
export const takeChannels = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
  const kernel = /^\/api\/kernels\/([^/?]+)\/channels(\?|$)/.exec(request.url ?? "")?.[1];
  if (!kernel) return false;
  const refuse = (line: string): void => void socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\n\r\n`);
  authenticate(request)
    .then(mayRun)
    .then(
      ({ workspaceId }) =>
        ownerOf.get(kernel) === workspaceId
          ? forwardUpgrade(request, socket, head, gateway, extra, withoutToken(request.url!))
          : refuse("404 Not Found"),
      (error: { status?: number }) => refuse(error.status === 403 ? "403 Forbidden" : "401 Unauthorized"),
    );
  return true;
};

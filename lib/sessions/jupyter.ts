// Jupyter's own REST and channels on the public port, for stock clients: the caller needs the right to run, then bytes go to the gateway
// with the installation's secret in place of the caller's token, and the caller's name, which is all it can see there. A stock client's
// kernels belong to the gateway, not to a notebook.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { env } from "#lib/kit/env.ts";
import { forward, forwardUpgrade } from "#lib/kit/forward.ts";
import { Problem } from "#lib/kit/problem.ts";
import type { Caller } from "#lib/kit/verb.ts";
import { reading } from "#lib/kit/verb.ts";
import { runDocumentCells } from "#lib/sessions/document-run.ts";
import { authenticate, authority } from "#lib/workspace/authority.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { mintSessionToken } from "#lib/workspace/installation.ts";
import { findWorkspaceById } from "#lib/workspace/store.ts";

const gateway = new URL(env.kernelUrl);
const tokenLifeMs = 24 * 3_600_000;

type Guest = { caller: Caller; workspaceId: string; slug: string; role: Role };

const admit = async (request: IncomingMessage): Promise<Guest> => {
  const caller = await authenticate(request);
  if (caller.kind === "nobody" || !caller.workspaceId)
    throw new Problem("unauthenticated", "workspace.unauthenticated", "Send an API token as Authorization: token … or ?token=….");
  const row = await findWorkspaceById(reading(), caller.workspaceId);
  const place = row && (await authority(caller, row.slug));
  if (!place?.grants.has("run"))
    throw new Problem("forbidden", "workspace.forbidden", "This token may not run code. Make one with the role editor.");
  return { caller, workspaceId: place.id, slug: place.slug, role: place.role as Role };
};

const withoutToken = (url: string): string => {
  const parsed = new URL(url, "http://local.invalid");
  parsed.searchParams.delete("token");
  return parsed.pathname + parsed.search;
};

/** What the gateway is told beside the request: our secret and whom we forward. */
const extra = ({ caller, workspaceId }: Guest): Record<string, string> => ({
  authorization: `Bearer ${env.internalSecret}`,
  "x-atelier-owner": `${workspaceId}:${caller.userId ?? caller.id}`,
  "x-atelier-person": encodeURIComponent(caller.name),
});

/** A token for the cells of a kernel this request makes. */
const sessionToken = async ({ caller, workspaceId, role }: Guest): Promise<string> =>
  (await mintSessionToken({ workspaceId, userId: caller.userId, role, kind: "session", name: caller.name, lifeMs: tokenLifeMs })).secret;

const unavailable = (answer: import("node:http").ServerResponse): void =>
  void answer
    .writeHead(503, { "content-type": "application/json" })
    .end('{"message":"The kernel service does not answer. It is being started again; try in a few seconds.","reason":null}');

const pass = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
  const guest = await admit(request.raw);
  const isMaking =
    request.method !== "GET" && request.method !== "DELETE" && /^\/api\/(kernels|sessions)(\/[^/]*)?(\?|$)/.test(request.url);
  const token = isMaking ? { "x-atelier-session-token": await sessionToken(guest) } : {};
  reply.hijack();
  forward(request.raw, reply.raw, gateway, { ...extra(guest), ...token }, unavailable, withoutToken(request.url));
};

/** Runs a snippet in one of the caller's kernels, or cells of a notebook document, by the body's shape. */
const execute = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
  const guest = await admit(request.raw);
  const { kernel } = request.params as { kernel: string };
  const body = (request.body ?? {}) as Record<string, unknown>;
  if ("cells" in body) {
    const made = await runDocumentCells(guest.caller, guest.slug, kernel, body);
    return reply.code(made.status).send(made.body);
  }
  const answer = await fetch(`${env.kernelUrl}/api/kernels/${encodeURIComponent(kernel)}/execute`, {
    method: "POST",
    headers: { ...extra(guest), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const location = answer.headers.get("location");
  if (location) reply.header("location", location);
  return reply.code(answer.status).send(await answer.json());
};

const me = async (request: FastifyRequest) => {
  const { caller } = await admit(request.raw);
  const initials = caller.name
    .split(/\s+/)
    .map((word) => word[0] ?? "")
    .join("")
    .slice(0, 2)
    .toUpperCase();
  return {
    identity: {
      username: caller.userId ?? caller.id,
      name: caller.name,
      display_name: caller.name,
      initials,
      avatar_url: null,
      color: null,
    },
    permissions: {},
  };
};

/** Mounts Jupyter's REST. */
export const mountJupyter = (app: FastifyInstance): void => {
  const streamed = { config: { isStream: true }, handler: pass };
  app.get("/api", async () => ({ version: "2.14.0" }));
  app.get("/api/me", me);
  for (const url of ["/api/status", "/api/kernelspecs", "/api/kernelspecs/:name", "/kernelspecs/:name/:file"])
    app.route({ method: "GET", url, ...streamed });
  for (const url of ["/api/kernels", "/api/sessions"]) app.route({ method: ["GET", "POST"], url, ...streamed });
  for (const url of ["/api/kernels/:id", "/api/sessions/:id"]) app.route({ method: ["GET", "PATCH", "DELETE"], url, ...streamed });
  app.route({ method: "POST", url: "/api/kernels/:kernel/execute", handler: execute });
  app.route({ method: ["GET", "POST"], url: "/api/kernels/:kernel/*", ...streamed });
  app.route({ method: "GET", url: "/api/kernels/:kernel/execute", ...streamed });
};

/** Takes channel upgrades of kernels made through this face. */
export const takeChannels = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
  if (!/^\/api\/kernels\/[^/?]+\/channels(\?|$)/.test(request.url ?? "")) return false;
  const refuse = (line: string): void => void socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\n\r\n`);
  admit(request).then(
    (guest) => forwardUpgrade(request, socket, head, gateway, extra(guest), withoutToken(request.url!)),
    (error: { status?: number }) => refuse(error.status === 403 ? "403 Forbidden" : "401 Unauthorized"),
  );
  return true;
};

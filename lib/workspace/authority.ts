// Who a request comes from, and where that caller may go. Tokens are answered from an in-process cache for 30 seconds (dropped at once
// when this process hears that tokens changed), because every /v2 prediction asks.
import type { IncomingMessage } from "node:http";
import { sql } from "#db";
import { now } from "#lib/kit/clock.ts";
import { Problem } from "#lib/kit/problem.ts";
import { type Authority, type Caller, installAuthority, nobody, type Place } from "#lib/kit/verb.ts";
import { grantsOf, type Role, reaches } from "#lib/workspace/contract.ts";
import { personOf } from "#lib/workspace/people-store.ts";
import { hashSecret } from "#lib/workspace/rules.ts";
import * as store from "#lib/workspace/store.ts";

type Known = { caller: Caller; place: Place | null; until: number };
const tokenCacheMs = 30_000;
const shared = globalThis as { atelierTokens?: Map<string, Known> };
const tokens = (): Map<string, Known> => {
  shared.atelierTokens ??= new Map();
  return shared.atelierTokens;
};

/** Drops what this process remembers of tokens and roles; called on news of either. */
export const forgetTokens = (): void => tokens().clear();

const placeFor = (row: { id: string; slug: string; name: string }, role: Role): Place => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  role,
  grants: new Set(grantsOf[role]),
});

const narrower = (a: Role, b: Role): Role => (reaches(a, b) ? b : a);

const lookUp = async (secret: string): Promise<Known | null> => {
  const at = now();
  const found = await store.findToken(sql(), hashSecret(secret), at);
  if (!found) return null;
  const { token, user } = found;
  const workspace = await store.findWorkspaceById(sql(), token.workspaceId);
  const makerRole = token.userId ? await store.roleOf(sql(), token.userId, token.workspaceId) : "owner";
  if (!workspace || !makerRole) return null;
  const role = narrower(token.role as Role, makerRole);
  const kind = token.kind === "api" ? "token" : "session";
  const caller: Caller = { kind, id: token.id, userId: token.userId, name: user?.name ?? token.name, workspaceId: token.workspaceId, role };
  void store.touchToken(sql(), token.id, at).catch(() => {});
  return { caller, place: placeFor(workspace, role), until: Date.now() + tokenCacheMs };
};

/** The caller and place of a bearer token, or null when nothing opens with it. */
export const tokenBearer = async (secret: string): Promise<{ caller: Caller; place: Place | null } | null> => {
  const known = tokens().get(secret);
  if (known && known.until > Date.now()) return known;
  const found = await lookUp(secret);
  if (found) {
    if (tokens().size > 10_000) tokens().clear();
    tokens().set(secret, found);
  } else tokens().delete(secret);
  return found;
};

/** The secret in `Authorization: Bearer`, `token` (Jupyter clients) or Basic password (MLflow clients), or in `?token=`. */
export const secretIn = (request: Pick<IncomingMessage, "headers" | "url">): string | null => {
  const header = request.headers.authorization ?? "";
  const bearer = /^(?:Bearer|token)\s+(\S+)$/i.exec(header)?.[1];
  if (bearer) return bearer;
  const basic = /^Basic\s+(\S+)$/i.exec(header)?.[1];
  if (basic) return Buffer.from(basic, "base64").toString().split(":").slice(1).join(":") || null;
  return new URL(request.url ?? "/", "http://local.invalid").searchParams.get("token");
};

const headersOf = (request: Pick<IncomingMessage, "headers">): Headers => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  return headers;
};

/** A cookie counts only when the page that sent it is ours: no other site may act for a signed-in person. */
const isForeignOrigin = (request: Pick<IncomingMessage, "headers">): boolean => {
  const { origin, host } = request.headers;
  if (!origin) return false;
  try {
    return new URL(origin).host !== host;
  } catch {
    return true;
  }
};

const cellOf = (request: Pick<IncomingMessage, "headers">): Caller["cell"] => {
  try {
    return JSON.parse(String(request.headers["x-atelier-cell"] ?? "null")) as Caller["cell"];
  } catch {
    return null;
  }
};

/** The caller of any HTTP request or upgrade: token first, then sign-in cookie, else nobody. A token that opens nothing is 401. */
export const authenticate = async (request: Pick<IncomingMessage, "headers" | "url" | "method">): Promise<Caller> => {
  const secret = secretIn(request);
  if (secret) {
    const found = await tokenBearer(secret);
    if (!found)
      throw new Problem(
        "unauthenticated",
        "workspace.unauthenticated",
        "This token opens nothing here. It may be revoked; make a new one in Settings.",
      );
    return found.caller.kind === "session" ? { ...found.caller, cell: cellOf(request) } : found.caller;
  }
  if (!request.headers.cookie || isForeignOrigin(request)) return nobody;
  return personCaller(headersOf(request));
};

/** The caller of a set of headers with a sign-in cookie; what pages use. */
export const personCaller = async (headers: Headers): Promise<Caller> => {
  const person = await personOf(headers);
  return person ? { kind: "person", id: person.id, userId: person.id, name: person.name, workspaceId: null } : nobody;
};

/** Where a caller may go. A token's own workspace only; a workspace made with a token opens to that token for minting alone. */
export const authority: Authority = async (caller, slug) => {
  if (caller.kind === "person") {
    const found = await store.membership(sql(), caller.id, slug);
    return found ? placeFor(found, found.role) : null;
  }
  const row = await store.findWorkspace(sql(), slug);
  if (!row) return null;
  if (row.id === caller.workspaceId) return placeFor(row, caller.kind === "system" ? "owner" : (caller.role as Role));
  if (caller.kind === "token" && row.createdByToken === caller.id) return { ...placeFor(row, "owner"), grants: new Set(["mint"]) };
  return null;
};

installAuthority(authority);

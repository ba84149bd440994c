// Jupyter's REST as a table of routes, each a function of the house it is asked in. Bodies and path parts come checked for size and JSON;
// what is in them is not trusted.
import { readFileSync } from "node:fs";
import { kernelSpec } from "#kernel/jupyter/info.ts";
import { activeRequests, answerInput, progressOf, startRequest } from "#kernel/jupyter/requests.ts";
import type { Sessions } from "#kernel/jupyter/sessions.ts";
import type { Kernel } from "#kernel/kernel.ts";
import { askAbout } from "#kernel/language/asking.ts";
import type { Question } from "#kernel/language/messages.ts";
import type { LanguageService } from "#kernel/language/service.ts";
import type { Library } from "#kernel/packages/library.ts";
import { changePackages, placePackages } from "#kernel/packages/routes.ts";

type Body = Record<string, unknown>;
type Reply = { status: number; body?: unknown; headers?: Record<string, string> };

/** Everything a route may look at, already narrowed to the workspace that asks. */
export type House = {
  owner: string | null;
  kernels: Kernel[];
  find: (id: string) => Kernel | null;
  create: (body: Body) => Promise<Kernel>;
  sessions: Sessions;
  model: (kernel: Kernel) => unknown;
  startedAt: Date;
  connections: number;
  language: LanguageService;
  library: Library;
};

/** A refusal with its HTTP status, in words for the person who asked. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A restart is answered when the new process is up, or after this long with the state it then has. */
const restartPatienceMs = 10_000;
const serverVersion = "2.14.0";
const logo = readFileSync(new URL("./jupyter/logo/logo-svg.svg", import.meta.url), "utf8");

const kernelIn = (house: House, id: string): Kernel => {
  const kernel = house.find(id);
  if (!kernel) throw new Refused(404, `There is no kernel ${id.slice(0, 100)} here. It may have been lost with its machine.`);
  return kernel;
};

const sessionIn = (house: House, id: string) => {
  const session = house.sessions.find(id, house.owner);
  if (!session) throw new Refused(404, `There is no session ${id.slice(0, 100)} here.`);
  return session;
};

const mustBeOurs = (name: unknown): void => {
  if (name !== undefined && name !== null && name !== "" && name !== "typescript")
    throw new Refused(404, `There is no kernel ${String(name).slice(0, 100)} here. The one here is typescript.`);
};

const status = (house: House): Body => ({
  started: house.startedAt.toISOString(),
  last_activity:
    house.kernels
      .map((one) => one.model(0).last_activity)
      .sort()
      .at(-1) ?? house.startedAt.toISOString(),
  connections: house.connections,
  kernels: house.kernels.length,
});

const answerQuestion = (content: Body | null): Reply => {
  if (content) return { status: 200, body: content };
  throw new Refused(409, "The session is busy or not ready. Ask again when the cell has ended.");
};

const execute = (house: House, body: Body, id: string): Reply => {
  const kernel = kernelIn(house, id);
  if (typeof body.code !== "string") throw new Refused(400, "Send {code: text}: what to run.");
  const metadata = typeof body.metadata === "object" && body.metadata !== null ? (body.metadata as Body) : {};
  const made = startRequest(kernel, { code: body.code, metadata });
  return { status: 202, body: {}, headers: { location: `/api/kernels/${id}/requests/${made}` } };
};

type Route = {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: RegExp;
  answer: (house: House, body: Body, parts: string[]) => Reply | Promise<Reply>;
};

const route = (method: Route["method"], path: string, answer: Route["answer"]): Route => ({
  method,
  path: new RegExp(`^${path.replace(/:\w+/g, "([^/]{1,200})")}$`),
  answer,
});

export const routes: readonly Route[] = [
  route("GET", "/api/?", () => ({ status: 200, body: { version: serverVersion } })),
  route("GET", "/api/status", (house) => ({ status: 200, body: status(house) })),
  route("GET", "/api/me", () => ({
    status: 200,
    body: {
      identity: { username: "atelier", name: "Atelier", display_name: "Atelier", initials: null, avatar_url: null, color: null },
      permissions: {},
    },
  })),
  route("GET", "/api/kernelspecs", () => ({ status: 200, body: { default: "typescript", kernelspecs: { typescript: kernelSpec } } })),
  route("GET", "/api/kernelspecs/:name", (_house, _body, [name]) => {
    mustBeOurs(name);
    return { status: 200, body: kernelSpec };
  }),
  route("GET", "/kernelspecs/typescript/logo-svg.svg", () => ({ status: 200, body: logo, headers: { "content-type": "image/svg+xml" } })),
  route("GET", "/api/kernels", (house) => ({ status: 200, body: house.kernels.map(house.model) })),
  route("POST", "/api/kernels", async (house, body) => {
    mustBeOurs(body.name);
    const kernel = await house.create(body);
    return { status: 201, body: house.model(kernel), headers: { location: `/api/kernels/${kernel.id}` } };
  }),
  route("GET", "/api/kernels/:kernel", (house, _body, [id]) => ({ status: 200, body: house.model(kernelIn(house, id!)) })),
  route("DELETE", "/api/kernels/:kernel", (house, _body, [id]) => {
    kernelIn(house, id!).remove();
    return { status: 204 };
  }),
  route("POST", "/api/kernels/:kernel/interrupt", (house, _body, [id]) => {
    kernelIn(house, id!).interrupt();
    return { status: 204 };
  }),
  route("POST", "/api/kernels/:kernel/restart", async (house, _body, [id]) => {
    const kernel = kernelIn(house, id!);
    kernel.restart();
    await Promise.race([kernel.whenReady(), new Promise((resolve) => setTimeout(resolve, restartPatienceMs).unref())]);
    return { status: 200, body: house.model(kernel) };
  }),
  route("POST", "/api/kernels/:kernel/execute", (house, body, [id]) => execute(house, body, id!)),
  route("GET", "/api/kernels/:kernel/execute", (house, _body, [id]) => ({ status: 200, body: activeRequests(kernelIn(house, id!)) })),
  route("POST", "/api/kernels/:kernel/input", (house, body, [id]) => {
    if (!answerInput(kernelIn(house, id!), String(body.input ?? ""))) throw new Refused(404, "Nothing waits for input here.");
    return { status: 201, body: {} };
  }),
  route("GET", "/api/kernels/:kernel/requests/:request", (house, _body, [id, request]) => {
    const progress = progressOf(kernelIn(house, id!), request!);
    if (!progress) throw new Refused(404, "There is no such request. Results of the last 200 are kept.");
    return { status: progress.status, body: "body" in progress ? progress.body : {} };
  }),
  route("GET", "/api/kernels/:kernel/logs/:request", (house, _body, [id, request]) => {
    const log = kernelIn(house, id!).log(request!);
    if (!log) throw new Refused(404, "There is no log of this run: its output was short, or its session has ended.");
    return { status: 200, body: log, headers: { "content-type": "text/plain; charset=utf-8" } };
  }),
  route("GET", "/api/kernels/:kernel/variables", async (house, _body, [id]) => answerQuestion(await kernelIn(house, id!).variables())),
  route("GET", "/api/kernels/:kernel/variables/:name", async (house, _body, [id, name]) =>
    answerQuestion(await kernelIn(house, id!).variable(name!)),
  ),
  route("POST", "/api/language", async (house, body) => {
    if (house.owner !== null) throw new Refused(404, "Only Atelier itself asks this.");
    const { kernelId, lock, ...question } = body as Body & { kernelId?: string; lock?: string };
    const packages = typeof lock === "string" ? house.library.find(lock) : null;
    const session = kernelId ? house.find(kernelId) : null;
    return { status: 200, body: await askAbout(house.language, question as unknown as Question, session, packages) };
  }),
  route("POST", "/api/packages", (house, body) => {
    if (house.owner !== null) throw new Refused(404, "Only Atelier itself asks this.");
    return { status: 200, body: changePackages(house.library, body), headers: { "content-type": "application/x-ndjson" } };
  }),
  route("POST", "/api/kernels/:kernel/packages", async (house, body, [id]) => {
    if (house.owner !== null) throw new Refused(404, "Only Atelier itself asks this.");
    await placePackages(house.library, kernelIn(house, id!), body);
    return { status: 204 };
  }),
  route("GET", "/api/sessions", (house) => ({ status: 200, body: house.sessions.list(house.owner).map(house.sessions.model) })),
  route("POST", "/api/sessions", async (house, body) => {
    mustBeOurs((body.kernel as { name?: unknown } | undefined)?.name);
    const session = await house.sessions.create(body, house.owner, house);
    if (!session) throw new Refused(404, "There is no kernel of that id.");
    return { status: 201, body: house.sessions.model(session), headers: { location: `/api/sessions/${session.id}` } };
  }),
  route("GET", "/api/sessions/:session", (house, _body, [id]) => ({ status: 200, body: house.sessions.model(sessionIn(house, id!)) })),
  route("PATCH", "/api/sessions/:session", async (house, body, [id]) => {
    const session = await house.sessions.change(sessionIn(house, id!), body, house);
    if (!session) throw new Refused(404, "There is no kernel of that id.");
    return { status: 200, body: house.sessions.model(session) };
  }),
  route("DELETE", "/api/sessions/:session", (house, _body, [id]) => {
    house.sessions.remove(sessionIn(house, id!));
    return { status: 204 };
  }),
];

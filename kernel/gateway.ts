// The gateway's face: Jupyter's REST and WebSocket for stock clients, and the journal for the product. It trusts nobody but holders of
// the installation's secret; the web process has authenticated people before it forwards them here, and names them; their own
// kernels are then the only ones there are.

import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { openBeat } from "#kernel/devices/beat.ts";
import { type Inventory, takeInventory } from "#kernel/devices/inventory.ts";
import type { Account } from "#kernel/devices/meter.ts";
import { serveJournal } from "#kernel/journal-socket.ts";
import { adviseBy } from "#kernel/jupyter/advice.ts";
import { serveChannels } from "#kernel/jupyter/channels.ts";
import { openSessions } from "#kernel/jupyter/sessions.ts";
import { v1Protocol } from "#kernel/jupyter/wire.ts";
import { type Kernel, makeKernel } from "#kernel/kernel.ts";
import { askAboutCells } from "#kernel/language/asking.ts";
import { openLanguageService } from "#kernel/language/service.ts";
import { openLibrary } from "#kernel/packages/library.ts";
import { bringPackages } from "#kernel/packages/routes.ts";
import { type House, Refused, routes } from "#kernel/rest.ts";
import { type Policy, policyFor } from "#kernel/sandbox/policy.ts";
import { type Card, canSandbox } from "#kernel/sandbox/sandbox.ts";
import { openSpares } from "#kernel/spare.ts";
import { type Meter, sessionLimit } from "#lib/devices/contract.ts";
import { log } from "#lib/kit/log.ts";

const messageLimitBytes = 32_000_000;
const bodyLimitBytes = 8_000_000;

export type Gateway = { port: number; close: () => Promise<void> };

/** Use of a workspace; kernels that belong to none are counted to nobody. */
const isCounted = (meter: Meter): boolean => meter.workspaceId !== "";

const isEqual = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const secretOf = (request: IncomingMessage): string =>
  /^(?:Bearer|token)\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ??
  new URL(request.url ?? "/", "http://x").searchParams.get("token") ??
  "";

/** The person (in a workspace) a forwarded request acts for; null for the product itself. */
const ownerOf = (request: IncomingMessage): string | null => {
  const named = request.headers["x-atelier-owner"];
  return typeof named === "string" ? named : null;
};

const answer = (response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}): void => {
  if (body === undefined) return void response.writeHead(status, headers).end();
  if (body instanceof Readable) {
    response.once("close", () => body.destroy()); // nobody reads on
    return void body.pipe(response.writeHead(status, headers));
  }
  if (typeof body === "string") return void response.writeHead(status, headers).end(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

const readBody = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  if (request.method === "GET" || request.method === "DELETE") return {};
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > bodyLimitBytes * 8) break; // ends the connection
    if (size <= bodyLimitBytes) parts.push(part); // the rest is read past, so that the refusal is heard
  }
  if (size > bodyLimitBytes) throw new Refused(413, "The body is larger than 8 MB.");
  const value: unknown = size === 0 ? {} : JSON.parse(Buffer.concat(parts).toString("utf8"));
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
};

type Options = {
  port: number;
  secret: string;
  spares?: number;
  /** Whether it tells the product of itself, and by that becomes a machine sessions are placed on. */
  beats?: boolean;
};

/** The person a stock client's kernel is counted to, as the web process names it: `workspace:user` and the name beside it. */
const accountOf = (owner: string | null, request: IncomingMessage): Account | undefined => {
  const [workspaceId = "", userId = ""] = owner?.split(":") ?? [];
  const named = request.headers["x-atelier-person"];
  return workspaceId
    ? { workspaceId, notebookId: "", userId, person: typeof named === "string" ? decodeURIComponent(named) : "" }
    : undefined;
};

/** Opens the gateway on a local port (0 chooses one). */
export const openGateway = async (options: Options): Promise<Gateway> => {
  const kernels = new Map<string, Kernel>();
  const starting = new Map<string, Promise<Kernel>>();
  const connections = new Map<string, number>();
  const startedAt = new Date();
  const spares = openSpares(options.spares ?? 0);
  let inventory: Promise<Inventory> | null = null;
  const known = (): Promise<Inventory> => {
    inventory ??= takeInventory();
    return inventory;
  };
  let ended: Meter[] = [];
  /** Whether new sessions may come; those of notebooks are placed by the product, which knows. */
  let isOpen = true;
  const language = openLanguageService();
  const library = openLibrary();
  const advise = adviseBy((notebook, cells, ask) =>
    askAboutCells(language, notebook, cells, ask, kernels.get(notebook.split(" ")[1]!) ?? null),
  );
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageLimitBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(v1Protocol) ? v1Protocol : false),
  });

  const model = (kernel: Kernel) => kernel.model(connections.get(kernel.id) ?? 0);
  const isFor = (kernel: Kernel, owner: string | null): boolean => !kernel.isGone() && (owner === null || kernel.owner === owner);
  const find = (id: string, owner: string | null): Kernel | null => {
    const kernel = kernels.get(id);
    return kernel && isFor(kernel, owner) ? kernel : null;
  };

  const cardOf = async (id: string | undefined): Promise<Card | null> => {
    if (!id) return null;
    const { devices, libraries } = await known();
    const device = devices.find((one) => one.id === id && one.kind === "gpu");
    if (!device) throw new Refused(409, `There is no graphics card ${id.slice(0, 40)} on this machine.`);
    return { device, libraries };
  };

  const create = async (
    body: Record<string, unknown>,
    owner: string | null,
    token: string | null,
    account: Account | undefined,
  ): Promise<Kernel> => {
    const { memoryMb, limits, device, packages, ...wish } = (body.atelier ?? {}) as {
      kernelId?: string;
      token?: string;
      memoryMb?: number;
      limits?: Partial<Policy>;
      device?: string;
      account?: Account;
      packages?: unknown;
    };
    if (owner !== null && body.atelier !== undefined) throw new Refused(400, "Only Atelier itself makes kernels of notebooks.");
    if (owner !== null && !isOpen) throw new Refused(503, "This machine takes no new sessions at present. Try again later.");
    const card = await cardOf(device);
    const same = wish.kernelId ? (kernels.get(wish.kernelId) ?? (await starting.get(wish.kernelId))) : undefined;
    if (same && !same.isGone()) return same;
    if (kernels.size + starting.size >= sessionLimit)
      throw new Refused(503, `This gateway holds ${sessionLimit} sessions already. Stop one first.`);
    const asked = { ...limits, ...(memoryMb === undefined ? {} : { memoryMb }) };
    const made = makeKernel({
      spare: card ? null : spares.take(policyFor(asked)),
      card,
      ...(account ? { account } : {}),
      ...(token ? { token } : {}),
      ...(owner ? { owner } : {}),
      ...wish,
      limits: asked,
      isKept: body.atelier !== undefined,
      advise,
    });
    if (wish.kernelId) starting.set(wish.kernelId, made);
    const kernel = await made.finally(() => starting.delete(wish.kernelId ?? ""));
    kernels.set(kernel.id, kernel);
    bringPackages(library, kernel, packages);
    return kernel;
  };

  const forgetGone = (): void => {
    for (const kernel of kernels.values()) {
      if (!kernel.isGone()) continue;
      kernels.delete(kernel.id);
      ended = [...ended, ...kernel.meters()].slice(-1000);
    }
  };

  const sessions = openSessions(model);

  const house = (request: IncomingMessage): House => {
    const owner = ownerOf(request);
    const token = typeof request.headers["x-atelier-session-token"] === "string" ? request.headers["x-atelier-session-token"] : null;
    forgetGone();
    return {
      owner,
      kernels: [...kernels.values()].filter((one) => isFor(one, owner)),
      find: (id) => find(id, owner),
      create: (body) => create(body, owner, token, accountOf(owner, request)),
      sessions,
      model,
      startedAt,
      connections: [...connections.values()].reduce((sum, one) => sum + one, 0),
      language,
      library,
    };
  };

  const rest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    if (pathname === "/health") return answer(response, 200, { status: "ok", sessions: kernels.size, sandboxed: canSandbox() });
    if (!isEqual(secretOf(request), options.secret)) throw new Refused(401, "The gateway's secret is missing or wrong.");
    const matching = routes.flatMap((route) => {
      const found = route.path.exec(pathname);
      return found ? [{ route, parts: found.slice(1).map(decodeURIComponent) }] : [];
    });
    const chosen = matching.find(({ route }) => route.method === request.method);
    if (!chosen)
      throw new Refused(matching.length > 0 ? 405 : 404, `${request.method} ${pathname.slice(0, 200)} is nothing this gateway does.`);
    const body = await readBody(request);
    const made = await chosen.route.answer(house(request), body, chosen.parts);
    answer(response, made.status, made.body, made.headers);
  };

  const server = createServer((request, response) => {
    rest(request, response).catch((error: unknown) => {
      const status = error instanceof Refused ? error.status : error instanceof SyntaxError || error instanceof URIError ? 400 : 503;
      const text = error instanceof Error ? error.message : String(error);
      if (status === 503) log.warn("the gateway could not answer", { path: request.url?.split("?")[0], error: text });
      if (!response.headersSent) answer(response, status, { message: text, reason: null });
    });
  });
  server.on("connection", (socket: Socket) => socket.setNoDelay(true));

  const join = (kernel: Kernel, socket: WebSocket): void => {
    connections.set(kernel.id, (connections.get(kernel.id) ?? 0) + 1);
    socket.once("close", () => {
      const left = (connections.get(kernel.id) ?? 1) - 1;
      if (left > 0) connections.set(kernel.id, left);
      else connections.delete(kernel.id);
    });
  };

  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    const refuse = (line: string) => socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\n\r\n`);
    if (!isEqual(secretOf(request), options.secret)) return refuse("401 Unauthorized");
    const url = new URL(request.url ?? "/", "http://x");
    const [, id = "", kind = ""] = /^\/api\/kernels\/([\w%.-]+)\/(channels|journal)$/.exec(url.pathname) ?? [];
    const owner = ownerOf(request);
    const kernel = find(id, owner);
    if (!kernel || (kind === "journal" && owner !== null)) return refuse("404 Not Found");
    sockets.handleUpgrade(request, socket, head, (open) => {
      join(kernel, open);
      if (kind === "journal") serveJournal(kernel, open, Number(url.searchParams.get("after") ?? 0));
      else serveChannels(kernel, open, url.searchParams.get("session_id"));
    });
  });

  await new Promise<void>((resolve) => server.listen(options.port, "127.0.0.1", resolve));
  const beat = options.beats
    ? openBeat(known(), {
        isSandboxed: canSandbox(),
        look: () => {
          forgetGone();
          const living = [...kernels.values()];
          return {
            sessions: [...living.map((one) => one.id), ...starting.keys()],
            usedMemoryMb: living.reduce((sum, one) => sum + one.rssMb(), 0),
            meters: living.flatMap((one) => one.meters()).filter(isCounted),
            ended: ended.filter(isCounted),
          };
        },
        heard: (told) => {
          ended = ended.filter((one) => !told.includes(one));
        },
        told: ({ orphans, isOpen: mayTake }) => {
          isOpen = mayTake;
          for (const id of orphans) kernels.get(id)?.remove();
        },
      })
    : null;
  return {
    port: (server.address() as { port: number }).port,
    close: async () => {
      spares.close();
      language.close();
      library.close();
      for (const kernel of kernels.values()) kernel.remove();
      await beat?.stop();
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
};

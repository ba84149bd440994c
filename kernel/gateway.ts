// The gateway's face: Jupyter's REST and WebSocket for stock clients, and the journal for the product. It trusts nobody but holders of
// the installation's secret; the web process has authenticated people before it forwards them here.

import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { serveJournal } from "#kernel/journal-socket.ts";
import { serveChannels } from "#kernel/jupyter/channels.ts";
import { v1Protocol } from "#kernel/jupyter/wire.ts";
import { type Kernel, makeKernel } from "#kernel/kernel.ts";
import { canSandbox } from "#kernel/sandbox/sandbox.ts";

const messageLimitBytes = 32_000_000;
const bodyLimitBytes = 1_000_000;
const sessionLimit = 64;

export type Gateway = { port: number; close: () => Promise<void> };

const spec = {
  name: "typescript",
  spec: {
    argv: ["atelier"],
    env: {},
    display_name: "TypeScript (Atelier)",
    language: "typescript",
    interrupt_mode: "message",
    metadata: {},
  },
  resources: {},
};

const isEqual = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const secretOf = (request: IncomingMessage): string =>
  /^(?:Bearer|token)\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ??
  new URL(request.url ?? "/", "http://x").searchParams.get("token") ??
  "";

const answer = (response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}): void => {
  if (body === undefined) return void response.writeHead(status, headers).end();
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

const readBody = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = "";
  for await (const part of request) {
    text += String(part);
    if (text.length > bodyLimitBytes) throw new Error("The body is larger than 1 MB.");
  }
  const value: unknown = text === "" ? {} : JSON.parse(text);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
};

/** Opens the gateway on a local port (0 chooses one). */
export const openGateway = async (options: { port: number; secret: string }): Promise<Gateway> => {
  const kernels = new Map<string, Kernel>();
  const starting = new Map<string, Promise<Kernel>>();
  const connections = new Map<string, number>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageLimitBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(v1Protocol) ? v1Protocol : false),
  });

  const model = (kernel: Kernel) => kernel.model(connections.get(kernel.id) ?? 0);

  const create = async (body: Record<string, unknown>): Promise<Kernel> => {
    const wish = (body.atelier ?? {}) as { kernelId?: string; token?: string; memoryMb?: number };
    const known = wish.kernelId ? (kernels.get(wish.kernelId) ?? (await starting.get(wish.kernelId))) : undefined;
    if (known && !known.isGone()) return known;
    if (kernels.size >= sessionLimit) throw new Error(`This gateway holds ${sessionLimit} sessions already. Stop one first.`);
    const made = makeKernel({
      ...(typeof body.token === "string" ? { token: body.token } : {}),
      ...wish,
      isKept: body.atelier !== undefined,
    });
    if (wish.kernelId) starting.set(wish.kernelId, made);
    const kernel = await made.finally(() => starting.delete(wish.kernelId ?? ""));
    kernels.set(kernel.id, kernel);
    return kernel;
  };

  const rest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    const { method } = request;
    if (pathname === "/health") return answer(response, 200, { status: "ok", sessions: kernels.size, sandboxed: canSandbox() });
    if (!isEqual(secretOf(request), options.secret)) return answer(response, 401, { message: "The gateway's secret is missing or wrong." });
    if (pathname === "/api") return answer(response, 200, { version: "2.14.0" });
    if (pathname === "/api/status")
      return answer(response, 200, {
        started: new Date().toISOString(),
        last_activity: new Date().toISOString(),
        connections: 0,
        kernels: kernels.size,
      });
    if (pathname === "/api/kernelspecs") return answer(response, 200, { default: "typescript", kernelspecs: { typescript: spec } });
    if (pathname === "/api/kernelspecs/typescript") return answer(response, 200, spec);
    if (pathname === "/api/kernels" && method === "GET") return answer(response, 200, [...kernels.values()].map(model));
    if (pathname === "/api/kernels" && method === "POST") {
      const body = await readBody(request);
      if (body.name !== undefined && body.name !== "typescript")
        return answer(response, 404, { message: `There is no kernel ${String(body.name)} here. The one here is typescript.` });
      const kernel = await create(body);
      return answer(response, 201, model(kernel), { location: `/api/kernels/${kernel.id}` });
    }
    return one(request, response, pathname);
  };

  const one = (request: IncomingMessage, response: ServerResponse, pathname: string): void => {
    const [, id = "", verb = ""] = /^\/api\/kernels\/([^/]+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    const kernel = kernels.get(decodeURIComponent(id));
    if (!kernel || kernel.isGone())
      return answer(response, 404, { message: `There is no kernel ${id} here. It may have been lost with its machine.` });
    const { method } = request;
    if (method === "GET" && verb === "") return answer(response, 200, model(kernel));
    if (method === "DELETE" && verb === "") {
      kernel.remove();
      kernels.delete(kernel.id);
      return answer(response, 204);
    }
    if (method === "POST" && verb === "interrupt") {
      kernel.interrupt();
      return answer(response, 204);
    }
    if (method === "POST" && verb === "restart") {
      kernel.restart();
      return answer(response, 200, model(kernel));
    }
    answer(response, 405, { message: `${method} ${pathname} is not something a kernel does.` });
  };

  const server = createServer((request, response) => {
    rest(request, response).catch((error: unknown) =>
      answer(response, error instanceof SyntaxError ? 400 : 503, { message: error instanceof Error ? error.message : String(error) }),
    );
  });
  server.on("connection", (socket: Socket) => socket.setNoDelay(true));

  const join = (kernel: Kernel, socket: WebSocket): void => {
    connections.set(kernel.id, (connections.get(kernel.id) ?? 0) + 1);
    socket.once("close", () => connections.set(kernel.id, (connections.get(kernel.id) ?? 1) - 1));
  };

  server.on("upgrade", (request, socket, head) => {
    const url = new URL(request.url ?? "/", "http://x");
    const [, id = "", kind = ""] = /^\/api\/kernels\/([^/]+)\/(channels|journal)$/.exec(url.pathname) ?? [];
    const kernel = kernels.get(decodeURIComponent(id));
    const refuse = (line: string) => socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\n\r\n`);
    if (!isEqual(secretOf(request), options.secret)) return refuse("401 Unauthorized");
    if (!kernel || kernel.isGone()) return refuse("404 Not Found");
    sockets.handleUpgrade(request, socket, head, (open) => {
      join(kernel, open);
      if (kind === "journal") serveJournal(kernel, open, Number(url.searchParams.get("after") ?? 0));
      else serveChannels(kernel, open, url.searchParams.get("session_id"));
    });
  });

  await new Promise<void>((resolve) => server.listen(options.port, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: async () => {
      for (const kernel of kernels.values()) kernel.remove();
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
};

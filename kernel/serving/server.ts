// The HTTP face of the serving process: plain node:http, keep-alive, no Nagle. It trusts nobody without the installation's secret, and
// believes the workspace and caller that web puts beside it.
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { gunzipSync, inflateSync } from "node:zlib";
import { type Catalogue, openCatalogue } from "#kernel/serving/catalogue.ts";
import {
  type Answer,
  type Asker,
  describeModel,
  describeServer,
  findServed,
  infer,
  prove,
  repositoryIndex,
} from "#kernel/serving/inference.ts";
import { type Library, openLibrary } from "#kernel/serving/library.ts";
import { openSpool, type Spool } from "#kernel/serving/spool.ts";
import { log } from "#lib/kit/log.ts";
import { isProblem, Problem } from "#lib/kit/problem.ts";

export type Serving = { port: number; refresh: () => Promise<void>; close: () => Promise<void> };
type House = { catalogue: Catalogue; library: Library; spool: Spool };

const bodyLimitBytes = 32_000_000;
const modelPath = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer))?\/?$/;

const read = (request: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= bodyLimitBytes) parts.push(part);
      else reject(new Problem("large", "serving.large", `The request is larger than ${bodyLimitBytes / 1e6} MB. Send fewer rows at once.`));
    });
    request.once("end", () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)));
    request.once("error", reject);
  });

const unpack = (bytes: Buffer, encoding: string | undefined): Buffer => {
  if (!encoding || encoding === "identity") return bytes;
  const open = encoding === "gzip" ? gunzipSync : encoding === "deflate" ? inflateSync : null;
  try {
    if (open) return open(bytes, { maxOutputLength: bodyLimitBytes });
  } catch {}
  throw new Problem("invalid", "serving.encoding", `The body could not be unpacked as ${encoding}. Send it plain, as gzip or as deflate.`);
};

const send = (response: ServerResponse, { status, body }: Answer): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
};

const nothingHere = (): Problem => new Problem("missing", "serving.path", "Nothing answers here. The protocol is Open Inference V2.");

const answerModel = async (house: House, asker: Asker, request: IncomingMessage, match: RegExpExecArray): Promise<Answer> => {
  const [, name, version, verb] = match.map((part) => part && decodeURIComponent(part));
  if (verb === "infer") {
    if (request.method !== "POST") throw new Problem("invalid", "serving.method", "Send a prediction with POST.");
    if (request.headers["inference-header-content-length"])
      throw new Problem("invalid", "serving.binary", "Binary tensors are not taken here. Send the tensors as JSON data.");
    const body = unpack(await read(request), request.headers["content-encoding"]);
    return infer(house, asker, { name: name!, ...(version === undefined ? {} : { version }) }, body, performance.now());
  }
  const found = findServed(house.catalogue, asker, name!, version);
  if (verb !== "ready") return { status: 200, body: describeModel(found) };
  const isReady = await house.library.open(found.revision.digest).then(
    () => true,
    () => false,
  );
  return { status: isReady ? 200 : 503, body: isReady ? { name, ready: true } : { error: `Model ${name} cannot be opened now.` } };
};

const answerIndex = async (house: House, asker: Asker, request: IncomingMessage): Promise<Answer> => {
  const body = request.method === "POST" ? (await read(request)).toString("utf8") : "";
  let isReadyOnly = false;
  try {
    isReadyOnly = body.trim() !== "" && (JSON.parse(body) as { ready?: boolean } | null)?.ready === true;
  } catch {
    throw new Problem("invalid", "serving.body", "The body is not JSON.");
  }
  return { status: 200, body: repositoryIndex(house.catalogue, asker, isReadyOnly) };
};

const answer = async (house: House, request: IncomingMessage): Promise<Answer> => {
  const path = (request.url ?? "/").split("?")[0]!;
  const asker = {
    workspaceId: String(request.headers["x-atelier-workspace"] ?? ""),
    caller: String(request.headers["x-atelier-caller"] ?? ""),
  };
  const match = modelPath.exec(path);
  if (match) return answerModel(house, asker, request, match);
  if (path === "/v2" || path === "/v2/") return { status: 200, body: describeServer() };
  if (/^\/v2\/health\/live\/?$/.test(path)) return { status: 200, body: { live: true } };
  if (/^\/v2\/health\/ready\/?$/.test(path))
    return { status: house.catalogue.isReady() ? 200 : 503, body: { ready: house.catalogue.isReady() } };
  if (/^\/v2\/repository\/index\/?$/.test(path)) return answerIndex(house, asker, request);
  if (path === "/internal/reload") {
    await house.catalogue.refresh();
    return { status: 200, body: {} };
  }
  throw nothingHere();
};

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Recognises the secret without telling by its time how much of a wrong one was right. */
const guardOf = (secret: string): ((request: IncomingMessage) => boolean) => {
  const wanted = digest(secret);
  let known = ""; // hashing every request would cost more than small models do
  return ({ headers }) => {
    const shown = String(headers["x-atelier-secret"] ?? headers.authorization?.replace(/^Bearer /, "") ?? "");
    if (shown !== "" && shown === known) return true;
    const isRight = secret !== "" && timingSafeEqual(digest(shown), wanted);
    if (isRight) known = shown;
    return isRight;
  };
};

const handle = async (
  house: House,
  isOurs: (request: IncomingMessage) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (request.url === "/health")
    return send(response, {
      status: 200,
      body: { status: "ok", models: house.library.openCount(), waitingBytes: house.spool.waitingBytes() },
    });
  if (!isOurs(request)) return send(response, { status: 401, body: { error: "This process answers to the web process only." } });
  try {
    send(response, await answer(house, request));
  } catch (error) {
    if (!isProblem(error)) log.error("a request failed", { url: request.url, error });
    const status = isProblem(error) ? error.status : 500;
    if (status === 413) response.setHeader("connection", "close");
    send(response, { status, body: { error: isProblem(error) ? error.message : "Something broke on our side. It is in the log." } });
  }
};

type Options = { port: number; secret: string; webUrl: string; folder: string };

const shipTo = (webUrl: string, secret: string) => async (batch: string, records: string) => {
  const taken = await fetch(`${webUrl}/api/internal/serving/predictions?batch=${batch}`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: records,
    signal: AbortSignal.timeout(30_000),
  });
  await taken.arrayBuffer();
  if (taken.ok) return "taken" as const;
  return taken.status === 400 || taken.status === 413 ? ("never" as const) : ("later" as const);
};

/** Starts serving; the promise resolves when the port listens. */
export const openServing = async ({ port, secret, webUrl, folder }: Options): Promise<Serving> => {
  const library = openLibrary(join(folder, "models"), webUrl, secret);
  const spool = openSpool(join(folder, "spool"), shipTo(webUrl, secret));
  const catalogue = openCatalogue({ folder, url: webUrl, secret, prove: (one) => prove(library, one), warm: library.open });
  const isOurs = guardOf(secret);
  const house = { catalogue, library, spool };
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveTimeout: 60_000 },
    (request, response) => void handle(house, isOurs, request, response),
  );
  server.on("connection", (socket: Socket) => socket.setNoDelay(true));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    refresh: catalogue.refresh,
    close: async () => {
      catalogue.stop();
      server.close();
      server.closeIdleConnections();
      await spool.stop();
      server.closeAllConnections();
    },
  };
};

// Forwards HTTP and WebSocket bytes unparsed to another process of the house. Connections are kept and reused; the body is piped, so a
// large request is never held here.
import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

const agent = new Agent({ keepAlive: true, maxSockets: 256, scheduling: "lifo" });
const ofOneHop = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "trailer"]);

const passedOn = (headers: IncomingMessage["headers"], extra: OutgoingHttpHeaders): OutgoingHttpHeaders => {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (!ofOneHop.has(name) && headers[name] !== undefined) kept[name] = headers[name];
  if (headers["transfer-encoding"]) kept["transfer-encoding"] = headers["transfer-encoding"];
  return Object.assign(kept, extra);
};

/** Forwards one request; `unavailable` writes the answer when nobody is there. */
export const forward = (
  incoming: IncomingMessage,
  answer: ServerResponse,
  base: URL,
  extra: OutgoingHttpHeaders,
  unavailable: (answer: ServerResponse) => void,
  path = incoming.url,
): void => {
  const outgoing = httpRequest(
    {
      agent,
      hostname: base.hostname,
      port: base.port,
      method: incoming.method,
      path,
      headers: passedOn(incoming.headers, { host: base.host, ...extra }),
    },
    (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    },
  );
  outgoing.once("error", () => (answer.headersSent ? answer.destroy() : unavailable(answer)));
  answer.once("close", () => answer.writableFinished || outgoing.destroy());
  incoming.pipe(outgoing);
};

/** Forwards an upgrade: the request line and headers as they came with our extras, then bytes both ways. */
export const forwardUpgrade = (
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  base: URL,
  extra: Record<string, string>,
  path = incoming.url,
): void => {
  const upstream = connect({ host: base.hostname, port: Number(base.port) }, () => {
    upstream.setNoDelay(true);
    (socket as Socket).setNoDelay?.(true);
    const headers = { ...incoming.headers, host: base.host, ...extra };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(", ") : value}`);
    upstream.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    if (head.length > 0) upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  const close = () => {
    upstream.destroy();
    socket.destroy();
  };
  upstream.on("error", close);
  socket.on("error", close);
  socket.on("close", close);
};

// The ceiling for a JSON service in Node: reads a V2 request, parses it, answers a V2 response of the same shape with no model behind.
// A process of its own, so that it shares nothing with who asks.
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.once("end", () => {
    const { id, inputs } = JSON.parse(Buffer.concat(parts).toString("utf8")) as { id?: string; inputs: unknown[] };
    const text = JSON.stringify({ model_name: "echo", model_version: "1", ...(id ? { id } : {}), outputs: inputs });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  });
});
server.on("connection", (socket) => socket.setNoDelay(true));
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as { port: number }).port));
process.once("disconnect", () => process.exit());

// The serving process: loads model versions, answers Open Inference V2. It never sees the database; a native crash here hurts nobody else.
import { createServer } from "node:http";
import { env } from "#lib/kit/env.ts";

const server = createServer((request, response) => {
  const isHealth = request.url === "/health";
  response.writeHead(isHealth ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(isHealth ? { status: "ok" } : { error: "There is nothing here." }));
});
server.listen(env.servingPort, "127.0.0.1");
for (const end of ["SIGTERM", "SIGINT", "disconnect"] as const) process.once(end as "SIGTERM", () => process.exit(0));

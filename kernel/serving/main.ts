// The serving process: loads model versions, answers Open Inference V2, keeps the prediction log until web has it. It never opens the
// database; a native crash in here hurts nobody else, and the supervisor starts it again.
import { join } from "node:path";
import { openServing } from "#kernel/serving/server.ts";
import { env } from "#lib/kit/env.ts";
import { log } from "#lib/kit/log.ts";

const serving = await openServing({
  port: env.servingPort,
  secret: env.internalSecret,
  webUrl: env.webUrl,
  folder: join(env.home, "serving"),
});
log.info("serving ready", { port: serving.port });

let isEnding = false;
const end = async (): Promise<void> => {
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(0), 4000).unref();
  await serving.close().catch(() => {});
  process.exit(0);
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.once("disconnect", end);

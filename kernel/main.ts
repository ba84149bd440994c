// The kernel process: the gateway and the session processes it starts. It never opens the database; it is hostile ground.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openGateway } from "#kernel/gateway.ts";
import { env } from "#lib/kit/env.ts";
import { log } from "#lib/kit/log.ts";

rmSync(join(env.home, "sessions"), { recursive: true, force: true });
const gateway = await openGateway({ port: env.kernelPort, secret: env.internalSecret });
log.info("kernel gateway ready", { port: gateway.port });

let isEnding = false;
const end = async (): Promise<void> => {
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(0), 4000).unref();
  await gateway.close();
  process.exit(0);
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.once("disconnect", end);

// The kernel process: the gateway and the session processes it starts. It never opens the database; it is hostile ground.
import { openGateway } from "#kernel/gateway.ts";
import { makePlainTree } from "#kernel/plain.js";
import { clearWork } from "#kernel/sandbox/work.ts";
import { env } from "#lib/kit/env.ts";
import { log } from "#lib/kit/log.ts";

clearWork();
makePlainTree();
const gateway = await openGateway({ port: env.kernelPort, secret: env.internalSecret, spares: 1, beats: true });
log.info("kernel gateway ready", { port: gateway.port });

let isEnding = false;
const end = async (): Promise<void> => {
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(0), 4000).unref();
  await gateway.close();
  clearWork();
  process.exit(0);
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.once("disconnect", end);

// The worker process: reading of uploads, schedules, pipeline runs, monitors, retention. It wakes by news from the outbox and by its
// own clock; what is to be done are rows under a lease.
import { createServer } from "node:http";
import { endWithSupervisor } from "#lib/boot/children.ts";
import { jobs } from "#lib/boot/jobs.ts";
import { closeDatabase } from "#lib/db/db.ts";
import { env } from "#lib/kit/env.ts";
import { openNewsroom } from "#lib/kit/live.ts";
import { log } from "#lib/kit/log.ts";

const newsroom = await openNewsroom();
const running = await Promise.all(jobs.map((job) => job({ newsroom })));

const server = createServer(
  (_request, response) => void response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}'),
);
server.listen(env.workerPort, "127.0.0.1");
log.info("worker ready");

endWithSupervisor(async () => {
  server.close();
  for (const job of running) await job.stop();
  await newsroom.stop();
  await closeDatabase();
});

// The process of one session. The main thread belongs to the person's code; a worker thread reads orders and can stop the main thread even
// in an endless loop. Orders are executed one after another; the gateway sends the next cell only when the one before is done.
import { Worker } from "node:worker_threads";
import { consult, execute, furnish, interrupt } from "#kernel/session/evaluator.ts";
import type { Order } from "#kernel/session/messages.ts";
import { setWorkDir } from "#kernel/session/modules.ts";
import { say } from "#kernel/session/pipe.ts";
import { flush, takeStreams } from "#kernel/session/streams.ts";

const [doorPath = "", workDir = process.cwd()] = process.argv.slice(2);

/** Shared with the controller: [0] 1 while a cell runs, [1] counts interrupts the main thread has seen. */
const flags = new Int32Array(new SharedArrayBuffer(8));

// The controller's blocking read would keep an exiting process alive, so an exit is told and then made final.
process.once("exit", (code) => {
  flush();
  say(4, { type: "exit", code });
  process.kill(process.pid, "SIGKILL");
});

process.chdir(workDir);
setWorkDir(workDir);
takeStreams();
furnish({ doorPath, workDir });

const controller = new Worker(new URL("./controller.ts", import.meta.url), {
  workerData: flags,
  execArgv: ["--disable-warning=ExperimentalWarning"],
});
controller.on("message", (order: Order) => {
  if (order.type === "execute") {
    Atomics.store(flags, 0, 1);
    execute(order, () => Atomics.store(flags, 0, 0));
  } else if (order.type === "interrupt") {
    Atomics.add(flags, 1, 1);
    interrupt();
  } else if (order.type === "complete" || order.type === "inspect") consult(order);
});
controller.once("online", () => say(4, { type: "ready" }));

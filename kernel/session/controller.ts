// The controller thread: reads orders and passes them on. An interrupt is first a message (enough for a cell that waits); when the main
// thread does not react because it is busy, its script is terminated through the inspector, again and again for a second.
import { createReadStream } from "node:fs";
import { Session } from "node:inspector";
import { createInterface } from "node:readline";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { Order } from "#kernel/session/messages.ts";

const { flags, answers } = workerData as { flags: Int32Array; answers: MessagePort };
const inspector = new Session();
inspector.connectToMainThread();

const stop = (): void => {
  const seen = Atomics.load(flags, 1);
  parentPort!.postMessage({ type: "interrupt" } satisfies Order);
  let attempts = 0;
  const again = (): void => {
    if (Atomics.load(flags, 1) !== seen || attempts++ > 20) return;
    inspector.post("Runtime.terminateExecution", () => {});
    setTimeout(again, 50);
  };
  setTimeout(again, 30);
};

const lines = createInterface({ input: createReadStream("", { fd: 3 }), crlfDelay: Number.POSITIVE_INFINITY });
lines.on("line", (line) => {
  const order = JSON.parse(line) as Order;
  if (order.type === "interrupt") return stop();
  if (order.type === "input") {
    answers.postMessage({ value: order.value });
    Atomics.add(flags, 2, 1);
    Atomics.notify(flags, 2);
  }
  parentPort!.postMessage(order);
});
lines.once("close", () => process.kill(process.pid, "SIGKILL"));

// The process of one session. The main thread belongs to the person's code; a worker thread reads orders and can stop the main thread even
// in an endless loop. Orders are executed one after another; the gateway sends the next cell only when the one before is done.
//
// The worker is started before anything else is loaded: it comes up while this thread reads its modules.
import { MessageChannel, Worker } from "node:worker_threads";
import type { Order } from "#kernel/session/messages.ts";

const [doorPath = "", workDir = process.cwd(), card = "", packagesDir = ""] = process.argv.slice(2);

/** Shared with the controller: [0] 1 while a cell runs, [1] counts interrupts the main thread has seen, [2] counts answers to questions. */
const flags = new Int32Array(new SharedArrayBuffer(12));
const { port1: questions, port2: answers } = new MessageChannel();
const controller = new Worker(new URL("./controller.ts", import.meta.url), {
  workerData: { flags, answers },
  transferList: [answers],
  execArgv: ["--disable-warning=ExperimentalWarning"],
});
const isOnline = new Promise<void>((resolve) => controller.once("online", resolve));

const [
  { receiveComm },
  { consult },
  { execute, interrupt, tell, warmUp },
  { furnish },
  { connectInput, takeAnswer },
  { setWorkDir },
  { installed, setPackagesDir },
  { say },
  { flush, takeStreams },
  { inspectVariable, listVariables },
] = await Promise.all([
  import("#kernel/session/comms.ts"),
  import("#kernel/session/consult.ts"),
  import("#kernel/session/evaluator.ts"),
  import("#kernel/session/furniture.ts"),
  import("#kernel/session/input.ts"),
  import("#kernel/session/modules.ts"),
  import("#kernel/session/packages.ts"),
  import("#kernel/session/pipe.ts"),
  import("#kernel/session/streams.ts"),
  import("#kernel/session/variables.ts"),
]);

// The controller's blocking read would keep an exiting process alive, so an exit is told and then made final.
process.once("exit", (code) => {
  flush();
  say(4, { type: "exit", code });
  process.kill(process.pid, "SIGKILL");
});

/** Questions about the scope, answered between two turns of the person's code. */
const answer = (order: Extract<Order, { type: "complete" | "inspect" | "variables" | "variable" }>): void => {
  const put = (content: Record<string, unknown>): void => tell({ type: "reply", id: order.id, content });
  if (order.type === "variables") return put({ variables: listVariables() });
  if (order.type !== "variable") return put(consult(order));
  const shown = inspectVariable(order.name);
  if (shown instanceof Promise) void shown.then((one) => put({ found: true, ...one }));
  else put(shown ? { found: true, ...shown } : { found: false });
};

process.chdir(workDir);
setWorkDir(workDir);
setPackagesDir(packagesDir);
takeStreams();
furnish({ doorPath, workDir, card: card ? JSON.parse(card) : null, installed });
connectInput({ port: questions, flags, tell });

controller.on("message", (order: Order) => {
  if (order.type === "execute") {
    Atomics.store(flags, 0, 1);
    execute(order, () => Atomics.store(flags, 0, 0));
  } else if (order.type === "interrupt") {
    Atomics.add(flags, 1, 1);
    interrupt();
  } else if (order.type === "input") takeAnswer();
  else if (order.type === "comm") receiveComm(order.id, order.note);
  else answer(order);
});
await isOnline;
say(4, { type: "ready" });
setImmediate(warmUp);

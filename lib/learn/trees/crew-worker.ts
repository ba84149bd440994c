// A worker thread of a crew: sets up its columns, then waits for commands until it is told to stop.
import { parentPort, workerData } from "node:worker_threads";
import { commands, openBench, type Shared } from "#lib/learn/trees/bench.ts";
import { obey } from "#lib/learn/trees/crew.ts";

const { shared, block, thread, threads } = workerData as { shared: Shared; block: number[]; thread: number; threads: number };
const { control } = shared;

try {
  const bench = openBench(shared, block, thread, threads);
  parentPort!.postMessage("ready");
  for (let seen = 0; ; ) {
    if (Atomics.load(control, 0) === seen) Atomics.wait(control, 0, seen);
    if (Atomics.load(control, 0) === seen) continue;
    seen += 1;
    if (control[2] === commands.stop) break;
    obey(bench, control);
    Atomics.add(control, 1, 1);
    Atomics.notify(control, 1);
  }
} catch (error) {
  Atomics.store(control, 5, 1);
  Atomics.notify(control, 1);
  throw error;
}

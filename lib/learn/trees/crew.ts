// Threads that grow one tree together over shared memory. The main thread is the first of them; the others wait on a counter (Atomics) and
// run the command it announces. A crew of one is the same code without workers: small tables, or a machine with one core.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { answerWidth, type Bench, commands, joinParts, openBench, type Shared, sortWidth } from "#lib/learn/trees/bench.ts";
import type { Binned } from "#lib/learn/trees/bins.ts";
import { openMemory } from "#lib/learn/trees/counting.ts";
import type { Loss } from "#lib/learn/trees/losses.ts";
import type { SplitOptions } from "#lib/learn/trees/splits.ts";

export type Crew = {
  shared: Shared;
  threads: number;
  isFast: boolean;
  /** Derivatives of all rows, packed. */
  derive: (k: number) => void;
  search: (asks: number) => void;
  sort: (asks: number) => void;
  /** Adds the values of leaves to the scores of output k. */
  add: (leaves: number, k: number) => void;
  /** Ends the workers; a crew is closed once, whatever happened. */
  close: () => void;
};

/** Cells (rows × columns) from which a second thread pays. */
const worthThreads = 300_000;

const sharedDoubles = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * 8));
const sharedWholes = (length: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(length * 4));
const sharedBytes = (from: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(new SharedArrayBuffer(from.length));
  bytes.set(from);
  return bytes;
};

/** Columns of each thread: contiguous and of about equal number. */
const blocksOf = (features: number, threads: number): number[][] =>
  Array.from({ length: threads }, (_, t) => {
    const from = Math.floor((features * t) / threads);
    return Array.from({ length: Math.floor((features * (t + 1)) / threads) - from }, (_unused, k) => from + k);
  });

export type CrewOptions = {
  data: Binned;
  y: Float64Array;
  weights: Float64Array;
  loss: Loss;
  how: SplitOptions;
  monotone: Int8Array;
  nodeLimit: number;
  /** 0 chooses by the size of the table. */
  threads: number;
  /** Count in TypeScript even where WebAssembly could. */
  isPlain?: boolean;
};

const shareAll = (options: CrewOptions, threads: number): Shared => {
  const { data, y, weights, loss, how, monotone, nodeLimit } = options;
  const { rows, features } = data;
  const own = (values: Float64Array): Float64Array => {
    const all = sharedDoubles(values.length);
    all.set(values);
    return all;
  };
  // 8 million rows take 160 MB of it
  const scores = sharedDoubles(rows * loss.width);
  const pages = Math.ceil((rows * 20) / 65_536) + 1;
  const memory = options.isPlain ? null : openMemory({ initial: pages, maximum: pages, shared: true });
  const signs = new Int8Array(new SharedArrayBuffer(features));
  signs.set(monotone);
  return {
    bins: data.bins,
    counts: Int32Array.from(data.counts),
    isLevels: data.isLevels,
    monotone: signs,
    allowed: sharedBytes(new Uint8Array(features).fill(1)),
    rows,
    y: own(y),
    weights: own(weights),
    scores,
    pending: loss.width === 1 ? scores : sharedDoubles(rows * loss.width),
    memory,
    derivatives: memory ? new Float64Array(memory.buffer, 0, rows * 2) : sharedDoubles(rows * 2),
    order: memory ? new Uint32Array(memory.buffer, rows * 16, rows) : sharedWholes(rows),
    spare: sharedWholes(rows),
    asks: sharedDoubles(nodeLimit * sortWidth),
    answers: Array.from({ length: threads }, () => sharedDoubles(nodeLimit * answerWidth)),
    lefts: sharedWholes(nodeLimit * threads),
    most: sharedDoubles(threads),
    control: new Int32Array(new SharedArrayBuffer(6 * 4)),
    packing: sharedDoubles(2),
    loss,
    how,
    nodeLimit,
  };
};

/** What a thread does on a command. */
export const obey = (bench: Bench, control: Int32Array): void => {
  const [, , command, what, also] = control as unknown as [number, number, number, number, number];
  if (command === commands.search) bench.search(what);
  else if (command === commands.sort) bench.sort(what);
  else if (command === commands.add) bench.add(what, also);
  else if (command === commands.derive) bench.derive(what);
  else if (command === commands.pack) bench.pack();
};

/** A worker that has set up its columns; rejects when it cannot start, e.g. where threads are not allowed. */
const startWorker = (data: { shared: Shared; block: number[]; thread: number; threads: number }): Promise<Worker> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./crew-worker.ts", import.meta.url), {
      workerData: data,
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    worker.once("message", () => {
      worker.unref();
      resolve(worker);
    });
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("A thread ended before it began.")));
  });

/** One row and the greatest hessian of all rows must fit into 2^52, and their sums too. */
const choosePacking = ({ most, rows, packing }: Shared): void => {
  const rowBits = Math.ceil(Math.log2(rows + 1));
  const steps = 2 ** (52 - 2 * rowBits);
  const greatest = Math.max(...most);
  packing[0] = 2 ** (52 - rowBits);
  packing[1] = greatest > 0 ? greatest / steps : 1;
};

const waitMs = 20_000;
const patience = 3;

/**
 * Waits until all workers have reported on the command at hand. The event loop stands still meanwhile, so a worker cannot tell of its death
 * by an event: it raises control[5], and one that says nothing at all for a minute is given up.
 */
const awaitWorkers = (control: Int32Array, workers: number): void => {
  let silent = 0;
  for (let done = Atomics.load(control, 1); done < workers; done = Atomics.load(control, 1)) {
    silent = Atomics.wait(control, 1, done, waitMs) === "timed-out" ? silent + 1 : 0;
    if (Atomics.load(control, 5) > 0 || silent >= patience)
      throw new Error("A thread of the fit stopped. Fit again with threads: 1, or on a machine with more memory.");
  }
};

/**
 * Starts the threads and answers when all are ready: from then on the main thread may block, which a starting worker would not survive.
 * Where no thread can be started, the crew is one.
 */
export const openCrew = async (options: CrewOptions): Promise<Crew> => {
  const { features, rows } = options.data;
  const wanted = options.threads || (rows * features < worthThreads ? 1 : Math.min(8, availableParallelism()));
  const threads = Math.max(1, Math.min(wanted, features));
  const shared = shareAll(options, threads);
  const { control } = shared;
  const blocks = blocksOf(features, threads);
  const starting = blocks.slice(1).map((block, w) => startWorker({ shared, block, thread: w + 1, threads }));
  const started = await Promise.allSettled(starting);
  const workers = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (workers.length < threads - 1) {
    for (const worker of workers) void worker.terminate();
    return openCrew({ ...options, threads: 1 });
  }
  const bench = openBench(shared, blocks[0]!, 0, threads);
  const run = (command: number, what: number, also = 0): void => {
    control[2] = command;
    control[3] = what;
    control[4] = also;
    Atomics.store(control, 1, 0);
    Atomics.add(control, 0, 1);
    Atomics.notify(control, 0);
    obey(bench, control);
    awaitWorkers(control, threads - 1);
  };
  return {
    shared,
    threads,
    isFast: bench.isFast,
    derive: (k) => {
      run(commands.derive, k);
      choosePacking(shared);
      run(commands.pack, 0);
    },
    search: (asks) => run(commands.search, asks),
    sort: (asks) => {
      run(commands.sort, asks);
      for (let a = 0; a < asks; a++) joinParts(shared, a, threads);
    },
    add: (leaves, k) => run(commands.add, leaves, k),
    close: () => {
      control[2] = commands.stop;
      Atomics.add(control, 0, 1);
      Atomics.notify(control, 0);
      for (const worker of workers) void worker.terminate();
    },
  };
};

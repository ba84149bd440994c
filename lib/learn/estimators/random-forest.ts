// Random forests and single decision trees for classes and numbers (Breiman 2001). Trees are grown whole on threads; a tree's randomness
// comes from its own seed, so the forest is the same on any number of threads.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { breathe, checked, type Estimator, type Head, type Problem } from "#lib/learn/estimators/estimator.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { binMatrix, spansOf } from "#lib/learn/trees/bins.ts";
import { type Ensemble, flatten, gainShares, meanOf, treeScores, writeTrees } from "#lib/learn/trees/ensemble.ts";
import { bootstrap, type ForestData, type ForestSettings, growForestTree } from "#lib/learn/trees/forest-grower.ts";

type Plan = { trees: number; how: ForestSettings; isBootstrapped: boolean; seed: number; threads: number; bins: number };

/** Work (rows × trees) from which threads pay. */
const worthThreads = 200_000;

const shareDoubles = (values: Float64Array): Float64Array => {
  const all = new Float64Array(new SharedArrayBuffer(values.length * 8));
  all.set(values);
  return all;
};

const targetsOf = ({ goal, x }: Problem): { targets: Float64Array; width: number } => {
  if (goal.task === "none") throw new Error("A forest learns a target.");
  if (goal.task !== "classes") return { targets: shareDoubles(goal.y), width: 1 };
  const width = goal.levels.length;
  const targets = new Float64Array(x.rows * width);
  for (let i = 0; i < x.rows; i++) targets[i * width + goal.y[i]!] = 1;
  return { targets: shareDoubles(targets), width };
};

const seedsOf = ({ seed, trees }: Plan): number[] => {
  const random = mulberry32(seed);
  return Array.from({ length: trees }, () => Math.floor(random() * 2 ** 32));
};

/** Hands seeds to workers one at a time; a worker that fails ends the fit. */
const growOnThreads = async (
  problem: Problem,
  all: ForestData,
  weights: Float64Array,
  plan: Plan,
  threads: number,
): Promise<Ensemble[]> => {
  const seeds = seedsOf(plan);
  const trees: Ensemble[] = [];
  let [next, done] = [0, 0];
  const { how, isBootstrapped } = plan;
  const workers = Array.from(
    { length: threads },
    () =>
      new Worker(new URL("../trees/forest-worker.ts", import.meta.url), {
        workerData: { all, weights, how, isBootstrapped },
        execArgv: ["--disable-warning=ExperimentalWarning"],
      }),
  );
  const one = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let at = 0;
      const send = (): void => {
        if (problem.signal?.aborted) return reject(new Error("Fitting was stopped."));
        if (next >= seeds.length) return resolve();
        at = next++;
        worker.postMessage(seeds[at]);
      };
      worker.on("error", reject);
      worker.on("message", (tree: Ensemble) => {
        trees[at] = tree;
        done += 1;
        problem.tell(done / seeds.length, `tree ${done} of ${seeds.length}`);
        send();
      });
      send();
    });
  try {
    await Promise.all(workers.map(one));
  } finally {
    for (const worker of workers) void worker.terminate();
  }
  return trees;
};

const growHere = async (problem: Problem, all: ForestData, weights: Float64Array, plan: Plan): Promise<Ensemble[]> => {
  const trees: Ensemble[] = [];
  for (const seed of seedsOf(plan)) {
    const random = mulberry32(seed);
    trees.push(flatten([growForestTree(all, plan.isBootstrapped ? bootstrap(weights, random) : weights, plan.how, random)], all.width, []));
    problem.tell(trees.length / plan.trees, `tree ${trees.length} of ${plan.trees}`);
    await breathe(problem.signal);
  }
  return trees;
};

const fitForest = async (problem: Problem, plan: Plan): Promise<Head> => {
  const { x, features, weights } = problem;
  const data = binMatrix(x, features, plan.bins);
  const all: ForestData = { data, spans: spansOf(x, data), ...targetsOf(problem) };
  const wanted = plan.threads || (x.rows * plan.trees < worthThreads ? 1 : Math.min(8, availableParallelism()));
  const threads = Math.min(wanted, plan.trees);
  const trees =
    threads > 1 ? await growOnThreads(problem, all, shareDoubles(weights), plan, threads) : await growHere(problem, all, weights, plan);
  const forest = meanOf(trees, all.width);
  const isNumber = problem.goal.task === "number";
  return {
    width: all.width,
    // shares of a hundred trees may add up to a hair more than 1
    scores: (rows) => (isNumber ? treeScores(forest, rows) : treeScores(forest, rows).map((one) => Math.min(1, one))),
    write: (builder, from) => {
      const sum = writeTrees(builder, from, forest, isNumber);
      return isNumber ? sum : builder.node("Min", [sum, builder.constant([1], [1, 1])]);
    },
    importance: gainShares(forest, x.width),
    more: { trees: forest },
  };
};

export type ForestOptions = {
  trees?: number;
  depth?: number;
  /** Rows a leaf has at least, whatever their weights. */
  minLeaf?: number;
  /** Columns a node looks at: a number, or 0 for the square root of all (classes) or all (numbers), as scikit-learn does. */
  columns?: number;
  bins?: number;
  seed?: number;
  /** Threads; 0 takes as many as the work pays for. */
  threads?: number;
  preprocess?: Preprocess;
};

const common = { bins: [254, 2, 254], seed: [0, 0, 2 ** 32 - 1] } as { bins: [number, number, number]; seed: [number, number, number] };

/**
 * A random forest: the mean of deep trees on bootstrapped rows and random columns.
 * @example
 * const model = await randomForest({ trees: 200 }).fit(train, { target: "isFraud", positive: 1 });
 */
export const randomForest = (options: ForestOptions = {}): Estimator => {
  const { preprocess, ...given } = options;
  const settings = checked(
    "randomForest",
    { trees: [100, 1, 10_000], depth: [64, 1, 64], minLeaf: [1, 1, 1e9], columns: [0, 0, 100_000], threads: [0, 0, 64], ...common },
    given,
  );
  const { threads, ...params } = settings;
  return estimatorOf({
    kind: "random forest",
    params,
    learns: ["binary", "classes", "number"],
    appetite: "trees",
    seed: settings.seed,
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => {
      const all = problem.x.width;
      const columns = settings.columns || (problem.goal.task === "number" ? all : Math.max(1, Math.floor(Math.sqrt(all))));
      const how = { depth: settings.depth, minLeaf: settings.minLeaf, columns: Math.min(all, columns) };
      return fitForest(problem, { trees: settings.trees, how, isBootstrapped: true, seed: settings.seed, threads, bins: settings.bins });
    },
  });
};

/**
 * One decision tree on all rows and columns.
 * @example
 * const model = await decisionTree({ depth: 2 }).fit(train, { target: "isFraud", positive: 1 });
 */
export const decisionTree = (options: Omit<ForestOptions, "trees" | "columns" | "threads"> = {}): Estimator => {
  const { preprocess, ...given } = options;
  const settings = checked("decisionTree", { depth: [8, 1, 64], minLeaf: [1, 1, 1e9], ...common }, given);
  return estimatorOf({
    kind: "decision tree",
    params: settings,
    learns: ["binary", "classes", "number"],
    appetite: "trees",
    seed: settings.seed,
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => {
      const how = { depth: settings.depth, minLeaf: settings.minLeaf, columns: problem.x.width };
      return fitForest(problem, { trees: 1, how, isBootstrapped: false, seed: settings.seed, threads: 1, bins: settings.bins });
    },
  });
};

// Gradient-boosted trees: Newton boosting on histograms, for two classes, more classes, numbers, quantiles and counts, with early
// stopping on validation rows, exported as one ONNX TreeEnsemble behind the encoding of the raw columns. The same seed and rows give the
// same trees, bit by bit, on any number of threads.
import { breathe, type Estimator, type Head, type Problem, sigmoid, softmax } from "#lib/learn/estimators/estimator.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { leafWidth } from "#lib/learn/trees/bench.ts";
import { binMatrix } from "#lib/learn/trees/bins.ts";
import { type Crew, openCrew } from "#lib/learn/trees/crew.ts";
import { addTrees, type Ensemble, flatten, gainShares, type Tree, treeScores, writeTrees } from "#lib/learn/trees/ensemble.ts";
import { type Grown, growTree, sumsOf } from "#lib/learn/trees/grower.ts";
import { type Loss, meanLoss, startScores, weightedQuantile } from "#lib/learn/trees/losses.ts";

export type BoostOptions = {
  trees?: number;
  depth?: number;
  /** Learning rate: the share of each tree's answer that is kept. */
  rate?: number;
  /** Bins a column, 2 to 254. */
  bins?: number;
  /** Rows a leaf has at least. */
  minLeaf?: number;
  /** L2 penalty of leaf values. */
  lambda?: number;
  /** Share of the rows each tree sees, drawn without replacement. */
  rowShare?: number;
  /** Share of the columns each tree sees. */
  columnShare?: number;
  seed?: number;
  /** Stop when the validation metric (area under the curve for two classes, else the loss) has not improved for this many rounds, and keep the best. Needs `validation`. */
  earlyStopping?: number;
  /** Threads; 0 takes as many as the size of the table pays for. The trees do not depend on it. */
  threads?: number;
  /** For numbers: "squares", "poisson" for counts, or the quantile to predict, e.g. 0.9. */
  loss?: "squares" | "poisson" | number;
  /** Columns in which the prediction may only rise ("rising") or fall ("falling"). */
  monotone?: Record<string, "rising" | "falling">;
  preprocess?: Preprocess;
};

type Settings = Required<Omit<BoostOptions, "loss" | "monotone" | "preprocess">>;
const defaults: Settings = {
  trees: 200,
  depth: 5,
  rate: 0.1,
  bins: 128,
  minLeaf: 20,
  lambda: 1,
  rowShare: 1,
  columnShare: 1,
  seed: 0,
  earlyStopping: 0,
  threads: 0,
};

const ranges: Record<keyof Settings, [number, number]> = {
  trees: [1, 100_000],
  depth: [1, 16],
  rate: [1e-6, 10],
  bins: [2, 254],
  minLeaf: [1, Number.MAX_SAFE_INTEGER],
  lambda: [0, Number.MAX_VALUE],
  rowShare: [1e-6, 1],
  columnShare: [1e-6, 1],
  seed: [0, 2 ** 32 - 1],
  earlyStopping: [0, 100_000],
  threads: [0, 64],
};

const settingsOf = (options: Partial<Settings>): Settings => {
  const settings = { ...defaults, ...options };
  for (const [name, value] of Object.entries(settings)) {
    const range = ranges[name as keyof Settings];
    if (!range)
      throw new Error(`boostedTrees has no option ${name}. It has: ${Object.keys(ranges).join(", ")}, loss, monotone, preprocess.`);
    if (!(value >= range[0] && value <= range[1])) throw new Error(`${name}: ${value} is outside ${range[0]} to ${range[1]}.`);
  }
  return settings;
};

const kind = "boosted trees";
const rowLimit = 8_000_000;

const lossOf = ({ goal }: Problem, asked: NonNullable<BoostOptions["loss"]>): Loss => {
  if (goal.task === "binary") return { name: "logistic", level: 0, width: 1 };
  if (goal.task === "classes") return { name: "softmax", level: 0, width: goal.levels.length };
  if (typeof asked === "number") return { name: "quantile", level: asked, width: 1 };
  if (asked === "poisson" && goal.task === "number") {
    const odd = goal.y.findIndex((one) => one < 0);
    if (odd >= 0) throw new Error(`The target is ${goal.y[odd]} in a row, and counts are not negative. Take the loss "squares".`);
  }
  return { name: asked, level: 0, width: 1 };
};

const signsOf = ({ features, goal }: Problem, monotone: Record<string, "rising" | "falling">): Int8Array => {
  const unknown = Object.keys(monotone).find((name) => !features.some((feature) => feature.column === name && feature.kind === "number"));
  if (unknown) throw new Error(`monotone names ${unknown}, which is no column of numbers here.`);
  if (goal.task === "classes" && Object.keys(monotone).length > 0)
    throw new Error("Several classes cannot all rise with a column. Leave monotone out.");
  return Int8Array.from(features, ({ column }) => (monotone[column] === "rising" ? 1 : monotone[column] === "falling" ? -1 : 0));
};

/** Draws rows or columns of one tree, in ascending order. */
const draw = (n: number, share: number, random: () => number): Uint32Array =>
  share >= 1
    ? Uint32Array.from({ length: n }, (_, i) => i)
    : shuffled(n, random)
        .subarray(0, Math.max(1, Math.round(n * share)))
        .sort();

/** A leaf of a quantile loss is worth the quantile of what is left to explain in it, which no gradient says. */
const renewLeaves = ({ shared }: Crew, grown: Grown, loss: Loss): void => {
  for (const { node, from, to } of grown.leaves) {
    const rows = shared.order.subarray(from, to);
    const residuals = Float64Array.from(rows, (row) => shared.y[row]! - shared.scores[row]!);
    grown.tree[node]!.value = [
      weightedQuantile(
        residuals,
        Float64Array.from(rows, (row) => shared.weights[row]!),
        loss.level,
      ),
    ];
  }
};

/** Shrinks leaves by the rate, rounds them to float32, and adds them to output k of the tree's own rows. */
const addLeaves = (crew: Crew, grown: Grown, rate: number, k: number): void => {
  for (const [a, { node, from, to }] of grown.leaves.entries()) {
    const value = Math.fround(grown.tree[node]!.value[0]! * rate);
    grown.tree[node]!.value = [value];
    crew.shared.asks.set([from, to, value], a * leafWidth);
  }
  crew.add(grown.leaves.length, k);
};

/** Adds a tree to the rows it did not grow on. */
const addToOthers = ({ x }: Problem, crew: Crew, tree: Tree, sample: Uint32Array, k: number, width: number): void => {
  if (sample.length === x.rows) return;
  const isIn = new Uint8Array(x.rows);
  for (const row of sample) isIn[row] = 1;
  const others = Uint32Array.from({ length: x.rows - sample.length });
  let next = 0;
  for (let i = 0; i < x.rows; i++) if (!isIn[i]) others[next++] = i;
  const rest = { rows: others.length, width: x.width, data: new Float32Array(others.length * x.width) };
  for (const [at, row] of others.entries()) rest.data.set(x.data.subarray(row * x.width, (row + 1) * x.width), at * x.width);
  const said = new Float64Array(others.length);
  addTrees(flatten([tree], 1, [0], [0]), rest, said);
  for (const [at, row] of others.entries()) crew.shared.scores[row * width + k]! += said[at]!;
};

/** Validation scores as trees are added: the metric after each round, greater is better, and how it is told. */
const watcher = ({ validation }: Problem, loss: Loss, base: readonly number[]) => {
  if (!validation || validation.goal.task === "none") return null;
  const { x, weights, goal } = validation;
  const scores = Float64Array.from({ length: x.rows * loss.width }, (_, at) => base[at % loss.width]!);
  return (round: readonly Tree[]): { better: number; told: number } => {
    addTrees(flatten(round, loss.width, base, [...round.keys()]), x, scores);
    if (goal.task === "binary") {
      const auc = rocAuc(goal.y, scores);
      return { better: auc, told: auc };
    }
    const lost = meanLoss(loss, { y: goal.y, weights, scores });
    return { better: -lost, told: lost };
  };
};

/** One tree an output, all from the scores before the round. */
const growRound = (crew: Crew, edges: readonly Float64Array[], sample: Uint32Array, settings: Settings, loss: Loss): Tree[] => {
  const { shared } = crew;
  const { width } = loss;
  if (width > 1) shared.pending.fill(0);
  const trees = Array.from({ length: width }, (_, k) => {
    crew.derive(k);
    shared.order.set(sample);
    const grown = growTree(crew, edges, sumsOf(crew, sample), settings);
    if (loss.name === "quantile") renewLeaves(crew, grown, loss);
    addLeaves(crew, grown, settings.rate, k);
    return grown.tree;
  });
  if (width > 1) for (let at = 0; at < shared.scores.length; at++) shared.scores[at]! += shared.pending[at]!;
  return trees;
};

const growAll = async (
  problem: Problem,
  settings: Settings,
  loss: Loss,
  crew: Crew,
  edges: readonly Float64Array[],
  base: readonly number[],
) => {
  const { x, tell, signal } = problem;
  const { shared } = crew;
  const { width } = loss;
  const random = mulberry32(settings.seed);
  const watch = watcher(problem, loss, base);
  for (let at = 0; at < shared.scores.length; at++) shared.scores[at] = base[at % width]!;
  const trees: Tree[] = [];
  let best = { better: Number.NEGATIVE_INFINITY, round: 0 };
  let sample = draw(x.rows, 1, random);
  for (let round = 1; round <= settings.trees; round++) {
    if (settings.rowShare < 1) sample = draw(x.rows, settings.rowShare, random);
    if (settings.columnShare < 1) {
      shared.allowed.fill(0);
      for (const f of draw(x.width, settings.columnShare, random)) shared.allowed[f] = 1;
    }
    const own = growRound(crew, edges, sample, settings, loss);
    for (const [k, tree] of own.entries()) addToOthers(problem, crew, tree, sample, k, width);
    trees.push(...own);
    const metric = watch?.(own);
    if (metric && metric.better > best.better) best = { better: metric.better, round };
    tell(round / settings.trees, `tree ${round} of ${settings.trees}`, metric?.told);
    await breathe(signal);
    if (metric && settings.earlyStopping > 0 && round - best.round >= settings.earlyStopping) break;
  }
  return watch && settings.earlyStopping > 0 ? trees.slice(0, best.round * width) : trees;
};

/** The head of boosted trees: the trees' sum through the loss's link. */
const headOf = (trees: Ensemble, loss: Loss, features: number): Head => {
  const { name, width } = loss;
  return {
    width,
    scores: (x) => {
      const scores = treeScores(trees, x);
      if (name === "logistic") return scores.map(sigmoid);
      if (name === "poisson") return scores.map(Math.exp);
      return name === "softmax" ? softmax(scores, width) : scores;
    },
    write: (builder, x) => {
      const scores = writeTrees(builder, x, trees, name === "squares" || name === "quantile");
      if (name === "logistic") return builder.node("Sigmoid", [scores]);
      if (name === "poisson") return builder.node("Exp", [scores]);
      return name === "softmax" ? builder.node("Softmax", [scores], { axis: 1 }) : scores;
    },
    importance: gainShares(trees, features),
    more: { trees, params: { trees: trees.roots.length / width } },
  };
};

const fitBoosted = async (problem: Problem, settings: Settings, options: BoostOptions): Promise<Head> => {
  const { x, goal, weights, features, validation } = problem;
  if (goal.task === "none") throw new Error("Boosted trees learn a target.");
  if (x.rows > rowLimit) throw new Error(`${x.rows} rows are more than ${rowLimit}. Take a sample.`);
  if (settings.earlyStopping > 0 && !validation) throw new Error("earlyStopping needs validation rows. Give fit a validation table.");
  const loss = lossOf(problem, options.loss ?? "squares");
  const monotone = signsOf(problem, options.monotone ?? {});
  const data = binMatrix(x, features, settings.bins);
  const how = { lambda: settings.lambda, minLeaf: settings.minLeaf, minGain: 1e-9 };
  const nodeLimit = Math.min(2 ** settings.depth, 2 * Math.ceil(x.rows / settings.minLeaf) + 2);
  const crew = await openCrew({ data, y: goal.y, weights, loss, how, monotone, nodeLimit, threads: settings.threads });
  try {
    const base = startScores(loss, { y: goal.y, weights }).map(Math.fround);
    const trees = await growAll(problem, settings, loss, crew, data.edges, base);
    return headOf(
      flatten(
        trees,
        loss.width,
        base,
        [...trees.keys()].map((t) => t % loss.width),
      ),
      loss,
      x.width,
    );
  } finally {
    crew.close();
  }
};

/**
 * Gradient-boosted trees. Missing numbers are their own branch; a category is split by the order of its levels, or as
 * a set of them with `preprocess: { place: levelCodes() }`.
 * @example
 * const model = await boostedTrees({ trees: 300, depth: 4, rate: 0.05 }).fit(train, { target: "Class", positive: "bad", validation: test });
 */
export const boostedTrees = (options: BoostOptions = {}): Estimator => {
  const { loss = "squares", monotone: _, preprocess, ...given } = options;
  const settings = settingsOf(given);
  if (typeof loss === "number" && !(loss > 0 && loss < 1)) throw new Error(`loss: ${loss} is no quantile. Give a number between 0 and 1.`);
  const { earlyStopping, threads, ...params } = settings;
  return estimatorOf({
    kind,
    params: { ...params, ...(options.loss === undefined ? {} : { loss }) },
    learns: ["binary", "classes", "number"],
    appetite: "trees",
    seed: settings.seed,
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => fitBoosted(problem, settings, options),
  });
};

// Isolation forest (Liu, Ting, Zhou 2008): rows that random cuts separate early are odd. The score is 2^(−E[path]/c(m)), near 1 for odd
// rows and below ½ for ordinary ones; c(m) is the mean path of an unsuccessful search among m rows. Missing numbers go right.
import { breathe, checked, type Estimator, type Head, type Problem } from "#lib/learn/estimators/estimator.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { flatten, leafNode, type Tree, treeScores, writeTrees } from "#lib/learn/trees/ensemble.ts";

/** Mean path length of an unsuccessful search in a binary tree of n rows. */
const meanPath = (n: number): number => (n <= 1 ? 0 : n === 2 ? 1 : 2 * (Math.log(n - 1) + 0.577_215_664_901_532_9) - (2 * (n - 1)) / n);

const rangeOf = (x: Matrix, rows: readonly number[], f: number): [number, number] => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    const value = x.data[row * x.width + f]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
};

/** A random cut of a column that has more than one value in these rows, or null. */
const drawCut = (x: Matrix, rows: readonly number[], random: () => number): { f: number; threshold: number } | null => {
  for (const f of shuffled(x.width, random)) {
    const [low, high] = rangeOf(x, rows, f);
    if (!(high > low)) continue;
    const threshold = Math.fround(low + random() * (high - low));
    return { f, threshold: threshold >= high ? low : threshold };
  }
  return null;
};

const growIsolation = (x: Matrix, sample: readonly number[], limit: number, random: () => number): Tree => {
  const tree: Tree = [leafNode([0], sample.length)];
  const stack = [{ node: 0, rows: sample, depth: 0 }];
  for (let open = stack.pop(); open; open = stack.pop()) {
    const { node, rows, depth } = open;
    const cut = depth < limit && rows.length > 1 ? drawCut(x, rows, random) : null;
    if (!cut) {
      tree[node] = leafNode([depth + meanPath(rows.length)], rows.length);
      continue;
    }
    const goesLeft = (row: number): boolean => x.data[row * x.width + cut.f]! <= cut.threshold;
    const [left, right] = [tree.push(leafNode([0], 0)) - 1, tree.push(leafNode([0], 0)) - 1];
    tree[node] = { ...leafNode([0], rows.length), feature: cut.f, threshold: cut.threshold, left, right, gain: 1 };
    stack.push(
      { node: left, rows: rows.filter(goesLeft), depth: depth + 1 },
      { node: right, rows: rows.filter((row) => !goesLeft(row)), depth: depth + 1 },
    );
  }
  return tree;
};

const fitIsolation = async ({ x, tell, signal }: Problem, settings: { trees: number; sample: number; seed: number }): Promise<Head> => {
  const { trees: count, seed } = settings;
  const size = Math.min(settings.sample, x.rows);
  const random = mulberry32(seed);
  const trees: Tree[] = [];
  for (let t = 0; t < count; t++) {
    const sample = [...shuffled(x.rows, random).subarray(0, size)];
    // exponents add up: each tree's path is divided by trees × c(sample) here
    const scale = -Math.LN2 / (count * Math.max(meanPath(size), 1e-12));
    trees.push(
      growIsolation(x, sample, Math.ceil(Math.log2(Math.max(2, size))), random).map((node) => ({
        ...node,
        value: node.value.map((path) => path * scale),
      })),
    );
    tell((t + 1) / count, `tree ${t + 1} of ${count}`);
    await breathe(signal);
  }
  const forest = flatten(trees, 1, [0]);
  return {
    width: 1,
    scores: (rows) => treeScores(forest, rows).map(Math.exp),
    write: (builder, from) => builder.node("Exp", [writeTrees(builder, from, forest)]),
    more: { trees: forest },
  };
};

/**
 * Anomaly scores without a target.
 * @example
 * const model = await isolationForest().fit(transactions);
 * const odd = model.predict(transactions).map((score) => (score > 0.6 ? 1 : 0));
 */
export const isolationForest = (options: { trees?: number; sample?: number; seed?: number; preprocess?: Preprocess } = {}): Estimator => {
  const { preprocess, ...given } = options;
  const settings = checked("isolationForest", { trees: [100, 1, 10_000], sample: [256, 2, 1e6], seed: [0, 0, 2 ** 32 - 1] }, given);
  return estimatorOf({
    kind: "isolation forest",
    params: settings,
    learns: [],
    without: "anomaly",
    appetite: "scaled",
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => fitIsolation(problem, settings),
  });
};

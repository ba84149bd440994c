// k-means on standardised columns: seeds drawn by squared distance, the best of a few candidates each (greedy k-means++, Arthur and
// Vassilvitskii 2007), then Lloyd's rounds; the best of several starts. A cluster that loses all its rows restarts at the row farthest
// from its centre.
import { breathe, checked, type Estimator, type Head, type Problem } from "#lib/learn/estimators/estimator.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { mulberry32 } from "#lib/learn/random.ts";

const squareTo = (x: Matrix, i: number, centres: Float64Array, c: number): number => {
  let sum = 0;
  for (let j = 0; j < x.width; j++) sum += (x.data[i * x.width + j]! - centres[c * x.width + j]!) ** 2;
  return sum;
};

const rowOf = (x: Matrix, i: number): Float64Array => Float64Array.from(x.data.subarray(i * x.width, (i + 1) * x.width));

/** Draws a row with chance in proportion to its weight. */
const drawRow = (weights: Float64Array, random: () => number): number => {
  const total = weights.reduce((sum, one) => sum + one, 0);
  let left = random() * total;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!;
    if (left < 0) return i;
  }
  return Math.floor(random() * weights.length);
};

const seedCentres = (x: Matrix, sample: Float64Array, k: number, random: () => number): Float64Array => {
  const centres = new Float64Array(k * x.width);
  centres.set(rowOf(x, drawRow(sample, random)));
  let closest: Float64Array = Float64Array.from({ length: x.rows }, (_, i) => squareTo(x, i, centres, 0));
  const candidates = 2 + Math.floor(Math.log(k));
  for (let c = 1; c < k; c++) {
    let best: { sum: number; closest: Float64Array; row: number } | null = null;
    for (let t = 0; t < candidates; t++) {
      const row = drawRow(
        closest.map((one, i) => one * sample[i]!),
        random,
      );
      centres.set(rowOf(x, row), c * x.width);
      const next = closest.map((one, i) => Math.min(one, squareTo(x, i, centres, c)));
      const sum = next.reduce((all, one, i) => all + one * sample[i]!, 0);
      if (!best || sum < best.sum) best = { sum, closest: next, row };
    }
    centres.set(rowOf(x, best!.row), c * x.width);
    closest = best!.closest;
  }
  return centres;
};

const assign = (x: Matrix, sample: Float64Array, centres: Float64Array, k: number, labels: Int32Array) => {
  let inertia = 0;
  let farthest = { row: 0, square: -1 };
  for (let i = 0; i < x.rows; i++) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < k; c++) {
      const square = squareTo(x, i, centres, c);
      if (square < least) {
        least = square;
        best = c;
      }
    }
    labels[i] = best;
    inertia += least * sample[i]!;
    if (least > farthest.square) farthest = { row: i, square: least };
  }
  return { inertia, farthest: farthest.row };
};

/** Moves centres to the means of their rows; answers how far the farthest went, squared. */
const moveCentres = (x: Matrix, sample: Float64Array, centres: Float64Array, k: number, labels: Int32Array, farthest: number): number => {
  const sums = new Float64Array(k * x.width);
  const counts = new Float64Array(k);
  for (let i = 0; i < x.rows; i++) {
    const c = labels[i]!;
    counts[c]! += sample[i]!;
    for (let j = 0; j < x.width; j++) sums[c * x.width + j]! += sample[i]! * x.data[i * x.width + j]!;
  }
  let most = 0;
  for (let c = 0; c < k; c++) {
    const next = counts[c]! > 0 ? sums.subarray(c * x.width, (c + 1) * x.width).map((one) => one / counts[c]!) : rowOf(x, farthest);
    let square = 0;
    for (let j = 0; j < x.width; j++) square += (next[j]! - centres[c * x.width + j]!) ** 2;
    centres.set(next, c * x.width);
    most = Math.max(most, square);
  }
  return most;
};

const fitClusters = async (problem: Problem, settings: { k: number; starts: number; rounds: number; seed: number }): Promise<Head> => {
  const { x, weights, tell, signal } = problem;
  const { k, starts, rounds, seed } = settings;
  if (k > x.rows) throw new Error(`${k} clusters of ${x.rows} rows cannot be made. Give fewer clusters.`);
  const random = mulberry32(seed);
  let best: { inertia: number; centres: Float64Array } | null = null;
  for (let start = 0; start < starts; start++) {
    const centres = seedCentres(x, weights, k, random);
    const labels = new Int32Array(x.rows);
    let inertia = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const now = assign(x, weights, centres, k, labels);
      const moved = moveCentres(x, weights, centres, k, labels, now.farthest);
      inertia = now.inertia;
      await breathe(signal);
      if (moved < 1e-12) break;
    }
    tell((start + 1) / starts, `start ${start + 1} of ${starts}`, inertia);
    if (!best || inertia < best.inertia) best = { inertia, centres };
  }
  const centres = best!.centres.map(Math.fround);
  return {
    width: k,
    scores: (rows) =>
      Float64Array.from({ length: rows.rows * k }, (_, at) => Math.sqrt(squareTo(rows, Math.floor(at / k), centres, at % k))),
    write: (builder, matrix) => {
      const wide = builder.node("Unsqueeze", [matrix, builder.integers([1])]);
      const off = builder.node("Sub", [wide, builder.constant(centres, [1, k, x.width])]);
      return builder.node("Sqrt", [builder.node("ReduceSum", [builder.node("Mul", [off, off]), builder.integers([2])], { keepdims: 0 })]);
    },
    more: { centres, inertia: best!.inertia },
  };
};

/**
 * k-means clusters. `predict` answers the number of the nearest cluster, the model also the distance to each.
 * @example
 * const model = await clusters({ k: 4 }).fit(customers);
 */
export const clusters = (
  options: { k?: number; starts?: number; rounds?: number; seed?: number; preprocess?: Preprocess } = {},
): Estimator => {
  const { preprocess, ...given } = options;
  const settings = checked(
    "clusters",
    { k: [8, 1, 1000], starts: [4, 1, 100], rounds: [100, 1, 10_000], seed: [0, 0, 2 ** 32 - 1] },
    given,
  );
  return estimatorOf({
    kind: "k-means",
    params: settings,
    learns: [],
    without: "clusters",
    appetite: "scaled",
    leastRows: 1,
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => fitClusters(problem, settings),
  });
};

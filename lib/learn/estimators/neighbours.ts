// k nearest neighbours by Euclidean distance on standardised columns, exact. The training rows travel inside the model.
//
// Distances are counted in float64 and rounded to float32, in the graph as here; what is closer than float64 can tell apart is distance 0,
// and ties go to the earlier training row. Otherwise two equal training rows could change places between training and serving.
import { checked, type Estimator, type Head, type Problem } from "#lib/learn/estimators/estimator.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import { type Builder, castTo } from "#lib/learn/onnx/builder.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";

const rowLimit = 50_000;
const cellLimit = 10_000_000;
const blur = 1e-12;

type Memory = { x: Matrix; lengths: Float64Array; targets: Float64Array; width: number; k: number; isByDistance: boolean };

const lengthsOf = (x: Matrix): Float64Array =>
  Float64Array.from({ length: x.rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < x.width; j++) sum += x.data[i * x.width + j]! ** 2;
    return sum;
  });

/** Products of one row with all that are kept, four at a time: four sums that need not wait for each other, each in its own order. */
const multiply = (x: Matrix, row: Float64Array, products: Float64Array): void => {
  const { data, width, rows } = x;
  let t = 0;
  for (; t + 3 < rows; t += 4) {
    const [first, second, third, fourth] = [t * width, (t + 1) * width, (t + 2) * width, (t + 3) * width];
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let j = 0; j < width; j++) {
      const one = row[j]!;
      a += one * data[first + j]!;
      b += one * data[second + j]!;
      c += one * data[third + j]!;
      d += one * data[fourth + j]!;
    }
    products[t] = a;
    products[t + 1] = b;
    products[t + 2] = c;
    products[t + 3] = d;
  }
  for (; t < rows; t++) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += row[j]! * data[t * width + j]!;
    products[t] = sum;
  }
};

/** Places and distances of the k nearest, nearest first: a heap of one row's best, kept as a sorted list because k is small. */
const nearest = (memory: Memory, products: Float64Array, own: number): { places: number[]; distances: number[] } => {
  const { x, lengths, k } = memory;
  const places: number[] = [];
  const distances: number[] = [];
  for (let t = 0; t < x.rows; t++) {
    const scale = own + lengths[t]!;
    const square = scale - 2 * products[t]!;
    const distance = square < blur * (scale + 1) ? 0 : Math.fround(Math.sqrt(square));
    if (distances.length === k && distance >= distances[k - 1]!) continue;
    let at = Math.min(distances.length, k - 1);
    while (at > 0 && distances[at - 1]! > distance) {
      distances[at] = distances[at - 1]!;
      places[at] = places[at - 1]!;
      at -= 1;
    }
    distances[at] = distance;
    places[at] = t;
  }
  return { places, distances };
};

const answer = (memory: Memory, rows: Matrix): Float64Array => {
  const { targets, width, isByDistance } = memory;
  const out = new Float64Array(rows.rows * width);
  const own = lengthsOf(rows);
  const row = new Float64Array(rows.width);
  const products = new Float64Array(memory.x.rows);
  for (let i = 0; i < rows.rows; i++) {
    row.set(rows.data.subarray(i * rows.width, (i + 1) * rows.width));
    multiply(memory.x, row, products);
    const { places, distances } = nearest(memory, products, own[i]!);
    const weights = distances.map((one) => (isByDistance ? 1 / Math.max(one, 1e-6) : 1));
    const total = weights.reduce((sum, one) => sum + one, 0);
    for (const [s, place] of places.entries())
      for (let c = 0; c < width; c++) out[i * width + c]! += (weights[s]! / total) * targets[place * width + c]!;
  }
  return out;
};

const writeNearest = (builder: Builder, matrix: string, memory: Memory): { places: string; distances: string } => {
  const { x, lengths, k } = memory;
  const rows = builder.node("Cast", [matrix], { to: castTo.double });
  const own = builder.node("ReduceSum", [builder.node("Mul", [rows, rows]), builder.integers([1])], { keepdims: 1 });
  const stored = builder.node("Cast", [builder.constant(x.data, [x.rows, x.width])], { to: castTo.double });
  const scale = builder.node("Add", [own, builder.doubles(lengths, [1, x.rows])]);
  const product = builder.node("MatMul", [rows, builder.node("Transpose", [stored], { perm: { ints: [1, 0] } })]);
  const square = builder.node("Sub", [scale, builder.node("Mul", [product, builder.doubles([2], [1, 1])])]);
  const bound = builder.node("Mul", [builder.node("Add", [scale, builder.doubles([1], [1, 1])]), builder.doubles([blur], [1, 1])]);
  const clean = builder.node("Where", [builder.node("Less", [square, bound]), builder.doubles([0], [1, 1]), square]);
  const distance = builder.node("Cast", [builder.node("Sqrt", [clean])], { to: castTo.float });
  const distances = builder.node("TopK", [distance, builder.integers([k])], { axis: 1, largest: 0, sorted: 1 }, { more: ["places"] });
  return { distances, places: `${distances}_places` };
};

const writeAnswer = (builder: Builder, matrix: string, memory: Memory): string => {
  const { targets, width, x, isByDistance, k } = memory;
  const { places, distances } = writeNearest(builder, matrix, memory);
  const found = builder.node("Gather", [builder.constant(targets, [x.rows, width]), places], { axis: 0 });
  if (!isByDistance) {
    const sum = builder.node("ReduceSum", [found, builder.integers([1])], { keepdims: 0 });
    return builder.node("Div", [sum, builder.constant([k], [1, 1])]);
  }
  const one = builder.constant([1], [1, 1]);
  const weights = builder.node("Div", [one, builder.node("Max", [distances, builder.constant([1e-6], [1, 1])])]);
  const total = builder.node("ReduceSum", [weights, builder.integers([1])], { keepdims: 1 });
  const shares = builder.node("Reshape", [builder.node("Div", [weights, total]), builder.integers([-1, k, 1])]);
  return builder.node("ReduceSum", [builder.node("Mul", [found, shares]), builder.integers([1])], { keepdims: 0 });
};

/** Targets of the training rows: the number itself, the 0/1 label, or one column a class. */
const targetsOf = (problem: Problem): { targets: Float64Array; width: number } => {
  const { goal, x } = problem;
  if (goal.task === "none") throw new Error("Neighbours learn a target.");
  if (goal.task !== "classes") return { targets: goal.y, width: 1 };
  const width = goal.levels.length;
  const targets = new Float64Array(x.rows * width);
  for (let i = 0; i < x.rows; i++) targets[i * width + goal.y[i]!] = 1;
  return { targets, width };
};

const fitNeighbours = (problem: Problem, k: number, isByDistance: boolean): Head => {
  const { x, tell } = problem;
  if (x.rows > rowLimit || x.data.length > cellLimit)
    throw new Error(
      `Neighbours keep every training row, and ${x.rows} rows of ${x.width} columns are too many. Take a sample, or another estimator.`,
    );
  const memory: Memory = { x, lengths: lengthsOf(x), k: Math.min(k, x.rows), isByDistance, ...targetsOf(problem) };
  tell(1, `${x.rows} rows kept`);
  return {
    width: memory.width,
    scores: (rows) => answer(memory, rows),
    write: (builder, matrix) => writeAnswer(builder, matrix, memory),
  };
};

/**
 * The k nearest training rows vote, or their mean is taken; with `by: "distance"` the nearer count more.
 * @example
 * const model = await neighbours({ k: 15 }).fit(train, { target: "Status", positive: "bad" });
 */
export const neighbours = (options: { k?: number; by?: "votes" | "distance"; preprocess?: Preprocess } = {}): Estimator => {
  const { preprocess, by = "votes", ...given } = options;
  const { k } = checked("neighbours", { k: [5, 1, 1000] }, given);
  return estimatorOf({
    kind: "nearest neighbours",
    params: { k, by },
    learns: ["binary", "classes", "number"],
    appetite: "scaled",
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => fitNeighbours(problem, k, by === "distance"),
  });
};

// Linear regression: least squares, with an L2 penalty when it is ridge. Minimises Σ w·(y − Xβ − b)² + l2·‖β‖², the intercept free, as
// scikit-learn's Ridge at alpha = l2. With more columns than rows, or columns that add up to each other, plain least squares takes the
// solution of least norm; the smaller of the two systems (columns or rows) is solved.
import { solveSingular, solveSpd } from "#lib/learn/algebra/dense.ts";
import { checked, type Estimator, type Head, type Problem } from "#lib/learn/estimators/estimator.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import { type Builder, castTo } from "#lib/learn/onnx/builder.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";

/** X·W + b for `width` outputs; W is [d, width] row-major. */
export const affine = (x: Matrix, weights: Float64Array, bias: Float64Array): Float64Array => {
  const [d, width] = [x.width, bias.length];
  const out = new Float64Array(x.rows * width);
  for (let i = 0; i < x.rows; i++) {
    for (let k = 0; k < width; k++) out[i * width + k] = bias[k]!;
    for (let j = 0; j < d; j++) {
      const value = x.data[i * d + j]!;
      if (value !== 0) for (let k = 0; k < width; k++) out[i * width + k]! += value * weights[j * width + k]!;
    }
  }
  return out;
};

/** The same in float64, for answers that are not squeezed by a link: sums of large terms keep their digits. */
export const writeExactAffine = (builder: Builder, x: string, weights: Float64Array, bias: Float64Array): string => {
  const wide = builder.node("Cast", [x], { to: castTo.double });
  const product = builder.node("MatMul", [wide, builder.doubles(weights, [weights.length / bias.length, bias.length])]);
  return builder.node("Cast", [builder.node("Add", [product, builder.doubles(bias, [1, bias.length])])], { to: castTo.float });
};

/** The same as nodes. */
export const writeAffine = (builder: Builder, x: string, weights: Float64Array, bias: Float64Array): string => {
  const product = builder.node("MatMul", [x, builder.constant(weights, [weights.length / bias.length, bias.length])]);
  return builder.node("Add", [product, builder.constant(bias, [1, bias.length])]);
};

/** Absolute weights as shares; the matrix is standardised, so they compare. */
export const weightShares = (weights: Float64Array, width = 1): Float64Array => {
  const sums = Float64Array.from({ length: weights.length / width }, (_, j) =>
    weights.subarray(j * width, (j + 1) * width).reduce((sum, one) => sum + Math.abs(one), 0),
  );
  const total = sums.reduce((sum, one) => sum + one, 0) || 1;
  return sums.map((one) => one / total);
};

const weightedMeans = (x: Matrix, weights: Float64Array): Float64Array => {
  const means = new Float64Array(x.width);
  let total = 0;
  for (let i = 0; i < x.rows; i++) {
    total += weights[i]!;
    for (let j = 0; j < x.width; j++) means[j]! += weights[i]! * x.data[i * x.width + j]!;
  }
  return means.map((sum) => sum / total);
};

type System = { a: Float64Array; b: Float64Array; centred: Float64Array };

/** Rows centred and weighted by √w. */
const centre = ({ x, weights }: Problem, y: Float64Array, means: Float64Array, centreY: number) => {
  const d = x.width;
  const centred = new Float64Array(x.rows * d);
  const target = new Float64Array(x.rows);
  for (let i = 0; i < x.rows; i++) {
    const root = Math.sqrt(weights[i]!);
    for (let j = 0; j < d; j++) centred[i * d + j] = root * (x.data[i * d + j]! - means[j]!);
    target[i] = root * (y[i]! - centreY);
  }
  return { centred, target };
};

const overColumns = (centred: Float64Array, target: Float64Array, n: number, d: number): System => {
  const a = new Float64Array(d * d);
  const b = new Float64Array(d);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++) {
      const value = centred[i * d + j]!;
      if (value === 0) continue;
      b[j]! += value * target[i]!;
      for (let k = 0; k <= j; k++) a[j * d + k]! += value * centred[i * d + k]!;
    }
  for (let j = 0; j < d; j++) for (let k = 0; k < j; k++) a[k * d + j] = a[j * d + k]!;
  return { a, b, centred };
};

const overRows = (centred: Float64Array, target: Float64Array, n: number, d: number): System => {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k <= i; k++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += centred[i * d + j]! * centred[k * d + j]!;
      a[i * n + k] = sum;
      a[k * n + i] = sum;
    }
  return { a, b: target, centred };
};

const solve = (problem: Problem, y: Float64Array, l2: number): { weights: Float64Array; bias: number } => {
  const { x, weights } = problem;
  const [n, d] = [x.rows, x.width];
  const means = weightedMeans(x, weights);
  const total = weights.reduce((sum, one) => sum + one, 0);
  const centreY = y.reduce((sum, one, i) => sum + one * weights[i]!, 0) / total;
  const { centred, target } = centre(problem, y, means, centreY);
  const isByRow = d > n;
  const size = isByRow ? n : d;
  const { a, b } = isByRow ? overRows(centred, target, n, d) : overColumns(centred, target, n, d);
  for (let j = 0; j < size; j++) a[j * size + j]! += l2;
  const solved = l2 > 0 ? solveSpd(a, b, size) : solveSingular(a, b, size);
  const beta = isByRow ? new Float64Array(d) : solved;
  if (isByRow) for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) beta[j]! += solved[i]! * centred[i * d + j]!;
  return { weights: beta, bias: centreY - beta.reduce((sum, one, j) => sum + one * means[j]!, 0) };
};

const fitLinear = (problem: Problem, l2: number): Head => {
  const { goal } = problem;
  if (goal.task === "none") throw new Error("Linear regression learns a target.");
  const { weights, bias } = solve(problem, goal.y, l2);
  if (!Number.isFinite(bias) || weights.some((one) => !Number.isFinite(one)))
    throw new Error("The fit ran away to infinity. Look for huge values in the target or the columns, or take ridge.");
  const intercept = Float64Array.of(bias);
  problem.tell(1, "solved");
  return {
    width: 1,
    scores: (x) => affine(x, weights, intercept),
    write: (builder, x) => writeExactAffine(builder, x, weights, intercept),
    importance: weightShares(weights),
    more: { weights, bias },
  };
};

/**
 * Ordinary least squares for a number; of many solutions the one of least norm.
 * @example
 * const model = await linearRegression().fit(train, { target: "price" });
 */
export const linearRegression = (options: { preprocess?: Preprocess } = {}): Estimator =>
  estimatorOf({
    kind: "linear regression",
    params: {},
    learns: ["number"],
    appetite: "scaled",
    ...options,
    fit: (problem) => fitLinear(problem, 0),
  });

/** Least squares with the penalty l2·‖β‖² on standardised columns. */
export const ridge = (options: { l2?: number; preprocess?: Preprocess } = {}): Estimator => {
  const { preprocess, ...given } = options;
  const settings = checked("ridge", { l2: [1, 0, Number.MAX_VALUE] }, given);
  return estimatorOf({
    kind: "ridge regression",
    params: settings,
    learns: ["number"],
    appetite: "scaled",
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => fitLinear(problem, Math.max(settings.l2, 1e-12)),
  });
};

// Logistic regression with an L2 penalty, by Newton's method (iteratively reweighted least squares) on one-hot and standardised columns.
// Minimises Σ log-loss + (l2/2)·‖w‖², the intercept free, which is scikit-learn's objective at C = 1/l2.
import { breathe, type Estimator, type FitOptions, type Fitted, inputNames, sigmoid } from "#lib/learn/estimators/estimator.ts";
import { encodeLinear, fitLinear, type LinearEncoding, signatureOf, writeLinear } from "#lib/learn/estimators/features.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { openBuilder } from "#lib/learn/onnx/builder.ts";
import { type Columns, labelsOf, rowCount } from "#lib/learn/tables/table.ts";

/** Solves A·x = b for a symmetric positive definite A (row-major, d × d) by Cholesky; A is overwritten. */
export const solveSpd = (a: Float64Array, b: Float64Array, d: number): Float64Array => {
  for (let j = 0; j < d; j++) {
    let diagonal = a[j * d + j]!;
    for (let k = 0; k < j; k++) diagonal -= a[j * d + k]! ** 2;
    const root = Math.sqrt(Math.max(diagonal, 1e-12));
    a[j * d + j] = root;
    for (let i = j + 1; i < d; i++) {
      let sum = a[i * d + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * d + k]! * a[j * d + k]!;
      a[i * d + j] = sum / root;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i * d + k]! * x[k]!;
    x[i]! /= a[i * d + i]!;
  }
  for (let i = d - 1; i >= 0; i--) {
    for (let k = i + 1; k < d; k++) x[i]! -= a[k * d + i]! * x[k]!;
    x[i]! /= a[i * d + i]!;
  }
  return x;
};

const scores = (matrix: Float64Array, weights: Float64Array, n: number, d: number): Float64Array => {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = weights[d]!;
    for (let j = 0; j < d; j++) sum += matrix[i * d + j]! * weights[j]!;
    out[i] = sum;
  }
  return out;
};

/** One Newton step: gradient and Hessian of the penalised loss at `weights` (d features, then the intercept). */
const newtonStep = (matrix: Float64Array, labels: Uint8Array, weights: Float64Array, n: number, d: number, l2: number): Float64Array => {
  const size = d + 1;
  const hessian = new Float64Array(size * size);
  const gradient = new Float64Array(size);
  const z = scores(matrix, weights, n, d);
  const active = new Int32Array(size);
  for (let i = 0; i < n; i++) {
    const p = sigmoid(z[i]!);
    const error = p - labels[i]!;
    const weight = Math.max(p * (1 - p), 1e-9);
    let count = 0;
    for (let j = 0; j < d; j++) if (matrix[i * d + j] !== 0) active[count++] = j;
    for (let s = 0; s < count; s++) {
      const j = active[s]!;
      const x = matrix[i * d + j]!;
      gradient[j]! += error * x;
      const scaled = weight * x;
      for (let t = 0; t <= s; t++) hessian[j * size + active[t]!]! += scaled * matrix[i * d + active[t]!]!;
      hessian[d * size + j]! += scaled;
    }
    gradient[d]! += error;
    hessian[d * size + d]! += weight;
  }
  for (let j = 0; j < d; j++) {
    gradient[j]! += l2 * weights[j]!;
    hessian[j * size + j]! += l2;
  }
  return solveSpd(hessian, gradient, size);
};

const fitted = (
  table: Columns,
  names: string[],
  encoding: LinearEncoding,
  weights: Float64Array,
  params: Record<string, number>,
  validationAuc: number | null,
): Fitted => {
  const signature = signatureOf(table, names);
  const d = encoding.width;
  return {
    kind: "logistic regression",
    params,
    signature,
    validationAuc,
    predict: (rows) => scores(encodeLinear(rows, encoding), weights, rowCount(rows), d).map(sigmoid),
    toOnnx: () => {
      const builder = openBuilder("logistic_regression");
      for (const one of signature.inputs) builder.input(one.name, one.datatype, ["N", 1]);
      const matrix = writeLinear(builder, encoding);
      const product = builder.node("MatMul", [matrix, builder.constant(weights.subarray(0, d), [d, 1])]);
      builder.node("Sigmoid", [builder.node("Add", [product, builder.constant([weights[d]!], [1, 1])])], {}, { output: "probability" });
      builder.output("probability", "FP32", ["N", 1]);
      return builder.bytes("logistic regression");
    },
  };
};

/** The penalised loss that Newton's method lowers; a step that would raise it is halved. */
const penalised = (problem: Problem, weights: Float64Array): number => {
  const { matrix, labels, n, d, l2 } = problem;
  const z = scores(matrix, weights, n, d);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.max(z[i]!, 0) - labels[i]! * z[i]! + Math.log1p(Math.exp(-Math.abs(z[i]!)));
  for (let j = 0; j < d; j++) sum += (l2 / 2) * weights[j]! ** 2;
  return sum;
};

type Problem = { matrix: Float64Array; labels: Uint8Array; n: number; d: number; l2: number };

/** Moves `weights` one Newton step, halved until the loss does not rise; answers the largest move. */
const moveNewton = (problem: Problem, weights: Float64Array): number => {
  const { matrix, labels, n, d, l2 } = problem;
  const step = newtonStep(matrix, labels, weights, n, d, l2);
  const before = penalised(problem, weights);
  if (!Number.isFinite(before) || step.some((one) => !Number.isFinite(one)))
    throw new Error("The fit ran away to infinity. Look for infinite or huge values in the columns, or raise l2.");
  for (let size = 1; size > 1e-6; size /= 2) {
    const next = weights.map((one, j) => one - size * step[j]!);
    if (penalised(problem, next) > before + 1e-9 * Math.abs(before)) continue;
    weights.set(next);
    return size * step.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  }
  return 0;
};

/** Validation AUC of some weights; undefined without validation rows. */
const watcher = ({ validation, target, positive }: FitOptions, encoding: LinearEncoding) => {
  if (!validation) return () => undefined;
  const labels = labelsOf(validation, target, positive);
  const matrix = encodeLinear(validation, encoding);
  return (weights: Float64Array): number => rocAuc(labels, scores(matrix, weights, labels.length, encoding.width));
};

/**
 * Logistic regression for a two-level target. Missing numbers become the training median, missing or unseen levels no level at all; a
 * category's 100 most frequent levels count.
 * @example
 * const model = await logisticRegression({ l2: 1 }).fit(train, { target: "Class", positive: "bad" });
 * const p = model.predict(test); // Float64Array of probabilities
 */
export const logisticRegression = (options: { l2?: number; maxIterations?: number } = {}): Estimator => {
  const { l2 = 1, maxIterations = 25 } = options;
  if (!(l2 >= 0)) throw new Error(`l2: ${l2} is not a penalty. Give 0 or more.`);
  const params = { l2, maxIterations };
  const fit = async (table: Columns, how: FitOptions): Promise<Fitted> => {
    const names = inputNames(table, how.target);
    const labels = labelsOf(table, how.target, how.positive);
    const encoding = fitLinear(table, names);
    const n = labels.length;
    const d = encoding.width;
    // the levels of a category add up to the intercept, so a penalty of exactly 0 would leave the weights undetermined
    const problem: Problem = { matrix: encodeLinear(table, encoding), labels, n, d, l2: Math.max(l2, 1e-6) };
    const watch = watcher(how, encoding);
    const weights = new Float64Array(d + 1);
    const rate = labels.reduce((sum, one) => sum + one, 0) / n;
    weights[d] = Math.log(rate / (1 - rate));
    let auc: number | undefined;
    for (let iteration = 1; iteration <= maxIterations; iteration++) {
      const largest = moveNewton(problem, weights);
      const isDone = largest < 1e-6;
      auc = watch(weights);
      how.onProgress?.(isDone ? 1 : iteration / maxIterations, `iteration ${iteration}, largest step ${largest.toExponential(1)}`, auc);
      await breathe(how.signal);
      if (isDone) break;
    }
    return fitted(table, names, encoding, weights, params, auc ?? null);
  };
  return { kind: "logistic regression", params, fit };
};

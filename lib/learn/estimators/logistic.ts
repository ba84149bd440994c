// Logistic regression for two or more classes with L2, L1 or both penalties. Minimises Σ w·log-loss + (l2/2)·‖β‖² + l1·‖β‖₁, intercepts
// free: scikit-learn's objective at C = 1/(l1 + l2), l1_ratio = l1/(l1 + l2).
//
// Newton's method, one class at a time as glmnet does it (Friedman, Hastie, Tibshirani 2010): a quadratic model of the loss in the class's
// own weights is solved by Cholesky, or by coordinate descent with soft thresholds when there is an L1 penalty; a step that would raise
// the penalised loss is halved.
import { solveSpd } from "#lib/learn/algebra/dense.ts";
import { breathe, checked, type Estimator, type Head, type Problem, sigmoid, softmax } from "#lib/learn/estimators/estimator.ts";
import { affine, weightShares, writeAffine } from "#lib/learn/estimators/linear.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";

export type LogisticOptions = {
  l2?: number;
  l1?: number;
  maxIterations?: number;
  /** Quantile bins that stand beside each number, so that its effect may bend; 0 for none. */
  bins?: number;
  preprocess?: Preprocess;
};

type State = {
  x: Matrix;
  y: Float64Array;
  sample: Float64Array;
  /** Number of weight vectors: 1 for two classes told apart by "positive", else one a class. */
  blocks: number;
  /** Row-major [d + 1, blocks], the intercepts last. */
  beta: Float64Array;
  l1: number;
  l2: number;
};

const logits = (state: State, beta: Float64Array): Float64Array => {
  const { x, blocks } = state;
  return affine(x, beta, beta.subarray(x.width * blocks));
};

const objective = (state: State, beta: Float64Array): number => {
  const { y, sample, blocks, l1, l2, x } = state;
  const z = logits(state, beta);
  let sum = 0;
  for (let i = 0; i < x.rows; i++) {
    if (blocks === 1) sum += sample[i]! * (Math.max(z[i]!, 0) - y[i]! * z[i]! + Math.log1p(Math.exp(-Math.abs(z[i]!))));
    else {
      const row = z.subarray(i * blocks, (i + 1) * blocks);
      const most = Math.max(...row);
      sum += sample[i]! * (most + Math.log(row.reduce((all, one) => all + Math.exp(one - most), 0)) - row[y[i]!]!);
    }
  }
  for (let j = 0; j < x.width * blocks; j++) sum += (l2 / 2) * beta[j]! ** 2 + l1 * Math.abs(beta[j]!);
  return sum;
};

/** Gradient and Hessian of the smooth part of the loss in the weights of one class. */
const quadratic = (state: State, p: Float64Array, block: number) => {
  const { x, y, sample, blocks, beta, l2 } = state;
  const d = x.width;
  const size = d + 1;
  const hessian = new Float64Array(size * size);
  const gradient = new Float64Array(size);
  const active = new Int32Array(size);
  const values = new Float64Array(size);
  for (let i = 0; i < x.rows; i++) {
    const chance = p[i * blocks + block]!;
    const error = sample[i]! * (chance - (blocks === 1 ? y[i]! : Number(y[i] === block)));
    const weight = sample[i]! * Math.max(chance * (1 - chance), 1e-9);
    let count = 0;
    for (let j = 0, at = i * d; j < d; j++, at++) {
      const value = x.data[at]!;
      active[count] = j;
      values[count] = value;
      count += value === 0 ? 0 : 1;
    }
    for (let s = 0; s < count; s++) {
      const j = active[s]!;
      const value = values[s]!;
      gradient[j]! += error * value;
      const scaled = weight * value;
      const row = j * size;
      for (let t = 0; t <= s; t++) hessian[row + active[t]!]! += scaled * values[t]!;
      hessian[d * size + j]! += scaled;
    }
    gradient[d]! += error;
    hessian[d * size + d]! += weight;
  }
  for (let j = 0; j < d; j++) {
    gradient[j]! += l2 * beta[j * blocks + block]!;
    hessian[j * size + j]! += l2;
  }
  return { gradient, hessian, size };
};

/** Minimises g·Δ + ½ΔᵀHΔ + l1·‖w + Δ‖₁ by coordinate descent; the last coordinate is free. */
const descend = (gradient: Float64Array, lower: Float64Array, size: number, w: Float64Array, l1: number): Float64Array => {
  const step = new Float64Array(size);
  const slope = gradient.slice();
  const at = (j: number, k: number): number => (j >= k ? lower[j * size + k]! : lower[k * size + j]!);
  for (let round = 0; round < 1000; round++) {
    let largest = 0;
    for (let j = 0; j < size; j++) {
      const curve = at(j, j);
      if (!(curve > 0)) continue;
      const now = w[j]! + step[j]!;
      const wanted = now - slope[j]! / curve;
      const bound = j === size - 1 ? 0 : l1 / curve;
      const next = wanted > bound ? wanted - bound : wanted < -bound ? wanted + bound : 0;
      const move = next - now;
      if (move === 0) continue;
      step[j]! += move;
      for (let k = 0; k < size; k++) slope[k]! += move * at(k, j);
      largest = Math.max(largest, Math.abs(move));
    }
    if (largest < 1e-9) break;
  }
  return step;
};

/** Moves the weights of one class; answers the largest move. */
const moveBlock = (state: State, block: number): number => {
  const { blocks, beta, l1, x } = state;
  const z = logits(state, beta);
  const p = blocks === 1 ? z.map(sigmoid) : softmax(z, blocks);
  const { gradient, hessian, size } = quadratic(state, p, block);
  const own = Float64Array.from({ length: size }, (_, j) => beta[j * blocks + block]!);
  const step = l1 > 0 ? descend(gradient, hessian, size, own, l1) : solveSpd(hessian, gradient, size).map((one) => -one);
  const before = objective(state, beta);
  if (!Number.isFinite(before) || step.some((one) => !Number.isFinite(one)))
    throw new Error("The fit ran away to infinity. Look for huge values in the columns, or raise l2.");
  for (let share = 1; share > 1e-6; share /= 2) {
    const next = beta.slice();
    for (let j = 0; j <= x.width; j++) next[j * blocks + block] = own[j]! + share * step[j]!;
    if (objective(state, next) > before + 1e-9 * Math.abs(before)) continue;
    beta.set(next);
    return share * step.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  }
  return 0;
};

/** Log-odds, or log-shares, of the classes alone: where the intercepts start. */
const startIntercepts = ({ y, sample, blocks, beta, x }: State): void => {
  const shares = new Float64Array(Math.max(2, blocks));
  for (let i = 0; i < y.length; i++) shares[y[i]!]! += sample[i]!;
  const logs = shares.map((share) => Math.log(share));
  const centre = logs.reduce((sum, one) => sum + one, 0) / logs.length;
  for (let k = 0; k < blocks; k++) beta[x.width * blocks + k] = blocks === 1 ? logs[1]! - logs[0]! : logs[k]! - centre;
};

const headOf = ({ x, blocks, beta }: State): Head => {
  const weights = beta.slice(0, x.width * blocks);
  const bias = beta.slice(x.width * blocks);
  return {
    width: blocks,
    scores: (rows) => {
      const z = affine(rows, weights, bias);
      return blocks === 1 ? z.map(sigmoid) : softmax(z, blocks);
    },
    write: (builder, from) => {
      const z = writeAffine(builder, from, weights, bias);
      return blocks === 1 ? builder.node("Sigmoid", [z]) : builder.node("Softmax", [z], { axis: 1 });
    },
    importance: weightShares(weights, blocks),
    more: { weights, bias },
  };
};

const fitLogistic = async (problem: Problem, l1: number, l2: number, maxIterations: number): Promise<Head> => {
  const { x, goal, weights, validation, tell, signal } = problem;
  if (goal.task !== "binary" && goal.task !== "classes") throw new Error("Logistic regression learns classes.");
  const blocks = goal.task === "binary" ? 1 : goal.levels.length;
  // the levels of a category add up to the intercept, so a penalty of exactly 0 would leave the weights undetermined
  const state: State = {
    x,
    y: goal.y,
    sample: weights,
    blocks,
    beta: new Float64Array((x.width + 1) * blocks),
    l1,
    l2: Math.max(l2, l1 > 0 ? 0 : 1e-6),
  };
  startIntercepts(state);
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    let largest = 0;
    for (let block = 0; block < blocks; block++) {
      largest = Math.max(largest, moveBlock(state, block));
      await breathe(signal);
    }
    const isDone = largest < 1e-6;
    const auc =
      validation?.goal.task === "binary"
        ? rocAuc(validation.goal.y, affine(validation.x, state.beta, state.beta.subarray(x.width)))
        : undefined;
    tell(isDone ? 1 : iteration / maxIterations, `iteration ${iteration}, largest step ${largest.toExponential(1)}`, auc);
    if (isDone) break;
  }
  return headOf(state);
};

/**
 * Logistic regression. Missing numbers become the training median, missing or unseen levels no level at all; a category's 100 most
 * frequent levels count. With `positive` it answers one probability, without it one for each class.
 * @example
 * const model = await logisticRegression({ l2: 1 }).fit(train, { target: "Class", positive: "bad" });
 * const p = model.predict(test); // Float64Array of probabilities
 */
export const logisticRegression = (options: LogisticOptions = {}): Estimator => {
  const { preprocess, ...given } = options;
  const { l2, l1, maxIterations, bins } = checked(
    "logisticRegression",
    {
      l2: [options.l1 === undefined ? 1 : 0, 0, Number.MAX_VALUE],
      l1: [0, 0, Number.MAX_VALUE],
      maxIterations: [100, 1, 100_000],
      bins: [0, 0, 100],
    },
    given,
  );
  return estimatorOf({
    kind: "logistic regression",
    params: { l2, ...(l1 > 0 ? { l1 } : {}), maxIterations, ...(bins > 0 ? { bins } : {}) },
    learns: ["binary", "classes"],
    appetite: "scaled",
    bins,
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => fitLogistic(problem, l1, l2, maxIterations),
  });
};

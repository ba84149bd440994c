// Losses for boosting: first and second derivative in the score, and where scores start. Links: logistic for two classes, softmax for
// more, logarithm for counts (Poisson), none for squares and quantiles.
import { sigmoid } from "#lib/learn/estimators/estimator.ts";

export const lossNames = ["logistic", "softmax", "squares", "quantile", "poisson"] as const;
export type LossName = (typeof lossNames)[number];
/** `level` is the quantile. */
export type Loss = { name: LossName; level: number; width: number };

/** Truth, weights and scores of n rows; scores are [n, width]. */
export type Rows = { y: Float64Array; weights: Float64Array; scores: Float64Array };

/** Writes weight × (gradient, hessian) of rows from … to − 1 for output k, interleaved. */
export const derive = (loss: Loss, { y, weights, scores }: Rows, k: number, out: Float64Array, from: number, to: number): void => {
  const { width } = loss;
  for (let i = from; i < to; i++) {
    const w = weights[i]!;
    let g = 0;
    let h = 1;
    if (loss.name === "logistic") {
      const p = sigmoid(scores[i]!);
      g = p - y[i]!;
      h = p * (1 - p);
    } else if (loss.name === "squares") g = scores[i]! - y[i]!;
    else if (loss.name === "quantile") g = y[i]! > scores[i]! ? -loss.level : 1 - loss.level;
    else if (loss.name === "poisson") {
      h = Math.exp(Math.min(scores[i]!, 50));
      g = h - y[i]!;
    } else {
      let most = Number.NEGATIVE_INFINITY;
      for (let c = 0; c < width; c++) most = Math.max(most, scores[i * width + c]!);
      let sum = 0;
      for (let c = 0; c < width; c++) sum += Math.exp(scores[i * width + c]! - most);
      const p = Math.exp(scores[i * width + k]! - most) / sum;
      g = p - Number(y[i] === k);
      h = p * (1 - p);
    }
    out[2 * i] = w * g;
    out[2 * i + 1] = w * Math.max(h, 1e-16);
  }
};

/** The weighted quantile of values: the least value with at least that share of the weight at or below it. */
export const weightedQuantile = (values: ArrayLike<number>, weights: ArrayLike<number>, level: number): number => {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const total = order.reduce((sum, i) => sum + weights[i]!, 0);
  let run = 0;
  for (const i of order) {
    run += weights[i]!;
    if (run >= level * total) return values[i]!;
  }
  return values[order.at(-1) ?? 0] ?? 0;
};

/** Scores of a model without trees. */
export const startScores = (loss: Loss, { y, weights }: { y: Float64Array; weights: Float64Array }): number[] => {
  const total = weights.reduce((sum, one) => sum + one, 0);
  const mean = y.reduce((sum, one, i) => sum + one * weights[i]!, 0) / total;
  if (loss.name === "logistic") return [Math.log(mean / (1 - mean))];
  if (loss.name === "poisson") return [Math.log(Math.max(mean, 1e-12))];
  if (loss.name === "quantile") return [weightedQuantile(y, weights, loss.level)];
  if (loss.name === "squares") return [mean];
  const shares = new Float64Array(loss.width);
  for (let i = 0; i < y.length; i++) shares[y[i]!]! += weights[i]! / total;
  return Array.from(shares, (share) => Math.log(Math.max(share, 1e-12)));
};

/** Mean weighted loss of scores. */
export const meanLoss = (loss: Loss, { y, weights, scores }: Rows): number => {
  const { width } = loss;
  let sum = 0;
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    const s = scores[i * width]!;
    let own = 0;
    if (loss.name === "logistic") own = Math.max(s, 0) - y[i]! * s + Math.log1p(Math.exp(-Math.abs(s)));
    else if (loss.name === "squares") own = (s - y[i]!) ** 2;
    else if (loss.name === "quantile") own = y[i]! > s ? loss.level * (y[i]! - s) : (1 - loss.level) * (s - y[i]!);
    else if (loss.name === "poisson") own = Math.exp(s) - y[i]! * s;
    else {
      const row = scores.subarray(i * width, (i + 1) * width);
      const most = Math.max(...row);
      own = most + Math.log(row.reduce((all, one) => all + Math.exp(one - most), 0)) - row[y[i]!]!;
    }
    sum += weights[i]! * own;
    total += weights[i]!;
  }
  return sum / total;
};

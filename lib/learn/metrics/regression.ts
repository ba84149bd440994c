// Metrics of a predicted number. MAPE leaves out rows whose truth is 0 and says how many it kept.

type Numbers = ArrayLike<number>;

const mean = (truth: Numbers, predicted: Numbers, of: (y: number, p: number) => number): number => {
  if (truth.length !== predicted.length || truth.length === 0)
    throw new Error(`${truth.length} true values, but ${predicted.length} predicted. They go row by row.`);
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += of(truth[i]!, predicted[i]!);
  return sum / truth.length;
};

/**
 * Mean of |y − p|.
 *
 * @example
 * learn.meanAbsoluteError([1, 2], [2, 4]); // → 1.5
 */
export const meanAbsoluteError = (truth: Numbers, predicted: Numbers): number => mean(truth, predicted, (y, p) => Math.abs(y - p));

/**
 * Root of the mean of (y − p)².
 *
 * @example
 * learn.rootMeanSquaredError([0, 0], [3, -3]); // → 3
 */
export const rootMeanSquaredError = (truth: Numbers, predicted: Numbers): number =>
  Math.sqrt(mean(truth, predicted, (y, p) => (y - p) ** 2));

/**
 * Share of variance explained; 0 when the truth is constant, where it is not defined.
 *
 * @example
 * learn.rSquared([1, 2, 3], [1, 2, 2]); // → 0.5
 */
export const rSquared = (truth: Numbers, predicted: Numbers): number => {
  const average = mean(truth, predicted, (y) => y);
  const spread = mean(truth, predicted, (y) => (y - average) ** 2);
  return spread === 0 ? 0 : 1 - mean(truth, predicted, (y, p) => (y - p) ** 2) / spread;
};

/**
 * Mean of |y − p|/|y| over rows with y ≠ 0, as a share.
 *
 * @example
 * learn.meanAbsolutePercentageError([0, 2, 4], [1, 1, 4]); // → {"value":0.25,"n":2}
 */
export const meanAbsolutePercentageError = (truth: Numbers, predicted: Numbers): { value: number; n: number } => {
  const kept = Array.from({ length: truth.length }, (_, i) => i).filter((i) => truth[i] !== 0);
  const sum = kept.reduce((total, i) => total + Math.abs((truth[i]! - predicted[i]!) / truth[i]!), 0);
  return { value: kept.length === 0 ? 0 : sum / kept.length, n: kept.length };
};

/**
 * Pinball loss of a predicted quantile: falling short costs q, going over 1 − q.
 *
 * @example
 * learn.pinballLoss([10, 10], [8, 12], 0.75); // → 1
 */
export const pinballLoss = (truth: Numbers, predicted: Numbers, quantile: number): number =>
  mean(truth, predicted, (y, p) => (y >= p ? quantile * (y - p) : (1 - quantile) * (p - y)));

/**
 * Mean Poisson deviance 2·(y·ln(y/p) − y + p); predictions must be positive.
 *
 * @example
 * learn.poissonDeviance([2, 2], [2, 2]); // → 0
 */
export const poissonDeviance = (truth: Numbers, predicted: Numbers): number =>
  2 * mean(truth, predicted, (y, p) => (y === 0 ? 0 : y * Math.log(y / p)) - y + p);

/**
 * Median of |y − p|: a few wild rows do not move it.
 *
 * @example
 * learn.medianAbsoluteError([1, 2, 3], [1, 4, 8]); // → 2
 */
export const medianAbsoluteError = (truth: Numbers, predicted: Numbers): number => {
  const errors = Float64Array.from({ length: truth.length }, (_, i) => Math.abs(truth[i]! - predicted[i]!)).sort();
  const half = errors.length >> 1;
  return errors.length === 0 ? Number.NaN : errors.length % 2 === 1 ? errors[half]! : (errors[half - 1]! + errors[half]!) / 2;
};

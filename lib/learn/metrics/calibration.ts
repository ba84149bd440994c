// Whether a probability means what it says: expected calibration error, and the logistic recalibration logit P(y) = intercept + slope·logit(p).
// A slope below 1 is over-confident, an intercept off 0 is a wrong base rate.
import { calibrationBins } from "#lib/learn/metrics/classification.ts";

/**
 * Σ n/N·|observed − predicted| over equal-width bins.
 * @example
 * learn.expectedCalibrationError([0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75]); // → 0.25
 */
export const expectedCalibrationError = (labels: ArrayLike<number>, scores: ArrayLike<number>, bins = 10): number =>
  calibrationBins(labels, scores, bins).reduce((sum, bin) => sum + (bin.n / labels.length) * Math.abs(bin.observed - bin.predicted), 0);

const logit = (p: number): number => {
  const clipped = Math.min(1 - 1e-15, Math.max(1e-15, p));
  return Math.log(clipped) - Math.log1p(-clipped);
};

/**
 * Slope and intercept by maximum likelihood (Newton); NaN when one class is absent or all scores are equal.
 * @example
 * const { slope, intercept } = learn.recalibration(truth, model.predict(test)); // near 1 and 0 when calibrated
 */
export const recalibration = (labels: ArrayLike<number>, scores: ArrayLike<number>): { slope: number; intercept: number } => {
  const x = Float64Array.from({ length: scores.length }, (_, i) => logit(scores[i]!));
  let [intercept, slope] = [0, 1];
  for (let round = 0; round < 100; round++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 0, 0, 0];
    for (let i = 0; i < x.length; i++) {
      const p = 1 / (1 + Math.exp(-(intercept + slope * x[i]!)));
      const [miss, w] = [labels[i]! - p, p * (1 - p)];
      g0 += miss;
      g1 += miss * x[i]!;
      h00 += w;
      h01 += w * x[i]!;
      h11 += w * x[i]! * x[i]!;
    }
    const det = h00 * h11 - h01 * h01;
    if (!(Math.abs(det) > 1e-12)) return { slope: Number.NaN, intercept: Number.NaN };
    const [d0, d1] = [(h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det];
    intercept += d0;
    slope += d1;
    if (Math.abs(d0) + Math.abs(d1) < 1e-12) break;
  }
  return { slope, intercept };
};

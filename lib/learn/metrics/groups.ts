// The same metrics for every group of people, with how many there were and an interval, and the gaps that fairness is argued by. A gap of
// small groups is wide: read the interval before the number.
import { atThreshold, brier, rocAuc } from "#lib/learn/metrics/classification.ts";
import { bootstrap, type Interval } from "#lib/learn/validation/bootstrap.ts";

export type GroupScores = {
  group: string;
  n: number;
  positives: number;
  /** Share called positive. */
  selectionRate: number;
  recall: number;
  falsePositiveRate: number;
  precision: number;
  accuracy: number;
  brier: number;
  /** NaN when the group has one class only. */
  auc: Interval;
  selection: Interval;
};

export type Fairness = {
  groups: GroupScores[];
  /** Greatest selection rate less the least, and the least over the greatest (the four-fifths rule reads this one). */
  demographicParityDifference: number;
  demographicParityRatio: number;
  /** Greatest recall less the least. */
  equalOpportunityDifference: number;
  /** The greater of the gaps in recall and in false positives. */
  equalisedOddsDifference: number;
};

const gap = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);

/**
 * Metrics by group at a threshold; intervals are 95 % from resampled rows of the group.
 * @example
 * learn.byGroup([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.7], ["a", "a", "b", "b"]).groups.map((one) => one.selectionRate); // → [0.5,1]
 */
export const byGroup = (
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  groups: ArrayLike<string>,
  options: { threshold?: number; resamples?: number; seed?: number } = {},
): Fairness => {
  const { threshold = 0.5, resamples = 500, seed = 0 } = options;
  if (labels.length !== scores.length || labels.length !== groups.length || labels.length === 0)
    throw new Error(`${labels.length} labels, ${scores.length} scores and ${groups.length} groups. They go row by row.`);
  const rows = Map.groupBy(
    Array.from({ length: labels.length }, (_, i) => i),
    (i) => groups[i]!,
  );
  const found = [...rows.keys()].sort().map((group): GroupScores => {
    const at = rows.get(group)!;
    const pick = (source: ArrayLike<number>, places: ArrayLike<number>) =>
      Float64Array.from({ length: places.length }, (_, i) => source[at[places[i]!]!]!);
    const all = at.map((_, i) => i);
    const [y, p] = [pick(labels, all), pick(scores, all)];
    const one = atThreshold(y, p, threshold);
    const interval = (metric: (y: Float64Array, p: Float64Array) => number) =>
      bootstrap(at.length, (places) => metric(pick(labels, places), pick(scores, places)), { resamples, seed });
    return {
      group,
      n: at.length,
      positives: one.tp + one.fn,
      selectionRate: (one.tp + one.fp) / at.length,
      recall: one.recall,
      falsePositiveRate: one.fp + one.tn === 0 ? 0 : one.fp / (one.fp + one.tn),
      precision: one.precision,
      accuracy: one.accuracy,
      brier: brier(y, p),
      auc: interval(rocAuc),
      selection: interval((_, scored) => scored.filter((score) => score >= threshold).length / scored.length),
    };
  });
  const rates = found.map((group) => group.selectionRate);
  const recalls = gap(found.map((group) => group.recall));
  return {
    groups: found,
    demographicParityDifference: gap(rates),
    demographicParityRatio: Math.max(...rates) === 0 ? 1 : Math.min(...rates) / Math.max(...rates),
    equalOpportunityDifference: recalls,
    equalisedOddsDifference: Math.max(recalls, gap(found.map((group) => group.falsePositiveRate))),
  };
};

// Intervals by resampling: draw as many rows as there are, with replacement, and read the metric's quantiles. Where rows share a person,
// draw whole groups: rows of one person are not independent, and an interval over rows would be too narrow.
import { mulberry32 } from "#lib/learn/random.ts";
import { quantile } from "#lib/learn/stats/profile.ts";

/** A metric with its percentile interval; draws in which the metric was not a number are left out and counted. */
export type Interval = { value: number; low: number; high: number; resamples: number; undefinedDraws: number };

type Options = { groups?: ArrayLike<string | number>; resamples?: number; level?: number; seed?: number };

/** Draws rows (or groups of rows) with replacement; the same seed draws the same. */
const drawing = (n: number, groups: Options["groups"], seed: number): (() => Uint32Array) => {
  const random = mulberry32(seed);
  if (!groups) return () => Uint32Array.from({ length: n }, () => Math.floor(random() * n));
  if (groups.length !== n) throw new Error(`${groups.length} groups for ${n} rows. Give one a row.`);
  const members = [
    ...Map.groupBy(
      Array.from({ length: n }, (_, i) => i),
      (i) => groups[i]!,
    ).values(),
  ];
  return () => Uint32Array.from(Array.from(members, () => members[Math.floor(random() * members.length)]!).flat());
};

/**
 * Interval of any metric of rows; `metric` is given the places of the rows it is to look at, some of them more than once.
 *
 * @example
 * const { value, low, high } = learn.bootstrap(truth.length, (rows) =>
 *   learn.rocAuc(Array.from(rows, (i) => truth[i]), Array.from(rows, (i) => scores[i])), { groups: table.patient });
 */
export const bootstrap = (n: number, metric: (rows: ArrayLike<number>) => number, options: Options = {}): Interval => {
  const { resamples = 1000, level = 0.95, seed = 0 } = options;
  if (n === 0) throw new Error("There are no rows to draw from.");
  const value = metric(Uint32Array.from({ length: n }, (_, i) => i));
  const draw = drawing(n, options.groups, seed);
  const drawn = Float64Array.from({ length: resamples }, () => metric(draw()))
    .filter((one) => !Number.isNaN(one))
    .sort();
  const tail = (1 - level) / 2;
  return { value, low: quantile(drawn, tail), high: quantile(drawn, 1 - tail), resamples, undefinedDraws: resamples - drawn.length };
};

/**
 * Difference challenger − champion on the same drawn rows: what both find hard cancels.
 *
 * @example
 * learn.pairedBootstrap(4, () => 0.7, () => 0.8).resamples; // → 1000
 */
export const pairedBootstrap = (
  n: number,
  champion: (rows: ArrayLike<number>) => number,
  challenger: (rows: ArrayLike<number>) => number,
  options: Options = {},
): Interval => bootstrap(n, (rows) => challenger(rows) - champion(rows), options);

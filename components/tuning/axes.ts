// How values lie on a figure's axis: a range that one hopeless trial cannot stretch, and the place of a parameter between its ends.
import type { DrawnStudy, DrawnTrial } from "#components/tuning/drawn.ts";
import type { Plan } from "#lib/tuning/contract.ts";

export type Dimension = Plan["space"][string];
export type Value = string | number | boolean;

/** Complete trials with their value of one objective. */
export const valuesOf = (study: DrawnStudy, objective = 0): { trial: DrawnTrial; value: number }[] =>
  study.trials.flatMap((trial) => (trial.state === "complete" ? [{ trial, value: trial.values[objective]! }] : []));

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? 0;

/** From the best value to the worst that is not an outlier (three times the middle half beyond it), a little wider. */
export const domainOf = (values: readonly number[], direction: "minimize" | "maximize"): [number, number] => {
  const sorted = values.toSorted((a, b) => a - b);
  const [q1, q3] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
  const reach = 3 * (q3 - q1);
  const isWide = sorted.length >= 8 && reach > 0;
  const low = direction === "maximize" && isWide ? sorted.find((one) => one >= q1 - reach)! : sorted[0]!;
  const high = direction === "minimize" && isWide ? sorted.findLast((one) => one <= q3 + reach)! : sorted.at(-1)!;
  const margin = 0.05 * (high - low) || Math.abs(high) * 0.05 || 1;
  return [low - margin, high + margin];
};

/** Where a value lies between the ends of its dimension, 0 … 1; null when it is not there. */
export const placeOf = (dimension: Dimension, value: Value | undefined): number | null => {
  if (value === undefined) return null;
  if (dimension.type === "categorical") {
    const last = dimension.choices.length - 1;
    return last === 0 ? 0.5 : dimension.choices.indexOf(value) / last;
  }
  const scale = dimension.log ? Math.log : (x: number): number => x;
  const width = scale(dimension.high) - scale(dimension.low);
  return width === 0 ? 0.5 : (scale(Number(value)) - scale(dimension.low)) / width;
};

// Trials of a study and how they are put in order. Values go by the directions of the study: with several, a trial is dominated when another
// is at least as good in all and better in one.
import type { Params } from "#lib/learn/search/space.ts";

export type Direction = "minimize" | "maximize";
export type TrialState = "running" | "complete" | "pruned" | "failed";
export type Trial = {
  number: number;
  params: Params;
  state: TrialState;
  /** One a direction; empty until told. */
  values: number[];
  /** Values on the way, in the order they were reported; pruning looks at these. */
  reports: { step: number; value: number }[];
  /** Value at each rung of successive halving it has reached. */
  rungs: number[];
};

/** The last reported step, as the greatest; null before any report. */
export const lastStep = (trial: Trial): number | null =>
  trial.reports.length === 0 ? null : trial.reports.reduce((most, one) => Math.max(most, one.step), Number.NEGATIVE_INFINITY);

/** A value so that less is better. */
export const asLoss = (value: number, direction: Direction): number => (direction === "minimize" ? value : -value);

const dominates = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((one, i) => one <= b[i]!) && a.some((one, i) => one < b[i]!);

/** Front of each trial: 0 is not dominated at all, 1 only by front 0, and so on. */
export const dominationRanks = (losses: readonly (readonly number[])[]): number[] => {
  const ranks = losses.map(() => -1);
  for (let rank = 0; ranks.includes(-1); rank++) {
    const open = [...losses.keys()].filter((i) => ranks[i] === -1);
    for (const i of open.filter((one) => !open.some((other) => dominates(losses[other]!, losses[one]!)))) ranks[i] = rank;
  }
  return ranks;
};

const lossesOf = (trial: Trial, directions: readonly Direction[]): number[] => directions.map((one, i) => asLoss(trial.values[i]!, one));

/** Complete trials that no other dominates, by number; with one direction, the best ones. */
export const bestTrials = (trials: readonly Trial[], directions: readonly Direction[]): Trial[] => {
  const complete = trials.filter((one) => one.state === "complete");
  const ranks = dominationRanks(complete.map((one) => lossesOf(one, directions)));
  return complete.filter((_, i) => ranks[i] === 0);
};

/** Distance to the neighbours on either side, summed over objectives; ends are infinitely far. Spreads ties of one front. */
const crowding = (losses: readonly (readonly number[])[]): number[] => {
  const distance = losses.map(() => 0);
  for (let k = 0; k < (losses[0]?.length ?? 0); k++) {
    const order = [...losses.keys()].sort((a, b) => losses[a]![k]! - losses[b]![k]!);
    const width = losses[order.at(-1)!]![k]! - losses[order[0]!]![k]! || 1;
    for (const [i, at] of order.entries())
      distance[at]! +=
        i === 0 || i === order.length - 1 ? Number.POSITIVE_INFINITY : (losses[order[i + 1]!]![k]! - losses[order[i - 1]!]![k]!) / width;
  }
  return distance;
};

/**
 * Finished trials from best to worst: complete ones by value (by front, then by how alone they stand), then pruned ones, those that came
 * further first, then by their last value. Trials that failed say nothing.
 */
export const fromBestToWorst = (trials: readonly Trial[], directions: readonly Direction[]): Trial[] => {
  const complete = trials.filter((one) => one.state === "complete");
  const losses = complete.map((one) => lossesOf(one, directions));
  const ranks = directions.length > 1 ? dominationRanks(losses) : losses.map((one) => one[0]!);
  const alone = directions.length > 1 ? crowding(losses) : ranks.map(() => 0);
  const order = [...complete.keys()].sort((a, b) => ranks[a]! - ranks[b]! || (alone[a] === alone[b] ? 0 : alone[b]! - alone[a]!) || a - b);
  const pruned = trials
    .filter((one) => one.state === "pruned")
    .map((trial) => {
      const step = lastStep(trial);
      const value = trial.reports.find((one) => one.step === step)?.value ?? Number.NaN;
      return { trial, step: step ?? -1, loss: Number.isNaN(value) ? Number.POSITIVE_INFINITY : asLoss(value, directions[0]!) };
    })
    .sort((a, b) => b.step - a.step || (a.loss === b.loss ? a.trial.number - b.trial.number : a.loss - b.loss));
  return [...order.map((i) => complete[i]!), ...pruned.map((one) => one.trial)];
};

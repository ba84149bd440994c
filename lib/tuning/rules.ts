// Decisions of a study without I/O: its state for the search, and which lost trial is tried again.
import type { Space } from "#lib/learn/search/space.ts";
import type { Study as Search } from "#lib/learn/search/study.ts";
import { bestTrials, type Direction, fromBestToWorst, type Trial as Searched } from "#lib/learn/search/trials.ts";
import type { Plan, Trial } from "#lib/tuning/contract.ts";

/** A trial as stored: what the page shows and what only the search needs. */
export type StoredTrial = Trial & { rungs: number[]; owner: string; leaseUntil: Date | null };

export const leaseMs = 60_000;
const retries = 1;

export const directionsOf = (plan: Plan): Direction[] => plan.objectives.map((one) => one.direction);

/** The study as the search sees it; a lost trial is one that failed. */
export const toSearch = (name: string, plan: Plan, pruner: Plan["pruner"], trials: readonly StoredTrial[]): Search => ({
  name,
  space: plan.space as Space,
  directions: directionsOf(plan),
  sampler: plan.sampler,
  pruner,
  seed: plan.seed,
  trials: trials.map(({ number, params, state, values, reports, rungs }) => ({
    number,
    params,
    state: state === "lost" ? "failed" : state,
    values,
    reports,
    rungs,
  })),
});

/** Trials whose session has been silent for longer than the lease (TU3). */
export const silent = (trials: readonly StoredTrial[], now: Date): StoredTrial[] =>
  trials.filter((one) => one.state === "running" && one.leaseUntil !== null && one.leaseUntil < now);

const timesTried = (trial: StoredTrial, trials: readonly StoredTrial[]): number => {
  let tries = 1;
  for (let at = trial; at.retryOf !== null; tries++) at = trials[at.retryOf]!;
  return tries;
};

/** The first lost trial that nobody has taken up again and that may be. */
export const lostTrial = (trials: readonly StoredTrial[]): StoredTrial | null =>
  trials.find(
    (one) => one.state === "lost" && !trials.some((other) => other.retryOf === one.number) && timesTried(one, trials) <= retries,
  ) ?? null;

/** How many trials count against the budget (TU4). */
export const spent = (trials: readonly StoredTrial[]): number => trials.filter((one) => one.state !== "lost").length;

const searched = (plan: Plan, trials: readonly StoredTrial[]): Searched[] => [...toSearch("", plan, plan.pruner, trials).trials];

export const bestOf = (plan: Plan, trials: readonly StoredTrial[]): { number: number; values: number[] } | null => {
  const complete = searched(plan, trials)
    .filter((one) => one.state === "complete")
    .map((one) => ({ ...one, values: one.values.slice(0, 1) }));
  const [best] = fromBestToWorst(complete, directionsOf(plan).slice(0, 1));
  return best ? { number: best.number, values: trials[best.number]!.values } : null;
};

/** The best value so far after each complete trial, thinned to `most` of them; the last one stays. */
export const courseOf = (plan: Plan, trials: readonly StoredTrial[], most = 40): number[] => {
  const better = plan.objectives[0]!.direction === "minimize" ? Math.min : Math.max;
  const course: number[] = [];
  for (const one of trials) if (one.state === "complete") course.push(better(course.at(-1) ?? one.values[0]!, one.values[0]!));
  const step = Math.max(1, Math.ceil(course.length / most));
  return course.filter((_, i) => (course.length - 1 - i) % step === 0);
};

export const frontOf = (plan: Plan, trials: readonly StoredTrial[]): number[] =>
  bestTrials(searched(plan, trials), directionsOf(plan)).map((one) => one.number);

// A study as a pure state machine: ask for a trial, report on the way, tell how it ended. The whole state is plain JSON, and the randomness
// of a trial comes from the seed and its number alone: a study that was stored and taken up again goes on as if it had never stopped, and a
// sequential one is the same on every machine.
import { mulberry32 } from "#lib/learn/random.ts";
import { judgeReport, type Pruner } from "#lib/learn/search/pruning.ts";
import { drawValue, isActive, orderOf, type Params, type Space } from "#lib/learn/search/space.ts";
import { startupTrials, tpeValue } from "#lib/learn/search/tpe.ts";
import type { Direction, Trial, TrialState } from "#lib/learn/search/trials.ts";

export type Sampler = { type: "random" } | { type: "tpe"; startupTrials?: number; constantLiar?: boolean };
export type Study = {
  name: string;
  space: Space;
  directions: readonly Direction[];
  sampler: Sampler;
  pruner: Pruner;
  seed: number;
  trials: readonly Trial[];
};

/** A study without trials; throws in words when its space cannot be searched. */
export const openStudy = (options: {
  name?: string;
  space: Space;
  directions?: readonly Direction[];
  sampler?: Sampler;
  pruner?: Pruner;
  seed?: number;
}): Study => {
  const { name = "study", space, directions = ["minimize"], sampler = { type: "tpe" }, pruner = { type: "none" }, seed = 0 } = options;
  orderOf(space);
  if (directions.length === 0) throw new Error("A study needs a direction: minimize or maximize.");
  if (directions.length > 1 && pruner.type !== "none")
    throw new Error("Trials with several objectives cannot be pruned. Leave the pruner out.");
  return { name, space, directions, sampler, pruner, seed, trials: [] };
};

/** Streams of neighbouring trials must not resemble each other: the number is mixed well before it seeds (murmur3's finaliser). */
const streamOf = (seed: number, number: number): (() => number) => {
  let h = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return mulberry32((h ^ (h >>> 16)) >>> 0);
};

/** The parameters the study would try next, without starting a trial. */
export const suggest = (study: Study, number = study.trials.length): Params => {
  const random = streamOf(study.seed, number);
  const { sampler } = study;
  const finished = study.trials.filter((one) => one.state === "complete" || one.state === "pruned");
  const running = sampler.type === "tpe" && sampler.constantLiar ? study.trials.filter((one) => one.state === "running") : [];
  const isBlind = sampler.type === "random" || finished.length < (sampler.startupTrials ?? startupTrials);
  const params: Params = {};
  for (const name of orderOf(study.space)) {
    const dimension = study.space[name]!;
    if (!isActive(dimension, params)) continue;
    params[name] = isBlind ? drawValue(dimension, random) : tpeValue(name, dimension, finished, running, study.directions, random);
  }
  return params;
};

const replaced = (study: Study, trial: Trial, more: Partial<Study> = {}): Study => ({
  ...study,
  ...more,
  trials: study.trials.map((one) => (one.number === trial.number ? trial : one)),
});

const runningTrial = (study: Study, number: number): Trial => {
  const found = study.trials[number];
  if (!found) throw new Error(`There is no trial ${number}. The last one is ${study.trials.length - 1}.`);
  if (found.state !== "running") throw new Error(`Trial ${number} is ${found.state} already. What ended stays ended.`);
  return found;
};

/** Starts the next trial. */
export const ask = (study: Study): { study: Study; trial: Trial } => {
  const number = study.trials.length;
  const trial: Trial = { number, params: suggest(study), state: "running", values: [], reports: [], rungs: [] };
  return { study: { ...study, trials: [...study.trials, trial] }, trial };
};

/** Takes a value on the way; the same step again changes nothing. Answers whether the trial should stop; telling so is the caller's. */
export const report = (study: Study, number: number, step: number, value: number): { study: Study; shouldStop: boolean } => {
  const before = runningTrial(study, number);
  const isKnown = before.reports.some((one) => one.step === step);
  const trial = isKnown ? before : { ...before, reports: [...before.reports, { step, value }] };
  const others = study.trials.filter((one) => one.number !== number);
  const verdict = judgeReport(study.pruner, trial, others, study.directions[0]!, study.name);
  return { study: replaced(study, verdict.trial, { pruner: verdict.pruner }), shouldStop: verdict.isPruned };
};

/** Ends a trial. A complete one needs a value for each direction; one that is not a number makes it a failure. */
export const tell = (study: Study, number: number, outcome: readonly number[] | "pruned" | "failed"): Study => {
  const before = runningTrial(study, number);
  if (typeof outcome === "string") return replaced(study, { ...before, state: outcome });
  if (outcome.length !== study.directions.length)
    throw new Error(
      `Trial ${number} has ${outcome.length} values, and the study ${study.directions.length} directions. Give one for each.`,
    );
  const state: TrialState = outcome.some(Number.isNaN) ? "failed" : "complete";
  return replaced(study, { ...before, state, values: [...outcome] });
};

// Which trials are not worth going on with, decided at each report, exactly as Optuna decides on the same sequence of reports.
//
// ASHA: rung k lies at minResource·η^(s + k) steps. Who reaches it goes on when among the best 1/η of all that have reached it so far, at least
// as the best one. Nobody waits for anybody. Hyperband: brackets of ASHA with s = 0, 1, …, a trial's bracket by hash of its name.

import { asLoss, type Direction, lastStep, type Trial } from "#lib/learn/search/trials.ts";
import { quantile } from "#lib/learn/stats/profile.ts";

export type AshaPruner = { type: "asha"; minResource: number | "auto"; reduction: number; minEarlyStoppingRate: number; bootstrap: number };
export type HyperbandPruner = {
  type: "hyperband";
  minResource: number;
  maxResource: number | "auto";
  reduction: number;
  bootstrap: number;
};
export type MedianPruner = { type: "median"; startupTrials: number; warmupSteps: number; interval: number };
export type Pruner = { type: "none" } | AshaPruner | HyperbandPruner | MedianPruner;

export const asha = (options: Partial<AshaPruner> = {}): AshaPruner => ({
  minResource: "auto",
  reduction: 4,
  minEarlyStoppingRate: 0,
  bootstrap: 0,
  ...options,
  type: "asha",
});
export const hyperband = (options: Partial<HyperbandPruner> = {}): HyperbandPruner => ({
  minResource: 1,
  maxResource: "auto",
  reduction: 3,
  bootstrap: 0,
  ...options,
  type: "hyperband",
});
export const median = (options: Partial<MedianPruner> = {}): MedianPruner => ({
  startupTrials: 5,
  warmupSteps: 0,
  interval: 1,
  ...options,
  type: "median",
});

/** What a report leads to: the trial with the rungs it has now reached, whether to stop it, and the pruner with what "auto" came to. */
export type Verdict = { trial: Trial; isPruned: boolean; pruner: Pruner };

const longest = (trials: readonly Trial[]): number | null => {
  const steps = trials
    .filter((one) => one.state === "complete")
    .map(lastStep)
    .filter((step) => step !== null);
  return steps.length === 0 ? null : Math.max(...steps);
};

const halve = (
  trial: Trial,
  others: readonly Trial[],
  settings: Required<Omit<AshaPruner, "type">>,
  direction: Direction,
): Omit<Verdict, "pruner"> => {
  const step = lastStep(trial)!;
  const value = trial.reports.find((one) => one.step === step)!.value;
  const rungs = [...trial.rungs];
  for (;;) {
    const reached = (settings.minResource as number) * settings.reduction ** (settings.minEarlyStoppingRate + rungs.length);
    if (step < reached) return { trial: { ...trial, rungs }, isPruned: false };
    if (Number.isNaN(value)) return { trial: { ...trial, rungs }, isPruned: true };
    const losses = [value, ...others.flatMap((one) => (rungs.length < one.rungs.length ? [one.rungs[rungs.length]!] : []))]
      .map((one) => asLoss(one, direction))
      .sort((a, b) => a - b);
    rungs.push(value);
    const kept = Math.max(1, Math.floor(losses.length / settings.reduction));
    if (losses.length <= settings.bootstrap || asLoss(value, direction) > losses[kept - 1]!)
      return { trial: { ...trial, rungs }, isPruned: true };
  }
};

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});
const crc32 = (text: string): number => {
  let c = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) c = crcTable[(c ^ byte) & 0xff]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};

/** The bracket of a trial: brackets get shares of trials as Hyperband would, ⌈B·η^s/(s + 1)⌉ for s = B − 1 … 0. */
export const bracketOf = (pruner: HyperbandPruner & { maxResource: number }, studyName: string, number: number): number => {
  const count = Math.floor(Math.log(pruner.maxResource / pruner.minResource) / Math.log(pruner.reduction) + 1e-12) + 1;
  const shares = Array.from({ length: count }, (_, b) => Math.ceil((count * pruner.reduction ** (count - 1 - b)) / (count - b)));
  let n = crc32(`${studyName}_${number}`) % shares.reduce((sum, one) => sum + one, 0);
  return shares.findIndex((share) => {
    n -= share;
    return n < 0;
  });
};

const byMedian = (pruner: MedianPruner, trial: Trial, others: readonly Trial[], direction: Direction): boolean => {
  const complete = others.filter((one) => one.state === "complete");
  const step = lastStep(trial)!;
  if (complete.length === 0 || complete.length < pruner.startupTrials || step < pruner.warmupSteps) return false;
  const due = Math.floor((step - pruner.warmupSteps) / pruner.interval) * pruner.interval + pruner.warmupSteps;
  if (trial.reports.some((one) => one.step !== step && one.step >= due)) return false;
  const own = trial.reports.map((one) => asLoss(one.value, direction)).filter((one) => !Number.isNaN(one));
  if (own.length === 0) return true;
  const theirs = complete.flatMap((one) =>
    one.reports.filter((report) => report.step === step).map((report) => asLoss(report.value, direction)),
  );
  const sorted = Float64Array.from(theirs.filter((one) => !Number.isNaN(one))).sort();
  return sorted.length > 0 && Math.min(...own) > quantile(sorted, 0.5);
};

/** Judges a trial whose newest report is already in it. `others` are all other trials of the study, in any state. */
export const judgeReport = (pruner: Pruner, trial: Trial, others: readonly Trial[], direction: Direction, studyName: string): Verdict => {
  if (pruner.type === "none" || trial.reports.length === 0) return { trial, isPruned: false, pruner };
  if (pruner.type === "median") return { trial, isPruned: byMedian(pruner, trial, others, direction), pruner };
  if (pruner.type === "asha") {
    const most = longest(others);
    const minResource = pruner.minResource === "auto" ? (most === null ? null : Math.max(1, Math.floor(most / 100))) : pruner.minResource;
    if (minResource === null) return { trial, isPruned: false, pruner };
    const settled = { ...pruner, minResource };
    return { ...halve(trial, others, settled, direction), pruner: settled };
  }
  const most = longest(others);
  const maxResource = pruner.maxResource === "auto" ? (most === null ? null : most + 1) : pruner.maxResource;
  if (maxResource === null) return { trial, isPruned: false, pruner };
  const settled = { ...pruner, maxResource };
  const bracket = bracketOf(settled, studyName, trial.number);
  const rivals = others.filter((one) => bracketOf(settled, studyName, one.number) === bracket);
  return { ...halve(trial, rivals, { ...settled, minEarlyStoppingRate: bracket }, direction), pruner: settled };
};

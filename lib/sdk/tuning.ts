// `tuning` in a cell: search the parameters that make an objective best. The study lives in the workspace's tuning room, so that a session that
// dies loses only the trials it was in, any number of sessions work on one study, and the same cell run again goes on where it stopped.
import { randomUUID } from "node:crypto";
import type { ParamsOf, Space, Value } from "#lib/learn/search/space.ts";
import { chart } from "#lib/sdk/chart.ts";
import { callFromCell, session } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";
import * as contract from "#lib/tuning/contract.ts";

/** Thrown through an objective that was told to stop; let it pass. */
class Pruned extends Error {
  override name = "Pruned";
}

export type LiveTrial<S extends Space> = {
  readonly number: number;
  readonly params: ParamsOf<S>;
  /** Tells a value on the way; throws, to end the objective, when the trial is not worth going on with. */
  report: (step: number, value: number) => Promise<void>;
  /** Says which experiment run this trial logged, so that the page leads there and to its model. */
  logged: (run: { number: number }) => void;
};

export type TuneOptions<S extends Space> = {
  name: string;
  space: S;
  /** Answers the value of these parameters, or one for each objective. */
  objective: (trial: LiveTrial<S>) => Promise<number | number[]> | number | number[];
  /** One name with its direction each; `{ value: "minimize" }` when absent. */
  objectives?: Record<string, "minimize" | "maximize">;
  /** Trials of the whole study at most, those of other sessions and of earlier runs included. */
  trials?: number;
  /** How many objectives run at a time in this session; they should wait for something (threads, graphs) for this to pay. */
  parallel?: number;
  sampler?: { type: "random" } | { type: "tpe"; startupTrials?: number; constantLiar?: boolean };
  pruner?: { type: "none" | "asha" | "hyperband" | "median"; [setting: string]: string | number };
  seed?: number;
};

const renewMs = 15_000;
const waitMs = 1000;

/** One trial from its start to its end; its lease is renewed for as long as it runs. */
const perform = async <S extends Space>(study: string, owner: string, given: contract.Trial, objective: TuneOptions<S>["objective"]) => {
  const at = { study, trial: given.number, owner };
  const renewal = setInterval(() => void callFromCell(contract.reportTrial, at).catch(() => null), renewMs);
  let runNumber: number | null = null;
  const trial: LiveTrial<S> = {
    number: given.number,
    params: given.params as ParamsOf<S>,
    report: async (step, value) => {
      const { shouldStop } = await callFromCell(contract.reportTrial, { ...at, step, value });
      if (shouldStop) throw new Pruned(`Trial ${given.number} is not worth going on with.`);
    },
    logged: (run) => {
      runNumber = run.number;
    },
  };
  const tell = (end: { state: "complete" | "pruned" | "failed"; values?: number[]; message?: string | null }) =>
    callFromCell(contract.tellTrial, { ...at, ...end, runNumber });
  try {
    const values = [await objective(trial)].flat();
    if (values.every(Number.isFinite)) return await tell({ state: "complete", values });
    return await tell({ state: "failed", message: "The objective's value was not a number." });
  } catch (error) {
    if (error instanceof Pruned) return await tell({ state: "pruned" });
    const told = await tell({ state: "failed", message: String(error instanceof Error ? error.message : error).slice(0, 2000) });
    if (session()?.signal().aborted) throw error;
    return told;
  } finally {
    clearInterval(renewal);
  }
};

const historyOf = (study: contract.WholeStudy) => {
  const { direction, name } = study.plan.objectives[0]!;
  const better = direction === "minimize" ? Math.min : Math.max;
  let best = direction === "minimize" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return study.trials
    .filter((one) => one.state === "complete")
    .map((one) => {
      best = better(best, one.values[0]!);
      return { trial: one.number, [`best ${name}`]: best };
    });
};

/**
 * Searches a space: asks for trials, runs the objective on each, shows progress and the curve of the best so far, and answers the study.
 * @example
 * const study = await tuning.tune({
 *   name: "credit boosting",
 *   space: { rate: { type: "float", low: 0.01, high: 0.3, log: true }, depth: { type: "int", low: 2, high: 8 } },
 *   objectives: { auc: "maximize" },
 *   trials: 40,
 *   objective: async ({ params }) => evaluate(await learn.boostedTrees(params).fit(train, { target: "outcome" })),
 * });
 */
export const tune = async <const S extends Space>(options: TuneOptions<S>): Promise<contract.WholeStudy> => {
  const { name, space, objective, objectives, parallel = 1, trials = 100, sampler, pruner, seed } = options;
  if (!(Number.isInteger(parallel) && parallel >= 1 && parallel <= 64)) throw new Error("parallel: Give a whole number from 1 to 64.");
  const made = await callFromCell(contract.openStudy, {
    name,
    space: space as unknown as contract.Plan["space"],
    objectives: Object.entries(objectives ?? { value: "minimize" as const }).map(([key, direction]) => ({ name: key, direction })),
    trials,
    ...(sampler ? { sampler } : {}),
    ...(pruner ? { pruner: pruner as contract.Plan["pruner"] } : {}),
    ...(seed === undefined ? {} : { seed }),
  });
  const owner = randomUUID();
  const rule = progress(`Searching ${name}`, made.plan.objectives[0]!.name);
  const done = { count: made.counts.complete + made.counts.pruned + made.counts.failed };
  let sentence = `${name} has been searched before.`;
  const work = async (): Promise<void> => {
    for (;;) {
      if (session()?.signal().aborted) return;
      const { trial, reason } = await callFromCell(contract.askTrial, { study: made.id, owner });
      if (reason === "waiting") {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        continue;
      }
      if (!trial) {
        sentence =
          reason === "stopped" ? `${name} was stopped. Call tuning.resume and run this cell again.` : `${name}: every trial has ended.`;
        return;
      }
      const ended = await perform(made.id, owner, trial, objective);
      done.count++;
      rule.tell(
        done.count / made.plan.trials,
        `trial ${ended.number} ${ended.state}, ${done.count} of ${made.plan.trials}`,
        ended.values[0],
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, work));
  } catch (error) {
    rule.failed(`${name} came to a stop; run this cell again to go on.`);
    throw error;
  }
  rule.done(sentence);
  const whole = await read(made.id);
  const history = historyOf(whole);
  if (history.length > 1) session()?.display(bundleOf(chart.line(history, "trial", `best ${made.plan.objectives[0]!.name}`)));
  return whole;
};

const bundleOf = (shown: unknown): Record<string, unknown> =>
  (shown as Record<symbol, () => Record<string, unknown>>)[Symbol.for("Jupyter.display")]!();

/**
 * A study with its trials, by name.
 * @example
 * const { best, trials } = await tuning.read("credit boosting");
 */
export const read = (study: string): Promise<contract.WholeStudy> => callFromCell(contract.readStudy, { study });

/**
 * Parameters of the best complete trial by the first objective; null before there is one.
 * @example
 * const params = await tuning.best("credit boosting");
 */
export const best = async (study: string): Promise<Record<string, Value> | null> => {
  const whole = await read(study);
  return whole.best ? whole.trials[whole.best.number]!.params : null;
};

/**
 * Stops a study in every session that works on it: running trials end at their next report.
 * @example
 * await tuning.stop("credit boosting");
 */
export const stop = (study: string): Promise<contract.Study> => callFromCell(contract.stopStudy, { study });

/**
 * Lets a stopped study give trials again.
 * @example
 * await tuning.resume("credit boosting");
 */
export const resume = (study: string): Promise<contract.Study> => callFromCell(contract.resumeStudy, { study });

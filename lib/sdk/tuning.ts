// `tuning` in a cell: search the parameters that make an objective best. The study lives in the workspace's tuning room, so that a session that
// dies loses only the trials it was in, any number of sessions work on one study, and the same cell run again goes on where it stopped.
import { randomUUID } from "node:crypto";
import { isProblem } from "#lib/kit/problem.ts";
import type { ParamsOf, Space, Value } from "#lib/learn/search/space.ts";
import { chart } from "#lib/sdk/chart.ts";
import { callFromCell, callPatiently, session } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";
import { type LiveRun, start as startRun } from "#lib/sdk/runs.ts";
import * as contract from "#lib/tuning/contract.ts";

/** Thrown through an objective that was told to stop; let it pass. */
class Pruned extends Error {
  override name = "Pruned";
}

export type LiveTrial<S extends Space> = {
  readonly number: number;
  readonly params: ParamsOf<S>;
  /** The run that logs this trial, where the study has an experiment; give it to `models.keep`. */
  readonly run: LiveRun;
  /** Tells a value on the way; throws, to end the objective, when the trial is not worth going on with. */
  report: (step: number, value: number) => Promise<void>;
  /** Says which experiment run this trial logged, where the objective starts its own. */
  logged: (run: { number: number }) => void;
};

type Objective<S extends Space> = (trial: LiveTrial<S>) => Promise<number | number[]> | number | number[];

export type TuneOptions<S extends Space> = {
  name: string;
  space: S;
  /** Answers the value of these parameters, or one for each objective. */
  objective: Objective<S>;
  /** One name with its direction each; `{ value: "minimize" }` when absent. */
  objectives?: Record<string, "minimize" | "maximize">;
  /** Logs every trial as a run of this experiment, with its parameters, reports and values. */
  experiment?: string;
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
/** Under which name this session asks for trials; the worker gives its sessions one, so that it can tell which trials went with them. */
let owner: string = randomUUID();

/**
 * Names this session to the studies it works on; the worker calls it before the cells.
 * @example
 * tuning.workAs("hand-1");
 */
export const workAs = (name: string): void => {
  owner = name;
};

const noRun = (): never => {
  throw new Error("This study logs no runs. Give tuning.tune an experiment, and every trial has a run.");
};

type End = { state: "complete" | "pruned" | "failed"; values?: number[]; message?: string };

/** What came of an objective: its values, or why there are none. */
const endOf = async <S extends Space>(objective: Objective<S>, trial: LiveTrial<S>, wanted: number): Promise<End> => {
  try {
    const values = [await objective(trial)].flat();
    if (values.length !== wanted) return { state: "failed", message: `The objective answered ${values.length} values, not ${wanted}.` };
    if (!values.every(Number.isFinite)) return { state: "failed", message: "The objective's value was not a number." };
    return { state: "complete", values };
  } catch (error) {
    if (error instanceof Pruned) return { state: "pruned" };
    return { state: "failed", message: String(error instanceof Error ? error.message : error).slice(0, 2000) };
  }
};

const unless =
  (code: string) =>
  (error: unknown): null => {
    if (isProblem(error) && error.code === code) return null;
    throw error;
  };

/**
 * One trial from its start to its end; its lease is renewed for as long as it runs. Its numbers are stored first, then the study ends it and its
 * run in one step. Null when the study gave it up in the meantime.
 */
const perform = async <S extends Space>(study: contract.Study, given: contract.Trial, objective: Objective<S>, experiment?: string) => {
  const at = { study: study.id, trial: given.number, owner };
  const renewal = setInterval(() => void callFromCell(contract.reportTrial, at).catch(() => null), renewMs);
  const names = study.plan.objectives.map((one) => one.name);
  let runNumber: number | null = null;
  let last = -1;
  try {
    const run = experiment ? await startRun({ experiment, name: `${study.name}, trial ${given.number}`, params: given.params }) : null;
    if (run) await callPatiently(contract.reportTrial, { ...at, runNumber: run.number });
    runNumber = run?.number ?? null;
    const trial: LiveTrial<S> = {
      number: given.number,
      params: given.params as ParamsOf<S>,
      get run() {
        return run ?? noRun();
      },
      report: async (step, value) => {
        last = Math.max(last, step);
        run?.metric(names[0]!, value, step);
        const { shouldStop } = await callPatiently(contract.reportTrial, { ...at, step, value });
        if (shouldStop) throw new Pruned(`Trial ${given.number} is not worth going on with.`);
      },
      logged: (made) => {
        if (run) throw new Error(`Trial ${given.number} logs to run ${run.number} already: use trial.run.`);
        runNumber = made.number;
      },
    };
    const end = await endOf(objective, trial, names.length);
    if (run && end.values) run.metrics(Object.fromEntries(names.map((name, i) => [name, end.values![i]!])), last + 1);
    await run?.sent().catch(unless("runs.over"));
    return await callPatiently(contract.tellTrial, { ...at, ...end, runNumber }).catch(unless("tuning.over"));
  } catch (error) {
    return unless("tuning.over")(error);
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

/** Asks for trials and performs them until the study gives no more; answers the sentence that says why. */
const search = async <S extends Space>(
  made: contract.Study,
  objective: Objective<S>,
  { parallel = 1, experiment }: { parallel?: number; experiment?: string },
): Promise<void> => {
  if (!(Number.isInteger(parallel) && parallel >= 1 && parallel <= 64)) throw new Error("parallel: Give a whole number from 1 to 64.");
  const { name } = made;
  const rule = progress(`Searching ${name}`, made.plan.objectives[0]!.name);
  const done = { count: made.counts.complete + made.counts.pruned + made.counts.failed };
  let sentence = `${name} has been searched before.`;
  const work = async (): Promise<void> => {
    for (;;) {
      if (session()?.signal().aborted) return;
      const { trial, reason } = await callPatiently(contract.askTrial, { study: made.id, owner });
      if (reason === "waiting") {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        continue;
      }
      if (!trial) {
        sentence =
          reason === "stopped" ? `${name} was stopped. Call tuning.resume and run this cell again.` : `${name}: every trial has ended.`;
        return;
      }
      const ended = await perform(made, trial, objective, experiment);
      if (session()?.signal().aborted) throw new Error(`${name} was interrupted.`);
      if (!ended) continue;
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
};

/**
 * Searches a space: asks for trials, runs the objective on each, shows progress and the curve of the best so far, and answers the study.
 * @example
 * const study = await tuning.tune({
 *   name: "credit boosting",
 *   space: { rate: { type: "float", low: 0.01, high: 0.3, log: true }, depth: { type: "int", low: 2, high: 8 } },
 *   objectives: { auc: "maximize" },
 *   experiment: "Credit",
 *   trials: 40,
 *   objective: async ({ params, run }) => {
 *     const model = await learn.boostedTrees(params).fit(train, { target: "outcome", positive: "bad" });
 *     await models.keep(run, { model, trainedOn: train });
 *     return model.evaluate(test).auc;
 *   },
 * });
 */
export const tune = async <const S extends Space>(options: TuneOptions<S>): Promise<contract.WholeStudy> => {
  const { name, space, objective, objectives, trials = 100, sampler, pruner, seed } = options;
  const made = await callFromCell(contract.openStudy, {
    name,
    space: space as unknown as contract.Plan["space"],
    objectives: Object.entries(objectives ?? { value: "minimize" as const }).map(([key, direction]) => ({ name: key, direction })),
    trials,
    ...(sampler ? { sampler } : {}),
    ...(pruner ? { pruner: pruner as contract.Plan["pruner"] } : {}),
    ...(seed === undefined ? {} : { seed }),
  });
  await search(made, objective, options);
  const whole = await read(made.id);
  const history = historyOf(whole);
  if (history.length > 1) session()?.display(bundleOf(chart.line(history, "trial", `best ${made.plan.objectives[0]!.name}`)));
  return whole;
};

/**
 * Works on a study that is open already, by its name: its plan is the study's own, the objective is this one. Every trial is logged as a run
 * of the experiment, which has the study's name when none is given.
 * @example
 * await tuning.work("credit boosting", objective);
 */
export const work = async <S extends Space>(
  study: string,
  objective: Objective<S>,
  options: { parallel?: number; experiment?: string } = {},
): Promise<contract.WholeStudy> => {
  const made = await read(study);
  await search(made, objective, { experiment: made.name, ...options });
  return read(made.id);
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

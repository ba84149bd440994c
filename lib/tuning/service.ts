// The verbs of the tuning room: lock the study, let lib/learn/search decide, write what it decided. Sessions that ask may die at any time;
// their trials are found out by the lease at the next question, so nothing has to watch.
import { isDeepStrictEqual } from "node:util";
import { endOpenRun } from "#lib/experiments/service.ts";
import { findRun } from "#lib/experiments/store.ts";
import { newId } from "#lib/kit/ids.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import type { Space } from "#lib/learn/search/space.ts";
import { orderOf } from "#lib/learn/search/space.ts";
import { report, suggest } from "#lib/learn/search/study.ts";
import { keepsModel, registerKept } from "#lib/models/service.ts";
import { titlesOf } from "#lib/notebooks/store.ts";
import * as contract from "#lib/tuning/contract.ts";
import { type Plan, planSchema, tuningEvents } from "#lib/tuning/contract.ts";
import { handsOf, toHand } from "#lib/tuning/hand-store.ts";
import { importanceOf } from "#lib/tuning/importance.ts";
import { loseSilent } from "#lib/tuning/losses.ts";
import { bestOf, frontOf, leaseMs, lostTrial, type StoredTrial, spent, toSearch } from "#lib/tuning/rules.ts";
import * as store from "#lib/tuning/store.ts";

/** A study by id or name; 404 when there is none here. */
export const findStudy = async (scope: Scope, key: string, options: { lock?: boolean } = {}): Promise<store.StoredStudy> => {
  const found = await store.findStudy(scope, key, options);
  if (!found) throw missing("study", key);
  return found;
};

/** Notes that a study changed, and says so. */
export const touch = async (
  scope: Scope,
  study: store.StoredStudy,
  change: Parameters<typeof store.updateStudy>[2] = {},
): Promise<void> => {
  await store.updateStudy(scope, study.row.id, { ...change, changedAt: scope.now });
  scope.emit(tuningEvents.changed, study.row.id);
};

/** A study as a noun, with the title of the notebook it came from. */
const nouns = async (scope: Scope, found: { study: store.StoredStudy; trials: StoredTrial[] }[]): Promise<contract.Study[]> => {
  const ids = found.flatMap(({ study: { row } }) =>
    [row.source, row.work].flatMap((one) => (one ? [(one as { notebookId: string }).notebookId] : [])),
  );
  const titles = await titlesOf(scope, [...new Set(ids)]);
  return found.map(({ study, trials }) => store.toStudy(study, trials, titles));
};
/** One study as a noun. */
export const noun = async (scope: Scope, study: store.StoredStudy, trials: StoredTrial[]): Promise<contract.Study> =>
  (await nouns(scope, [{ study, trials }]))[0]!;

const refuse = (plan: Plan): void => {
  const fault = ((): string | null => {
    try {
      orderOf(plan.space as Space);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  })();
  if (fault) throw new Problem("invalid", "tuning.space", `space: ${fault}`);
  if (plan.objectives.length > 1 && plan.pruner.type !== "none")
    throw new Problem("invalid", "tuning.pruner", "pruner: Trials with several objectives cannot be pruned. Leave the pruner out.");
  if (new Set(plan.objectives.map((one) => one.name)).size < plan.objectives.length)
    throw new Problem("invalid", "tuning.objectives", "objectives: Two have the same name. Name each differently.");
};

export const listStudies = verb(contract.listStudies, async (scope) => ({ items: await nouns(scope, await store.studies(scope)) }));

export const openStudy = verb(contract.openStudy, async (scope, { workspace: _, name, ...given }) => {
  const plan = planSchema.parse(given);
  refuse(plan);
  const { cell } = scope.caller;
  const id = newId("tuning_study", scope.now.getTime());
  await store.insertStudy(scope, {
    id,
    name,
    plan,
    pruner: plan.pruner,
    status: "open",
    work: null,
    source: cell ? { notebookId: cell.notebookId, cellId: cell.cellId, cellHash: cell.cellHash, revision: cell.revision } : null,
    createdBy: scope.caller.name,
    createdAt: scope.now,
    changedAt: scope.now,
  });
  const study = await findStudy(scope, name, { lock: true });
  const { trials: had, ...before } = study.plan;
  const { trials: wanted, ...after } = plan;
  if (!isDeepStrictEqual(before, after) || wanted < had)
    throw new Problem(
      "conflict",
      "tuning.plan",
      `${name} is there already with another space, objective or rule, or with more trials. Choose another name, or open it as it was.`,
    );
  if (wanted > had) await store.widenBudget(scope, study.row.id, plan);
  if (study.row.id === id) await scope.audit("tuning.opened", id, { name });
  await touch(scope, study);
  return noun(scope, { ...study, plan }, await store.trialsOf(scope, study.row.id));
});

/** The run a trial logged; null when it logged none or the run is gone. */
const runOf = async (scope: Scope, trial: StoredTrial | undefined) => (trial?.runNumber ? findRun(scope, String(trial.runNumber)) : null);

const hasModel = async (scope: Scope, { plan }: store.StoredStudy, trials: StoredTrial[]): Promise<boolean> => {
  const best = bestOf(plan, trials);
  const run = best && (await runOf(scope, trials[best.number]));
  return run ? keepsModel(scope, run.id) : false;
};

export const readStudy = verb(contract.readStudy, (scope, { study: key }) =>
  scope.snapshot(async (at) => {
    const study = await findStudy(at, key);
    const trials = await store.trialsOf(at, study.row.id);
    return {
      ...(await noun(at, study, trials)),
      trials: trials.map(store.shown),
      front: frontOf(study.plan, trials),
      importance: importanceOf(study.row.id, study.plan, trials),
      hands: (await handsOf(at, study.row.id)).map(toHand),
      keepsModel: await hasModel(at, study, trials),
    };
  }),
);

export const askTrial = verb(contract.askTrial, async (scope, { study: key, owner }) => {
  const study = await findStudy(scope, key, { lock: true });
  let trials = await store.trialsOf(scope, study.row.id);
  await loseSilent(scope, study.row.id, trials);
  trials = await store.trialsOf(scope, study.row.id);
  if (study.row.status === "stopped") return { trial: null, reason: "stopped" as const };
  if (spent(trials) >= study.plan.trials)
    return { trial: null, reason: trials.some((one) => one.state === "running") ? ("waiting" as const) : ("budget" as const) };
  const again = lostTrial(trials);
  const number = trials.length;
  const params = again?.params ?? suggest(toSearch(study.row.name, study.plan, study.pruner, trials));
  const leaseUntil = new Date(scope.now.getTime() + leaseMs);
  const row = { number, state: "running", params, values: [], reports: [], rungs: [], owner, leaseUntil, startedAt: scope.now };
  await store.insertTrial(scope, { ...row, studyId: study.row.id, retryOf: again?.number ?? null });
  await touch(scope, study);
  const trial = { ...row, state: "running" as const, message: null, runNumber: null, retryOf: again?.number ?? null, endedAt: null };
  return { trial: store.shown({ ...trial, startedAt: scope.now.toISOString() }), reason: null };
});

/** The trial of this owner, locked with its study; `isOver` when it ended already. */
const heldTrial = async (scope: Scope, key: string, number: number, owner: string) => {
  const study = await findStudy(scope, key, { lock: true });
  const trials = await store.trialsOf(scope, study.row.id);
  const trial: StoredTrial | undefined = trials[number];
  if (!trial) throw missing("trial", String(number));
  if (trial.owner !== owner)
    throw new Problem("conflict", "tuning.owner", `Trial ${number} belongs to another session. Ask the study for a trial of your own.`);
  return { study, trials, trial };
};

const over = (trial: StoredTrial): Problem =>
  new Problem("conflict", "tuning.over", `Trial ${trial.number} is ${trial.state} already. What ended stays ended; ask for the next one.`);

export const reportTrial = verb(contract.reportTrial, async (scope, { study: key, trial: number, owner, step, value, runNumber }) => {
  const { study, trials, trial } = await heldTrial(scope, key, number, owner);
  if (trial.state !== "running") throw over(trial);
  const leaseUntil = new Date(scope.now.getTime() + leaseMs);
  const isStopped = study.row.status === "stopped";
  const logged = runNumber === null ? {} : { runNumber };
  if (step === null || value === null) {
    await store.updateTrial(scope, study.row.id, number, { leaseUntil, ...logged });
    return { shouldStop: isStopped };
  }
  if (trial.reports.length >= 10_000)
    throw new Problem("limit", "tuning.reports", `Trial ${number} has reported 10,000 times. Report every few steps only.`);
  const judged = report(toSearch(study.row.name, study.plan, study.pruner, trials), number, step, value);
  const { reports, rungs } = judged.study.trials[number]!;
  await store.updateTrial(scope, study.row.id, number, { reports, rungs, leaseUntil, ...logged });
  await touch(scope, study, { pruner: judged.study.pruner });
  return { shouldStop: judged.shouldStop || isStopped };
});

/** How the run that logs a trial ends with it (TU8). */
const runEndOf = ({ state, message }: { state: "complete" | "pruned" | "failed"; message: string | null }, number: number) => {
  if (state === "complete") return { status: "done" as const, fault: null, message };
  if (state === "failed") return { status: "failed" as const, fault: "yours" as const, message };
  return { status: "cancelled" as const, fault: null, message: message ?? `Trial ${number} was not worth going on with.` };
};

export const tellTrial = verb(contract.tellTrial, async (scope, { study: key, trial: number, owner, ...end }) => {
  const { study, trial } = await heldTrial(scope, key, number, owner);
  const wanted = study.plan.objectives.length;
  const values = end.state === "complete" ? end.values : [];
  if (trial.state !== "running") {
    if (trial.state === end.state && isDeepStrictEqual(trial.values, values)) return store.shown(trial);
    throw over(trial);
  }
  if (end.state === "complete" && values.length !== wanted)
    throw new Problem("invalid", "tuning.values", `values: ${values.length} given for ${wanted} objectives. Give one for each.`);
  const change = {
    state: end.state,
    values,
    message: end.message,
    runNumber: end.runNumber ?? trial.runNumber,
    endedAt: scope.now,
    leaseUntil: null,
  };
  await store.updateTrial(scope, study.row.id, number, change);
  if (change.runNumber !== null) await endOpenRun(scope, change.runNumber, runEndOf(end, number));
  await touch(scope, study);
  return store.shown({ ...trial, ...change, endedAt: scope.now.toISOString() });
});

export const registerTrial = verb(contract.registerTrial, async (scope, { study: key, model, trial: wanted }) => {
  const study = await findStudy(scope, key);
  const trials = await store.trialsOf(scope, study.row.id);
  const number = wanted ?? bestOf(study.plan, trials)?.number;
  if (number === undefined)
    throw new Problem("conflict", "tuning.no_best", `${study.row.name} has no complete trial yet. Register the best when there is one.`);
  const trial = trials[number];
  if (!trial) throw missing("trial", String(number));
  const run = await runOf(scope, trial);
  if (!run)
    throw new Problem(
      "conflict",
      "tuning.no_run",
      `Trial ${number} logged no run. Give tuning.tune an experiment, and keep the model with models.keep(trial.run, { model }).`,
    );
  await scope.audit("tuning.registered", study.row.id, { trial: number, run: run.number, model });
  return registerKept(scope, { model, run: run.id, description: `Trial ${number} of the study ${study.row.name}.` });
});

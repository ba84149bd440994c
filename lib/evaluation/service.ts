// The verbs of the evaluation room. Running only queues: everything that will be read is pinned here (EV1), and what cannot work is refused
// before anything waits.
import { isDeepStrictEqual } from "node:util";
import type { Column } from "#lib/datasets/contract.ts";
import { findDataset, findVersion as findTable } from "#lib/datasets/store.ts";
import * as contract from "#lib/evaluation/contract.ts";
import { evaluationEvents, type Plan, planSchema } from "#lib/evaluation/contract.ts";
import { missingInput, planFault } from "#lib/evaluation/rules.ts";
import * as store from "#lib/evaluation/store.ts";
import { newId } from "#lib/kit/ids.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import type { Signature } from "#lib/models/contract.ts";
import { findVersion as findModel } from "#lib/models/store.ts";

const findSuite = async (scope: Scope, key: string, options: { lock?: boolean } = {}) => {
  const found = await store.findSuite(scope, key, options);
  if (!found) throw missing("suite", key);
  return found;
};

const tableOf = async (scope: Scope, plan: Plan) => {
  const dataset = await findDataset(scope, plan.dataset);
  if (!dataset) throw missing("dataset", plan.dataset);
  const row = await findTable(scope, dataset.id, plan.datasetVersion);
  if (!row?.tableDigest || !row.columns)
    throw new Problem(
      "conflict",
      "evaluation.table",
      `${dataset.name} has no version ${plan.datasetVersion} that is ready. Wait for its reading, or upload one.`,
    );
  return { name: dataset.name, number: row.number, digest: row.tableDigest, columns: row.columns as Column[], rows: row.rowCount ?? 0 };
};

const refuse = (fault: string | null): void => {
  if (fault) throw new Problem("invalid", "evaluation.plan", fault);
};

/** A version that can answer the table's rows. */
const versionFor = async (scope: Scope, model: string, version: string, table: { name: string; columns: Column[] }) => {
  const found = await findModel(scope, model, version);
  if (!found)
    throw new Problem(
      "missing",
      "model_version.missing",
      `There is no version ${version} of ${model} here. Look at the model's versions and aliases.`,
    );
  const absent = missingInput(found.row.signature as Signature, table.columns);
  if (absent) refuse(`version: ${model} version ${found.row.number} takes ${absent}, which ${table.name} has not.`);
  return { model, version: found.row.number, digest: found.row.digest, signature: found.row.signature };
};

export const listSuites = verb(contract.listSuites, async (scope) => {
  const [all, last] = [await store.suites(scope), await store.newest(scope)];
  return {
    items: all.map((suite) => ({ ...suite, latest: last.get(suite.id)?.latest ?? null, evaluationCount: last.get(suite.id)?.count ?? 0 })),
  };
});

export const saveSuite = verb(contract.saveSuite, async (scope, { workspace: _, suite: name, ...given }) => {
  const plan = planSchema.parse(given);
  refuse(planFault(plan, (await tableOf(scope, plan)).columns));
  const found = await store.findSuite(scope, name, { lock: true });
  if (found && isDeepStrictEqual(found.plan, plan)) return found.suite;
  const saved = await store.putSuite(scope, {
    id: found?.suite.id ?? newId("evaluation_suite", scope.now.getTime()),
    name,
    revision: (found?.suite.revision ?? 0) + 1,
    plan,
    updatedBy: scope.caller.name,
    updatedAt: scope.now,
  });
  await scope.audit("evaluation.suite_saved", saved.id, { name, revision: saved.revision });
  scope.emit(evaluationEvents.changed, saved.id);
  return saved;
});

export const readSuite = verb(contract.readSuite, async (scope, { suite }) => {
  const found = await findSuite(scope, suite);
  return { ...found.suite, evaluations: await store.evaluations(scope, { suiteId: found.suite.id }) };
});

export const runSuite = verb(contract.runSuite, async (scope, { suite: key, model, version }) => {
  const { suite, plan } = await findSuite(scope, key, { lock: true });
  const table = await tableOf(scope, plan);
  refuse(planFault(plan, table.columns));
  if (plan.answerColumn === null && model === null) refuse("model: Say which model is to be judged.");
  const judged = plan.answerColumn === null && model !== null ? await versionFor(scope, model, version, table) : null;
  const baseline = judged && plan.baseline ? await versionFor(scope, plan.baseline.model, plan.baseline.version, table) : null;
  const id = newId("evaluation", scope.now.getTime());
  const number = await store.insertEvaluation(scope, {
    id,
    suiteId: suite.id,
    suiteRevision: suite.revision,
    status: "queued",
    plan,
    dataset: table.name,
    datasetVersion: table.number,
    tableDigest: table.digest,
    model: judged?.model ?? null,
    modelVersion: judged?.version ?? null,
    digest: judged?.digest ?? null,
    signature: judged?.signature ?? null,
    baselineModel: baseline?.model ?? null,
    baselineVersion: baseline?.version ?? null,
    baselineDigest: baseline?.digest ?? null,
    baselineSignature: baseline?.signature ?? null,
    rowsTotal: table.rows,
    sentence: "Waits for the worker.",
    startedBy: scope.caller.name,
    queuedAt: scope.now,
  });
  await scope.audit("evaluation.queued", id, { suite: suite.name, number, model: judged?.model ?? null, version: judged?.version ?? null });
  scope.emit(evaluationEvents.queued, id);
  return (await store.findEvaluation(scope, number))!;
});

export const listEvaluations = verb(contract.listEvaluations, async (scope, { model, version }) => ({
  items: await store.evaluations(scope, {
    ...(model === undefined ? {} : { model }),
    ...(version === undefined ? {} : { version }),
  }),
}));

const findEvaluation = async (scope: Scope, number: number) => {
  const found = await store.findEvaluation(scope, number);
  if (!found) throw missing("evaluation", String(number));
  return found;
};

export const readEvaluation = verb(contract.readEvaluation, (scope, { evaluation }) => findEvaluation(scope, evaluation));

export const stopEvaluation = verb(contract.stopEvaluation, async (scope, { evaluation }) => {
  const found = await findEvaluation(scope, evaluation);
  if (await store.stopEvaluation(scope, found.id, `Stopped by ${scope.caller.name}.`, scope.now)) {
    await scope.audit("evaluation.stopped", found.id, { number: evaluation });
    scope.emit(evaluationEvents.changed, found.id);
  }
  return findEvaluation(scope, evaluation);
});

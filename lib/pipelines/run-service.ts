// The verbs of pipeline runs: starting one by hand, looking at it, its log, stopping it. The worker does the running (executor.ts).
import { newId } from "#lib/kit/ids.ts";
import { cutPage, readCursor } from "#lib/kit/page.ts";
import { Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import * as contract from "#lib/pipelines/contract.ts";
import { hasEnded, type PipelineRunStatus, pipelineEvents } from "#lib/pipelines/contract.ts";
import * as store from "#lib/pipelines/run-store.ts";
import { findRow, wholeRun } from "#lib/pipelines/service.ts";
import { stagesOf, toStages } from "#lib/pipelines/store.ts";

const waitingLimit = 50;

const findRun = async (scope: Scope, pipeline: string, number: number): Promise<store.RunRow> => {
  const row = await findRow(scope, pipeline);
  const run = await store.findRun(scope, row.id, number);
  if (!run)
    throw new Problem("missing", "pipeline_run.missing", `${row.name} has no pipeline run ${number}. Look at its list of pipeline runs.`);
  return run;
};

export const runPipeline = verb(contract.runPipeline, async (scope, { pipeline }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  if (row.trashedAt) throw new Problem("conflict", "pipelines.trashed", `${row.name} is in the trash. Restore it first.`);
  if ((await store.waitingCount(scope, row.id)) >= waitingLimit)
    throw new Problem(
      "limit",
      "pipelines.waiting",
      `${waitingLimit} pipeline runs of ${row.name} wait already. Wait for one to end, or stop some.`,
    );
  const made = await store.insertRun(scope, {
    id: newId("pipeline_run", scope.now.getTime()),
    pipelineId: row.id,
    revision: row.revision,
    trigger: "manual",
    scheduledFor: null,
    startedBy: scope.caller.name,
    queuedAt: scope.now,
  });
  await scope.audit("pipeline_run.queued", row.id, { number: made!.number });
  scope.emit(pipelineEvents.runChanged, made!.id);
  scope.emit(pipelineEvents.changed, row.id);
  return made!;
});

export const listPipelineRuns = verb(contract.listPipelineRuns, async (scope, { pipeline, limit, after }) => {
  const row = await findRow(scope, pipeline);
  const before = Number(readCursor(after)?.[0]);
  const rows = await store.runsOf(scope, row.id, { limit, ...(before > 0 ? { before } : {}) });
  const page = cutPage(rows, limit, (run) => [run.number]);
  return { ...page, items: page.items.map(store.toPipelineRun) };
});

export const readPipelineRun = verb(contract.readPipelineRun, async (scope, { pipeline, number }) => {
  const run = await findRun(scope, pipeline, number);
  const attempts = (await store.stageRunsOf(scope, [run.id])).get(run.id) ?? [];
  return { ...wholeRun(run, attempts), pinned: toStages(await stagesOf(scope, run.pipelineId, run.revision)) };
});

export const readPipelineLog = verb(contract.readPipelineLog, async (scope, { pipeline, number, afterSeq, limit, stage }) => {
  const run = await findRun(scope, pipeline, number);
  const stages = (await stagesOf(scope, run.pipelineId, run.revision)).map((one) => one.name);
  const entries = await store.logOf(scope, run.id, { afterSeq, limit, stage, stages });
  return { entries, nextSeq: entries.at(-1)?.seq ?? afterSeq, hasEnded: hasEnded(run.status as PipelineRunStatus) };
});

export const cancelPipelineRun = verb(contract.cancelPipelineRun, async (scope, { pipeline, number }) => {
  const run = await findRun(scope, pipeline, number);
  const [asked] = await store.askStop(scope, { pipelineId: run.pipelineId, number }, scope.caller.name, scope.now);
  if (!asked)
    throw new Problem("conflict", "pipelines.ended", `Pipeline run ${number} is ${run.status} already. There is nothing to stop.`);
  await scope.audit("pipeline_run.stopped", run.pipelineId, { number });
  scope.emit(pipelineEvents.runChanged, run.id);
  scope.emit(pipelineEvents.changed, run.pipelineId);
  return store.toPipelineRun(asked);
});

// What the worker stores of a pipeline run: opening an attempt, every step of its course, and what has to be tidied after its end. Each is
// one transaction under the lease, and each may be repeated.

import { appendLog as appendRunLog, createRun, endRun, endRunsOf } from "#lib/experiments/service.ts";
import { openRunsOfPipelineRun } from "#lib/experiments/store.ts";
import { now } from "#lib/kit/clock.ts";
import { newId } from "#lib/kit/ids.ts";
import { leaseOwner } from "#lib/kit/job.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { type Caller, type Scope, systemIn, within } from "#lib/kit/verb.ts";
import { hasEnded, type PipelineRunStatus, pipelineEvents } from "#lib/pipelines/contract.ts";
import { attemptLimit, type Course, current, type Entry, logLimitBytes, type Step } from "#lib/pipelines/course.ts";
import * as store from "#lib/pipelines/run-store.ts";
import { findPipeline, type StageRow, stagesOf } from "#lib/pipelines/store.ts";
import type { Fault } from "#lib/sessions/contract.ts";
import { clearKernel } from "#lib/sessions/kernel-client.ts";
import "#lib/workspace/authority.ts"; // verbs called here ask it
import { findWorkspaceById } from "#lib/workspace/store.ts";

export type Attempt = {
  run: store.RunRow;
  stages: StageRow[];
  course: Course;
  kernelId: string;
  /** Whether the kernel was seen alive in this attempt; then a missing one is lost, not to be made. */
  hasKernel: boolean;
  journalSeq: number;
};

const kernelIdOf = (runId: string, attempt: number): string => `${runId}-${attempt}`;

const inRun = <T>(run: { workspaceId: string; startedBy: string }, work: (scope: Scope) => Promise<T>): Promise<T> =>
  within({ ...systemIn(run.workspaceId), name: run.startedBy }, run.workspaceId, work);

const toCourse = (stages: StageRow[], rows: store.StageRunRow[]): Course => ({
  ending: null,
  isLost: false,
  stages: rows.map((row, index) => ({
    id: row.id,
    name: stages[index]!.name,
    cells: stages[index]!.cells,
    status: row.status as PipelineRunStatus,
    cellIndex: row.cellIndex,
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    fault: row.fault as Fault | null,
    message: row.message,
    progress: row.progress,
  })),
});

/** P8: the experiment run of a pipeline run; one made by a worker that died before it could note it is found again. */
const ensureExperimentRun = async (run: store.RunRow): Promise<string> => {
  if (run.runId) return run.runId;
  const facts = await inRun(run, async (scope) => ({
    pipeline: await findPipeline(scope, run.pipelineId),
    stages: await stagesOf(scope, run.pipelineId, run.revision),
    workspace: await findWorkspaceById(scope.sql, run.workspaceId),
    open: await openRunsOfPipelineRun(scope, run.id),
  }));
  const first = facts.stages[0]!;
  const caller: Caller = { ...systemIn(run.workspaceId), name: run.startedBy };
  const id =
    facts.open[0]?.id ??
    (
      await createRun(caller, {
        workspace: facts.workspace!.slug,
        experiment: facts.pipeline!.name,
        name: `pipeline run ${run.number}`,
        pipelineRunId: run.id,
        tags: { trigger: run.trigger, revision: String(run.revision) },
        source: {
          notebookId: first.notebookId,
          revision: first.notebookRevision,
          cellId: first.cells[0]!.cellId,
          cellHash: first.cells[0]!.hash,
        },
      })
    ).id;
  await inRun(run, (scope) => store.updateRun(scope.sql, run.id, { runId: id }));
  return id;
};

const insertAttempt = (scope: Scope, runId: string, attempt: number, stages: { id: string }[]) =>
  store.insertStageRuns(
    scope,
    stages.map((stage, order) => ({
      id: newId("stage_run", scope.now.getTime()),
      pipelineRunId: runId,
      stageId: stage.id,
      attempt,
      order,
      status: "queued",
    })),
  );

/** Opens the attempt where it stands, making its stage runs the first time; null when the run is another worker's or has ended. */
export const openAttempt = async (claimed: store.RunRow): Promise<Attempt | null> => {
  await ensureExperimentRun((await inRun(claimed, (scope) => store.lockOwn(scope.sql, claimed.id, leaseOwner))) ?? claimed);
  return inRun(claimed, async (scope) => {
    const own = await store.lockOwn(scope.sql, claimed.id, leaseOwner);
    if (!own || hasEnded(own.status as PipelineRunStatus)) return null;
    const stages = await stagesOf(scope, own.pipelineId, own.revision);
    const known = await store.attemptOf(scope.sql, own.id, own.attempt);
    const kernelId = kernelIdOf(own.id, own.attempt);
    const rows = known.length > 0 ? known : await insertAttempt(scope, own.id, own.attempt, stages);
    const hasKernel = rows.some((row) => row.kernelId !== null);
    if (!hasKernel) await note(scope, own, 0, `Attempt ${own.attempt} of ${attemptLimit} in a fresh session, revision ${own.revision}.`);
    const run = await store.updateRun(scope.sql, own.id, { kernelId });
    scope.emit(pipelineEvents.runChanged, own.id);
    return { run, stages, course: toCourse(stages, rows), kernelId, hasKernel, journalSeq: Math.max(...rows.map((row) => row.journalSeq)) };
  });
};

const note = async (scope: Scope, own: store.RunRow, order: number, text: string): Promise<void> => {
  const entries = [{ at: scope.now.toISOString(), order, cellId: null, kind: "note" as const, text }];
  await store.updateRun(scope.sql, own.id, await writeLog(scope, own, entries));
};

/** Keeps entries up to the limit, in this log and in the experiment run's. */
const writeLog = async (scope: Scope, own: store.RunRow, entries: Entry[]) => {
  const kept: Entry[] = [];
  let bytes = own.logBytes;
  for (const entry of entries) {
    const isNote = entry.kind === "note" || entry.kind === "error";
    if (bytes > logLimitBytes && !isNote) continue;
    bytes += entry.text.length;
    kept.push(entry);
    if (bytes > logLimitBytes && bytes - entry.text.length <= logLimitBytes)
      kept.push({ ...entry, kind: "note", text: "More than 10 MB of log: what follows is not kept. Write it to a file or a data set." });
  }
  if (own.runId)
    await appendRunLog(
      scope,
      own.runId,
      kept.map((entry) => ({ at: new Date(entry.at), text: entry.text, isError: entry.kind === "error" || entry.kind === "stderr" })),
    );
  return store.appendLog(scope.sql, own, own.attempt, kept);
};

const storeStages = async (scope: Scope, attempt: Attempt, before: Course, after: Course, seq: number): Promise<void> => {
  const now_ = current(after)?.order ?? after.stages.findLastIndex((stage) => stage.startedAt !== null);
  for (const [order, stage] of after.stages.entries()) {
    if (stage === before.stages[order] && order !== now_) continue;
    const { id, name: _, cells: __, startedAt, endedAt, ...rest } = stage;
    const place = order === now_ ? { journalSeq: seq, kernelId: attempt.kernelId } : {};
    await store.updateStageRun(scope.sql, id, {
      ...rest,
      ...place,
      startedAt: startedAt ? new Date(startedAt) : null,
      endedAt: endedAt ? new Date(endedAt) : null,
    });
  }
};

const lostNote = "ours: the session was lost with its machine. The pipeline run begins again from the first stage, in a fresh session.";

/** The end of an attempt: a lost one is tried once more unless somebody pressed Stop (P5), anything else ends the pipeline run. */
const conclude = async (scope: Scope, own: store.RunRow, attempt: Attempt, course: Course): Promise<"again" | "ended"> => {
  const ending = course.ending!;
  if (course.isLost && own.attempt < attemptLimit && !own.stopAskedBy) {
    await note(scope, own, current(attempt.course)?.order ?? 0, lostNote);
    await store.updateRun(scope.sql, own.id, { attempt: own.attempt + 1 });
    await insertAttempt(scope, own.id, own.attempt + 1, attempt.stages);
    return "again";
  }
  const at = Math.max(
    0,
    course.stages.findLastIndex((stage) => stage.startedAt !== null),
  );
  const status = course.isLost && own.stopAskedBy ? "cancelled" : ending.status;
  const message = status === "cancelled" ? `Stopped by ${own.stopAskedBy}.` : ending.message;
  if (message) await note(scope, own, at, ending.fault && status !== "cancelled" ? `${ending.fault}: ${message}` : message);
  const fault = status === "cancelled" ? null : ending.fault;
  await store.updateRun(scope.sql, own.id, { status, fault, message, endedAt: scope.now });
  await scope.audit(`pipeline_run.${status}`, own.pipelineId, { number: own.number, fault });
  scope.emit(pipelineEvents.changed, own.pipelineId);
  return "ended";
};

const lastTold = new Map<string, number>();
const tellEveryMs = 700;

/** Stores one step with the number of the kernel message it came from; "left" when the lease is another's, and then nothing is stored. */
export const saveStep = (attempt: Attempt, before: Course, step: Step, seq: number): Promise<"left" | "stored" | "again" | "ended"> =>
  inRun(attempt.run, async (scope) => {
    const locked = await store.lockOwn(scope.sql, attempt.run.id, leaseOwner);
    if (!locked) return "left";
    const { course, entries } = step;
    await storeStages(scope, attempt, before, course, seq);
    const own = entries.length > 0 ? await store.updateRun(scope.sql, locked.id, await writeLog(scope, locked, entries)) : locked;
    const outcome = course.ending ? await conclude(scope, own, attempt, course) : "stored";
    const hasMoved = before.stages.some((stage, order) => stage.status !== course.stages[order]!.status);
    const at = scope.now.getTime();
    if (hasMoved || at - (lastTold.get(own.id) ?? 0) > tellEveryMs) {
      scope.emit(pipelineEvents.runChanged, own.id);
      lastTold.set(own.id, at);
    }
    if (outcome === "ended") lastTold.delete(own.id);
    return outcome;
  });

/** Deletes every kernel a pipeline run had and ends its experiment run; what a cell left open ends with it (P6, P8). */
export const cleanUp = async (run: {
  id: string;
  workspaceId: string;
  pipelineId: string;
  number: number;
  startedBy: string;
}): Promise<void> => {
  const row = await inRun(run, (scope) => store.findRun(scope, run.pipelineId, run.number));
  if (!row || !hasEnded(row.status as PipelineRunStatus)) return;
  for (let attempt = 1; attempt <= row.attempt; attempt++) await clearKernel(kernelIdOf(row.id, attempt));
  if (row.runId) await endExperimentRun(row, row.runId);
  if (row.kernelId) await store.forgetKernel(row.id, row.kernelId);
};

const endExperimentRun = async (row: store.RunRow, runId: string): Promise<void> => {
  const status = row.status as "done" | "failed" | "cancelled";
  const slug = (await inRun(row, (scope) => findWorkspaceById(scope.sql, row.workspaceId)))!.slug;
  const caller: Caller = { ...systemIn(row.workspaceId), name: row.startedBy };
  try {
    await endRun(caller, { workspace: slug, run: runId, status, fault: row.fault as Fault | null, message: row.message });
  } catch (error) {
    if (!isProblem(error) || (error.kind !== "conflict" && error.kind !== "missing")) throw error; // a cell ended it otherwise: that stays
  }
  const left = "The pipeline run ended without ending this run.";
  await inRun(row, (scope) =>
    endRunsOf(scope, row.id, {
      status: status === "cancelled" ? "cancelled" : "failed",
      fault: (row.fault as Fault | null) ?? "yours",
      message: row.message ?? left,
    }),
  );
};

/** Tidies after workers that were killed between the end of a pipeline run and its tidying. */
export const sweep = async (): Promise<void> => {
  for (const row of await store.untidied(now())) await cleanUp(row);
};

// The verbs of pipelines: promoting, schedules, the trash. Running them is in run-service.ts.
import { newId } from "#lib/kit/ids.ts";
import { cutPage, readCursor } from "#lib/kit/page.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import { cellsAt } from "#lib/notebooks/service.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import * as contract from "#lib/pipelines/contract.ts";
import { type Pipeline, pipelineEvents, type Schedule } from "#lib/pipelines/contract.ts";
import { type PinnedStage, pinCells, placeStage, stageNameFor } from "#lib/pipelines/rules.ts";
import * as runs from "#lib/pipelines/run-store.ts";
import { nextTime, shownSchedule } from "#lib/pipelines/schedule.ts";
import * as store from "#lib/pipelines/store.ts";
import { keyOfNotebook } from "#lib/sessions/packages/store.ts";
import { chosen } from "#lib/sessions/remote/store.ts";

const stripLength = 14;

/** The row of a pipeline by name or id, locked for a change; 404 when there is none. */
export const findRow = async (scope: Scope, key: string, more: { lock?: boolean } = {}): Promise<store.PipelineRow> => {
  const row = await store.findPipeline(scope, key, more);
  if (!row) throw missing("pipeline", key);
  return row;
};

const scheduleOf = (row: store.PipelineRow): Schedule | null => (row.cron ? { cron: row.cron, timeZone: row.timeZone ?? "UTC" } : null);

const toPipeline = (row: store.PipelineRow, stageNames: string[], at: Date): Pipeline => {
  const schedule = scheduleOf(row);
  return {
    id: row.id,
    name: row.name,
    notebookId: row.notebookId,
    revision: row.revision,
    stageNames,
    schedule: schedule && shownSchedule(schedule, at, row.isPaused || row.trashedAt !== null),
    isPaused: row.isPaused,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    trashedAt: row.trashedAt?.toISOString() ?? null,
  };
};

const shown = async (scope: Scope, row: store.PipelineRow): Promise<Pipeline> =>
  toPipeline(row, (await store.stageNamesOf(scope, [row.id])).get(row.id) ?? [], scope.now);

/** Changes a pipeline's row and says so in the trail and the news. */
const change = async (
  scope: Scope,
  row: store.PipelineRow,
  action: string,
  fields: Parameters<typeof store.updatePipeline>[2],
  detail: Record<string, unknown> = {},
): Promise<Pipeline> => {
  const changed = await store.updatePipeline(scope, row.id, { ...fields, updatedAt: scope.now });
  await scope.audit(action, row.id, { name: row.name, ...detail });
  scope.emit(pipelineEvents.changed, row.id);
  return shown(scope, changed);
};

const refuseTrashed = (row: store.PipelineRow): void => {
  if (row.trashedAt) throw new Problem("conflict", "pipelines.trashed", `${row.name} is in the trash. Restore it first.`);
};

export const listPipelines = verb(contract.listPipelines, async (scope, { limit, after, trash }) => {
  const rows = await store.pipelines(scope, { limit, after: readCursor(after), isTrash: trash });
  const ids = rows.map((row) => row.id);
  const names = await store.stageNamesOf(scope, ids);
  const last = await runs.lastRunsOf(scope, ids, stripLength);
  const page = cutPage(rows, limit, (row) => [row.name, row.id]);
  return {
    ...page,
    items: page.items.map((row) => ({
      ...toPipeline(row, names.get(row.id) ?? [], scope.now),
      lastRuns: last.filter((run) => run.pipelineId === row.id).map(runs.toPipelineRun),
    })),
  };
});

export const readPipeline = verb(contract.readPipeline, async (scope, { pipeline }) => {
  const row = await findRow(scope, pipeline);
  const stages = await store.stagesOf(scope, row.id, row.revision);
  const last = (await runs.runsOf(scope, row.id, { limit: 30 })).slice(0, 30);
  const stageRuns = await runs.stageRunsOf(
    scope,
    last.map((run) => run.id),
  );
  const names = stages.map((stage) => stage.name);
  return {
    ...toPipeline(row, names, scope.now),
    stages: store.toStages(stages),
    runs: last.map((run) => wholeRun(run, stageRuns.get(run.id) ?? [])),
  };
});

/** A pipeline run with its stage runs, those of the last attempt apart. */
export const wholeRun = (run: runs.RunRow, attempts: contract.StageRun[]): contract.WholeRun => ({
  ...runs.toPipelineRun(run),
  stages: attempts.filter((one) => one.attempt === run.attempt),
  attempts,
});

const copyOf = ({ workspaceId: _, id: __, ...rest }: store.StageRow) => rest;

/** Writes the next revision: the known stages with one put in place (or, without one, as given). */
const writeRevision = async (scope: Scope, row: store.PipelineRow, stages: Omit<ReturnType<typeof copyOf>, "revision" | "order">[]) => {
  const revision = row.revision + 1;
  await store.insertStages(
    scope,
    stages.map((stage, order) => ({ ...stage, id: newId("stage", scope.now.getTime()), pipelineId: row.id, revision, order })),
  );
  return store.updatePipeline(scope, row.id, { revision, updatedAt: scope.now });
};

const ensurePipeline = async (scope: Scope, name: string, notebookId: string): Promise<store.PipelineRow> => {
  const known = await store.findPipeline(scope, name, { lock: true });
  if (known) {
    refuseTrashed(known);
    return known;
  }
  const made = await store.insertPipeline(scope, {
    id: newId("pipeline", scope.now.getTime()),
    name,
    notebookId,
    revision: 0,
    createdBy: scope.caller.name,
    createdAt: scope.now,
    updatedAt: scope.now,
  });
  if (!made) return findRow(scope, name, { lock: true }); // somebody made it in the same moment
  await scope.audit("pipeline.created", made.id, { name });
  return made;
};

const refuseSchedule = (scope: Scope): Problem =>
  new Problem(
    "forbidden",
    "workspace.forbidden",
    `Your role here is ${scope.place.role}, and a schedule needs the right to operate. Promote without one and ask an operator to set it.`,
  );

export const promoteCells = verb(contract.promoteCells, async (scope, input) => {
  const notebook = await findNotebook(scope, input.notebook);
  if (!notebook) throw missing("notebook", input.notebook);
  if (input.schedule && !scope.place.grants.has("operate")) throw refuseSchedule(scope);
  const elsewhere = await chosen(scope, notebook.id);
  if (elsewhere)
    throw new Problem(
      "conflict",
      "pipelines.other_kernel",
      `${notebook.title} runs on ${elsewhere.choice.title} of ${elsewhere.server.name}, and stages run on Atelier's own kernel. Choose TypeScript for the notebook first.`,
    );
  const { cells, revision } = await cellsAt(scope, notebook.id);
  const pinned = pinCells(cells, input.cells);
  const row = await ensurePipeline(scope, input.pipeline, notebook.id);
  const known = await store.stagesOf(scope, row.id, row.revision);
  const name = input.stage ?? stageNameFor(known, notebook.id, pinned);
  const packages = await keyOfNotebook(scope, notebook.id);
  const stage: PinnedStage = { name, notebookId: notebook.id, cells: pinned, limitMs: Math.round(input.limitMinutes * 60_000), packages };
  const place = placeStage(known, stage);
  let now = row;
  if (place !== null) {
    const made = {
      ...stage,
      packages,
      pipelineId: row.id,
      notebookTitle: notebook.title,
      notebookRevision: revision,
      promotedBy: scope.caller.name,
      promotedAt: scope.now,
      userId: scope.caller.userId,
      role: scope.place.role,
    };
    const next = known.map(copyOf);
    now = await writeRevision(scope, row, [...next.slice(0, place), made, ...next.slice(place + 1)]);
    await scope.audit("pipeline.promoted", row.id, { stage: name, revision: now.revision, cells: pinned.map((cell) => cell.hash) });
  }
  if (input.schedule) now = await putSchedule(scope, now, input.schedule);
  scope.emit(pipelineEvents.changed, row.id);
  const stages = store.toStages(await store.stagesOf(scope, now.id, now.revision));
  return {
    ...toPipeline(
      now,
      stages.map((one) => one.name),
      scope.now,
    ),
    stages,
    hasChanged: place !== null,
  };
});

export const removeStage = verb(contract.removeStage, async (scope, { pipeline, stage }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  refuseTrashed(row);
  const known = await store.stagesOf(scope, row.id, row.revision);
  if (!known.some((one) => one.name === stage)) throw missing("stage", stage);
  if (known.length === 1)
    throw new Problem(
      "conflict",
      "pipelines.last_stage",
      `${stage} is the only stage of ${row.name}. Move the pipeline to the trash instead.`,
    );
  const now = await writeRevision(scope, row, known.filter((one) => one.name !== stage).map(copyOf));
  await scope.audit("pipeline.stage_removed", row.id, { stage, revision: now.revision });
  scope.emit(pipelineEvents.changed, row.id);
  return shown(scope, now);
});

/** Sets or clears the schedule; the same schedule again keeps the next time as it is. */
const putSchedule = async (scope: Scope, row: store.PipelineRow, schedule: Schedule | null): Promise<store.PipelineRow> => {
  if (schedule && row.cron === schedule.cron && row.timeZone === schedule.timeZone) return row;
  const fields = schedule
    ? { cron: schedule.cron, timeZone: schedule.timeZone, nextAt: nextTime(schedule, scope.now) }
    : { cron: null, timeZone: null, nextAt: null };
  await scope.audit("pipeline.scheduled", row.id, { name: row.name, schedule });
  return store.updatePipeline(scope, row.id, { ...fields, updatedAt: scope.now });
};

export const setSchedule = verb(contract.setSchedule, async (scope, { pipeline, schedule }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  refuseTrashed(row);
  const now = await putSchedule(scope, row, schedule);
  scope.emit(pipelineEvents.changed, row.id);
  return shown(scope, now);
});

export const previewSchedule = verb(contract.previewSchedule, async (scope, { cron, timeZone }) =>
  shownSchedule({ cron, timeZone }, scope.now),
);

export const pausePipeline = verb(contract.pausePipeline, async (scope, { pipeline }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  return row.isPaused ? shown(scope, row) : change(scope, row, "pipeline.paused", { isPaused: true });
});

export const resumePipeline = verb(contract.resumePipeline, async (scope, { pipeline }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  refuseTrashed(row);
  const schedule = scheduleOf(row);
  const nextAt = schedule && nextTime(schedule, scope.now); // what was due while paused was not wanted
  return row.isPaused ? change(scope, row, "pipeline.resumed", { isPaused: false, nextAt }) : shown(scope, row);
});

export const trashPipeline = verb(contract.trashPipeline, async (scope, { pipeline }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  if (row.trashedAt) return shown(scope, row);
  for (const run of await runs.askStop(scope, { pipelineId: row.id }, scope.caller.name, scope.now))
    scope.emit(pipelineEvents.runChanged, run.id);
  return change(scope, row, "pipeline.trashed", { trashedAt: scope.now, isPaused: true });
});

export const restorePipeline = verb(contract.restorePipeline, async (scope, { pipeline }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  return row.trashedAt ? change(scope, row, "pipeline.restored", { trashedAt: null, isPaused: row.cron !== null }) : shown(scope, row);
});

export const deletePipeline = verb(contract.deletePipeline, async (scope, { pipeline }) => {
  const row = await findRow(scope, pipeline, { lock: true });
  if (!row.trashedAt) throw new Problem("conflict", "pipelines.not_trashed", `${row.name} is in use. Move it to the trash first.`);
  if (await runs.isRunning(scope, row.id))
    throw new Problem("conflict", "pipelines.running", `${row.name} is being stopped. Try again in a few seconds.`);
  await store.deletePipeline(scope, row.id);
  await scope.audit("pipeline.deleted", row.id, { name: row.name });
  scope.emit(pipelineEvents.changed, row.id);
  return {};
});

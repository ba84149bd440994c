// The verbs of the experiments room. Metrics write no audit rows: they are themselves a trail; starting, ending and trashing do.
import type { Readable } from "node:stream";
import * as contract from "#lib/experiments/contract.ts";
import { experimentEvents, isOver, type Run, type RunStatus } from "#lib/experiments/contract.ts";
import * as store from "#lib/experiments/store.ts";
import { putBlob, readBlob } from "#lib/kit/blobs.ts";
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import type { CallInputOf } from "#lib/kit/operation.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";

const find = async (scope: Scope, key: string): Promise<Run> => {
  const found = await store.findRun(scope, key);
  if (!found) throw missing("run", key);
  return found;
};

const lockOpen = async (scope: Scope, key: string) => {
  const row = await store.lockRun(scope, key);
  if (!row) throw missing("run", key);
  if (isOver(row.status as RunStatus))
    throw new Problem("conflict", "runs.over", `Run ${row.number} has ended and takes no more numbers. Start a new run.`);
  return row;
};

export const listExperiments = verb(contract.listExperiments, async (scope) => ({ items: await store.experiments(scope) }));

export const createRun = verb(contract.createRun, async (scope, input) => {
  const { caller } = scope;
  const at = scope.now;
  const experiment = await store.ensureExperiment(scope, {
    id: newId("experiment", at.getTime()),
    name: input.experiment,
    createdBy: caller.name,
    createdAt: at,
  });
  const number = await store.nextNumber(scope);
  const source = caller.cell
    ? { notebookId: caller.cell.notebookId, revision: caller.cell.revision, cellId: caller.cell.cellId, cellHash: caller.cell.cellHash }
    : (input.source ?? null);
  const row = {
    id: newId("run", at.getTime()),
    experimentId: experiment.id,
    number,
    name: input.name || `run ${number}`,
    status: "running",
    source,
    pipelineRunId: input.pipelineRunId ?? caller.cell?.pipelineRunId ?? null,
    datasets: input.datasets,
    params: input.params,
    tags: input.tags,
    startedAt: at,
    by: caller.name,
    tokenId: caller.kind === "session" ? caller.id : null,
  };
  const made = await store.insertRun(scope, row, experiment.name);
  await scope.audit("run.started", made.id, { number, experiment: experiment.name });
  scope.emit(experimentEvents.run, made.id);
  return made;
});

/** E1: the parameters to add, or a refusal when one would change. */
const newParams = (
  known: Record<string, unknown>,
  wanted: Record<string, string | number | boolean>,
): Record<string, string | number | boolean> => {
  const changed = Object.keys(wanted).find((key) => key in known && known[key] !== wanted[key]);
  if (changed)
    throw new Problem(
      "conflict",
      "runs.param_written",
      `Parameter ${changed} is ${JSON.stringify(known[changed])} already and stays so. Start a new run for another value.`,
      { detail: { param: changed } },
    );
  return wanted;
};

export const logRun = verb(contract.logRun, async (scope, { run, metrics, params, tags }) => {
  const row = await lockOpen(scope, run);
  const added = newParams(row.params, params);
  if (Object.keys(added).length > 0 || Object.keys(tags).length > 0)
    await store.updateRun(scope, row.id, { params: { ...row.params, ...added }, tags: { ...row.tags, ...tags } });
  await store.insertPoints(
    scope,
    row.id,
    metrics.map((point) => ({ key: point.key, value: point.value, step: point.step, at: point.at ? new Date(point.at) : scope.now })),
  );
  scope.emit(experimentEvents.run, row.id);
  return {};
});

type Ending = Pick<CallInputOf<typeof contract.endRun>, "status"> & Pick<Run, "fault" | "message">;

const close = async (scope: Scope, row: { id: string; number: number }, end: Ending): Promise<void> => {
  await store.updateRun(scope, row.id, { ...end, endedAt: scope.now });
  await scope.audit("run.ended", row.id, { number: row.number, status: end.status, fault: end.fault });
  scope.emit(experimentEvents.run, row.id);
};

export const endRun = verb(contract.endRun, async (scope, { run, ...end }) => {
  const row = await store.lockRun(scope, run);
  if (!row) throw missing("run", run);
  if (isOver(row.status as RunStatus)) {
    if (row.status === end.status) return find(scope, row.id);
    throw new Problem("conflict", "runs.over", `Run ${row.number} is ${row.status} already. What ended stays ended.`);
  }
  await close(scope, row, { status: end.status, fault: end.fault, message: end.message });
  return find(scope, row.id);
});

export const listRuns = verb(contract.listRuns, async (scope, { experiment, sort, limit, trash }) => ({
  items: await store.runs(scope, { experiment, sort, limit, isTrash: trash }),
}));

export const readRun = verb(contract.readRun, async (scope, { run }) => {
  const found = await find(scope, run);
  return { ...found, artefacts: await store.artefacts(scope, found.id) };
});

export const metricHistory = verb(contract.metricHistory, async (scope, { run }) => ({
  curves: await store.curves(scope, (await find(scope, run)).id),
}));

export const readLog = verb(contract.readLog, async (scope, { run, after }) => ({
  items: await store.logLines(scope, (await find(scope, run)).id, after),
}));

export const uploadArtefact = verb(
  contract.uploadArtefact,
  async (scope, { run, name }, { body }) => {
    const found = await find(scope, run);
    if (!body) throw new Problem("invalid", "runs.empty", "body: Send the file's bytes.");
    const blob = await putBlob(body as Readable, env.uploadLimitMb * 1e6);
    return scope.transact(async (inner) => {
      await store.putArtefact(inner, { runId: found.id, name, ...blob, at: inner.now });
      await inner.audit("run.artefact", found.id, { name, ...blob });
      inner.emit(experimentEvents.run, found.id);
      return { name, ...blob, at: inner.now.toISOString() };
    });
  },
  { isUntransacted: true },
);

export const downloadArtefact = verb(contract.downloadArtefact, async (scope, { run, name }) => {
  const found = await find(scope, run);
  const artefact = (await store.artefacts(scope, found.id)).find((one) => one.name === name);
  if (!artefact) throw missing("artefact", name);
  return { ...(await readBlob(artefact.digest)), type: "application/octet-stream", name: name.split("/").at(-1)! };
});

const setTrash = async (scope: Scope, key: string, isTrash: boolean): Promise<Run> => {
  const found = await find(scope, key);
  await store.updateRun(scope, found.id, { trashedAt: isTrash ? scope.now : null });
  await scope.audit(isTrash ? "run.trashed" : "run.restored", found.id, { number: found.number });
  scope.emit(experimentEvents.run, found.id);
  return found;
};
export const trashRun = verb(contract.trashRun, (scope, { run }) => setTrash(scope, run, true));
export const restoreRun = verb(contract.restoreRun, (scope, { run }) => setTrash(scope, run, false));

/** Adds lines to a run's log inside the caller's transaction; for pipelines. */
export const appendLog = (scope: Scope, runId: string, lines: { at: Date; text: string; isError: boolean }[]): Promise<void> =>
  store.insertLog(scope, runId, lines);

/** Ends a run with what it logged for, inside the caller's transaction; one that has ended or is gone stays as it is. */
export const endOpenRun = async (scope: Scope, number: number, end: Ending): Promise<void> => {
  const row = await store.lockRun(scope, String(number));
  if (row && !isOver(row.status as RunStatus)) await close(scope, row, end);
};

/** Ends what a lost stage left running, as ours or whoever's fault it was. */
export const endRunsOf = async (
  scope: Scope,
  pipelineRunId: string,
  end: { status: "failed" | "cancelled"; fault: "yours" | "limits" | "ours"; message: string },
): Promise<void> => {
  for (const { id } of await store.openRunsOfPipelineRun(scope, pipelineRunId))
    await store.updateRun(scope, id, { ...end, endedAt: scope.now });
};

// SQL of the experiments room. Logging is one multi-row insert for the history and one upsert for the latest values.
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, or, sql as raw } from "drizzle-orm";
import type { Scoped } from "#db";
import { experiment, run, runArtefact, runLatest, runLog, runMetric } from "#drizzle/tables/experiments.ts";
import type { Artefact, Experiment, LogLine, Run, RunStatus } from "#lib/experiments/contract.ts";

type RunRow = typeof run.$inferSelect;
export type Point = { key: string; value: number; step: number; at: Date };

const toRun = (row: RunRow, experimentName: string, metrics: Record<string, number>): Run => ({
  id: row.id,
  number: row.number,
  experiment: { id: row.experimentId, name: experimentName },
  name: row.name,
  status: row.status as RunStatus,
  fault: row.fault as Run["fault"],
  message: row.message,
  source: row.source,
  pipelineRunId: row.pipelineRunId,
  datasets: row.datasets,
  params: row.params,
  tags: row.tags,
  metrics,
  startedAt: row.startedAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
  by: row.by,
});

export const experiments = async (at: Scoped): Promise<Experiment[]> => {
  const last = at.sql
    .select({
      experimentId: run.experimentId,
      lastRunAt: raw<Date | null>`max(${run.startedAt})`.as("last_run_at"),
      n: raw<string>`count(*) filter (where ${run.trashedAt} is null)`.as("n"),
    })
    .from(run)
    .where(eq(run.workspaceId, at.workspaceId))
    .groupBy(run.experimentId)
    .as("last");
  const rows = await at.sql
    .select({ experiment, lastRunAt: last.lastRunAt, n: last.n })
    .from(experiment)
    .leftJoin(last, eq(last.experimentId, experiment.id))
    .where(eq(experiment.workspaceId, at.workspaceId))
    .orderBy(raw`${last.lastRunAt} desc nulls last`)
    .limit(500);
  return rows.map((row) => ({
    id: row.experiment.id,
    name: row.experiment.name,
    runCount: Number(row.n ?? 0),
    createdBy: row.experiment.createdBy,
    createdAt: row.experiment.createdAt.toISOString(),
    lastRunAt: row.lastRunAt ? new Date(row.lastRunAt).toISOString() : null,
  }));
};

/** The experiment of a name, made when absent. */
export const ensureExperiment = async (at: Scoped, row: Omit<typeof experiment.$inferInsert, "workspaceId">) => {
  await at.sql
    .insert(experiment)
    .values({ ...row, workspaceId: at.workspaceId })
    .onConflictDoNothing();
  return (
    await at.sql
      .select()
      .from(experiment)
      .where(and(eq(experiment.workspaceId, at.workspaceId), eq(experiment.name, row.name)))
  )[0]!;
};

/** The next run number of a workspace; waits for whoever takes one at the same moment. */
export const nextNumber = async (at: Scoped): Promise<number> => {
  await at.sql.execute(raw`select pg_advisory_xact_lock(hashtext(${`run ${at.workspaceId}`}))`);
  const [row] = await at.sql
    .select({ n: raw<string>`coalesce(max(${run.number}), 0)` })
    .from(run)
    .where(eq(run.workspaceId, at.workspaceId));
  return Number(row?.n ?? 0) + 1;
};

export const insertRun = async (at: Scoped, row: Omit<typeof run.$inferInsert, "workspaceId">, experimentName: string): Promise<Run> =>
  toRun(
    (
      await at.sql
        .insert(run)
        .values({ ...row, workspaceId: at.workspaceId })
        .returning()
    )[0]!,
    experimentName,
    {},
  );

const latestOf = async (at: Scoped, runIds: string[]): Promise<Map<string, Record<string, number>>> => {
  const found = new Map<string, Record<string, number>>();
  if (runIds.length === 0) return found;
  for (const row of await at.sql.select().from(runLatest).where(inArray(runLatest.runId, runIds)))
    found.set(row.runId, { ...found.get(row.runId), [row.key]: row.value });
  return found;
};

const ofKey = (key: string) => (/^\d+$/.test(key) ? eq(run.number, Number(key)) : eq(run.id, key));

/** A run by id or number. */
export const findRun = async (at: Scoped, key: string): Promise<Run | null> => {
  const [row] = await at.sql
    .select()
    .from(run)
    .innerJoin(experiment, eq(experiment.id, run.experimentId))
    .where(and(eq(run.workspaceId, at.workspaceId), ofKey(key)));
  return row ? toRun(row.run, row.experiment.name, (await latestOf(at, [row.run.id])).get(row.run.id) ?? {}) : null;
};

/** Locks a run for a change of its parameters or state. */
export const lockRun = async (at: Scoped, key: string): Promise<RunRow | null> =>
  (
    await at.sql
      .select()
      .from(run)
      .where(and(eq(run.workspaceId, at.workspaceId), ofKey(key)))
      .for("update")
  )[0] ?? null;

type Listing = { experiment?: string | undefined; sort: string; limit: number; isTrash: boolean };
export const runs = async (at: Scoped, page: Listing): Promise<Run[]> => {
  const metric = /^metric:(-?)(.+)$/.exec(page.sort);
  const value = metric
    ? raw`(select ${runLatest.value} from ${runLatest} where ${runLatest.runId} = ${run.id} and ${runLatest.key} = ${metric[2]})`
    : null;
  const order = value
    ? [metric![1] === "-" ? raw`${value} asc nulls last` : raw`${value} desc nulls last`, desc(run.startedAt)]
    : [desc(run.startedAt), desc(run.number)];
  const rows = await at.sql
    .select()
    .from(run)
    .innerJoin(experiment, eq(experiment.id, run.experimentId))
    .where(
      and(
        eq(run.workspaceId, at.workspaceId),
        page.isTrash ? isNotNull(run.trashedAt) : isNull(run.trashedAt),
        page.experiment ? or(eq(experiment.id, page.experiment), eq(experiment.name, page.experiment)) : undefined,
      ),
    )
    .orderBy(...order)
    .limit(page.limit);
  const metrics = await latestOf(
    at,
    rows.map((row) => row.run.id),
  );
  return rows.map((row) => toRun(row.run, row.experiment.name, metrics.get(row.run.id) ?? {}));
};

export const updateRun = async (at: Scoped, id: string, change: Partial<typeof run.$inferInsert>): Promise<void> => {
  await at.sql
    .update(run)
    .set(change)
    .where(and(eq(run.id, id), eq(run.workspaceId, at.workspaceId)));
};

/** Appends points and moves the latest values forward: greatest (step, time) wins (E2). */
export const insertPoints = async (at: Scoped, runId: string, points: Point[]): Promise<void> => {
  if (points.length === 0) return;
  await at.sql
    .insert(runMetric)
    .values(points.map((point) => ({ runId, ...point })))
    .onConflictDoNothing();
  const newest = new Map<string, Point>();
  for (const point of points) {
    const known = newest.get(point.key);
    if (!known || point.step > known.step || (point.step === known.step && point.at >= known.at)) newest.set(point.key, point);
  }
  await at.sql
    .insert(runLatest)
    .values([...newest.values()].map((point) => ({ runId, ...point })))
    .onConflictDoUpdate({
      target: [runLatest.runId, runLatest.key],
      set: { step: raw`excluded.step`, at: raw`excluded.at`, value: raw`excluded.value` },
      setWhere: raw`(excluded.step, excluded.at) >= (${runLatest.step}, ${runLatest.at})`,
    });
};

/** Curves of all metrics, every n-th point so that each has at most 1,000. */
export const curves = async (at: Scoped, runId: string): Promise<Record<string, { step: number; value: number; at: string }[]>> => {
  const rows = await at.sql.execute<{ key: string; step: string; value: number; at: string }>(raw`
    select key, step, value, at from (
      select m.*, row_number() over (partition by key order by step, at) as i, count(*) over (partition by key) as n from run_metric m where run_id = ${runId}
    ) numbered where (i - 1) % greatest(1, (n / 1000)::int) = 0 or i = n order by key, step, at`);
  const found: Record<string, { step: number; value: number; at: string }[]> = {};
  for (const row of rows.rows) {
    const curve = found[row.key] ?? [];
    curve.push({ step: Number(row.step), value: Number(row.value), at: new Date(row.at).toISOString() });
    found[row.key] = curve;
  }
  return found;
};

export const putArtefact = async (at: Scoped, row: typeof runArtefact.$inferInsert): Promise<void> => {
  await at.sql
    .insert(runArtefact)
    .values(row)
    .onConflictDoUpdate({ target: [runArtefact.runId, runArtefact.name], set: { digest: row.digest, size: row.size, at: row.at } });
};

export const artefacts = async (at: Scoped, runId: string): Promise<Artefact[]> =>
  (await at.sql.select().from(runArtefact).where(eq(runArtefact.runId, runId)).orderBy(asc(runArtefact.name))).map((row) => ({
    name: row.name,
    size: row.size,
    digest: row.digest,
    at: row.at.toISOString(),
  }));

export const insertLog = async (at: Scoped, runId: string, lines: { at: Date; text: string; isError: boolean }[]): Promise<void> => {
  if (lines.length > 0) await at.sql.insert(runLog).values(lines.map((line) => ({ runId, ...line })));
};

export const logLines = async (at: Scoped, runId: string, after: number): Promise<LogLine[]> =>
  (
    await at.sql
      .select()
      .from(runLog)
      .where(and(eq(runLog.runId, runId), gt(runLog.seq, after)))
      .orderBy(asc(runLog.seq))
      .limit(2000)
  ).map((row) => ({ seq: row.seq, at: row.at.toISOString(), text: row.text, isError: row.isError }));

/** Runs still open that were started under a token; what a lost session leaves behind. */
export const openRunsOfPipelineRun = (at: Scoped, pipelineRunId: string): Promise<{ id: string }[]> =>
  at.sql
    .select({ id: run.id })
    .from(run)
    .where(and(eq(run.workspaceId, at.workspaceId), eq(run.pipelineRunId, pipelineRunId), eq(run.status, "running")));

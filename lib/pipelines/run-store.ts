// SQL of pipeline runs, stage runs and logs. What the worker stores goes through `saveStep`, which first makes sure that the lease is still
// this worker's: one that was thought dead and comes back cannot write a line.
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lt, or, sql as raw } from "drizzle-orm";
import { type Scoped, type Sql, sql, transaction } from "#db";
import { pipeline, pipelineLog, pipelineRun, pipelineStage, stageRun } from "#drizzle/tables/pipelines.ts";
import type { LogEntry, PipelineRun, StageRun } from "#lib/pipelines/contract.ts";
import type { Entry } from "#lib/pipelines/course.ts";

export type RunRow = typeof pipelineRun.$inferSelect;
export type StageRunRow = typeof stageRun.$inferSelect;

export const toPipelineRun = (row: RunRow): PipelineRun => ({
  id: row.id,
  pipelineId: row.pipelineId,
  number: row.number,
  revision: row.revision,
  trigger: row.trigger as PipelineRun["trigger"],
  scheduledFor: row.scheduledFor?.toISOString() ?? null,
  status: row.status as PipelineRun["status"],
  fault: row.fault as PipelineRun["fault"],
  message: row.message,
  attempt: row.attempt,
  runId: row.runId,
  startedBy: row.startedBy,
  queuedAt: row.queuedAt.toISOString(),
  startedAt: row.startedAt?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
  stopAskedBy: row.stopAskedBy,
});

const toStageRun = (row: StageRunRow, stage: string): StageRun => ({
  id: row.id,
  stage,
  order: row.order,
  attempt: row.attempt,
  status: row.status as StageRun["status"],
  fault: row.fault as StageRun["fault"],
  message: row.message,
  startedAt: row.startedAt?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
  kernelId: row.kernelId,
  journalSeq: row.journalSeq,
  progress: row.progress,
});

/** Adds a pipeline run with the next number of its pipeline; null when one for this due time exists (P2). */
export const insertRun = async (
  at: Scoped,
  row: Pick<typeof pipelineRun.$inferInsert, "id" | "pipelineId" | "revision" | "trigger" | "scheduledFor" | "startedBy" | "queuedAt">,
): Promise<PipelineRun | null> => {
  const [counted] = await at.sql
    .update(pipeline)
    .set({ lastNumber: raw`${pipeline.lastNumber} + 1` })
    .where(and(eq(pipeline.id, row.pipelineId), eq(pipeline.workspaceId, at.workspaceId)))
    .returning({ number: pipeline.lastNumber });
  const [made] = await at.sql
    .insert(pipelineRun)
    .values({ ...row, workspaceId: at.workspaceId, number: counted!.number, status: "queued" })
    .onConflictDoNothing()
    .returning();
  return made ? toPipelineRun(made) : null;
};

/** Newest pipeline runs of a pipeline, one more than asked. */
export const runsOf = (at: Scoped, pipelineId: string, page: { limit: number; before?: number }): Promise<RunRow[]> =>
  at.sql
    .select()
    .from(pipelineRun)
    .where(
      and(
        eq(pipelineRun.workspaceId, at.workspaceId),
        eq(pipelineRun.pipelineId, pipelineId),
        page.before ? lt(pipelineRun.number, page.before) : undefined,
      ),
    )
    .orderBy(desc(pipelineRun.number))
    .limit(page.limit + 1);

/** The newest pipeline runs of each of many pipelines, newest first. */
export const lastRunsOf = async (at: Scoped, pipelineIds: string[], count: number): Promise<RunRow[]> =>
  pipelineIds.length === 0
    ? []
    : at.sql
        .select()
        .from(pipelineRun)
        .where(
          and(
            eq(pipelineRun.workspaceId, at.workspaceId),
            inArray(pipelineRun.pipelineId, pipelineIds),
            raw`${pipelineRun.number} > (select last_number from pipeline p where p.id = ${pipelineRun.pipelineId}) - ${count}`,
          ),
        )
        .orderBy(desc(pipelineRun.number));

export const findRun = async (at: Scoped, pipelineId: string, number: number): Promise<RunRow | null> =>
  (
    await at.sql
      .select()
      .from(pipelineRun)
      .where(and(eq(pipelineRun.workspaceId, at.workspaceId), eq(pipelineRun.pipelineId, pipelineId), eq(pipelineRun.number, number)))
  )[0] ?? null;

/** Stage runs of pipeline runs, attempts oldest first, by pipeline run. */
export const stageRunsOf = async (at: Scoped, runIds: string[]): Promise<Map<string, StageRun[]>> => {
  const found = new Map<string, StageRun[]>(runIds.map((id) => [id, []]));
  if (runIds.length === 0) return found;
  const rows = await at.sql
    .select({ run: stageRun, name: pipelineStage.name })
    .from(stageRun)
    .innerJoin(pipelineStage, eq(pipelineStage.id, stageRun.stageId))
    .where(and(eq(stageRun.workspaceId, at.workspaceId), inArray(stageRun.pipelineRunId, runIds)))
    .orderBy(asc(stageRun.attempt), asc(stageRun.order));
  for (const { run, name } of rows) found.get(run.pipelineRunId)?.push(toStageRun(run, name));
  return found;
};

/** Whether a pipeline has a pipeline run of its schedule that still waits. */
export const hasWaitingScheduled = async (at: Scoped, pipelineId: string): Promise<boolean> =>
  (
    await at.sql
      .select({ id: pipelineRun.id })
      .from(pipelineRun)
      .where(
        and(
          eq(pipelineRun.workspaceId, at.workspaceId),
          eq(pipelineRun.pipelineId, pipelineId),
          eq(pipelineRun.status, "queued"),
          eq(pipelineRun.trigger, "schedule"),
        ),
      )
      .limit(1)
  ).length > 0;

/** Asks pipeline runs to stop: one that waits ends at once, one that runs is ended by its worker. Answers those that were open. */
export const askStop = async (at: Scoped, which: { pipelineId: string; number?: number }, by: string, when: Date): Promise<RunRow[]> =>
  at.sql
    .update(pipelineRun)
    .set({
      stopAskedBy: by,
      status: raw`case when ${pipelineRun.status} = 'queued' then 'cancelled' else ${pipelineRun.status} end`,
      endedAt: raw`case when ${pipelineRun.status} = 'queued' then ${when.toISOString()}::timestamptz end`,
      message: raw`case when ${pipelineRun.status} = 'queued' then ${`Stopped by ${by} before it started.`} end`,
    })
    .where(
      and(
        eq(pipelineRun.workspaceId, at.workspaceId),
        eq(pipelineRun.pipelineId, which.pipelineId),
        which.number ? eq(pipelineRun.number, which.number) : undefined,
        inArray(pipelineRun.status, ["queued", "running"]),
      ),
    )
    .returning();

export const logOf = async (
  at: Scoped,
  runId: string,
  page: { afterSeq: number; limit: number; stage?: string | undefined; stages: string[] },
): Promise<LogEntry[]> => {
  const rows = await at.sql
    .select()
    .from(pipelineLog)
    .where(
      and(
        eq(pipelineLog.workspaceId, at.workspaceId),
        eq(pipelineLog.pipelineRunId, runId),
        gt(pipelineLog.seq, page.afterSeq),
        page.stage === undefined ? undefined : eq(pipelineLog.order, page.stages.indexOf(page.stage)),
      ),
    )
    .orderBy(asc(pipelineLog.seq))
    .limit(page.limit);
  return rows.map((row) => ({
    seq: row.seq,
    at: row.at.toISOString(),
    stage: page.stages[row.order] ?? "",
    attempt: row.attempt,
    cellId: row.cellId,
    kind: row.kind as LogEntry["kind"],
    text: row.text,
  }));
};

/** Takes the oldest pipeline run that waits and whose pipeline does not run, or one whose worker is gone. */
export const claimRun = (owner: string, until: Date, at: Date): Promise<RunRow | null> =>
  transaction(async (tx) => {
    await tx.execute(raw`select pg_advisory_xact_lock(7302118)`); // two claims at once could both see a pipeline as free (P3)
    const free = raw`not exists (select 1 from pipeline_run other where other.pipeline_id = ${pipelineRun.pipelineId} and other.status = 'running')`;
    const [found] = await tx
      .select({ id: pipelineRun.id })
      .from(pipelineRun)
      .where(
        and(
          or(
            and(eq(pipelineRun.status, "queued"), free, or(isNull(pipelineRun.leaseUntil), lt(pipelineRun.leaseUntil, at))),
            and(eq(pipelineRun.status, "running"), lt(pipelineRun.leaseUntil, at)),
          ),
        ),
      )
      .orderBy(desc(raw`${pipelineRun.status} = 'running'`), asc(pipelineRun.queuedAt), asc(pipelineRun.number))
      .limit(1);
    if (!found) return null;
    const [row] = await tx
      .update(pipelineRun)
      .set({
        leaseOwner: owner,
        leaseUntil: until,
        status: "running",
        startedAt: raw`coalesce(${pipelineRun.startedAt}, ${at.toISOString()}::timestamptz)`,
      })
      .where(eq(pipelineRun.id, found.id))
      .returning();
    return row ?? null;
  });

/** Renews the lease; answers the row, or null when it is another's by now. */
export const renewRun = async (id: string, owner: string, until: Date): Promise<RunRow | null> =>
  (
    await sql()
      .update(pipelineRun)
      .set({ leaseUntil: until })
      .where(and(eq(pipelineRun.id, id), eq(pipelineRun.leaseOwner, owner)))
      .returning()
  )[0] ?? null;

/** Gives a lease back, so that another worker goes on at once. */
export const releaseRun = async (id: string, owner: string, at: Date): Promise<void> => {
  await sql()
    .update(pipelineRun)
    .set({ leaseUntil: at })
    .where(and(eq(pipelineRun.id, id), eq(pipelineRun.leaseOwner, owner)));
};

/** Locks the row while it is this worker's; null when it is not. */
export const lockOwn = async (tx: Sql, id: string, owner: string): Promise<RunRow | null> =>
  (
    await tx
      .select()
      .from(pipelineRun)
      .where(and(eq(pipelineRun.id, id), eq(pipelineRun.leaseOwner, owner)))
      .for("update")
  )[0] ?? null;

export const updateRun = async (tx: Sql, id: string, change: Partial<typeof pipelineRun.$inferInsert>): Promise<RunRow> =>
  (await tx.update(pipelineRun).set(change).where(eq(pipelineRun.id, id)).returning())[0]!;

export const insertStageRuns = (at: Scoped, rows: Omit<typeof stageRun.$inferInsert, "workspaceId">[]): Promise<StageRunRow[]> =>
  at.sql
    .insert(stageRun)
    .values(rows.map((row) => ({ ...row, workspaceId: at.workspaceId })))
    .returning();

/** Stage runs of one attempt, in order. */
export const attemptOf = (tx: Sql, runId: string, attempt: number): Promise<StageRunRow[]> =>
  tx
    .select()
    .from(stageRun)
    .where(and(eq(stageRun.pipelineRunId, runId), eq(stageRun.attempt, attempt)))
    .orderBy(asc(stageRun.order));

export const updateStageRun = async (tx: Sql, id: string, change: Partial<typeof stageRun.$inferInsert>): Promise<void> => {
  await tx.update(stageRun).set(change).where(eq(stageRun.id, id));
};

/** Appends to the log after the row's last number; the row must be locked. Answers the number and size it ends with. */
export const appendLog = async (tx: Sql, run: RunRow, attempt: number, entries: Entry[]): Promise<{ logSeq: number; logBytes: number }> => {
  let { logSeq, logBytes } = run;
  const rows = entries.map((entry) => {
    logBytes += entry.text.length;
    return { ...entry, at: new Date(entry.at), workspaceId: run.workspaceId, pipelineRunId: run.id, attempt, seq: ++logSeq };
  });
  for (let i = 0; i < rows.length; i += 500) await tx.insert(pipelineLog).values(rows.slice(i, i + 500));
  return { logSeq, logBytes };
};

/** Ended pipeline runs whose session has not been ended yet (P6). */
export const untidied = (at: Date): Promise<RunRow[]> =>
  sql()
    .select()
    .from(pipelineRun)
    .where(
      and(isNotNull(pipelineRun.kernelId), inArray(pipelineRun.status, ["done", "failed", "cancelled"]), lt(pipelineRun.leaseUntil, at)),
    )
    .limit(50);

export const forgetKernel = async (id: string, kernelId: string): Promise<void> => {
  await sql()
    .update(pipelineRun)
    .set({ kernelId: null })
    .where(and(eq(pipelineRun.id, id), eq(pipelineRun.kernelId, kernelId)));
};

/** How many pipeline runs of a pipeline wait. */
export const waitingCount = (at: Scoped, pipelineId: string): Promise<number> =>
  at.sql.$count(
    pipelineRun,
    and(eq(pipelineRun.workspaceId, at.workspaceId), eq(pipelineRun.pipelineId, pipelineId), eq(pipelineRun.status, "queued")),
  );

/** Whether a pipeline run of this pipeline runs at this moment, or still has a session to be ended. */
export const isRunning = async (at: Scoped, pipelineId: string): Promise<boolean> =>
  (await at.sql.$count(
    pipelineRun,
    and(
      eq(pipelineRun.workspaceId, at.workspaceId),
      eq(pipelineRun.pipelineId, pipelineId),
      or(eq(pipelineRun.status, "running"), isNotNull(pipelineRun.kernelId)),
    ),
  )) > 0;

// SQL of the sessions room.
import { and, asc, desc, eq, inArray, sql as raw } from "drizzle-orm";
import { type Scoped, type Sql, sql, transaction } from "#db";
import { cellOutput, cellRun, kernelSession, sessionWish } from "#drizzle/tables/sessions.ts";
import { env } from "#lib/kit/env.ts";
import type { CellState, Output } from "#lib/sessions/contract.ts";
import type { Run } from "#lib/sessions/rules.ts";

export type SessionRow = typeof kernelSession.$inferSelect;
export type RunRow = typeof cellRun.$inferSelect;

export const toCellState = (row: RunRow): CellState => ({
  cellId: row.cellId,
  status: row.status as CellState["status"],
  executionCount: row.executionCount,
  sourceHash: row.sourceHash,
  queuedAt: row.queuedAt.toISOString(),
  startedAt: row.startedAt?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
  runBy: row.runBy,
  fault: row.fault as CellState["fault"],
  message: row.message,
  question: row.question,
});

export const toRun = (row: RunRow): Run => ({ id: row.id, userId: row.userId, ...toCellState(row) });

export const findSession = async (tx: Sql, notebookId: string): Promise<SessionRow | null> =>
  (await tx.select().from(kernelSession).where(eq(kernelSession.notebookId, notebookId)))[0] ?? null;

export const putSession = async (tx: Sql, row: typeof kernelSession.$inferInsert): Promise<void> => {
  await tx.insert(kernelSession).values(row).onConflictDoUpdate({ target: kernelSession.notebookId, set: row });
};

export const putActive = async (notebookId: string, at: Date): Promise<void> => {
  await sql().update(kernelSession).set({ activeAt: at }).where(eq(kernelSession.notebookId, notebookId));
};

export const putDevice = async (notebookId: string, device: string | null): Promise<void> => {
  await sql().update(kernelSession).set({ device }).where(eq(kernelSession.notebookId, notebookId));
};

export type Wished = { cpus: number; memoryMb: number; gpu: boolean; ownIdleMinutes: number | null; idleMinutes: number };

/** What sessions of a notebook ask for; of one that never said, nothing in particular. */
export const wishOf = async (tx: Sql, notebookId: string): Promise<Wished> => {
  const [row] = await tx.select().from(sessionWish).where(eq(sessionWish.notebookId, notebookId));
  const { cpus, memoryMb, gpu, idleMinutes } = row ?? { cpus: 0, memoryMb: 0, gpu: false, idleMinutes: null };
  return { cpus, memoryMb, gpu, ownIdleMinutes: idleMinutes, idleMinutes: idleMinutes ?? env.idleMinutes };
};

export const putWish = async (at: Scoped, row: Omit<typeof sessionWish.$inferInsert, "workspaceId">): Promise<void> => {
  const whole = { ...row, workspaceId: at.workspaceId };
  await at.sql.insert(sessionWish).values(whole).onConflictDoUpdate({ target: sessionWish.notebookId, set: whole });
};

/** Sessions that should be alive; taken up again when the web process starts. */
export const openSessions = (): Promise<SessionRow[]> =>
  sql()
    .select()
    .from(kernelSession)
    .where(inArray(kernelSession.status, ["starting", "idle", "busy", "restarting"]));

export const insertRuns = async (at: Scoped, rows: Omit<typeof cellRun.$inferInsert, "workspaceId">[]): Promise<RunRow[]> => {
  const made = await at.sql
    .insert(cellRun)
    .values(rows.map((row) => ({ ...row, workspaceId: at.workspaceId })))
    .onConflictDoNothing()
    .returning();
  return made.sort((a, b) => a.order - b.order);
};

export const runsOfRequest = (at: Scoped, notebookId: string, requestId: string): Promise<RunRow[]> =>
  at.sql
    .select()
    .from(cellRun)
    .where(and(eq(cellRun.notebookId, notebookId), eq(cellRun.requestId, requestId)))
    .orderBy(asc(cellRun.order));

/** Runs that wait or run, oldest first. */
export const pendingRuns = (tx: Sql, notebookId: string): Promise<RunRow[]> =>
  tx
    .select()
    .from(cellRun)
    .where(and(eq(cellRun.notebookId, notebookId), inArray(cellRun.status, ["queued", "running"])))
    .orderBy(asc(cellRun.order));

/** The last run of every cell. */
export const lastRuns = (tx: Sql, notebookId: string): Promise<RunRow[]> =>
  tx
    .selectDistinctOn([cellRun.cellId])
    .from(cellRun)
    .where(eq(cellRun.notebookId, notebookId))
    .orderBy(cellRun.cellId, desc(cellRun.order));

export const outputs = (tx: Sql, notebookId: string) =>
  tx.select().from(cellOutput).where(eq(cellOutput.notebookId, notebookId)).orderBy(asc(cellOutput.cellId), asc(cellOutput.index));

export type Batch = {
  notebookId: string;
  kernelSeq: number;
  seq: number;
  status: string;
  message: string | null;
  runs: Run[];
  cleared: string[];
  outputs: { cellId: string; index: number; output: Output; displayId: string | null }[];
};

/** Stores everything a batch of kernel messages changed together with the number of its last message (S3). */
export const saveBatch = (batch: Batch): Promise<void> =>
  transaction(async (tx) => {
    if (batch.cleared.length > 0)
      await tx.delete(cellOutput).where(and(eq(cellOutput.notebookId, batch.notebookId), inArray(cellOutput.cellId, batch.cleared)));
    for (let i = 0; i < batch.outputs.length; i += 200) {
      const rows = batch.outputs
        .slice(i, i + 200)
        .map((one) => ({ notebookId: batch.notebookId, ...one, output: one.output as unknown as Record<string, unknown> }));
      await tx
        .insert(cellOutput)
        .values(rows)
        .onConflictDoUpdate({
          target: [cellOutput.notebookId, cellOutput.cellId, cellOutput.index],
          set: { output: raw`excluded.output`, displayId: raw`excluded.display_id` },
        });
    }
    for (const run of batch.runs) {
      await tx
        .update(cellRun)
        .set({
          status: run.status,
          executionCount: run.executionCount,
          startedAt: run.startedAt ? new Date(run.startedAt) : null,
          endedAt: run.endedAt ? new Date(run.endedAt) : null,
          fault: run.fault,
          message: run.message,
          question: run.question ?? null,
        })
        .where(eq(cellRun.id, run.id));
    }
    await tx
      .update(kernelSession)
      .set({ kernelSeq: batch.kernelSeq, seq: batch.seq, status: batch.status, message: batch.message })
      .where(eq(kernelSession.notebookId, batch.notebookId));
  });

export const deleteOutputs = async (at: Scoped, notebookId: string, cellIds: string[] | null): Promise<void> => {
  await at.sql
    .delete(cellOutput)
    .where(and(eq(cellOutput.notebookId, notebookId), cellIds ? inArray(cellOutput.cellId, cellIds) : undefined));
};

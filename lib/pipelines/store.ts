// SQL of pipelines and their pinned stages: rows in, nouns out. Pipeline runs are in run-store.ts.
import { and, asc, eq, inArray, isNotNull, isNull, lte, or, sql as raw } from "drizzle-orm";
import { type Scoped, sql } from "#db";
import { pipeline, pipelineStage } from "#drizzle/tables/pipelines.ts";
import type { Stage } from "#lib/pipelines/contract.ts";

export type PipelineRow = typeof pipeline.$inferSelect;
export type StageRow = typeof pipelineStage.$inferSelect;

/** Stages as people see them; each depends on the one before it. */
export const toStages = (rows: StageRow[]): Stage[] =>
  rows.map((row, index) => ({
    id: row.id,
    name: row.name,
    order: row.order,
    dependsOn: index === 0 ? [] : [rows[index - 1]!.name],
    notebook: { id: row.notebookId, title: row.notebookTitle, revision: row.notebookRevision },
    cells: row.cells,
    limitMinutes: row.limitMs / 60_000,
    promotedBy: row.promotedBy,
    promotedAt: row.promotedAt.toISOString(),
  }));

/** A page of pipelines by name, one row more than asked. */
export const pipelines = (at: Scoped, page: { limit: number; after: string[] | null; isTrash: boolean }): Promise<PipelineRow[]> =>
  at.sql
    .select()
    .from(pipeline)
    .where(
      and(
        eq(pipeline.workspaceId, at.workspaceId),
        page.isTrash ? isNotNull(pipeline.trashedAt) : isNull(pipeline.trashedAt),
        page.after ? raw`(${pipeline.name}, ${pipeline.id}) > (${page.after[0]}, ${page.after[1]})` : undefined,
      ),
    )
    .orderBy(asc(pipeline.name), asc(pipeline.id))
    .limit(page.limit + 1);

/** A pipeline by id or name; `lock` keeps others from changing it until the transaction ends. */
export const findPipeline = async (at: Scoped, key: string, more: { lock?: boolean } = {}): Promise<PipelineRow | null> => {
  const query = at.sql
    .select()
    .from(pipeline)
    .where(and(eq(pipeline.workspaceId, at.workspaceId), or(eq(pipeline.id, key), eq(pipeline.name, key))));
  const [row] = more.lock ? await query.for("update") : await query;
  return row ?? null;
};

/** Adds a pipeline; null when the name is taken. */
export const insertPipeline = async (at: Scoped, row: Omit<typeof pipeline.$inferInsert, "workspaceId">): Promise<PipelineRow | null> => {
  const [made] = await at.sql
    .insert(pipeline)
    .values({ ...row, workspaceId: at.workspaceId })
    .onConflictDoNothing()
    .returning();
  return made ?? null;
};

export const updatePipeline = async (at: Scoped, id: string, change: Partial<typeof pipeline.$inferInsert>): Promise<PipelineRow> => {
  const [row] = await at.sql
    .update(pipeline)
    .set(change)
    .where(and(eq(pipeline.id, id), eq(pipeline.workspaceId, at.workspaceId)))
    .returning();
  return row!;
};

export const deletePipeline = async (at: Scoped, id: string): Promise<void> => {
  await at.sql.delete(pipeline).where(and(eq(pipeline.id, id), eq(pipeline.workspaceId, at.workspaceId)));
};

/** Pinned stages of one revision, in order. */
export const stagesOf = (at: Scoped, pipelineId: string, revision: number): Promise<StageRow[]> =>
  at.sql
    .select()
    .from(pipelineStage)
    .where(
      and(eq(pipelineStage.workspaceId, at.workspaceId), eq(pipelineStage.pipelineId, pipelineId), eq(pipelineStage.revision, revision)),
    )
    .orderBy(asc(pipelineStage.order));

/** Stage names of the present revision of many pipelines, in order, by pipeline. */
export const stageNamesOf = async (at: Scoped, pipelineIds: string[]): Promise<Map<string, string[]>> => {
  const names = new Map<string, string[]>(pipelineIds.map((id) => [id, []]));
  if (pipelineIds.length === 0) return names;
  const rows = await at.sql
    .select({ pipelineId: pipelineStage.pipelineId, name: pipelineStage.name })
    .from(pipelineStage)
    .innerJoin(pipeline, and(eq(pipeline.id, pipelineStage.pipelineId), eq(pipeline.revision, pipelineStage.revision)))
    .where(and(eq(pipelineStage.workspaceId, at.workspaceId), inArray(pipelineStage.pipelineId, pipelineIds)))
    .orderBy(asc(pipelineStage.order));
  for (const row of rows) names.get(row.pipelineId)?.push(row.name);
  return names;
};

/** Writes all stages of a revision. */
export const insertStages = async (at: Scoped, rows: Omit<typeof pipelineStage.$inferInsert, "workspaceId">[]): Promise<void> => {
  await at.sql.insert(pipelineStage).values(rows.map((row) => ({ ...row, workspaceId: at.workspaceId })));
};

/** Pipelines of any workspace that are due; a hint for the scheduler, which looks again under a lock. */
export const duePipelines = (at: Date): Promise<{ id: string; workspaceId: string }[]> =>
  sql()
    .select({ id: pipeline.id, workspaceId: pipeline.workspaceId })
    .from(pipeline)
    .where(and(lte(pipeline.nextAt, at), eq(pipeline.isPaused, false), isNull(pipeline.trashedAt)))
    .limit(100);

// SQL of the datasets room: rows in, nouns out.
import { and, desc, eq, isNotNull, isNull, lt, or, sql as raw } from "drizzle-orm";
import { type Scoped, type Sql, sql } from "#db";
import { dataset, datasetVersion } from "#drizzle/tables/datasets.ts";
import type { Column, ColumnType, Dataset, Report, Version, VersionStatus } from "#lib/datasets/contract.ts";

type DatasetRow = typeof dataset.$inferSelect;
export type VersionRow = typeof datasetVersion.$inferSelect;
type Latest = Pick<VersionRow, "number" | "status" | "rowCount" | "columns" | "originalSize">;

const toDataset = (row: DatasetRow, latest: Latest | null): Dataset => ({
  id: row.id,
  name: row.name,
  description: row.description,
  latest: latest && {
    number: latest.number,
    status: latest.status as VersionStatus,
    rowCount: latest.rowCount,
    columnCount: latest.columns?.length ?? null,
    size: latest.originalSize,
  },
  createdBy: row.createdBy,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  trashedAt: row.trashedAt?.toISOString() ?? null,
});

export const toVersion = (row: VersionRow): Version => ({
  id: row.id,
  number: row.number,
  status: row.status as VersionStatus,
  format: row.format as Version["format"],
  fileName: row.fileName,
  size: row.originalSize,
  rowCount: row.rowCount,
  columns: row.columns as Column[] | null,
  preview: row.preview,
  report: row.report as Report | null,
  failure: row.failure,
  createdBy: row.createdBy,
  createdAt: row.createdAt.toISOString(),
  readyAt: row.readyAt?.toISOString() ?? null,
});

const withLatest = (at: Scoped) => {
  const newest = at.sql
    .selectDistinctOn([datasetVersion.datasetId])
    .from(datasetVersion)
    .where(eq(datasetVersion.workspaceId, at.workspaceId))
    .orderBy(datasetVersion.datasetId, desc(datasetVersion.number))
    .as("newest");
  return at.sql
    .select({
      dataset,
      newest: {
        number: newest.number,
        status: newest.status,
        rowCount: newest.rowCount,
        columns: newest.columns,
        originalSize: newest.originalSize,
      },
    })
    .from(dataset)
    .leftJoin(newest, eq(newest.datasetId, dataset.id));
};

/** A page of data sets, last changed first, one row more than asked. */
export const datasets = async (at: Scoped, page: { limit: number; before: string[] | null; isTrash: boolean }): Promise<Dataset[]> => {
  const cursor = page.before ? raw`(${dataset.updatedAt}, ${dataset.id}) < (${page.before[0]}::timestamptz, ${page.before[1]})` : undefined;
  const rows = await withLatest(at)
    .where(and(eq(dataset.workspaceId, at.workspaceId), page.isTrash ? isNotNull(dataset.trashedAt) : isNull(dataset.trashedAt), cursor))
    .orderBy(desc(dataset.updatedAt), desc(dataset.id))
    .limit(page.limit + 1);
  return rows.map((row) => toDataset(row.dataset, row.newest as Latest | null));
};

/** A data set by id or name. */
export const findDataset = async (at: Scoped, key: string): Promise<Dataset | null> => {
  const [row] = await withLatest(at).where(and(eq(dataset.workspaceId, at.workspaceId), or(eq(dataset.id, key), eq(dataset.name, key))));
  return row ? toDataset(row.dataset, row.newest as Latest | null) : null;
};

export const insertDataset = async (at: Scoped, row: Omit<typeof dataset.$inferInsert, "workspaceId">): Promise<Dataset | null> => {
  const [made] = await at.sql
    .insert(dataset)
    .values({ ...row, workspaceId: at.workspaceId })
    .onConflictDoNothing()
    .returning();
  return made ? toDataset(made, null) : null;
};

export const updateDataset = async (at: Scoped, id: string, change: Partial<typeof dataset.$inferInsert>): Promise<void> => {
  await at.sql
    .update(dataset)
    .set(change)
    .where(and(eq(dataset.id, id), eq(dataset.workspaceId, at.workspaceId)));
};

export const deleteDataset = async (at: Scoped, id: string): Promise<void> => {
  await at.sql.delete(dataset).where(and(eq(dataset.id, id), eq(dataset.workspaceId, at.workspaceId)));
};

/** Locks the data set's row so that two uploads get two numbers, and answers the next one. */
export const nextNumber = async (at: Scoped, datasetId: string): Promise<number> => {
  await at.sql.select({ id: dataset.id }).from(dataset).where(eq(dataset.id, datasetId)).for("update");
  const [row] = await at.sql
    .select({ n: raw<string>`coalesce(max(${datasetVersion.number}), 0)` })
    .from(datasetVersion)
    .where(eq(datasetVersion.datasetId, datasetId));
  return Number(row?.n ?? 0) + 1;
};

export const insertVersion = async (at: Scoped, row: Omit<typeof datasetVersion.$inferInsert, "workspaceId">): Promise<Version> =>
  toVersion(
    (
      await at.sql
        .insert(datasetVersion)
        .values({ ...row, workspaceId: at.workspaceId })
        .returning()
    )[0]!,
  );

export const versions = async (at: Scoped, datasetId: string): Promise<Version[]> => {
  const rows = await at.sql
    .select()
    .from(datasetVersion)
    .where(and(eq(datasetVersion.datasetId, datasetId), eq(datasetVersion.workspaceId, at.workspaceId)))
    .orderBy(desc(datasetVersion.number))
    .limit(500);
  return rows.map((row) => toVersion({ ...row, columns: null, preview: null, report: null }));
};

/** One version by number; `latest` is the newest that is ready, or the newest at all when none is. */
export const findVersion = async (at: Scoped, datasetId: string, version: string): Promise<VersionRow | null> => {
  const which = version === "latest" ? undefined : eq(datasetVersion.number, Number(version));
  const [row] = await at.sql
    .select()
    .from(datasetVersion)
    .where(and(eq(datasetVersion.datasetId, datasetId), eq(datasetVersion.workspaceId, at.workspaceId), which))
    .orderBy(desc(raw`${datasetVersion.status} = 'ready'`), desc(datasetVersion.number))
    .limit(1);
  return row ?? null;
};

/** Takes the oldest version that waits to be read and that no living worker holds. */
export const claimUnread = async (owner: string, until: Date, at: Date): Promise<VersionRow | null> => {
  const waiting = sql()
    .select({ id: datasetVersion.id })
    .from(datasetVersion)
    .where(and(eq(datasetVersion.status, "reading"), or(isNull(datasetVersion.leaseUntil), lt(datasetVersion.leaseUntil, at))))
    .orderBy(datasetVersion.createdAt)
    .limit(1)
    .for("update", { skipLocked: true });
  const [row] = await sql()
    .update(datasetVersion)
    .set({ leaseOwner: owner, leaseUntil: until })
    .where(eq(datasetVersion.id, raw`(${waiting})`))
    .returning();
  return row ?? null;
};

export const renewLease = async (id: string, owner: string, until: Date): Promise<boolean> =>
  (
    await sql()
      .update(datasetVersion)
      .set({ leaseUntil: until })
      .where(and(eq(datasetVersion.id, id), eq(datasetVersion.leaseOwner, owner)))
      .returning({ id: datasetVersion.id })
  ).length > 0;

/** Ends the reading of a version, once: answers false when somebody else ended it or holds it now. */
export const finishVersion = async (
  at: Scoped,
  id: string,
  owner: string,
  change: Partial<typeof datasetVersion.$inferInsert>,
): Promise<boolean> => {
  const rows = await at.sql
    .update(datasetVersion)
    .set({ ...change, leaseOwner: null, leaseUntil: null })
    .where(
      and(
        eq(datasetVersion.id, id),
        eq(datasetVersion.workspaceId, at.workspaceId),
        eq(datasetVersion.leaseOwner, owner),
        eq(datasetVersion.status, "reading"),
      ),
    )
    .returning({ id: datasetVersion.id });
  return rows.length > 0;
};

/** Names and types of the columns of every table cells can open here: the three newest ready versions of each data set, newest first. */
export const knownColumns = async (
  tx: Sql,
  workspaceId: string,
): Promise<{ name: string; number: number; columns: { name: string; type: ColumnType }[] }[]> => {
  const { rows } = await tx.execute<{ name: string; number: number; columns: { name: string; type: ColumnType }[] }>(raw`
    select name, number, columns from (
      select d.name, v.number, row_number() over (partition by d.id order by v.number desc) as place,
        (select jsonb_agg(jsonb_build_object('name', one->>'name', 'type', one->>'type')) from jsonb_array_elements(v.columns) one) as columns
      from ${datasetVersion} v join ${dataset} d on d.id = v.dataset_id
      where d.workspace_id = ${workspaceId} and d.trashed_at is null and v.status = 'ready' and v.columns is not null
    ) ready where place <= 3 order by name, number desc limit 1000`);
  return rows;
};

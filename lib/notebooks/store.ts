// SQL of the notebooks room: the list, and a document's history as bytes.
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lte, sql as raw } from "drizzle-orm";
import { type Scoped, type Sql, sql, transaction } from "#db";
import { notebook, notebookSnapshot, notebookUpdate } from "#drizzle/tables/notebooks.ts";
import type { Notebook } from "#lib/notebooks/contract.ts";

type Row = typeof notebook.$inferSelect;

export const toNotebook = (row: Row): Notebook => ({
  id: row.id,
  title: row.title,
  revision: row.revision,
  epoch: row.epoch,
  cellCount: row.cellCount,
  createdBy: row.createdBy,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  updatedBy: row.updatedBy,
  trashedAt: row.trashedAt?.toISOString() ?? null,
});

export const notebooks = async (at: Scoped, page: { limit: number; before: string[] | null; isTrash: boolean }): Promise<Notebook[]> => {
  const cursor = page.before
    ? raw`(${notebook.updatedAt}, ${notebook.id}) < (${page.before[0]}::timestamptz, ${page.before[1]})`
    : undefined;
  const rows = await at.sql
    .select()
    .from(notebook)
    .where(and(eq(notebook.workspaceId, at.workspaceId), page.isTrash ? isNotNull(notebook.trashedAt) : isNull(notebook.trashedAt), cursor))
    .orderBy(desc(notebook.updatedAt), desc(notebook.id))
    .limit(page.limit + 1);
  return rows.map(toNotebook);
};

export const findNotebook = async (at: Scoped, id: string): Promise<Notebook | null> => {
  const [row] = await at.sql
    .select()
    .from(notebook)
    .where(and(eq(notebook.id, id), eq(notebook.workspaceId, at.workspaceId)));
  return row ? toNotebook(row) : null;
};

/** Titles of notebooks by id; those that are gone are left out. */
export const titlesOf = async (at: Scoped, ids: readonly string[]): Promise<Map<string, string>> => {
  if (ids.length === 0) return new Map();
  const rows = await at.sql
    .select({ id: notebook.id, title: notebook.title })
    .from(notebook)
    .where(and(eq(notebook.workspaceId, at.workspaceId), inArray(notebook.id, [...ids])));
  return new Map(rows.map((row) => [row.id, row.title]));
};

/** The notebook behind a socket, whatever its workspace; the caller checks rights to that workspace next. */
export const placeOf = async (
  id: string,
): Promise<{ workspaceId: string; epoch: number; revision: number; trashedAt: Date | null } | null> => {
  const [row] = await sql().select().from(notebook).where(eq(notebook.id, id));
  return row ?? null;
};

export const insertNotebook = async (
  at: Scoped,
  row: Omit<typeof notebook.$inferInsert, "workspaceId">,
  seed: Uint8Array,
): Promise<Notebook> => {
  const [made] = await at.sql
    .insert(notebook)
    .values({ ...row, workspaceId: at.workspaceId, revision: 1 })
    .returning();
  await at.sql.insert(notebookUpdate).values({ notebookId: row.id, bytes: seed, by: row.createdBy, at: row.createdAt });
  return toNotebook(made!);
};

export const updateNotebook = async (at: Scoped, id: string, change: Partial<typeof notebook.$inferInsert>): Promise<void> => {
  await at.sql
    .update(notebook)
    .set(change)
    .where(and(eq(notebook.id, id), eq(notebook.workspaceId, at.workspaceId)));
};

export const deleteNotebook = async (at: Scoped, id: string): Promise<void> => {
  await at.sql.delete(notebook).where(and(eq(notebook.id, id), eq(notebook.workspaceId, at.workspaceId)));
};

/** A document's history in order: the snapshot, then the updates after it. */
export const readHistory = async (tx: Sql, id: string): Promise<{ parts: Uint8Array[]; lastId: number; updates: number }> => {
  const [snapshot] = await tx.select().from(notebookSnapshot).where(eq(notebookSnapshot.notebookId, id));
  const rows = await tx
    .select({ id: notebookUpdate.id, bytes: notebookUpdate.bytes })
    .from(notebookUpdate)
    .where(and(eq(notebookUpdate.notebookId, id), gt(notebookUpdate.id, snapshot?.upToId ?? 0)))
    .orderBy(asc(notebookUpdate.id));
  return {
    parts: [...(snapshot ? [snapshot.bytes] : []), ...rows.map((row) => row.bytes)],
    lastId: rows.at(-1)?.id ?? snapshot?.upToId ?? 0,
    updates: rows.length,
  };
};

/** Appends one row of updates and answers the new revision; `null` when the notebook is gone. */
export const appendUpdate = (
  id: string,
  update: { bytes: Uint8Array; by: string | null; at: Date; cellCount: number },
): Promise<number | null> =>
  transaction(async (tx) => {
    const [row] = await tx
      .update(notebook)
      .set({ revision: raw`${notebook.revision} + 1`, updatedAt: update.at, updatedBy: update.by, cellCount: update.cellCount })
      .where(eq(notebook.id, id))
      .returning({ revision: notebook.revision });
    if (!row) return null;
    await tx.insert(notebookUpdate).values({ notebookId: id, bytes: update.bytes, by: update.by, at: update.at });
    return row.revision;
  });

/** Replaces everything up to a row by one snapshot; readers see either the old rows or the new snapshot. */
export const compact = (id: string, snapshot: Uint8Array, upToId: number): Promise<void> =>
  transaction(async (tx) => {
    await tx
      .insert(notebookSnapshot)
      .values({ notebookId: id, bytes: snapshot, upToId })
      .onConflictDoUpdate({ target: notebookSnapshot.notebookId, set: { bytes: snapshot, upToId } });
    await tx.delete(notebookUpdate).where(and(eq(notebookUpdate.notebookId, id), lte(notebookUpdate.id, upToId)));
  });

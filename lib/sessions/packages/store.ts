// SQL of npm packages.
import { and, eq, inArray } from "drizzle-orm";
import type { Scoped, Sql } from "#db";
import { notebookPackages, packageLock } from "#drizzle/tables/packages.ts";
import type { Content, Lock } from "#lib/sessions/packages/contract.ts";

type At = { sql: Sql; workspaceId: string };
export type LockRow = typeof packageLock.$inferSelect;

const toLock = ({ key, manifest, lock }: LockRow): Lock => ({ key, manifest, lock });

/** What a notebook has now: who changed it last, and its lock where it has packages. */
export const packagesOf = async (at: At, notebookId: string) =>
  (
    await at.sql
      .select({ now: notebookPackages, lock: packageLock })
      .from(notebookPackages)
      .leftJoin(packageLock, and(eq(packageLock.workspaceId, notebookPackages.workspaceId), eq(packageLock.key, notebookPackages.key)))
      .where(and(eq(notebookPackages.notebookId, notebookId), eq(notebookPackages.workspaceId, at.workspaceId)))
  )[0] ?? null;

/** The digest of a notebook's lock; null without packages. */
export const keyOfNotebook = async (at: At, notebookId: string): Promise<string | null> =>
  (
    await at.sql
      .select({ key: notebookPackages.key })
      .from(notebookPackages)
      .where(and(eq(notebookPackages.notebookId, notebookId), eq(notebookPackages.workspaceId, at.workspaceId)))
  )[0]?.key ?? null;

/** The digest of a notebook's lock, with its row locked for a change and made where there is none; null without packages. */
export const keyForChange = async (at: Scoped, notebookId: string, by: { name: string; at: Date }): Promise<string | null> => {
  await at.sql
    .insert(notebookPackages)
    .values({ notebookId, workspaceId: at.workspaceId, key: null, changedBy: by.name, changedAt: by.at })
    .onConflictDoNothing();
  const [row] = await at.sql
    .select({ key: notebookPackages.key })
    .from(notebookPackages)
    .where(and(eq(notebookPackages.notebookId, notebookId), eq(notebookPackages.workspaceId, at.workspaceId)))
    .for("update");
  return row?.key ?? null;
};

/** The locks of these digests, as machines install them. */
export const locks = async (at: At, keys: (string | null)[]): Promise<Lock[]> => {
  const wanted = [...new Set(keys.filter((key) => key !== null))];
  if (wanted.length === 0) return [];
  const rows = await at.sql
    .select()
    .from(packageLock)
    .where(and(eq(packageLock.workspaceId, at.workspaceId), inArray(packageLock.key, wanted)));
  return rows.map(toLock);
};

/** The locks a notebook's session starts with: one, or none. */
export const locksOfNotebook = async (at: At, notebookId: string): Promise<Lock[]> => {
  const found = await packagesOf(at, notebookId);
  return found?.lock ? [toLock(found.lock)] : [];
};

export const putPackages = async (
  at: Scoped,
  notebookId: string,
  { lock, content }: { lock: Lock | null; content: Content },
  by: { name: string; at: Date },
): Promise<void> => {
  const { workspaceId } = at;
  if (lock)
    await at.sql
      .insert(packageLock)
      .values({ ...lock, workspaceId, content, createdAt: by.at })
      .onConflictDoNothing();
  const row = { notebookId, workspaceId, key: lock?.key ?? null, changedBy: by.name, changedAt: by.at };
  await at.sql.insert(notebookPackages).values(row).onConflictDoUpdate({ target: notebookPackages.notebookId, set: row });
};

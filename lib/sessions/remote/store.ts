// SQL of kernel servers and of what notebooks chose.
import { and, asc, eq } from "drizzle-orm";
import { type Scoped, type Sql, sql } from "#db";
import { kernelServer, notebookKernel } from "#drizzle/tables/kernel-servers.ts";
import { kernelSession } from "#drizzle/tables/sessions.ts";

export type ServerRow = typeof kernelServer.$inferSelect;
/** The kernel of others a session runs on; `kernelId` once it was started there. */
export type Elsewhere = NonNullable<typeof kernelSession.$inferSelect.elsewhere>;

export const servers = (at: Scoped): Promise<ServerRow[]> =>
  at.sql.select().from(kernelServer).where(eq(kernelServer.workspaceId, at.workspaceId)).orderBy(asc(kernelServer.name));

export const findServer = async (at: Scoped, id: string): Promise<ServerRow | null> =>
  (
    await at.sql
      .select()
      .from(kernelServer)
      .where(and(eq(kernelServer.workspaceId, at.workspaceId), eq(kernelServer.id, id)))
  )[0] ?? null;

export const insertServer = async (at: Scoped, row: Omit<ServerRow, "workspaceId">): Promise<boolean> =>
  (
    await at.sql
      .insert(kernelServer)
      .values({ ...row, workspaceId: at.workspaceId })
      .onConflictDoNothing()
      .returning()
  ).length > 0;

export const deleteServer = async (at: Scoped, id: string): Promise<void> => {
  await at.sql.delete(kernelServer).where(and(eq(kernelServer.workspaceId, at.workspaceId), eq(kernelServer.id, id)));
};

/** What a notebook chose, with its server; null when it runs on ours. */
export const chosen = async (at: { sql: Sql; workspaceId: string }, notebookId: string) =>
  (
    await at.sql
      .select({ choice: notebookKernel, server: kernelServer })
      .from(notebookKernel)
      .innerJoin(kernelServer, eq(kernelServer.id, notebookKernel.serverId))
      .where(and(eq(notebookKernel.notebookId, notebookId), eq(kernelServer.workspaceId, at.workspaceId)))
  )[0] ?? null;

export const putChoice = async (at: Scoped, row: Omit<typeof notebookKernel.$inferInsert, "workspaceId">): Promise<void> => {
  const whole = { ...row, workspaceId: at.workspaceId };
  await at.sql.insert(notebookKernel).values(whole).onConflictDoUpdate({ target: notebookKernel.notebookId, set: whole });
};

export const deleteChoice = async (at: Scoped, notebookId: string): Promise<void> => {
  await at.sql.delete(notebookKernel).where(and(eq(notebookKernel.notebookId, notebookId), eq(notebookKernel.workspaceId, at.workspaceId)));
};

/** Notes which kernel a session started there, so that a web process that comes later finds it. */
export const putElsewhere = async (notebookId: string, elsewhere: Elsewhere): Promise<void> => {
  await sql().update(kernelSession).set({ elsewhere }).where(eq(kernelSession.notebookId, notebookId));
};

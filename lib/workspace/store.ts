// SQL of the workspace room: rows in, nouns out. Never decides, never catches.
import { and, asc, desc, eq, gt, isNull, lt, or, sql as raw } from "drizzle-orm";
import type { Scoped, Sql } from "#db";
import { audit } from "#drizzle/tables/house.ts";
import { installation, invitation, member, token, user, workspace } from "#drizzle/tables/workspace.ts";
import type { AuditEntry, Invitation, Member, Role, Token, Workspace } from "#lib/workspace/contract.ts";

type WorkspaceRow = typeof workspace.$inferSelect;
export type TokenRow = typeof token.$inferSelect;

const toWorkspace = (row: WorkspaceRow, role: string): Workspace => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  role: role as Role,
  createdAt: row.createdAt.toISOString(),
});

export const insertWorkspace = async (tx: Sql, row: typeof workspace.$inferInsert): Promise<void> => {
  await tx.insert(workspace).values(row);
};

export const findWorkspace = async (tx: Sql, slug: string): Promise<WorkspaceRow | null> =>
  (await tx.select().from(workspace).where(eq(workspace.slug, slug)))[0] ?? null;

export const findWorkspaceById = async (tx: Sql, id: string): Promise<WorkspaceRow | null> =>
  (await tx.select().from(workspace).where(eq(workspace.id, id)))[0] ?? null;

export const allSlugs = async (tx: Sql): Promise<Set<string>> =>
  new Set((await tx.select({ slug: workspace.slug }).from(workspace)).map((row) => row.slug));

export const setName = (at: Scoped, name: string): Promise<unknown> =>
  at.sql.update(workspace).set({ name }).where(eq(workspace.id, at.workspaceId));

/** Workspaces of a person with their role, oldest first. */
export const workspacesOf = async (tx: Sql, userId: string): Promise<Workspace[]> => {
  const rows = await tx
    .select()
    .from(member)
    .innerJoin(workspace, eq(workspace.id, member.workspaceId))
    .where(eq(member.userId, userId))
    .orderBy(asc(workspace.createdAt));
  return rows.map((row) => toWorkspace(row.workspace, row.member.role));
};

/** The workspace behind a slug and a person's role in it, in one query; null when not a member. */
export const membership = async (tx: Sql, userId: string, slug: string): Promise<Workspace | null> => {
  const [row] = await tx
    .select()
    .from(member)
    .innerJoin(workspace, eq(workspace.id, member.workspaceId))
    .where(and(eq(member.userId, userId), eq(workspace.slug, slug)));
  return row ? toWorkspace(row.workspace, row.member.role) : null;
};

export const roleOf = async (tx: Sql, userId: string, workspaceId: string): Promise<Role | null> => {
  const [row] = await tx
    .select({ role: member.role })
    .from(member)
    .where(and(eq(member.userId, userId), eq(member.workspaceId, workspaceId)));
  return (row?.role as Role | undefined) ?? null;
};

export const members = async (at: Scoped): Promise<Member[]> => {
  const rows = await at.sql
    .select()
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .where(eq(member.workspaceId, at.workspaceId))
    .orderBy(asc(member.since));
  const list = rows.map((row) => ({
    userId: row.user.id,
    name: row.user.name,
    email: row.user.email,
    role: row.member.role as Role,
    since: row.member.since.toISOString(),
  }));
  return list.sort((a, b) => Number(b.role === "owner") - Number(a.role === "owner"));
};

/** Adds a person or changes the role they have. */
export const putMember = async (tx: Sql, row: typeof member.$inferInsert): Promise<void> => {
  await tx
    .insert(member)
    .values(row)
    .onConflictDoUpdate({ target: [member.workspaceId, member.userId], set: { role: row.role } });
};

export const deleteMember = async (at: Scoped, userId: string): Promise<void> => {
  await at.sql.delete(member).where(and(eq(member.workspaceId, at.workspaceId), eq(member.userId, userId)));
};

const toInvitation = (row: typeof invitation.$inferSelect): Invitation => ({
  id: row.id,
  role: row.role as Role,
  invitedBy: row.invitedBy,
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
});

export const insertInvitation = async (tx: Sql, row: typeof invitation.$inferInsert): Promise<Invitation> =>
  toInvitation((await tx.insert(invitation).values(row).returning())[0]!);

export const openInvitations = async (at: Scoped, now: Date): Promise<Invitation[]> => {
  const rows = await at.sql
    .select()
    .from(invitation)
    .where(and(eq(invitation.workspaceId, at.workspaceId), isNull(invitation.acceptedAt), gt(invitation.expiresAt, now)))
    .orderBy(desc(invitation.createdAt));
  return rows.map(toInvitation);
};

/** The open invitation of a code, locked so that two people cannot both take it. */
export const takeInvitation = async (tx: Sql, codeHash: string, now: Date) =>
  (
    await tx
      .select()
      .from(invitation)
      .where(and(eq(invitation.codeHash, codeHash), isNull(invitation.acceptedAt), gt(invitation.expiresAt, now)))
      .for("update")
  )[0] ?? null;

export const peekInvitation = async (tx: Sql, codeHash: string, now: Date) =>
  (
    await tx
      .select()
      .from(invitation)
      .innerJoin(workspace, eq(workspace.id, invitation.workspaceId))
      .where(and(eq(invitation.codeHash, codeHash), isNull(invitation.acceptedAt), gt(invitation.expiresAt, now)))
  )[0] ?? null;

export const closeInvitation = async (tx: Sql, id: string, userId: string, now: Date): Promise<void> => {
  await tx.update(invitation).set({ acceptedAt: now, acceptedBy: userId }).where(eq(invitation.id, id));
};

export const deleteInvitation = async (at: Scoped, id: string): Promise<boolean> =>
  (
    await at.sql
      .delete(invitation)
      .where(and(eq(invitation.id, id), eq(invitation.workspaceId, at.workspaceId)))
      .returning({ id: invitation.id })
  ).length > 0;

export const insertToken = async (tx: Sql, row: typeof token.$inferInsert): Promise<void> => {
  await tx.insert(token).values(row);
};

/** API tokens that still open something, newest first. */
export const apiTokens = async (at: Scoped): Promise<(Token & { userId: string | null })[]> => {
  const rows = await at.sql
    .select()
    .from(token)
    .leftJoin(user, eq(user.id, token.userId))
    .where(and(eq(token.workspaceId, at.workspaceId), eq(token.kind, "api"), isNull(token.revokedAt)))
    .orderBy(desc(token.createdAt));
  return rows.map(({ token: row, user: maker }) => ({
    id: row.id,
    name: row.name,
    role: row.role as Role,
    hint: row.hint,
    createdBy: maker?.name ?? "Atelier",
    userId: row.userId,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  }));
};

export const findToken = async (tx: Sql, secretHash: string, now: Date) =>
  (
    await tx
      .select()
      .from(token)
      .leftJoin(user, eq(user.id, token.userId))
      .where(and(eq(token.secretHash, secretHash), isNull(token.revokedAt), or(isNull(token.expiresAt), gt(token.expiresAt, now))))
  )[0] ?? null;

export const revokeTokenRow = async (at: Scoped, id: string, now: Date): Promise<void> => {
  await at.sql
    .update(token)
    .set({ revokedAt: now })
    .where(and(eq(token.id, id), eq(token.workspaceId, at.workspaceId)));
};

export const revokeTokensOf = async (at: Scoped, userId: string, now: Date): Promise<void> => {
  await at.sql
    .update(token)
    .set({ revokedAt: now })
    .where(and(eq(token.userId, userId), eq(token.workspaceId, at.workspaceId)));
};

export const touchToken = async (tx: Sql, id: string, now: Date): Promise<void> => {
  await tx.update(token).set({ lastUsedAt: now }).where(eq(token.id, id));
};

/** Session and stage tokens past their time; nothing refers to them. */
export const deleteExpiredTokens = async (tx: Sql, now: Date): Promise<void> => {
  await tx.delete(token).where(lt(token.expiresAt, now));
};

/** The trail, newest first; ids grow with time, so they are the cursor. */
export const auditTrail = async (at: Scoped, page: { limit: number; before?: string; subject?: string }): Promise<AuditEntry[]> => {
  const rows = await at.sql
    .select()
    .from(audit)
    .where(
      and(
        eq(audit.workspaceId, at.workspaceId),
        page.before ? lt(audit.id, page.before) : undefined,
        page.subject ? eq(audit.subject, page.subject) : undefined,
      ),
    )
    .orderBy(desc(audit.id))
    .limit(page.limit + 1);
  return rows.map((row) => ({
    id: row.id,
    at: row.at.toISOString(),
    actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
    action: row.action,
    subject: row.subject,
    detail: row.detail,
  }));
};

/** The installation row, made on first sight; `for update` so that the one-time link works once. */
export const lockInstallation = async (tx: Sql, now: Date) => {
  await tx.insert(installation).values({ id: "this", createdAt: now }).onConflictDoNothing();
  return (await tx.select().from(installation).where(eq(installation.id, "this")).for("update"))[0]!;
};

export const setClaim = async (tx: Sql, claimHash: string | null, claimedAt: Date | null): Promise<void> => {
  await tx.update(installation).set({ claimHash, claimedAt }).where(eq(installation.id, "this"));
};

export const setWaitsForSeed = async (tx: Sql, waits: boolean): Promise<void> => {
  await tx.update(installation).set({ waitsForSeed: waits }).where(eq(installation.id, "this"));
};

export const countUsers = async (tx: Sql): Promise<number> => Number((await tx.select({ n: raw<string>`count(*)` }).from(user))[0]?.n ?? 0);

export const findUserByEmail = async (tx: Sql, email: string) => (await tx.select().from(user).where(eq(user.email, email)))[0] ?? null;

// The verbs of the workspace room. Making an account happens before the transaction that uses it: an account without a membership opens
// nothing, so a failure in between is harmless.
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import { cutPage, readCursor } from "#lib/kit/page.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import { forgetTokens } from "#lib/workspace/authority.ts";
import * as contract from "#lib/workspace/contract.ts";
import { type Role, workspaceEvents } from "#lib/workspace/contract.ts";
import { createPerson } from "#lib/workspace/people-store.ts";
import { hashSecret, newSecret, refusalToLoseOwner, refusalToWiden, slugOf } from "#lib/workspace/rules.ts";
import * as store from "#lib/workspace/store.ts";

const invitationDays = 7;
const day = 86_400_000;
const deadLink = () =>
  new Problem("missing", "workspace.dead_invitation", "This invitation is used, revoked or older than seven days. Ask for a new link.");

export const listWorkspaces = verb(contract.listWorkspaces, async (scope) => {
  const { caller } = scope;
  if (caller.kind === "person") return { items: await store.workspacesOf(scope.sql, caller.id) };
  const row = caller.workspaceId ? await store.findWorkspaceById(scope.sql, caller.workspaceId) : null;
  return {
    items: row ? [{ id: row.id, slug: row.slug, name: row.name, role: caller.role as Role, createdAt: row.createdAt.toISOString() }] : [],
  };
});

export const createWorkspace = verb(contract.createWorkspace, async (scope, { name }) => {
  const { caller } = scope;
  if (!caller.userId || caller.kind === "session")
    throw new Problem("forbidden", "workspace.forbidden", "A cell cannot make a workspace. A person makes it, or an API token.");
  const row = {
    id: newId("workspace", scope.now.getTime()),
    slug: slugOf(name, await store.allSlugs(scope.sql)),
    name,
    createdAt: scope.now,
    createdByToken: caller.kind === "token" ? caller.id : null,
  };
  await store.insertWorkspace(scope.sql, row);
  await store.putMember(scope.sql, { workspaceId: row.id, userId: caller.userId, role: "owner", since: scope.now });
  await scope.audit("workspace.created", row.id, { name });
  return { id: row.id, slug: row.slug, name, role: "owner" as const, createdAt: scope.now.toISOString() };
});

export const readWorkspace = verb(contract.readWorkspace, async (scope) => {
  const row = (await store.findWorkspaceById(scope.sql, scope.workspaceId))!;
  return { id: row.id, slug: row.slug, name: row.name, role: scope.place.role as Role, createdAt: row.createdAt.toISOString() };
});

export const renameWorkspace = verb(contract.renameWorkspace, async (scope, { name }) => {
  await store.setName(scope, name);
  await scope.audit("workspace.renamed", scope.workspaceId, { from: scope.place.name, to: name });
  const row = (await store.findWorkspaceById(scope.sql, scope.workspaceId))!;
  return { id: row.id, slug: row.slug, name, role: scope.place.role as Role, createdAt: row.createdAt.toISOString() };
});

export const listMembers = verb(contract.listMembers, async (scope) => ({ items: await store.members(scope) }));

const memberOf = async (scope: Scope, userId: string) => {
  const everybody = await store.members(scope);
  const found = everybody.find((one) => one.userId === userId);
  if (!found) throw missing("member", userId);
  return { everybody, found };
};

export const changeRole = verb(contract.changeRole, async (scope, { member, role }) => {
  const { everybody, found } = await memberOf(scope, member);
  const refusal = refusalToLoseOwner(everybody, member, role);
  if (refusal) throw refusal;
  await store.putMember(scope.sql, { workspaceId: scope.workspaceId, userId: member, role, since: scope.now });
  await scope.audit("member.role_changed", member, { from: found.role, to: role });
  scope.emit(workspaceEvents.members, member);
  scope.afterCommit(forgetTokens);
  return { ...found, role };
});

export const removeMember = verb(contract.removeMember, async (scope, { member }) => {
  const { everybody, found } = await memberOf(scope, member);
  const refusal = refusalToLoseOwner(everybody, member, null);
  if (refusal) throw refusal;
  await store.revokeTokensOf(scope, member, scope.now);
  await store.deleteMember(scope, member);
  await scope.audit("member.removed", member, { name: found.name, role: found.role });
  scope.emit(workspaceEvents.members, member);
  scope.afterCommit(forgetTokens);
  return {};
});

export const createInvitation = verb(contract.createInvitation, async (scope, { role }) => {
  const code = newSecret("join");
  const made = await store.insertInvitation(scope.sql, {
    id: newId("invitation", scope.now.getTime()),
    workspaceId: scope.workspaceId,
    codeHash: hashSecret(code),
    role,
    invitedBy: scope.caller.name,
    createdAt: scope.now,
    expiresAt: new Date(scope.now.getTime() + invitationDays * day),
  });
  await scope.audit("invitation.created", made.id, { role });
  return { ...made, code, link: `${env.publicUrl}/invitation?code=${code}` };
});

export const listInvitations = verb(contract.listInvitations, async (scope) => ({ items: await store.openInvitations(scope, scope.now) }));

export const revokeInvitation = verb(contract.revokeInvitation, async (scope, { invitation }) => {
  if (!(await store.deleteInvitation(scope, invitation))) throw missing("invitation", invitation);
  await scope.audit("invitation.revoked", invitation);
  return {};
});

export const readInvitation = verb(contract.readInvitation, async (scope, { code }) => {
  const found = await store.peekInvitation(scope.sql, hashSecret(code), scope.now);
  if (!found) throw deadLink();
  return { workspace: found.workspace.name, role: found.invitation.role as Role, invitedBy: found.invitation.invitedBy };
});

/** Lets a person in by a code: the invitation is locked, so it admits one person once. */
const admit = async (scope: Scope, code: string, userId: string) => {
  const found = await store.takeInvitation(scope.sql, hashSecret(code), scope.now);
  if (!found) throw deadLink();
  await store.closeInvitation(scope.sql, found.id, userId, scope.now);
  const current = await store.roleOf(scope.sql, userId, found.workspaceId);
  const role = current && contract.reaches(current, found.role as Role) ? current : (found.role as Role);
  await store.putMember(scope.sql, { workspaceId: found.workspaceId, userId, role, since: scope.now });
  return { row: (await store.findWorkspaceById(scope.sql, found.workspaceId))!, role };
};

export const joinByInvitation = verb(contract.joinByInvitation, async (scope, { code }) => {
  if (scope.caller.kind !== "person")
    throw new Problem("forbidden", "workspace.forbidden", "A person accepts an invitation, not a token. Sign in first.");
  const { row, role } = await admit(scope, code, scope.caller.id);
  await scope.audit("invitation.accepted", scope.caller.id, { workspace: row.id, role });
  return { id: row.id, slug: row.slug, name: row.name, role, createdAt: row.createdAt.toISOString() };
});

export const acceptInvitation = verb(
  contract.acceptInvitation,
  async (scope, { code, name, email, password }) => {
    if (!(await store.peekInvitation(scope.sql, hashSecret(code), scope.now))) throw deadLink();
    const person = await createPerson({ name, email, password });
    const { row } = await scope.transact((inner) => admit(inner, code, person.id));
    return { workspace: row.slug };
  },
  { isUntransacted: true },
);

export const claimInstallation = verb(
  contract.claimInstallation,
  async (scope, { code, name, email, password }) => {
    const isOpen = async (inner: Scope) => {
      const row = await store.lockInstallation(inner.sql, inner.now);
      if (!row.claimHash || row.claimedAt || row.claimHash !== hashSecret(code)) {
        throw new Problem(
          "missing",
          "workspace.dead_claim",
          "This link was used already, or is not of this installation. Sign in, or start again with ATELIER_ADMIN_EMAIL and ATELIER_ADMIN_PASSWORD.",
        );
      }
    };
    await scope.transact(isOpen);
    const person = await createPerson({ name, email, password });
    return scope.transact(async (inner) => {
      await isOpen(inner);
      const row = (await store.findWorkspace(inner.sql, "main"))!;
      await store.putMember(inner.sql, { workspaceId: row.id, userId: person.id, role: "owner", since: inner.now });
      await store.setClaim(inner.sql, null, inner.now);
      return { workspace: row.slug };
    });
  },
  { isUntransacted: true },
);

export const createToken = verb(contract.createToken, async (scope, { name, role }) => {
  const { caller } = scope;
  if (caller.kind === "session") throw new Problem("forbidden", "workspace.forbidden", "A cell cannot mint tokens. Make one in Settings.");
  const own = scope.place.role as Role;
  const refusal = refusalToWiden(role ?? own, own);
  if (refusal) throw refusal;
  const secret = newSecret("atl");
  const row = {
    id: newId("token", scope.now.getTime()),
    workspaceId: scope.workspaceId,
    userId: caller.userId,
    kind: "api",
    name,
    role: role ?? own,
    secretHash: hashSecret(secret),
    hint: secret.slice(-4),
    createdAt: scope.now,
  };
  await store.insertToken(scope.sql, row);
  await scope.audit("token.created", row.id, { name, role: row.role });
  scope.emit(workspaceEvents.tokens, row.id);
  return {
    id: row.id,
    name,
    role: row.role,
    hint: row.hint,
    createdBy: caller.name,
    createdAt: scope.now.toISOString(),
    lastUsedAt: null,
    token: secret,
  };
});

export const listTokens = verb(contract.listTokens, async (scope) => ({
  items: (await store.apiTokens(scope)).map(({ userId: _, ...shown }) => shown),
}));

export const revokeToken = verb(contract.revokeToken, async (scope, { token }) => {
  const found = (await store.apiTokens(scope)).find((one) => one.id === token);
  if (!found) throw missing("token", token);
  const isOwn = found.userId === scope.caller.userId;
  if (!isOwn && !scope.place.grants.has("own"))
    throw new Problem("forbidden", "workspace.forbidden", "This token is somebody else's. Ask an owner to revoke it.");
  await store.revokeTokenRow(scope, token, scope.now);
  await scope.audit("token.revoked", token, { name: found.name });
  scope.emit(workspaceEvents.tokens, token);
  scope.afterCommit(forgetTokens);
  return {};
});

export const readAudit = verb(contract.readAudit, async (scope, { limit, after, subject }) => {
  const before = readCursor(after)?.[0];
  const rows = await store.auditTrail(scope, { limit, ...(before ? { before } : {}), ...(subject ? { subject } : {}) });
  return cutPage(rows, limit, (row) => [row.id]);
});

// The promises of the workspace room: who is in, with which role, by which invitation or token, and what they changed. Roles are a
// ladder; each grants all that the one below grants. Another workspace's things are missing, never forbidden.
import { z } from "zod";
import { type Grant, inWorkspace, nothing, operation, paged, pageOf } from "#lib/kit/operation.ts";

export const roles = ["viewer", "editor", "operator", "owner"] as const;
export type Role = (typeof roles)[number];
export const roleSchema = z.enum(roles);

/** What each role may do; `mint` comes with every role because a token never reaches wider than its maker. */
export const grantsOf: Record<Role, readonly Grant[]> = {
  viewer: ["read", "mint"],
  editor: ["read", "mint", "write", "run"],
  operator: ["read", "mint", "write", "run", "operate"],
  owner: ["read", "mint", "write", "run", "operate", "own"],
};

/** Whether role `a` reaches at least as far as role `b`. */
export const reaches = (a: Role, b: Role): boolean => roles.indexOf(a) >= roles.indexOf(b);

export const workspaceSchema = z.object({ id: z.string(), slug: z.string(), name: z.string(), role: roleSchema, createdAt: z.string() });
export type Workspace = z.output<typeof workspaceSchema>;

export const memberSchema = z.object({ userId: z.string(), name: z.string(), email: z.string(), role: roleSchema, since: z.string() });
export type Member = z.output<typeof memberSchema>;

export const invitationSchema = z.object({
  id: z.string(),
  role: roleSchema,
  invitedBy: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
});
export type Invitation = z.output<typeof invitationSchema>;

export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  hint: z.string().describe("The last four characters, to tell tokens apart"),
  createdBy: z.string(),
  createdAt: z.string(),
  lastUsedAt: z.string().nullable(),
});
export type Token = z.output<typeof tokenSchema>;

export const auditEntrySchema = z.object({
  id: z.string(),
  at: z.string(),
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
});
export type AuditEntry = z.output<typeof auditEntrySchema>;

const personName = z.string().trim().min(1, "Say what people should call you.").max(100);
const email = z
  .email("Give an e-mail address.")
  .max(200)
  .transform((text) => text.toLowerCase());
const password = z.string().min(10, "A password has at least 10 characters.").max(200);
const base = "/workspaces/{workspace}";

export const listWorkspaces = operation({
  id: "workspaces.list",
  method: "GET",
  path: "/workspaces",
  grant: "self",
  summary: "Lists the workspaces the caller may enter.",
  input: z.object({}),
  output: pageOf(workspaceSchema),
});

export const createWorkspace = operation({
  id: "workspaces.create",
  method: "POST",
  path: "/workspaces",
  grant: "self",
  summary: "Creates a workspace owned by the caller. Made with a token, that token may mint the new workspace's first token.",
  input: z.object({ name: z.string().trim().min(1, "A workspace needs a name.").max(60) }),
  output: workspaceSchema,
});

export const readWorkspace = operation({
  id: "workspaces.read",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Reads one workspace with the caller's role in it.",
  input: z.object(inWorkspace),
  output: workspaceSchema,
});

export const renameWorkspace = operation({
  id: "workspaces.rename",
  method: "PATCH",
  path: base,
  grant: "own",
  summary: "Renames a workspace; its slug stays, so that links keep working.",
  input: z.object({ ...inWorkspace, name: z.string().trim().min(1).max(60) }),
  output: workspaceSchema,
});

export const listMembers = operation({
  id: "members.list",
  method: "GET",
  path: `${base}/members`,
  grant: "read",
  summary: "Lists who is in the workspace, owners first.",
  input: z.object(inWorkspace),
  output: pageOf(memberSchema),
});

export const changeRole = operation({
  id: "members.changeRole",
  method: "PATCH",
  path: `${base}/members/{member}`,
  grant: "own",
  summary: "Changes a member's role. The last owner cannot step down.",
  input: z.object({ ...inWorkspace, member: z.string(), role: roleSchema }),
  output: memberSchema,
});

export const removeMember = operation({
  id: "members.remove",
  method: "DELETE",
  path: `${base}/members/{member}`,
  grant: "own",
  summary: "Takes a person out of the workspace and revokes their tokens there. What they made stays.",
  input: z.object({ ...inWorkspace, member: z.string() }),
  output: nothing,
});

export const createInvitation = operation({
  id: "invitations.create",
  method: "POST",
  path: `${base}/invitations`,
  grant: "own",
  summary: "Makes an invitation link for one person; the link is shown once and works for seven days.",
  input: z.object({ ...inWorkspace, role: roleSchema.default("editor") }),
  output: invitationSchema.extend({ code: z.string(), link: z.string() }),
});

export const listInvitations = operation({
  id: "invitations.list",
  method: "GET",
  path: `${base}/invitations`,
  grant: "own",
  summary: "Lists invitations that nobody has accepted yet.",
  input: z.object(inWorkspace),
  output: pageOf(invitationSchema),
});

export const revokeInvitation = operation({
  id: "invitations.revoke",
  method: "DELETE",
  path: `${base}/invitations/{invitation}`,
  grant: "own",
  summary: "Makes an invitation link useless.",
  input: z.object({ ...inWorkspace, invitation: z.string() }),
  output: nothing,
});

export const joinByInvitation = operation({
  id: "invitations.join",
  method: "POST",
  path: "/invitations/join",
  grant: "self",
  status: 200,
  summary: "Accepts an invitation as the signed-in person.",
  input: z.object({ code: z.string().min(1).max(200) }),
  output: workspaceSchema,
});

export const createToken = operation({
  id: "tokens.create",
  method: "POST",
  path: `${base}/tokens`,
  grant: "mint",
  summary: "Mints an API token for this workspace; its secret is in this answer and never again. Its role is at most the caller's.",
  input: z.object({ ...inWorkspace, name: z.string().trim().min(1, "A token needs a name.").max(100), role: roleSchema.optional() }),
  output: tokenSchema.extend({ token: z.string() }),
});

export const listTokens = operation({
  id: "tokens.list",
  method: "GET",
  path: `${base}/tokens`,
  grant: "read",
  summary: "Lists API tokens without their secrets.",
  input: z.object(inWorkspace),
  output: pageOf(tokenSchema),
});

export const revokeToken = operation({
  id: "tokens.revoke",
  method: "DELETE",
  path: `${base}/tokens/{token}`,
  grant: "mint",
  summary: "Revokes a token at once. Owners revoke any, others their own.",
  input: z.object({ ...inWorkspace, token: z.string() }),
  output: nothing,
});

export const readAudit = operation({
  id: "audit.list",
  method: "GET",
  path: `${base}/audit`,
  grant: "own",
  summary: "Reads the audit trail, newest first.",
  input: z.object({ ...inWorkspace, ...paged, subject: z.string().max(100).optional() }),
  output: pageOf(auditEntrySchema),
});

// Doors for people who have not signed in yet. They are not in the OpenAPI document, whose every operation answers 401 without a token.
export const claimInstallation = operation({
  id: "installation.claim",
  method: "POST",
  path: "/installation/claim",
  grant: "open",
  status: 200,
  summary: "Uses the one-time link of the first start to make the first owner.",
  input: z.object({ code: z.string().min(1).max(200), name: personName, email, password }),
  output: z.object({ workspace: z.string() }),
});

export const readInvitation = operation({
  id: "invitations.read",
  method: "GET",
  path: "/invitations/{code}",
  grant: "open",
  summary: "Says where an invitation leads and with which role.",
  input: z.object({ code: z.string().min(1).max(200) }),
  output: z.object({ workspace: z.string(), role: roleSchema, invitedBy: z.string() }),
});

export const acceptInvitation = operation({
  id: "invitations.accept",
  method: "POST",
  path: "/invitations/accept",
  grant: "open",
  status: 200,
  summary: "Makes an account from an invitation; then sign in at POST /api/auth/sign-in/email {email, password}.",
  input: z.object({ code: z.string().min(1).max(200), name: personName, email, password }),
  output: z.object({ workspace: z.string() }),
});

export const workspaceEvents = { members: "members.changed", tokens: "tokens.changed" } as const;

// What an empty database needs before anybody can come in: the workspace `main`, and either the admin the environment names or a
// one-time sign-in link. Runs at every start and changes nothing once somebody owns the place.
import { sql as statement } from "drizzle-orm";
import { sql, transaction } from "#db";
import { now } from "#lib/kit/clock.ts";
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { createPerson } from "#lib/workspace/people-store.ts";
import { hashSecret, newSecret } from "#lib/workspace/rules.ts";
import * as store from "#lib/workspace/store.ts";

/** Makes `main` when it is absent and answers its id. */
const ensureMain = (): Promise<string> =>
  transaction(async (tx) => {
    await store.lockInstallation(tx, now());
    const found = await store.findWorkspace(tx, "main");
    if (found) return found.id;
    const id = newId("workspace");
    await store.insertWorkspace(tx, { id, slug: "main", name: "main", createdAt: now(), createdByToken: null });
    await store.setWaitsForSeed(tx, env.isSeedWanted);
    return id;
  });

/** The id of `main` while this installation waits to be furnished, else null. */
export const waitsForSeed = (): Promise<string | null> =>
  transaction(async (tx) => {
    const { waitsForSeed: waits } = await store.lockInstallation(tx, now());
    return waits ? ((await store.findWorkspace(tx, "main"))?.id ?? null) : null;
  });

/** Says that the furnishing is done; it never happens again here. */
export const finishSeed = (): Promise<void> => transaction((tx) => store.setWaitsForSeed(tx, false));

const ensureAdmin = async (workspaceId: string): Promise<void> => {
  const email = env.adminEmail.toLowerCase();
  const found = await store.findUserByEmail(sql(), email);
  const person = found ?? (await createPerson({ name: email.split("@")[0] ?? "admin", email, password: env.adminPassword }));
  await transaction(async (tx) => {
    await store.putMember(tx, { workspaceId, userId: person.id, role: "owner", since: now() });
    await store.lockInstallation(tx, now());
    await store.setClaim(tx, null, now());
    if (!env.adminToken || (await store.findToken(tx, hashSecret(env.adminToken), now()))) return;
    await store.insertToken(tx, {
      id: newId("token"),
      workspaceId,
      userId: person.id,
      kind: "api",
      name: "from ATELIER_ADMIN_TOKEN",
      role: "owner",
      secretHash: hashSecret(env.adminToken),
      hint: env.adminToken.slice(-4),
      createdAt: now(),
    });
  });
};

const preparationLock = 7_302_119;

/** Prepares the installation, one start at a time; answers a one-time sign-in link when nobody owns it yet, else null. */
export const prepareInstallation = (): Promise<{ workspaceId: string; link: string | null }> =>
  transaction(async (tx) => {
    await tx.execute(statement`select pg_advisory_xact_lock(${preparationLock})`);
    return prepare();
  });

const prepare = async (): Promise<{ workspaceId: string; link: string | null }> => {
  const workspaceId = await ensureMain();
  const isEmpty = (await store.countUsers(sql())) === 0;
  if (env.adminEmail && env.adminPassword && isEmpty) {
    await ensureAdmin(workspaceId);
    return { workspaceId, link: null };
  }
  if (!isEmpty) return { workspaceId, link: null };
  const code = newSecret("first");
  await transaction(async (tx) => {
    await store.lockInstallation(tx, now());
    await store.setClaim(tx, hashSecret(code), null);
  });
  return { workspaceId, link: `${env.publicUrl}/welcome?code=${code}` };
};

/** Mints the token that a kernel session or stage calls with: one workspace, one person's role at most, a short life. */
export const mintSessionToken = async (input: {
  workspaceId: string;
  userId: string | null;
  role: Role;
  kind: "session" | "stage";
  name: string;
  lifeMs: number;
}): Promise<{ id: string; secret: string }> => {
  const secret = newSecret("ses");
  const id = newId("token");
  const at = now();
  await store.insertToken(sql(), {
    id,
    workspaceId: input.workspaceId,
    userId: input.userId,
    kind: input.kind,
    name: input.name,
    role: input.role,
    secretHash: hashSecret(secret),
    hint: secret.slice(-4),
    createdAt: at,
    expiresAt: new Date(at.getTime() + input.lifeMs),
  });
  return { id, secret };
};

// Accounts and sign-ins, by better-auth on our tables. It hashes passwords, makes cookies and limits attempts; workspaces, roles and
// tokens are ours. Sign-up is closed: an account comes from an invitation or from the first start.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { betterAuth } from "better-auth";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { sql } from "#db";
import { account, signIn, user, verification } from "#drizzle/tables/workspace.ts";
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import { Problem } from "#lib/kit/problem.ts";

const secretOf = (): string => {
  if (env.authSecret) return env.authSecret;
  const path = join(env.home, "auth-secret");
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    mkdirSync(env.home, { recursive: true });
    writeFileSync(path, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
    return readFileSync(path, "utf8").trim();
  }
};

const make = () =>
  betterAuth({
    secret: secretOf(),
    baseURL: env.publicUrl,
    basePath: "/api/auth",
    telemetry: { enabled: false },
    logger: { disabled: true },
    trustedOrigins: async (request?: Request) => {
      const host = request?.headers.get("host");
      return host ? [`http://${host}`, `https://${host}`] : [];
    },
    database: drizzleAdapter(sql(), { provider: "pg", schema: { user, session: signIn, account, verification } }),
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 10 },
    session: { expiresIn: 30 * 86_400, cookieCache: { enabled: true, maxAge: 60 } },
    rateLimit: { enabled: true, window: 10, max: 200, customRules: { "/sign-in/email": { window: 10, max: 20 } } },
    advanced: {
      cookiePrefix: "atelier",
      database: { generateId: ({ model }: { model: string }) => (model === "user" ? newId("user") : randomBytes(16).toString("hex")) },
    },
  });

const shared = globalThis as { atelierAuth?: ReturnType<typeof make> };

/** The sign-in library of this process, made on first use. */
export const auth = (): ReturnType<typeof make> => {
  shared.atelierAuth ??= make();
  return shared.atelierAuth;
};

export type Person = { id: string; name: string; email: string };

/** The person of a request's cookies, or null; answered from the signed cookie for a minute, from the database after. */
export const personOf = async (headers: Headers): Promise<Person | null> => {
  if (!headers.get("cookie")?.includes("atelier.")) return null;
  const found = await auth().api.getSession({ headers });
  return found ? { id: found.user.id, name: found.user.name, email: found.user.email } : null;
};

/** Makes an account with a password; `conflict` when the address has one already. */
export const createPerson = async (input: { name: string; email: string; password: string }): Promise<Person> => {
  const context = await auth().$context;
  if (await context.internalAdapter.findUserByEmail(input.email)) {
    throw new Problem(
      "conflict",
      "workspace.email_taken",
      "There is an account with this address. Sign in, then open the invitation again.",
    );
  }
  const made = await context.internalAdapter.createUser({ name: input.name, email: input.email, emailVerified: true }, { method: "admin" });
  await context.internalAdapter.linkAccount({
    userId: made.id,
    providerId: "credential",
    accountId: made.id,
    password: await context.password.hash(input.password),
  });
  return { id: made.id, name: made.name, email: made.email };
};

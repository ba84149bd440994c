// The database handle of this process. One pg pool lives on globalThis, because Next bundles its own copy of every module and only
// globalThis is shared: pages and REST then use the same connections. Only store.ts files and the house's own tools import this.
import { drizzle, type NodePgQueryResultHKT } from "drizzle-orm/node-postgres";
import type { PgDatabase } from "drizzle-orm/pg-core";
import pg from "pg";
import { env } from "#lib/kit/env.ts";

/** A drizzle handle: the pool itself or an open transaction; stores take either. */
export type Sql = PgDatabase<NodePgQueryResultHKT, Record<string, never>>;

/** A handle bound to one workspace: every query of a store names `workspaceId`, so tenancy cannot be forgotten. */
export type Scoped = { sql: Sql; workspaceId: string };

const shared = globalThis as { atelierPool?: pg.Pool; atelierPoolUrl?: string };

/** Points this process at a database; tests call it with a cloned database before anything else. */
export const openDatabaseAt = (url: string): void => {
  shared.atelierPoolUrl = url;
  shared.atelierPool = undefined;
};

const makePool = (): pg.Pool => {
  const connectionString = shared.atelierPoolUrl ?? env.databaseUrl;
  if (!connectionString) throw new Error("DATABASE_URL is not set in this process; the supervisor passes it to its children.");
  const made = new pg.Pool({ connectionString, max: 16, idleTimeoutMillis: 30_000, application_name: "atelier" });
  made.on("error", () => {}); // a connection that idles while the database restarts; the pool makes a new one
  return made;
};

/** The pool of this process, made on first use. */
export const pool = (): pg.Pool => {
  shared.atelierPool ??= makePool();
  return shared.atelierPool;
};

/** The drizzle handle outside any transaction. */
export const sql = (): Sql => drizzle(pool()) as unknown as Sql;

/** Runs the work in one transaction at read committed; throws what the work throws, after rolling back. */
export const transaction = <T>(work: (tx: Sql) => Promise<T>): Promise<T> =>
  (drizzle(pool()) as unknown as { transaction: (w: (tx: Sql) => Promise<T>) => Promise<T> }).transaction(work);

/** Reads in one snapshot: everything the work asks for is as of one moment, whatever commits meanwhile. It cannot write. */
export const snapshot = <T>(work: (tx: Sql) => Promise<T>): Promise<T> =>
  (drizzle(pool()) as unknown as PgDatabase<NodePgQueryResultHKT, Record<string, never>>).transaction(work, {
    isolationLevel: "repeatable read",
    accessMode: "read only",
  });

/** Ends every connection; for tests and shutdown. */
export const closeDatabase = async (): Promise<void> => {
  const open = shared.atelierPool;
  shared.atelierPool = undefined;
  await open?.end();
};

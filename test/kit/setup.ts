// Once a test run: the plain tree sessions start from, an embedded PostgreSQL in a temporary folder, and a template database with every migration applied.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { makePlainTree } from "#kernel/plain.js";
import { startEmbedded } from "#lib/db/embedded.ts";
import { migrateDatabase } from "#lib/db/migrate.ts";

/** Vitest's global setup; answers its teardown. */
export const setup = async (): Promise<() => Promise<void>> => {
  makePlainTree(); // sessions of tests start from it, as those of the product
  const folder = mkdtempSync(join(tmpdir(), "atelier-test-"));
  const server = await startEmbedded(join(folder, "postgres"));
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query("create database atelier_template");
  await client.end();
  await migrateDatabase(server.url.replace(/\/[^/]*$/, "/atelier_template"));
  process.env.ATELIER_TEST_DATABASE = server.url;
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
};

export default setup;

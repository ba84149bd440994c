// Real PostgreSQL for tests: one embedded server a test run (started by the global setup or on first use), a migrated template, and a
// clone of it for each test file, 35–110 ms each.
import { randomBytes } from "node:crypto";
import pg from "pg";
import { closeDatabase, openDatabaseAt } from "#db";

const administer = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

const serverUrl = (): string => {
  const url = process.env.ATELIER_TEST_DATABASE;
  if (!url) throw new Error("The test database is started by test/kit/setup.ts; run through `npm test` or vitest with its configuration.");
  return url;
};

/** A database of its own with every table and no row, in use by this process; `drop` removes it. */
export const cloneDatabase = async (): Promise<{ url: string; drop: () => Promise<void> }> => {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await administer(`create database ${name} template atelier_template`);
  const url = serverUrl().replace(/\/[^/]*$/, `/${name}`);
  openDatabaseAt(url);
  return {
    url,
    drop: async () => {
      await closeDatabase();
      await administer(`drop database if exists ${name} with (force)`);
    },
  };
};

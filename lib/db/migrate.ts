// Brings a database to the tables this code expects. Several processes may start at once, so a session-level advisory lock makes one of
// them do it while the others wait and find nothing left to do.
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";

const folder = fileURLToPath(new URL("../../drizzle/migrations", import.meta.url));
const migrationLock = 7_302_118;

/** Applies the migrations not yet applied; safe to call from many processes at once. */
export const migrateDatabase = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url, application_name: "atelier migrate" });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await migrate(drizzle(client), { migrationsFolder: folder });
  } finally {
    await client.end();
  }
};

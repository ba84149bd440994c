// `npm run migrate`: for installations that migrate by hand before a rollout. Needs DATABASE_URL.
import { migrateDatabase } from "#lib/db/migrate.ts";
import { env } from "#lib/kit/env.ts";

if (!env.databaseUrl) {
  process.stderr.write("Set DATABASE_URL. The embedded database is migrated by `npm start` itself.\n");
  process.exit(1);
}
await migrateDatabase(env.databaseUrl);
process.stdout.write("The database is up to date.\n");

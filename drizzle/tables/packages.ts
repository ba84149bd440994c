// npm packages: locks, which never change and are named by their digest, and which of them a notebook has now. A pipeline stage names the lock
// it was promoted with.
import { jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { notebook } from "#drizzle/tables/notebooks.ts";
import { workspace } from "#drizzle/tables/workspace.ts";

type Content = {
  items: { name: string; range: string; version: string; sizeBytes: number; needsScript: boolean }[];
  others: number;
  sizeBytes: number;
  scripts: string[];
};

export const packageLock = pgTable(
  "package_lock",
  {
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    key: text("key").notNull(),
    manifest: jsonb("manifest").$type<Record<string, string>>().notNull(),
    lock: text("lock").notNull(),
    content: jsonb("content").$type<Content>().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspaceId, t.key] })],
);

/** Without a row a notebook has no packages. */
export const notebookPackages = pgTable("notebook_packages", {
  notebookId: text("notebook_id")
    .primaryKey()
    .references(() => notebook.id, { onDelete: "cascade" }),
  workspaceId: text("workspace_id").notNull(),
  /** Null: it had packages and has none now. */
  key: text("key"),
  changedBy: text("changed_by").notNull(),
  changedAt: timestamp("changed_at", { withTimezone: true }).notNull(),
});

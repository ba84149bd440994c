// Jupyter servers of others that a workspace runs notebooks on, and which notebook chose which of their kernels.
import { pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { notebook } from "#drizzle/tables/notebooks.ts";
import { workspace } from "#drizzle/tables/workspace.ts";

export const kernelServer = pgTable(
  "kernel_server",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    url: text("url").notNull(),
    /** Sealed with the installation's secret; opened only to speak to the server. */
    sealedToken: text("sealed_token").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull(),
  },
  (t) => [uniqueIndex("kernel_server_name").on(t.workspaceId, t.name)],
);

/** Without a row a notebook runs on our own kernel. */
export const notebookKernel = pgTable("notebook_kernel", {
  notebookId: text("notebook_id")
    .primaryKey()
    .references(() => notebook.id, { onDelete: "cascade" }),
  workspaceId: text("workspace_id").notNull(),
  serverId: text("server_id")
    .notNull()
    .references(() => kernelServer.id, { onDelete: "cascade" }),
  kernel: text("kernel").notNull(),
  title: text("title").notNull(),
  language: text("language").notNull(),
});

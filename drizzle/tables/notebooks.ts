// Notebooks and their only history: a snapshot and the updates since. A row of updates is what the server gathered within 200 ms.
import { bigint, bigserial, customType, index, integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const bytes = customType<{ data: Uint8Array; driverData: Buffer }>({
  dataType: () => "bytea",
  toDriver: (value) => Buffer.from(value),
  fromDriver: (value) => new Uint8Array(value),
});

export const notebook = pgTable(
  "notebook",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    title: text("title").notNull(),
    epoch: integer("epoch").notNull().default(1),
    revision: integer("revision").notNull().default(0),
    cellCount: integer("cell_count").notNull().default(1),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    updatedAt: at("updated_at").notNull(),
    updatedBy: text("updated_by"),
    trashedAt: at("trashed_at"),
  },
  (t) => [index("notebook_workspace").on(t.workspaceId, t.updatedAt)],
);

export const notebookUpdate = pgTable(
  "notebook_update",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    notebookId: text("notebook_id")
      .notNull()
      .references(() => notebook.id, { onDelete: "cascade" }),
    bytes: bytes("bytes").notNull(),
    by: text("by"),
    at: at("at").notNull(),
  },
  (t) => [index("notebook_update_order").on(t.notebookId, t.id)],
);

export const notebookSnapshot = pgTable("notebook_snapshot", {
  notebookId: text("notebook_id")
    .primaryKey()
    .references(() => notebook.id, { onDelete: "cascade" }),
  bytes: bytes("bytes").notNull(),
  upToId: bigint("up_to_id", { mode: "number" }).notNull(),
});

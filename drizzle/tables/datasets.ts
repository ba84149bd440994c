// Data sets and their versions. A version's bytes are two blobs: what was uploaded, untouched, and the Parquet made from it. While a
// version is being read its row carries the lease of the worker that reads it.
import { bigint, index, integer, jsonb, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const dataset = pgTable(
  "dataset",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    description: text("description").notNull().default(""),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    updatedAt: at("updated_at").notNull(),
    trashedAt: at("trashed_at"),
  },
  (t) => [uniqueIndex("dataset_name").on(t.workspaceId, t.name)],
);

export const datasetVersion = pgTable(
  "dataset_version",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    datasetId: text("dataset_id")
      .notNull()
      .references(() => dataset.id, { onDelete: "cascade" }),
    number: integer("number").notNull(),
    status: text("status").notNull(),
    format: text("format").notNull(),
    fileName: text("file_name").notNull(),
    originalDigest: text("original_digest").notNull(),
    originalSize: bigint("original_size", { mode: "number" }).notNull(),
    tableDigest: text("table_digest"),
    tableSize: bigint("table_size", { mode: "number" }),
    rowCount: bigint("row_count", { mode: "number" }),
    columns: jsonb("columns").$type<unknown[]>(),
    preview: jsonb("preview").$type<unknown[][]>(),
    report: jsonb("report").$type<unknown>(),
    failure: text("failure"),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    readyAt: at("ready_at"),
    leaseOwner: text("lease_owner"),
    leaseUntil: at("lease_until"),
  },
  (t) => [uniqueIndex("dataset_version_number").on(t.datasetId, t.number), index("dataset_version_status").on(t.status)],
);

// Registered models: a version is an ONNX file with all that is needed to serve and watch it; an alias names one version.
import { bigint, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const workspaceId = () =>
  text("workspace_id")
    .notNull()
    .references(() => workspace.id, { onDelete: "cascade" });

export const model = pgTable(
  "model",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    name: text("name").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
  },
  (t) => [uniqueIndex("model_name").on(t.workspaceId, t.name)],
);

export const modelVersion = pgTable(
  "model_version",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    modelId: text("model_id")
      .notNull()
      .references(() => model.id, { onDelete: "cascade" }),
    number: integer("number").notNull(),
    kind: text("kind").notNull(),
    digest: text("digest").notNull(),
    size: bigint("size", { mode: "number" }).notNull(),
    signature: jsonb("signature").$type<unknown>().notNull(),
    sample: jsonb("sample").$type<Record<string, unknown>[]>().notNull(),
    profile: jsonb("profile").$type<unknown>(),
    metrics: jsonb("metrics").$type<Record<string, number>>().notNull(),
    runId: text("run_id"),
    runNumber: integer("run_number"),
    source: jsonb("source").$type<{ notebookId: string; revision: number; cellId: string; cellHash: string }>(),
    description: text("description").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
  },
  (t) => [uniqueIndex("model_version_number").on(t.modelId, t.number)],
);

export const modelAlias = pgTable(
  "model_alias",
  {
    modelId: text("model_id")
      .notNull()
      .references(() => model.id, { onDelete: "cascade" }),
    alias: text("alias").notNull(),
    versionId: text("version_id")
      .notNull()
      .references(() => modelVersion.id, { onDelete: "cascade" }),
    by: text("by").notNull(),
    at: at("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.modelId, t.alias] })],
);

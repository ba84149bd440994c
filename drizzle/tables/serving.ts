// Endpoints, their revisions and the log of predictions. A revision carries its own copy of what the serving process and the monitor need
// of the model version (digest, signature, sample, training profile), because a version never changes. The log has no foreign keys:
// a batch must land whatever was deleted meanwhile. Inputs are `json`, not `jsonb`: a caller's text may hold what jsonb refuses.
import { bigint, bigserial, index, integer, json, jsonb, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const endpoint = pgTable(
  "endpoint",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    currentRevisionId: text("current_revision_id"),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    trashedAt: at("trashed_at"),
  },
  (t) => [uniqueIndex("endpoint_name").on(t.workspaceId, t.name)],
);

export const endpointRevision = pgTable(
  "endpoint_revision",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    endpointId: text("endpoint_id")
      .notNull()
      .references(() => endpoint.id, { onDelete: "cascade" }),
    number: integer("number").notNull(),
    model: text("model").notNull(),
    versionId: text("version_id").notNull(),
    version: integer("version").notNull(),
    digest: text("digest").notNull(),
    signature: jsonb("signature").$type<unknown>().notNull(),
    sample: jsonb("sample").$type<unknown>(),
    reference: jsonb("reference").$type<unknown>(),
    status: text("status").notNull(),
    message: text("message"),
    by: text("by").notNull(),
    at: at("at").notNull(),
    servingAt: at("serving_at"),
    replacedAt: at("replaced_at"),
  },
  (t) => [
    uniqueIndex("endpoint_revision_number").on(t.endpointId, t.number),
    index("endpoint_revision_version").on(t.workspaceId, t.versionId),
  ],
);

export const predictionBatch = pgTable("prediction_batch", {
  id: text("id").primaryKey(),
  at: at("at").notNull(),
});

export const prediction = pgTable(
  "prediction",
  {
    /** Commit order (an advisory lock sees to it), so that "everything after n" is safe for the monitor. */
    seq: bigserial("seq", { mode: "number" }).primaryKey(),
    id: text("id").notNull(),
    workspaceId: text("workspace_id").notNull(),
    endpointId: text("endpoint_id").notNull(),
    revisionId: text("revision_id"),
    version: integer("version"),
    at: at("at").notNull(),
    latencyUs: bigint("latency_us", { mode: "number" }).notNull(),
    status: integer("status").notNull(),
    rows: integer("rows").notNull(),
    inputs: json("inputs").$type<Record<string, unknown[]>>(),
    outputs: json("outputs").$type<Record<string, unknown[]>>(),
    error: text("error"),
    caller: text("caller").notNull(),
  },
  (t) => [index("prediction_endpoint").on(t.endpointId, t.seq), index("prediction_at").on(t.at)],
);

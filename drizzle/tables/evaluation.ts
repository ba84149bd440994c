// Suites and evaluations. An evaluation keeps the plan it was queued with and the digests it read; its report is written once.
import { bigint, boolean, index, integer, jsonb, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const workspaceId = () =>
  text("workspace_id")
    .notNull()
    .references(() => workspace.id, { onDelete: "cascade" });

export const evaluationSuite = pgTable(
  "evaluation_suite",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    name: text("name").notNull(),
    revision: integer("revision").notNull(),
    plan: jsonb("plan").$type<unknown>().notNull(),
    updatedBy: text("updated_by").notNull(),
    updatedAt: at("updated_at").notNull(),
  },
  (t) => [uniqueIndex("evaluation_suite_name").on(t.workspaceId, t.name)],
);

export const evaluation = pgTable(
  "evaluation",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    number: integer("number").notNull(),
    suiteId: text("suite_id")
      .notNull()
      .references(() => evaluationSuite.id, { onDelete: "cascade" }),
    suiteRevision: integer("suite_revision").notNull(),
    status: text("status").notNull(),
    plan: jsonb("plan").$type<unknown>().notNull(),
    dataset: text("dataset").notNull(),
    datasetVersion: integer("dataset_version").notNull(),
    tableDigest: text("table_digest").notNull(),
    model: text("model"),
    modelVersion: integer("model_version"),
    digest: text("digest"),
    signature: jsonb("signature").$type<unknown>(),
    baselineModel: text("baseline_model"),
    baselineVersion: integer("baseline_version"),
    baselineDigest: text("baseline_digest"),
    baselineSignature: jsonb("baseline_signature").$type<unknown>(),
    rowsDone: bigint("rows_done", { mode: "number" }).notNull().default(0),
    rowsTotal: bigint("rows_total", { mode: "number" }).notNull().default(0),
    sentence: text("sentence").notNull(),
    attempts: integer("attempts").notNull().default(0),
    report: jsonb("report").$type<unknown>(),
    findings: jsonb("findings").$type<{ isPassed: boolean; sentence: string }[]>(),
    isPassed: boolean("is_passed"),
    startedBy: text("started_by").notNull(),
    queuedAt: at("queued_at").notNull(),
    endedAt: at("ended_at"),
    leaseOwner: text("lease_owner"),
    leaseUntil: at("lease_until"),
  },
  (t) => [
    uniqueIndex("evaluation_number").on(t.workspaceId, t.number),
    index("evaluation_of_suite").on(t.suiteId, t.number),
    index("evaluation_of_model").on(t.workspaceId, t.model, t.modelVersion),
    index("evaluation_waits").on(t.status, t.leaseUntil),
  ],
);

// Experiments and runs. Metric history is append-only; a row logged twice is one row. The latest value of each metric stands beside the
// run, so that a table of runs is one query.
import {
  bigint,
  bigserial,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const workspaceId = () =>
  text("workspace_id")
    .notNull()
    .references(() => workspace.id, { onDelete: "cascade" });

export const experiment = pgTable(
  "experiment",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    name: text("name").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    runCount: integer("run_count").notNull().default(0),
  },
  (t) => [uniqueIndex("experiment_name").on(t.workspaceId, t.name)],
);

export const run = pgTable(
  "run",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    experimentId: text("experiment_id")
      .notNull()
      .references(() => experiment.id, { onDelete: "cascade" }),
    number: integer("number").notNull(),
    name: text("name").notNull(),
    status: text("status").notNull(),
    fault: text("fault"),
    message: text("message"),
    source: jsonb("source").$type<{ notebookId: string; revision: number; cellId: string; cellHash: string }>(),
    pipelineRunId: text("pipeline_run_id"),
    datasets: jsonb("datasets").$type<{ name: string; version: number }[]>().notNull(),
    params: jsonb("params").$type<Record<string, string | number | boolean>>().notNull(),
    tags: jsonb("tags").$type<Record<string, string>>().notNull(),
    startedAt: at("started_at").notNull(),
    endedAt: at("ended_at"),
    by: text("by").notNull(),
    tokenId: text("token_id"),
    trashedAt: at("trashed_at"),
  },
  (t) => [
    uniqueIndex("run_number").on(t.workspaceId, t.number),
    index("run_experiment").on(t.experimentId, t.startedAt),
    index("run_pipeline_run").on(t.pipelineRunId),
    index("run_token").on(t.tokenId, t.status),
  ],
);

export const runMetric = pgTable(
  "run_metric",
  {
    runId: text("run_id")
      .notNull()
      .references(() => run.id, { onDelete: "cascade" }),
    key: text("key").notNull(),
    step: bigint("step", { mode: "number" }).notNull(),
    at: at("at").notNull(),
    value: doublePrecision("value").notNull(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.key, t.step, t.at, t.value] })],
);

export const runLatest = pgTable(
  "run_latest",
  {
    runId: text("run_id")
      .notNull()
      .references(() => run.id, { onDelete: "cascade" }),
    key: text("key").notNull(),
    step: bigint("step", { mode: "number" }).notNull(),
    at: at("at").notNull(),
    value: doublePrecision("value").notNull(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.key] }), index("run_latest_value").on(t.key, t.value)],
);

export const runArtefact = pgTable(
  "run_artefact",
  {
    runId: text("run_id")
      .notNull()
      .references(() => run.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    digest: text("digest").notNull(),
    size: bigint("size", { mode: "number" }).notNull(),
    at: at("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.name] })],
);

export const runLog = pgTable(
  "run_log",
  {
    seq: bigserial("seq", { mode: "number" }).primaryKey(),
    runId: text("run_id")
      .notNull()
      .references(() => run.id, { onDelete: "cascade" }),
    at: at("at").notNull(),
    text: text("text").notNull(),
    isError: boolean("is_error").notNull().default(false),
  },
  (t) => [index("run_log_run").on(t.runId, t.seq)],
);

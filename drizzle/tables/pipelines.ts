// Pipelines, their stages with pinned text, and what became of every pipeline run. A stage row is never changed: a new promotion writes the
// whole next revision, so an old pipeline run still names the text it ran.
import { sql } from "drizzle-orm";
import { bigint, boolean, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const workspaceId = () =>
  text("workspace_id")
    .notNull()
    .references(() => workspace.id, { onDelete: "cascade" });

export const pipeline = pgTable(
  "pipeline",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    name: text("name").notNull(),
    /** The notebook it was first made from; kept as plain text, because a deleted notebook leaves its pipelines alone. */
    notebookId: text("notebook_id").notNull(),
    revision: integer("revision").notNull(),
    cron: text("cron"),
    timeZone: text("time_zone"),
    /** The next time it is due; null without a schedule. Kept also while paused, for showing. */
    nextAt: at("next_at"),
    isPaused: boolean("is_paused").notNull().default(false),
    lastNumber: integer("last_number").notNull().default(0),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    updatedAt: at("updated_at").notNull(),
    trashedAt: at("trashed_at"),
  },
  (t) => [uniqueIndex("pipeline_name").on(t.workspaceId, t.name), index("pipeline_due").on(t.nextAt)],
);

const pipelineId = () =>
  text("pipeline_id")
    .notNull()
    .references(() => pipeline.id, { onDelete: "cascade" });

export const pipelineStage = pgTable(
  "pipeline_stage",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    pipelineId: pipelineId(),
    revision: integer("revision").notNull(),
    order: integer("order").notNull(),
    name: text("name").notNull(),
    notebookId: text("notebook_id").notNull(),
    notebookTitle: text("notebook_title").notNull(),
    notebookRevision: integer("notebook_revision").notNull(),
    cells: jsonb("cells").$type<{ cellId: string; position: number; source: string; hash: string }[]>().notNull(),
    /** Digest of the lock of npm packages its cells find; null is none. */
    packages: text("packages"),
    limitMs: integer("limit_ms").notNull(),
    promotedBy: text("promoted_by").notNull(),
    promotedAt: at("promoted_at").notNull(),
    /** Whose rights its cells call the product with. */
    userId: text("user_id"),
    role: text("role").notNull(),
  },
  (t) => [
    uniqueIndex("pipeline_stage_order").on(t.pipelineId, t.revision, t.order),
    uniqueIndex("pipeline_stage_name").on(t.pipelineId, t.revision, t.name),
  ],
);

export const pipelineRun = pgTable(
  "pipeline_run",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    pipelineId: pipelineId(),
    number: integer("number").notNull(),
    revision: integer("revision").notNull(),
    trigger: text("trigger").notNull(),
    scheduledFor: at("scheduled_for"),
    status: text("status").notNull(),
    fault: text("fault"),
    message: text("message"),
    attempt: integer("attempt").notNull().default(1),
    /** The experiment run that this pipeline run is; null until it starts. */
    runId: text("run_id"),
    startedBy: text("started_by").notNull(),
    queuedAt: at("queued_at").notNull(),
    startedAt: at("started_at"),
    endedAt: at("ended_at"),
    stopAskedBy: text("stop_asked_by"),
    /** The kernel that still has to be deleted; null once it is. */
    kernelId: text("kernel_id"),
    logSeq: bigint("log_seq", { mode: "number" }).notNull().default(0),
    logBytes: bigint("log_bytes", { mode: "number" }).notNull().default(0),
    leaseOwner: text("lease_owner"),
    leaseUntil: at("lease_until"),
  },
  (t) => [
    uniqueIndex("pipeline_run_number").on(t.pipelineId, t.number),
    uniqueIndex("pipeline_run_scheduled").on(t.pipelineId, t.scheduledFor),
    // one pipeline runs one at a time, whatever two workers believe
    uniqueIndex("pipeline_run_one").on(t.pipelineId).where(sql`status = 'running'`),
    index("pipeline_run_status").on(t.status, t.queuedAt),
  ],
);

export const stageRun = pgTable(
  "stage_run",
  {
    id: text("id").primaryKey(),
    workspaceId: workspaceId(),
    pipelineRunId: text("pipeline_run_id")
      .notNull()
      .references(() => pipelineRun.id, { onDelete: "cascade" }),
    stageId: text("stage_id").notNull(),
    attempt: integer("attempt").notNull(),
    order: integer("order").notNull(),
    status: text("status").notNull(),
    fault: text("fault"),
    message: text("message"),
    startedAt: at("started_at"),
    endedAt: at("ended_at"),
    kernelId: text("kernel_id"),
    /** Number of the last kernel message whose effect is stored. */
    journalSeq: bigint("journal_seq", { mode: "number" }).notNull().default(0),
    /** Which of the stage's cells runs, from 0. */
    cellIndex: integer("cell_index").notNull().default(0),
    progress: jsonb("progress").$type<{ fraction: number; sentence: string }>(),
  },
  (t) => [uniqueIndex("stage_run_place").on(t.pipelineRunId, t.attempt, t.order)],
);

export const pipelineLog = pgTable(
  "pipeline_log",
  {
    workspaceId: workspaceId(),
    pipelineRunId: text("pipeline_run_id")
      .notNull()
      .references(() => pipelineRun.id, { onDelete: "cascade" }),
    seq: bigint("seq", { mode: "number" }).notNull(),
    at: at("at").notNull(),
    order: integer("order").notNull(),
    attempt: integer("attempt").notNull(),
    cellId: text("cell_id"),
    kind: text("kind").notNull(),
    text: text("text").notNull(),
  },
  (t) => [primaryKey({ columns: [t.pipelineRunId, t.seq] })],
);

// What the server knows of running: the session of a notebook, every run of a cell, and the outputs now shown.
import {
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { notebook } from "#drizzle/tables/notebooks.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const notebookId = () =>
  text("notebook_id")
    .notNull()
    .references(() => notebook.id, { onDelete: "cascade" });

export const kernelSession = pgTable("kernel_session", {
  notebookId: text("notebook_id")
    .primaryKey()
    .references(() => notebook.id, { onDelete: "cascade" }),
  workspaceId: text("workspace_id").notNull(),
  kernelId: text("kernel_id"),
  status: text("status").notNull(),
  /** Number of the last kernel message whose effect is stored. */
  kernelSeq: bigint("kernel_seq", { mode: "number" }).notNull().default(0),
  /** Number of the last event people were told. */
  seq: bigint("seq", { mode: "number" }).notNull().default(0),
  isSandboxed: boolean("is_sandboxed").notNull().default(false),
  memoryLimitMb: integer("memory_limit_mb").notNull().default(0),
  message: text("message"),
  startedAt: at("started_at"),
  /** When somebody last ran a cell or pressed keep; from here idle minutes count. */
  activeAt: at("active_at"),
  userId: text("user_id"),
  person: text("person").notNull().default(""),
  device: text("device"),
  /** The kernel on a Jupyter server of others it runs on instead of ours. */
  elsewhere: jsonb("elsewhere").$type<{ serverId: string; serverName: string; kernel: string; title: string; kernelId: string | null }>(),
});

/** What a notebook's sessions ask for; without a row, nothing in particular. */
export const sessionWish = pgTable("session_wish", {
  notebookId: text("notebook_id")
    .primaryKey()
    .references(() => notebook.id, { onDelete: "cascade" }),
  workspaceId: text("workspace_id").notNull(),
  cpus: real("cpus").notNull(),
  memoryMb: integer("memory_mb").notNull(),
  gpu: boolean("gpu").notNull(),
  /** Null: the installation's; 0: never. */
  idleMinutes: integer("idle_minutes"),
});

export const cellRun = pgTable(
  "cell_run",
  {
    id: text("id").primaryKey(),
    order: bigserial("order", { mode: "number" }).notNull(),
    notebookId: notebookId(),
    workspaceId: text("workspace_id").notNull(),
    cellId: text("cell_id").notNull(),
    status: text("status").notNull(),
    source: text("source").notNull(),
    sourceHash: text("source_hash").notNull(),
    revision: integer("revision").notNull(),
    executionCount: integer("execution_count"),
    queuedAt: at("queued_at").notNull(),
    startedAt: at("started_at"),
    endedAt: at("ended_at"),
    runBy: text("run_by").notNull(),
    userId: text("user_id"),
    role: text("role").notNull(),
    fault: text("fault"),
    message: text("message"),
    /** What it waits for from the person who ran it. */
    question: jsonb("question").$type<{ prompt: string; isPassword: boolean; userId: string | null }>(),
    requestId: text("request_id"),
  },
  (t) => [
    index("cell_run_cell").on(t.notebookId, t.cellId, t.order),
    index("cell_run_status").on(t.notebookId, t.status),
    uniqueIndex("cell_run_request").on(t.notebookId, t.requestId, t.cellId),
  ],
);

export const cellOutput = pgTable(
  "cell_output",
  {
    notebookId: notebookId(),
    cellId: text("cell_id").notNull(),
    index: integer("index").notNull(),
    output: jsonb("output").$type<Record<string, unknown>>().notNull(),
    displayId: text("display_id"),
  },
  (t) => [primaryKey({ columns: [t.notebookId, t.cellId, t.index] })],
);

// Studies, their trials and the hands that work on them. A trial's row is written when it starts, at its reports, and once at its end.
import { boolean, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const tuningStudy = pgTable(
  "tuning_study",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    plan: jsonb("plan").$type<unknown>().notNull(),
    /** The pruner with what its "auto" settings came to. */
    pruner: jsonb("pruner").$type<unknown>().notNull(),
    status: text("status").notNull(),
    source: jsonb("source").$type<unknown>(),
    /** What the worker's sessions run for it: cells with their text pinned, and for whom. */
    work: jsonb("work").$type<unknown>(),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    changedAt: at("changed_at").notNull(),
  },
  (t) => [uniqueIndex("tuning_study_name").on(t.workspaceId, t.name)],
);

export const tuningTrial = pgTable(
  "tuning_trial",
  {
    studyId: text("study_id")
      .notNull()
      .references(() => tuningStudy.id, { onDelete: "cascade" }),
    number: integer("number").notNull(),
    state: text("state").notNull(),
    params: jsonb("params").$type<unknown>().notNull(),
    values: jsonb("values").$type<number[]>().notNull(),
    reports: jsonb("reports").$type<unknown>().notNull(),
    rungs: jsonb("rungs").$type<number[]>().notNull(),
    message: text("message"),
    runNumber: integer("run_number"),
    retryOf: integer("retry_of"),
    owner: text("owner").notNull(),
    leaseUntil: at("lease_until"),
    startedAt: at("started_at").notNull(),
    endedAt: at("ended_at"),
  },
  (t) => [primaryKey({ columns: [t.studyId, t.number] }), index("tuning_trial_lease").on(t.state, t.leaseUntil)],
);

/** Sessions that the worker keeps at a study. */
export const tuningHand = pgTable(
  "tuning_hand",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id")
      .notNull()
      .references(() => workspace.id, { onDelete: "cascade" }),
    studyId: text("study_id")
      .notNull()
      .references(() => tuningStudy.id, { onDelete: "cascade" }),
    status: text("status").notNull(),
    sentence: text("sentence").notNull(),
    /** Which session of this hand it is; a lost one is followed by the next. */
    attempt: integer("attempt").notNull().default(1),
    hasKernel: boolean("has_kernel").notNull().default(false),
    /** The piece that runs or is next, and the number of the last kernel message that was stored. */
    piece: integer("piece").notNull().default(0),
    journalSeq: integer("journal_seq").notNull().default(0),
    queuedAt: at("queued_at").notNull(),
    endedAt: at("ended_at"),
    isTidied: boolean("is_tidied").notNull().default(false),
    leaseOwner: text("lease_owner"),
    leaseUntil: at("lease_until"),
  },
  (t) => [index("tuning_hand_of_study").on(t.studyId), index("tuning_hand_waits").on(t.status, t.leaseUntil)],
);

// Studies and their trials. A trial's row is written when it starts, at its reports, and once at its end.
import { index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
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

// Tables of the house's own tools: the audit trail and the outbox. Both are written in the transaction of the change they tell of.
import { bigserial, index, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";

export const audit = pgTable(
  "audit",
  {
    id: text("id").primaryKey(),
    workspaceId: text("workspace_id"),
    at: timestamp("at", { withTimezone: true }).notNull(),
    actorKind: text("actor_kind").notNull(),
    actorId: text("actor_id").notNull(),
    actorName: text("actor_name").notNull(),
    action: text("action").notNull(),
    subject: text("subject").notNull(),
    detail: jsonb("detail").$type<Record<string, unknown>>().notNull(),
  },
  (t) => [index("audit_workspace_at").on(t.workspaceId, t.at)],
);

export const outbox = pgTable(
  "outbox",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    workspaceId: text("workspace_id").notNull(),
    topic: text("topic").notNull(),
    subject: text("subject").notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  },
  (t) => [index("outbox_workspace_id").on(t.workspaceId, t.id)],
);

/** How far each consumer of the outbox has come; a consumer handles every event at least once, in order. */
export const outboxCursor = pgTable("outbox_cursor", {
  consumer: text("consumer").primaryKey(),
  lastId: bigserial("last_id", { mode: "number" }).notNull(),
});

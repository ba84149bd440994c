// What sessions used, a row a session, notebook, person and UTC day. A gateway reports totals since a session began, so a report that comes
// twice changes nothing: the day's row is the total less what earlier days hold.
import { date, doublePrecision, index, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

export const sessionUsage = pgTable(
  "session_usage",
  {
    session: text("session").notNull(),
    notebookId: text("notebook_id").notNull(),
    userId: text("user_id").notNull(),
    day: date("day").notNull(),
    workspaceId: text("workspace_id").notNull(),
    person: text("person").notNull(),
    device: text("device"),
    seconds: doublePrecision("seconds").notNull(),
    cpuSeconds: doublePrecision("cpu_seconds").notNull(),
    gbSeconds: doublePrecision("gb_seconds").notNull(),
    deviceSeconds: doublePrecision("device_seconds").notNull(),
    updatedAt: timestamp("updated_at", { withTimezone: true }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.session, t.notebookId, t.userId, t.day] }), index("session_usage_workspace").on(t.workspaceId, t.day)],
);

// What the monitor made of the log: minutes of traffic, features against their training data, and episodes of drift. `monitor` remembers
// how far each was read; counts move in the transaction that moves the cursor, so a prediction counts once.
import { bigint, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { workspace } from "#drizzle/tables/workspace.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const ofWorkspace = () =>
  text("workspace_id")
    .notNull()
    .references(() => workspace.id, { onDelete: "cascade" });

export const monitorCursor = pgTable("monitor_cursor", {
  name: text("name").primaryKey(),
  seq: bigint("seq", { mode: "number" }).notNull(),
});

export const monitor = pgTable(
  "monitor",
  {
    workspaceId: ofWorkspace(),
    endpointId: text("endpoint_id").notNull(),
    version: integer("version").notNull(),
    seenSeq: bigint("seen_seq", { mode: "number" }).notNull(),
    measuredSeq: bigint("measured_seq", { mode: "number" }).notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.endpointId, t.version] })],
);

export const monitorMinute = pgTable(
  "monitor_minute",
  {
    workspaceId: ofWorkspace(),
    endpointId: text("endpoint_id").notNull(),
    version: integer("version").notNull(),
    minute: at("minute").notNull(),
    requests: integer("requests").notNull(),
    rows: bigint("rows", { mode: "number" }).notNull(),
    refused: integer("refused").notNull(),
    failed: integer("failed").notNull(),
    /** Log buckets of latency: index → requests; see lib/monitoring/latency.ts. */
    latency: jsonb("latency").$type<Record<string, number>>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.endpointId, t.minute, t.version] }), index("monitor_minute_workspace").on(t.workspaceId, t.minute)],
);

export const driftFeature = pgTable(
  "drift_feature",
  {
    workspaceId: ofWorkspace(),
    endpointId: text("endpoint_id").notNull(),
    version: integer("version").notNull(),
    feature: text("feature").notNull(),
    status: text("status").notNull(),
    psi: doublePrecision("psi"),
    rows: integer("rows").notNull(),
    needed: integer("needed").notNull(),
    measuredAt: at("measured_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.endpointId, t.version, t.feature] })],
);

export const driftPoint = pgTable(
  "drift_point",
  {
    workspaceId: ofWorkspace(),
    endpointId: text("endpoint_id").notNull(),
    version: integer("version").notNull(),
    feature: text("feature").notNull(),
    at: at("at").notNull(),
    psi: doublePrecision("psi").notNull(),
    rows: integer("rows").notNull(),
  },
  (t) => [primaryKey({ columns: [t.endpointId, t.version, t.feature, t.at] })],
);

export const driftEpisode = pgTable(
  "drift_episode",
  {
    id: text("id").primaryKey(),
    workspaceId: ofWorkspace(),
    endpointId: text("endpoint_id").notNull(),
    version: integer("version").notNull(),
    feature: text("feature").notNull(),
    openedAt: at("opened_at").notNull(),
    psi: doublePrecision("psi").notNull(),
    rows: integer("rows").notNull(),
    closedAt: at("closed_at"),
  },
  (t) => [index("drift_episode_endpoint").on(t.endpointId, t.openedAt)],
);

// Machines that run sessions, and what sessions hold of them. A lease row is the whole truth of one session's place: asked, granted, ended.
import { bigserial, boolean, index, integer, jsonb, pgTable, real, text, timestamp } from "drizzle-orm/pg-core";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const machine = pgTable("machine", {
  id: text("id").primaryKey(),
  /** One start of its gateway; another one means that every session of the last one is gone. */
  incarnation: text("incarnation").notNull(),
  name: text("name").notNull(),
  url: text("url").notNull(),
  state: text("state").notNull(),
  isSandboxed: boolean("is_sandboxed").notNull(),
  cpus: integer("cpus").notNull(),
  memoryMb: integer("memory_mb").notNull(),
  devices: jsonb("devices").$type<Record<string, unknown>[]>().notNull(),
  sessions: jsonb("sessions").$type<string[]>().notNull(),
  usedMemoryMb: real("used_memory_mb").notNull(),
  usedCpus: real("used_cpus").notNull(),
  startedAt: at("started_at").notNull(),
  seenAt: at("seen_at").notNull(),
});

export const deviceLease = pgTable(
  "device_lease",
  {
    /** The kernel's id. */
    session: text("session").primaryKey(),
    order: bigserial("order", { mode: "number" }).notNull(),
    workspaceId: text("workspace_id").notNull(),
    notebookId: text("notebook_id"),
    userId: text("user_id"),
    person: text("person").notNull(),
    cpus: real("cpus").notNull(),
    memoryMb: integer("memory_mb").notNull(),
    gpu: boolean("gpu").notNull(),
    machineId: text("machine_id"),
    device: text("device"),
    askedAt: at("asked_at").notNull(),
    grantedAt: at("granted_at"),
    endedAt: at("ended_at"),
    ending: text("ending"),
  },
  (t) => [index("device_lease_open").on(t.endedAt, t.order)],
);

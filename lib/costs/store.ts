// SQL of what sessions used.
import { and, desc, eq, gte, sql as raw } from "drizzle-orm";
import { type Scoped, transaction } from "#db";
import { sessionUsage } from "#drizzle/tables/costs.ts";
import { notebook } from "#drizzle/tables/notebooks.ts";
import type { Used } from "#lib/costs/contract.ts";

export type Total = Used & {
  session: string;
  workspaceId: string;
  notebookId: string;
  userId: string;
  person: string;
  device: string | null;
};

const columns = { seconds: "seconds", cpuSeconds: "cpu_seconds", gbSeconds: "gb_seconds", deviceSeconds: "device_seconds" } as const;

/** CO1: today's row becomes the total less what other days hold, and never falls. */
export const putTotals = (totals: Total[], day: string, at: Date): Promise<void> =>
  transaction(async (tx) => {
    for (const one of [...totals].sort((a, b) => (a.session + a.userId < b.session + b.userId ? -1 : 1))) {
      const less = (key: keyof typeof columns) =>
        raw`greatest(0, ${one[key]}::float8 - coalesce((select sum(${raw.identifier(columns[key])}) from session_usage where session = ${one.session} and notebook_id = ${one.notebookId} and user_id = ${one.userId} and day <> ${day}), 0))`;
      await tx.execute(raw`
        insert into session_usage (session, notebook_id, user_id, day, workspace_id, person, device, seconds, cpu_seconds, gb_seconds, device_seconds, updated_at)
        values (${one.session}, ${one.notebookId}, ${one.userId}, ${day}, ${one.workspaceId}, ${one.person}, ${one.device},
          ${less("seconds")}, ${less("cpuSeconds")}, ${less("gbSeconds")}, ${less("deviceSeconds")}, ${at.toISOString()})
        on conflict (session, notebook_id, user_id, day) do update set
          seconds = greatest(session_usage.seconds, excluded.seconds),
          cpu_seconds = greatest(session_usage.cpu_seconds, excluded.cpu_seconds),
          gb_seconds = greatest(session_usage.gb_seconds, excluded.gb_seconds),
          device_seconds = greatest(session_usage.device_seconds, excluded.device_seconds),
          device = coalesce(excluded.device, session_usage.device),
          updated_at = excluded.updated_at`);
    }
  });

const sums = {
  seconds: raw<number>`sum(${sessionUsage.seconds})::float8`,
  cpuSeconds: raw<number>`sum(${sessionUsage.cpuSeconds})::float8`,
  gbSeconds: raw<number>`sum(${sessionUsage.gbSeconds})::float8`,
  deviceSeconds: raw<number>`sum(${sessionUsage.deviceSeconds})::float8`,
};
const sessions = raw<number>`count(distinct ${sessionUsage.session})::int`;
const since = (at: Scoped, day: string) => and(eq(sessionUsage.workspaceId, at.workspaceId), gte(sessionUsage.day, day));

export const byDay = (at: Scoped, day: string) =>
  at.sql
    .select({ day: sessionUsage.day, ...sums })
    .from(sessionUsage)
    .where(since(at, day))
    .groupBy(sessionUsage.day);

export const byPerson = (at: Scoped, day: string) =>
  at.sql
    .select({ id: sessionUsage.userId, name: raw<string>`max(${sessionUsage.person})`, sessions, ...sums })
    .from(sessionUsage)
    .where(since(at, day))
    .groupBy(sessionUsage.userId)
    .orderBy(desc(sums.cpuSeconds))
    .limit(200);

export const byNotebook = (at: Scoped, day: string) =>
  at.sql
    .select({ id: sessionUsage.notebookId, name: raw<string>`coalesce(max(${notebook.title}), '')`, sessions, ...sums })
    .from(sessionUsage)
    .leftJoin(notebook, eq(notebook.id, sessionUsage.notebookId))
    .where(since(at, day))
    .groupBy(sessionUsage.notebookId)
    .orderBy(desc(sums.cpuSeconds))
    .limit(200);

export const bySession = (at: Scoped, day: string) =>
  at.sql
    .select({
      id: sessionUsage.session,
      name: raw<string>`coalesce(max(${notebook.title}), '')`,
      notebookId: raw<string>`max(${sessionUsage.notebookId})`,
      startedDay: raw<string>`min(${sessionUsage.day})::text`,
      sessions,
      ...sums,
    })
    .from(sessionUsage)
    .leftJoin(notebook, eq(notebook.id, sessionUsage.notebookId))
    .where(since(at, day))
    .groupBy(sessionUsage.session)
    .orderBy(desc(sums.cpuSeconds))
    .limit(50);

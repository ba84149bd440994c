// SQL of the monitor: counts with their cursor, measures of drift, episodes.
import { and, asc, desc, eq, gt, gte, inArray, isNull, lt, sql as raw } from "drizzle-orm";
import { type Scoped, sql, transaction } from "#db";
import { driftEpisode, driftFeature, driftPoint, monitor, monitorCursor, monitorMinute } from "#drizzle/tables/monitoring.ts";
import type { DriftStatus } from "#lib/monitoring/contract.ts";
import { addInto } from "#lib/monitoring/latency.ts";
import type { Counted, Measure, Minute } from "#lib/monitoring/rules.ts";
import { predictionsAfter } from "#lib/serving/predictions-store.ts";

type Tx = Scoped["sql"];
const cursorName = "predictions";

const addMinutes = async (tx: Tx, minutes: Minute[]): Promise<void> => {
  for (const minute of minutes) {
    const where = and(
      eq(monitorMinute.endpointId, minute.endpointId),
      eq(monitorMinute.version, minute.version),
      eq(monitorMinute.minute, minute.minute),
    );
    const [known] = await tx.select({ latency: monitorMinute.latency }).from(monitorMinute).where(where);
    if (!known) {
      await tx.insert(monitorMinute).values(minute);
      continue;
    }
    await tx
      .update(monitorMinute)
      .set({
        requests: raw`${monitorMinute.requests} + ${minute.requests}`,
        rows: raw`${monitorMinute.rows} + ${minute.rows}`,
        refused: raw`${monitorMinute.refused} + ${minute.refused}`,
        failed: raw`${monitorMinute.failed} + ${minute.failed}`,
        latency: addInto(known.latency, minute.latency),
      })
      .where(where);
  }
};

const markSeen = async (tx: Tx, rows: (Counted & { seq: number })[]): Promise<void> => {
  const last = new Map(rows.map((row) => [`${row.endpointId} ${row.version}`, row]));
  for (const { workspaceId, endpointId, version, seq } of last.values())
    await tx
      .insert(monitor)
      .values({ workspaceId, endpointId, version, seenSeq: seq })
      .onConflictDoUpdate({ target: [monitor.endpointId, monitor.version], set: { seenSeq: seq } });
};

/** MO1: counts the next predictions and moves the cursor, in one transaction that locks it; answers what was counted and whether more waits. */
export const countNext = async (
  limit: number,
  toMinutes: (rows: Counted[]) => Minute[],
): Promise<{ counted: { workspaceId: string; endpointId: string }[]; hasMore: boolean }> => {
  await sql().insert(monitorCursor).values({ name: cursorName, seq: 0 }).onConflictDoNothing();
  return transaction(async (tx) => {
    const [cursor] = await tx.select().from(monitorCursor).where(eq(monitorCursor.name, cursorName)).for("update");
    const rows = await predictionsAfter(tx, cursor!.seq, limit);
    if (rows.length === 0) return { counted: [], hasMore: false };
    const counted = rows.filter((row): row is typeof row & { version: number } => row.version !== null);
    await addMinutes(tx, toMinutes(counted));
    await markSeen(tx, counted);
    await tx
      .update(monitorCursor)
      .set({ seq: rows.at(-1)!.seq })
      .where(eq(monitorCursor.name, cursorName));
    const touched = new Map(counted.map(({ workspaceId, endpointId }) => [endpointId, { workspaceId, endpointId }]));
    return { counted: [...touched.values()], hasMore: rows.length === limit };
  });
};

export type Unmeasured = typeof monitor.$inferSelect;

/** Versions with traffic that was counted and not yet compared with their training data. */
export const unmeasured = (): Promise<Unmeasured[]> =>
  sql().select().from(monitor).where(lt(monitor.measuredSeq, monitor.seenSeq)).orderBy(asc(monitor.measuredSeq)).limit(50);

/** Takes a measurement up to a number for this transaction; false when another has been there. */
export const takeMeasurement = async (at: Scoped, one: Unmeasured): Promise<boolean> => {
  const where = and(eq(monitor.workspaceId, at.workspaceId), eq(monitor.endpointId, one.endpointId), eq(monitor.version, one.version));
  const [row] = await at.sql.select().from(monitor).where(where).for("update");
  if (!row || row.measuredSeq >= one.seenSeq) return false;
  await at.sql.update(monitor).set({ measuredSeq: one.seenSeq }).where(where);
  return true;
};

const ofVersion = (at: Scoped, endpointId: string, version: number) =>
  and(eq(driftFeature.workspaceId, at.workspaceId), eq(driftFeature.endpointId, endpointId), eq(driftFeature.version, version));

export type FeatureRow = typeof driftFeature.$inferSelect;

export const features = (at: Scoped, endpointId: string, version: number): Promise<FeatureRow[]> =>
  at.sql
    .select()
    .from(driftFeature)
    .where(ofVersion(at, endpointId, version));

/** Drift of the versions of a whole workspace, for its overview. */
export const allFeatures = (at: Scoped): Promise<FeatureRow[]> =>
  at.sql.select().from(driftFeature).where(eq(driftFeature.workspaceId, at.workspaceId));

/** Versions of which at least one feature has drifted, whether they answer or not. */
export const driftedVersions = (at: Scoped): Promise<{ endpointId: string; version: number }[]> =>
  at.sql
    .selectDistinct({ endpointId: driftFeature.endpointId, version: driftFeature.version })
    .from(driftFeature)
    .where(and(eq(driftFeature.workspaceId, at.workspaceId), eq(driftFeature.status, "drifted")));

/** Writes the newest measure of a feature, and its point in the history (one in ten seconds at most). */
export const putMeasure = async (
  at: Scoped,
  of: { endpointId: string; version: number },
  measure: Measure,
  status: DriftStatus,
  now: Date,
): Promise<void> => {
  const key = { workspaceId: at.workspaceId, ...of, feature: measure.feature };
  const state = { status, psi: measure.psi, rows: measure.rows, needed: measure.needed, measuredAt: now };
  await at.sql
    .insert(driftFeature)
    .values({ ...key, ...state })
    .onConflictDoUpdate({ target: [driftFeature.endpointId, driftFeature.version, driftFeature.feature], set: state });
  if (measure.psi === null) return;
  const point = { psi: measure.psi, rows: measure.rows };
  await at.sql
    .insert(driftPoint)
    .values({ ...key, ...point, at: new Date(Math.floor(now.getTime() / 10_000) * 10_000) })
    .onConflictDoUpdate({ target: [driftPoint.endpointId, driftPoint.version, driftPoint.feature, driftPoint.at], set: point });
};

export const insertEpisode = async (at: Scoped, row: Omit<typeof driftEpisode.$inferInsert, "workspaceId">): Promise<void> => {
  await at.sql.insert(driftEpisode).values({ ...row, workspaceId: at.workspaceId });
};

/** Closes the open episode of a feature. */
export const closeEpisode = async (at: Scoped, of: { endpointId: string; version: number; feature: string }, now: Date): Promise<void> => {
  await at.sql
    .update(driftEpisode)
    .set({ closedAt: now })
    .where(
      and(
        eq(driftEpisode.workspaceId, at.workspaceId),
        eq(driftEpisode.endpointId, of.endpointId),
        eq(driftEpisode.version, of.version),
        eq(driftEpisode.feature, of.feature),
        isNull(driftEpisode.closedAt),
      ),
    );
};

export const episodes = (at: Scoped, endpointId: string): Promise<(typeof driftEpisode.$inferSelect)[]> =>
  at.sql
    .select()
    .from(driftEpisode)
    .where(and(eq(driftEpisode.workspaceId, at.workspaceId), eq(driftEpisode.endpointId, endpointId)))
    .orderBy(desc(driftEpisode.openedAt))
    .limit(50);

/** Points of every feature of a version since a moment, oldest first. */
export const points = (at: Scoped, endpointId: string, version: number, since: Date) =>
  at.sql
    .select({ feature: driftPoint.feature, at: driftPoint.at, psi: driftPoint.psi })
    .from(driftPoint)
    .where(
      and(
        eq(driftPoint.workspaceId, at.workspaceId),
        eq(driftPoint.endpointId, endpointId),
        eq(driftPoint.version, version),
        gte(driftPoint.at, since),
      ),
    )
    .orderBy(asc(driftPoint.at));

/** Minutes of the named endpoints since a moment, oldest first. */
export const minutes = (at: Scoped, endpointIds: string[], since: Date): Promise<Minute[]> =>
  endpointIds.length === 0
    ? Promise.resolve([])
    : at.sql
        .select()
        .from(monitorMinute)
        .where(
          and(
            eq(monitorMinute.workspaceId, at.workspaceId),
            inArray(monitorMinute.endpointId, endpointIds),
            gte(monitorMinute.minute, since),
          ),
        )
        .orderBy(asc(monitorMinute.minute));

/** Minutes in which requests failed (5xx), newest first, at most 200. */
export const failedMinutes = (at: Scoped, endpointId: string, since: Date): Promise<Minute[]> =>
  at.sql
    .select()
    .from(monitorMinute)
    .where(
      and(
        eq(monitorMinute.workspaceId, at.workspaceId),
        eq(monitorMinute.endpointId, endpointId),
        gte(monitorMinute.minute, since),
        gt(monitorMinute.failed, 0),
      ),
    )
    .orderBy(desc(monitorMinute.minute))
    .limit(200);

/** Forgets minutes and points older than a moment. */
export const forgetBefore = async (before: Date): Promise<void> => {
  await sql().delete(monitorMinute).where(lt(monitorMinute.minute, before));
  await sql().delete(driftPoint).where(lt(driftPoint.at, before));
};

// SQL of hands: the sessions that the worker keeps at studies, claimed under a lease.
import { and, asc, desc, eq, inArray, isNull, lt, or, sql as raw } from "drizzle-orm";
import { type Scoped, sql } from "#db";
import { tuningHand, tuningStudy, tuningTrial } from "#drizzle/tables/tuning.ts";
import type { Hand } from "#lib/tuning/contract.ts";

export type HandRow = typeof tuningHand.$inferSelect;
const open = ["queued", "running"];

export const toHand = (row: HandRow): Hand => ({
  id: row.id,
  status: row.status as Hand["status"],
  sentence: row.sentence,
  attempt: row.attempt,
  queuedAt: row.queuedAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
});

/** Hands of a study, the newest first, at most 16. */
export const handsOf = async (at: Scoped, studyId: string): Promise<HandRow[]> =>
  at.sql
    .select()
    .from(tuningHand)
    .where(and(eq(tuningHand.studyId, studyId), eq(tuningHand.workspaceId, at.workspaceId)))
    .orderBy(desc(tuningHand.queuedAt), asc(tuningHand.id))
    .limit(16);

export const insertHands = async (at: Scoped, rows: Omit<typeof tuningHand.$inferInsert, "workspaceId">[]): Promise<void> => {
  if (rows.length > 0) await at.sql.insert(tuningHand).values(rows.map((row) => ({ ...row, workspaceId: at.workspaceId })));
};

/** Takes the oldest hand that waits or whose worker is gone, with its study's name and work. */
export const claimHand = async (owner: string, until: Date, at: Date) => {
  const waiting = sql()
    .select({ id: tuningHand.id })
    .from(tuningHand)
    .where(and(inArray(tuningHand.status, open), or(isNull(tuningHand.leaseUntil), lt(tuningHand.leaseUntil, at))))
    .orderBy(tuningHand.queuedAt)
    .limit(1)
    .for("update", { skipLocked: true });
  const [row] = await sql()
    .update(tuningHand)
    .set({ status: "running", leaseOwner: owner, leaseUntil: until })
    .where(eq(tuningHand.id, raw`(${waiting})`))
    .returning();
  if (!row) return null;
  const [study] = await sql()
    .select({ name: tuningStudy.name, work: tuningStudy.work })
    .from(tuningStudy)
    .where(eq(tuningStudy.id, row.studyId));
  return { row, study: study! };
};

const held = (id: string, owner: string) => and(eq(tuningHand.id, id), eq(tuningHand.leaseOwner, owner), inArray(tuningHand.status, open));

/** Renews the lease; false when another worker holds it or the hand has ended. */
export const renewHand = async (id: string, owner: string, until: Date): Promise<boolean> =>
  (await sql().update(tuningHand).set({ leaseUntil: until }).where(held(id, owner)).returning({ id: tuningHand.id })).length > 0;

/** Writes what became of a hand, under the lease; null when it is no longer ours. */
export const updateHand = async (at: Scoped, id: string, owner: string, change: Partial<HandRow>): Promise<HandRow | null> =>
  (await at.sql.update(tuningHand).set(change).where(held(id, owner)).returning())[0] ?? null;

/** Lets go of hands when a worker leaves, so that the next one need not wait for the lease to run out. */
export const releaseHand = async (id: string, owner: string): Promise<void> => {
  await sql().update(tuningHand).set({ leaseUntil: null }).where(held(id, owner));
};

/** Ended hands whose session may still be there. */
export const untidied = (): Promise<HandRow[]> =>
  sql()
    .select()
    .from(tuningHand)
    .where(and(inArray(tuningHand.status, ["done", "failed"]), eq(tuningHand.isTidied, false)))
    .limit(50);

export const markTidied = async (id: string): Promise<void> => {
  await sql().update(tuningHand).set({ isTidied: true }).where(eq(tuningHand.id, id));
};

/** How many trials the sessions of a hand have ended themselves. */
export const endedBy = async (at: Scoped, hand: HandRow): Promise<number> => {
  const [row] = await at.sql
    .select({ n: raw<string>`count(*)` })
    .from(tuningTrial)
    .where(
      and(
        eq(tuningTrial.studyId, hand.studyId),
        raw`starts_with(${tuningTrial.owner}, ${`${hand.id}.`})`,
        inArray(tuningTrial.state, ["complete", "pruned"]),
      ),
    );
  return Number(row!.n);
};

/** Studies with a running trial whose session has been silent for longer than its lease. */
export const silentStudies = (at: Date): Promise<{ id: string; workspaceId: string }[]> =>
  sql()
    .selectDistinct({ id: tuningStudy.id, workspaceId: tuningStudy.workspaceId })
    .from(tuningTrial)
    .innerJoin(tuningStudy, eq(tuningStudy.id, tuningTrial.studyId))
    .where(and(eq(tuningTrial.state, "running"), lt(tuningTrial.leaseUntil, at)))
    .limit(50);

// News travels as outbox rows: written in the transaction of the change, announced by NOTIFY on commit, read by number. Rows carry ids,
// not data, so a late or repeated event can only cause a fresh look, never a wrong value.
//
// Surprise: bigserial numbers are taken before commit, so a slow transaction may appear behind a faster one. Writers therefore take an
// advisory lock (shared by all outbox writers) just before inserting: numbers become visible in order, and "everything after n" is safe.
import { and, asc, eq, gt, sql as raw } from "drizzle-orm";
import { type Sql, sql, transaction } from "#db";
import { outbox, outboxCursor } from "#drizzle/tables/house.ts";

export type News = { id: number; workspaceId: string; topic: string; subject: string };

const orderLock = 7_302_117;
export const outboxChannel = "atelier_outbox";

/** Adds events to the outbox; call it last in a transaction, since it holds the order lock until commit. */
export const writeNews = async (tx: Sql, events: Omit<News, "id">[], at: Date): Promise<void> => {
  if (events.length === 0) return;
  await tx.execute(raw`select pg_advisory_xact_lock(${orderLock})`);
  const rows = await tx
    .insert(outbox)
    .values(events.map((event) => ({ ...event, at })))
    .returning({ id: outbox.id });
  await tx.execute(raw`select pg_notify(${outboxChannel}, ${String(rows.at(-1)?.id ?? 0)})`);
};

/** Events after a number, oldest first, at most 500; of one workspace or of all. */
export const readNews = (afterId: number, workspaceId?: string): Promise<News[]> =>
  sql()
    .select({ id: outbox.id, workspaceId: outbox.workspaceId, topic: outbox.topic, subject: outbox.subject })
    .from(outbox)
    .where(and(gt(outbox.id, afterId), workspaceId ? eq(outbox.workspaceId, workspaceId) : undefined))
    .orderBy(asc(outbox.id))
    .limit(500);

/** The newest number; a listener that starts now starts after it. */
export const lastNewsId = async (): Promise<number> => {
  const [row] = await sql()
    .select({ id: raw<string>`coalesce(max(${outbox.id}), 0)` })
    .from(outbox);
  return Number(row?.id ?? 0);
};

/** Hands a named consumer its next events one by one and moves its cursor with each; answers how many it handled. At least once, in order. */
export const consumeNews = async (consumer: string, handle: (news: News) => Promise<void>): Promise<number> => {
  await sql().insert(outboxCursor).values({ consumer, lastId: 0 }).onConflictDoNothing();
  const [row] = await sql().select().from(outboxCursor).where(eq(outboxCursor.consumer, consumer));
  const events = await readNews(row?.lastId ?? 0);
  for (const event of events) {
    await handle(event);
    await transaction((tx) => tx.update(outboxCursor).set({ lastId: event.id }).where(eq(outboxCursor.consumer, consumer)));
  }
  return events.length;
};

// SQL of machines and leases. Whatever grants or ends holds one advisory lock for its transaction, so that two asks cannot get one device.
import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, ne, or, sql as raw } from "drizzle-orm";
import { type Sql, sql, transaction } from "#db";
import { deviceLease, machine } from "#drizzle/tables/devices.ts";
import { notebook } from "#drizzle/tables/notebooks.ts";
import type { Beat } from "#lib/devices/contract.ts";

const grantLock = 7_302_121;

export type MachineRow = typeof machine.$inferSelect;
export type LeaseRow = typeof deviceLease.$inferSelect;

/** Runs what decides about leases, one at a time in the whole installation. */
export const alone = <T>(work: (tx: Sql) => Promise<T>): Promise<T> =>
  transaction(async (tx) => {
    await tx.execute(raw`select pg_advisory_xact_lock(${grantLock})`);
    return work(tx);
  });

export const machines = (tx: Sql = sql()): Promise<MachineRow[]> =>
  tx.select().from(machine).where(ne(machine.state, "removed")).orderBy(asc(machine.name), asc(machine.id));

export const findMachine = async (tx: Sql, id: string): Promise<MachineRow | null> =>
  (await tx.select().from(machine).where(eq(machine.id, id)))[0] ?? null;

/** Stores what a machine says; a new start opens one that was removed, a drain stays over restarts. */
export const putMachine = async (tx: Sql, beat: Beat, state: string, at: Date): Promise<void> => {
  const { id, incarnation, name, url, isSandboxed, cpus, memoryMb, usedMemoryMb, usedCpus, devices, sessions } = beat;
  const startedAt = new Date(beat.startedAt);
  const found = devices ? { devices } : {}; // while it still tries, what its last start found stands
  const row = {
    incarnation,
    name,
    url,
    isSandboxed,
    cpus,
    memoryMb,
    usedMemoryMb,
    usedCpus,
    ...found,
    sessions,
    state,
    startedAt,
    seenAt: at,
  };
  await tx
    .insert(machine)
    .values({ id, devices: [], ...row })
    .onConflictDoUpdate({ target: machine.id, set: row });
};

export const setState = async (tx: Sql, id: string, state: string): Promise<void> => {
  await tx.update(machine).set({ state }).where(eq(machine.id, id));
};

export const insertLease = async (tx: Sql, row: typeof deviceLease.$inferInsert): Promise<void> => {
  await tx.insert(deviceLease).values(row).onConflictDoNothing();
};

export const findLease = async (tx: Sql, session: string): Promise<LeaseRow | null> =>
  (await tx.select().from(deviceLease).where(eq(deviceLease.session, session)))[0] ?? null;

/** Held and waiting, in the order of asking. */
export const openLeases = (tx: Sql = sql()): Promise<LeaseRow[]> =>
  tx.select().from(deviceLease).where(isNull(deviceLease.endedAt)).orderBy(asc(deviceLease.order));

/** The same with titles of notebooks. */
export const shownLeases = (tx: Sql = sql()) =>
  tx
    .select({ lease: deviceLease, title: notebook.title })
    .from(deviceLease)
    .leftJoin(notebook, eq(notebook.id, deviceLease.notebookId))
    .where(isNull(deviceLease.endedAt))
    .orderBy(asc(deviceLease.order));

/** Leases of a machine that ended, whose sessions it may still run. */
export const endedOf = (tx: Sql, machineId: string, sessions: string[]): Promise<{ session: string }[]> =>
  sessions.length === 0
    ? Promise.resolve([])
    : tx
        .select({ session: deviceLease.session })
        .from(deviceLease)
        .where(and(eq(deviceLease.machineId, machineId), inArray(deviceLease.session, sessions), isNotNull(deviceLease.endedAt)));

export const grantLease = async (tx: Sql, session: string, to: { machineId: string; device: string | null }, at: Date): Promise<void> => {
  await tx
    .update(deviceLease)
    .set({ ...to, grantedAt: at })
    .where(eq(deviceLease.session, session));
};

/** Ends open leases by id; answers those that were open. */
export const endLeases = (tx: Sql, sessions: string[], ending: string, at: Date): Promise<LeaseRow[]> =>
  sessions.length === 0
    ? Promise.resolve([])
    : tx
        .update(deviceLease)
        .set({ endedAt: at, ending })
        .where(and(inArray(deviceLease.session, sessions), isNull(deviceLease.endedAt)))
        .returning();

/** Removes leases that ended before a moment. */
export const forgetEnded = async (tx: Sql, before: Date): Promise<void> => {
  await tx.delete(deviceLease).where(lt(deviceLease.endedAt, before));
};

/** Where a session was placed; null when it was not, or before there were leases. */
export const urlOf = async (session: string): Promise<string | null> => {
  const [row] = await sql()
    .select({ url: machine.url })
    .from(deviceLease)
    .innerJoin(machine, eq(machine.id, deviceLease.machineId))
    .where(eq(deviceLease.session, session));
  return row?.url ?? null;
};

/** Urls of machines heard since a moment. */
export const heardUrls = async (since: Date): Promise<string[]> =>
  (
    await sql()
      .select({ url: machine.url })
      .from(machine)
      .where(and(gt(machine.seenAt, since), or(eq(machine.state, "open"), eq(machine.state, "draining"))))
  ).map((row) => row.url);

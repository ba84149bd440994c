// The life of a lease: asked, granted in turn, ended. Sessions and pipelines call these; a machine's beat settles everything else. There is no
// clock that sweeps: whoever asks, beats or looks settles what is due, under one lock.

import type { Sql } from "#db";
import { record } from "#lib/costs/service.ts";
import { type Beat, type BeatAnswer, type DeviceFound, sessionLimit } from "#lib/devices/contract.ts";
import { type Ask, grantAll, type Offer, placeOf, refusalOf } from "#lib/devices/rules.ts";
import * as store from "#lib/devices/store.ts";
import { now } from "#lib/kit/clock.ts";
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";

export const silentMs = 20_000;
/** A session that was granted this recently may not be in its machine's list yet. */
const youngMs = 15_000;

export type Wish = {
  session: string;
  workspaceId: string;
  notebookId: string | null;
  userId: string | null;
  person: string;
  cpus: number;
  memoryMb: number;
  gpu: boolean;
};
export type Standing =
  | { state: "held"; device: DeviceFound | null }
  | { state: "waiting"; place: number; of: number; sentence: string }
  | { state: "ended"; ending: string };

/** A silent machine is given up when it is still silent this long after its silence was first seen: one pause of ours does not count. */
const doubtMs = 3000;
/** Ended leases are kept this long, for questions. */
const keptMs = 7 * 86_400_000;

const shared = globalThis as { atelierDevicesSince?: number; atelierDoubted?: Map<string, number> };
/** Silence counts from when this process could first hear: after a pause of the web process no machine is thought dead. */
const listeningSince = (): number => {
  shared.atelierDevicesSince ??= now().getTime();
  return shared.atelierDevicesSince;
};

export const isSilent = (row: store.MachineRow, at: Date): boolean =>
  at.getTime() - Math.max(row.seenAt.getTime(), listeningSince()) > silentMs;

/** Whether a machine's silence has lasted over two looks. */
const isLost = (row: store.MachineRow, at: Date): boolean => {
  shared.atelierDoubted ??= new Map();
  if (!isSilent(row, at)) {
    shared.atelierDoubted.delete(row.id);
    return false;
  }
  const since = shared.atelierDoubted.get(row.id) ?? at.getTime();
  shared.atelierDoubted.set(row.id, since);
  return at.getTime() - since >= doubtMs;
};

export const toOffer = (row: store.MachineRow, at: Date): Offer => ({
  id: row.id,
  isOpen: row.state === "open" && !isSilent(row, at) && row.sessions.length < sessionLimit,
  cpus: row.cpus,
  memoryMb: row.memoryMb,
  devices: row.devices as unknown as DeviceFound[],
  sessions: row.sessions.length,
});

/** DV3, then DV1 and DV2: ends what silent machines held, and grants what can be granted. */
const settle = async (tx: Sql, at: Date): Promise<{ rows: store.MachineRow[]; leases: store.LeaseRow[] }> => {
  const rows = await store.machines(tx);
  const silent = new Set(rows.filter((row) => isLost(row, at)).map((row) => row.id));
  const open = await store.openLeases(tx);
  const lost = open.filter((one) => one.machineId && silent.has(one.machineId)).map((one) => one.session);
  await store.endLeases(tx, lost, "its machine fell silent", at);
  const left = open.filter((one) => !lost.includes(one.session));
  const waiting = left.filter((one) => !one.grantedAt);
  const held = left.filter((one) => one.grantedAt);
  for (const { session, ...to } of grantAll(
    waiting,
    rows.map((row) => toOffer(row, at)),
    held,
  ))
    await store.grantLease(tx, session, to, at);
  return { rows, leases: waiting.length > 0 ? await store.openLeases(tx) : left };
};

const awaited = (ask: Ask, rows: store.MachineRow[]): string => {
  if (ask.gpu) return "a graphics card";
  if (rows.length === 0) return "a machine";
  return ask.cpus > 0 || ask.memoryMb > 0 ? "room on a machine" : "a machine that takes sessions";
};

const standingOf = (lease: store.LeaseRow, state: Awaited<ReturnType<typeof settle>>): Standing => {
  if (lease.endedAt) return { state: "ended", ending: lease.ending ?? "it ended" };
  if (lease.grantedAt) {
    const devices = (state.rows.find((row) => row.id === lease.machineId)?.devices ?? []) as unknown as DeviceFound[];
    return { state: "held", device: devices.find((one) => one.id === lease.device) ?? null };
  }
  const { place, of } = placeOf(
    lease,
    state.leases.filter((one) => !one.grantedAt),
  );
  return { state: "waiting", place, of, sentence: `Waits for ${awaited(lease, state.rows)}: place ${place} of ${of}.` };
};

/** Asks for a place. Answers at once: held, or waiting with its place; 409 in words when no machine could ever give it. Asked again, the same. */
export const ask = (wish: Wish): Promise<Standing> =>
  store.alone(async (tx) => {
    const at = now();
    const rows = await store.machines(tx);
    const refusal = refusalOf(
      wish,
      rows.map((row) => toOffer(row, at)),
    );
    if (refusal) throw new Problem("conflict", "devices.impossible", refusal);
    // Before any machine has been heard there is the one the environment names; its first beat takes the session over.
    const isEarly = rows.length === 0 && !wish.gpu && wish.cpus === 0 && wish.memoryMb === 0;
    await store.insertLease(tx, { ...wish, askedAt: at, ...(isEarly ? { grantedAt: at } : {}) });
    const state = await settle(tx, at);
    return standingOf((await store.findLease(tx, wish.session))!, state);
  });

/** How an ask stands now; null for a session that never asked. */
export const standing = (session: string): Promise<Standing | null> =>
  store.alone(async (tx) => {
    const state = await settle(tx, now());
    const lease = await store.findLease(tx, session);
    return lease ? standingOf(lease, state) : null;
  });

/** Gives back what a session held or waited for, and hands it to the next. */
export const giveBack = (session: string, ending = "the session ended"): Promise<void> =>
  store.alone(async (tx) => {
    const at = now();
    places.delete(session);
    if ((await store.endLeases(tx, [session], ending, at)).length > 0) await settle(tx, at);
  });

const places = new Map<string, string>();

/** The gateway a session was placed on. */
export const gatewayOf = async (session: string): Promise<string> => {
  const known = places.get(session);
  if (known) return known;
  const url = await store.urlOf(session);
  if (!url) return env.kernelUrl;
  if (places.size > 5000) places.clear();
  places.set(session, url);
  return url;
};

/** Gateways that were heard lately; the one of the environment when none was. */
export const gateways = async (): Promise<string[]> => {
  const urls = await store.heardUrls(new Date(now().getTime() - silentMs));
  return urls.length > 0 ? urls : [env.kernelUrl];
};

/** Takes what a machine says: its state, what its sessions used, and which leases are over (DV3, DV4). */
export const hearBeat = async (beat: Beat): Promise<BeatAnswer> => {
  await record(beat.meters);
  return store.alone(async (tx) => {
    const at = now();
    const known = await store.findMachine(tx, beat.id);
    if (known?.state === "removed" && known.incarnation === beat.incarnation) return { orphans: beat.sessions, isOpen: false };
    const state = known && known.state !== "removed" ? known.state : "open";
    await store.putMachine(tx, beat, state, at);
    const living = new Set(beat.sessions);
    const open = await store.openLeases(tx);
    for (const one of open)
      if (one.grantedAt && !one.machineId && living.has(one.session))
        await store.grantLease(tx, one.session, { machineId: beat.id, device: null }, one.grantedAt);
    const gone = open.filter((one) => one.machineId === beat.id && !living.has(one.session));
    const startedAt = Date.parse(beat.startedAt);
    const ofLastStart = gone.filter((one) => one.grantedAt!.getTime() < startedAt);
    const dead = gone.filter((one) => at.getTime() - one.grantedAt!.getTime() > youngMs);
    await store.endLeases(
      tx,
      ofLastStart.map((one) => one.session),
      "its machine started anew",
      at,
    );
    await store.endLeases(
      tx,
      dead.map((one) => one.session),
      "the session ended",
      at,
    );
    await settle(tx, at);
    if (known?.incarnation !== beat.incarnation) await store.forgetEnded(tx, new Date(at.getTime() - keptMs));
    const orphans = await store.endedOf(tx, beat.id, beat.sessions);
    return { orphans: orphans.map((one) => one.session), isOpen: state === "open" };
  });
};

// Who gets what, decided without a clock or a database. Asks are looked at in the order they came. An ask that finds no machine waits, and
// from then on nobody later may take of what it waits for (DV2): a graphics card, or room (reserved processors and memory). So an ask for
// much is reached by time instead of being passed by many small ones, at the price of leaving a little unused meanwhile.
import type { DeviceFound } from "#lib/devices/contract.ts";

export type Ask = { session: string; order: number; cpus: number; memoryMb: number; gpu: boolean };
export type Held = Ask & { machineId: string | null; device: string | null };
export type Offer = {
  id: string;
  /** Whether it is heard and not draining. */
  isOpen: boolean;
  cpus: number;
  memoryMb: number;
  devices: DeviceFound[];
  sessions: number;
};
export type Grant = { session: string; machineId: string; device: string | null };

const wantsRoom = (ask: Ask): boolean => ask.cpus > 0 || ask.memoryMb > 0;

/** What nobody has reserved on a machine. */
export const freeOf = (offer: Offer, held: Held[]): { cpus: number; memoryMb: number } => {
  const here = held.filter((one) => one.machineId === offer.id);
  return {
    cpus: offer.cpus - here.reduce((sum, one) => sum + one.cpus, 0),
    memoryMb: offer.memoryMb - here.reduce((sum, one) => sum + one.memoryMb, 0),
  };
};

const freeGpu = (offer: Offer, held: Held[]): string | null =>
  offer.devices.find((one) => one.kind === "gpu" && !held.some((by) => by.machineId === offer.id && by.device === one.id))?.id ?? null;

const hasRoom = (offer: Offer, held: Held[], ask: Ask): boolean => {
  const free = freeOf(offer, held);
  return ask.cpus <= free.cpus && ask.memoryMb <= free.memoryMb;
};

/** Sessions a machine holds, for spreading: what it said, or what was granted since. */
const crowd = (offer: Offer, held: Held[]): number =>
  Math.max(offer.sessions, held.filter((one) => one.machineId === offer.id).length) / offer.cpus;

/** The machine for one ask: among those that fit, one without a graphics card nobody asked for, then the least crowded. */
const place = (ask: Ask, offers: Offer[], held: Held[]): Grant | null => {
  const fitting = offers.filter((one) => one.isOpen && hasRoom(one, held, ask) && (!ask.gpu || freeGpu(one, held) !== null));
  const gpus = (one: Offer): number => (ask.gpu ? 0 : one.devices.filter((device) => device.kind === "gpu" && !device.isSoftware).length);
  const [best] = fitting.sort((a, b) => gpus(a) - gpus(b) || crowd(a, held) - crowd(b, held) || (a.id < b.id ? -1 : 1));
  return best ? { session: ask.session, machineId: best.id, device: ask.gpu ? freeGpu(best, held) : null } : null;
};

/** Places every ask that can be placed now; the rest waits in order. */
export const grantAll = (asks: Ask[], offers: Offer[], held: Held[]): Grant[] => {
  const now = [...held];
  const grants: Grant[] = [];
  let isGpuAwaited = false;
  let isRoomAwaited = false;
  for (const ask of [...asks].sort((a, b) => a.order - b.order)) {
    const isBehind = (ask.gpu && isGpuAwaited) || (wantsRoom(ask) && isRoomAwaited);
    const grant = isBehind ? null : place(ask, offers, now);
    if (grant) {
      grants.push(grant);
      now.push({ ...ask, ...grant });
      continue;
    }
    isGpuAwaited ||= ask.gpu;
    isRoomAwaited ||= wantsRoom(ask);
  }
  return grants;
};

const needsOf = (ask: Ask): string[] => {
  const needs = [...(ask.gpu ? ["gpu"] : []), ...(wantsRoom(ask) ? ["room"] : [])];
  return needs.length > 0 ? needs : ["machine"];
};

/** The place of a waiting ask among those that wait for any of the same, from 1. */
export const placeOf = (ask: Ask, waiting: Ask[]): { place: number; of: number } => {
  const needs = needsOf(ask);
  const rivals = waiting.filter((one) => needsOf(one).some((need) => needs.includes(need)));
  return { place: rivals.filter((one) => one.order <= ask.order).length, of: rivals.length };
};

/** Why an ask can never be met by the machines there are, in words; null when it only has to wait. */
export const refusalOf = (ask: Omit<Ask, "session" | "order">, offers: Offer[]): string | null => {
  if (offers.length === 0) return null;
  const isUnknown = (one: Offer): boolean => one.devices.length === 0; // it still tries what it has
  const able = offers.filter((one) => !ask.gpu || isUnknown(one) || one.devices.some((device) => device.kind === "gpu"));
  if (able.length === 0) return "No machine here has a graphics card. Ask for none, or add a machine that has one.";
  if (able.some((one) => one.cpus >= ask.cpus && one.memoryMb >= ask.memoryMb)) return null;
  const [cpus, memoryMb] = [Math.max(...able.map((one) => one.cpus)), Math.max(...able.map((one) => one.memoryMb))];
  return `No machine here is that large: the largest have ${cpus} processors and ${Math.floor(memoryMb / 1024)} GB of memory. Ask for less.`;
};

// What lives on between steps: weights and the optimiser's slots, by name. On the CPU a state that moves has two arrays, one read and one
// written; they change places only when a step has succeeded. On WebGPU a state is a tensor in the device's memory, replaced by the next.
import type { Device, Kind, Numbers } from "#lib/learn/graph/graph.ts";
import { type Feed, fetchHeld, Held, hold, type Program } from "#lib/learn/graph/program.ts";
import { nextOf } from "#lib/learn/graph/step.ts";

type Cell = Kind & { now: Feed; spare: Float32Array | null };
export type States = {
  has: (name: string) => boolean;
  names: () => string[];
  kindOf: (name: string) => Kind;
  now: (name: string) => Feed;
  /** Brings states into being that are not there yet, with the numbers `draw` gives. */
  ensure: (wanted: ReadonlyMap<string, Kind>, draw: (name: string, kind: Kind) => Float32Array) => Promise<void>;
  /** Arrays the next values may be written into. */
  spares: (names: Iterable<string>) => Record<string, Numbers>;
  /** A step has succeeded: what was next is now. */
  advance: (names: Iterable<string>, answers: Readonly<Record<string, Feed>>) => void;
  /** The numbers of some states, from wherever they are. */
  read: (names: readonly string[]) => Promise<Map<string, Float32Array>>;
  forget: (names: Iterable<string>) => void;
  /** Frees everything on the device; call it before the programs that made it are released. */
  close: () => Promise<void>;
};

/** The numbers of feeds, fetched where they live on the device. */
export const numbersOf = async (feeds: ReadonlyMap<string, Feed>, device: Device): Promise<Map<string, Numbers>> => {
  const fetched = await fetchHeld(feeds, device);
  return new Map([...feeds].map(([name, feed]) => [name, fetched.get(name) ?? (feed as Numbers)]));
};

export const openStates = (device: Device): States => {
  const cells = new Map<string, Cell>();
  const keepers: Program[] = [];
  const now = (name: string): Feed => cells.get(name)!.now;
  const forget = (names: Iterable<string>): void => {
    for (const name of names) {
      const cell = cells.get(name);
      if (cell?.now instanceof Held) cell.now.dispose();
      cells.delete(name);
    }
  };
  return {
    has: (name) => cells.has(name),
    names: () => [...cells.keys()],
    kindOf: (name) => cells.get(name)!,
    now,
    ensure: async (wanted, draw) => {
      const missing = new Map([...wanted].filter(([name]) => !cells.has(name)));
      const values = new Map([...missing].map(([name, kind]) => [name, draw(name, kind)]));
      if (missing.size === 0) return;
      let placed: ReadonlyMap<string, Feed> = values;
      if (device === "webgpu") {
        const { held, keeper } = await hold(values, missing, device);
        placed = held;
        keepers.push(keeper);
      }
      for (const [name, { dtype, shape }] of missing) cells.set(name, { dtype, shape, now: placed.get(name)!, spare: null });
    },
    spares: (names) => {
      const into: Record<string, Numbers> = {};
      for (const name of names) {
        const cell = cells.get(name)!;
        if (cell.now instanceof Held) continue;
        cell.spare ??= new Float32Array(cell.now.length);
        into[nextOf(name)] = cell.spare;
      }
      return into;
    },
    advance: (names, answers) => {
      for (const name of names) {
        const cell = cells.get(name)!;
        const before = cell.now;
        cell.now = answers[nextOf(name)]!;
        if (before instanceof Held) before.dispose();
        else cell.spare = before as Float32Array;
      }
    },
    read: async (names) => {
      const numbers = await numbersOf(new Map(names.map((name) => [name, now(name)])), device);
      return new Map([...numbers].map(([name, data]) => [name, (data as Float32Array).slice()]));
    },
    forget,
    close: async () => {
      forget([...cells.keys()]);
      for (const one of keepers.splice(0)) await one.release();
    },
  };
};

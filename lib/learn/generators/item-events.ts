// Synthetic events of users taking items: tastes are hidden factors, popularity has a long tail (a few items are taken by most), and it
// drifts: items come into fashion and go. From a seed; labelled synthetic wherever it is shown.
import { mulberry32 } from "#lib/learn/random.ts";
import type { Columns } from "#lib/learn/tables/table.ts";

type Random = () => number;
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(Math.max(random(), 1e-12))) * Math.cos(2 * Math.PI * random());
const table = (random: Random, rows: number, width: number): Float64Array =>
  Float64Array.from({ length: rows * width }, () => normal(random));

/** The first place where the running sum passes x. */
const placeOf = (sums: Float64Array, x: number): number => {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
};

export type ItemEventOptions = {
  users?: number;
  items?: number;
  days?: number;
  perUser?: number;
  factors?: number;
  drift?: number;
  seed?: number;
};

/**
 * Makes events with columns `user`, `item`, `day`, in the order of days; a user takes an item once.
 * @example
 * const events = itemEvents({ users: 1000, items: 400, drift: 1 });
 */
export const itemEvents = (options: ItemEventOptions = {}): Columns => {
  const { users = 1000, items = 400, days = 60, perUser = 25, factors = 8, drift = 0.5, seed = 0 } = options;
  if (perUser >= items) throw new Error(`perUser: a user cannot take ${perUser} of ${items} items. Give more items.`);
  const random = mulberry32(seed);
  const [tastes, traits] = [table(random, users, factors), table(random, items, factors)];
  // rank^-1.1, and a peak in time for each item
  const fame = Float64Array.from({ length: items }, (_, i) => -1.1 * Math.log(i + 1));
  const peak = Float64Array.from({ length: items }, () => random() * days);
  const events: { user: number; item: number; day: number }[] = [];
  const sums = new Float64Array(items);
  for (let user = 0; user < users; user++) {
    const taken = new Set<number>();
    const count = Math.max(6, Math.round(perUser * Math.exp(0.5 * normal(random))));
    const when = Array.from({ length: Math.min(count, items - 1) }, () => Math.floor(random() * days)).sort((a, b) => a - b);
    for (const day of when) {
      let total = 0;
      for (let item = 0; item < items; item++) {
        let liking = 0;
        for (let k = 0; k < factors; k++) liking += tastes[user * factors + k]! * traits[item * factors + k]!;
        const fashion = -drift * Math.abs(day - peak[item]!) * (4 / days);
        total += taken.has(item) ? 0 : Math.exp((1.6 * liking) / Math.sqrt(factors) + fame[item]! + fashion);
        sums[item] = total;
      }
      const item = placeOf(sums, random() * total);
      taken.add(item);
      events.push({ user, item, day });
    }
  }
  events.sort((a, b) => a.day - b.day);
  const name = (prefix: string, at: number): string => `${prefix}-${String(at).padStart(4, "0")}`;
  return {
    user: events.map((one) => name("user", one.user)),
    item: events.map((one) => name("item", one.item)),
    day: Float64Array.from(events, (one) => one.day),
  };
};

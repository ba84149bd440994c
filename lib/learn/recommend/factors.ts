// Three recommenders as products of matrices: popularity, item neighbours by cosine, and alternating least squares for implicit feedback.
import { solveSpd } from "#lib/learn/algebra/dense.ts";
import { breathe, checked, type Tell } from "#lib/learn/estimators/estimator.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { type Events, type Factors, type History, historyOf, type Recommender, recommenderOf } from "#lib/learn/recommend/recommender.ts";
import type { Columns } from "#lib/learn/tables/table.ts";

type FitMore = { onProgress?: Tell; signal?: AbortSignal };
export type RecommenderEstimator = {
  kind: string;
  params: Record<string, number | string>;
  fit: (table: Columns, events: Events, more?: FitMore) => Promise<Recommender>;
};

const top = (given: number | undefined): number => checked("a recommender", { top: [10, 1, 1000] }, { top: given ?? 10 }).top;

/** One more factor that only the unknown user has: how popular an item is. */
const withUnknown = (history: History, left: Float64Array, right: Float64Array, width: number): Factors => {
  const { users, items, popularity } = history;
  const wide = new Float64Array((users.length + 1) * (width + 1));
  for (let u = 0; u < users.length; u++) wide.set(left.subarray(u * width, (u + 1) * width), u * (width + 1));
  wide[users.length * (width + 1) + width] = 1;
  const tall = new Float64Array((width + 1) * items.length);
  tall.set(right);
  tall.set(popularity, width * items.length);
  return { left: wide, right: tall, width: width + 1 };
};

/**
 * The items most users took: what every recommender is compared with.
 * @example
 * const model = await popularItems().fit(events, { user: "user", item: "item" });
 */
export const popularItems = (options: { top?: number } = {}): RecommenderEstimator => {
  const wanted = top(options.top);
  const [kind, params] = ["popular items", { top: wanted }];
  return {
    kind,
    params,
    fit: async (table, events) => {
      const history = historyOf(table, events);
      const { users, popularity } = history;
      return recommenderOf(
        { kind, params, events },
        history,
        { left: new Float64Array(users.length + 1).fill(1), right: popularity, width: 1 },
        wanted,
      );
    },
  };
};

/** Cosine of items over users, with `shrink` added to its denominator; each item keeps its `k` nearest. */
const similarities = (history: History, k: number, shrink: number): Float64Array => {
  const { items, byUser } = history;
  const n = items.length;
  const dot = new Float64Array(n * n);
  const norms = new Float64Array(n);
  for (const own of byUser)
    for (const [i, a] of own) {
      norms[i]! += a * a;
      for (const [j, b] of own) if (j !== i) dot[i * n + j]! += a * b;
    }
  const kept = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const near = Array.from({ length: n }, (_, j) => ({
      j,
      s: dot[i * n + j]! === 0 ? 0 : dot[i * n + j]! / (Math.sqrt(norms[i]! * norms[j]!) + shrink),
    }))
      .filter((one) => one.s > 0)
      .sort((a, b) => b.s - a.s || a.j - b.j)
      .slice(0, k);
    // what an item is recommended by: row j (what the user has) to column i (what is recommended)
    for (const { j, s } of near) kept[j * n + i] = s;
  }
  return kept;
};

const itemLimit = 4000;

/**
 * Items near those a user has, by cosine.
 * @example
 * const model = await itemNeighbours({ k: 50 }).fit(events, { user: "user", item: "item" });
 * model.predict(["ada"]); // [[{ item, score }, …]]
 */
export const itemNeighbours = (options: { k?: number; shrink?: number; top?: number } = {}): RecommenderEstimator => {
  const wanted = top(options.top);
  const { k, shrink } = checked(
    "itemNeighbours",
    { k: [50, 1, 10_000], shrink: [0, 0, 1e9] },
    { k: options.k ?? 50, shrink: options.shrink ?? 0 },
  );
  const [kind, params] = ["item neighbours", { k, shrink, top: wanted }];
  return {
    kind,
    params,
    fit: async (table, events) => {
      const history = historyOf(table, events);
      const { users, items, byUser } = history;
      if (items.length > itemLimit)
        throw new Error(`${items.length} items are more than ${itemLimit}. Take alternatingLeastSquares, or the items of the last weeks.`);
      const left = new Float64Array(users.length * items.length);
      for (const [u, own] of byUser.entries()) for (const [i, weight] of own) left[u * items.length + i] = weight;
      return recommenderOf(
        { kind, params, events },
        history,
        withUnknown(history, left, similarities(history, k, shrink), items.length),
        wanted,
      );
    },
  };
};

/** Solves one side of ALS: for each row, (YᵀY + Yᵀ(C − I)Y + l2·I)·x = YᵀC·p, with C = 1 + α·weight on what was taken. */
const solveSide = async (
  rows: readonly ReadonlyMap<number, number>[],
  other: Float64Array,
  f: number,
  l2: number,
  alpha: number,
  signal?: AbortSignal,
): Promise<Float64Array> => {
  const gram = new Float64Array(f * f);
  for (let at = 0; at < other.length; at += f)
    for (let a = 0; a < f; a++) for (let b = 0; b <= a; b++) gram[a * f + b]! += other[at + a]! * other[at + b]!;
  const out = new Float64Array(rows.length * f);
  for (const [r, own] of rows.entries()) {
    const system = gram.slice();
    const aim = new Float64Array(f);
    for (const [i, weight] of own) {
      const extra = alpha * weight;
      for (let a = 0; a < f; a++) {
        const value = other[i * f + a]!;
        aim[a]! += (1 + extra) * value;
        for (let b = 0; b <= a; b++) system[a * f + b]! += extra * value * other[i * f + b]!;
      }
    }
    for (let a = 0; a < f; a++) system[a * f + a]! += l2;
    out.set(solveSpd(system, aim, f), r * f);
    await breathe(signal);
  }
  return out;
};

/**
 * Alternating least squares for implicit feedback (Hu, Koren, Volinsky 2008).
 * @example
 * const model = await alternatingLeastSquares({ factors: 32 }).fit(events, { user: "user", item: "item", weight: "count" });
 */
export const alternatingLeastSquares = (
  options: { factors?: number; rounds?: number; l2?: number; alpha?: number; seed?: number; top?: number } = {},
): RecommenderEstimator => {
  const { top: asked, ...given } = options;
  const wanted = top(asked);
  const settings = checked(
    "alternatingLeastSquares",
    { factors: [32, 1, 512], rounds: [15, 1, 1000], l2: [0.1, 1e-9, 1e9], alpha: [10, 0, 1e9], seed: [0, 0, 2 ** 32 - 1] },
    given,
  );
  const { factors: f, rounds, l2, alpha, seed } = settings;
  const [kind, params] = ["alternating least squares", { ...settings, top: wanted }];
  return {
    kind,
    params,
    fit: async (table, events, more = {}) => {
      const history = historyOf(table, events);
      const { items, byUser } = history;
      const byItem = items.map(() => new Map<number, number>());
      for (const [u, own] of byUser.entries()) for (const [i, weight] of own) byItem[i]!.set(u, weight);
      const random = mulberry32(seed);
      let itemFactors: Float64Array = Float64Array.from({ length: items.length * f }, () => (random() - 0.5) / Math.sqrt(f));
      let userFactors: Float64Array = new Float64Array(0);
      for (let round = 1; round <= rounds; round++) {
        userFactors = await solveSide(byUser, itemFactors, f, l2, alpha, more.signal);
        itemFactors = await solveSide(byItem, userFactors, f, l2, alpha, more.signal);
        more.onProgress?.(round / rounds, `round ${round} of ${rounds}`);
      }
      const right = new Float64Array(f * items.length);
      for (let i = 0; i < items.length; i++) for (let a = 0; a < f; a++) right[a * items.length + i] = itemFactors[i * f + a]!;
      return recommenderOf({ kind, params, events }, history, withUnknown(history, userFactors, right, f), wanted);
    },
  };
};

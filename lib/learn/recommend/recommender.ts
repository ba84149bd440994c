// What recommenders have in common: events of users and items in, the best unseen items of a user out. Every one here is a product of two
// matrices, what a user is times what an item is; so one piece of code ranks, judges and writes ONNX for all of them. A user nobody has
// seen gets the popular items. Ties go to the item whose name comes first.
import type { Signature } from "#lib/learn/estimators/estimator.ts";
import { castTo, openBuilder } from "#lib/learn/onnx/builder.ts";
import { type Columns, columnOf, isNumeric, numbersOf, rowCount } from "#lib/learn/tables/table.ts";

export type Events = { user: string; item: string; weight?: string };

/** Users, items and what each user did: for each user the places of items with their summed weights. */
export type History = { users: string[]; items: string[]; byUser: Map<number, number>[]; popularity: Float64Array };

export type Recommendation = { item: string; score: number };

export type Recommender = {
  kind: string;
  params: Record<string, number | string>;
  signature: Signature;
  /** The best unseen items of each user, best first; "" fills up where a user has seen nearly all. */
  predict: (users: readonly string[]) => Recommendation[][];
  /** Recall, NDCG and hit rate at k on later events, all unseen items ranked; the mean over users that are there. */
  evaluate: (later: Columns, k?: number) => Record<string, number>;
  /** One ONNX file from `user` to `items` and `scores`, [rows, top]. */
  toOnnx: () => Uint8Array;
};

const textsIn = (table: Columns, name: string): string[] => {
  const column = columnOf(table, name);
  return isNumeric(column) ? Array.from(column, String) : column;
};

/** Gathers events; repeated ones add up. */
export const historyOf = (table: Columns, events: Events): History => {
  const [user, item] = [textsIn(table, events.user), textsIn(table, events.item)];
  if (user.length < 2) throw new Error(`${user.length} events are too few to learn from.`);
  const weights = events.weight ? numbersOf(table, events.weight) : new Float64Array(rowCount(table)).fill(1);
  const odd = weights.findIndex((one) => !(one >= 0 && Number.isFinite(one)));
  if (odd >= 0) throw new Error(`Weight ${events.weight} is ${weights[odd]} in row ${odd}. Weights are finite and not negative.`);
  const users = [...new Set(user)].sort();
  const items = [...new Set(item)].sort();
  const [userAt, itemAt] = [new Map(users.map((name, i) => [name, i])), new Map(items.map((name, i) => [name, i]))];
  const byUser = users.map(() => new Map<number, number>());
  const popularity = new Float64Array(items.length);
  for (let e = 0; e < user.length; e++) {
    const [u, i] = [userAt.get(user[e]!)!, itemAt.get(item[e]!)!];
    if (!byUser[u]!.has(i)) popularity[i]! += 1;
    byUser[u]!.set(i, (byUser[u]!.get(i) ?? 0) + weights[e]!);
  }
  return { users, items, byUser, popularity: popularity.map((count) => count / users.length) };
};

/** User factors [users + 1, width] (the last row is the unknown user) and item factors [width, items]. */
export type Factors = { left: Float64Array; right: Float64Array; width: number };

const cellLimit = 12_000_000;
const seenPenalty = 1e9;

/** The `top` best places by score, first of equals first. */
const best = (scores: Float32Array, top: number): number[] =>
  Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, top);

const writeRecommender = (kind: string, history: History, { left, right, width }: Factors, top: number): Uint8Array => {
  const { users, items, byUser } = history;
  if (users.length * items.length > cellLimit)
    throw new Error(
      `${users.length} users × ${items.length} items are too many for one file, which knows what each has seen. Keep the items of the last weeks.`,
    );
  const builder = openBuilder(kind.replaceAll(" ", "_"));
  builder.input("user", "BYTES", ["N", 1]);
  for (const name of ["items", "scores"]) builder.reserve(name);
  const place = builder.node(
    "LabelEncoder",
    ["user"],
    { keys_strings: users, values_int64s: { ints: [...users.keys()] }, default_int64: users.length },
    { domain: "ai.onnx.ml" },
  );
  const flat = builder.node("Reshape", [place, builder.integers([-1])]);
  const own = builder.node("Gather", [builder.doubles(left, [users.length + 1, width]), flat], { axis: 0 });
  const product = builder.node("MatMul", [own, builder.doubles(right, [width, items.length])]);
  const seen = new Float32Array((users.length + 1) * items.length);
  for (const [u, map] of byUser.entries()) for (const i of map.keys()) seen[u * items.length + i] = seenPenalty;
  const scores = builder.node("Cast", [product], { to: castTo.float });
  const open = builder.node("Sub", [
    scores,
    builder.node("Gather", [builder.constant(seen, [users.length + 1, items.length]), flat], { axis: 0 }),
  ]);
  const found = builder.node("TopK", [open, builder.integers([top])], { axis: 1, largest: 1, sorted: 1 }, { more: ["places"] });
  const isSeen = builder.node("Less", [found, builder.constant([-seenPenalty / 2], [1, 1])]);
  const names = builder.node(
    "LabelEncoder",
    [`${found}_places`],
    { keys_int64s: { ints: [...items.keys()] }, values_strings: items },
    { domain: "ai.onnx.ml" },
  );
  builder.node("Where", [isSeen, builder.texts([""], [1, 1]), names], {}, { output: "items" });
  builder.node("Where", [isSeen, builder.constant([0], [1, 1]), found], {}, { output: "scores" });
  builder.output("items", "BYTES", ["N", top]);
  builder.output("scores", "FP32", ["N", top]);
  return builder.bytes(kind);
};

/** A recommender from its factors. */
export const recommenderOf = (
  what: { kind: string; params: Record<string, number | string>; events: Events },
  history: History,
  factors: Factors,
  wanted: number,
): Recommender => {
  const { users, items, byUser } = history;
  const { left, right, width } = factors;
  const top = Math.min(wanted, items.length);
  const userAt = new Map(users.map((name, u) => [name, u]));
  const rank = (name: string, count: number): Recommendation[] => {
    const u = userAt.get(name) ?? users.length;
    const scores = new Float32Array(items.length);
    for (let i = 0; i < items.length; i++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += left[u * width + k]! * right[k * items.length + i]!;
      scores[i] = byUser[u]?.has(i) ? Number.NEGATIVE_INFINITY : sum;
    }
    return best(scores, count).map((i) =>
      scores[i] === Number.NEGATIVE_INFINITY ? { item: "", score: 0 } : { item: items[i]!, score: scores[i]! },
    );
  };
  return {
    kind: what.kind,
    params: what.params,
    signature: {
      inputs: [{ name: "user", datatype: "BYTES", shape: [-1, 1] }],
      outputs: [
        { name: "items", datatype: "BYTES", shape: [-1, top] },
        { name: "scores", datatype: "FP32", shape: [-1, top] },
      ],
    },
    predict: (names) => names.map((name) => rank(name, top)),
    evaluate: (later, k = 10) =>
      rankingMetrics(
        history,
        textsIn(later, what.events.user),
        textsIn(later, what.events.item),
        (name) => rank(name, k).map((one) => one.item),
        k,
      ),
    toOnnx: () => writeRecommender(what.kind, history, factors, top),
  };
};

const rankingMetrics = (
  history: History,
  user: readonly string[],
  item: readonly string[],
  rank: (user: string) => string[],
  k: number,
): Record<string, number> => {
  const wanted = new Map<string, Set<string>>();
  const seen = new Map(history.users.map((name, u) => [name, new Set([...history.byUser[u]!.keys()].map((i) => history.items[i]!))]));
  for (let e = 0; e < user.length; e++) {
    if (seen.get(user[e]!)?.has(item[e]!)) continue;
    wanted.set(user[e]!, (wanted.get(user[e]!) ?? new Set()).add(item[e]!));
  }
  let [recall, ndcg, hits] = [0, 0, 0];
  for (const [name, items] of wanted) {
    const found = rank(name).flatMap((one, place) => (items.has(one) ? [place] : []));
    const gain = found.reduce((sum, place) => sum + 1 / Math.log2(place + 2), 0);
    const ideal = Array.from({ length: Math.min(k, items.size) }, (_, place) => 1 / Math.log2(place + 2)).reduce((a, b) => a + b, 0);
    recall += found.length / items.size;
    ndcg += gain / ideal;
    hits += Number(found.length > 0);
  }
  const n = Math.max(1, wanted.size);
  return { [`recall@${k}`]: recall / n, [`ndcg@${k}`]: ndcg / n, [`hitRate@${k}`]: hits / n, users: wanted.size };
};

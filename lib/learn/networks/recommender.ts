// Two recommenders. Matrix factorisation predicts ratings: mean + bias of user + bias of item + ⟨user, item⟩, with weight decay as its
// regularisation (Koren, Bell and Volinsky 2009). Two towers rank items from what users did: in each batch every other item is a negative, its
// logit corrected by how popular it is (Yi et al. 2019), so that one product of the two towers trains on all pairs.
import { constant, type Graph, layer, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, clip, div, maximum, mul, relu, sqrt, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { gather } from "#lib/learn/graph/operators/indexing.ts";
import { dot, matmul } from "#lib/learn/graph/operators/products.ts";
import { sumSquares } from "#lib/learn/graph/operators/reductions.ts";
import { squeeze, transpose } from "#lib/learn/graph/operators/shaping.ts";
import { adamW } from "#lib/learn/graph/optimisers.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { dense, embedding, table } from "#lib/learn/layers/dense.ts";
import { crossEntropy, squaredError } from "#lib/learn/layers/losses.ts";
import { type FitOptions, fit, type Trained } from "#lib/learn/networks/fit.ts";

type Common = Omit<FitOptions, "loss" | "data" | "validation">;
export type Ratings = { users: ArrayLike<number>; items: ArrayLike<number>; ratings: ArrayLike<number> };
const ids = (values: ArrayLike<number>) => ({ data: BigInt64Array.from(Array.from(values), BigInt), shape: [values.length] });
const bounded = (values: ArrayLike<number>, count: number, what: string): void => {
  const odd = Array.from(values).findIndex((one) => !Number.isInteger(one) || one < 0 || one >= count);
  if (odd >= 0) throw new Error(`${what} ${odd} is ${values[odd]}. It must be a whole number from 0 to ${count - 1}.`);
};

export type Factorised = Trained & { predict: (user: number, item: number) => number };

/** Ratings by users and items numbered from 0. */
export const matrixFactorisation = async (
  train: Ratings,
  validation: Ratings | undefined,
  options: Common & { userCount: number; itemCount: number; factors?: number; decay?: number },
): Promise<Factorised> => {
  const { userCount, itemCount, factors = 20, decay = 0.1 } = options;
  for (const part of validation ? [train, validation] : [train]) {
    bounded(part.users, userCount, "User");
    bounded(part.items, itemCount, "Item");
  }
  const mean = Array.from(train.ratings).reduce((sum, one) => sum + one, 0) / train.ratings.length;
  const rowsOf = ({ users, items, ratings }: Ratings) => ({
    users: ids(users),
    items: ids(items),
    ratings: { data: Float32Array.from(ratings), shape: [ratings.length] },
  });
  const predicted = (graph: Graph, users: Tensor, items: Tensor): Tensor => {
    const of = (name: string, rows: number, width: number, who: Tensor) =>
      gather(table(graph, name, rows, width, width === 1 ? 0 : 0.05), who);
    const biases = add(squeeze(of("userBias", userCount, 1, users), 1), squeeze(of("itemBias", itemCount, 1, items), 1));
    return add(add(biases, dot(of("user", userCount, factors, users), of("item", itemCount, factors, items))), mean);
  };
  const made = await fit({
    optimiser: adamW({ rate: 0.005, decay }),
    batchSize: 512,
    epochs: 20,
    ...options,
    data: rowsOf(train),
    validation: validation && rowsOf(validation),
    loss: ({ users, items, ratings }, graph) => squaredError(predicted(graph, users!, items!), ratings!),
  });
  const [user, item, userBias, itemBias] = ["user", "item", "userBias", "itemBias"].map((name) => made.weights.get(name)!);
  const predict = (u: number, i: number): number => {
    let sum = mean + userBias![u]! + itemBias![i]!;
    for (let k = 0; k < factors; k++) sum += user![u * factors + k]! * item![i * factors + k]!;
    return sum;
  };
  return { ...made, predict };
};

export type TwoTower = Trained & {
  /** Items by score for a user, best first, without those in `seen`. */
  recommend: (user: number, count: number, seen?: ReadonlySet<number>) => { item: number; score: number }[];
};

/** Ranks items from pairs (user, item) that happened; features of either side are embedded ids. */
export const twoTower = async (
  events: { users: ArrayLike<number>; items: ArrayLike<number> },
  options: Common & { userCount: number; itemCount: number; width?: number; temperature?: number },
): Promise<TwoTower> => {
  const { userCount, itemCount, width = 32, temperature = 0.1 } = options;
  bounded(events.users, userCount, "User");
  bounded(events.items, itemCount, "Item");
  const popularity = new Float32Array(itemCount).fill(1);
  for (const item of Array.from(events.items)) popularity[item]! += 1;
  const total = popularity.reduce((a, b) => a + b, 0);
  const logShares = popularity.map((one) => Math.log(one / total));

  const tower = (who: Tensor, count: number, name: string): Tensor =>
    layer(who.graph, name, () => {
      const h = dense(relu(dense(embedding(who, count, width, { deviation: 0.1 }), 2 * width)), width);
      return div(h, maximum(sqrt(sumSquares(h, -1, true)), 1e-6)); // on the unit sphere
    });
  const scores = (users: Tensor, items: Tensor): Tensor =>
    mul(matmul(tower(users, userCount, "user"), transpose(tower(items, itemCount, "item"))), 1 / temperature);
  const made = await fit({
    optimiser: adamW({ rate: 0.003 }),
    batchSize: 256,
    epochs: 10,
    ...options,
    data: { users: ids(events.users), items: ids(events.items) },
    loss: ({ users, items }, graph) => {
      const count = users!.shape[0]!;
      const corrected = sub(scores(users!, items!), gather(constant(graph, logShares, [itemCount]), items!));
      return crossEntropy(
        clip(corrected, -60, 60),
        constant(
          graph,
          Float64Array.from({ length: count }, (_, i) => i),
          [count],
          "int64",
        ),
      );
    },
  });
  return { ...made, recommend: await recommender(made, { userCount, itemCount, width, tower }) };
};

type Towers = { userCount: number; itemCount: number; width: number; tower: (who: Tensor, count: number, name: string) => Tensor };
const recommender = async ({ weights }: Trained, { userCount, itemCount, width, tower }: Towers): Promise<TwoTower["recommend"]> => {
  const graph = openGraph({ mode: "predict" });
  const all = (count: number): Tensor =>
    constant(
      graph,
      Float64Array.from({ length: count }, (_, i) => i),
      [count],
      "int64",
    );
  const vectors = await evaluate(
    { users: tower(all(userCount), userCount, "user"), items: tower(all(itemCount), itemCount, "item") },
    {},
    { weights },
  );
  const [users, items] = [vectors.users as Float32Array, vectors.items as Float32Array];
  return (user, count, seen = new Set()) => {
    const scored: { item: number; score: number }[] = [];
    for (let item = 0; item < itemCount; item++) {
      if (seen.has(item)) continue;
      let score = 0;
      for (let k = 0; k < width; k++) score += users[user * width + k]! * items[item * width + k]!;
      scored.push({ item, score });
    }
    return scored.sort((a, b) => b.score - a.score || a.item - b.item).slice(0, count);
  };
};

// Recommenders, basket rules and forecasts: the numbers of small examples by hand, quality beside popularity, and ONNX files that answer
// the same names.
import ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { forecast } from "#lib/learn/estimators/forecast.ts";
import { itemEvents } from "#lib/learn/generators/item-events.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { basketRules } from "#lib/learn/recommend/basket-rules.ts";
import { alternatingLeastSquares, itemNeighbours, popularItems } from "#lib/learn/recommend/factors.ts";
import { type Columns, takeRows } from "#lib/learn/tables/table.ts";

const run = async (onnx: Uint8Array, feeds: Record<string, ort.Tensor>) =>
  (await ort.InferenceSession.create(onnx, { logSeverityLevel: 3 })).run(feeds);
const texts = (values: string[]): ort.Tensor => new ort.Tensor("string", values, [values.length, 1]);

/** Each user's last five events by time are held out. */
const lastFive = (events: Columns): { train: Columns; test: Columns } => {
  const byUser = Map.groupBy([...(events.user as string[]).keys()], (e) => (events.user as string[])[e]!);
  const held = new Set([...byUser.values()].flatMap((rows) => rows.slice(-5)));
  const all = [...(events.user as string[]).keys()];
  return {
    train: takeRows(
      events,
      all.filter((e) => !held.has(e)),
    ),
    test: takeRows(
      events,
      all.filter((e) => held.has(e)),
    ),
  };
};

describe("recommenders", () => {
  const { train, test } = lastFive(itemEvents({ users: 500, items: 200, drift: 0.2, seed: 1 }));
  const columns = { user: "user", item: "item" };
  it("item neighbours and ALS beat popularity on each user's last five items", async () => {
    const [popular, near, als] = await Promise.all(
      [popularItems(), itemNeighbours({ k: 40 }), alternatingLeastSquares({ factors: 12, alpha: 5, l2: 1 })].map((one) =>
        one.fit(train, columns),
      ),
    );
    const [a, b, c] = [popular!, near!, als!].map((one) => one.evaluate(test, 10));
    expect(b!["recall@10"]!).toBeGreaterThan(a!["recall@10"]!);
    expect(c!["recall@10"]!).toBeGreaterThan(a!["recall@10"]!);
    expect(c!.users).toBe(500);
    for (const metrics of [a!, b!, c!]) for (const name of ["recall@10", "ndcg@10", "hitRate@10"]) expect(metrics[name]).toBeLessThan(1);
  });
  it.each([
    ["popular items", popularItems({ top: 7 })],
    ["item neighbours", itemNeighbours({ k: 20, shrink: 3 })],
    ["alternating least squares", alternatingLeastSquares({ factors: 6, rounds: 4 })],
  ])("%s: the file names the same items in the same order, for known users and strangers", async (_name, estimator) => {
    const model = await estimator.fit(train, columns);
    const users = [...new Set(train.user as string[])].slice(0, 60).concat("a stranger", "");
    const answer = await run(model.toOnnx(), { user: texts(users) });
    const ours = model.predict(users);
    const top = model.signature.outputs[0]!.shape[1];
    expect(answer.items!.dims).toEqual([users.length, top]);
    expect(Array.from(answer.items!.data as unknown as string[])).toEqual(ours.flat().map((one) => one.item));
    const scores = answer.scores!.data as Float32Array;
    expect(ours.flat().every((one, i) => Math.abs(one.score - scores[i]!) < 1e-5)).toBe(true);
    for (const [u, list] of ours.entries()) {
      const seen = new Set((train.item as string[]).filter((_, e) => (train.user as string[])[e] === users[u]));
      expect(list.some((one) => seen.has(one.item))).toBe(false);
    }
  });
  it("cosine, ranks and metrics by hand", async () => {
    const events: Columns = { user: ["a", "a", "b", "b", "c"], item: ["x", "y", "x", "y", "x"] };
    const model = await itemNeighbours({ top: 3 }).fit(events, columns);
    // cosine(x, y) = 2 / √(3·2)
    expect(model.predict(["c"])[0]![0]!.item).toBe("y");
    expect(model.predict(["c"])[0]![0]!.score).toBeCloseTo(2 / Math.sqrt(6), 6);
    expect(model.predict(["stranger"])[0]!.map((one) => one.item)).toEqual(["x", "y"]);
    expect(model.evaluate({ user: ["c"], item: ["y"] }, 1)).toEqual({ "recall@1": 1, "ndcg@1": 1, "hitRate@1": 1, users: 1 });
    await expect(itemNeighbours().fit({ user: ["a"], item: ["x"] }, columns)).rejects.toThrow(/too few/);
    await expect(itemNeighbours().fit(events, { user: "who", item: "item" })).rejects.toThrow(/no column who/);
  });
});

describe("basket rules", () => {
  const orders: Columns = { items: ["bread|butter|jam", "bread|butter", "bread|butter|jam|milk", "milk", "bread|milk", "butter|jam"] };
  it("support, confidence and lift by hand", () => {
    const model = basketRules({ support: 0.3, confidence: 0.5 }).fit(orders, { basket: "items" });
    const rule = model.rules.find((one) => one.antecedent.join() === "jam" && one.consequent === "butter")!;
    expect(rule).toMatchObject({ support: 0.5, confidence: 1, lift: 1.5 });
    const pair = model.rules.find((one) => one.antecedent.join() === "bread,butter" && one.consequent === "jam")!;
    expect([pair.support, pair.confidence, pair.lift].map((one) => Math.round(one * 1e6) / 1e6)).toEqual([0.333333, 0.666667, 1.333333]);
    expect(model.rules.every((one, i) => i === 0 || one.confidence <= model.rules[i - 1]!.confidence)).toBe(true);
    expect(() => basketRules({ support: 0.9 }).fit(orders, { basket: "items" })).toThrow(/Lower one of them/);
  });
  it("the file suggests the same item for every basket, empty and unknown ones too", async () => {
    const random = mulberry32(2);
    const names = ["bread", "butter", "jam", "milk", "tea", "soap"];
    const many: Columns = {
      items: Array.from({ length: 300 }, () => names.filter((_, k) => random() < [0.6, 0.5, 0.4, 0.3, 0.3, 0.1][k]!).join("|")),
    };
    const model = basketRules({ support: 0.02, confidence: 0.2 }).fit(many, { basket: "items" });
    const baskets = [...(many.items as string[]).slice(0, 80), "", "caviar", "bread|caviar", names.join("|")];
    const answer = await run(model.toOnnx(), { items: texts(baskets) });
    const ours = model.predict(baskets);
    expect(Array.from(answer.item!.data as unknown as string[])).toEqual(ours.map((one) => one.item));
    for (const name of ["confidence", "lift"] as const)
      expect(ours.every((one, i) => Math.abs(one[name] - (answer[name]!.data as Float32Array)[i]!) < 1e-5)).toBe(true);
    expect(model.evaluate(many).coverage).toBeGreaterThan(0.5);
  });
});

describe("forecasts", () => {
  const series = Float64Array.from({ length: 70 }, (_, t) => 100 + 0.5 * t + 10 * Math.sin((2 * Math.PI * t) / 7));
  it("baselines by hand", () => {
    const y = [1, 2, 3, 4, 5, 7];
    expect([...forecast({ method: "last" }).fit(y).predict(2)]).toEqual([7, 7]);
    expect([...forecast({ method: "mean" }).fit([2, 4]).predict(1)]).toEqual([3]);
    expect([...forecast({ method: "drift" }).fit(y).predict(2)]).toEqual([8.2, 9.4]);
    expect([...forecast({ method: "seasonal", season: 3 }).fit(y).predict(4)]).toEqual([4, 5, 7, 4]);
    expect(forecast({ method: "last" }).fit(y).evaluate([8, 9])).toMatchObject({ mae: 1.5 });
    expect(() => forecast().fit([1, Number.NaN, 2])).toThrow(/Fill gaps first/);
    expect(() => forecast({ method: "holt-winters", season: 7 }).fit(y)).toThrow(/Give at least 15/);
  });
  it("Holt–Winters follows trend and season, and beats last season", () => {
    const [past, future] = [series.slice(0, 56), series.slice(56)];
    const smart = forecast({ method: "holt-winters", season: 7 }).fit(past).evaluate(future);
    const naive = forecast({ method: "seasonal", season: 7 }).fit(past).evaluate(future);
    expect(smart.rmse).toBeLessThan(0.5);
    expect(smart.rmse).toBeLessThan(naive.rmse!);
  });
  it.each(["mean", "last", "seasonal", "drift", "holt-winters"] as const)("%s: the file answers each step", async (method) => {
    const model = forecast({ method, season: 7 }).fit(series);
    const steps = BigInt64Array.from({ length: 30 }, (_, h) => BigInt(h + 1));
    const answer = (await run(model.toOnnx(), { step: new ort.Tensor("int64", steps, [30, 1]) })).prediction!.data as Float32Array;
    expect(model.predict(30).every((one, h) => Math.abs(one - answer[h]!) / Math.max(1, Math.abs(one)) < 1e-6)).toBe(true);
  });
});

// Explanations and calibration: Shapley values against their definition, importance that finds what matters, calibration that lowers the
// loss and answers alike in the ONNX file.
import { describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { bestTemperature, calibrate, plattLine } from "#lib/learn/estimators/calibration.ts";
import type { Estimator, Fitted } from "#lib/learn/estimators/estimator.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { naiveBayes } from "#lib/learn/estimators/naive-bayes.ts";
import { decisionTree, randomForest } from "#lib/learn/estimators/random-forest.ts";
import { importance, partialDependence, permutationImportance } from "#lib/learn/explain/importance.ts";
import { treeShap } from "#lib/learn/explain/tree-shap.ts";
import { levelCodes } from "#lib/learn/preprocess/categories.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { type Columns, dropColumns, takeRows } from "#lib/learn/tables/table.ts";
import { childOf, type Ensemble } from "#lib/learn/trees/ensemble.ts";
import { customers, distance, throughOnnx } from "#test/kit/tables.ts";

const lost = { target: "isLost", positive: "yes" };
const train = dropColumns(customers(700, 1), ["tier", "spend", "visits", "note", "street"]);
const test = dropColumns(customers(400, 2), ["tier", "spend", "visits", "note", "street"]);

/** The mean answer of the trees when only some features are known: missing ones are averaged over by cover. */
const expected = (trees: Ensemble, row: Float32Array, known: ReadonlySet<number>, output: number): number => {
  const visit = (node: number): number => {
    const f = trees.feature[node]!;
    if (f < 0) return trees.value[trees.leafWidth === 1 ? node : node * trees.width + output]!;
    if (known.has(f)) return visit(childOf(trees, node, row[f]!));
    const [l, r] = [trees.left[node]!, trees.right[node]!];
    return (trees.cover[l]! * visit(l) + trees.cover[r]! * visit(r)) / trees.cover[node]!;
  };
  const own = [...trees.roots.keys()].filter((t) => trees.leafWidth > 1 || trees.targets[t] === output);
  return trees.base[output]! + own.reduce((sum, t) => sum + visit(trees.roots[t]!), 0);
};
const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));
/** Shapley's definition, over all subsets. */
const shapley = (trees: Ensemble, row: Float32Array, features: number, j: number, output: number): number => {
  const others = [...Array(features).keys()].filter((f) => f !== j);
  let sum = 0;
  for (let mask = 0; mask < 2 ** others.length; mask++) {
    const known = new Set(others.filter((_, bit) => mask & (1 << bit)));
    const weight = (factorial(known.size) * factorial(features - known.size - 1)) / factorial(features);
    sum += weight * (expected(trees, row, new Set([...known, j]), output) - expected(trees, row, known, output));
  }
  return sum;
};

describe("TreeSHAP", () => {
  const small = dropColumns(train, ["since"]);
  it.each<[string, Estimator, string, number]>([
    ["a tree", decisionTree({ depth: 4 }), "yes", 0],
    ["a forest", randomForest({ trees: 5, depth: 5 }), "yes", 0],
    [
      "boosted trees with missing values and sets of levels",
      boostedTrees({ trees: 8, depth: 4, preprocess: { place: levelCodes() } }),
      "yes",
      0,
    ],
    ["boosted trees, one of several classes", boostedTrees({ trees: 4, depth: 3 }), "", 1],
  ])("%s: equals Shapley's definition, and adds up to the score", async (_name, estimator, positive, output) => {
    const table = positive ? small : { ...dropColumns(small, ["isLost"]), isLost: customers(700, 1).tier! };
    const model = await estimator.fit(table, { target: "isLost", ...(positive ? { positive } : {}) });
    const rows = takeRows(test, [0, 1, 2, 3, 4, 5]);
    const { base, values } = treeShap(model, rows, { output });
    const trees = model.inside.head.more!.trees as Ensemble;
    const x = model.inside.pipeline.encode(rows);
    const { features } = model.inside.pipeline;
    for (let i = 0; i < 6; i++) {
      const row = x.data.subarray(i * x.width, (i + 1) * x.width);
      for (const [j, feature] of features.entries())
        expect(values[feature.column]![i]).toBeCloseTo(shapley(trees, row, features.length, j, output), 9);
      const whole = Object.values(values).reduce((sum, column) => sum + column[i]!, base);
      expect(whole).toBeCloseTo(expected(trees, row, new Set(features.keys()), output), 9);
    }
  });
  it("an estimator without trees says what to take instead", async () => {
    const model = await logisticRegression().fit(train, lost);
    expect(() => treeShap(model, test)).toThrow(/Take permutationImportance/);
  });
});

describe("importance and dependence", () => {
  const random = mulberry32(3);
  const make = (n: number): Columns => {
    const strong = Float64Array.from({ length: n }, () => random());
    const weak = Float64Array.from({ length: n }, () => random());
    const noise = Float64Array.from({ length: n }, () => random());
    return { strong, weak, noise, t: strong.map((one, i) => 10 * one + 2 * weak[i]! + 0.1 * random()) };
  };
  it("own and permuted importance put the strong column first and the noise last", async () => {
    const [fresh, later] = [make(600), make(300)];
    for (const estimator of [boostedTrees({ trees: 60 }), randomForest({ trees: 20 })]) {
      const model = await estimator.fit(fresh, { target: "t" });
      expect(importance(model).map((one) => one.column)).toEqual(["strong", "weak", "noise"]);
      expect(importance(model).reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1, 9);
      const permuted = permutationImportance(model, later, { metric: "rmse", seed: 1 });
      expect(permuted.map((one) => one.column)).toEqual(["strong", "weak", "noise"]);
      expect(permuted[0]!.mean).toBeGreaterThan(1);
      expect(Math.abs(permuted[2]!.mean)).toBeLessThan(0.1);
    }
    const model = await boostedTrees({ trees: 10 }).fit(fresh, { target: "t" });
    expect(() => permutationImportance(model, later, { metric: "auc" })).toThrow(/no metric auc\. This model has: mae, rmse, r2/);
  });
  it("partial dependence follows the truth along numbers, and names levels", async () => {
    const model = await boostedTrees({ trees: 150 }).fit(make(800), { target: "t" });
    const curve = partialDependence(model, make(200), "strong", { points: 11 });
    expect((curve.at(-1)!.mean - curve[0]!.mean) / ((curve.at(-1)!.value as number) - (curve[0]!.value as number))).toBeCloseTo(10, 0);
    const byPlace = partialDependence(await boostedTrees({ trees: 40 }).fit(train, lost), test, "place");
    const of = (place: string): number => byPlace.find((one) => one.value === place)!.mean;
    expect(of("north")).toBeGreaterThan(of("west"));
  });
});

describe("calibration", () => {
  const apart = async (model: Fitted): Promise<number> =>
    distance(model.answer(test)[model.signature.outputs[0]!.name]!, (await throughOnnx(model, test))[model.signature.outputs[0]!.name]!);
  it.each(["platt", "isotonic", "temperature"] as const)(
    "%s lowers the loss of an overconfident model, and the file answers alike",
    async (by) => {
      const model = await naiveBayes().fit({ ...train, again: train.age!, oncemore: train.age! }, lost);
      const many = dropColumns(customers(2400, 2), ["tier", "spend", "visits", "note", "street"]);
      const rows = { ...many, again: many.age!, oncemore: many.age! };
      const fitting = takeRows(
        rows,
        Array.from({ length: 1200 }, (_, i) => i),
      );
      const judging = takeRows(
        rows,
        Array.from({ length: 1200 }, (_, i) => 1200 + i),
      );
      const honest = calibrate(model, fitting, { by });
      // a rising step curve says 0 and 1 at its ends, which the logarithm does not forgive: it is judged by squares
      const loss = by === "isotonic" ? "brier" : "logLoss";
      expect(honest.evaluate(judging)[loss]).toBeLessThan(model.evaluate(judging)[loss]!);
      expect(honest.params.calibration).toBe(by);
      const main = honest.answer(judging).probability!;
      expect(distance(main, (await throughOnnx(honest, judging)).probability!)).toBeLessThan(1e-5);
    },
  );
  it("temperature keeps the order of classes and their labels", async () => {
    const table = { ...dropColumns(train, ["isLost"]), tier: customers(700, 1).tier! };
    const rows = { ...dropColumns(test, ["isLost"]), tier: customers(400, 2).tier! };
    const model = await boostedTrees({ trees: 60, rate: 0.3 }).fit(table, { target: "tier" });
    const honest = calibrate(model, rows, { by: "temperature" });
    expect(honest.answer(rows).label!.data).toEqual(model.answer(rows).label!.data);
    expect(honest.evaluate(rows).logLoss).toBeLessThan(model.evaluate(rows).logLoss!);
    expect(await apart(honest)).toBeLessThan(1e-5);
    expect(() => calibrate(model, rows, { by: "platt" })).toThrow(/calibrates one probability/);
  });
  it("finds the line and the temperature that made the labels", () => {
    const random = mulberry32(1);
    const z = Float64Array.from({ length: 40_000 }, () => 6 * random() - 3);
    const y = z.map((one) => Number(random() < 1 / (1 + Math.exp(-(0.5 * one - 1)))));
    const { slope, shift } = plattLine(z, y);
    expect(slope).toBeCloseTo(0.5, 1);
    expect(shift).toBeCloseTo(-1, 1);
    const halved = z.map((one) => Number(random() < 1 / (1 + Math.exp(-one / 2))));
    const pairs = Float64Array.from({ length: z.length * 2 }, (_, at) => (at % 2 ? z[at >> 1]! : 0));
    expect(bestTemperature(pairs, halved, 2)).toBeCloseTo(2, 1);
  });
});

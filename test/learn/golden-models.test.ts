// Trees, explanations, calibration, encodings, recommenders, basket rules and forecasts beside the reference packages, on the same rows:
// golden/models.py made the numbers, models.json keeps them with versions and seed. What is deterministic is equal; what is drawn lies as
// near to the mean of very many of theirs as one of theirs does.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { bestTemperature, plattLine } from "#lib/learn/estimators/calibration.ts";
import { clusters } from "#lib/learn/estimators/clusters.ts";
import type { Estimator, FitOptions } from "#lib/learn/estimators/estimator.ts";
import { type ForecastMethod, forecast } from "#lib/learn/estimators/forecast.ts";
import { isolationForest } from "#lib/learn/estimators/isolation-forest.ts";
import { decisionTree, randomForest } from "#lib/learn/estimators/random-forest.ts";
import { importance, partialDependence, permutationImportance } from "#lib/learn/explain/importance.ts";
import { treeShap } from "#lib/learn/explain/tree-shap.ts";
import { pinballLoss } from "#lib/learn/metrics/regression.ts";
import { oneHot, targetEncoding } from "#lib/learn/preprocess/categories.ts";
import type { Encoding, Goal } from "#lib/learn/preprocess/encoder.ts";
import { numbers } from "#lib/learn/preprocess/numbers.ts";
import { textHashing } from "#lib/learn/preprocess/text.ts";
import { basketRules } from "#lib/learn/recommend/basket-rules.ts";
import { alternatingLeastSquares, itemNeighbours, type RecommenderEstimator } from "#lib/learn/recommend/factors.ts";
import { type Column, type Columns, takeRows } from "#lib/learn/tables/table.ts";

type Drawn = { answers: number[]; apart: number };
type Golden = {
  versions: Record<string, string>;
  seed: number;
  table: { train: number; x: (number | null)[][]; y2: number[]; y3: number[]; yn: number[]; yc: number[]; w: number[] };
  boosted: Record<"binary" | "classes" | "squares" | "weighted" | "poisson" | "monotone", number[]>;
  lightgbm: Record<"auc" | "logLoss" | "rmse" | "pinball", number>;
  forests: Record<"binary" | "classes" | "number" | "isolation", Drawn>;
  trees: Record<
    | "binary"
    | "classes"
    | "number"
    | "importance"
    | "shap"
    | "shapClass"
    | "shapNumber"
    | "shapBoosted"
    | "grid"
    | "dependence"
    | "dependenceNumber",
    number[]
  > & { base: number; permuted: { mean: number[]; sd: number[] } };
  calibration: { z: number[]; slope: number; shift: number; logits: number[]; temperature: number };
  encodings: {
    levels: string[];
    texts: string[];
    oneHot: number[];
    range: number[];
    targetClasses: Record<string, number[]>;
    targetNumber: Record<string, number>;
    hashed: number[];
  };
  clusters: { x: number[][]; inertia: number; distances: number[] };
  recommend: { taken: [number, number, number][]; als: number[][]; cosine: number[][] };
  baskets: { baskets: string[]; rules: [string, string, number, number, number][] };
  forecasts: {
    series: number[];
    smoothings: { alpha: number; beta: number; gamma: number; ahead: number[] }[];
  } & Record<"last" | "seasonal" | "mean" | "drift", number[]>;
};
const golden = JSON.parse(readFileSync("test/learn/golden/models.json", "utf8")) as Golden;
const { versions, table } = golden;

const columns = (names: readonly (keyof Golden["table"])[], fill: number | null): Columns => ({
  ...Object.fromEntries(table.x.map((column, j) => [`x${j}`, Float64Array.from(column, (value) => value ?? fill ?? Number.NaN)])),
  ...Object.fromEntries(
    names.map((name) => {
      const values = table[name] as number[];
      return [name, name === "y3" ? values.map((one) => "abc"[one]!) : Float64Array.from(values)];
    }),
  ),
});
const rowsFrom = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const first = (all: Columns): Columns => takeRows(all, rowsFrom(0, table.train));
const rest = (all: Columns, count = table.y2.length - table.train): Columns => takeRows(all, rowsFrom(table.train, table.train + count));
const withGaps = (...names: (keyof Golden["table"])[]): Columns => columns(names, null);
const full = (...names: (keyof Golden["table"])[]): Columns => columns(names, -1.5);
const two = { target: "y2", positive: 1 };

const mainOf = async (estimator: Estimator, all: Columns, how: FitOptions): Promise<ArrayLike<number>> => {
  const model = await estimator.fit(first(all), how);
  return model.answer(all)[model.signature.outputs[0]!.name]!.data as Float64Array;
};
const apart = (ours: ArrayLike<number>, theirs: readonly number[]): number => {
  expect(ours.length).toBe(theirs.length);
  return theirs.reduce((most, one, i) => Math.max(most, Math.abs(one - ours[i]!)), 0);
};
const meanApart = (ours: ArrayLike<number>, theirs: readonly number[]): number =>
  Math.sqrt(theirs.reduce((sum, one, i) => sum + (one - ours[i]!) ** 2, 0) / theirs.length);

describe(`boosted trees beside scikit-learn ${versions["scikit-learn"]} and LightGBM ${versions.lightgbm}`, () => {
  const how = { rate: 0.2, trees: 15, depth: 3, minLeaf: 10, lambda: 1, bins: 254 };
  it.each<[keyof Golden["boosted"], Estimator, Columns, FitOptions, number]>([
    ["binary", boostedTrees(how), withGaps("y2"), two, 1e-5],
    ["classes", boostedTrees(how), withGaps("y3"), { target: "y3" }, 1e-5],
    ["squares", boostedTrees(how), withGaps("yn"), { target: "yn" }, 1e-4],
    ["weighted", boostedTrees(how), withGaps("yn", "w"), { target: "yn", weight: "w" }, 1e-4],
    ["poisson", boostedTrees({ ...how, loss: "poisson" }), withGaps("yc"), { target: "yc" }, 1e-4],
    ["monotone", boostedTrees({ ...how, monotone: { x0: "rising", x1: "falling" } }), full("yn"), { target: "yn" }, 1e-4],
  ])(
    "%s: every training row gets what HistGradientBoosting says (monotone: LightGBM), gaps included",
    async (name, estimator, all, fit, tolerance) => {
      // a cut through a bin that is empty in its node may lie at either end of it: other rows may differ there
      const theirs = golden.boosted[name];
      const count = (table.train / table.y2.length) * theirs.length;
      expect(apart(Array.from(await mainOf(estimator, all, fit)).slice(0, count), theirs.slice(0, count))).toBeLessThan(tolerance);
    },
  );
  it("as good as LightGBM on rows kept aside: two classes, three, numbers, a quantile", async () => {
    const like = { trees: 60, rate: 0.1, depth: 4, minLeaf: 10, lambda: 1, bins: 254 };
    const quality = async (estimator: Estimator, all: Columns, fit: FitOptions) => {
      const model = await estimator.fit(first(all), fit);
      return { metrics: model.evaluate(rest(all)), said: model.predict(rest(all)) };
    };
    const { auc, logLoss, rmse, pinball } = golden.lightgbm;
    expect((await quality(boostedTrees(like), withGaps("y2"), two)).metrics.auc).toBeGreaterThan(auc - 0.01);
    expect((await quality(boostedTrees(like), withGaps("y3"), { target: "y3" })).metrics.logLoss).toBeLessThan(logLoss * 1.03);
    expect((await quality(boostedTrees(like), withGaps("yn"), { target: "yn" })).metrics.rmse).toBeLessThan(rmse * 1.03);
    const { said } = await quality(boostedTrees({ ...like, loss: 0.8 }), withGaps("yn"), { target: "yn" });
    expect(pinballLoss(table.yn.slice(table.train), said, 0.8)).toBeLessThan(pinball * 1.06);
  });
});

describe("forests: as near to the mean of 3,000 of scikit-learn's trees as one of its forests", () => {
  it.each<[keyof Golden["forests"], Estimator, Columns, FitOptions]>([
    ["binary", randomForest({ trees: 300 }), full("y2"), two],
    ["classes", randomForest({ trees: 300, minLeaf: 3 }), full("y3"), { target: "y3" }],
    ["number", randomForest({ trees: 100, minLeaf: 2 }), full("yn"), { target: "yn" }],
    ["isolation", isolationForest({ trees: 300, sample: 256 }), full(), {}],
  ])("%s", async (name, estimator, all, fit) => {
    const { answers, apart: own } = golden.forests[name];
    expect(meanApart(await mainOf(estimator, all, fit), answers)).toBeLessThan(1.3 * own);
  });
});

describe(`trees and what explains them, beside scikit-learn and shap ${versions.shap}`, () => {
  const how = { depth: 4, minLeaf: 8 };
  const fitted = (all: Columns, fit: FitOptions) => decisionTree(how).fit(first(all), { ...fit, weight: "w" });
  const rowWise = (values: Record<string, Float64Array>): number[] =>
    Array.from({ length: 20 }, (_, i) => Object.values(values).map((column) => column[i]!)).flat();
  it("two classes, three, a number: the same answers", async () => {
    expect(apart(await mainOf(decisionTree(how), full("y2", "w"), { ...two, weight: "w" }), golden.trees.binary)).toBeLessThan(1e-6);
    expect(apart(await mainOf(decisionTree(how), full("y3", "w"), { target: "y3", weight: "w" }), golden.trees.classes)).toBeLessThan(1e-6);
    expect(apart(await mainOf(decisionTree(how), full("yn", "w"), { target: "yn", weight: "w" }), golden.trees.number)).toBeLessThan(1e-5);
  });
  it("importance by impurity", async () => {
    const shares = Object.fromEntries(importance(await fitted(full("y2", "w"), two)).map((one) => [one.column, one.share]));
    expect(
      apart(
        [0, 1, 2, 3, 4].map((j) => shares[`x${j}`] ?? 0),
        golden.trees.importance,
      ),
    ).toBeLessThan(1e-5);
  });
  it("TreeSHAP of trees and of boosted trees with gaps", async () => {
    const [tree, three, number] = [
      await fitted(full("y2", "w"), two),
      await fitted(full("y3", "w"), { target: "y3" }),
      await fitted(full("yn", "w"), { target: "yn" }),
    ];
    expect(apart(rowWise(treeShap(tree, rest(full(), 20)).values), golden.trees.shap)).toBeLessThan(1e-6);
    expect(apart(rowWise(treeShap(three, rest(full(), 20), { output: 2 }).values), golden.trees.shapClass)).toBeLessThan(1e-6);
    expect(apart(rowWise(treeShap(number, rest(full(), 20)).values), golden.trees.shapNumber)).toBeLessThan(1e-5);
    const boosted = await boostedTrees({ rate: 0.2, trees: 15, depth: 3, minLeaf: 10, lambda: 1, bins: 254 }).fit(
      first(withGaps("y2")),
      two,
    );
    const { base, values } = treeShap(boosted, rest(withGaps(), 20));
    expect(apart(rowWise(values), golden.trees.shapBoosted)).toBeLessThan(1e-4);
    expect(base).toBeCloseTo(golden.trees.base, 4);
  });
  it("partial dependence", async () => {
    const all = full("y2", "w");
    for (const [model, theirs] of [
      [await fitted(all, two), golden.trees.dependence],
      [await fitted(full("yn", "w"), { target: "yn" }), golden.trees.dependenceNumber],
    ] as const) {
      const points = new Set(all.x1 as Float64Array).size;
      const curve = partialDependence(model, first(full()), "x1", { points: 20 * points });
      const at = new Map(curve.map((one) => [one.value, one.mean]));
      expect(
        apart(
          golden.trees.grid.map((value) => at.get(value)!),
          theirs,
        ),
      ).toBeLessThan(1e-5);
    }
  });
  it("permutation importance, within the error of its draws", async () => {
    const drops = permutationImportance(await fitted(full("yn", "w"), { target: "yn" }), rest(full("yn", "w")), {
      metric: "rmse",
      repeats: 100,
      seed: 3,
    });
    const { mean, sd } = golden.trees.permuted;
    for (const [j, theirs] of mean.entries()) {
      const own = drops.find((one) => one.column === `x${j}`)!;
      expect(Math.abs(own.mean - theirs)).toBeLessThan(4 * sd[j]! * Math.sqrt(1 / 100 + 1 / 400) + 1e-9);
      expect(Math.abs(own.sd - sd[j]!)).toBeLessThan(0.35 * sd[j]! + 1e-9);
    }
  });
  it("k-means finds the same centres", async () => {
    const blobs: Columns = Object.fromEntries(golden.clusters.x.map((column, j) => [`x${j}`, Float64Array.from(column)]));
    const model = await clusters({ k: 3 }).fit(blobs);
    const { data, width } = model.answer(blobs).distances!;
    const sorted = Array.from({ length: data.length / width }, (_, i) =>
      Array.from({ length: width }, (_unused, k) => data[i * width + k] as number).sort((a, b) => a - b),
    ).flat();
    expect(model.inside.head.more!.inertia as number).toBeCloseTo(golden.clusters.inertia, 3);
    expect(apart(sorted, golden.clusters.distances)).toBeLessThan(1e-5);
  });
});

describe("calibration and encodings", () => {
  it("Platt's line and the temperature of least loss", () => {
    const { z, slope, shift, logits, temperature } = golden.calibration;
    const line = plattLine(Float64Array.from(z), table.y2);
    expect(line.slope).toBeCloseTo(slope, 4);
    expect(line.shift).toBeCloseTo(shift, 4);
    expect(bestTemperature(Float64Array.from(logits), table.y3, 3) / temperature).toBeCloseTo(1, 4);
  });
  const encode = (encoding: Encoding, column: Column, goal: Goal = { task: "none" }): { data: number[]; names: string[] } => {
    const encoder = encoding.fit(column, { name: "x", goal, seed: 0 });
    const width = encoder.features.length;
    const data = new Float32Array(column.length * width);
    encoder.encode(column, { data, width, at: 0 });
    return { data: [...data], names: encoder.features.map((one) => one.name) };
  };
  const { levels, texts, oneHot: hot, range, targetClasses, targetNumber, hashed } = golden.encodings;
  it("one-hot with a rare level left out, and the range scaled to 0 … 1", () => {
    const { data, names } = encode(oneHot({ limit: 4 }), levels);
    expect(names).toEqual(["a", "b", "c", "d"].map((level) => `x = ${level}`));
    expect(data.slice(0, 160)).toEqual(hot);
    expect(apart(encode(numbers({ scale: "range" }), full().x0!).data, range)).toBeLessThan(1e-6);
  });
  it("target encoding of several classes and of numbers", () => {
    const classes = encode(targetEncoding({ smoothing: 5 }), levels, {
      task: "classes",
      levels: ["a", "b", "c"],
      y: Float64Array.from(table.y3),
    });
    expect(
      apart(
        classes.data,
        levels.flatMap((level) => targetClasses[level]!),
      ),
    ).toBeLessThan(1e-6);
    const number = encode(targetEncoding({ smoothing: 5 }), levels, { task: "number", y: Float64Array.from(table.yn) });
    expect(
      apart(
        number.data,
        levels.map((level) => targetNumber[level]!),
      ),
    ).toBeLessThan(1e-6);
  });
  it("hashed words are HashingVectorizer's", () => {
    expect(encode(textHashing({ width: 32 }), texts).data).toEqual(hashed);
  });
});

describe(`recommenders beside implicit ${versions.implicit}, rules beside mlxtend ${versions.mlxtend}`, () => {
  const name = (kind: string, at: number): string => `${kind}${String(at).padStart(2, "0")}`;
  const { taken, als, cosine } = golden.recommend;
  const events: Columns = {
    user: taken.map(([u]) => name("u", u)),
    item: taken.map(([, i]) => name("i", i)),
    count: Float64Array.from(taken, ([, , weight]) => weight),
  };
  it.each<[string, RecommenderEstimator, number[][], number]>([
    ["item neighbours: every score", itemNeighbours({ k: 25, top: 25 }), cosine, 1e-5],
    [
      "alternating least squares from the same start: every score",
      alternatingLeastSquares({ factors: 4, rounds: 6, l2: 0.3, alpha: 2, top: 25 }),
      als,
      1e-5,
    ],
  ])("%s", async (_name, estimator, theirs, tolerance) => {
    const model = await estimator.fit(events, { user: "user", item: "item", weight: "count" });
    const lists = model.predict(theirs.map((_, u) => name("u", u)));
    for (const [u, scores] of theirs.entries()) {
      const open = [...scores.keys()].filter((i) => scores[i]! > -1e8);
      const own = new Map(lists[u]!.filter((one) => one.item !== "").map((one) => [one.item, one.score]));
      expect([...own.keys()].sort()).toEqual(open.map((i) => name("i", i)));
      expect(
        apart(
          open.map((i) => own.get(name("i", i))!),
          open.map((i) => scores[i]!),
        ),
      ).toBeLessThan(tolerance);
    }
  });
  it("rules: the same, with the same support, confidence and lift", () => {
    const model = basketRules({ support: 0.08, confidence: 0.4 }).fit({ items: golden.baskets.baskets }, { basket: "items" });
    const ours = model.rules
      .map((one) => [[...one.antecedent].sort().join(""), one.consequent, one.support, one.confidence, one.lift] as const)
      .sort(([a, b], [c, d]) => (a + b < c + d ? -1 : 1));
    const theirs = [...golden.baskets.rules].sort(([a, b], [c, d]) => (a + b < c + d ? -1 : 1));
    expect(ours.map(([a, b]) => `${a} → ${b}`)).toEqual(theirs.map(([a, b]) => `${a} → ${b}`));
    expect(
      apart(
        ours.flatMap((one) => one.slice(2) as number[]),
        theirs.flatMap((one) => one.slice(2) as number[]),
      ),
    ).toBeLessThan(1e-9);
  });
});

describe(`forecasts beside sktime ${versions.sktime} and statsmodels ${versions.statsmodels}`, () => {
  const { series, smoothings } = golden.forecasts;
  it.each(["last", "seasonal", "mean", "drift"] as const)("%s", (method: ForecastMethod & keyof Golden["forecasts"]) => {
    expect(apart(forecast({ method, season: 7 }).fit(series).predict(15), golden.forecasts[method])).toBeLessThan(1e-6);
  });
  it("Holt–Winters with given smoothing", () => {
    for (const { ahead, alpha, beta, gamma } of smoothings) {
      const said = forecast({ method: "holt-winters", season: 7, smoothing: { alpha, beta, gamma } }).fit(series).predict(15);
      // whole seasons ahead theirs takes the season's last value but one
      for (const [h, theirs] of ahead.entries()) if ((h + 1) % 7 !== 0) expect(said[h]).toBeCloseTo(theirs, 6);
    }
    expect(() => forecast({ method: "last", smoothing: { alpha: 0.1, beta: 0, gamma: 0 } })).toThrow(/smooths nothing/);
  });
});

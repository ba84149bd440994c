// Our mathematics beside scikit-learn's on the same small table: golden/make.py made the numbers, golden.json keeps them with versions and
// seed. Columns are standardised here by our own encoding, there by StandardScaler.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isotonicCurve } from "#lib/learn/estimators/calibration.ts";
import { clusters } from "#lib/learn/estimators/clusters.ts";
import { components } from "#lib/learn/estimators/components.ts";
import type { Estimator, FitOptions } from "#lib/learn/estimators/estimator.ts";
import { linearRegression, ridge } from "#lib/learn/estimators/linear.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { naiveBayes } from "#lib/learn/estimators/naive-bayes.ts";
import { neighbours } from "#lib/learn/estimators/neighbours.ts";
import { decisionTree } from "#lib/learn/estimators/random-forest.ts";
import { targetEncoding } from "#lib/learn/preprocess/categories.ts";
import type { Encoding, Goal } from "#lib/learn/preprocess/encoder.ts";
import { numbers, quantileBins } from "#lib/learn/preprocess/numbers.ts";
import { hashing, tfidf } from "#lib/learn/preprocess/text.ts";
import { type Column, type Columns, takeRows } from "#lib/learn/tables/table.ts";

type Golden = {
  versions: Record<string, string | number>;
  x: number[][];
  y2: number[];
  y3: number[];
  yn: number[];
  cats: string[];
  weights: number[];
  standard: number[][];
  robust: number[][];
  inertia: number;
  pca: { components: number[]; share: number[] };
  isotonic: { p: number[]; fitted: number[] };
  tfidf: { texts: string[]; vocabulary: string[]; matrix: number[][] };
  hashing: { words: string[]; matrix: number[][] };
  bins: { edges: number[] };
  target: Record<string, number>;
} & Record<
  | "linear"
  | "linearWeighted"
  | "ridge"
  | "wide"
  | "logisticL2"
  | "logisticL1"
  | "logisticElastic"
  | "logisticThree"
  | "logisticWeighted"
  | "gaussian"
  | "categorical"
  | "neighbours"
  | "neighboursNumber"
  | "treeGini"
  | "treeSquares",
  number[]
>;
const golden = JSON.parse(readFileSync("test/learn/golden/golden.json", "utf8")) as Golden;

const inputs: Columns = Object.fromEntries(golden.x.map((column, j) => [`x${j}`, Float64Array.from(column)]));
const table: Columns = {
  ...inputs,
  y2: Float64Array.from(golden.y2),
  y3: golden.y3.map((one) => "abc"[one]!),
  yn: Float64Array.from(golden.yn),
  w: Float64Array.from(golden.weights),
};
const pick = (...names: string[]): Columns => Object.fromEntries([...Object.keys(inputs), ...names].map((name) => [name, table[name]!]));
const two = { target: "y2", positive: 1 };

const apart = (ours: ArrayLike<number | string>, theirs: readonly number[]): number => {
  expect(ours.length).toBe(theirs.length);
  return theirs.reduce((most, one, i) => Math.max(most, Math.abs(one - Number(ours[i]))), 0);
};

describe(`estimators equal scikit-learn ${golden.versions.sklearn}`, () => {
  const cases: [keyof Golden, Estimator, FitOptions, number][] = [
    ["linear", linearRegression(), { target: "yn" }, 1e-5],
    ["linearWeighted", linearRegression(), { target: "yn", weight: "w" }, 1e-5],
    ["ridge", ridge({ l2: 5 }), { target: "yn" }, 1e-5],
    ["logisticL2", logisticRegression({ l2: 1 }), two, 1e-6],
    ["logisticL1", logisticRegression({ l1: 2, l2: 0 }), two, 1e-5],
    ["logisticElastic", logisticRegression({ l1: 1, l2: 1 }), two, 1e-5],
    ["logisticThree", logisticRegression({ l2: 1 }), { target: "y3" }, 1e-5],
    ["logisticWeighted", logisticRegression({ l2: 1 }), { ...two, weight: "w" }, 1e-6],
    ["gaussian", naiveBayes(), { target: "y3" }, 1e-5],
    ["neighbours", neighbours({ k: 7 }), { target: "y3" }, 1e-6],
    ["neighboursNumber", neighbours({ k: 5 }), { target: "yn" }, 1e-6],
    ["treeGini", decisionTree({ depth: 3, minLeaf: 5 }), two, 1e-6],
    ["treeSquares", decisionTree({ depth: 3, minLeaf: 5 }), { target: "yn" }, 1e-6],
  ];
  it.each(cases)("%s", async (name, estimator, how, tolerance) => {
    const own = pick(how.target!, ...(how.weight ? [how.weight] : []));
    const model = await estimator.fit(own, how);
    const main = model.answer(own)[model.signature.outputs[0]!.name]!;
    expect(apart(main.data, golden[name] as number[])).toBeLessThan(tolerance);
  });
  it("more columns than rows: the least-squares solution of least norm", async () => {
    // the encoding of all rows, then a fit on three of them: the wide system itself
    const scaler = await linearRegression().fit(pick("yn"), { target: "yn" });
    const all = scaler.inside.pipeline.encode(table);
    const z = Object.fromEntries(
      Array.from({ length: 4 }, (_, j) => [`x${j}`, Float64Array.from({ length: all.rows }, (_unused, i) => all.data[i * 4 + j]!)]),
    );
    const first = takeRows(
      { ...z, yn: table.yn! },
      Array.from({ length: 12 }, (_, i) => i % 3),
    );
    const raw = Object.fromEntries(Object.keys(z).map((name) => [name, numbers({ scale: "none" })]));
    const model = await linearRegression({ preprocess: raw }).fit(first, { target: "yn" });
    expect(apart(model.predict(z), golden.wide)).toBeLessThan(1e-4);
  });
  it("categorical naive Bayes", async () => {
    const own: Columns = { cat: golden.cats, y3: table.y3! };
    const model = await naiveBayes().fit(own, { target: "y3" });
    expect(apart(model.answer(own).probabilities!.data, golden.categorical)).toBeLessThan(1e-7);
  });
  it("k-means is no worse than the best of fifty starts of theirs", async () => {
    const model = await clusters({ k: 3, starts: 20 }).fit(inputs);
    expect(model.inside.head.more!.inertia).toBeLessThan(golden.inertia + 1e-3);
  });
  it("principal components, signs included, and the share each explains", async () => {
    const model = await components({ k: 2 }).fit(inputs);
    expect(apart(model.answer(inputs).components!.data, golden.pca.components)).toBeLessThan(1e-5);
    expect(apart(model.inside.head.more!.share as Float64Array, golden.pca.share)).toBeLessThan(1e-6);
  });
});

describe("encodings equal scikit-learn's", () => {
  const none: Goal = { task: "none" };
  const encode = (encoding: Encoding, column: Column, goal: Goal = none): { data: Float32Array; width: number; names: string[] } => {
    const encoder = encoding.fit(column, { name: "x", goal, seed: 0 });
    const width = encoder.features.length;
    const data = new Float32Array(column.length * width);
    encoder.encode(column, { data, width, at: 0 });
    return { data, width, names: encoder.features.map((one) => one.name) };
  };
  it.each([
    ["standard", golden.standard],
    ["robust", golden.robust],
  ] as const)("%s scaling", (scale, wanted) => {
    for (let j = 0; j < 4; j++) {
      const { data } = encode(numbers({ scale }), inputs[`x${j}`]!);
      expect(
        apart(
          data.slice(0, 5),
          wanted.map((row) => row[j]!),
        ),
      ).toBeLessThan(1e-6);
    }
  });
  it("TF-IDF with word pairs", () => {
    const { data, width, names } = encode(tfidf({ longest: 2 }), golden.tfidf.texts);
    const words = names.map((name) => name.replace("x has ", ""));
    expect([...words].sort()).toEqual([...golden.tfidf.vocabulary].sort());
    for (const [i, row] of golden.tfidf.matrix.entries())
      for (const [k, word] of golden.tfidf.vocabulary.entries()) expect(data[i * width + words.indexOf(word)]).toBeCloseTo(row[k]!, 6);
  });
  it("hashing puts texts into FeatureHasher's columns with its signs", () => {
    expect(apart(encode(hashing({ width: 16 }), golden.hashing.words).data, golden.hashing.matrix.flat())).toBe(0);
  });
  it("quantile bins have KBinsDiscretizer's edges", () => {
    const { names } = encode(quantileBins({ count: 4 }), inputs.x0!);
    const inner = golden.bins.edges.slice(1, -1);
    expect(names).toHaveLength(4);
    expect(
      apart(
        names.slice(0, 3).map((name) => /([-\d.]+)\]?$/.exec(name)![1]!),
        inner,
      ),
    ).toBeLessThan(1e-6);
  });
  it("target encoding with smoothing, on rows that were not trained on", () => {
    const { data } = encode(targetEncoding({ smoothing: 10 }), golden.cats, { task: "binary", y: Float64Array.from(golden.y2) });
    expect(
      apart(
        data,
        golden.cats.map((one) => golden.target[one]!),
      ),
    ).toBeLessThan(1e-6);
  });
  it("isotonic calibration", () => {
    const knots = isotonicCurve(
      golden.isotonic.p,
      golden.isotonic.fitted.map((_, i) => golden.y2[i]!),
    );
    const at = (x: number): number => knots.findLast((knot) => knot.x <= x)!.y;
    expect(apart(golden.isotonic.p.map(at), golden.isotonic.fitted)).toBeLessThan(1e-9);
  });
});

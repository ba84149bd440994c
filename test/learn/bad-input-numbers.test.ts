// Bad input where no classes are told apart: numbers, clusters, projections and anomalies take the same odd tables, answer finite numbers,
// and their files answer the same.
import { describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { clusters } from "#lib/learn/estimators/clusters.ts";
import { components } from "#lib/learn/estimators/components.ts";
import type { Estimator } from "#lib/learn/estimators/estimator.ts";
import { isolationForest } from "#lib/learn/estimators/isolation-forest.ts";
import { linearRegression, ridge } from "#lib/learn/estimators/linear.ts";
import { neighbours } from "#lib/learn/estimators/neighbours.ts";
import { decisionTree, randomForest } from "#lib/learn/estimators/random-forest.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { type Columns, takeRows } from "#lib/learn/tables/table.ts";
import { distance, throughOnnx } from "#test/kit/tables.ts";

const n = 60;
const random = mulberry32(3);
const draw = (): Float64Array => Float64Array.from({ length: n }, () => random());
const x = draw();
const t = x.map((value) => 3 * value + random());
const tables: [string, Columns][] = [
  [
    "constant, missing, infinite, huge and mixed columns",
    {
      x,
      same: new Float64Array(n).fill(7),
      gone: new Float64Array(n).fill(Number.NaN),
      blank: Array<string>(n).fill(""),
      wild: x.map((value, i) => (i % 9 === 0 ? Number.POSITIVE_INFINITY : i % 9 === 1 ? -1e308 : value)),
      level: Array.from({ length: n }, (_, i) => "abc"[i % 3]!),
      mixed: Array.from(x, (value, i) => (i < 40 ? String(value) : "n/a")),
    },
  ],
  ["more columns than rows", Object.fromEntries(Array.from({ length: 90 }, (_, j) => [`c${j}`, draw()]))],
  ["nothing but a constant", { same: new Float64Array(n).fill(7) }],
];
const estimators: [string, Estimator, boolean][] = [
  ["linear regression", linearRegression(), true],
  ["ridge", ridge(), true],
  ["decision tree", decisionTree(), true],
  ["random forest", randomForest({ trees: 5 }), true],
  ["boosted trees", boostedTrees({ trees: 5, minLeaf: 2 }), true],
  ["boosted trees, a quantile", boostedTrees({ trees: 5, minLeaf: 2, loss: 0.9 }), true],
  ["boosted trees, counts", boostedTrees({ trees: 5, minLeaf: 2, loss: "poisson" }), true],
  ["neighbours", neighbours({ k: 3 }), true],
  ["k-means", clusters({ k: 3 }), false],
  ["principal components", components({ k: 2 }), false],
  ["isolation forest", isolationForest({ trees: 10 }), false],
];

describe.each(estimators)("%s", (_name, estimator, learnsTarget) => {
  const how = learnsTarget ? { target: "t" } : {};
  it.each(tables)("%s", async (_table, inputs) => {
    const table: Columns = learnsTarget ? { ...inputs, t } : inputs;
    const model = await estimator.fit(table, how);
    expect(model.predict(inputs).every(Number.isFinite)).toBe(true);
    expect(Object.values(model.evaluate(table)).every(Number.isFinite)).toBe(true);
    const output = model.signature.outputs[0]!.name;
    expect(distance(model.answer(inputs)[output]!, (await throughOnnx(model, inputs))[output]!)).toBeLessThan(1e-5);
  });
  it("a row and no row are refused with what to do, and no row is answered by nothing", async () => {
    const table: Columns = { x, t };
    for (const rows of [[0], []])
      await expect(estimator.fit(takeRows(learnsTarget ? table : { x }, rows), how)).rejects.toThrow(/Give (at least|fewer)/);
    const model = await estimator.fit(learnsTarget ? table : { x }, how);
    expect(model.predict({ x: new Float64Array(0) })).toHaveLength(0);
  });
});

describe("a projection", () => {
  it("tells how much of the variance it keeps, all of it with as many components as columns", async () => {
    const table: Columns = { x, y: x.map((value) => -2 * value + 0.1 * random()), z: draw() };
    const whole = (await components({ k: 3 }).fit(table)).evaluate(table);
    expect(Math.abs(whole.varianceKept! - 1)).toBeLessThan(1e-5);
    const two = await components({ k: 2 }).fit(table);
    const share = two.inside.head.more!.share as ArrayLike<number>;
    expect(Math.abs(two.evaluate(table).varianceKept! - (share[0]! + share[1]!))).toBeLessThan(1e-5);
  });
});

// One promise for every estimator: the ONNX file, given raw columns with gaps, unseen levels, infinities, prose and dates, answers what
// the notebook answered, to 1e-5.
import { describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { clusters } from "#lib/learn/estimators/clusters.ts";
import { components } from "#lib/learn/estimators/components.ts";
import type { Estimator, FitOptions } from "#lib/learn/estimators/estimator.ts";
import { isolationForest } from "#lib/learn/estimators/isolation-forest.ts";
import { linearRegression, ridge } from "#lib/learn/estimators/linear.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { naiveBayes } from "#lib/learn/estimators/naive-bayes.ts";
import { neighbours } from "#lib/learn/estimators/neighbours.ts";
import { decisionTree, randomForest } from "#lib/learn/estimators/random-forest.ts";
import { type Columns, dropColumns } from "#lib/learn/tables/table.ts";
import { customers, distance, spoiled, throughOnnx } from "#test/kit/tables.ts";

const targets = ["isLost", "tier", "spend", "visits"];
const train = customers(900, 1);
const test = customers(300, 2);
const only = (table: Columns, target?: string): Columns =>
  dropColumns(
    table,
    targets.filter((name) => name !== target),
  );

const lost = { target: "isLost", positive: "yes" };
const tier = { target: "tier" };
const spend = { target: "spend" };
const table: [string, Estimator, FitOptions, string?][] = [
  ["linear regression", linearRegression(), spend],
  ["ridge", ridge({ l2: 3 }), spend],
  ["logistic, two classes", logisticRegression(), lost],
  ["logistic, L1", logisticRegression({ l1: 2 }), lost],
  ["logistic, three classes, elastic", logisticRegression({ l1: 0.5, l2: 0.5 }), tier],
  ["naive Bayes, two classes", naiveBayes(), lost],
  ["naive Bayes, three classes", naiveBayes(), tier],
  ["neighbours, votes", neighbours({ k: 7 }), lost],
  ["neighbours, distance, three classes", neighbours({ k: 9, by: "distance" }), tier],
  ["neighbours, a number", neighbours({ k: 5 }), spend],
  ["k-means", clusters({ k: 5 }), {}],
  ["principal components", components({ k: 4 }), {}],
  ["isolation forest", isolationForest({ trees: 50 }), {}],
  ["decision tree", decisionTree({ depth: 5 }), lost],
  ["decision tree, a number", decisionTree({ depth: 5, minLeaf: 5 }), spend],
  ["random forest, two classes", randomForest({ trees: 30 }), lost],
  ["random forest, three classes", randomForest({ trees: 30, minLeaf: 2 }), tier],
  ["random forest, a number", randomForest({ trees: 20 }), spend],
  ["boosted trees, two classes", boostedTrees({ trees: 60, depth: 4 }), lost],
  ["boosted trees, three classes", boostedTrees({ trees: 25, depth: 3 }), tier],
  ["boosted trees, squares", boostedTrees({ trees: 60 }), spend],
  ["boosted trees, quantile", boostedTrees({ trees: 40, loss: 0.8 }), spend],
  ["boosted trees, counts", boostedTrees({ trees: 40, loss: "poisson" }), { target: "visits" }],
  ["boosted trees, sampled", boostedTrees({ trees: 40, rowShare: 0.6, columnShare: 0.5, seed: 3 }), lost],
];

describe("the served file answers as the notebook did", () => {
  it.each(table)("%s", async (_name, estimator, how) => {
    const model = await estimator.fit(only(train, how.target), how);
    for (const rows of [test, spoiled(test, targets)]) {
      const [ours, theirs] = [model.answer(rows), await throughOnnx(model, rows)];
      expect(Object.keys(theirs).sort()).toEqual(model.signature.outputs.map((one) => one.name).sort());
      for (const { name } of model.signature.outputs) expect(distance(ours[name]!, theirs[name]!), name).toBeLessThan(1e-5);
    }
    for (const value of Object.values(model.evaluate(test))) expect(value).toBeTypeOf("number");
  });
});

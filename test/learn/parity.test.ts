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
import { levelCodes, oneHot, targetEncoding } from "#lib/learn/preprocess/categories.ts";
import { dates } from "#lib/learn/preprocess/dates.ts";
import { numberTexts } from "#lib/learn/preprocess/number-texts.ts";
import { numbers, quantileBins } from "#lib/learn/preprocess/numbers.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { scaled } from "#lib/learn/preprocess/scaled.ts";
import { hashing, textHashing, tfidf } from "#lib/learn/preprocess/text.ts";
import { type Columns, dropColumns, isNumeric, takeRows } from "#lib/learn/tables/table.ts";
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
  ["logistic, bins beside numbers", logisticRegression({ bins: 7 }), lost],
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
  [
    "boosted trees, sets of levels",
    boostedTrees({ trees: 40, preprocess: { place: levelCodes(), street: levelCodes({ atLeast: 1 }) } }),
    lost,
  ],
  [
    "random forest, sets of levels",
    randomForest({ trees: 20, preprocess: { place: levelCodes(), street: levelCodes({ atLeast: 1 }) } }),
    lost,
  ],
  ["boosted trees, three classes", boostedTrees({ trees: 25, depth: 3 }), tier],
  ["boosted trees, squares", boostedTrees({ trees: 60 }), spend],
  ["boosted trees, quantile", boostedTrees({ trees: 40, loss: 0.8 }), spend],
  ["boosted trees, counts", boostedTrees({ trees: 40, loss: "poisson" }), { target: "visits" }],
  ["boosted trees, sampled", boostedTrees({ trees: 40, rowShare: 0.6, columnShare: 0.5, seed: 3 }), lost],
];

const everyEncoding: Preprocess = {
  age: quantileBins({ count: 6 }),
  income: numbers({ impute: "mean", scale: "robust", clip: [0.05, 0.95], flag: true }),
  place: targetEncoding({ smoothing: 5 }),
  street: hashing({ width: 24 }),
  note: textHashing({ width: 64 }),
  since: scaled(dates({ parts: ["day number", "year", "month", "day of month", "weekday", "hour"] })),
  balance: numberTexts({ impute: -1, scale: "range", flag: true }),
};
const otherEncoding: Preprocess = {
  street: targetEncoding(),
  place: oneHot({ limit: 3, atLeast: 2 }),
  note: tfidf({ limit: 60, longest: 2 }),
  age: "drop",
  income: numbers({ impute: 0, scale: "none" }),
  since: scaled(dates()),
  balance: oneHot(),
};

describe("the served file encodes as the notebook did", () => {
  it.each([
    ["bins, clips, flags, hashes, parts of dates", everyEncoding, lost],
    ["the same for several classes", everyEncoding, tier],
    ["levels, words and pairs of words, a dropped column", otherEncoding, lost],
  ] as const)("%s", async (_name, preprocess, how) => {
    for (const estimator of [logisticRegression({ preprocess }), boostedTrees({ trees: 20, preprocess })]) {
      const model = await estimator.fit(only(train, how.target), how);
      for (const rows of [test, spoiled(test, targets), takeRows(spoiled(test, targets), [4])]) {
        const [ours, theirs] = [model.answer(rows), await throughOnnx(model, rows)];
        for (const { name } of model.signature.outputs) expect(distance(ours[name]!, theirs[name]!), name).toBeLessThan(1e-5);
      }
    }
  });
  it("texts without a word, and no rows at all", async () => {
    for (const preprocess of [everyEncoding, otherEncoding]) {
      const model = await logisticRegression({ preprocess }).fit(only(train, "isLost"), lost);
      const blank = Object.fromEntries(
        Object.entries(takeRows(test, [0, 1])).map(([name, column]) => [name, isNumeric(column) ? column.fill(Number.NaN) : ["", " ?! "]]),
      );
      expect(distance(model.answer(blank).probability!, (await throughOnnx(model, blank)).probability!)).toBeLessThan(1e-5);
      expect((await throughOnnx(model, takeRows(test, []))).probability).toHaveLength(0);
    }
  });
});

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

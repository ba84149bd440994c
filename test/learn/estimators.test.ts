// Estimators on real tables: quality beside published numbers, and that the exported file answers exactly as the notebook did.
import { describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { atThreshold, averagePrecision, brier, ksStatistic, logLoss, rocAuc } from "#lib/learn/metrics/classification.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { profileTable } from "#lib/learn/stats/profile.ts";
import { psiAgainst, psiDeciles, psiEvidently } from "#lib/learn/stats/psi.ts";
import { type Columns, labelsOf, stratifiedFolds, takeRows, trainTestSplit } from "#lib/learn/tables/table.ts";
import { readTable, throughOnnx } from "#test/kit/tables.ts";

const loans = readTable("drizzle/seed/data/lending_club.csv");
const churn = readTable("test/learn/data/churn.csv");
const credit = readTable("test/learn/data/credit_data.csv");

const crossValidated = async (table: Columns, target: string, positive: string, make: () => ReturnType<typeof boostedTrees>) => {
  const areas: number[] = [];
  for (const { trainRows, testRows } of stratifiedFolds(table, target, 5, 0)) {
    const test = takeRows(table, testRows);
    const model = await make().fit(takeRows(table, trainRows), { target, positive });
    areas.push(rocAuc(labelsOf(test, target, positive), model.predict(test)));
  }
  return areas.reduce((a, b) => a + b) / areas.length;
};

describe("quality on real tables, five stratified folds", () => {
  const logistic = () => logisticRegression({ l2: 1 });
  const boosted = () => boostedTrees({ trees: 150, depth: 3, rate: 0.06, minLeaf: 20 });
  it.each([
    ["lending_club", loans, "Class", "bad", 0.737, 0.721],
    ["credit_data", credit, "Status", "bad", 0.83, 0.831],
    ["churn", churn, "churn", "yes", 0.821, 0.927],
  ] as const)(
    "%s: logistic and boosted trees within .015 of the published areas, or better",
    async (_name, table, target, positive, wantLogistic, wantBoosted) => {
      expect(await crossValidated(table, target, positive, logistic)).toBeGreaterThan(wantLogistic - 0.015);
      expect(await crossValidated(table, target, positive, boosted)).toBeGreaterThan(wantBoosted - 0.015);
    },
    120_000,
  );
});

describe("what is served is what was trained", () => {
  it.each([
    ["logistic regression", logisticRegression()],
    ["boosted trees", boostedTrees({ trees: 60, depth: 4 })],
  ])("%s: ONNX equals predict to 1e-5, strings, unseen levels and missing values included", async (_name, estimator) => {
    const { train, test } = trainTestSplit(credit, { seed: 3, stratify: "Status" });
    const model = await estimator.fit(train, { target: "Status", positive: "bad" });
    const odd = {
      ...test,
      Home: (test.Home as string[]).map((level, i) => (i % 9 === 0 ? "a level nobody saw" : i % 7 === 0 ? "" : level)),
      Income: (test.Income as Float64Array).map((value, i) => (i % 5 === 0 ? Number.NaN : value)),
    };
    const [ours, theirs] = [model.predict(odd), (await throughOnnx(model, odd)).probability as Float32Array];
    const worst = ours.reduce((most, p, i) => Math.max(most, Math.abs(p - theirs[i]!)), 0);
    expect(worst).toBeLessThan(1e-5);
  });
  it("a target with one class, an unknown column and too few rows are explained", async () => {
    const one = { x: Float64Array.from({ length: 20 }, (_, i) => i), y: Array.from({ length: 20 }, () => "a") };
    await expect(logisticRegression().fit(one, { target: "y", positive: "a" })).rejects.toThrow(/both classes/);
    await expect(logisticRegression().fit(one, { target: "z", positive: "a" })).rejects.toThrow(/no column z/);
    await expect(boostedTrees().fit(takeRows(one, [0, 1]), { target: "y", positive: "a" })).rejects.toThrow(/too few/);
  });
  it("the same data gives the same model", async () => {
    const trained = async () => (await boostedTrees({ trees: 20 }).fit(churn, { target: "churn", positive: "yes" })).predict(churn);
    expect(await trained()).toEqual(await trained());
  });
});

describe("metrics equal scikit-learn's", () => {
  // Made with scikit-learn 1.9.1 and scipy (roc_auc_score, average_precision_score, log_loss, brier_score_loss, ks_2samp) on y = [0,0,1,1,0,1,1,0,1,0], p = [.1,.4,.35,.8,.4,.4,.9,.2,.65,.7]
  const y = [0, 0, 1, 1, 0, 1, 1, 0, 1, 0];
  const p = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.2, 0.65, 0.7];
  it("on a table with ties", () => {
    expect(rocAuc(y, p)).toBeCloseTo(0.76, 12);
    expect(averagePrecision(y, p)).toBeCloseTo(0.789_285_714_285_714_4, 12);
    expect(logLoss(y, p)).toBeCloseTo(0.527_952_795_826_727_6, 12);
    expect(brier(y, p)).toBeCloseTo(0.1815, 12);
    expect(ksStatistic(y, p)).toBeCloseTo(0.4, 12);
    expect(atThreshold(y, p, 0.4)).toMatchObject({ tp: 4, fp: 3, fn: 1, tn: 2 });
  });
});

describe("PSI, golden numbers", () => {
  const normal = (seed: number, n: number, mean: number, sd: number): number[] => {
    const random = mulberry32(seed);
    return Array.from({ length: n }, () => {
      const [u, v] = [Math.max(random(), 1e-12), random()];
      return mean + sd * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    });
  };
  const levels = (seed: number, n: number, shares: number[]): string[] => {
    const random = mulberry32(seed);
    const sums = shares.map((_, i) => shares.slice(0, i + 1).reduce((a, b) => a + b));
    return Array.from({ length: n }, () => {
      const draw = random();
      const found = sums.findIndex((sum) => sum > draw);
      return "abc"[found < 0 ? shares.length - 1 : found]!;
    });
  };
  const A = [normal(1, 500, 0, 1), normal(2, 500, 0, 1)] as const;
  const B = [normal(1, 2000, 0, 1), normal(2, 2000, 0.3, 1)] as const;
  it("evidently convention", () => {
    expect(psiEvidently(...A)).toBeCloseTo(0.061_135_774_000_29, 12);
    expect(psiEvidently(...B)).toBeCloseTo(0.112_184_570_768_827, 12);
    expect(psiEvidently(levels(3, 500, [0.5, 0.3, 0.2]), levels(4, 500, [0.5, 0.3, 0.2]))).toBeCloseTo(0.007_370_027_151_792, 12);
    expect(psiEvidently(levels(3, 500, [0.5, 0.5]), levels(4, 500, [0.5, 0.4, 0.1]))).toBeCloseTo(0.902_574_312_754_747, 12);
  });
  it("deciles convention, and a profile stands for its sample exactly", () => {
    expect(psiDeciles(...A)).toBeCloseTo(0.037_717_187_142, 11);
    expect(psiDeciles(...B)).toBeCloseTo(0.106_696_808_852, 11);
    const profile = profileTable({ x: Float64Array.from(A[0]) });
    expect(psiAgainst(profile.columns.x!, A[1]).psi).toBeCloseTo(psiDeciles(...A), 12);
    expect(psiAgainst(profile.columns.x!, A[0]).psi).toBeCloseTo(0, 12);
  });
});

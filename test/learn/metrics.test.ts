// Metrics, splitters and tests between models, against scikit-learn, scipy and statsmodels (golden/metrics.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { atBudget, cardPrecision } from "#lib/learn/metrics/budget.ts";
import { expectedCalibrationError, recalibration } from "#lib/learn/metrics/calibration.ts";
import { averagePrecision, brier, logLoss, prCurve, rocAuc, rocCurve } from "#lib/learn/metrics/classification.ts";
import { byGroup } from "#lib/learn/metrics/groups.ts";
import { labelScores } from "#lib/learn/metrics/labels.ts";
import * as ranking from "#lib/learn/metrics/ranking.ts";
import * as regression from "#lib/learn/metrics/regression.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { chiSquareTail, normalTail, studentTails } from "#lib/learn/stats/distributions.ts";
import { benjaminiHochberg } from "#lib/learn/stats/drift.ts";
import { bootstrap, pairedBootstrap } from "#lib/learn/validation/bootstrap.ts";
import { crossValidate, type Fold, groupFolds, randomFolds, stratifiedGroupFolds, timeFolds } from "#lib/learn/validation/folds.ts";
import { judgeChallenger, mcNemar } from "#lib/learn/validation/paired.ts";
import { hasDecided, logMixtureRatio, sequentialP, sequentialStart, sequentialStep } from "#lib/learn/validation/sequential.ts";

const golden = JSON.parse(readFileSync("test/learn/golden/metrics.json", "utf8"));
const { y, p, truth, called, calledB, z, zhat } = golden;
const close = (got: number, wanted: number): void =>
  expect(got === wanted ? 0 : Math.abs(got / wanted - 1), `${got} is not ${wanted}`).toBeLessThan(1e-11);
const asPairs = (folds: Fold[]) => folds.map((fold) => [fold.trainRows, fold.testRows]);

describe("metrics equal scikit-learn's", () => {
  it("of a probability, with ties", () => {
    close(rocAuc(y, p), golden.binary.auc);
    close(averagePrecision(y, p), golden.binary.ap);
    close(logLoss(y, p), golden.binary.logLoss);
    close(brier(y, p), golden.binary.brier);
    const { slope, intercept } = recalibration(y, p);
    expect([slope, intercept]).toEqual([expect.closeTo(golden.binary.slope, 7), expect.closeTo(golden.binary.intercept, 7)]);
  });
  it("of labels, macro, micro and weighted", () => {
    const got = labelScores(truth, called);
    expect(got.confusion).toEqual(golden.labels.confusion);
    close(got.mcc, golden.labels.mcc);
    close(got.accuracy, golden.labels.accuracy);
    close(got.balancedAccuracy, golden.labels.balanced);
    for (const beta of [1, 2])
      for (const kind of ["macro", "micro", "weighted"] as const) {
        const { precision, recall, f } = labelScores(truth, called, beta)[kind];
        for (const [i, value] of [precision, recall, f].entries()) close(value, golden.labels.averages[`${kind}${beta}`][i]);
      }
  });
  it("of a number", () => {
    close(regression.meanAbsoluteError(z, zhat), golden.regression.mae);
    close(regression.rootMeanSquaredError(z, zhat), golden.regression.rmse);
    close(regression.rSquared(z, zhat), golden.regression.r2);
    close(regression.meanAbsolutePercentageError(z, zhat).value, golden.regression.mape);
    close(regression.pinballLoss(z, zhat, 0.9), golden.regression.pinball);
    close(regression.poissonDeviance(z, zhat), golden.regression.poisson);
    close(regression.medianAbsoluteError(z, zhat), golden.regression.median);
  });
  it("of a ranking", () => {
    const lists = golden.gains.map(
      (gains: number[], user: number): ranking.Ranking => ({
        ranked: ranking.rankByScore(new Map(gains.map((_, item) => [`i${item}`, golden.scores[user][item]]))),
        relevant: new Map(gains.flatMap((gain, item) => (gain > 0 ? [[`i${item}`, gain]] : []))),
      }),
    );
    close(ranking.ndcgAtK(lists, 5), golden.ndcg["5"]);
    close(ranking.ndcgAtK(lists, 12), golden.ndcg["12"]);
    close(ranking.meanAveragePrecision(lists), golden.map);
    expect(ranking.hitRateAtK(lists, 12)).toBe(1);
    expect(ranking.recallAtK(lists, 12)).toBe(1);
  });
  it("tails of distributions, however far out", () => {
    for (const [x, df, tail] of golden.tails.chi2) close(chiSquareTail(x, df), tail);
    for (const [x, df, tail] of golden.tails.t) close(studentTails(x, df), tail);
    for (const [x, tail] of golden.tails.normal) close(normalTail(x), tail);
    for (const [i, adjusted] of benjaminiHochberg(golden.bh.p).entries()) close(adjusted, golden.bh.adjusted[i]);
  });
});

describe("metrics on bad input", () => {
  it("name every ratio that was not defined", () => {
    expect(labelScores(["a", "a"], ["b", "b"]).undefinedFor).toEqual(["precision of a", "recall of b"]);
    expect(regression.rSquared([2, 2], [1, 3])).toBe(0);
    expect(regression.meanAbsolutePercentageError([0, 2], [1, 1])).toEqual({ value: 0.5, n: 1 });
    expect(ranking.recallAtK([{ ranked: [], relevant: new Map() }], 5)).toBe(0);
    expect(recalibration([1, 1], [0.5, 0.6]).slope).toBeNaN();
  });
  it("refuse rows that do not go together", () => {
    expect(() => labelScores(["a"], [])).toThrow("row by row");
    expect(() => regression.meanAbsoluteError([1], [])).toThrow("row by row");
    expect(() => byGroup([1], [0.5], [])).toThrow("row by row");
  });
  it("break ties of a ranking by item id", () => {
    expect(
      ranking.rankByScore(
        new Map([
          ["b", 1],
          ["a", 1],
          ["c", 2],
        ]),
      ),
    ).toEqual(["c", "a", "b"]);
  });
});

describe("budgets and groups", () => {
  it("a budget counts what it finds", () => {
    expect(atBudget([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], 2)).toEqual({ taken: 2, found: 1, precision: 0.5, recall: 0.5 });
  });
  it("card precision takes each card's greatest score and drops cards already known", () => {
    const rows = [
      { day: 1, card: "a", score: 0.2, isFraud: false },
      { day: 1, card: "a", score: 0.9, isFraud: true },
      { day: 1, card: "b", score: 0.8, isFraud: false },
      { day: 2, card: "a", score: 0.99, isFraud: true },
      { day: 2, card: "c", score: 0.5, isFraud: true },
      { day: 2, card: "b", score: 0.4, isFraud: false },
    ];
    const got = cardPrecision(rows, 1, (day) => new Set(day === 2 ? ["a"] : []));
    expect(got).toEqual({ days: [1, 2], precisions: [1, 1], mean: 1 });
  });
  it("gaps between groups follow from their own rows", () => {
    const got = byGroup([1, 1, 0, 0, 1, 1, 0, 0], [0.9, 0.8, 0.7, 0.1, 0.9, 0.2, 0.3, 0.1], ["x", "x", "x", "x", "y", "y", "y", "y"]);
    expect(got.groups.map((one) => [one.group, one.n, one.selectionRate, one.recall, one.falsePositiveRate])).toEqual([
      ["x", 4, 0.75, 1, 0.5],
      ["y", 4, 0.25, 0.5, 0],
    ]);
    expect([got.demographicParityDifference, got.equalOpportunityDifference, got.equalisedOddsDifference]).toEqual([0.5, 0.5, 0.5]);
    expect(got.demographicParityRatio).toBeCloseTo(1 / 3, 12);
  });
  it("a calibrated score has no calibration error", () => {
    expect(expectedCalibrationError([1, 0, 1, 0], [0.55, 0.55, 0.55, 0.55])).toBeCloseTo(0.05, 12);
  });
});

describe("splits", () => {
  it("equal scikit-learn's by group, by group and target, and forward in time with a gap", () => {
    const groups = [11, 10, 9, 8, 7, 5, 4, 3, 2, 1].flatMap((size, group) => Array.from({ length: size }, () => group));
    const asSets = (folds: unknown[][]) => folds.map(([, test]) => (test as number[]).join()).sort();
    expect(asSets(asPairs(groupFolds(groups, 4)))).toEqual(asSets(golden.groupFolds));
    expect(asPairs(stratifiedGroupFolds(y, golden.groups, 4))).toEqual(golden.stratifiedGroupFolds);
    const times = Array.from({ length: 100 }, (_, i) => i);
    expect(asPairs(timeFolds(times, { k: 4, gapRows: 3, maxTrainRows: 40 }))).toEqual(golden.timeFolds);
  });
  it("hold every row exactly once in the tests of random folds", () => {
    expect(
      randomFolds(23, 5, 1)
        .flatMap((fold) => fold.testRows)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 23 }, (_, i) => i));
  });
  it("never train on the moment of the first test row, nor within the gap in time", () => {
    const times = Array.from({ length: 60 }, (_, i) => Math.floor(i / 4));
    for (const fold of timeFolds(times, { k: 3, gapTime: 2 })) {
      const first = Math.min(...fold.testRows.map((i) => times[i]!));
      expect(Math.max(...fold.trainRows.map((i) => times[i]!))).toBeLessThanOrEqual(first - 2);
    }
  });
  it("say in words what cannot be split", async () => {
    expect(() => groupFolds(["a", "a"], 2)).toThrow("2 folds of 1 groups");
    expect(() => timeFolds([1, 2, 3], { k: 5 })).toThrow("nothing to train on");
    expect(() => timeFolds([1, Number.NaN], { k: 1 })).toThrow("no time");
    await expect(crossValidate([{ trainRows: [1], testRows: [] }], () => 1)).rejects.toThrow("no test rows");
  });
});

describe("deciding between models", () => {
  it("McNemar equals statsmodels'", () => {
    const right = (labels: string[]) => labels.map((one, i) => one === truth[i]);
    const got = mcNemar(right(called), right(calledB));
    close(got.statistic, golden.mcnemar.statistic);
    close(got.p, golden.mcnemar.p);
    expect(mcNemar([true], [true]).p).toBe(1);
  });
  it("an interval over groups is wider than over rows when rows of a group are alike", () => {
    const random = mulberry32(3);
    const effect = Array.from({ length: 40 }, () => random());
    const rows = Array.from({ length: 400 }, (_, i) => effect[i % 40]!);
    const metric = (at: ArrayLike<number>) => Array.from(at).reduce((sum, i) => sum + rows[i]!, 0) / at.length;
    const groups = rows.map((_, i) => i % 40);
    const [byRow, byPerson] = [bootstrap(400, metric), bootstrap(400, metric, { groups })];
    expect(byPerson.high - byPerson.low).toBeGreaterThan(2 * (byRow.high - byRow.low));
    expect(bootstrap(400, metric)).toEqual(byRow);
  });
  it("an interval covers the truth about as often as it says", () => {
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = mulberry32(seed);
      const rows = Array.from({ length: 60 }, () => random());
      const { low, high } = bootstrap(60, (at) => Array.from(at).reduce((sum, i) => sum + rows[i]!, 0) / at.length, {
        resamples: 200,
        seed,
      });
      if (low <= 0.5 && high >= 0.5) covered += 1;
    }
    expect(covered / 200).toBeGreaterThan(0.88);
    expect(covered / 200).toBeLessThan(0.99);
  });
  it("what both find hard cancels in the paired interval", () => {
    const champion = (at: ArrayLike<number>) => Array.from(at).reduce((sum, i) => sum + z[i], 0) / at.length;
    const paired = pairedBootstrap(400, champion, (at) => champion(at) + 0.1);
    expect([paired.low, paired.high]).toEqual([expect.closeTo(0.1, 9), expect.closeTo(0.1, 9)]);
  });
  it("a challenger passes when every check does, and each says why", () => {
    const input = {
      metric: "AUC",
      difference: { value: 0.01, low: 0.002, high: 0.018 },
      delta: 0.005,
      slices: [{ name: "age > 60", difference: -0.03 }],
      epsilon: 0.02,
      latencyMsP99: { champion: 10, challenger: 11 },
      latencyPercent: 20,
      isSchemaEqual: true,
    };
    expect(judgeChallenger(input)).toMatchObject({
      isPassed: false,
      findings: [{ isPassed: true }, { isPassed: false }, { isPassed: true }, { isPassed: true }],
    });
    expect(judgeChallenger({ ...input, epsilon: 0.05 }).isPassed).toBe(true);
    expect(judgeChallenger(input).findings[1]!.sentence).toContain("age > 60");
  });
  it("mSPRT equals its formula and keeps false alarms below α under constant peeking", () => {
    const mixture = { variance: 2, mixing: 0.5 };
    expect(Math.exp(logMixtureRatio(mixture, 10, 0.7))).toBeCloseTo(Math.sqrt(2 / 7) * Math.exp((100 * 0.5 * 0.49) / (2 * 2 * 7)), 10);
    let alarms = 0;
    for (let seed = 0; seed < 300; seed++) {
      const random = mulberry32(seed);
      let state = sequentialStart;
      for (let i = 0; i < 500 && !hasDecided(state); i++)
        state = sequentialStep(
          { variance: 1, mixing: 1 },
          state,
          Math.sqrt(-2 * Math.log(Math.max(random(), 1e-12))) * Math.cos(2 * Math.PI * random()),
        );
      if (hasDecided(state)) alarms += 1;
    }
    expect(alarms / 300).toBeLessThan(0.05);
    expect(sequentialP(sequentialStart)).toBe(1);
  });
});

describe("curves", () => {
  it("keep their steep part where positives are rare, and no more points than asked for", () => {
    const random = mulberry32(3);
    const labels = Array.from({ length: 20_000 }, (_, i) => Number(i < 150));
    const scores = labels.map((label) => random() + (label ? 0.9 : 0));
    const [pr, roc] = [prCurve(labels, scores), rocCurve(labels, scores)];
    expect(Math.max(pr.length, roc.length)).toBeLessThanOrEqual(201);
    expect(pr.slice(1).every((one, i) => one.recall - pr[i]!.recall < 0.02)).toBe(true);
    expect(roc.slice(1).every((one, i) => one.tpr - roc[i]!.tpr < 0.02)).toBe(true);
    expect([pr.at(-1)!.recall, roc.at(-1)!.fpr]).toEqual([1, 1]);
  });
});

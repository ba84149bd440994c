// Judgements: one weighted pass equals the published definitions, intervals cover what they should, groups and tests say what is there.
import { describe, expect, it } from "vitest";
import type { Evidence } from "#lib/learn/judgement/evidence.ts";
import { groupsOf } from "#lib/learn/judgement/grouping.ts";
import { judge } from "#lib/learn/judgement/judge.ts";
import { meterOf } from "#lib/learn/judgement/meters.ts";
import { expectedCalibrationError } from "#lib/learn/metrics/calibration.ts";
import { atThreshold, averagePrecision, brier, ksStatistic, logLoss, rocAuc } from "#lib/learn/metrics/classification.ts";
import { ndcgAtK } from "#lib/learn/metrics/ranking.ts";
import { meanAbsoluteError, meanAbsolutePercentageError, rootMeanSquaredError, rSquared } from "#lib/learn/metrics/regression.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { corpusBleu } from "#lib/learn/text/bleu.ts";
import { corpusTer } from "#lib/learn/text/ter.ts";

const options = { threshold: 0.4, k: 3 };
const plan = { ...options, seed: 1, draws: 200 };
const close = (got: number | undefined, wanted: number): void => expect(Math.abs((got ?? Number.NaN) - wanted)).toBeLessThan(1e-9);

const binary = (n: number, skill: number, seed: number): Extract<Evidence, { kind: "binary" }> => {
  const random = mulberry32(seed);
  const truth = Float64Array.from({ length: n }, () => Number(random() < 0.3));
  const noise = mulberry32(seed + 1000 * skill);
  const scores = truth.map((y) => Math.round(100 * Math.min(1, Math.max(0, 0.3 + skill * (y - 0.3) + 0.5 * (noise() - 0.5)))) / 100);
  return { kind: "binary", truth, scores };
};

describe("meters", () => {
  it("of a probability equal the metrics one by one, ties included", () => {
    const { truth, scores } = binary(500, 0.2, 3);
    const measured = meterOf({ kind: "binary", truth, scores }, options).measure();
    close(measured.auc, rocAuc(truth, scores));
    close(measured.averagePrecision, averagePrecision(truth, scores));
    close(measured.logLoss, logLoss(truth, scores));
    close(measured.brier, brier(truth, scores));
    close(measured.ks, ksStatistic(truth, scores));
    close(measured.calibrationError, expectedCalibrationError(truth, scores));
    const { precision, recall, f1, accuracy } = atThreshold(truth, scores, 0.4);
    close(measured.precision, precision);
    close(measured.recall, recall);
    close(measured.f1, f1);
    close(measured.accuracy, accuracy);
  });
  it("with whole weights equal the metrics of the rows repeated", () => {
    const { truth, scores } = binary(60, 0.2, 5);
    const weights = Float64Array.from({ length: 60 }, (_, i) => i % 3);
    const rows = Array.from(weights).flatMap((w, i) => Array.from({ length: w }, () => i));
    const repeated = {
      truth: Float64Array.from(rows, (i) => truth[i]!),
      scores: Float64Array.from(rows, (i) => scores[i]!),
    };
    for (const kind of ["binary", "number"] as const) {
      const weighted = meterOf({ kind, truth, scores }, options).measure(weights);
      const plain = meterOf({ kind, ...repeated }, options).measure();
      for (const [name, value] of Object.entries(plain)) close(weighted[name], value);
    }
  });
  it("of numbers, ranked lists and texts equal theirs", () => {
    const { truth, scores } = binary(90, 0.2, 7);
    const number = meterOf({ kind: "number", truth: truth.map((y) => y + 1), scores }, options).measure();
    close(
      number.rmse,
      rootMeanSquaredError(
        truth.map((y) => y + 1),
        scores,
      ),
    );
    close(
      number.mae,
      meanAbsoluteError(
        truth.map((y) => y + 1),
        scores,
      ),
    );
    close(
      number.r2,
      rSquared(
        truth.map((y) => y + 1),
        scores,
      ),
    );
    close(
      number.mape,
      meanAbsolutePercentageError(
        truth.map((y) => y + 1),
        scores,
      ).value,
    );
    const gains = Float64Array.from([1, 0, 2, 0, 0]);
    const ranked = meterOf(
      { kind: "ranking", truth: gains, scores: Float64Array.from([0.1, 0.9, 0.8, 0.3, 0.2]), queries: ["a", "a", "a", "b", "b"] },
      options,
    );
    expect(ranked.units).toBe(1);
    close(
      ranked.measure().ndcg,
      ndcgAtK(
        [
          {
            ranked: ["1", "2", "0"],
            relevant: new Map([
              ["0", 1],
              ["2", 2],
            ]),
          },
        ],
        3,
      ),
    );
    const [answers, references] = [
      ["the cat sat on the mat", "a dog runs home"],
      ["the cat sat on a mat", "the dog ran home"],
    ];
    const text = meterOf({ kind: "text", truth: references!, answers: answers! }, options).measure();
    const asked = references!.map((one) => [one]);
    close(text.bleu, corpusBleu(answers!, asked).score);
    close(text.ter, corpusTer(answers!, asked).score);
  });
});

describe("a judgement", () => {
  it("is the same for the same rows and seed, and its intervals hold the number", () => {
    const evidence = binary(400, 0.2, 9);
    const [first, second] = [judge(evidence, null, [], plan), judge(evidence, null, [], plan)];
    expect(first).toEqual(second);
    for (const one of first.metrics) {
      expect(one.low).toBeLessThanOrEqual(one.value! + 0.02);
      expect(one.high).toBeGreaterThanOrEqual(one.value! - 0.02);
    }
    expect(first.figures.thresholds).toHaveLength(101);
    const [at40, counted] = [first.figures.thresholds![40]!, atThreshold(evidence.truth, evidence.scores, 0.4)];
    expect(at40).toMatchObject({ tp: counted.tp, fp: counted.fp, tn: counted.tn, fn: counted.fn });
  });
  it("EV5 a clearly better model differs with an interval off zero, one compared with itself by nothing at all", () => {
    const [weak, strong] = [binary(600, 0.1, 11), binary(600, 0.4, 11)];
    const better = judge(strong, weak, [], plan);
    expect(better.metrics[0]!.difference!.low).toBeGreaterThan(0);
    expect(better.test!.p).toBeLessThan(0.05);
    expect(judge(weak, weak, [], plan).metrics[0]!.difference).toEqual({ value: 0, low: 0, high: 0 });
  });
  it("the interval of AUC holds the truth about as often as it says", () => {
    const known = judge(binary(40_000, 0.2, 99), null, [], { ...plan, draws: 20 }).metrics[0]!.value!;
    const held = Array.from({ length: 60 }, (_, seed) => judge(binary(300, 0.2, seed), null, [], plan).metrics[0]!).filter(
      (one) => one.low! <= known && known <= one.high!,
    );
    expect(held.length).toBeGreaterThanOrEqual(51);
  });
  it("groups are judged each by itself; a group of one class has no AUC and says so by null", () => {
    const evidence = binary(300, 0.2, 13);
    const values = Array.from(evidence.truth, (y, i) => (i % 3 === 0 && y === 0 ? "quiet" : "mixed"));
    const [{ levels } = { levels: [] }] = judge(evidence, null, [{ column: "part", values }], plan).groups;
    expect(levels.map((one) => one.level)).toEqual(["mixed", "quiet"]);
    expect(levels[1]!.metrics.auc).toEqual({ value: null, low: null, high: null });
    expect(levels[0]!.n + levels[1]!.n).toBe(300);
  });
  it("numbers of many values are grouped by quartiles, what is missing by itself", () => {
    const values = [...Array.from({ length: 100 }, (_, i) => i), null];
    const counts = Map.groupBy(groupsOf(values), (one) => one);
    expect([...counts].map(([, own]) => own.length)).toEqual([25, 25, 25, 25, 1]);
    expect(groupsOf(["b", null, "a"])).toEqual(["b", "missing", "a"]);
  });
  it("without a known target there is nothing to judge", () => {
    expect(() => judge({ kind: "number", truth: new Float64Array(0), scores: new Float64Array(0) }, null, [], plan)).toThrow("No row");
  });
});

// Judging beside the references on the same rows (golden/models.py, models.json): fairness and fairlearn, curves and scikit-learn, tests of
// two samples with ties and scipy, agreement and krippendorff exactly; intervals as near to scipy's as two sets of draws are to each other.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { prCurve, rocAuc, rocCurve } from "#lib/learn/metrics/classification.ts";
import { byGroup } from "#lib/learn/metrics/groups.ts";
import { krippendorffAlpha, type Level } from "#lib/learn/stats/agreement.ts";
import { energyDistance, wassersteinNormed } from "#lib/learn/stats/distances.ts";
import { ksTest } from "#lib/learn/stats/kolmogorov-smirnov.ts";
import { eppsSingleton, tTest } from "#lib/learn/stats/moment-tests.ts";
import { andersonDarling, cramerVonMises, mannWhitney } from "#lib/learn/stats/rank-tests.ts";
import { moments } from "#lib/learn/stats/samples.ts";
import { bootstrap, pairedBootstrap } from "#lib/learn/validation/bootstrap.ts";

type Sided = [number, number];
type Golden = {
  versions: Record<string, string>;
  table: { y2: number[]; yn: number[] };
  judging: {
    p: number[];
    group: string[];
    right: number[];
    better: number[];
    roc: [number[], number[]];
    pr: [number[], number[]];
  } & Record<"parity" | "ratio" | "opportunity" | "odds", number> &
    Record<"meanInterval" | "aucInterval" | "pairedInterval", Sided>;
  samples: ({ a: number[]; b: number[]; wasserstein: number; energy: number } & Record<
    "ks" | "mannWhitney" | "cramer" | "t" | "epps" | "anderson",
    Sided
  >)[];
  alpha: { ratings: (number | null)[][] } & Record<Level, number>;
};
const golden = JSON.parse(readFileSync("test/learn/golden/models.json", "utf8")) as Golden;
const { versions, judging, table } = golden;
const near = (ours: number, theirs: number, relative = 1e-7): void => {
  expect(Math.abs(ours - theirs)).toBeLessThan(relative * Math.max(1e-12, Math.abs(theirs)) + 1e-12);
};

describe(`fairness beside fairlearn ${versions.fairlearn}`, () => {
  it("parity, its ratio, opportunity and odds", () => {
    const fair = byGroup(table.y2, judging.p, judging.group, { resamples: 20 });
    near(fair.demographicParityDifference, judging.parity);
    near(fair.demographicParityRatio, judging.ratio);
    near(fair.equalOpportunityDifference, judging.opportunity);
    near(fair.equalisedOddsDifference, judging.odds);
  });
});

describe(`curves beside scikit-learn ${versions["scikit-learn"]}`, () => {
  it("every point of ROC and of precision and recall", () => {
    const roc = rocCurve(table.y2, judging.p, 10_000);
    expect(roc).toHaveLength(judging.roc[0].length);
    for (const [i, point] of roc.entries()) {
      near(point.fpr, judging.roc[0][i]!);
      near(point.tpr, judging.roc[1][i]!);
    }
    // theirs begins with the lowest threshold and ends with a point nobody scored: precision 1, recall 0
    const pr = prCurve(table.y2, judging.p, 10_000).reverse();
    const [precision, recall] = judging.pr;
    expect(pr).toHaveLength(precision.length - 1);
    for (const [i, point] of pr.entries()) {
      near(point.precision, precision[i]!);
      near(point.recall, recall[i]!);
    }
  });
});

describe(`intervals beside scipy ${versions.scipy}`, () => {
  // with 4,000 draws an end of an interval moves by about a twentieth of its width
  const isNear = (ours: { low: number; high: number }, [low, high]: Sided): void => {
    expect(Math.abs(ours.low - low)).toBeLessThan(0.06 * (high - low));
    expect(Math.abs(ours.high - high)).toBeLessThan(0.06 * (high - low));
  };
  const all = Array.from(table.y2.keys());
  const meanOf = (values: readonly number[]) => (rows: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += values[rows[i]!]!;
    return sum / rows.length;
  };
  it("of a mean, of AUC, and of the difference of two models on the same rows", () => {
    isNear(bootstrap(all.length, meanOf(table.yn), { resamples: 4000 }), judging.meanInterval);
    const auc = (rows: ArrayLike<number>): number => {
      const own = Array.from(rows);
      return rocAuc(
        own.map((i) => table.y2[i]!),
        own.map((i) => judging.p[i]!),
      );
    };
    isNear(bootstrap(all.length, auc, { resamples: 4000 }), judging.aucInterval);
    isNear(pairedBootstrap(all.length, meanOf(judging.right), meanOf(judging.better), { resamples: 4000 }), judging.pairedInterval);
  });
});

describe("tests of two samples, with ties and unequal sizes, beside scipy", () => {
  it.each(golden.samples.map((one, i) => [i + 1, one] as const))("pair %i", (_, one) => {
    const { a, b } = one;
    const same = (ours: { statistic: number; p: number }, [statistic, p]: Sided, relative = 1e-7): void => {
      near(Math.abs(ours.statistic), Math.abs(statistic), relative);
      near(ours.p, p, relative);
    };
    same(ksTest(a, b), one.ks, 1e-6);
    near(mannWhitney(a, b, "two-sided").p, one.mannWhitney[1]);
    same(cramerVonMises(a, b), one.cramer, 1e-6);
    same(tTest(a, b), one.t);
    same(eppsSingleton(a, b), one.epps, 1e-6);
    same(andersonDarling(a, b), one.anderson, 1e-6);
    near(wassersteinNormed(a, b), one.wasserstein / Math.sqrt(moments(a).variance));
    near(energyDistance(a, b), one.energy);
  });
});

describe(`Krippendorff's α beside krippendorff ${versions.krippendorff}`, () => {
  it.each(["nominal", "ordinal", "interval", "ratio"] as const)("%s, with missing ratings", (level) => {
    near(krippendorffAlpha(golden.alpha.ratings, level), golden.alpha[level]);
  });
});

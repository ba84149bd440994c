// Drift statistics against the golden set: outputs of the reference implementations on a recipe that runs anywhere.
import { describe, expect, it } from "vitest";
import { mulberry32 } from "#lib/learn/random.ts";
import { totalVariationTest } from "#lib/learn/stats/distances.ts";
import { chiSquareTail, normalQuantile, normalTail, studentTails } from "#lib/learn/stats/distributions.ts";
import { benjaminiHochberg, columnDrift, type DriftTest, defaultTest, driftMethods, tableDrift } from "#lib/learn/stats/drift.ts";
import { chiSquareOfCounts, eppsSingleton, gTestOfCounts } from "#lib/learn/stats/moment-tests.ts";
import { andersonDarling, mannWhitney } from "#lib/learn/stats/rank-tests.ts";

const normal = (seed: number, n: number, mean: number, sd: number): number[] => {
  const random = mulberry32(seed);
  return Array.from({ length: n }, () => {
    const [u, v] = [Math.max(random(), 1e-12), random()];
    return mean + sd * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  });
};
const cats = (seed: number, n: number, p: number[]): string[] => {
  const random = mulberry32(seed);
  return Array.from({ length: n }, () => {
    const draw = random();
    const at = p.findIndex((_, level) => p.slice(0, level + 1).reduce((a, b) => a + b) > draw);
    return "abc"[at === -1 ? p.length - 1 : at]!;
  });
};
const A = [normal(1, 500, 0, 1), normal(2, 500, 0, 1)] as const;
const B = [normal(1, 2000, 0, 1), normal(2, 2000, 0.3, 1)] as const;
const C = [cats(3, 500, [0.5, 0.3, 0.2]), cats(4, 500, [0.5, 0.3, 0.2])] as const;
const D = [cats(3, 500, [0.5, 0.5]), cats(4, 500, [0.5, 0.4, 0.1])] as const;

// value, drifted; Cramér–von Mises is 1 minus a number next to 1, in the reference too: six digits are all that doubles leave of it
const numbers: [DriftTest, [number, boolean], [number, boolean], relative?: number][] = [
  ["psi", [0.061_135_774_000_29, false], [0.112_184_570_768_827, true]],
  ["ks", [0.770_436_537_294_542, false], [2.670_248_956_727e-16, true]],
  ["wasserstein", [0.080_439_058_811_901, false], [0.333_725_338_867_548, true]],
  ["jensenshannon", [0.086_681_561_415_76, false], [0.117_752_790_808_3, true]],
  ["kl_div", [0.028_014_750_048_196, false], [0.054_650_219_612_681, false]],
  ["hellinger", [0.088_738_019_109_204, false], [0.118_901_465_913_268, true]],
  ["ed", [0.057_975_325_530_342, false], [0.251_657_577_354_709, true]],
  ["cramer_von_mises", [0.679_236_037_397_885, false], [1.257_432_047_375e-9, true], 3e-6],
  ["anderson", [0.25, false], [0.001, true]],
  ["mannw", [0.323_084_535_804_979, false], [3.139_951_179_113e-24, true]],
  ["t_test", [0.488_304_946_093_738, false], [3.798_604_834_531e-25, true]],
  ["es", [0.089_977_648_904_398, false], [4.466_669_539_336e-23, true]],
];
const levels: [DriftTest, [number, boolean] | null, [number, boolean]][] = [
  ["psi", [0.007_370_027_151_792, false], [0.902_574_312_754_747, true]],
  ["chisquare", [0.146_381_611_533_363, false], [0, true]],
  ["jensenshannon", [0.030_341_051_755_193, false], [0.213_255_569_704_835, true]],
  ["kl_div", [0.003_636_071_668_23, false], [0.133_501_830_804_647, true]],
  ["hellinger", [0.030_346_601_502_115, false], [0.253_977_559_205_777, true]],
  ["g_test", [0.154_590_167_914_619, false], [0, true]],
  ["z", null, [0.281_786_962_410_851, false]],
];

const same = (got: number, wanted: number, relative = 2e-12): void =>
  expect(Math.abs(got - wanted), `${got} is not ${wanted}`).toBeLessThanOrEqual(
    Math.max(1e-15 * Math.min(1, Math.abs(wanted) * 1e3), relative * Math.abs(wanted)),
  );

describe("drift statistics", () => {
  it("come from the recipe's own numbers", () => {
    expect(A[0].slice(0, 3)).toEqual(
      [0.965_974_059_015_226_1, 1.123_104_193_752_554_3, -0.049_227_862_786_499].map((x) => expect.closeTo(x, 13)),
    );
    expect(["a", "b", "c"].map((level) => D[1].filter((one) => one === level).length)).toEqual([230, 208, 62]);
  });
  it.each(numbers)("%s equals the reference on numbers", (test, a, b, relative) => {
    for (const [[reference, current], [value, isDrifted]] of [
      [A, a],
      [B, b],
    ] as const) {
      const got = columnDrift(reference, current, { test });
      same(got.value, value, relative);
      expect(got.isDrifted).toBe(isDrifted);
    }
  });
  it.each(levels)("%s equals the reference on levels", (test, c, d) => {
    for (const [[reference, current], wanted] of [
      [C, c],
      [D, d],
    ] as const) {
      if (!wanted) continue;
      const got = columnDrift(reference, current, { test });
      same(got.value, wanted[0]);
      expect(got.isDrifted).toBe(wanted[1]);
    }
  });
  it("judges total variation by a permutation of fixed seed", () => {
    const [c, d] = [totalVariationTest(...C), totalVariationTest(...D)];
    same(c.statistic, 0.034);
    same(d.statistic, 0.124);
    expect(Math.abs(c.p - 0.5)).toBeLessThanOrEqual(0.05);
    expect(d.p).toBe(0);
    expect(totalVariationTest(...C)).toEqual(c);
  });
  it("equals the reference on counts and on the small Anderson sample", () => {
    expect(chiSquareOfCounts([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]).p).toBeCloseTo(0.673_09, 5);
    expect(gTestOfCounts([5, 5, 8], [4, 6, 8]).p).toBeCloseTo(0.8176, 4);
    const anderson = andersonDarling([38.7, 41.5, 43.8, 44.5, 45.5, 46, 47.7, 58], [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8]);
    expect(anderson.p).toBeCloseTo(0.0635, 4);
  });
  it("takes the reference's default test for each column", () => {
    expect([A, B, C, D].map(([r, c]) => defaultTest(r, c))).toEqual(["ks", "wasserstein", "chisquare", "chisquare"]);
    expect(defaultTest([0, 1, 0], [1, 1, 0])).toBe("z");
    expect(defaultTest([1, 2, 3, 4, 1], [1, 2])).toBe("chisquare");
    expect(defaultTest(cats(1, 1200, [0.5, 0.5]), ["a"])).toBe("jensenshannon");
  });
  it("offers the two-sided U beside the one-sided one", () => {
    expect(mannWhitney(...A, "two-sided").p).toBeCloseTo(2 * mannWhitney(...A, "less").p, 2);
    expect(mannWhitney(...B, "two-sided").p).toBeGreaterThan(mannWhitney(...B, "less").p);
  });
});

describe("bad samples", () => {
  it("drops missing values and reports their share as its own check", () => {
    const got = columnDrift([...A[0], Number.NaN, Number.NaN], A[1]);
    same(got.value, 0.770_436_537_294_542);
    expect([got.referenceNulls * 502, got.currentNulls]).toEqual([expect.closeTo(2, 9), 0]);
    expect(got.nullsP).toBeLessThan(0.2);
  });
  it("says in words what cannot be compared", () => {
    expect(() => columnDrift([Number.NaN], [1])).toThrow("no value at all");
    expect(() => columnDrift(["a"], ["b"], { test: "ks" })).toThrow("compares numbers");
    expect(() => eppsSingleton([1, 1, 1, 1, 1], [1, 1, 1, 1, 1])).toThrow("no unit");
    expect(() => andersonDarling([1, 1], [1, 1])).toThrow("nothing");
    expect(() => tableDrift({ x: Float64Array.of(1) }, { x: ["a"] })).toThrow("Column x");
  });
  it("calls identical constants undrifted", () => {
    expect(columnDrift([3, 3, 3], [3, 3], { test: "z" })).toMatchObject({ value: 1, isDrifted: false });
    for (const test of ["psi", "jensenshannon", "hellinger", "wasserstein", "ed"] as const)
      expect(columnDrift([3, 3, 3], [3, 3], { test }), test).toMatchObject({ value: 0, isDrifted: false });
  });
});

describe("a data set", () => {
  it("drifts when half of its columns do, and shows each", () => {
    const table = (x: readonly number[], y: readonly number[]) => ({ x: Float64Array.from(x), y: Float64Array.from(y) });
    const got = tableDrift(table(B[0], A[0].concat(A[0], A[0], A[0])), table(B[1], A[0].concat(A[0], A[0], A[0])));
    expect([got.share, got.isDrifted, got.columns.x!.isDrifted, got.columns.y!.isDrifted]).toEqual([0.5, true, true, false]);
  });
  it("corrects for many columns by Benjamini–Hochberg", () => {
    // statsmodels multipletests(method="fdr_bh")
    expect(benjaminiHochberg([0.01, 0.04, 0.03, 0.005])).toEqual([0.02, 0.04, 0.04, 0.02].map((p) => expect.closeTo(p, 12)));
    const same500 = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, Float64Array.from(normal(100 + i, 300, 0, 1))]));
    const other = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, Float64Array.from(normal(500 + i, 300, 0, 1))]));
    expect(tableDrift(same500, other, { isCorrected: true }).share).toBeLessThanOrEqual(tableDrift(same500, other).share);
  });
  it("compares a hundred thousand rows a side with every test but the permutation", () => {
    const [r, c] = [Float64Array.from(normal(5, 100_000, 0, 1)), Float64Array.from(normal(6, 100_000, 0.02, 1))];
    for (const [test, method] of Object.entries(driftMethods))
      if (test !== "TVD" && method.reads !== "levels" && !["chisquare", "g_test", "z"].includes(test))
        expect(columnDrift(r, c, { test: test as DriftTest }).value, test).toBeGreaterThanOrEqual(0);
  });
});

describe("tails", () => {
  it("keep their precision when tiny", () => {
    // closed form of χ²(4), and scipy.stats.norm
    same(chiSquareTail(100, 4), 51 * Math.exp(-50));
    same(normalTail(10), 7.619_853_024_160_524e-24);
    same(normalQuantile(0.975), 1.959_963_984_540_054);
    expect(studentTails(0, 5)).toBe(1);
  });
});

// Which test a column gets, when it counts as drifted, and when a data set does (SCIENCE.md §1). Reference and current are not
// exchangeable for chisquare, g_test, kl_div, mannw and wasserstein: every result says which side was which by its field names.
import * as distance from "#lib/learn/stats/distances.ts";
import { ksTest } from "#lib/learn/stats/kolmogorov-smirnov.ts";
import { chiSquareTest, eppsSingleton, gTest, levelTest, proportionTest, tTest } from "#lib/learn/stats/moment-tests.ts";
import { andersonDarling, cramerVonMises, mannWhitney } from "#lib/learn/stats/rank-tests.ts";
import { isNumbers, present, type Sample } from "#lib/learn/stats/samples.ts";
import { type Columns, isNumeric } from "#lib/learn/tables/table.ts";

type Reads = "numbers" | "levels" | "both";
type Method = {
  reads: Reads;
  /** What the value is: a distance grows with drift, a p falls. */
  value: "distance" | "p";
  threshold: number;
  isDrifted: (value: number, threshold: number) => boolean;
  measure: (reference: never, current: never) => number;
};

const atLeast = (value: number, threshold: number): boolean => value >= threshold;
const below = (value: number, threshold: number): boolean => value < threshold;
const atMost = (value: number, threshold: number): boolean => value <= threshold;

const far = (reads: Reads, measure: Method["measure"], isDrifted = atLeast): Method => ({
  reads,
  value: "distance",
  threshold: 0.1,
  isDrifted,
  measure,
});
const rare = (reads: Reads, threshold: number, test: (r: never, c: never) => { p: number }, isDrifted = below): Method => ({
  reads,
  value: "p",
  threshold,
  isDrifted,
  measure: (r, c) => test(r, c).p,
});

export const driftMethods = {
  psi: far("both", distance.psi),
  kl_div: far("both", distance.klDivergence),
  jensenshannon: far("both", distance.jensenShannon),
  hellinger: far("both", distance.hellinger),
  wasserstein: far("numbers", distance.wassersteinNormed),
  ed: far("numbers", distance.energyDistance, (value, threshold) => value > threshold),
  ks: rare("numbers", 0.05, ksTest, atMost),
  chisquare: rare("both", 0.05, chiSquareTest),
  g_test: rare("both", 0.1, gTest),
  z: rare("both", 0.05, levelTest),
  TVD: rare("both", 0.1, distance.totalVariationTest),
  cramer_von_mises: rare("numbers", 0.1, cramerVonMises, atMost),
  anderson: rare("numbers", 0.1, andersonDarling),
  mannw: rare("numbers", 0.05, (r: ArrayLike<number>, c: ArrayLike<number>) => mannWhitney(r, c, "less")),
  mannw_two_sided: rare("numbers", 0.05, (r: ArrayLike<number>, c: ArrayLike<number>) => mannWhitney(r, c, "two-sided")),
  t_test: rare("numbers", 0.05, tTest),
  es: rare("numbers", 0.05, eppsSingleton),
} as const satisfies Record<string, Method>;
export type DriftTest = keyof typeof driftMethods;
export const driftTests = Object.keys(driftMethods) as DriftTest[];

export type ColumnDrift = {
  test: DriftTest;
  kind: "distance" | "p";
  value: number;
  threshold: number;
  isDrifted: boolean;
  /** Rows with a value on either side. */
  referenceCount: number;
  currentCount: number;
  /** Shares of missing values and the p of their difference: its own check. */
  referenceNulls: number;
  currentNulls: number;
  nullsP: number;
};

/** Distinct values over both samples, counted no further than `limit`. */
const distinctUpTo = (reference: Sample, current: Sample, limit: number): number => {
  const seen = new Set<string | number>();
  for (const side of [reference, current])
    for (let i = 0; i < side.length; i++) {
      seen.add(side[i]!);
      if (seen.size > limit) return seen.size;
    }
  return seen.size;
};

/** The `evidently` convention's choice: by the kind of column, its distinct values, and whether the reference has more than 1,000 rows. */
export const defaultTest = (reference: Sample, current: Sample): DriftTest => {
  const count = distinctUpTo(reference, current, 5);
  const isContinuous = isNumbers(reference) && count > 5;
  if (reference.length > 1000) return isContinuous ? "wasserstein" : "jensenshannon";
  if (isContinuous) return "ks";
  return count > 2 ? "chisquare" : "z";
};

/**
 * Compares one column; missing values are dropped first and compared by their share.
 *
 * @example
 * learn.columnDrift([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], { test: "ks" }).isDrifted; // → false
 */
export const columnDrift = (
  reference: Sample,
  current: Sample,
  options: { test?: DriftTest | undefined; threshold?: number | undefined } = {},
): ColumnDrift => {
  const [r, c] = [present(reference), present(current)] as [Sample, Sample];
  if (r.length === 0 || c.length === 0)
    throw new Error(
      `The ${r.length === 0 ? "reference" : "current"} side has no value at all: nothing can be compared. Give rows with values.`,
    );
  const test = options.test ?? defaultTest(r, c);
  const method: Method = driftMethods[test];
  if (method.reads === "numbers" && !isNumbers(r))
    throw new Error(`${test} compares numbers, and this column holds text. Use chisquare or jensenshannon.`);
  const threshold = options.threshold ?? method.threshold;
  const value = method.measure(r as never, c as never);
  return {
    test,
    kind: method.value,
    value,
    threshold,
    isDrifted: method.isDrifted(value, threshold),
    referenceCount: r.length,
    currentCount: c.length,
    referenceNulls: 1 - r.length / reference.length,
    currentNulls: 1 - c.length / current.length,
    nullsP: proportionTest(reference.length - r.length, reference.length, current.length - c.length, current.length).p,
  };
};

/**
 * Benjamini–Hochberg: p adjusted so that calling all below α keeps the expected share of false calls at α.
 *
 * @example
 * learn.benjaminiHochberg([0.5, 0.25]); // → [0.5,0.5]
 */
export const benjaminiHochberg = (ps: readonly number[]): number[] => {
  const order = ps.map((_, i) => i).sort((a, b) => ps[b]! - ps[a]!);
  const adjusted = ps.map(() => 1);
  let least = 1;
  for (const [turn, i] of order.entries()) {
    least = Math.min(least, (ps[i]! * ps.length) / (ps.length - turn));
    adjusted[i] = least;
  }
  return adjusted;
};

export type TableDrift = {
  columns: Record<string, ColumnDrift & { adjustedP: number | null }>;
  share: number;
  isDrifted: boolean;
  isCorrected: boolean;
};

/**
 * Compares the columns both tables have. The data set counts as drifted when the share of drifted columns reaches `driftShare` (0.5). With
 * `isCorrected`, p-values are adjusted by Benjamini–Hochberg before they are read; distances stay as they are.
 *
 * @example
 * const { columns, share, isDrifted } = learn.tableDrift(january, february, { isCorrected: true });
 */
export const tableDrift = (
  reference: Columns,
  current: Columns,
  options: { tests?: Record<string, DriftTest>; driftShare?: number; isCorrected?: boolean } = {},
): TableDrift => {
  const { tests = {}, driftShare = 0.5, isCorrected = false } = options;
  const names = Object.keys(reference).filter((name) => name in current);
  if (names.length === 0) throw new Error("The two tables share no column. Give tables with the same names.");
  const columns: TableDrift["columns"] = {};
  for (const name of names) {
    if (isNumeric(reference[name]!) !== isNumeric(current[name]!))
      throw new Error(`Column ${name} holds numbers on one side and text on the other. Bring both to one type.`);
    columns[name] = { ...columnDrift(reference[name]!, current[name]!, { test: tests[name] }), adjustedP: null };
  }
  const judged = Object.values(columns).filter((column) => column.kind === "p");
  for (const [i, p] of benjaminiHochberg(judged.map((column) => column.value)).entries()) {
    const column = judged[i]!;
    column.adjustedP = p;
    if (isCorrected) column.isDrifted = driftMethods[column.test].isDrifted(p, column.threshold);
  }
  const share = Object.values(columns).filter((column) => column.isDrifted).length / names.length;
  return { columns, share, isDrifted: share >= driftShare, isCorrected };
};

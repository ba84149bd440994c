// Population stability index Σ (r − c)·ln(r/c), in two conventions that give different numbers: `deciles` (industry rule, edges from the
// reference's deciles) and `evidently` (equal-width bins over both). Say which one a number used.
import { type ColumnProfile, decileShares, quantile } from "#lib/learn/stats/profile.ts";

const floor = 0.0001;
export const psiConvention = "deciles" as const;
/** Below 0.1 nothing to see, up to 0.25 moderate, above it major; the product warns at 0.2. */
export const driftLimit = 0.2;

const sum = (reference: readonly number[], current: readonly number[]): number =>
  reference.reduce((total, r, i) => total + (r - current[i]!) * Math.log(r / current[i]!), 0);

/** PSI of shares per bin, each floored at 0.0001. */
export const psiOfShares = (reference: readonly number[], current: readonly number[]): number =>
  sum(
    reference.map((share) => Math.max(floor, share)),
    current.map((share) => Math.max(floor, share)),
  );

const numbersIn = (values: readonly unknown[]): number[] =>
  values.map((value) => (value === null || value === undefined || value === "" ? Number.NaN : Number(value))).filter(Number.isFinite);

const textsIn = (values: readonly unknown[]): string[] =>
  values.filter((value) => value !== null && value !== undefined && value !== "").map(String);

/**
 * PSI of live values against a profile: deciles for numbers, levels (the rest as one) for categories. Missing values are left out; NaN when nothing is left.
 *
 * @example
 * learn.psiAgainst(learn.profile({ grade: ["A", "B"] }).columns.grade, ["A", "B"]).psi; // → 0
 */
export const psiAgainst = (profile: ColumnProfile, values: readonly unknown[]): { psi: number; n: number } => {
  const clean = profile.kind === "number" ? numbersIn(values) : textsIn(values);
  if (clean.length === 0 || profile.count === 0) return { psi: Number.NaN, n: 0 };
  if (profile.kind === "number")
    return { psi: psiOfShares(profile.shares, decileShares(clean as number[], profile.deciles.slice(1, 10))), n: clean.length };
  const counts = new Map(profile.levels.map((level) => [level.value, 0]));
  let other = 0;
  for (const value of clean as string[]) {
    const known = counts.get(value);
    if (known === undefined) other += 1;
    else counts.set(value, known + 1);
  }
  const bins = profile.levels.map((level) => ({ before: level.count / profile.count, now: counts.get(level.value)! / clean.length }));
  if (profile.other > 0 || other > 0) bins.push({ before: profile.other / profile.count, now: other / clean.length });
  const psi = psiOfShares(
    bins.map((one) => one.before),
    bins.map((one) => one.now),
  );
  return { psi, n: clean.length };
};

/**
 * PSI of two samples with edges at the reference's deciles.
 *
 * @example
 * learn.psiDeciles([1, 2, 3, 4], [1, 2, 3, 4]); // → 0
 */
export const psiDeciles = (reference: ArrayLike<number>, current: ArrayLike<number>): number => {
  const sorted = Float64Array.from(reference).sort();
  const edges = Array.from({ length: 9 }, (_, i) => quantile(sorted, (i + 1) / 10));
  return psiOfShares(decileShares(reference, edges), decileShares(current, edges));
};

const withoutZeros = (shares: number[]): number[] => {
  const smallest = Math.min(...shares.filter((share) => share > 0));
  const fill = smallest <= floor ? smallest / 1e6 : floor;
  return shares.map((share) => (share === 0 ? fill : share));
};

/**
 * PSI in the `evidently` convention: Sturges bins over both samples, or one bin a level for texts and few distinct numbers.
 *
 * @example
 * learn.psiEvidently(["A", "B"], ["A", "B"]); // → 0
 */
export const psiEvidently = (reference: readonly (number | string)[], current: readonly (number | string)[]): number => {
  const isBinned = typeof reference[0] === "number" && new Set(reference).size > 20;
  const shares = isBinned ? binned(reference as number[], current as number[]) : levels(reference, current);
  return sum(withoutZeros(shares.reference), withoutZeros(shares.current));
};

const binned = (reference: readonly number[], current: readonly number[]) => {
  const all = [...reference, ...current];
  const low = all.reduce((least, value) => Math.min(least, value));
  const high = all.reduce((most, value) => Math.max(most, value));
  const bins = Math.ceil(Math.log2(all.length) + 1);
  const count = (values: readonly number[]): number[] => {
    const counts = Array.from({ length: bins }, () => 0);
    for (const value of values) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]! += 1;
    return counts.map((n) => n / values.length);
  };
  return { reference: count(reference), current: count(current) };
};

const levels = (reference: readonly (number | string)[], current: readonly (number | string)[]) => {
  const names = [...new Set([...reference, ...current])];
  const share = (values: readonly (number | string)[]) => {
    const counts = new Map<number | string, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return names.map((name) => (counts.get(name) ?? 0) / values.length);
  };
  return { reference: share(reference), current: share(current) };
};

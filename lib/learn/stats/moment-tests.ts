// Two-sample tests on counts, means and characteristic functions, as scipy computes them.
import { chiSquareTail, normalTail, studentTails } from "#lib/learn/stats/distributions.ts";
import { quantile } from "#lib/learn/stats/profile.ts";
import type { Tested } from "#lib/learn/stats/rank-tests.ts";
import { levelCounts, moments, type Sample } from "#lib/learn/stats/samples.ts";

type Numbers = ArrayLike<number>;

const scaled = (reference: readonly number[], current: readonly number[]): number[] => {
  const total = (counts: readonly number[]): number => counts.reduce((sum, one) => sum + one, 0);
  const factor = total(current) / total(reference);
  return reference.map((count) => count * factor);
};

/** One-sample χ² of current counts against the reference's shares, k − 1 degrees; a level the reference lacks makes p 0. */
export const chiSquareOfCounts = (reference: readonly number[], current: readonly number[]): Tested => {
  const expected = scaled(reference, current);
  const statistic = expected.reduce((sum, e, i) => sum + (e === current[i] ? 0 : (current[i]! - e) ** 2 / e), 0);
  return { statistic, p: reference.length < 2 ? 1 : chiSquareTail(statistic, reference.length - 1) };
};

/** Likelihood-ratio form of the same; expected counts are scaled to the current size (the reference does not, and fails then). */
export const gTestOfCounts = (reference: readonly number[], current: readonly number[]): Tested => {
  const expected = scaled(reference, current);
  const statistic = 2 * expected.reduce((sum, e, i) => sum + (current[i] === 0 ? 0 : current[i]! * Math.log(current[i]! / e)), 0);
  return { statistic, p: reference.length < 2 ? 1 : chiSquareTail(statistic, reference.length - 1) };
};

export const chiSquareTest = (reference: Sample, current: Sample): Tested => {
  const counts = levelCounts(reference, current);
  return chiSquareOfCounts(counts.reference, counts.current);
};

export const gTest = (reference: Sample, current: Sample): Tested => {
  const counts = levelCounts(reference, current);
  return gTestOfCounts(counts.reference, counts.current);
};

/** Two-sided z of two proportions, pooled. Both all or nothing: p 1. */
export const proportionTest = (hitsA: number, n: number, hitsB: number, m: number): Tested => {
  const pooled = (hitsA + hitsB) / (n + m);
  const spread = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  if (spread === 0) return { statistic: 0, p: 1 };
  const statistic = (hitsA / n - hitsB / m) / spread;
  return { statistic, p: 2 * normalTail(Math.abs(statistic)) };
};

/** z of the share that is not the first level in order. */
export const levelTest = (reference: Sample, current: Sample): Tested => {
  const counts = levelCounts(reference, current);
  const n = reference.length;
  const m = current.length;
  return proportionTest(n - counts.reference[0]!, n, m - counts.current[0]!, m);
};

/** Student's t with pooled variance, two-sided. */
export const tTest = (reference: Numbers, current: Numbers): Tested => {
  const [a, b] = [moments(reference, 1), moments(current, 1)];
  const [n, m] = [reference.length, current.length];
  const df = n + m - 2;
  const pooled = ((n - 1) * a.variance + (m - 1) * b.variance) / df;
  const difference = a.mean - b.mean;
  if (difference === 0) return { statistic: 0, p: 1 };
  const statistic = difference / Math.sqrt(pooled * (1 / n + 1 / m));
  return { statistic, p: studentTails(statistic, df) };
};

const frequencies = [0.4, 0.8];

/** Mean and covariance of (cos t·x, sin t·x) at both frequencies. */
const waves = (values: Numbers, scale: number) => {
  const n = values.length;
  const columns = [
    ...frequencies.map((t) => Float64Array.from({ length: n }, (_, i) => Math.cos((t / scale) * values[i]!))),
    ...frequencies.map((t) => Float64Array.from({ length: n }, (_, i) => Math.sin((t / scale) * values[i]!))),
  ];
  const mean = columns.map((column) => moments(column).mean);
  const covariance = columns.map((x, i) =>
    columns.map((y, j) => {
      let sum = 0;
      for (let r = 0; r < n; r++) sum += (x[r]! - mean[i]!) * (y[r]! - mean[j]!);
      return sum / n;
    }),
  );
  return { mean, covariance };
};

/** Solves A·x = y for a small symmetric matrix by elimination with pivoting. */
const solve = (matrix: number[][], y: number[]): number[] => {
  const n = y.length;
  const a = matrix.map((row, i) => [...row, y[i]!]);
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(a[r]![i]!) > Math.abs(a[pivot]![i]!)) pivot = r;
    [a[i], a[pivot]] = [a[pivot]!, a[i]!];
    if (Math.abs(a[i]![i]!) < 1e-14) throw new Error("The values take too few places for Epps–Singleton. Use another test.");
    for (let r = i + 1; r < n; r++) {
      const factor = a[r]![i]! / a[i]![i]!;
      for (let j = i; j <= n; j++) a[r]![j]! -= factor * a[i]![j]!;
    }
  }
  const x = Array.from({ length: n }, () => 0);
  for (let i = n - 1; i >= 0; i--) x[i] = (a[i]![n]! - x.reduce((sum, one, j) => (j > i ? sum + a[i]![j]! * one : sum), 0)) / a[i]![i]!;
  return x;
};

/** Epps–Singleton: distance of the empirical characteristic functions at t = 0.4 and 0.8, χ² with 4 degrees. */
export const eppsSingleton = (reference: Numbers, current: Numbers): Tested => {
  const [n, m] = [reference.length, current.length];
  if (n < 5 || m < 5) throw new Error("Epps–Singleton needs at least five values a side. Give more rows.");
  const pooled = new Float64Array(n + m);
  pooled.set(reference);
  pooled.set(current, n);
  pooled.sort();
  const scale = (quantile(pooled, 0.75) - quantile(pooled, 0.25)) / 2;
  if (scale === 0) throw new Error("Half of the values are equal: Epps–Singleton has no unit to measure in. Use another test.");
  const [a, b] = [waves(reference, scale), waves(current, scale)];
  const covariance = a.covariance.map((row, i) => row.map((one, j) => ((n + m) / n) * one + ((n + m) / m) * b.covariance[i]![j]!));
  const difference = a.mean.map((one, i) => one - b.mean[i]!);
  const solved = solve(covariance, difference);
  let statistic = (n + m) * difference.reduce((sum, one, i) => sum + one * solved[i]!, 0);
  if (Math.max(n, m) < 25) statistic /= 1 + (n + m) ** -0.45 + 10.1 * (n ** -1.7 + m ** -1.7);
  return { statistic, p: chiSquareTail(statistic, 4) };
};

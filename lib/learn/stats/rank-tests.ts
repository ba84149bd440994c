// Two-sample tests on ranks, as scipy computes them: Mann–Whitney, Cramér–von Mises, Anderson–Darling.
import { besselKQuarterScaled, normalTail } from "#lib/learn/stats/distributions.ts";
import { distinct, sorted } from "#lib/learn/stats/samples.ts";

type Numbers = ArrayLike<number>;
export type Tested = { statistic: number; p: number };

/** Walks the distinct values of both samples in order: how many of each side lie below, and how many equal it. */
const walk = (a: Float64Array, b: Float64Array, visit: (belowA: number, belowB: number, tiesA: number, tiesB: number) => void): void => {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    const [fromA, fromB] = [i, j];
    while (i < a.length && a[i] === value) i += 1;
    while (j < b.length && b[j] === value) j += 1;
    visit(fromA, fromB, i - fromA, j - fromB);
  }
};

/**
 * Mann–Whitney U of the reference, normal approximation with continuity and ties corrected. `less` asks whether the reference lies below
 * the current values only; `two-sided` asks for either direction.
 */
export const mannWhitney = (reference: Numbers, current: Numbers, alternative: "less" | "two-sided" = "less"): Tested => {
  const [a, b] = [sorted(reference), sorted(current)];
  const [n, m] = [a.length, b.length];
  let rankSum = 0;
  let ties = 0;
  walk(a, b, (belowA, belowB, tiesA, tiesB) => {
    const t = tiesA + tiesB;
    rankSum += tiesA * (belowA + belowB + (t + 1) / 2);
    ties += t ** 3 - t;
  });
  const u = rankSum - (n * (n + 1)) / 2;
  const spread = Math.sqrt(((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1))));
  if (spread === 0) return { statistic: u, p: 1 };
  const side = alternative === "less" ? n * m - u : Math.max(u, n * m - u);
  const p = normalTail((side - (n * m) / 2 - 0.5) / spread);
  return { statistic: u, p: Math.min(1, alternative === "less" ? p : 2 * p) };
};

/** Limit distribution of the Cramér–von Mises statistic: Σ Γ(k+½)/(Γ(k+1)·π^1.5·√x)·√y·e^−q·K_¼(q), y = 4k+1, q = y²/16x. */
const cramerLimit = (x: number): number => {
  let sum = 0;
  let ratio = Math.sqrt(Math.PI);
  for (let k = 0; ; k++) {
    const y = 4 * k + 1;
    const q = (y * y) / (16 * x);
    const u = ratio / (Math.PI ** 1.5 * Math.sqrt(x));
    ratio *= (k + 0.5) / (k + 1);
    const term = u * Math.sqrt(y) * Math.exp(-2 * q) * besselKQuarterScaled(q);
    sum += term;
    if (term < 1e-7) return sum; // where scipy stops
  }
};

/** Cramér–von Mises; p from the limit distribution at every size. */
export const cramerVonMises = (reference: Numbers, current: Numbers): Tested => {
  const [a, b] = [sorted(reference), sorted(current)];
  const [n, m] = [a.length, b.length];
  const [k, all] = [n * m, n + m];
  let [sumA, sumB] = [0, 0];
  walk(a, b, (belowA, belowB, tiesA, tiesB) => {
    const rank = belowA + belowB + (tiesA + tiesB + 1) / 2;
    for (let i = 1; i <= tiesA; i++) sumA += (rank - belowA - i) ** 2;
    for (let i = 1; i <= tiesB; i++) sumB += (rank - belowB - i) ** 2;
  });
  const statistic = (n * sumA + m * sumB) / (k * all) - (4 * k - 1) / (6 * all);
  const mean = (1 + 1 / all) / 6;
  const variance = ((all + 1) * (4 * k * all - 3 * (n * n + m * m) - 2 * k)) / (45 * all * all * 4 * k);
  const x = 1 / 6 + (statistic - mean) / Math.sqrt(45 * variance);
  return { statistic, p: x < 0.003 ? 1 : Math.max(0, 1 - cramerLimit(x)) };
};

const significance = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];
const criticalAtTwo = [
  [0.675, -0.245, -0.105],
  [1.281, 0.25, -0.305],
  [1.645, 0.678, -0.362],
  [1.96, 1.149, -0.391],
  [2.326, 1.822, -0.396],
  [2.573, 2.364, -0.345],
  [3.085, 3.615, -0.154],
].map(([b0, b1, b2]) => b0! + b1! + b2!);

/** The parabola of least squares through points, evaluated at x. */
const parabola = (xs: number[], ys: number[], x: number): number => {
  const mean = xs.reduce((sum, one) => sum + one, 0) / xs.length;
  const rows = xs.map((one) => [1, one - mean, (one - mean) ** 2]);
  const a = [0, 1, 2].map((i) => [0, 1, 2, 3].map((j) => rows.reduce((sum, row, r) => sum + row[i]! * (j === 3 ? ys[r]! : row[j]!), 0)));
  for (let i = 0; i < 3; i++)
    for (let r = 0; r < 3; r++) {
      if (r === i) continue;
      const factor = a[r]![i]! / a[i]![i]!;
      for (let j = 0; j < 4; j++) a[r]![j]! -= factor * a[i]![j]!;
    }
  const [c0, c1, c2] = a.map((row, i) => row[3]! / row[i]!);
  return c0! + c1! * (x - mean) + c2! * (x - mean) ** 2;
};

/** Scholz and Stephens' constants of the statistic's variance for k = 2 samples. */
const andersonVariance = (n: number, m: number): number => {
  const all = n + m;
  const h0 = 1 / n + 1 / m;
  let [h, g] = [0, 0];
  // Σ_{i<j} 1/((N − i)·j) as a running sum
  for (let i = 2; i < all; i++) {
    h += 1 / (all - i + 1);
    g += h / i;
  }
  h += 1;
  const a = 4 * g - 6 + (10 - 6 * g) * h0;
  const b = (2 * g - 4) * 4 + 8 * h * 2 + (2 * g - 14 * h - 4) * h0 - 8 * h + 4 * g - 6;
  const c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * h0 + 4 * h;
  const d = (2 * h + 6) * 4 - 4 * h * 2;
  return (a * all ** 3 + b * all ** 2 + c * all + d) / ((all - 1) * (all - 2) * (all - 3));
};

/** Anderson–Darling for two samples, mid-ranks; p is read between published points and never leaves [0.001, 0.25]. */
export const andersonDarling = (reference: Numbers, current: Numbers): Tested => {
  const [a, b] = [sorted(reference), sorted(current)];
  const [n, m] = [a.length, b.length];
  const all = n + m;
  if (all < 4) throw new Error("Fewer than four values in both samples cannot be compared. Give more rows.");
  if (n > 0 && m > 0 && distinct(Float64Array.of(a[0]!, a[n - 1]!, b[0]!, b[m - 1]!).sort()).length < 2)
    throw new Error("All values are equal: there is nothing for Anderson–Darling to compare.");
  let sum = 0;
  walk(a, b, (belowA, belowB, tiesA, tiesB) => {
    const t = tiesA + tiesB;
    const below = belowA + belowB + t / 2;
    const weight = t / all / (below * (all - below) - (all * t) / 4);
    if (!Number.isFinite(weight)) return;
    sum += (weight * (all * (belowA + tiesA / 2) - below * n) ** 2) / n + (weight * (all * (belowB + tiesB / 2) - below * m) ** 2) / m;
  });
  const statistic = ((sum * (all - 1)) / all - 1) / Math.sqrt(andersonVariance(n, m));
  if (statistic < criticalAtTwo[0]!) return { statistic, p: 0.25 };
  if (statistic > criticalAtTwo.at(-1)!) return { statistic, p: 0.001 };
  return { statistic, p: Math.exp(parabola(criticalAtTwo, significance.map(Math.log), statistic)) };
};

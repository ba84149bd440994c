// Two-sample Kolmogorov–Smirnov test: the greatest distance D of two empirical distributions, and how often chance alone gives one as
// great. Missing values must be left out before.
//
// Exact p: all orders of the pooled n + m values are equally likely, so walk the lattice from (0, 0) to (n, m), one step a value. At (i, j)
// the next value is from the first sample with probability (n − i)/(n + m − i − j). p is the probability that the walk ever reaches
// |i/n − j/m| ≥ D. Adding up what is absorbed there, instead of 1 − what survives, keeps tiny p exact (Hodges 1958, "The significance
// probability of the Smirnov two-sample test").

const exactLimit = 10_000;

const distance = (a: Float64Array, b: Float64Array): number => {
  const [n, m] = [a.length, b.length];
  let [i, j, most] = [0, 0, 0];
  while (i < n && j < m) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < n && a[i] === value) i += 1;
    while (j < m && b[j] === value) j += 1;
    // in whole numbers, so that ties of the statistic are exact
    most = Math.max(most, Math.abs(i * m - j * n));
  }
  return most;
};

/** Probability that the walk reaches |i·m − j·n| ≥ h; O(n·m·D). */
const reaches = (n: number, m: number, h: number): number => {
  let alive = new Float64Array(m + 1);
  let absorbed = 0;
  alive[0] = 1;
  let from = 0;
  for (let i = 0; i <= n; i++) {
    const next = new Float64Array(m + 1);
    const to = Math.min(m, Math.ceil((i * m + h) / n));
    // starts where the row before did: a step of i may pass the boundary by more than one cell
    for (let j = from; j <= to; j++) {
      const mass = alive[j]!;
      if (mass === 0) continue;
      if (Math.abs(i * m - j * n) >= h) {
        absorbed += mass;
        continue;
      }
      const left = n + m - i - j;
      if (left === 0) continue;
      if (i < n) next[j]! += (mass * (n - i)) / left;
      if (j < m) alive[j + 1]! += (mass * (m - j)) / left;
    }
    alive = next;
    from = Math.max(0, Math.floor((i * m - h) / n));
  }
  return Math.min(1, absorbed);
};

/**
 * Kolmogorov's limit distribution 2·Σ (−1)^{k−1}·exp(−2k²z²), z moved by the size of the sample (Vrbik 2018, "Small-sample corrections to
 * Kolmogorov–Smirnov test statistic").
 */
const limit = (d: number, size: number): number => {
  const t = d * Math.sqrt(size);
  const z = t + 1 / (6 * Math.sqrt(size)) + (t - 1) / (4 * size);
  if (z < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) {
    const term = Math.exp(-2 * k * k * z * z);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-18) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
};

/**
 * Two-sided test; p is exact up to 10,000 rows a side, from the limit distribution beyond. Both NaN when a side is empty.
 *
 * @example
 * learn.ksTest([1, 2, 3], [1, 2, 3]); // → {"statistic":0,"p":1}
 */
export const ksTest = (reference: ArrayLike<number>, current: ArrayLike<number>): { statistic: number; p: number } => {
  const [a, b] = [Float64Array.from(reference).sort(), Float64Array.from(current).sort()];
  const [n, m] = [a.length, b.length];
  if (n === 0 || m === 0) return { statistic: Number.NaN, p: Number.NaN };
  const h = distance(a, b);
  const statistic = h / (n * m);
  if (h === 0) return { statistic, p: 1 };
  return { statistic, p: Math.max(n, m) <= exactLimit ? reaches(n, m, h) : limit(statistic, (n * m) / (n + m)) };
};

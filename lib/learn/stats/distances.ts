// Distances of two samples that are read against a threshold, not a chance. Each says how far, in its own unit; none grows with the sample.
import { mulberry32 } from "#lib/learn/random.ts";
import {
  binCounts,
  distinct,
  isNumbers,
  levelCounts,
  moments,
  type Sample,
  shares,
  sorted,
  sturgesEdges,
} from "#lib/learn/stats/samples.ts";

const floor = 0.0001;

/** Zero shares become 0.0001, or a millionth of the smallest one when that is not greater. Only psi and kl_div fill. */
const filled = (side: number[]): number[] => {
  const smallest = Math.min(...side.filter((share) => share > 0));
  const fill = smallest <= floor ? smallest / 1e6 : floor;
  return side.map((share) => (share === 0 ? fill : share));
};

const normalised = (side: number[]): number[] => {
  const sum = side.reduce((total, share) => total + share, 0);
  return side.map((share) => share / sum);
};

/** Σ (r − c)·ln(r/c) over Sturges' bins or levels (the `evidently` convention). */
export const psi = (reference: Sample, current: Sample): number => {
  const both = shares(reference, current);
  const [r, c] = [filled(both.reference), filled(both.current)];
  return r.reduce((sum, share, i) => sum + (share - c[i]!) * Math.log(share / c[i]!), 0);
};

/** Σ r·ln(r/c) in nats. */
export const klDivergence = (reference: Sample, current: Sample): number => {
  const both = shares(reference, current);
  const [r, c] = [normalised(filled(both.reference)), normalised(filled(both.current))];
  return r.reduce((sum, share, i) => sum + share * Math.log(share / c[i]!), 0);
};

/** Square root of the Jensen–Shannon divergence in nats. */
export const jensenShannon = (reference: Sample, current: Sample): number => {
  const both = shares(reference, current);
  const [r, c] = [normalised(both.reference), normalised(both.current)];
  const half = (share: number, middle: number): number => (share > 0 ? share * Math.log(share / middle) : 0);
  const sum = r.reduce((total, share, i) => {
    const middle = (share + c[i]!) / 2;
    return total + half(share, middle) + half(c[i]!, middle);
  }, 0);
  return Math.sqrt(Math.max(0, sum) / 2);
};

/** √(1 − Σ √(r·c)); numbers in Sturges' bins for the set of distinct values of both. */
export const hellinger = (reference: Sample, current: Sample): number => {
  let counts: { reference: number[]; current: number[] };
  if (isNumbers(reference)) {
    const all = distinct(joined(reference, current as ArrayLike<number>).sort());
    const edges = sturgesEdges(all[0]!, all[all.length - 1]!, all.length);
    counts = { reference: binCounts(reference, edges), current: binCounts(current as ArrayLike<number>, edges) };
  } else counts = levelCounts(reference, current);
  const overlap = counts.reference.reduce(
    (sum, count, i) => sum + Math.sqrt((count / reference.length) * (counts.current[i]! / current.length)),
    0,
  );
  return Math.sqrt(Math.max(0, 1 - overlap));
};

const joined = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array => {
  const all = new Float64Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
};

/** ∫ |F_r − F_c|^p over the line, walking both sorted samples once. */
const gap = (reference: ArrayLike<number>, current: ArrayLike<number>, power: 1 | 2): number => {
  const [a, b] = [sorted(reference), sorted(current)];
  let [i, j, sum] = [0, 0, 0];
  let at = Math.min(a[0]!, b[0]!);
  while (i < a.length || j < b.length) {
    const next = Math.min(i < a.length ? a[i]! : Number.POSITIVE_INFINITY, j < b.length ? b[j]! : Number.POSITIVE_INFINITY);
    const height = Math.abs(i / a.length - j / b.length);
    sum += (power === 1 ? height : height * height) * (next - at);
    at = next;
    while (i < a.length && a[i] === at) i += 1;
    while (j < b.length && b[j] === at) j += 1;
  }
  return sum;
};

/** Wasserstein distance in standard deviations of the reference (at least 0.001). */
export const wassersteinNormed = (reference: ArrayLike<number>, current: ArrayLike<number>): number =>
  gap(reference, current, 1) / Math.max(Math.sqrt(moments(reference).variance), 0.001);

/** √(2·∫ (F_r − F_c)²). */
export const energyDistance = (reference: ArrayLike<number>, current: ArrayLike<number>): number =>
  Math.sqrt(2 * gap(reference, current, 2));

const totalVariation = (reference: number[], current: number[], n: number, m: number): number =>
  reference.reduce((sum, count, i) => sum + Math.abs(count / n - current[i]! / m), 0) / 2;

/**
 * ½·Σ |r − c| of levels, with the share of 1,000 random relabellings (fixed seed) that are at least as far apart. Only the smaller side is
 * drawn: the other is what remains.
 */
export const totalVariationTest = (
  reference: Sample,
  current: Sample,
  options: { permutations?: number; seed?: number } = {},
): { statistic: number; p: number } => {
  const { permutations = 1000, seed = 0 } = options;
  const counts = levelCounts(reference, current);
  const all = counts.reference.map((count, i) => count + counts.current[i]!);
  const statistic = totalVariation(counts.reference, counts.current, reference.length, current.length);
  const pool = Uint32Array.from(all.flatMap((count, level) => Array.from({ length: count }, () => level)));
  const draw = Math.min(reference.length, current.length);
  const random = mulberry32(seed);
  let asFar = 0;
  for (let round = 0; round < permutations; round++) {
    const taken = all.map(() => 0);
    for (let i = 0; i < draw; i++) {
      const j = i + Math.floor(random() * (pool.length - i));
      const level = pool[j]!;
      pool[j] = pool[i]!;
      pool[i] = level;
      taken[level]! += 1;
    }
    const rest = all.map((count, level) => count - taken[level]!);
    if (totalVariation(taken, rest, draw, pool.length - draw) >= statistic - 1e-12) asFar += 1;
  }
  return { statistic, p: asFar / permutations };
};

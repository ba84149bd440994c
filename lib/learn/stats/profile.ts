// A reference profile: what a model's training data looked like, small enough to travel with the version, and enough to tell later how far
// live data has moved. Safe in a browser bundle.
import type { Columns } from "#lib/learn/tables/table.ts";

/**
 * Numbers: eleven deciles (minimum and maximum included), the share of values in each of the ten bins between the inner ones, and an
 * equal-width histogram with one edge more than counts. Without any value, the facts are null and the lists empty.
 */
export type NumberProfile = {
  kind: "number";
  count: number;
  nulls: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  /** Population standard deviation. */
  sd: number | null;
  deciles: number[];
  shares: number[];
  histogram: { edges: number[]; counts: number[] };
};
/** Categories: the fifty most frequent levels by frequency, the rest added up in `other`. */
export type CategoryProfile = { kind: "category"; count: number; nulls: number; levels: { value: string; count: number }[]; other: number };
export type ColumnProfile = NumberProfile | CategoryProfile;
export type Profile = { rows: number; columns: Record<string, ColumnProfile> };

const levelLimit = 50;

/** Quantile with linear interpolation between order statistics (numpy's default). */
export const quantile = (sorted: ArrayLike<number>, q: number): number => {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const next = sorted[Math.min(sorted.length - 1, low + 1)]!;
  return sorted[low]! + (next - sorted[low]!) * (at - low);
};

/** Share of values in each of the ten bins that the nine inner edges cut; first and last bin are open. */
export const decileShares = (values: ArrayLike<number>, edges: readonly number[]): number[] => {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (let i = 0; i < values.length; i++) {
    let bin = 0;
    while (bin < edges.length && values[i]! > edges[bin]!) bin += 1;
    counts[bin]! += 1;
  }
  return counts.map((count) => count / Math.max(1, values.length));
};

const histogramOf = (sorted: Float64Array, maxBins: number): NumberProfile["histogram"] => {
  const [low, high] = [sorted[0]!, sorted[sorted.length - 1]!];
  const width = high - low;
  if (!(width > 0)) return { edges: [low, high], counts: [sorted.length] };
  const bins = Math.min(maxBins, Math.ceil(Math.log2(sorted.length) + 1));
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of sorted) counts[Math.min(bins - 1, Math.floor(((value - low) / width) * bins))]! += 1;
  return { edges: Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + (width * i) / bins)), counts };
};

// What is not a finite number counts as missing.
const profileNumbers = (values: Float64Array, maxBins: number): NumberProfile => {
  const sorted = values.filter((value) => Number.isFinite(value)).sort();
  const n = sorted.length;
  const start = { kind: "number" as const, count: n, nulls: values.length - n };
  if (n === 0)
    return { ...start, min: null, max: null, mean: null, sd: null, deciles: [], shares: [], histogram: { edges: [], counts: [] } };
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  const sd = Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const deciles = Array.from({ length: 11 }, (_, i) => quantile(sorted, i / 10));
  const shares = decileShares(sorted, deciles.slice(1, 10));
  return { ...start, min: sorted[0]!, max: sorted[n - 1]!, mean, sd, deciles, shares, histogram: histogramOf(sorted, maxBins) };
};

const profileLevels = (values: string[]): CategoryProfile => {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  const all = [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  const count = all.reduce((sum, level) => sum + level.count, 0);
  return {
    kind: "category",
    count,
    nulls: values.length - count,
    levels: all.slice(0, levelLimit),
    other: all.slice(levelLimit).reduce((sum, level) => sum + level.count, 0),
  };
};

/**
 * Profiles every column of a table; plain JSON. `maxBins` (30) limits the histograms, whose number of bins follows Sturges' rule.
 *
 * @example
 * learn.profile({ income: Float64Array.of(1, 2, 3) }).rows; // → 3
 */
export const profileTable = (table: Columns, options: { maxBins?: number } = {}): Profile => {
  const { maxBins = 30 } = options;
  const columns = Object.fromEntries(
    Object.entries(table).map(([name, column]) => [
      name,
      column instanceof Float64Array ? profileNumbers(column, maxBins) : profileLevels(column),
    ]),
  );
  return { rows: Object.values(table)[0]?.length ?? 0, columns };
};

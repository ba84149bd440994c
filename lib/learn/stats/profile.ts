// A reference profile: what a model's training data looked like, small enough to travel with the version, and enough to tell later how far
// live data has moved. Safe in a browser bundle.
import type { Columns } from "#lib/learn/tables/table.ts";

export type NumberProfile = {
  kind: "number";
  count: number;
  nulls: number;
  min: number;
  max: number;
  mean: number;
  sd: number;
  deciles: number[];
  shares: number[];
};
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

const profileNumbers = (values: Float64Array): NumberProfile => {
  const clean = values.filter((value) => !Number.isNaN(value)).sort();
  const n = clean.length;
  const mean = n === 0 ? Number.NaN : clean.reduce((sum, value) => sum + value, 0) / n;
  const sd = n === 0 ? Number.NaN : Math.sqrt(clean.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const deciles = Array.from({ length: 11 }, (_, i) => quantile(clean, i / 10));
  return {
    kind: "number",
    count: n,
    nulls: values.length - n,
    min: clean[0] ?? Number.NaN,
    max: clean[n - 1] ?? Number.NaN,
    mean,
    sd,
    deciles,
    shares: decileShares(clean, deciles.slice(1, 10)),
  };
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

/** Profiles every column of a table. */
export const profileTable = (table: Columns): Profile => {
  const columns = Object.fromEntries(
    Object.entries(table).map(([name, column]) => [name, column instanceof Float64Array ? profileNumbers(column) : profileLevels(column)]),
  );
  return { rows: Object.values(table)[0]?.length ?? 0, columns };
};

// How far raters agree beyond chance (SCIENCE.md §6). Undefined where chance alone agrees always: the answer is NaN, shown as "–".

export type Rating = string | number;

const labelsIn = (...lists: readonly (readonly (Rating | null)[])[]): Rating[] =>
  [...new Set(lists.flat().filter((one): one is Rating => one !== null))].sort((a, b) => (a < b ? -1 : 1));

/**
 * Cohen's κ of two raters, item by item. With weights, 1 − Σ w·O / Σ w·E, w the distance of the labels' places in order: |i − j| or (i − j)².
 *
 * @example
 * learn.cohenKappa(["yes", "no", "yes", "no"], ["yes", "no", "no", "no"]); // → 0.5
 */
export const cohenKappa = (a: readonly Rating[], b: readonly Rating[], weights: "none" | "linear" | "quadratic" = "none"): number => {
  if (a.length !== b.length || a.length === 0)
    throw new Error(`${a.length} ratings beside ${b.length}: both raters must have rated the same items.`);
  const labels = labelsIn(a, b);
  const place = new Map(labels.map((label, i) => [label, i]));
  const k = labels.length;
  const seen = Array.from({ length: k }, () => Array.from({ length: k }, () => 0));
  for (const [i, one] of a.entries()) seen[place.get(one)!]![place.get(b[i]!)!]! += 1;
  const rows = seen.map((row) => row.reduce((sum, one) => sum + one, 0));
  const columns = labels.map((_, j) => seen.reduce((sum, row) => sum + row[j]!, 0));
  const weight = (i: number, j: number): number =>
    weights === "none" ? Number(i !== j) : Math.abs(i - j) ** (weights === "linear" ? 1 : 2);
  let [observed, expected] = [0, 0];
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) {
      observed += weight(i, j) * seen[i]![j]!;
      expected += (weight(i, j) * rows[i]! * columns[j]!) / a.length;
    }
  return expected === 0 ? Number.NaN : 1 - observed / expected;
};

/**
 * Fleiss' κ: one row an item, one column a category, how many of the n raters chose it.
 *
 * @example
 * learn.fleissKappa([[2, 0], [0, 2]]); // → 1
 */
export const fleissKappa = (counts: readonly (readonly number[])[]): number => {
  const n = counts[0]?.reduce((sum, one) => sum + one, 0) ?? 0;
  if (n < 2 || counts.some((row) => row.reduce((sum, one) => sum + one, 0) !== n))
    throw new Error("Every item must have the same number of ratings, two or more. Use Krippendorff's α where some are missing.");
  const agreement = counts.reduce((sum, row) => sum + (row.reduce((s, one) => s + one * one, 0) - n) / (n * (n - 1)), 0) / counts.length;
  const chance = counts[0]!.reduce((sum, _, j) => sum + (counts.reduce((s, row) => s + row[j]!, 0) / (n * counts.length)) ** 2, 0);
  return chance === 1 ? Number.NaN : (agreement - chance) / (1 - chance);
};

export type Level = "nominal" | "ordinal" | "interval" | "ratio";

/** δ² of the c-th and k-th value; `totals` are how often each value was given, which ordinal distance counts along. */
const distances: Record<Level, (values: readonly Rating[], totals: readonly number[]) => (c: number, k: number) => number> = {
  nominal: () => (c, k) => Number(c !== k),
  interval: (values) => (c, k) => (Number(values[c]) - Number(values[k])) ** 2,
  ratio: (values) => (c, k) => {
    const [x, y] = [Number(values[c]), Number(values[k])];
    return x + y === 0 ? 0 : ((x - y) / (x + y)) ** 2;
  },
  ordinal: (_, totals) => (c, k) => {
    const [low, high] = [Math.min(c, k), Math.max(c, k)];
    const between = totals.slice(low, high + 1).reduce((sum, one) => sum + one, 0);
    return (between - (totals[c]! + totals[k]!) / 2) ** 2;
  },
};

/**
 * Krippendorff's α = 1 − D_o/D_e over coders × units, null where a coder did not rate. Units with fewer than two ratings count for nothing.
 *
 * @example
 * learn.krippendorffAlpha([[1, 2, null, 3], [1, 2, 3, 3]], "interval"); // → 1
 */
export const krippendorffAlpha = (coders: readonly (readonly (Rating | null)[])[], level: Level = "nominal"): number => {
  const units = Array.from({ length: Math.max(0, ...coders.map((one) => one.length)) }, (_, u) =>
    coders.map((one) => one[u] ?? null).filter((one): one is Rating => one !== null),
  ).filter((unit) => unit.length >= 2);
  const values = labelsIn(...units);
  if (level !== "nominal" && level !== "ordinal" && values.some((value) => typeof value !== "number"))
    throw new Error(`The ${level} α measures distances of numbers. Give numbers, or ask for nominal.`);
  const place = new Map(values.map((value, i) => [value, i]));
  const totals = values.map((value) => units.reduce((sum, unit) => sum + unit.filter((one) => one === value).length, 0));
  const n = totals.reduce((sum, one) => sum + one, 0);
  const distance = distances[level](values, totals);
  let observed = 0;
  for (const unit of units)
    for (const [i, one] of unit.entries())
      for (const [j, other] of unit.entries()) if (i !== j) observed += distance(place.get(one)!, place.get(other)!) / (unit.length - 1);
  let expected = 0;
  for (const [c, left] of totals.entries()) for (const [k, right] of totals.entries()) expected += left * right * distance(c, k);
  return expected === 0 ? Number.NaN : 1 - ((n - 1) * observed) / expected;
};

/**
 * Share of items on which two raters say the same.
 *
 * @example
 * learn.itemAgreement(["a", "b"], ["a", "c"]); // → 0.5
 */
export const itemAgreement = (a: readonly Rating[], b: readonly Rating[]): number =>
  a.length === 0 ? Number.NaN : a.filter((one, i) => one === b[i]).length / a.length;

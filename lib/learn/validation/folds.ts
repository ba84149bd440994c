// How rows are split to judge a model on what it has not seen: at random, by group, by group with the target's shares kept, or forward in
// time. Every splitter answers places of rows; a row is in at most one test fold. Stratified folds of a table are in tables/table.ts.
import { mulberry32, shuffled } from "#lib/learn/random.ts";

export type Fold = { trainRows: number[]; testRows: number[] };
type Keys = ArrayLike<string | number>;

const fromAssignment = (fold: ArrayLike<number>, k: number): Fold[] =>
  Array.from({ length: k }, (_, f) => {
    const one: Fold = { trainRows: [], testRows: [] };
    for (let i = 0; i < fold.length; i++) (fold[i] === f ? one.testRows : one.trainRows).push(i);
    return one;
  });

const check = (k: number, n: number, of: string): void => {
  if (!Number.isInteger(k) || k < 2 || k > n)
    throw new Error(`${k} folds of ${n} ${of} cannot be made. Give a whole number from 2 to ${n}.`);
};

/**
 * k folds at random, sizes differing by one at most.
 *
 * @example
 * learn.randomFolds(10, 5, 1).map((fold) => fold.testRows.length); // → [2,2,2,2,2]
 */
export const randomFolds = (n: number, k = 5, seed = 0): Fold[] => {
  check(k, n, "rows");
  const fold = new Uint32Array(n);
  for (const [turn, row] of shuffled(n, mulberry32(seed)).entries()) fold[row] = turn % k;
  return fromAssignment(fold, k);
};

const groupsIn = (groups: Keys): { names: (string | number)[]; place: Map<string | number, number> } => {
  const names = [...new Set(Array.from(groups))].sort((a, b) => (a < b ? -1 : 1));
  return { names, place: new Map(names.map((name, i) => [name, i])) };
};

/**
 * No group on both sides: the largest group first, each to the fold with the fewest rows so far (scikit-learn's GroupKFold).
 *
 * @example
 * learn.groupFolds(["ann", "ann", "bo", "cy"], 2).map((fold) => fold.testRows); // → [[0,1],[2,3]]
 */
export const groupFolds = (groups: Keys, k = 5): Fold[] => {
  const { names, place } = groupsIn(groups);
  check(k, names.length, "groups");
  const sizes = names.map(() => 0);
  for (let i = 0; i < groups.length; i++) sizes[place.get(groups[i]!)!]! += 1;
  const filled = Array.from({ length: k }, () => 0);
  const foldOf = names.map(() => 0);
  for (const g of names.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]! || b - a)) {
    const lightest = filled.indexOf(Math.min(...filled));
    filled[lightest]! += sizes[g]!;
    foldOf[g] = lightest;
  }
  return fromAssignment(
    Array.from(groups, (group) => foldOf[place.get(group)!]!),
    k,
  );
};

const deviation = (values: readonly number[]): number => {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  return Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / values.length);
};

/**
 * No group on both sides, and each level of the target as evenly over the folds as the groups allow: the most uneven group first, each to
 * the fold that leaves the shares most even (scikit-learn's StratifiedGroupKFold).
 *
 * @example
 * learn.stratifiedGroupFolds(["no", "yes", "no", "yes"], ["ann", "ann", "bo", "bo"], 2).map((fold) => fold.testRows); // → [[0,1],[2,3]]
 */
export const stratifiedGroupFolds = (target: Keys, groups: Keys, k = 5): Fold[] => {
  const { names, place } = groupsIn(groups);
  check(k, names.length, "groups");
  const levels = groupsIn(target);
  const counts: number[][] = names.map(() => levels.names.map(() => 0));
  for (let i = 0; i < groups.length; i++) counts[place.get(groups[i]!)!]![levels.place.get(target[i]!)!]! += 1;
  const totals = levels.names.map((_, c) => counts.reduce((sum, row) => sum + row[c]!, 0));
  const folds: number[][] = Array.from({ length: k }, () => levels.names.map(() => 0));
  const unevenness = (candidate: number, group: number[]): number =>
    levels.names.reduce<number>(
      (sum, _, c) => sum + deviation(folds.map((fold, f) => (fold[c]! + (f === candidate ? group[c]! : 0)) / totals[c]!)),
      0,
    ) / levels.names.length;
  const spread = counts.map(deviation);
  const foldOf = names.map(() => 0);
  for (const g of names.map((_, i) => i).sort((a, b) => spread[b]! - spread[a]! || a - b)) {
    let [best, least, fewest] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const f of folds.keys()) {
      const value = unevenness(f, counts[g]!);
      const rows = folds[f]!.reduce((sum, one) => sum + one, 0);
      const isClose = Math.abs(value - least) <= 1e-8 + 1e-5 * Math.abs(least);
      if (value < least || (isClose && rows < fewest)) [best, least, fewest] = [f, value, rows];
    }
    folds[best] = folds[best]!.map((one, c) => one + counts[g]![c]!);
    foldOf[g] = best;
  }
  return fromAssignment(
    Array.from(groups, (group) => foldOf[place.get(group)!]!),
    k,
  );
};

type TimeOptions = {
  k?: number;
  /** Rows of each test fold; by default the rows over k + 1. */
  testRows?: number;
  /** Rows left out between training and test. */
  gapRows?: number;
  /** Time left out before the first test row, in the units of `times`: how late labels arrive. */
  gapTime?: number;
  /** Rows of training at most, the newest. */
  maxTrainRows?: number;
};

/**
 * Forward in time: training always lies before its test fold, by the gap. Rows of the same moment as the first test row are not trained on.
 * With distinct times in order this is scikit-learn's TimeSeriesSplit.
 *
 * @example
 * learn.timeFolds([1, 2, 3, 4, 5, 6], { k: 2, testRows: 1, gapRows: 1 }).map((fold) => fold.trainRows); // → [[0,1,2],[0,1,2,3]]
 */
export const timeFolds = (times: ArrayLike<number>, options: TimeOptions = {}): Fold[] => {
  const { k = 5, gapRows = 0, gapTime = 0, maxTrainRows = Number.POSITIVE_INFINITY } = options;
  const n = times.length;
  for (let i = 0; i < n; i++) if (!Number.isFinite(times[i]!)) throw new Error(`Row ${i} has no time. Leave such rows out first.`);
  const size = options.testRows ?? Math.floor(n / (k + 1));
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => times[a]! - times[b]! || a - b);
  if (size < 1 || n - k * size - gapRows <= 0)
    throw new Error(
      `${n} rows leave nothing to train on before ${k} test folds of ${size} with a gap of ${gapRows}. Give more rows or fewer folds.`,
    );
  return Array.from({ length: k }, (_, f) => {
    const start = n - (k - f) * size;
    const firstTime = times[order[start]!]!;
    const known = order.slice(0, start - gapRows).filter((i) => times[i]! < firstTime && times[i]! <= firstTime - gapTime);
    if (known.length === 0) throw new Error(`Fold ${f + 1} has nothing to train on: the gap reaches back to the first row.`);
    return { trainRows: known.slice(Math.max(0, known.length - maxTrainRows)), testRows: order.slice(start, start + size) };
  });
};

export type CrossValidated = { values: number[]; mean: number; sd: number };

/**
 * Judges each fold in turn; `judge` fits on the training rows and answers the metric on the test rows.
 *
 * @example
 * const { mean, sd } = await learn.crossValidate(learn.groupFolds(table.patient, 5), async ({ trainRows, testRows }) => {
 *   const model = await learn.boostedTrees().fit(learn.takeRows(table, trainRows), { target: "readmitted", positive: "yes" });
 *   return model.evaluate(learn.takeRows(table, testRows)).auc;
 * });
 */
export const crossValidate = async (
  folds: readonly Fold[],
  judge: (fold: Fold, index: number) => number | Promise<number>,
): Promise<CrossValidated> => {
  const values: number[] = [];
  for (const [index, fold] of folds.entries()) {
    if (fold.testRows.length === 0) throw new Error(`Fold ${index + 1} has no test rows. Use fewer folds.`);
    values.push(await judge(fold, index));
  }
  return { values, mean: values.reduce((sum, one) => sum + one, 0) / values.length, sd: deviation(values) };
};

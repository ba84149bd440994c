// A table for learning: columns by name, numbers as Float64Array with NaN where one is missing, categories as strings with "" where one
// is missing. All columns have the same length.
import { mulberry32, shuffled } from "#lib/learn/random.ts";

export type Column = Float64Array | string[];
export type Columns = Record<string, Column>;

export const isNumeric = (column: Column): column is Float64Array => column instanceof Float64Array;

/**
 * Rows of a table; throws when columns differ in length, naming the column.
 *
 * @example
 * learn.rowCount({ income: Float64Array.of(52000, 38000) }); // → 2
 */
export const rowCount = (table: Columns): number => {
  const [first, ...rest] = Object.entries(table);
  if (!first) return 0;
  for (const [name, column] of rest)
    if (column.length !== first[1].length)
      throw new Error(`Column ${name} has ${column.length} rows, ${first[0]} has ${first[1].length}. Give all columns the same length.`);
  return first[1].length;
};

/**
 * The rows at the given places, in that order.
 *
 * @example
 * learn.takeRows({ grade: ["A", "B", "C"] }, [2, 0]).grade; // → ["C","A"]
 */
export const takeRows = (table: Columns, rows: ArrayLike<number>): Columns =>
  Object.fromEntries(
    Object.entries(table).map(([name, column]) => [
      name,
      isNumeric(column)
        ? Float64Array.from({ length: rows.length }, (_, i) => column[rows[i]!]!)
        : Array.from({ length: rows.length }, (_, i) => column[rows[i]!]!),
    ]),
  );

/**
 * A table without some columns.
 *
 * @example
 * Object.keys(learn.dropColumns({ id: ["a"], grade: ["B"] }, ["id"])); // → ["grade"]
 */
export const dropColumns = (table: Columns, names: readonly string[]): Columns =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));

/** A column by name; throws with the names there are. */
export const columnOf = (table: Columns, name: string): Column => {
  const found = table[name];
  if (!found) throw new Error(`There is no column ${name}. There are: ${Object.keys(table).join(", ")}.`);
  return found;
};

/** Whether a cell says nothing: an empty text, or a number that is missing or infinite. */
const isGap = (value: string | number | undefined): boolean => value === "" || (typeof value === "number" && !Number.isFinite(value));

/**
 * The rows in which a column has a value: what can be learned from when a target has gaps.
 *
 * @example
 * learn.rowsWith({ age: Float64Array.of(31, 40), left: ["yes", ""] }, "left").left; // → ["yes"]
 */
export const rowsWith = (table: Columns, name: string): Columns => {
  const column = columnOf(table, name);
  const rows = Array.from(column.keys()).filter((i) => !isGap(column[i]));
  return rows.length === column.length ? table : takeRows(table, rows);
};

/**
 * As many rows as asked for, drawn at random, in their order; the whole table when it has no more.
 *
 * @example
 * learn.sampleRows({ grade: ["A", "B", "C"] }, 5).grade; // → ["A","B","C"]
 */
export const sampleRows = (table: Columns, count: number, seed = 0): Columns => {
  const n = rowCount(table);
  return n <= count ? table : takeRows(table, shuffled(n, mulberry32(seed)).subarray(0, count).sort());
};

/**
 * A column that must hold numbers.
 *
 * @example
 * [...learn.numbersOf({ income: Float64Array.of(52000) }, "income")]; // → [52000]
 */
export const numbersOf = (table: Columns, name: string): Float64Array => {
  const column = columnOf(table, name);
  if (!isNumeric(column))
    throw new Error(`Column ${name} holds text, but numbers are needed. Give a Float64Array, NaN where one is missing.`);
  return column;
};

/** A column that must hold texts. */
export const textsOf = (table: Columns, name: string): string[] => {
  const column = columnOf(table, name);
  if (isNumeric(column)) throw new Error(`Column ${name} holds numbers, but text is needed. Give a string[], "" where one is missing.`);
  return column;
};

/**
 * 0/1 labels of a target column: 1 where it equals `positive`. A row without a target is an error, never a 0.
 *
 * @example
 * [...learn.labelsOf({ Class: ["bad", "good"] }, "Class", "bad")]; // → [1,0]
 */
export const labelsOf = (table: Columns, target: string, positive: string | number): Uint8Array => {
  const column = columnOf(table, target);
  let missing = 0;
  for (let i = 0; i < column.length; i++) if (column[i] === "" || Number.isNaN(column[i])) missing += 1;
  if (missing > 0) throw new Error(`Column ${target} has no value in ${missing} of ${column.length} rows. Leave these rows out first.`);
  const labels = Uint8Array.from({ length: column.length }, (_, i) => (column[i] === positive ? 1 : 0));
  const hits = labels.reduce((sum, one) => sum + one, 0);
  if (hits === 0 || hits === labels.length)
    throw new Error(
      `Column ${target} has ${hits === 0 ? "no row" : "only rows"} with ${JSON.stringify(positive)}. A classifier needs both classes.`,
    );
  return labels;
};

const groupsOf = (column: Column): number[][] => {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < column.length; i++) {
    const key = String(column[i]);
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.keys()].sort().map((key) => groups.get(key)!);
};

type SplitOptions = { test?: number; seed?: number; stratify?: string };

/**
 * Splits rows at random; with `stratify`, each level of that column keeps its share on both sides.
 * @example
 * const { train, test } = trainTestSplit(columns, { test: 0.25, seed: 7, stratify: "Class" });
 */
export const trainTestSplit = (
  table: Columns,
  options: SplitOptions = {},
): { train: Columns; test: Columns; trainRows: number[]; testRows: number[] } => {
  const { test = 0.25, seed = 0, stratify } = options;
  if (!(test > 0 && test < 1)) throw new Error(`test: ${test} is not a share. Give a number between 0 and 1.`);
  const n = rowCount(table);
  const random = mulberry32(seed);
  const groups = stratify ? groupsOf(columnOf(table, stratify)) : [Array.from({ length: n }, (_, i) => i)];
  const testRows: number[] = [];
  const trainRows: number[] = [];
  for (const group of groups) {
    const order = shuffled(group.length, random);
    const cut = Math.round(group.length * test);
    for (const [i, at] of order.entries()) (i < cut ? testRows : trainRows).push(group[at]!);
  }
  if (trainRows.length === 0 || testRows.length === 0)
    throw new Error(`${n} rows cannot be split at ${test}: one side would be empty. Give more rows or another share.`);
  trainRows.sort((a, b) => a - b);
  testRows.sort((a, b) => a - b);
  return { train: takeRows(table, trainRows), test: takeRows(table, testRows), trainRows, testRows };
};

/**
 * k folds that keep the share of each level of a column; every row is in exactly one test fold.
 *
 * @example
 * learn.stratifiedFolds({ Class: ["bad", "good", "bad", "good"] }, "Class", 2).map((fold) => fold.testRows.length); // → [2,2]
 */
export const stratifiedFolds = (table: Columns, column: string, k = 5, seed = 0): { trainRows: number[]; testRows: number[] }[] => {
  const n = rowCount(table);
  if (!Number.isInteger(k) || k < 2 || k > n)
    throw new Error(`${k} folds of ${n} rows cannot be made. Give a whole number from 2 to ${n}.`);
  const random = mulberry32(seed);
  const fold = new Uint32Array(n);
  let turn = 0;
  for (const group of groupsOf(columnOf(table, column))) for (const at of shuffled(group.length, random)) fold[group[at]!] = turn++ % k;
  return Array.from({ length: k }, (_, f) => ({
    trainRows: [...fold.keys()].filter((i) => fold[i] !== f),
    testRows: [...fold.keys()].filter((i) => fold[i] === f),
  }));
};

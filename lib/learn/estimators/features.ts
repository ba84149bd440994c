// From raw columns to numbers, fitted on training rows only, and exported inside the model: what is served takes raw named columns, so
// training and serving cannot differ. Two encodings: one-hot with standardised numbers for linear models, ordered codes for trees.
//
// Numbers are rounded to float32 before anything is fitted, because that is what the model will see.
import type { Builder } from "#lib/learn/onnx/builder.ts";
import { quantile } from "#lib/learn/stats/profile.ts";
import { type Columns, columnOf, isNumeric, numbersOf, rowCount, textsOf } from "#lib/learn/tables/table.ts";

export type Tensor = { name: string; datatype: "FP32" | "BYTES"; shape: [-1, 1] };
export type Signature = { inputs: Tensor[]; outputs: { name: string; datatype: "FP32"; shape: [-1, 1] }[] };

export const signatureOf = (table: Columns, names: readonly string[]): Signature => ({
  inputs: names.map((name) => ({ name, datatype: isNumeric(columnOf(table, name)) ? "FP32" : "BYTES", shape: [-1, 1] })),
  outputs: [{ name: "probability", datatype: "FP32", shape: [-1, 1] }],
});

const levelLimit = 100;
const rareBelow = 10;

const countsOf = (column: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const level of column) if (level !== "") counts.set(level, (counts.get(level) ?? 0) + 1);
  return counts;
};

/** The levels that get a column of their own, in alphabetical order: at most 100, the most frequent. */
const levelsOf = (column: readonly string[]): string[] =>
  [...countsOf(column)]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, levelLimit)
    .map(([level]) => level)
    .sort();

const medianOf = (column: Float64Array): number => {
  const clean = column.filter((value) => !Number.isNaN(value)).sort();
  return clean.length === 0 ? 0 : Math.fround(quantile(clean, 0.5));
};

export type LinearEncoding = {
  numbers: { name: string; median: number; mean: number; sd: number }[];
  categories: { name: string; levels: string[] }[];
  width: number;
};

/** Fits the linear encoding: medians for missing numbers, mean and spread, levels of each category. */
export const fitLinear = (table: Columns, names: readonly string[]): LinearEncoding => {
  const numbers = names
    .filter((name) => isNumeric(columnOf(table, name)))
    .map((name) => {
      const column = numbersOf(table, name);
      const median = medianOf(column);
      const filled = column.map((value) => Math.fround(Number.isNaN(value) ? median : value));
      const mean = filled.reduce((sum, value) => sum + value, 0) / Math.max(1, filled.length);
      const sd = Math.sqrt(filled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, filled.length));
      return { name, median, mean: Math.fround(mean), sd: Math.fround(sd > 1e-12 ? sd : 1) };
    });
  const categories = names
    .filter((name) => !isNumeric(columnOf(table, name)))
    .map((name) => ({ name, levels: levelsOf(textsOf(table, name)) }));
  return { numbers, categories, width: numbers.length + categories.reduce((sum, one) => sum + one.levels.length, 0) };
};

/** Row-major matrix of the linear encoding; unseen and missing levels are all zero. */
export const encodeLinear = (table: Columns, encoding: LinearEncoding): Float64Array => {
  const n = rowCount(table);
  const { width } = encoding;
  const matrix = new Float64Array(n * width);
  let at = 0;
  for (const { name, median, mean, sd } of encoding.numbers) {
    const column = numbersOf(table, name);
    for (let i = 0; i < n; i++) matrix[i * width + at] = (Math.fround(Number.isNaN(column[i]!) ? median : column[i]!) - mean) / sd;
    at += 1;
  }
  for (const { name, levels } of encoding.categories) {
    const column = textsOf(table, name);
    const places = new Map(levels.map((level, k) => [level, at + k]));
    for (let i = 0; i < n; i++) {
      const place = places.get(column[i]!);
      if (place !== undefined) matrix[i * width + place] = 1;
    }
    at += levels.length;
  }
  return matrix;
};

/** The linear encoding as ONNX nodes; answers the name of the [N, width] matrix. */
export const writeLinear = (builder: Builder, encoding: LinearEncoding): string => {
  const parts: string[] = [];
  const { numbers } = encoding;
  if (numbers.length > 0) {
    const joined = builder.node(
      "Concat",
      numbers.map((one) => one.name),
      { axis: 1 },
    );
    const row = (values: number[]) => builder.constant(values, [1, values.length]);
    const filled = builder.node("Where", [builder.node("IsNaN", [joined]), row(numbers.map((one) => one.median)), joined]);
    parts.push(
      builder.node("Div", [builder.node("Sub", [filled, row(numbers.map((one) => one.mean))]), row(numbers.map((one) => one.sd))]),
    );
  }
  for (const { name, levels } of encoding.categories) {
    if (levels.length === 0) continue;
    const hot = builder.node("OneHotEncoder", [name], { cats_strings: levels, zeros: 1 }, { domain: "ai.onnx.ml" });
    parts.push(builder.node("Reshape", [hot, builder.integers([-1, levels.length])]));
  }
  if (parts.length === 0) throw new Error("No column has a value to learn from.");
  return builder.node("Concat", parts, { axis: 1 });
};

export type TreeEncoding = {
  features: ({ name: string; kind: "number" } | { name: string; kind: "category"; codes: Map<string, number> })[];
};

/**
 * Fits the tree encoding: levels of a category get codes in the order of their smoothed target rate. A level with fewer than ten rows
 * counts as missing, because its rate would tell the labels of its own rows.
 */
export const fitTrees = (table: Columns, names: readonly string[], labels: Uint8Array): TreeEncoding => {
  const base = labels.reduce((sum, one) => sum + one, 0) / Math.max(1, labels.length);
  const features = names.map((name) => {
    if (isNumeric(columnOf(table, name))) return { name, kind: "number" as const };
    const column = textsOf(table, name);
    const hits = new Map<string, number>();
    for (const [i, level] of column.entries()) hits.set(level, (hits.get(level) ?? 0) + labels[i]!);
    const order = [...countsOf(column)]
      .filter(([, n]) => n >= rareBelow)
      .map(([level, n]) => ({ level, rate: (hits.get(level)! + 10 * base) / (n + 10) }))
      .sort((a, b) => a.rate - b.rate || (a.level < b.level ? -1 : 1));
    return { name, kind: "category" as const, codes: new Map(order.map(({ level }, code) => [level, code])) };
  });
  return { features };
};

/** Columns of float32 numbers for trees; NaN where missing, rare or unseen. */
export const encodeTrees = (table: Columns, encoding: TreeEncoding): Float64Array[] =>
  encoding.features.map((feature) =>
    feature.kind === "number"
      ? Float64Array.from(numbersOf(table, feature.name), Math.fround)
      : Float64Array.from(textsOf(table, feature.name), (level) => feature.codes.get(level) ?? Number.NaN),
  );

/** The tree encoding as ONNX nodes; answers the name of the [N, features] matrix. */
export const writeTrees = (builder: Builder, encoding: TreeEncoding): string => {
  const parts = encoding.features.map((feature) => {
    if (feature.kind === "number") return feature.name;
    // the runtime wants at least one key; U+0000 stands in for a column whose levels are all rare
    const codes = feature.codes.size > 0 ? feature.codes : new Map([["\u0000", Number.NaN]]);
    return builder.node(
      "LabelEncoder",
      [feature.name],
      { keys_strings: [...codes.keys()], values_floats: [...codes.values()], default_float: { float: Number.NaN } },
      { domain: "ai.onnx.ml" },
    );
  });
  return builder.node("Concat", parts, { axis: 1 });
};

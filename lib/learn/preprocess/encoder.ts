// An encoding turns one raw column into one or more columns of a float32 matrix. It is fitted on training rows, and a fitted one (an
// encoder) can do the same thing twice: here in TypeScript, and as ONNX nodes inside the model that is served. Both see float32, step by
// step, so that training and serving cannot differ by more than the order of a sum.
import type { Builder } from "#lib/learn/onnx/builder.ts";
import type { Column } from "#lib/learn/tables/table.ts";

/** Row-major float32 numbers. */
export type Matrix = { data: Float32Array; rows: number; width: number };

/** What a column of the matrix means: a number, one level of a category (0/1), a count of words, or the code of a level (−1 has none; NaN is missing). */
export type Feature = {
  name: string;
  /** The raw column it was made of. */
  column: string;
  kind: "number" | "indicator" | "count" | "code";
  /** Levels by code, for `kind: "code"`. */
  levels?: readonly string[];
};

/** What is to be predicted, as numbers: 0/1, the number of a class, or the target itself. */
export type Goal =
  | { task: "binary"; y: Float64Array }
  | { task: "classes"; y: Float64Array; levels: readonly string[] }
  | { task: "number"; y: Float64Array }
  | { task: "none" };

/** Where an encoder writes: column `at` of a row-major array of rows of `width`. */
export type Place = { data: Float32Array; width: number; at: number };

export type Encoder = {
  features: Feature[];
  encode: (column: Column, place: Place) => void;
  /** How training rows are encoded, where that must differ: out of fold, so that no row sees its own target. */
  encodeTraining?: (column: Column, place: Place) => void;
  /** The encoding as nodes; answers the name of a [N, features] float matrix. */
  write: (builder: Builder, name: string) => string;
  /** Set by plain numbers only: the pipeline joins neighbours into one matrix before it works on them. */
  plain?: PlainNumber;
};

/** (clip(x, or `fill` where missing) − shift) / scale. */
export type PlainNumber = { fill: number; low: number; high: number; shift: number; scale: number };

export type Encoding = {
  takes: "number" | "text";
  /** Fits on training rows. `seed` decides folds. */
  fit: (column: Column, context: { name: string; goal: Goal; seed: number }) => Encoder;
};

/** The greatest float32; anything beyond it, and infinity, counts as missing. */
export const greatest = 3.402_823_466_385_288_6e38;

/** The number as the model will see it: float32, NaN where it is missing, infinite or too large. */
export const seen = (value: number): number => {
  const rounded = Math.fround(value);
  return Math.abs(rounded) <= greatest ? rounded : Number.NaN;
};

/** Raw numbers as the model sees them. */
export const seenNumbers = (column: Float64Array): Float64Array => column.map(seen);

/** The numbers of a column that are given, as the model sees them. A loop: `filter` would box a million of them. */
export const givenNumbers = (column: Float64Array): Float64Array => {
  const given = new Float64Array(column.length);
  let n = 0;
  for (let i = 0; i < column.length; i++) {
    const value = seen(column[i]!);
    if (!Number.isNaN(value)) given[n++] = value;
  }
  return given.slice(0, n);
};

/** Nodes that put `fill` (a [1, d] constant) where a number is missing or infinite. */
export const writeFilled = (builder: Builder, x: string, fill: string): string => {
  const isGiven = builder.node("LessOrEqual", [builder.node("Abs", [x]), builder.constant([greatest], [1, 1])]);
  return builder.node("Where", [isGiven, x, fill]);
};

const same = (values: readonly number[], one: number): boolean => values.every((value) => value === one);

/** Numbers of d columns, already joined to [N, d] (or [d, N], `isTall`), cleaned and scaled. */
export const writePlain = (builder: Builder, joined: string, plain: readonly PlainNumber[], isTall = false): string => {
  const row = (values: number[]) => builder.constant(values, isTall ? [values.length, 1] : [1, values.length]);
  let x = writeFilled(builder, joined, row(plain.map((one) => one.fill)));
  const [lows, highs] = [plain.map((one) => one.low), plain.map((one) => one.high)];
  if (!same(lows, -greatest) || !same(highs, greatest)) {
    // Where keeps NaN, which Min and Max would not promise
    x = builder.node("Where", [builder.node("Less", [x, row(lows)]), row(lows), x]);
    x = builder.node("Where", [builder.node("Greater", [x, row(highs)]), row(highs), x]);
  }
  const [shifts, scales] = [plain.map((one) => one.shift), plain.map((one) => one.scale)];
  if (!same(shifts, 0)) x = builder.node("Sub", [x, row(shifts)]);
  if (!same(scales, 1)) x = builder.node("Div", [x, row(scales)]);
  return x;
};

/** The same for one value. */
export const plainly = (value: number, { fill, low, high, shift, scale }: PlainNumber): number => {
  const rounded = seen(value);
  const filled = Number.isNaN(rounded) ? fill : rounded;
  const clipped = filled < low ? low : filled > high ? high : filled;
  return Math.fround(Math.fround(clipped - shift) / scale);
};

/** Nodes that look texts up; what is not in the map is `absent`. The runtime wants at least one key: U+0000 stands in for none. */
export const writeLookup = (builder: Builder, name: string, map: ReadonlyMap<string, number>, absent: number): string => {
  const entries = map.size > 0 ? [...map] : [["\u0000", absent] as const];
  return builder.node(
    "LabelEncoder",
    [name],
    { keys_strings: entries.map(([key]) => key), values_floats: entries.map(([, value]) => value), default_float: { float: absent } },
    { domain: "ai.onnx.ml" },
  );
};

// Columns cut into quantile bins for histogram trees. Edges are float32 and lie between two neighbouring values, so that a served model,
// which sees float32, decides exactly like the training did. A column of level codes has one bin a level.
import { type Feature, givenNumbers, type Matrix } from "#lib/learn/preprocess/encoder.ts";

/**
 * Binned rows. `bins` is column by column in shared memory; bin 0 is "missing", bin b > 0 holds values ≤ edges[b − 1] (the last bin is
 * open), or the level with code b − 1. `counts` are bins a column, missing included.
 */
export type Binned = {
  bins: Uint8Array;
  edges: Float64Array[];
  counts: Int32Array;
  isLevels: Uint8Array;
  rows: number;
  features: number;
};

const sampleLimit = 200_000;

const distinctIn = (sorted: Float64Array): number => {
  let count = Math.min(1, sorted.length);
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) count += 1;
  return count;
};

/** A float32 that parts two neighbouring values: at least the lower, below the higher. */
export const between = (low: number, high: number): number => {
  const cut = Math.fround(low / 2 + high / 2);
  return cut >= low && cut < high ? cut : low;
};

/** Edges of at most `maxBins` bins of about equal size; one bin a value when there are few values. */
const edgesOf = (column: Float64Array, maxBins: number): Float64Array => {
  const sorted = givenNumbers(column).sort();
  const cuts: number[] = [];
  const wanted = sorted.length / maxBins;
  let filled = 0;
  let left = distinctIn(sorted);
  for (let i = 0; i + 1 < sorted.length && cuts.length < maxBins - 1; i++) {
    filled += 1;
    const [low, high] = [sorted[i]!, sorted[i + 1]!];
    if (low === high) continue;
    left -= 1;
    // cut when the bin is full, or when there are bins enough for every value that is left
    if (filled < wanted && left > maxBins - 1 - cuts.length) continue;
    cuts.push(between(low, high));
    filled = 0;
  }
  return Float64Array.from(cuts);
};

/** 1 + the number of edges below a value, found by halving between two of them. */
const binIn = (value: number, edges: Float64Array, from: number, to: number): number => {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > edges[middle]!) low = middle + 1;
    else high = middle;
  }
  return low + 1;
};

const cells = 1024;

/**
 * Bins by edges: 0 for missing, else 1 + the number of edges below the value. A grid of equal cells says between which edges a value lies,
 * so that nearly all are found in a step or two instead of seven unforeseeable ones. Cells grow with the value, by the same arithmetic for
 * edges and values, so a value's cell holds every edge that could decide.
 */
const binnerOf = (edges: Float64Array): ((value: number) => number) => {
  const first = edges[0] ?? 0;
  const scale = (cells - 1) / ((edges.at(-1) ?? 0) - first);
  if (!(Number.isFinite(scale) && scale > 0)) return (value) => (Number.isNaN(value) ? 0 : binIn(value, edges, 0, edges.length));
  const cellOf = (value: number): number => {
    const cell = (value - first) * scale;
    return cell > 0 ? (cell < cells ? Math.floor(cell) : cells - 1) : 0;
  };
  // starts[c]: edges in cells before c
  const starts = new Uint16Array(cells + 1);
  for (const edge of edges) starts[cellOf(edge) + 1]! += 1;
  for (let c = 0; c < cells; c++) starts[c + 1]! += starts[c]!;
  return (value) => {
    if (Number.isNaN(value)) return 0;
    const cell = cellOf(value);
    return binIn(value, edges, starts[cell]!, starts[cell + 1]!);
  };
};

/** Values of a column, of every `step`-th row. */
const columnOf = (x: Matrix, f: number, step: number): Float64Array => {
  const column = new Float64Array(Math.ceil(x.rows / step));
  for (let i = 0; i < column.length; i++) column[i] = x.data[i * step * x.width + f]!;
  return column;
};

/** Bins a matrix; edges of large tables come from at most 200,000 evenly spaced rows. */
export const binMatrix = (x: Matrix, features: readonly Feature[], maxBins: number): Binned => {
  const { rows, width } = x;
  const step = Math.max(1, Math.floor(rows / sampleLimit));
  const bins = new Uint8Array(new SharedArrayBuffer(Math.max(1, rows * width)));
  const counts = new Int32Array(width);
  const isLevels = Uint8Array.from(features, (feature) => Number(feature.kind === "code"));
  const edges = features.map((feature, f) => {
    const own = isLevels[f] ? new Float64Array(0) : edgesOf(columnOf(x, f, step), maxBins);
    counts[f] = isLevels[f] ? feature.levels!.length + 1 : own.length + 2;
    const binOf = isLevels[f] ? (value: number) => (Number.isNaN(value) ? 0 : value + 1) : binnerOf(own);
    for (let i = 0; i < rows; i++) bins[f * rows + i] = binOf(x.data[i * width + f]!);
    return own;
  });
  return { bins, edges, counts, isLevels, rows, features: width };
};

/** The least and the greatest value of training rows in each bin of a column of numbers. */
export type Spans = { least: Float64Array; greatest: Float64Array };

/** Spans of all columns; a column of levels has none. */
export const spansOf = (x: Matrix, { bins, counts, isLevels }: Binned): Spans[] =>
  Array.from(counts, (count, f) => {
    const least = new Float64Array(isLevels[f] ? 0 : count).fill(Number.POSITIVE_INFINITY);
    const greatest = least.map(() => Number.NEGATIVE_INFINITY);
    for (let i = 0; i < x.rows && least.length > 0; i++) {
      const [bin, value] = [bins[f * x.rows + i]!, x.data[i * x.width + f]!];
      if (value < least[bin]!) least[bin] = value;
      if (value > greatest[bin]!) greatest[bin] = value;
    }
    return { least, greatest };
  });

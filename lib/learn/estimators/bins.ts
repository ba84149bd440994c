// Columns cut into quantile bins for histogram trees. Edges are float32 and lie between two neighbouring values, so that a served model,
// which sees float32, decides exactly like the training did.

/** Binned training data; bin 0 is "missing", bin b > 0 holds values ≤ edges[b − 1] (the last bin is open). `offsets` are where each column's bins start in a histogram. */
export type Binned = { bins: Uint8Array[]; edges: Float64Array[]; offsets: number[]; slots: number; rows: number };

const distinctIn = (sorted: Float64Array): number => {
  let count = Math.min(1, sorted.length);
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) count += 1;
  return count;
};

/** Edges of at most `maxBins` bins of about equal size; one bin a value when there are few values. */
const edgesOf = (column: Float64Array, maxBins: number): Float64Array => {
  const sorted = column.filter((value) => !Number.isNaN(value)).sort();
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
    const cut = Math.fround(low / 2 + high / 2);
    cuts.push(cut >= low && cut < high ? cut : low);
    filled = 0;
  }
  return Float64Array.from(cuts);
};

/** 0 for missing, else 1 + the number of edges below the value. */
const binOf = (value: number, edges: Float64Array): number => {
  if (Number.isNaN(value)) return 0;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > edges[middle]!) low = middle + 1;
    else high = middle;
  }
  return low + 1;
};

/** Bins columns of float32 values; NaN is missing. */
export const binColumns = (columns: Float64Array[], maxBins: number): Binned => {
  const edges = columns.map((column) => edgesOf(column, maxBins));
  const offsets: number[] = [];
  let slots = 0;
  for (const own of edges) {
    offsets.push(slots);
    slots += own.length + 2;
  }
  const bins = columns.map((column, f) => Uint8Array.from(column, (value) => binOf(value, edges[f]!)));
  return { bins, edges, offsets, slots, rows: columns[0]?.length ?? 0 };
};

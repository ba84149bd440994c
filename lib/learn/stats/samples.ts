// How two samples become comparable shares: levels, or Sturges' equal-width bins (SCIENCE.md §1.2). Missing values are dropped before.

export type Sample = ArrayLike<number> | readonly string[];

/** Numbers without missing ones; texts without "". */
export const present = <S extends Sample>(sample: S): S extends readonly string[] ? string[] : Float64Array =>
  (typeof sample[0] === "string" || (sample.length > 0 && typeof (sample as unknown[]).find((one) => one !== undefined) === "string")
    ? Array.from(sample as readonly string[]).filter((one) => one !== "" && one !== null && one !== undefined)
    : Float64Array.from(sample as ArrayLike<number>).filter((one) => Number.isFinite(one))) as never;

export const isNumbers = (sample: Sample): sample is ArrayLike<number> => typeof sample[0] === "number";

export const sorted = (sample: ArrayLike<number>): Float64Array => Float64Array.from(sample).sort();

/** Distinct values of sorted numbers. */
export const distinct = (values: Float64Array): Float64Array => values.filter((value, i) => i === 0 || value !== values[i - 1]);

/** Counts of every level of both samples, levels in order. */
export const levelCounts = (
  reference: Sample,
  current: Sample,
): { levels: (string | number)[]; reference: number[]; current: number[] } => {
  const counts = new Map<string | number, [number, number]>();
  for (const [side, sample] of [reference, current].entries())
    for (let i = 0; i < sample.length; i++) {
      const value = sample[i]!;
      const known = counts.get(value);
      if (known) known[side]! += 1;
      else counts.set(value, side === 0 ? [1, 0] : [0, 1]);
    }
  const levels = [...counts.keys()].sort((a, b) => (a < b ? -1 : 1));
  return { levels, reference: levels.map((one) => counts.get(one)![0]), current: levels.map((one) => counts.get(one)![1]) };
};

/** Equal-width edges from least to greatest, Sturges' number of bins for `n` values; a constant gets half a unit either way. */
export const sturgesEdges = (least: number, greatest: number, n: number): Float64Array => {
  const [low, high] = least === greatest ? [least - 0.5, greatest + 0.5] : [least, greatest];
  const bins = least === greatest ? 1 : Math.ceil(Math.log2(n) + 1);
  const step = (high - low) / bins;
  return Float64Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : i * step + low));
};

/** Values per bin; a bin holds its lower edge, the last one both. Guessed by arithmetic, settled by the edges themselves. */
export const binCounts = (values: ArrayLike<number>, edges: Float64Array): number[] => {
  const bins = edges.length - 1;
  const [low, high] = [edges[0]!, edges[bins]!];
  const scale = bins / (high - low);
  const counts = Array.from({ length: bins }, () => 0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= low && value <= high)) continue;
    let bin = Math.min(bins - 1, Math.floor((value - low) * scale));
    if (value < edges[bin]!) bin -= 1;
    else if (bin < bins - 1 && value >= edges[bin + 1]!) bin += 1;
    counts[bin]! += 1;
  }
  return counts;
};

const isFew = (reference: ArrayLike<number>): boolean => {
  const seen = new Set<number>();
  for (let i = 0; i < reference.length; i++) {
    seen.add(reference[i]!);
    if (seen.size > 20) return false;
  }
  return true;
};

/** Shares of both samples: bins for numbers with more than 20 distinct reference values, else one bin a value. Not renormalised. */
export const shares = (reference: Sample, current: Sample): { reference: number[]; current: number[] } => {
  const counts =
    isNumbers(reference) && !isFew(reference) ? binned(reference, current as ArrayLike<number>) : levelCounts(reference, current);
  return {
    reference: counts.reference.map((count) => count / reference.length),
    current: counts.current.map((count) => count / current.length),
  };
};

const binned = (reference: ArrayLike<number>, current: ArrayLike<number>) => {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const side of [reference, current])
    for (let i = 0; i < side.length; i++) {
      if (side[i]! < least) least = side[i]!;
      if (side[i]! > greatest) greatest = side[i]!;
    }
  const edges = sturgesEdges(least, greatest, reference.length + current.length);
  return { reference: binCounts(reference, edges), current: binCounts(current, edges) };
};

/** Mean and variance with the given degrees taken off. */
export const moments = (values: ArrayLike<number>, ddof = 0): { mean: number; variance: number } => {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += values[i]!;
  mean /= values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return { mean, variance: squares / (values.length - ddof) };
};

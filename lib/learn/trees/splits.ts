// The best way to cut a node in two, read off a histogram. For each bin it holds the sum of gradients and, packed into one exact float64,
// the number of rows and the sum of hessians (see bench.ts). Gain is the second-order gain of Newton boosting,
// GL²/(HL + λ) + GR²/(HR + λ) − G²/(H + λ), and with monotone bounds the same for values held inside them.
//
// Levels of a category are ordered by G/(H + 10) and cut in that order (Fisher 1958; LightGBM's many-vs-many), at most 32 on the smaller
// side and with 10 added to λ, because the order was chosen by the same rows.

/** Sums of a node or of one side. */
export type Sums = { g: number; h: number; n: number };

export type Split = {
  gain: number;
  feature: number;
  /** Bins ≤ this go left; unused for levels. */
  bin: number;
  isMissingLeft: boolean;
  /** Bins that go left, one flag a bin (missing is bin 0); null for a threshold. */
  set: Uint8Array | null;
  left: Sums;
};

export type SplitOptions = { lambda: number; minLeaf: number; minGain: number };

/** Packing of rows and hessians: `unit` is one row, `step` what one in the lower bits is worth. */
export type Packing = { unit: number; step: number };

const levelSmoothing = 10;
const levelPenalty = 10;
const levelsLimit = 32;

/** One column to look through: where its bins start in the histogram (in slots), how many there are, and what is asked of it. */
export type Candidate = { feature: number; slot: number; bins: number; isLevels: boolean; monotone: number };

export type Node = Sums & { low: number; high: number };

/** −2 × the loss a leaf with these sums saves when its value is held inside bounds. */
const worth = (g: number, h: number, lambda: number, low: number, high: number): number => {
  const value = Math.min(high, Math.max(low, -g / (h + lambda)));
  return -(2 * g * value + (h + lambda) * value * value);
};

/** Value of a leaf, before the learning rate. */
export const leafValue = ({ g, h }: { g: number; h: number }, lambda: number, low: number, high: number): number =>
  h + lambda > 0 ? Math.min(high, Math.max(low, -g / (h + lambda))) : 0;

const unpackRows = (packed: number, { unit }: Packing): number => Math.floor(packed / unit);

const gainOf = (node: Node, gl: number, hl: number, lambda: number, monotone: number): number => {
  const { low, high } = node;
  const [gr, hr] = [node.g - gl, node.h - hl];
  if (monotone !== 0) {
    const [vl, vr] = [leafValue({ g: gl, h: hl }, lambda, low, high), leafValue({ g: gr, h: hr }, lambda, low, high)];
    if ((vr - vl) * monotone < 0) return Number.NEGATIVE_INFINITY;
  }
  return worth(gl, hl, lambda, low, high) + worth(gr, hr, lambda, low, high);
};

const splitNumbers = (
  histogram: Float64Array,
  one: Candidate,
  node: Node,
  how: SplitOptions,
  packing: Packing,
  best: Split | null,
): Split | null => {
  const { lambda, minLeaf } = how;
  const start = one.slot * 2;
  const parent = worth(node.g, node.h, lambda, node.low, node.high);
  const missing = histogram[start + 1]!;
  const missingN = unpackRows(missing, packing);
  const missingG = histogram[start]!;
  const missingH = (missing - missingN * packing.unit) * packing.step;
  const isFree = one.monotone === 0 && node.low === Number.NEGATIVE_INFINITY && node.high === Number.POSITIVE_INFINITY;
  const sides = missingN > 0 ? 1 : 0;
  let found = best;
  let least = (best?.gain ?? how.minGain) + parent;
  let g = 0;
  let packed = 0;
  // the last bin has no upper edge: a cut behind it parts the missing from all numbers
  const last = one.bins - 1;
  for (let bin = 1; bin < last + sides; bin++) {
    const at = start + bin * 2;
    const own = histogram[at + 1]!;
    if (own === 0) continue;
    g += histogram[at]!;
    packed += own;
    const n = unpackRows(packed, packing);
    const h = (packed - n * packing.unit) * packing.step;
    for (let side = bin === last ? 0 : sides; side >= 0; side--) {
      const nl = side === 1 ? n + missingN : n;
      if (nl < minLeaf || node.n - nl < minLeaf) continue;
      const gl = side === 1 ? g + missingG : g;
      const hl = side === 1 ? h + missingH : h;
      const gr = node.g - gl;
      const value = isFree ? (gl * gl) / (hl + lambda) + (gr * gr) / (node.h - hl + lambda) : gainOf(node, gl, hl, lambda, one.monotone);
      if (value <= least) continue;
      least = value;
      const isMissingLeft = missingN > 0 ? side === 1 : nl * 2 > node.n;
      found = { gain: value - parent, feature: one.feature, bin, isMissingLeft, set: null, left: { g: gl, h: hl, n: nl } };
    }
  }
  return found;
};

type Level = { bin: number; g: number; h: number; n: number };

const levelsIn = (histogram: Float64Array, one: Candidate, packing: Packing): Level[] => {
  const levels: Level[] = [];
  for (let bin = 0; bin < one.bins; bin++) {
    const packed = histogram[(one.slot + bin) * 2 + 1]!;
    if (packed === 0) continue;
    const n = unpackRows(packed, packing);
    levels.push({ bin, g: histogram[(one.slot + bin) * 2]!, h: (packed - n * packing.unit) * packing.step, n });
  }
  return levels.sort((a, b) => a.g / (a.h + levelSmoothing) - b.g / (b.h + levelSmoothing) || a.bin - b.bin);
};

const splitLevels = (
  histogram: Float64Array,
  one: Candidate,
  node: Node,
  how: SplitOptions,
  packing: Packing,
  best: Split | null,
): Split | null => {
  const levels = levelsIn(histogram, one, packing);
  const lambda = how.lambda + levelPenalty;
  const parent = worth(node.g, node.h, how.lambda, node.low, node.high);
  let cut = 0;
  let least = (best?.gain ?? how.minGain) + parent;
  const left: Sums = { g: 0, h: 0, n: 0 };
  let kept: Sums | null = null;
  for (let c = 0; c + 1 < levels.length; c++) {
    left.g += levels[c]!.g;
    left.h += levels[c]!.h;
    left.n += levels[c]!.n;
    if (left.n < how.minLeaf || node.n - left.n < how.minLeaf) continue;
    if (Math.min(c + 1, levels.length - c - 1) > levelsLimit) continue;
    const value = gainOf(node, left.g, left.h, lambda, 0);
    if (value <= least) continue;
    least = value;
    cut = c + 1;
    kept = { ...left };
  }
  if (!kept) return best;
  // the smaller set of levels is the one that is named; levels never seen here go with the other side, missing with the larger
  const isFirst = cut <= levels.length - cut;
  const named = isFirst ? levels.slice(0, cut) : levels.slice(cut);
  const set = new Uint8Array(one.bins);
  for (const level of named) set[level.bin] = 1;
  const sums = isFirst ? kept : { g: node.g - kept.g, h: node.h - kept.h, n: node.n - kept.n };
  const hasMissing = levels.some((level) => level.bin === 0);
  const isMissingLeft = hasMissing ? set[0] === 1 : sums.n * 2 > node.n;
  set[0] = Number(isMissingLeft);
  return { gain: least - parent, feature: one.feature, bin: 0, isMissingLeft, set, left: sums };
};

/** The best split of one column, or `best` when that is better; equal gains keep the earlier one. */
export const splitColumn = (
  histogram: Float64Array,
  one: Candidate,
  node: Node,
  how: SplitOptions,
  packing: Packing,
  best: Split | null,
): Split | null => (one.isLevels ? splitLevels : splitNumbers)(histogram, one, node, how, packing, best);

// One thread's place at the work: its block of columns, its histograms, and the three things a crew does together: derivatives of its
// rows, histograms and splits of its columns, and the sorting of rows into children. Main thread and workers run the same code on the
// same shared memory; blocks are contiguous and results are merged in their order, so the trees are the same for any number of threads.
//
// A histogram slot holds two float64: Σ gradient, and Σ (unit + hessian in whole steps). The second is exact integer arithmetic below
// 2^53: its upper bits count rows, its lower bits add hessians, so that one addition does both.
import { derive, type Loss } from "#lib/learn/trees/losses.ts";
import { type Candidate, type Packing, type Split, type SplitOptions, splitColumn } from "#lib/learn/trees/splits.ts";

/** What all threads see. */
export type Shared = {
  bins: Uint8Array;
  /** Bins a column. */
  counts: Int32Array;
  isLevels: Uint8Array;
  monotone: Int8Array;
  /** 1 where the tree at hand may use the column. */
  allowed: Uint8Array;
  rows: number;
  y: Float64Array;
  weights: Float64Array;
  scores: Float64Array;
  /** Gradients and packed hessians, interleaved. */
  derivatives: Float64Array;
  /** Row numbers, by node; and room to sort them in. */
  order: Uint32Array;
  spare: Uint32Array;
  /** Nodes of a level to work on, and each thread's best split of each. */
  asks: Float64Array;
  answers: Float64Array[];
  /** Generation, threads done, command, and its two numbers. */
  control: Int32Array;
  /** unit, step of the packing. */
  packing: Float64Array;
  loss: Loss;
  how: SplitOptions;
  nodeLimit: number;
};

export const askWidth = 12;
export const answerWidth = 16;
export const commands = { derive: 1, search: 2, sort: 3, stop: 4 } as const;
export const kinds = { count: 0, subtract: 1 } as const;

export type Bench = {
  derive: (k: number, from: number, to: number) => void;
  search: (asks: number) => void;
  sort: (asks: number, thread: number, threads: number) => void;
};

/** Row-major slots of the block's columns, padded to four a row, so that the inner loop takes four at a time. */
const slotsOf = (shared: Shared, features: readonly number[], offsets: readonly number[], trash: number) => {
  const padded = Math.ceil(features.length / 4) * 4;
  const isShort = (trash + 1) * 2 < 65_536;
  const slots = isShort ? new Uint16Array(shared.rows * padded) : new Uint32Array(shared.rows * padded);
  for (let k = 0; k < padded; k++) {
    const f = features[k];
    for (let i = 0; i < shared.rows; i++)
      slots[i * padded + k] = (f === undefined ? trash : offsets[k]! + shared.bins[f * shared.rows + i]!) * 2;
  }
  return { slots, padded };
};

const countRows = (
  histogram: Float64Array,
  slots: Uint16Array | Uint32Array,
  padded: number,
  order: Uint32Array,
  derivatives: Float64Array,
  from: number,
  to: number,
): void => {
  histogram.fill(0);
  for (let i = from; i < to; i++) {
    const row = order[i]!;
    const g = derivatives[2 * row]!;
    const h = derivatives[2 * row + 1]!;
    const end = (row + 1) * padded;
    for (let s = row * padded; s < end; s += 4) {
      const a = slots[s]!;
      const b = slots[s + 1]!;
      const c = slots[s + 2]!;
      const d = slots[s + 3]!;
      histogram[a]! += g;
      histogram[a + 1]! += h;
      histogram[b]! += g;
      histogram[b + 1]! += h;
      histogram[c]! += g;
      histogram[c + 1]! += h;
      histogram[d]! += g;
      histogram[d + 1]! += h;
    }
  }
};

const writeAnswer = (answers: Float64Array, at: number, split: Split | null): void => {
  answers.fill(0, at, at + answerWidth);
  if (!split) return;
  const { gain, feature, bin, isMissingLeft, set, left } = split;
  answers.set([gain, feature, bin, Number(isMissingLeft), left.g, left.h, left.n, Number(set !== null)], at);
  if (set) for (const [b, flag] of set.entries()) if (flag) answers[at + 8 + (b >> 5)]! += 2 ** (b & 31);
};

/** The bins a written answer sends left. */
export const setOf = (words: Float64Array, at: number, bins: number): Uint8Array =>
  Uint8Array.from({ length: bins }, (_, b) => Math.floor(words[at + (b >> 5)]! / 2 ** (b & 31)) % 2);

/** Sorts the rows of a node into left and right, each in ascending order; without branches, which half of the rows would mispredict. */
const sortRows = (shared: Shared, at: number): void => {
  const { asks, order, spare, rows, counts } = shared;
  const [from, to, feature, bin] = [asks[at]!, asks[at + 1]!, asks[at + 2]!, asks[at + 3]!];
  const isMissingLeft = asks[at + 4]!;
  const left = asks[at + 5]
    ? setOf(asks, at + 6, counts[feature]!)
    : Uint8Array.from({ length: counts[feature]! }, (_, own) => (own === 0 ? isMissingLeft : Number(own <= bin)));
  const bins = shared.bins.subarray(feature * rows, (feature + 1) * rows);
  let l = from;
  let r = from;
  for (let i = from; i < to; i++) {
    const row = order[i]!;
    const goesLeft = left[bins[row]!]!;
    order[l] = row;
    spare[r] = row;
    l += goesLeft;
    r += 1 - goesLeft;
  }
  order.set(spare.subarray(from, r), l);
};

/** Sets up a thread for its block of columns. */
export const openBench = (shared: Shared, features: readonly number[], thread: number): Bench => {
  const offsets: number[] = [];
  let total = 0;
  for (const f of features) {
    offsets.push(total);
    total += shared.counts[f]!;
  }
  const { slots, padded } = slotsOf(shared, features, offsets, total);
  const histograms: Float64Array[] = [];
  const histogramOf = (place: number): Float64Array => (histograms[place] ??= new Float64Array((total + 1) * 2));
  const candidates: Candidate[] = features.map((feature, k) => ({
    feature,
    slot: offsets[k]!,
    bins: shared.counts[feature]!,
    isLevels: shared.isLevels[feature] === 1,
    monotone: shared.monotone[feature]!,
  }));
  const searchNode = (at: number, answer: number): void => {
    const { asks } = shared;
    const own = histogramOf(asks[at + 2]!);
    if (asks[at + 3] === kinds.count) countRows(own, slots, padded, shared.order, shared.derivatives, asks[at]!, asks[at + 1]!);
    else {
      const other = histogramOf(asks[at + 4]!);
      for (let i = 0; i < own.length; i++) own[i]! -= other[i]!;
    }
    const packing: Packing = { unit: shared.packing[0]!, step: shared.packing[1]! };
    const node = { g: asks[at + 5]!, h: asks[at + 6]!, n: asks[at + 7]!, low: asks[at + 8]!, high: asks[at + 9]! };
    let best: Split | null = null;
    if (asks[at + 10] === 1)
      for (const one of candidates) if (shared.allowed[one.feature]) best = splitColumn(own, one, node, shared.how, packing, best);
    writeAnswer(shared.answers[thread]!, answer, best);
  };
  return {
    derive: (k, from, to) => derive(shared.loss, shared, k, shared.derivatives, from, to),
    search: (asks) => {
      for (let a = 0; a < asks; a++) searchNode(a * askWidth, a * answerWidth);
    },
    sort: (asks, own, threads) => {
      for (let a = 0; a < asks; a++) if (a % threads === own) sortRows(shared, a * sortWidth);
    },
  };
};

/** Numbers of a sorting ask: from, to, feature, bin, missing goes left, is a set, and eight words of the set. */
export const sortWidth = 14;

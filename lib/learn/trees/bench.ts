// One thread's place at the work: its block of columns, its histograms, and the three things a crew does together: derivatives of its
// rows, histograms and splits of its columns, and the sorting of rows into children. Main thread and workers run the same code on the
// same shared memory; blocks are contiguous and results are merged in their order, so the trees are the same for any number of threads.
//
// A histogram slot holds two float64: Σ gradient, and Σ (unit + hessian in whole steps). The second is exact integer arithmetic below
// 2^53: its upper bits count rows, its lower bits add hessians, so that one addition does both.
import { type CountRows, openCounting, openMemory } from "#lib/learn/trees/counting.ts";
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
  /** Where leaves are added: the scores, or what several outputs of a round add to them at its end. */
  pending: Float64Array;
  /** Holds derivatives and order, where WebAssembly can see them; null where it is not used. */
  memory: WebAssembly.Memory | null;
  /** Gradients and packed hessians, interleaved. */
  derivatives: Float64Array;
  /** Row numbers, by node; and room to sort them in. */
  order: Uint32Array;
  spare: Uint32Array;
  /** Nodes of a level to work on, and each thread's best split of each. */
  asks: Float64Array;
  answers: Float64Array[];
  /** Rows that each thread sent left, thread by thread for each node that was sorted; the greatest hessian each thread saw. */
  lefts: Uint32Array;
  most: Float64Array;
  /** Generation, threads done, command, its number, and whether a thread failed. */
  control: Int32Array;
  /** unit, step of the packing. */
  packing: Float64Array;
  loss: Loss;
  how: SplitOptions;
  nodeLimit: number;
};

export const askWidth = 12;
export const answerWidth = 16;
export const commands = { derive: 1, pack: 2, search: 3, sort: 4, add: 5, stop: 6 } as const;
export const kinds = { count: 0, subtract: 1 } as const;

export type Bench = {
  /** Whether this thread counts in WebAssembly. */
  isFast: boolean;
  derive: (k: number) => void;
  pack: () => void;
  search: (asks: number) => void;
  sort: (asks: number) => void;
  add: (asks: number, k: number) => void;
};

/** Rows from which the threads sort a node together; smaller ones are dealt out whole. */
const worthSharing = 8192;

/** The part of node `a`'s rows that a thread sorts. */
export const partOf = (a: number, from: number, to: number, thread: number, threads: number): [number, number] => {
  const n = to - from;
  if (n >= worthSharing) return [from + Math.floor((n * thread) / threads), from + Math.floor((n * (thread + 1)) / threads)];
  return a % threads === thread ? [from, to] : [to, to];
};

/** The histograms of a thread, by place, and how rows are counted into one. */
type Counter = { histogramOf: (place: number) => Float64Array; count: (place: number, from: number, to: number) => void };

/** Counts in TypeScript: row-major slots of the block's columns, padded to four a row, so that the inner loop takes four at a time. */
const plainCounter = (shared: Shared, features: readonly number[], offsets: readonly number[], total: number): Counter => {
  const { order, derivatives, rows } = shared;
  const padded = Math.ceil(features.length / 4) * 4;
  const isShort = (total + 1) * 2 < 65_536;
  const slots = isShort ? new Uint16Array(rows * padded) : new Uint32Array(rows * padded);
  for (let k = 0; k < padded; k++) {
    const f = features[k];
    for (let i = 0; i < rows; i++) slots[i * padded + k] = (f === undefined ? total : offsets[k]! + shared.bins[f * rows + i]!) * 2;
  }
  const histograms: Float64Array[] = [];
  const histogramOf = (place: number): Float64Array => (histograms[place] ??= new Float64Array((total + 1) * 2));
  const count = (place: number, from: number, to: number): void => {
    const histogram = histogramOf(place).fill(0);
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
  return { histogramOf, count };
};

const pageBytes = 65_536;
const memoryLimit = 2 ** 32 - pageBytes;
/** Pages a memory grows by at a time: growing makes new views of all histograms. */
const growPages = 64;

/** Counts in WebAssembly, whose memory holds the block's bins row by row and then the histograms; null where it cannot. */
const fastCounter = (shared: Shared, features: readonly number[], offsets: readonly number[], total: number): Counter | null => {
  const { rows, nodeLimit, derivatives, order, memory } = shared;
  const wide = features.length;
  const bytes = total * 16;
  const start = Math.ceil((rows * wide) / 16) * 16;
  if (!memory || start + (nodeLimit + 1) * bytes > memoryLimit) return null;
  const own = openMemory({ initial: Math.ceil((start + bytes) / pageBytes) });
  const add: CountRows | null = own && openCounting(offsets, own, memory);
  if (!own || !add) return null;
  const bins = new Uint8Array(own.buffer, 0, rows * wide);
  for (const [k, f] of features.entries()) {
    const column = shared.bins.subarray(f * rows, (f + 1) * rows);
    for (let i = 0; i < rows; i++) bins[i * wide + k] = column[i]!;
  }
  let histograms: Float64Array[] = [];
  const histogramOf = (place: number): Float64Array => {
    const missing = start + (place + 1) * bytes - own.buffer.byteLength;
    if (missing > 0) {
      own.grow(Math.max(Math.ceil(missing / pageBytes), Math.min(growPages, (memoryLimit - own.buffer.byteLength) / pageBytes)));
      histograms = [];
    }
    histograms[place] ??= new Float64Array(own.buffer, start + place * bytes, total * 2);
    return histograms[place];
  };
  return {
    histogramOf,
    count: (place, from, to) => {
      histogramOf(place).fill(0);
      const at = order.byteOffset;
      if (to > from) add(at + from * 4, at + to * 4, derivatives.byteOffset, 0, start + place * bytes);
    },
  };
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

/**
 * Sorts a thread's part of the rows of a node: those that go left to its front, the others into the spare room, each in ascending order;
 * without branches, which half of the rows would mispredict. Answers how many go left.
 */
const sortPart = (shared: Shared, at: number, from: number, to: number, left: Uint8Array): number => {
  const { asks, order, spare, rows, counts } = shared;
  const [feature, bin] = [asks[at + 2]!, asks[at + 3]!];
  if (asks[at + 5]) left.set(setOf(asks, at + 6, counts[feature]!));
  else {
    left.fill(0).fill(1, 1, bin + 1);
    left[0] = asks[at + 4]!;
  }
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
  return l - from;
};

/** Puts the parts of a sorted node together: all that go left, then the others. */
export const joinParts = ({ asks, order, spare, lefts }: Shared, a: number, threads: number): void => {
  const [from, to] = [asks[a * sortWidth]!, asks[a * sortWidth + 1]!];
  let at = from;
  for (let t = 0; t < threads; t++) {
    const [start] = partOf(a, from, to, t, threads);
    const n = lefts[a * threads + t]!;
    order.copyWithin(at, start, start + n);
    at += n;
  }
  for (let t = 0; t < threads; t++) {
    const [start, end] = partOf(a, from, to, t, threads);
    const n = end - start - lefts[a * threads + t]!;
    order.set(spare.subarray(start, start + n), at);
    at += n;
  }
};

/** The greatest hessian of rows from … to − 1. */
const mostIn = (derivatives: Float64Array, from: number, to: number): number => {
  let most = 0;
  for (let i = from; i < to; i++) if (derivatives[2 * i + 1]! > most) most = derivatives[2 * i + 1]!;
  return most;
};

/** Puts one row and the hessian in whole steps into one number. */
const packRows = ({ derivatives, packing }: Shared, from: number, to: number): void => {
  const [unit, step] = [packing[0]!, packing[1]!];
  for (let i = from; i < to; i++) derivatives[2 * i + 1] = unit + Math.round(derivatives[2 * i + 1]! / step);
};

const subtract = (from: Float64Array, other: Float64Array): void => {
  for (let i = 0; i < from.length; i++) from[i]! -= other[i]!;
};

/** Sets up a thread for its block of columns. */
export const openBench = (shared: Shared, features: readonly number[], thread: number, threads: number): Bench => {
  const [first, end] = [Math.floor((shared.rows * thread) / threads), Math.floor((shared.rows * (thread + 1)) / threads)];
  const left = new Uint8Array(256);
  const offsets: number[] = [];
  let total = 0;
  for (const f of features) {
    offsets.push(total);
    total += shared.counts[f]!;
  }
  const fast = fastCounter(shared, features, offsets, total);
  const { histogramOf, count } = fast ?? plainCounter(shared, features, offsets, total);
  const candidates: Candidate[] = features.map((feature, k) => ({
    feature,
    slot: offsets[k]!,
    bins: shared.counts[feature]!,
    isLevels: shared.isLevels[feature] === 1,
    monotone: shared.monotone[feature]!,
  }));
  const searchNode = (at: number, answer: number): void => {
    const { asks } = shared;
    const place = asks[at + 2]!;
    // a leaf whose sibling is one too
    if (place < 0) return writeAnswer(shared.answers[thread]!, answer, null);
    if (asks[at + 3] === kinds.count) count(place, asks[at]!, asks[at + 1]!);
    else subtract(histogramOf(place), histogramOf(asks[at + 4]!));
    const own = histogramOf(place);
    const packing: Packing = { unit: shared.packing[0]!, step: shared.packing[1]! };
    const node = { g: asks[at + 5]!, h: asks[at + 6]!, n: asks[at + 7]!, low: asks[at + 8]!, high: asks[at + 9]! };
    let best: Split | null = null;
    if (asks[at + 10] === 1)
      for (const one of candidates) if (shared.allowed[one.feature]) best = splitColumn(own, one, node, shared.how, packing, best);
    writeAnswer(shared.answers[thread]!, answer, best);
  };
  return {
    isFast: fast !== null,
    derive: (k) => {
      derive(shared.loss, shared, k, shared.derivatives, first, end);
      shared.most[thread] = mostIn(shared.derivatives, first, end);
    },
    pack: () => packRows(shared, first, end),
    search: (asks) => {
      for (let a = 0; a < asks; a++) searchNode(a * askWidth, a * answerWidth);
    },
    sort: (asks) => {
      for (let a = 0; a < asks; a++) {
        const at = a * sortWidth;
        const [from, to] = partOf(a, shared.asks[at]!, shared.asks[at + 1]!, thread, threads);
        shared.lefts[a * threads + thread] = to > from ? sortPart(shared, at, from, to, left) : 0;
      }
    },
    add: (asks, k) => {
      const { pending, order, loss } = shared;
      for (let a = 0; a < asks; a++) {
        const [start, to, value] = [shared.asks[a * leafWidth]!, shared.asks[a * leafWidth + 1]!, shared.asks[a * leafWidth + 2]!];
        const [from, stop] = partOf(a, start, to, thread, threads);
        for (let i = from; i < stop; i++) pending[order[i]! * loss.width + k]! += value;
      }
    },
  };
};

/** Numbers of a leaf whose rows are added to: from, to, value. */
export const leafWidth = 3;
/** Numbers of a sorting ask: from, to, feature, bin, missing goes left, is a set, and eight words of the set. */
export const sortWidth = 14;

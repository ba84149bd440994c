// Growing one tree, level by level: every node of a level is searched in one go, its rows are sorted into children, the smaller child is
// counted and its sibling is the difference. Leaves are ranges of the row order, which is how scores are added to without walking trees.
import { greatest } from "#lib/learn/preprocess/encoder.ts";
import { answerWidth, askWidth, kinds, setOf, sortWidth } from "#lib/learn/trees/bench.ts";
import type { Crew } from "#lib/learn/trees/crew.ts";
import { leafNode, type Tree } from "#lib/learn/trees/ensemble.ts";
import { leafValue, type Split, type Sums } from "#lib/learn/trees/splits.ts";

export type Leaf = { node: number; from: number; to: number };
export type Grown = { tree: Tree; leaves: Leaf[] };

type Open = Sums & {
  node: number;
  from: number;
  to: number;
  low: number;
  high: number;
  place: number;
  kind: number;
  sibling: number;
  isSearched: boolean;
};

/** The sums over the rows of a tree, of derivatives that are packed. */
export const sumsOf = ({ shared }: Crew, sample: Uint32Array): Sums => {
  const { derivatives, packing } = shared;
  const [unit, step] = [packing[0]!, packing[1]!];
  let [g, packed] = [0, 0];
  for (const row of sample) {
    g += derivatives[2 * row]!;
    packed += derivatives[2 * row + 1]!;
  }
  const n = Math.floor(packed / unit);
  return { g, h: (packed - n * unit) * step, n };
};

const writeAsks = (asks: Float64Array, level: readonly Open[]): void => {
  for (const [a, one] of level.entries())
    asks.set(
      [one.from, one.to, one.place, one.kind, one.sibling, one.g, one.h, one.n, one.low, one.high, Number(one.isSearched)],
      a * askWidth,
    );
};

/** The best answer of all threads for one node; of equal gains the earlier column's. */
const readAnswer = ({ shared }: Crew, a: number): Split | null => {
  let best: Split | null = null;
  for (const answers of shared.answers) {
    const at = a * answerWidth;
    const [gain, feature, bin, isMissingLeft, g, h, n, isSet] = answers.subarray(at, at + 8) as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (gain > (best?.gain ?? 0))
      best = {
        gain,
        feature,
        bin,
        isMissingLeft: isMissingLeft === 1,
        set: isSet ? setOf(answers, at + 8, shared.counts[feature]!) : null,
        left: { g, h, n },
      };
  }
  return best;
};

const writeSorts = (crew: Crew, splits: readonly { open: Open; split: Split }[]): void => {
  const { asks } = crew.shared;
  for (const [a, { open, split }] of splits.entries()) {
    const at = a * sortWidth;
    asks.fill(0, at, at + sortWidth);
    asks.set([open.from, open.to, split.feature, split.bin, Number(split.isMissingLeft), Number(split.set !== null)], at);
    if (split.set) for (const [b, flag] of split.set.entries()) if (flag) asks[at + 6 + (b >> 5)]! += 2 ** (b & 31);
  }
};

export type GrowOptions = { depth: number; minLeaf: number; lambda: number };

/** Bounds of the children's values: the middle between them where the column must not fall (or rise). */
const boundsOf = (open: Open, split: Split, monotone: number, lambda: number): { left: [number, number]; right: [number, number] } => {
  if (monotone === 0) return { left: [open.low, open.high], right: [open.low, open.high] };
  const rest = { g: open.g - split.left.g, h: open.h - split.left.h };
  const middle = (leafValue(split.left, lambda, open.low, open.high) + leafValue(rest, lambda, open.low, open.high)) / 2;
  return monotone > 0 ? { left: [open.low, middle], right: [middle, open.high] } : { left: [middle, open.high], right: [open.low, middle] };
};

/** Grows one tree on the rows at the front of the shared order. `places` hands out histograms by number. */
export const growTree = (crew: Crew, edges: readonly Float64Array[], root: Sums, options: GrowOptions): Grown => {
  const { shared } = crew;
  const { depth, minLeaf, lambda } = options;
  const tree: Tree = [leafNode([0], root.n)];
  const leaves: Leaf[] = [];
  const free: number[] = [];
  let places = 0;
  const take = (): number => free.pop() ?? places++;
  const isSearchable = (n: number, at: number): boolean => at < depth && n >= 2 * minLeaf;
  const close = (open: Open): void => {
    tree[open.node]!.value = [leafValue(open, lambda, open.low, open.high)];
    leaves.push({ node: open.node, from: open.from, to: open.to });
    if (open.place >= 0) free.push(open.place);
  };
  const start: Open = {
    ...root,
    node: 0,
    from: 0,
    to: root.n,
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
    place: take(),
    kind: kinds.count,
    sibling: 0,
    isSearched: isSearchable(root.n, 0),
  };
  let level: Open[] = [start];
  for (let at = 0; level.length > 0; at++) {
    const isAnySearched = level.some((one) => one.isSearched);
    if (isAnySearched) {
      writeAsks(shared.asks, level);
      crew.search(level.length);
    }
    const splits: { open: Open; split: Split }[] = [];
    for (const [a, open] of level.entries()) {
      const split = isAnySearched && open.isSearched ? readAnswer(crew, a) : null;
      if (split) splits.push({ open, split });
      else close(open);
    }
    if (splits.length === 0) break;
    writeSorts(crew, splits);
    crew.sort(splits.length);
    level = splits.flatMap(({ open, split }) =>
      childrenOf(tree, edges, shared.monotone, open, split, lambda, take, free, (n) => isSearchable(n, at + 1)),
    );
  }
  return { tree, leaves };
};

const childrenOf = (
  tree: Tree,
  edges: readonly Float64Array[],
  monotone: Int8Array,
  open: Open,
  split: Split,
  lambda: number,
  take: () => number,
  free: number[],
  isSearchable: (n: number) => boolean,
): Open[] => {
  const { feature, bin, set, isMissingLeft, gain } = split;
  const right: Sums = { g: open.g - split.left.g, h: open.h - split.left.h, n: open.n - split.left.n };
  const middle = open.from + split.left.n;
  const [l, r] = [tree.push(leafNode([0], split.left.n)) - 1, tree.push(leafNode([0], right.n)) - 1];
  const threshold = set ? 0 : (edges[feature]![bin - 1] ?? greatest);
  tree[open.node] = { ...tree[open.node]!, feature, threshold, levels: set ? set.slice(1) : null, isMissingLeft, left: l, right: r, gain };
  const bounds = boundsOf(open, split, monotone[feature]!, lambda);
  const make = (node: number, sums: Sums, from: number, to: number, [low, high]: [number, number]): Open => ({
    ...sums,
    node,
    from,
    to,
    low,
    high,
    place: -1,
    kind: kinds.count,
    sibling: 0,
    isSearched: isSearchable(sums.n),
  });
  const left = make(l, split.left, open.from, middle, bounds.left);
  const rest = make(r, right, middle, open.to, bounds.right);
  if (!left.isSearched && !rest.isSearched) {
    free.push(open.place);
    return [left, rest];
  }
  // the smaller child is counted into a place of its own; the other takes over its parent's
  const [small, large] = left.n <= rest.n ? [left, rest] : [rest, left];
  small.place = take();
  Object.assign(large, { place: open.place, kind: kinds.subtract, sibling: small.place });
  return [small, large];
};

// Growing one regression tree on histograms: gradients are summed into bins, the smaller child is counted and its sibling is the
// difference, and a missing value goes to the side where it helps more (where none was missing in training, to the larger side).
//
// Gain is the second-order gain of Newton boosting, GL²/(HL+λ) + GR²/(HR+λ) − G²/(H+λ); a leaf is worth −rate·G/(H+λ).
import type { Binned } from "#lib/learn/estimators/bins.ts";

export type TreeNode = { feature: number; threshold: number; isMissingLeft: boolean; left: number; right: number; value: number };
export type Tree = TreeNode[];
export type GrowOptions = { depth: number; minLeaf: number; lambda: number; rate: number };
/** What one tree is grown on: the rows, the columns it may use, first and second derivatives by row, and the scores its leaves add to. */
export type Sample = {
  rows: Uint32Array;
  features: readonly number[];
  gradients: Float64Array;
  hessians: Float64Array;
  scores: Float64Array;
};

/** `g` and `h` are the sums of the left side. */
type Split = { gain: number; feature: number; bin: number; isMissingLeft: boolean; g: number; h: number };
type Open = { node: number; rows: Uint32Array; depth: number; histogram: Float64Array; g: number; h: number };

// Three numbers a slot: gradient, hessian, rows.
const count = (data: Binned, sample: Sample, rows: Uint32Array): Float64Array => {
  const histogram = new Float64Array(data.slots * 3);
  const n = rows.length;
  const g = new Float64Array(n);
  const h = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    g[i] = sample.gradients[rows[i]!]!;
    h[i] = sample.hessians[rows[i]!]!;
  }
  for (const f of sample.features) {
    const bins = data.bins[f]!;
    const base = data.offsets[f]!;
    for (let i = 0; i < n; i++) {
      const at = (base + bins[rows[i]!]!) * 3;
      histogram[at]! += g[i]!;
      histogram[at + 1]! += h[i]!;
      histogram[at + 2]! += 1;
    }
  }
  return histogram;
};

/** The best split of one column, or `best` when that is better. */
const splitColumn = (data: Binned, open: Open, f: number, options: GrowOptions, best: Split | null): Split | null => {
  const { lambda, minLeaf } = options;
  const { histogram } = open;
  const base = data.offsets[f]! * 3;
  const [missingG, missingH, missingN] = [histogram[base]!, histogram[base + 1]!, histogram[base + 2]!];
  const parent = open.g ** 2 / (open.h + lambda);
  const total = open.rows.length;
  let found = best;
  let [g, h, n] = [0, 0, 0];
  for (let bin = 1; bin <= data.edges[f]!.length; bin++) {
    const at = base + bin * 3;
    g += histogram[at]!;
    h += histogram[at + 1]!;
    n += histogram[at + 2]!;
    for (let side = missingN > 0 ? 1 : 0; side >= 0; side--) {
      const nl = side === 1 ? n + missingN : n;
      if (nl < minLeaf || total - nl < minLeaf) continue;
      const gl = side === 1 ? g + missingG : g;
      const hl = side === 1 ? h + missingH : h;
      const gain = gl ** 2 / (hl + lambda) + (open.g - gl) ** 2 / (open.h - hl + lambda) - parent;
      if (gain > (found?.gain ?? 1e-9))
        found = { gain, feature: f, bin, isMissingLeft: missingN > 0 ? side === 1 : nl * 2 > total, g: gl, h: hl };
    }
  }
  return found;
};

const part = (data: Binned, rows: Uint32Array, split: Split): { left: Uint32Array; right: Uint32Array } => {
  const bins = data.bins[split.feature]!;
  const left = new Uint32Array(rows.length);
  const right = new Uint32Array(rows.length);
  let l = 0;
  let r = 0;
  for (let i = 0; i < rows.length; i++) {
    const bin = bins[rows[i]!]!;
    if (bin === 0 ? split.isMissingLeft : bin <= split.bin) left[l++] = rows[i]!;
    else right[r++] = rows[i]!;
  }
  return { left: left.subarray(0, l), right: right.subarray(0, r) };
};

const sumOf = (values: Float64Array, rows: Uint32Array): number => {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += values[rows[i]!]!;
  return sum;
};

const leaf = (value: number): TreeNode => ({ feature: -1, threshold: 0, isMissingLeft: false, left: -1, right: -1, value });

/** Histograms of the two children: the smaller one counted, the other by subtraction in place; none when they will be leaves. */
const childHistograms = (data: Binned, sample: Sample, parent: Float64Array, left: Uint32Array, right: Uint32Array, isLast: boolean) => {
  if (isLast) return { left: parent, right: parent };
  const isLeftSmaller = left.length <= right.length;
  const small = count(data, sample, isLeftSmaller ? left : right);
  for (let i = 0; i < parent.length; i++) parent[i]! -= small[i]!;
  return isLeftSmaller ? { left: small, right: parent } : { left: parent, right: small };
};

/** Grows one tree, depth first, and adds it to the scores of the rows it grew on. Leaf values are float32. */
export const growTree = (data: Binned, sample: Sample, options: GrowOptions): Tree => {
  const tree: Tree = [leaf(0)];
  const g = sumOf(sample.gradients, sample.rows);
  const h = sumOf(sample.hessians, sample.rows);
  const stack: Open[] = [{ node: 0, rows: sample.rows, depth: 0, histogram: count(data, sample, sample.rows), g, h }];
  for (let open = stack.pop(); open; open = stack.pop()) {
    let split: Split | null = null;
    if (open.depth < options.depth && open.rows.length >= 2 * options.minLeaf)
      for (const f of sample.features) split = splitColumn(data, open, f, options, split);
    if (!split) {
      const value = Math.fround((-open.g / (open.h + options.lambda)) * options.rate);
      tree[open.node]!.value = value;
      for (let i = 0; i < open.rows.length; i++) sample.scores[open.rows[i]!]! += value;
      continue;
    }
    const rows = part(data, open.rows, split);
    const depth = open.depth + 1;
    const histograms = childHistograms(data, sample, open.histogram, rows.left, rows.right, depth >= options.depth);
    const [left, right] = [tree.push(leaf(0)) - 1, tree.push(leaf(0)) - 1];
    const threshold = data.edges[split.feature]![split.bin - 1]!;
    tree[open.node] = { feature: split.feature, threshold, isMissingLeft: split.isMissingLeft, left, right, value: 0 };
    stack.push(
      { node: left, rows: rows.left, depth, histogram: histograms.left, g: split.g, h: split.h },
      { node: right, rows: rows.right, depth, histogram: histograms.right, g: open.g - split.g, h: open.h - split.h },
    );
  }
  return tree;
};

/** The value a tree gives to row `i` of unbinned columns. */
export const treeValue = (tree: Tree, columns: Float64Array[], i: number): number => {
  let node = tree[0]!;
  while (node.feature >= 0) {
    const value = columns[node.feature]![i]!;
    node = tree[Number.isNaN(value) ? (node.isMissingLeft ? node.left : node.right) : value <= node.threshold ? node.left : node.right]!;
  }
  return node.value;
};

// Growing a tree of a forest: every node looks at a random few of the columns, down to small leaves, on rows drawn with replacement. The
// criterion is Σ over outputs of (Σ w·y)²/Σw, which is variance for numbers and Gini for classes (y is 0/1 for each class). Columns are
// binned; levels of a category are cut in the order of their mean, as in boosting but without a penalty. A threshold lies midway between
// the neighbouring bins that have rows in the node, not between those of the whole table: where a small node is empty, new rows go to the
// nearer side.
import { greatest } from "#lib/learn/preprocess/encoder.ts";
import { type Binned, between, type Spans } from "#lib/learn/trees/bins.ts";
import { leafNode, type Tree } from "#lib/learn/trees/ensemble.ts";

export type ForestSettings = { depth: number; minLeaf: number; columns: number };
/** Targets are [rows, width]. */
export type ForestData = { data: Binned; spans: Spans[]; targets: Float64Array; width: number };

type Cut = { gain: number; feature: number; bin: number; threshold: number; isMissingLeft: boolean; set: Uint8Array | null };

type Node = { sums: Float64Array; weight: number; rows: number };

/** Sums, weight and number of rows by bin; a row drawn twice has double weight and is one row, as in scikit-learn. */
type Scratch = { sums: Float64Array; weights: Float64Array; rows: Uint32Array; left: Float64Array; columns: Uint32Array };

const square = (sums: Float64Array, weight: number): number => {
  let total = 0;
  for (const sum of sums) total += sum * sum;
  return weight > 0 ? total / weight : 0;
};

/** Weighted sums of the targets by bin of one column; answers the bins that hold rows, ascending. */
const countBins = (
  all: ForestData,
  order: Uint32Array,
  weights: Float64Array,
  from: number,
  to: number,
  f: number,
  scratch: Scratch,
): number[] => {
  const { data, targets, width } = all;
  const bins = data.counts[f]!;
  scratch.sums.fill(0, 0, bins * width);
  scratch.weights.fill(0, 0, bins);
  scratch.rows.fill(0, 0, bins);
  const base = f * data.rows;
  for (let i = from; i < to; i++) {
    const row = order[i]!;
    const bin = data.bins[base + row]!;
    const w = weights[row]!;
    scratch.weights[bin]! += w;
    scratch.rows[bin]! += 1;
    for (let k = 0; k < width; k++) scratch.sums[bin * width + k]! += w * targets[row * width + k]!;
  }
  const filled: number[] = [];
  for (let bin = 0; bin < bins; bin++) if (scratch.rows[bin]! > 0) filled.push(bin);
  return filled;
};

/** The best place to cut an order of bins; `tail` is a bin (missing) tried on both sides, or −1. */
const cutOrder = (order: readonly number[], tail: number, node: Node, width: number, minLeaf: number, scratch: Scratch) => {
  let best = { score: Number.NEGATIVE_INFINITY, cut: -1, isTailLeft: false };
  const right = new Float64Array(width);
  for (const isTailLeft of tail >= 0 ? [false, true] : [false]) {
    scratch.left.fill(0);
    let [weight, rows] = [0, 0];
    const add = (bin: number): void => {
      weight += scratch.weights[bin]!;
      rows += scratch.rows[bin]!;
      for (let k = 0; k < width; k++) scratch.left[k]! += scratch.sums[bin * width + k]!;
    };
    if (isTailLeft) add(tail);
    for (let c = 0; c < order.length - (tail >= 0 && !isTailLeft ? 0 : 1); c++) {
      add(order[c]!);
      if (rows < minLeaf || node.rows - rows < minLeaf) continue;
      for (let k = 0; k < width; k++) right[k] = node.sums[k]! - scratch.left[k]!;
      const score = square(scratch.left, weight) + square(right, node.weight - weight);
      if (score > best.score) best = { score, cut: c, isTailLeft };
    }
  }
  return best;
};

const cutColumn = (
  all: ForestData,
  f: number,
  filled: number[],
  node: Node,
  minLeaf: number,
  scratch: Scratch,
): (Cut & { score: number }) | null => {
  const { data, width } = all;
  const hasMissing = filled[0] === 0;
  if (data.isLevels[f]) {
    const meanOf = (bin: number): number => scratch.sums[bin * width]! / scratch.weights[bin]!;
    const order = filled.toSorted((a, b) => meanOf(a) - meanOf(b) || a - b);
    const { score, cut } = cutOrder(order, -1, node, width, minLeaf, scratch);
    if (cut < 0) return null;
    const set = new Uint8Array(data.counts[f]!);
    for (const bin of order.slice(0, cut + 1)) set[bin] = 1;
    const leftWeight = order.slice(0, cut + 1).reduce((sum, bin) => sum + scratch.weights[bin]!, 0);
    if (!hasMissing) set[0] = Number(leftWeight * 2 > node.weight);
    return { score, gain: 0, feature: f, bin: 0, threshold: 0, isMissingLeft: set[0] === 1, set };
  }
  const order = hasMissing ? filled.slice(1) : filled;
  const { score, cut, isTailLeft } = cutOrder(order, hasMissing ? 0 : -1, node, width, minLeaf, scratch);
  if (cut < 0) return null;
  const leftWeight = order.slice(0, cut + 1).reduce((sum, bin) => sum + scratch.weights[bin]!, 0);
  const isMissingLeft = hasMissing ? isTailLeft : leftWeight * 2 > node.weight;
  const { least, greatest: most } = all.spans[f]!;
  const next = order[cut + 1];
  const threshold = next === undefined ? greatest : between(most[order[cut]!]!, least[next]!);
  return { score, gain: 0, feature: f, bin: order[cut]!, threshold, isMissingLeft, set: null };
};

/** Looks through random columns until `columns` of them could be cut, as scikit-learn does: constant ones do not count. */
const findCut = (
  all: ForestData,
  order: Uint32Array,
  weights: Float64Array,
  from: number,
  to: number,
  node: Node,
  how: ForestSettings,
  scratch: Scratch,
  random: () => number,
): Cut | null => {
  let best: (Cut & { score: number }) | null = null;
  let looked = 0;
  const { columns } = scratch;
  for (let c = 0; c < columns.length && looked < how.columns; c++) {
    const other = c + Math.floor(random() * (columns.length - c));
    [columns[c], columns[other]] = [columns[other]!, columns[c]!];
    const filled = countBins(all, order, weights, from, to, columns[c]!, scratch);
    if (filled.length < 2) continue;
    looked += 1;
    const found = cutColumn(all, columns[c]!, filled, node, how.minLeaf, scratch);
    if (found && (!best || found.score > best.score)) best = found;
  }
  const gain = best ? best.score - square(node.sums, node.weight) : 0;
  return best && gain > 1e-9 * Math.max(1e-9, node.weight) ? { ...best, gain } : null;
};

const sortRows = (data: Binned, order: Uint32Array, spare: Uint32Array, from: number, to: number, cut: Cut): number => {
  const base = cut.feature * data.rows;
  let l = from;
  let r = 0;
  for (let i = from; i < to; i++) {
    const row = order[i]!;
    const bin = data.bins[base + row]!;
    const goesLeft = cut.set ? cut.set[bin] === 1 : bin === 0 ? cut.isMissingLeft : bin <= cut.bin;
    if (goesLeft) order[l++] = row;
    else spare[r++] = row;
  }
  order.set(spare.subarray(0, r), l);
  return l;
};

/** Grows one tree on rows of positive weight; a leaf holds the weighted mean of each target. */
export const growForestTree = (all: ForestData, weights: Float64Array, how: ForestSettings, random: () => number): Tree => {
  const { data, targets, width } = all;
  const most = data.counts.reduce((a, b) => Math.max(a, b), 1);
  const scratch: Scratch = {
    sums: new Float64Array(most * width),
    weights: new Float64Array(most),
    rows: new Uint32Array(most),
    left: new Float64Array(width),
    columns: Uint32Array.from({ length: data.features }, (_, f) => f),
  };
  const order = Uint32Array.from({ length: data.rows }, (_, i) => i).filter((i) => weights[i]! > 0);
  const spare = new Uint32Array(order.length);
  const tree: Tree = [leafNode([], 0)];
  const stack = [{ node: 0, from: 0, to: order.length, depth: 0 }];
  for (let open = stack.pop(); open; open = stack.pop()) {
    const { node, from, to, depth } = open;
    const sums = new Float64Array(width);
    let weight = 0;
    for (let i = from; i < to; i++) {
      const row = order[i]!;
      weight += weights[row]!;
      for (let k = 0; k < width; k++) sums[k]! += weights[row]! * targets[row * width + k]!;
    }
    const cut =
      depth < how.depth && to - from >= 2 * how.minLeaf
        ? findCut(all, order, weights, from, to, { sums, weight, rows: to - from }, how, scratch, random)
        : null;
    tree[node] = leafNode(
      Array.from(sums, (sum) => sum / weight),
      weight,
    );
    if (!cut) continue;
    const middle = sortRows(data, order, spare, from, to, cut);
    const [left, right] = [tree.push(leafNode([], 0)) - 1, tree.push(leafNode([], 0)) - 1];
    Object.assign(tree[node]!, {
      feature: cut.feature,
      threshold: cut.threshold,
      levels: cut.set ? cut.set.slice(1) : null,
      isMissingLeft: cut.isMissingLeft,
      left,
      right,
      gain: cut.gain,
    });
    stack.push({ node: left, from, to: middle, depth: depth + 1 }, { node: right, from: middle, to, depth: depth + 1 });
  }
  return tree;
};

/** How often each of n rows is drawn in n draws with replacement, times its own weight. */
export const bootstrap = (weights: Float64Array, random: () => number): Float64Array => {
  const drawn = new Float64Array(weights.length);
  for (let i = 0; i < weights.length; i++) drawn[Math.floor(random() * weights.length)]! += 1;
  return drawn.map((count, i) => count * weights[i]!);
};

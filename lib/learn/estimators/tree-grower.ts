// Growing one regression tree on histograms: gradients are summed into at most 254 bins a column, the smaller child is counted and its
// sibling is the difference, and a missing value goes to the side where it helps more. Gain is the second-order gain of Newton boosting,
// ½·(GL²/(HL+λ) + GR²/(HR+λ) − G²/(H+λ)).

/** Binned training data; bin 0 is "missing", bin b > 0 holds values ≤ edges[b − 1] (the last bin is open). */
export type Binned = { bins: Uint8Array[]; edges: Float64Array[]; rows: number };

export type TreeNode = { feature: number; threshold: number; isMissingLeft: boolean; left: number; right: number; value: number };
export type Tree = TreeNode[];
export type GrowOptions = { depth: number; minLeaf: number; lambda: number; rate: number };

const slots = 256;

/** Cuts columns into quantile bins with float32 edges halfway between neighbours, so that a served model decides exactly alike. */
export const binColumns = (columns: Float64Array[], maxBins: number): Binned => {
  const edges: Float64Array[] = [];
  const bins = columns.map((column) => {
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
      const cut = Math.fround(low + (high - low) / 2);
      cuts.push(cut < high ? cut : low);
      filled = 0;
    }
    const own = Float64Array.from(cuts);
    edges.push(own);
    return Uint8Array.from(column, (value) => binOf(value, own));
  });
  return { bins, edges, rows: columns[0]?.length ?? 0 };
};

const distinctIn = (sorted: Float64Array): number => {
  let count = Math.min(1, sorted.length);
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) count += 1;
  return count;
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

type Split = { gain: number; feature: number; bin: number; isMissingLeft: boolean };
type Open = { node: number; rows: Uint32Array; depth: number; histogram: Float64Array; g: number; h: number };

const count = (data: Binned, rows: Uint32Array, gradients: Float64Array, hessians: Float64Array): Float64Array => {
  const histogram = new Float64Array(data.bins.length * slots * 2);
  for (let f = 0; f < data.bins.length; f++) {
    const bins = data.bins[f]!;
    const base = f * slots * 2;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const at = base + bins[row]! * 2;
      histogram[at]! += gradients[row]!;
      histogram[at + 1]! += hessians[row]!;
    }
  }
  return histogram;
};

const bestSplit = (data: Binned, open: Open, options: GrowOptions): Split | null => {
  const { lambda, minLeaf } = options;
  const minHessian = minLeaf * 1e-3;
  const parent = open.g ** 2 / (open.h + lambda);
  let best: Split | null = null;
  for (let f = 0; f < data.bins.length; f++) {
    const base = f * slots * 2;
    const missingG = open.histogram[base]!;
    const missingH = open.histogram[base + 1]!;
    const hasMissing = missingH > 0;
    let g = 0;
    let h = 0;
    for (let bin = 1; bin <= data.edges[f]!.length; bin++) {
      g += open.histogram[base + bin * 2]!;
      h += open.histogram[base + bin * 2 + 1]!;
      for (let side = 0; side <= (hasMissing ? 1 : 0); side++) {
        const [gl, hl] = side === 1 ? [g + missingG, h + missingH] : [g, h];
        const [gr, hr] = [open.g - gl, open.h - hl];
        if (hl < minHessian || hr < minHessian) continue;
        const gain = gl ** 2 / (hl + lambda) + gr ** 2 / (hr + lambda) - parent;
        if (gain > (best?.gain ?? 1e-9)) best = { gain, feature: f, bin, isMissingLeft: side === 1 };
      }
    }
  }
  return best;
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

/** Grows one tree depth by depth and adds its values to `scores` for the training rows. */
export const growTree = (
  data: Binned,
  all: Uint32Array,
  gradients: Float64Array,
  hessians: Float64Array,
  scores: Float64Array,
  options: GrowOptions,
): Tree => {
  const tree: Tree = [leaf(0)];
  const openAt = (node: number, rows: Uint32Array, depth: number, histogram: Float64Array): Open => ({
    node,
    rows,
    depth,
    histogram,
    g: sumOf(gradients, rows),
    h: sumOf(hessians, rows),
  });
  const queue: Open[] = [openAt(0, all, 0, count(data, all, gradients, hessians))];
  for (let open = queue.pop(); open; open = queue.pop()) {
    const split = open.depth < options.depth && open.rows.length >= 2 * options.minLeaf ? bestSplit(data, open, options) : null;
    const sides = split ? part(data, open.rows, split) : null;
    if (!split || !sides || sides.left.length < options.minLeaf || sides.right.length < options.minLeaf) {
      const value = Math.fround((-open.g / (open.h + options.lambda)) * options.rate);
      tree[open.node]!.value = value;
      for (let i = 0; i < open.rows.length; i++) scores[open.rows[i]!]! += value;
      continue;
    }
    const [left, right] = [tree.push(leaf(0)) - 1, tree.push(leaf(0)) - 1];
    tree[open.node] = {
      feature: split.feature,
      threshold: data.edges[split.feature]![split.bin - 1]!,
      isMissingLeft: split.isMissingLeft,
      left,
      right,
      value: 0,
    };
    const isLeftSmaller = sides.left.length <= sides.right.length;
    const isLast = open.depth + 1 >= options.depth;
    const small = isLast ? open.histogram : count(data, isLeftSmaller ? sides.left : sides.right, gradients, hessians);
    const large = open.histogram;
    if (!isLast) for (let i = 0; i < large.length; i++) large[i]! -= small[i]!;
    queue.push(
      openAt(left, sides.left, open.depth + 1, isLeftSmaller ? small : large),
      openAt(right, sides.right, open.depth + 1, isLeftSmaller ? large : small),
    );
  }
  return tree;
};

/** The value a tree gives to row `i` of unbinned columns. */
export const valueOf = (tree: Tree, columns: Float64Array[], i: number): number => {
  let node = tree[0]!;
  while (node.feature >= 0) {
    const value = columns[node.feature]![i]!;
    node = tree[Number.isNaN(value) ? (node.isMissingLeft ? node.left : node.right) : value <= node.threshold ? node.left : node.right]!;
  }
  return node.value;
};

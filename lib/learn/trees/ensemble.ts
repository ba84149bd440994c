// Trees as flat arrays, whoever grew them: walked here in TypeScript, and written as ONNX's TreeEnsembleRegressor. A branch asks "is the
// value ≤ threshold" or "is the level in the set"; missing goes to the side the training chose. A set becomes a chain of equality
// branches that share their true child, which onnxruntime folds back into one test (LightGBM's converter does the same).
import { type Builder, castTo } from "#lib/learn/onnx/builder.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";

/** A node while a tree grows; a leaf has feature −1 and one value, or one for each output. `cover` is the weight of its training rows. */
export type TreeNode = {
  feature: number;
  threshold: number;
  /** Codes that go left; null for a threshold. */
  levels: Uint8Array | null;
  isMissingLeft: boolean;
  left: number;
  right: number;
  value: number[];
  cover: number;
  gain: number;
};
export type Tree = TreeNode[];

export const leafNode = (value: number[], cover: number): TreeNode => ({
  feature: -1,
  threshold: 0,
  levels: null,
  isMissingLeft: false,
  left: -1,
  right: -1,
  value,
  cover,
  gain: 0,
});

export type Ensemble = {
  /** Outputs; a leaf has one value that goes to `targets[tree]`, or `width` values. */
  width: number;
  leafWidth: number;
  base: Float64Array;
  roots: Int32Array;
  targets: Int32Array;
  feature: Int32Array;
  threshold: Float64Array;
  left: Int32Array;
  right: Int32Array;
  isMissingLeft: Uint8Array;
  levels: (Uint8Array | null)[];
  value: Float64Array;
  cover: Float64Array;
  gain: Float64Array;
};

/** Lays trees out one after another. Values are float32, as the model's are. */
export const flatten = (trees: readonly Tree[], width: number, base: readonly number[], targets?: readonly number[]): Ensemble => {
  const leafWidth = targets ? 1 : width;
  const count = trees.reduce((sum, tree) => sum + tree.length, 0);
  const flat: Ensemble = {
    width,
    leafWidth,
    base: Float64Array.from(base, Math.fround),
    roots: new Int32Array(trees.length),
    targets: Int32Array.from(targets ?? trees.map(() => 0)),
    feature: new Int32Array(count),
    threshold: new Float64Array(count),
    left: new Int32Array(count),
    right: new Int32Array(count),
    isMissingLeft: new Uint8Array(count),
    levels: [],
    value: new Float64Array(count * leafWidth),
    cover: new Float64Array(count),
    gain: new Float64Array(count),
  };
  let at = 0;
  for (const [t, tree] of trees.entries()) {
    flat.roots[t] = at;
    const root = at;
    for (const node of tree) {
      flat.feature[at] = node.feature;
      flat.threshold[at] = node.threshold;
      flat.left[at] = root + node.left;
      flat.right[at] = root + node.right;
      flat.isMissingLeft[at] = Number(node.isMissingLeft);
      flat.levels.push(node.levels);
      for (let k = 0; k < leafWidth; k++) flat.value[at * leafWidth + k] = Math.fround(node.value[k] ?? 0);
      flat.cover[at] = node.cover;
      flat.gain[at] = node.gain;
      at += 1;
    }
  }
  return flat;
};

/** The mean of ensembles of one tree each: a forest, from trees that came flat from their threads. */
export const meanOf = (parts: readonly Ensemble[], width: number): Ensemble => {
  const starts: number[] = [];
  let total = 0;
  for (const one of parts) {
    starts.push(total);
    total += one.feature.length;
  }
  const joined = <A extends Int32Array | Uint8Array | Float64Array>(into: A, of: (one: Ensemble) => A, wide = 1): A => {
    for (const [t, one] of parts.entries()) into.set(of(one), starts[t]! * wide);
    return into;
  };
  const shifted = (of: (one: Ensemble) => Int32Array): Int32Array => {
    const into = new Int32Array(total);
    for (const [t, one] of parts.entries())
      into.set(
        of(one).map((node) => node + starts[t]!),
        starts[t]!,
      );
    return into;
  };
  return {
    width,
    leafWidth: width,
    base: new Float64Array(width),
    roots: Int32Array.from(starts),
    targets: new Int32Array(parts.length),
    feature: joined(new Int32Array(total), (one) => one.feature),
    threshold: joined(new Float64Array(total), (one) => one.threshold),
    left: shifted((one) => one.left),
    right: shifted((one) => one.right),
    isMissingLeft: joined(new Uint8Array(total), (one) => one.isMissingLeft),
    levels: parts.flatMap((one) => one.levels),
    value: joined(new Float64Array(total * width), (one) => one.value, width).map((value) => Math.fround(value / parts.length)),
    cover: joined(new Float64Array(total), (one) => one.cover),
    gain: joined(new Float64Array(total), (one) => one.gain),
  };
};

/** Which child a value goes to. */
export const childOf = (trees: Ensemble, node: number, value: number): number => {
  const set = trees.levels[node];
  const goesLeft = Number.isNaN(value) ? trees.isMissingLeft[node] === 1 : set ? set[value] === 1 : value <= trees.threshold[node]!;
  return goesLeft ? trees.left[node]! : trees.right[node]!;
};

/** The leaf of row i in one tree. */
export const leafOf = (trees: Ensemble, tree: number, x: Matrix, i: number): number => {
  const { feature } = trees;
  let node = trees.roots[tree]!;
  for (let f = feature[node]!; f >= 0; f = feature[node]!) node = childOf(trees, node, x.data[i * x.width + f]!);
  return node;
};

/** Adds what the trees say to scores [rows, width]. */
export const addTrees = (trees: Ensemble, x: Matrix, scores: Float64Array): void => {
  const { width, leafWidth, value, targets } = trees;
  for (let t = 0; t < trees.roots.length; t++) {
    const target = targets[t]!;
    for (let i = 0; i < x.rows; i++) {
      const leaf = leafOf(trees, t, x, i);
      if (leafWidth === 1) scores[i * width + target]! += value[leaf]!;
      else for (let k = 0; k < width; k++) scores[i * width + k]! += value[leaf * width + k]!;
    }
  }
};

/** Base and trees added up: [rows, width]. */
export const treeScores = (trees: Ensemble, x: Matrix): Float64Array => {
  const scores = Float64Array.from({ length: x.rows * trees.width }, (_, at) => trees.base[at % trees.width]!);
  addTrees(trees, x, scores);
  return scores;
};

/** Shares of the total gain by feature. */
export const gainShares = (trees: Ensemble, features: number): Float64Array => {
  const sums = new Float64Array(features);
  for (const [node, f] of trees.feature.entries()) if (f >= 0) sums[f]! += trees.gain[node]!;
  const total = sums.reduce((sum, one) => sum + one, 0) || 1;
  return sums.map((one) => one / total);
};

/** Attributes of the nodes, column by column: a forest has millions, and an object for each would take gigabytes. */
type Columns = {
  tree: number[];
  id: number[];
  feature: number[];
  value: number[];
  mode: string[];
  yes: number[];
  no: number[];
  missing: number[];
};
type Targets = { tree: number[]; id: number[]; target: number[]; weight: number[] };

/** Adds one tree in ONNX's terms. Links of chains are numbered after the tree's own nodes. */
const addTree = (trees: Ensemble, tree: number, from: number, to: number, into: Columns, targets: Targets): void => {
  let extra = to - from;
  const add = (id: number, feature: number, value: number, mode: string, yes: number, no: number, missing: number): void => {
    into.tree.push(tree);
    into.id.push(id);
    into.feature.push(feature);
    into.value.push(value);
    into.mode.push(mode);
    into.yes.push(yes);
    into.no.push(no);
    into.missing.push(missing);
  };
  for (let node = from; node < to; node++) {
    const id = node - from;
    const feature = trees.feature[node]!;
    if (feature < 0) {
      add(id, 0, 0, "LEAF", 0, 0, 0);
      for (let k = 0; k < trees.leafWidth; k++) {
        targets.tree.push(tree);
        targets.id.push(id);
        targets.target.push(trees.leafWidth === 1 ? trees.targets[tree]! : k);
        targets.weight.push(trees.value[node * trees.leafWidth + k]!);
      }
      continue;
    }
    const [left, right, missing] = [trees.left[node]! - from, trees.right[node]! - from, trees.isMissingLeft[node]!];
    const set = trees.levels[node];
    if (!set) {
      add(id, feature, trees.threshold[node]!, "BRANCH_LEQ", left, right, missing);
      continue;
    }
    const codes = [...set.keys()].filter((code) => set[code] === 1);
    // no level goes left, only what is missing: no code is below 0
    if (codes.length === 0) add(id, feature, -1, "BRANCH_LEQ", left, right, missing);
    for (const [link, code] of codes.entries()) {
      const own = link === 0 ? id : extra++;
      add(own, feature, code, "BRANCH_EQ", left, link + 1 < codes.length ? extra : right, link === 0 ? missing : 0);
    }
  }
};

/** So many nodes of trees stay in a core's cache while it walks them with row after row. */
const groupNodes = 2048;

/** Runs of trees of about that many nodes together: [from, to) in trees. */
const groupsOf = (trees: Ensemble): [number, number][] => {
  const groups: [number, number][] = [];
  const startOf = (tree: number): number => trees.roots[tree] ?? trees.feature.length;
  for (let from = 0, to = 1; from < trees.roots.length; from = to++) {
    while (to < trees.roots.length && startOf(to + 1) - startOf(from) <= groupNodes) to++;
    groups.push([from, to]);
  }
  return groups;
};

/**
 * The trees; answers the name of [N, width]. The runtime walks all trees of a node with one row before it takes the next, so that an ensemble that
 * does not fit a core's cache is fetched from memory for every row: it is written as several nodes, each of which fits, and their sum.
 * The runtime sums in float32, which a link forgives; a number that is answered as it stands asks for `isExact`, sums in float64.
 */
export const writeTrees = (builder: Builder, x: string, trees: Ensemble, isExact = false): string => {
  const { width } = trees;
  const ends = [...trees.roots.slice(1), trees.feature.length];
  const ints = (values: number[]) => ({ ints: Int32Array.from(values) });
  const reals = (name: string, values: number[]) =>
    isExact ? { [`${name}_as_tensor`]: { doubles: Float64Array.from(values) } } : { [name]: { floats: Float32Array.from(values) } };
  const from = isExact ? builder.node("Cast", [x], { to: castTo.double }) : x;
  const sums = groupsOf(trees).map(([first, end], group) => {
    const rows: Columns = { tree: [], id: [], feature: [], value: [], mode: [], yes: [], no: [], missing: [] };
    const targets: Targets = { tree: [], id: [], target: [], weight: [] };
    for (let t = first; t < end; t++) addTree(trees, t, trees.roots[t]!, ends[t]!, rows, targets);
    const attributes = {
      n_targets: width,
      ...reals("base_values", [...(group === 0 ? trees.base : new Float64Array(width))]),
      nodes_treeids: ints(rows.tree),
      nodes_nodeids: ints(rows.id),
      nodes_featureids: ints(rows.feature),
      ...reals("nodes_values", rows.value),
      nodes_modes: rows.mode,
      nodes_truenodeids: ints(rows.yes),
      nodes_falsenodeids: ints(rows.no),
      nodes_missing_value_tracks_true: ints(rows.missing),
      target_treeids: ints(targets.tree),
      target_nodeids: ints(targets.id),
      target_ids: ints(targets.target),
      ...reals("target_weights", targets.weight),
    };
    return builder.node("TreeEnsembleRegressor", [from], attributes, { domain: "ai.onnx.ml" });
  });
  return sums.length === 1 ? sums[0]! : builder.node("Sum", sums);
};

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

type Row = { tree: number; id: number; feature: number; value: number; mode: string; yes: number; no: number; missing: number };

/** Nodes of one tree in ONNX's terms. `extra` numbers the links of chains after the tree's own nodes. */
const rowsOf = (trees: Ensemble, tree: number, from: number, to: number): Row[] => {
  const rows: Row[] = [];
  let extra = to - from;
  for (let node = from; node < to; node++) {
    const id = node - from;
    const feature = trees.feature[node]!;
    if (feature < 0) {
      rows.push({ tree, id, feature: 0, value: 0, mode: "LEAF", yes: 0, no: 0, missing: 0 });
      continue;
    }
    const [left, right, missing] = [trees.left[node]! - from, trees.right[node]! - from, trees.isMissingLeft[node]!];
    const set = trees.levels[node];
    if (!set) {
      rows.push({ tree, id, feature, value: trees.threshold[node]!, mode: "BRANCH_LEQ", yes: left, no: right, missing });
      continue;
    }
    const codes = [...set.keys()].filter((code) => set[code] === 1);
    // no level goes left, only what is missing: no code is below 0
    if (codes.length === 0) rows.push({ tree, id, feature, value: -1, mode: "BRANCH_LEQ", yes: left, no: right, missing });
    for (const [link, code] of codes.entries()) {
      const own = link === 0 ? id : extra++;
      rows.push({
        tree,
        id: own,
        feature,
        value: code,
        mode: "BRANCH_EQ",
        yes: left,
        no: link + 1 < codes.length ? extra : right,
        missing: link === 0 ? missing : 0,
      });
    }
  }
  return rows;
};

/**
 * The trees as one node; answers the name of [N, width]. The runtime sums in float32, which a link forgives; a number that is answered as
 * it stands asks for `isExact`, sums in float64.
 */
export const writeTrees = (builder: Builder, x: string, trees: Ensemble, isExact = false): string => {
  const { width, leafWidth } = trees;
  const ends = [...trees.roots.slice(1), trees.feature.length];
  const rows = [...trees.roots].flatMap((root, t) => rowsOf(trees, t, root, ends[t]!));
  const targets: { tree: number; id: number; target: number; weight: number }[] = [];
  for (const row of rows) {
    if (row.mode !== "LEAF") continue;
    const node = trees.roots[row.tree]! + row.id;
    for (let k = 0; k < leafWidth; k++)
      targets.push({
        tree: row.tree,
        id: row.id,
        target: leafWidth === 1 ? trees.targets[row.tree]! : k,
        weight: trees.value[node * leafWidth + k]!,
      });
  }
  const ints = (values: number[]) => ({ ints: values });
  const reals = (name: string, values: number[]) => (isExact ? { [`${name}_as_tensor`]: { doubles: values } } : { [name]: values });
  return builder.node(
    "TreeEnsembleRegressor",
    [isExact ? builder.node("Cast", [x], { to: castTo.double }) : x],
    {
      n_targets: width,
      ...reals("base_values", [...trees.base]),
      nodes_treeids: ints(rows.map((row) => row.tree)),
      nodes_nodeids: ints(rows.map((row) => row.id)),
      nodes_featureids: ints(rows.map((row) => row.feature)),
      ...reals(
        "nodes_values",
        rows.map((row) => row.value),
      ),
      nodes_modes: rows.map((row) => row.mode),
      nodes_truenodeids: ints(rows.map((row) => row.yes)),
      nodes_falsenodeids: ints(rows.map((row) => row.no)),
      nodes_missing_value_tracks_true: ints(rows.map((row) => row.missing)),
      target_treeids: ints(targets.map((one) => one.tree)),
      target_nodeids: ints(targets.map((one) => one.id)),
      target_ids: ints(targets.map((one) => one.target)),
      ...reals(
        "target_weights",
        targets.map((one) => one.weight),
      ),
    },
    { domain: "ai.onnx.ml" },
  );
};

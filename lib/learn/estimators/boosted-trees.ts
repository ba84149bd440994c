// Gradient-boosted trees for a two-level target: Newton boosting of the log-loss on histograms, early stopping on validation rows, exported
// as one ONNX TreeEnsemble behind the encoding of the raw columns.
import { breathe, type Estimator, type FitOptions, type Fitted, inputNames, sigmoid } from "#lib/learn/estimators/estimator.ts";
import { encodeTrees, fitTrees, signatureOf, type TreeEncoding, writeTrees } from "#lib/learn/estimators/features.ts";
import { binColumns, growTree, type Tree, valueOf } from "#lib/learn/estimators/tree-grower.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { openBuilder } from "#lib/learn/onnx/builder.ts";
import { type Columns, labelsOf, rowCount } from "#lib/learn/tables/table.ts";

export type BoostOptions = {
  trees?: number;
  depth?: number;
  rate?: number;
  bins?: number;
  minLeaf?: number;
  lambda?: number;
  patience?: number;
};

const margins = (trees: readonly Tree[], base: number, columns: Float64Array[], n: number): Float64Array => {
  const out = new Float64Array(n).fill(base);
  for (let i = 0; i < n; i++) for (const tree of trees) out[i]! += valueOf(tree, columns, i);
  return out;
};

/** Attributes of the ONNX TreeEnsembleRegressor for these trees. */
const ensembleOf = (trees: readonly Tree[], base: number) => {
  const nodes = trees.flatMap((tree, treeId) => tree.map((node, nodeId) => ({ ...node, treeId, nodeId, isLeaf: node.feature < 0 })));
  const leaves = nodes.filter((node) => node.isLeaf);
  const ints = (values: number[]) => ({ ints: values });
  return {
    n_targets: 1,
    base_values: [base],
    nodes_treeids: ints(nodes.map((node) => node.treeId)),
    nodes_nodeids: ints(nodes.map((node) => node.nodeId)),
    nodes_featureids: ints(nodes.map((node) => (node.isLeaf ? 0 : node.feature))),
    nodes_values: nodes.map((node) => (node.isLeaf ? 0 : node.threshold)),
    nodes_modes: nodes.map((node) => (node.isLeaf ? "LEAF" : "BRANCH_LEQ")),
    nodes_truenodeids: ints(nodes.map((node) => (node.isLeaf ? 0 : node.left))),
    nodes_falsenodeids: ints(nodes.map((node) => (node.isLeaf ? 0 : node.right))),
    nodes_missing_value_tracks_true: ints(nodes.map((node) => Number(node.isMissingLeft))),
    target_treeids: ints(leaves.map((node) => node.treeId)),
    target_nodeids: ints(leaves.map((node) => node.nodeId)),
    target_ids: ints(leaves.map(() => 0)),
    target_weights: leaves.map((node) => node.value),
  };
};

const fitted = (
  table: Columns,
  names: string[],
  encoding: TreeEncoding,
  trees: Tree[],
  base: number,
  params: Record<string, number>,
): Fitted => {
  const signature = signatureOf(table, names);
  return {
    kind: "boosted trees",
    params: { ...params, trees: trees.length },
    signature,
    predict: (rows) => margins(trees, base, encodeTrees(rows, encoding), rowCount(rows)).map(sigmoid),
    toOnnx: () => {
      const builder = openBuilder("boosted_trees");
      for (const one of signature.inputs) builder.input(one.name, one.datatype, ["N", 1]);
      const margin = builder.node("TreeEnsembleRegressor", [writeTrees(builder, encoding)], ensembleOf(trees, base), {
        domain: "ai.onnx.ml",
      });
      builder.node("Sigmoid", [margin], {}, { output: "probability" });
      builder.output("probability", "FP32", ["N", 1]);
      return builder.bytes("boosted trees");
    },
  };
};

/**
 * Gradient-boosted trees. `patience` stops when the validation AUC has not risen for that many trees, and keeps the best number.
 * @example
 * const model = await boostedTrees({ trees: 300, depth: 4, rate: 0.05 }).fit(train, { target: "Class", positive: "bad", validation: test });
 */
export const boostedTrees = (options: BoostOptions = {}): Estimator => {
  const { trees: wanted = 200, depth = 5, rate = 0.1, bins = 64, minLeaf = 20, lambda = 1, patience = 0 } = options;
  const params = { trees: wanted, depth, rate, bins, minLeaf, lambda };
  if (bins < 2 || bins > 254) throw new Error(`bins: ${bins} is outside 2 to 254.`);
  const fit = async (table: Columns, { target, positive, validation, onProgress, signal }: FitOptions): Promise<Fitted> => {
    const names = inputNames(table, target);
    const labels = labelsOf(table, target, positive);
    const n = labels.length;
    const encoding = fitTrees(table, names, labels);
    const data = binColumns(encodeTrees(table, encoding), bins);
    const share = labels.reduce((sum, one) => sum + one, 0) / n;
    const base = Math.fround(Math.log(share / (1 - share)));
    const scores = new Float64Array(n).fill(base);
    const [gradients, hessians] = [new Float64Array(n), new Float64Array(n)];
    const all = Uint32Array.from({ length: n }, (_, i) => i);
    const aside = validation
      ? {
          labels: labelsOf(validation, target, positive),
          columns: encodeTrees(validation, encoding),
          scores: new Float64Array(rowCount(validation)).fill(base),
        }
      : null;
    const trees: Tree[] = [];
    let best = { value: Number.NEGATIVE_INFINITY, trees: 0 };
    for (let t = 1; t <= wanted; t++) {
      for (let i = 0; i < n; i++) {
        const p = sigmoid(scores[i]!);
        gradients[i] = p - labels[i]!;
        hessians[i] = p * (1 - p);
      }
      const tree = growTree(data, all, gradients, hessians, scores, { depth, minLeaf, lambda, rate });
      trees.push(tree);
      let value: number | undefined;
      if (aside) {
        for (let i = 0; i < aside.scores.length; i++) aside.scores[i]! += valueOf(tree, aside.columns, i);
        value = rocAuc(aside.labels, aside.scores);
        if (value > best.value) best = { value, trees: t };
      }
      onProgress?.(t / wanted, `tree ${t} of ${wanted}`, value);
      await breathe(signal);
      if (aside && patience > 0 && t - best.trees >= patience) break;
    }
    return fitted(table, names, encoding, aside && patience > 0 ? trees.slice(0, best.trees) : trees, base, params);
  };
  return { kind: "boosted trees", params, fit };
};

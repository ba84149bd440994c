// Gradient-boosted trees for a two-level target: Newton boosting of the log-loss on histograms, early stopping on validation rows, exported
// as one ONNX TreeEnsemble behind the encoding of the raw columns. The same seed and rows give the same trees, bit by bit.
import { binColumns } from "#lib/learn/estimators/bins.ts";
import { breathe, type Estimator, type FitOptions, type Fitted, inputNames, sigmoid } from "#lib/learn/estimators/estimator.ts";
import { encodeTrees, fitTrees, signatureOf, type TreeEncoding, writeTrees } from "#lib/learn/estimators/features.ts";
import { growTree, type Sample, type Tree, treeValue } from "#lib/learn/estimators/tree-grower.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { openBuilder } from "#lib/learn/onnx/builder.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { type Columns, labelsOf, rowCount } from "#lib/learn/tables/table.ts";

export type BoostOptions = {
  trees?: number;
  depth?: number;
  /** Learning rate: the share of each tree's answer that is kept. */
  rate?: number;
  /** Bins a column, 2 to 254. */
  bins?: number;
  /** Rows a leaf has at least. */
  minLeaf?: number;
  /** L2 penalty of leaf values. */
  lambda?: number;
  /** Share of the rows each tree sees, drawn without replacement. */
  rowShare?: number;
  /** Share of the columns each tree sees. */
  columnShare?: number;
  seed?: number;
  /** Stop when the validation AUC has not risen for this many trees, and keep the best number of trees. Needs `validation`. */
  earlyStopping?: number;
};

type Settings = Required<BoostOptions>;
const defaults: Settings = {
  trees: 200,
  depth: 5,
  rate: 0.1,
  bins: 64,
  minLeaf: 20,
  lambda: 1,
  rowShare: 1,
  columnShare: 1,
  seed: 0,
  earlyStopping: 0,
};

const ranges: Record<keyof Settings, [number, number]> = {
  trees: [1, 100_000],
  depth: [1, 16],
  rate: [1e-6, 10],
  bins: [2, 254],
  minLeaf: [1, Number.MAX_SAFE_INTEGER],
  lambda: [0, Number.MAX_VALUE],
  rowShare: [1e-6, 1],
  columnShare: [1e-6, 1],
  seed: [0, 2 ** 32 - 1],
  earlyStopping: [0, 100_000],
};

const settingsOf = (options: BoostOptions): Settings => {
  const settings = { ...defaults, ...options };
  for (const [name, value] of Object.entries(settings)) {
    const range = ranges[name as keyof Settings];
    if (!range) throw new Error(`boostedTrees has no option ${name}. It has: ${Object.keys(ranges).join(", ")}.`);
    if (!(value >= range[0] && value <= range[1])) throw new Error(`${name}: ${value} is outside ${range[0]} to ${range[1]}.`);
  }
  return settings;
};

const margins = (trees: readonly Tree[], base: number, columns: Float64Array[], n: number): Float64Array => {
  const out = new Float64Array(n).fill(base);
  for (const tree of trees) for (let i = 0; i < n; i++) out[i]! += treeValue(tree, columns, i);
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
  kept: { trees: Tree[]; base: number; auc: number | null },
  params: Record<string, number>,
): Fitted => {
  const signature = signatureOf(table, names);
  const { trees, base } = kept;
  return {
    kind,
    params: { ...params, trees: trees.length },
    signature,
    validationAuc: kept.auc,
    predict: (rows) => margins(trees, base, encodeTrees(rows, encoding), rowCount(rows)).map(sigmoid),
    toOnnx: () => {
      const builder = openBuilder("boosted_trees");
      for (const one of signature.inputs) builder.input(one.name, one.datatype, ["N", 1]);
      const matrix = writeTrees(builder, encoding);
      const margin = builder.node("TreeEnsembleRegressor", [matrix], ensembleOf(trees, base), { domain: "ai.onnx.ml" });
      builder.node("Sigmoid", [margin], {}, { output: "probability" });
      builder.output("probability", "FP32", ["N", 1]);
      return builder.bytes(kind);
    },
  };
};

const kind = "boosted trees";

/** Draws the rows and columns of one tree, in ascending order. */
const draw = (n: number, share: number, random: () => number): Uint32Array =>
  share >= 1
    ? Uint32Array.from({ length: n }, (_, i) => i)
    : shuffled(n, random)
        .subarray(0, Math.max(1, Math.round(n * share)))
        .sort();

/** First and second derivative of the log-loss at the scores, written into `sample`. */
const derive = (sample: Sample, labels: Uint8Array): void => {
  for (let i = 0; i < labels.length; i++) {
    const p = sigmoid(sample.scores[i]!);
    sample.gradients[i] = p - labels[i]!;
    sample.hessians[i] = p * (1 - p);
  }
};

/** Adds a tree to the scores of the rows it did not grow on. */
const addToOthers = (tree: Tree, sample: Sample, columns: Float64Array[]): void => {
  let next = 0;
  for (let i = 0; i < sample.scores.length; i++) {
    if (sample.rows[next] === i) next += 1;
    else sample.scores[i]! += treeValue(tree, columns, i);
  }
};

/** Validation rows and their scores as trees are added; without rows it knows no area. */
const watcher = (options: FitOptions, encoding: TreeEncoding, base: number) => {
  const { validation, target, positive } = options;
  if (!validation) return () => undefined;
  const labels = labelsOf(validation, target, positive);
  const columns = encodeTrees(validation, encoding);
  const scores = new Float64Array(rowCount(validation)).fill(base);
  return (tree: Tree): number => {
    for (let i = 0; i < scores.length; i++) scores[i]! += treeValue(tree, columns, i);
    return rocAuc(labels, scores);
  };
};

const grow = async (
  columns: Float64Array[],
  labels: Uint8Array,
  base: number,
  settings: Settings,
  options: FitOptions,
  encoding: TreeEncoding,
) => {
  const n = labels.length;
  const data = binColumns(columns, settings.bins);
  const random = mulberry32(settings.seed);
  const watch = watcher(options, encoding, base);
  const scores = new Float64Array(n).fill(base);
  const sample: Sample = {
    rows: draw(n, 1, random),
    features: [...columns.keys()],
    gradients: new Float64Array(n),
    hessians: new Float64Array(n),
    scores,
  };
  const trees: Tree[] = [];
  let best = { auc: Number.NEGATIVE_INFINITY, trees: 0 };
  let auc: number | undefined;
  for (let t = 1; t <= settings.trees; t++) {
    if (settings.rowShare < 1) sample.rows = draw(n, settings.rowShare, random);
    if (settings.columnShare < 1) sample.features = [...draw(columns.length, settings.columnShare, random)];
    derive(sample, labels);
    const tree = growTree(data, sample, settings);
    if (settings.rowShare < 1) addToOthers(tree, sample, columns);
    trees.push(tree);
    auc = watch(tree);
    if (auc !== undefined && auc > best.auc) best = { auc, trees: t };
    options.onProgress?.(t / settings.trees, `tree ${t} of ${settings.trees}`, auc);
    await breathe(options.signal);
    if (auc !== undefined && settings.earlyStopping > 0 && t - best.trees >= settings.earlyStopping) break;
  }
  if (auc === undefined || settings.earlyStopping === 0) return { trees, base, auc: auc ?? null };
  return { trees: trees.slice(0, best.trees), base, auc: best.auc };
};

/**
 * Gradient-boosted trees. Missing numbers are their own branch; categories are ordered by their target rate.
 * @example
 * const model = await boostedTrees({ trees: 300, depth: 4, rate: 0.05 }).fit(train, { target: "Class", positive: "bad", validation: test });
 */
export const boostedTrees = (options: BoostOptions = {}): Estimator => {
  const settings = settingsOf(options);
  const { earlyStopping, ...params } = settings;
  const fit = async (table: Columns, how: FitOptions): Promise<Fitted> => {
    if (earlyStopping > 0 && !how.validation) throw new Error("earlyStopping needs validation rows. Give fit a validation table.");
    const names = inputNames(table, how.target);
    const labels = labelsOf(table, how.target, how.positive);
    const encoding = fitTrees(table, names, labels);
    const share = labels.reduce((sum, one) => sum + one, 0) / labels.length;
    const base = Math.fround(Math.log(share / (1 - share)));
    const kept = await grow(encodeTrees(table, encoding), labels, base, settings, how, encoding);
    return fitted(table, names, encoding, kept, params);
  };
  return { kind, params, fit };
};

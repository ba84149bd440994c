// Shapley values of trees, exactly and in polynomial time (Lundberg, Erion, Lee 2018, algorithm 2, path-dependent): how much each column
// moved one row's score away from the mean score of the training rows. A missing column is averaged over by the cover of the branches.
//
// The walk keeps the path of features split on so far, with the share of subsets of each size that flow down it when a feature is in
// (`one`) or out (`zero`) of the subset; `weight` holds the permutation weights.
import type { Fitted } from "#lib/learn/estimators/estimator.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import { type Columns, rowCount } from "#lib/learn/tables/table.ts";
import { childOf, type Ensemble } from "#lib/learn/trees/ensemble.ts";

type Step = { feature: number; zero: number; one: number; weight: number };

const extended = (path: readonly Step[], zero: number, one: number, feature: number): Step[] => {
  const grown = path.map((step) => ({ ...step }));
  const depth = path.length;
  grown.push({ feature, zero, one, weight: depth === 0 ? 1 : 0 });
  for (let i = depth - 1; i >= 0; i--) {
    grown[i + 1]!.weight += (one * grown[i]!.weight * (i + 1)) / (depth + 1);
    grown[i]!.weight = (zero * grown[i]!.weight * (depth - i)) / (depth + 1);
  }
  return grown;
};

const unwound = (path: readonly Step[], at: number): Step[] => {
  const shrunk = path.map((step) => ({ ...step }));
  const depth = path.length - 1;
  const { zero, one } = path[at]!;
  let next = path[depth]!.weight;
  for (let i = depth - 1; i >= 0; i--) {
    if (one !== 0) {
      const held = shrunk[i]!.weight;
      shrunk[i]!.weight = (next * (depth + 1)) / ((i + 1) * one);
      next = held - (shrunk[i]!.weight * zero * (depth - i)) / (depth + 1);
    } else shrunk[i]!.weight = (shrunk[i]!.weight * (depth + 1)) / (zero * (depth - i));
  }
  for (let i = at; i < depth; i++)
    Object.assign(shrunk[i]!, { feature: shrunk[i + 1]!.feature, zero: shrunk[i + 1]!.zero, one: shrunk[i + 1]!.one });
  shrunk.pop();
  return shrunk;
};

const unwoundSum = (path: readonly Step[], at: number): number => unwound(path, at).reduce((sum, step) => sum + step.weight, 0);

const walk = (trees: Ensemble, x: Matrix, row: number, valueAt: (leaf: number) => number, into: Float64Array, root: number): void => {
  const visit = (node: number, path: readonly Step[], zero: number, one: number, feature: number): void => {
    let grown = extended(path, zero, one, feature);
    const f = trees.feature[node]!;
    if (f < 0) {
      for (let i = 1; i < grown.length; i++)
        into[grown[i]!.feature]! += unwoundSum(grown, i) * (grown[i]!.one - grown[i]!.zero) * valueAt(node);
      return;
    }
    const hot = childOf(trees, node, x.data[row * x.width + f]!);
    const cold = hot === trees.left[node] ? trees.right[node]! : trees.left[node]!;
    let [inZero, inOne] = [1, 1];
    const again = grown.findIndex((step, i) => i > 0 && step.feature === f);
    if (again > 0) {
      [inZero, inOne] = [grown[again]!.zero, grown[again]!.one];
      grown = unwound(grown, again);
    }
    const cover = trees.cover[node]!;
    visit(hot, grown, (inZero * trees.cover[hot]!) / cover, inOne, f);
    visit(cold, grown, (inZero * trees.cover[cold]!) / cover, 0, f);
  };
  visit(root, [], 1, 1, -1);
};

/** Mean of a tree over its training rows. */
const meanOf = (trees: Ensemble, node: number, valueAt: (leaf: number) => number): number => {
  if (trees.feature[node]! < 0) return valueAt(node);
  const [l, r] = [trees.left[node]!, trees.right[node]!];
  return (trees.cover[l]! * meanOf(trees, l, valueAt) + trees.cover[r]! * meanOf(trees, r, valueAt)) / trees.cover[node]!;
};

/**
 * Shapley values by raw column, one number a row, in the unit of the trees' sum (log-odds for a boosted classifier, probability for a
 * forest, the number itself for numbers). `base` + all values of a row = that row's sum. `output` picks the class where there are several.
 * @example
 * const { base, values } = treeShap(model, test);
 * values.age[0]; // what the age of the first row did
 */
export const treeShap = (
  model: Fitted,
  table: Columns,
  options: { output?: number } = {},
): { base: number; values: Record<string, Float64Array> } => {
  const { output = 0 } = options;
  const { head, pipeline } = model.inside;
  const trees = head.more?.trees as Ensemble | undefined;
  if (!trees) throw new Error(`${model.kind} has no trees. Take permutationImportance or partialDependence.`);
  const x = pipeline.encode(table);
  const valueAt = (leaf: number): number => trees.value[trees.leafWidth === 1 ? leaf : leaf * trees.width + output]!;
  const own = [...trees.roots.keys()].filter((t) => trees.leafWidth > 1 || trees.targets[t] === output);
  const columns = [...new Set(pipeline.features.map((feature) => feature.column))];
  const values = Object.fromEntries(columns.map((column) => [column, new Float64Array(rowCount(table))]));
  const sums = new Float64Array(x.width);
  for (let i = 0; i < x.rows; i++) {
    sums.fill(0);
    for (const t of own) walk(trees, x, i, valueAt, sums, trees.roots[t]!);
    for (const [j, feature] of pipeline.features.entries()) values[feature.column]![i]! += sums[j]!;
  }
  const base = own.reduce((sum, t) => sum + meanOf(trees, trees.roots[t]!, valueAt), trees.base[output]!);
  return { base, values };
};

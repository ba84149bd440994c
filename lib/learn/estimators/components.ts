// Principal components: directions of greatest variance of the standardised columns, by the eigenvectors of their covariance. The sign of
// a component is such that its largest weight is positive, as in scikit-learn.
import { symmetricEigen } from "#lib/learn/algebra/dense.ts";
import { checked, type Estimator, type Head, type Problem } from "#lib/learn/estimators/estimator.ts";
import { affine, writeExactAffine } from "#lib/learn/estimators/linear.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";

const meansOf = (x: Matrix): Float64Array => {
  const means = new Float64Array(x.width);
  for (let at = 0; at < x.data.length; at++) means[at % x.width]! += x.data[at]! / x.rows;
  return means;
};

const covariance = (x: Matrix, means: Float64Array): Float64Array => {
  const d = x.width;
  const sums = new Float64Array(d * d);
  const row = new Float64Array(d);
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < d; j++) row[j] = x.data[i * d + j]! - means[j]!;
    for (let j = 0; j < d; j++) for (let k = 0; k <= j; k++) sums[j * d + k]! += row[j]! * row[k]!;
  }
  for (let j = 0; j < d; j++) for (let k = 0; k <= j; k++) sums[k * d + j] = sums[j * d + k]! /= Math.max(1, x.rows - 1);
  return sums;
};

const fitComponents = ({ x, tell }: Problem, k: number): Head => {
  const d = x.width;
  const width = Math.min(k, d, x.rows);
  const means = meansOf(x);
  const { values, vectors } = symmetricEigen(covariance(x, means), d);
  const weights = new Float64Array(d * width);
  for (let c = 0; c < width; c++) {
    let largest = 0;
    for (let j = 0; j < d; j++) if (Math.abs(vectors[j * d + c]!) > Math.abs(largest) + 1e-12) largest = vectors[j * d + c]!;
    for (let j = 0; j < d; j++) weights[j * width + c] = Math.sign(largest || 1) * vectors[j * d + c]!;
  }
  const bias = affine({ data: Float32Array.from(means), rows: 1, width: d }, weights, new Float64Array(width)).map((one) => -one);
  const total = values.reduce((sum, one) => sum + Math.max(0, one), 0) || 1;
  tell(1, `${width} components`);
  return {
    width,
    scores: (rows) => affine(rows, weights, bias),
    write: (builder, from) => writeExactAffine(builder, from, weights, bias),
    more: { weights, variance: values.slice(0, width), share: values.slice(0, width).map((one) => one / total) },
  };
};

/**
 * The first `k` principal components; the variance each explains stands in `model.inside.head.more`.
 * @example
 * const model = await components({ k: 2 }).fit(table);
 */
export const components = (options: { k?: number; preprocess?: Preprocess } = {}): Estimator => {
  const { preprocess, ...given } = options;
  const { k } = checked("components", { k: [2, 1, 1000] }, given);
  return estimatorOf({
    kind: "principal components",
    params: { k },
    learns: [],
    without: "projection",
    appetite: "scaled",
    leastRows: 2,
    ...(preprocess ? { preprocess } : {}),
    fit: (problem) => fitComponents(problem, k),
  });
};

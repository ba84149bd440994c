// Naive Bayes on mixed columns. Numbers are Gaussian within a class (scikit-learn's GaussianNB, variances raised by 1e-9 of the largest);
// a category, or the words of a text, is multinomial within a class with α added (CategoricalNB and MultinomialNB are the same formula,
// block by block: ln (count of the level + α)/(counts of the block + α·levels)). A missing number or level says nothing.
import { checked, type Estimator, type Head, type Problem, sigmoid, softmax } from "#lib/learn/estimators/estimator.ts";
import { affine, writeAffine } from "#lib/learn/estimators/linear.ts";
import { estimatorOf } from "#lib/learn/estimators/recipe.ts";
import type { Builder } from "#lib/learn/onnx/builder.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import { numbers } from "#lib/learn/preprocess/numbers.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { type Columns, isNumeric } from "#lib/learn/tables/table.ts";

type Bayes = {
  classes: number;
  /** Places of Gaussian columns, their means and variances by class ([class, column]). */
  gaussian: number[];
  means: Float64Array;
  variances: Float64Array;
  /** Log-likelihood of each column of counts by class ([width, classes], 0 for Gaussian ones) and log-prior. */
  logs: Float64Array;
  prior: Float64Array;
};

const gaussians = (x: Matrix, places: number[], y: Float64Array, sample: Float64Array, classes: number) => {
  const g = places.length;
  const [means, variances, counts] = [new Float64Array(classes * g), new Float64Array(classes * g), new Float64Array(classes * g)];
  const each = (visit: (at: number, value: number, weight: number) => void): void => {
    for (let i = 0; i < x.rows; i++)
      for (let s = 0; s < g; s++) {
        const value = x.data[i * x.width + places[s]!]!;
        if (!Number.isNaN(value)) visit(y[i]! * g + s, value, sample[i]!);
      }
  };
  each((at, value, weight) => {
    counts[at]! += weight;
    means[at]! += weight * value;
  });
  for (let at = 0; at < means.length; at++) if (counts[at]! > 0) means[at]! /= counts[at]!;
  each((at, value, weight) => {
    variances[at]! += weight * (value - means[at]!) ** 2;
  });
  for (let at = 0; at < means.length; at++) if (counts[at]! > 0) variances[at]! /= counts[at]!;
  return { means, variances };
};

/** GaussianNB's floor: 1e-9 of the largest variance of any column. */
const floorOf = (x: Matrix, places: number[]): number => {
  let largest = 0;
  for (const place of places) {
    const values = Float64Array.from({ length: x.rows }, (_, i) => x.data[i * x.width + place]!).filter((value) => !Number.isNaN(value));
    const mean = values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
    largest = Math.max(largest, values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, values.length));
  }
  return Math.max(1e-9 * largest, 1e-12);
};

const countLogs = ({ x, features, weights }: Problem, y: Float64Array, classes: number, alpha: number): Float64Array => {
  const logs = new Float64Array(x.width * classes);
  const blocks = Map.groupBy(
    features.flatMap((feature, j) => (feature.kind === "indicator" || feature.kind === "count" ? [{ column: feature.column, j }] : [])),
    (one) => one.column,
  );
  for (let i = 0; i < x.rows; i++)
    for (let j = 0; j < x.width; j++) {
      const value = x.data[i * x.width + j]!;
      if (value > 0) logs[j * classes + y[i]!]! += weights[i]! * value;
    }
  const isCounted = new Uint8Array(x.width);
  for (const block of blocks.values())
    for (let c = 0; c < classes; c++) {
      const total = block.reduce((sum, { j }) => sum + logs[j * classes + c]!, 0) + alpha * block.length;
      for (const { j } of block) {
        logs[j * classes + c] = Math.log((logs[j * classes + c]! + alpha) / total);
        isCounted[j] = 1;
      }
    }
  for (let j = 0; j < x.width; j++) if (!isCounted[j]) logs.fill(0, j * classes, (j + 1) * classes);
  return logs;
};

const fitBayes = (problem: Problem, alpha: number): Bayes => {
  const { x, goal, weights, features } = problem;
  if (goal.task !== "binary" && goal.task !== "classes") throw new Error("Naive Bayes learns classes.");
  const classes = goal.task === "binary" ? 2 : goal.levels.length;
  const gaussian = features.flatMap((feature, j) => (feature.kind === "number" ? [j] : []));
  const { means, variances } = gaussians(x, gaussian, goal.y, weights, classes);
  const floor = floorOf(x, gaussian);
  const shares = new Float64Array(classes);
  for (let i = 0; i < x.rows; i++) shares[goal.y[i]!]! += weights[i]!;
  const total = shares.reduce((sum, one) => sum + one, 0);
  const empty = shares.indexOf(0);
  if (empty >= 0) throw new Error("A class has no weight in any row. Naive Bayes needs at least one row of each.");
  return {
    classes,
    gaussian,
    means,
    variances: variances.map((one) => one + floor),
    logs: countLogs(problem, goal.y, classes, alpha),
    prior: shares.map((share) => Math.log(share / total)),
  };
};

const logJoint = (x: Matrix, bayes: Bayes): Float64Array => {
  const { classes, gaussian, means, variances, logs, prior } = bayes;
  const g = gaussian.length;
  const counted: Matrix = { ...x, data: x.data.slice() };
  for (const place of gaussian) for (let at = place; at < counted.data.length; at += x.width) counted.data[at] = 0;
  const out = affine(counted, logs, prior);
  const half = variances.map((one) => 0.5 * Math.log(2 * Math.PI * one));
  for (let i = 0; i < x.rows; i++)
    for (let s = 0; s < g; s++) {
      const value = x.data[i * x.width + gaussian[s]!]!;
      if (Number.isNaN(value)) continue;
      for (let c = 0; c < classes; c++)
        out[i * classes + c]! -= half[c * g + s]! + (value - means[c * g + s]!) ** 2 / (2 * variances[c * g + s]!);
    }
  return out;
};

const writeGaussian = (builder: Builder, x: string, bayes: Bayes, c: number): string => {
  const g = bayes.gaussian.length;
  const row = (of: (at: number) => number) =>
    builder.constant(
      Float64Array.from({ length: g }, (_, s) => of(c * g + s)),
      [1, g],
    );
  const off = builder.node("Div", [
    builder.node("Sub", [x, row((at) => bayes.means[at]!)]),
    row((at) => Math.sqrt(2 * bayes.variances[at]!)),
  ]);
  const density = builder.node("Add", [builder.node("Mul", [off, off]), row((at) => 0.5 * Math.log(2 * Math.PI * bayes.variances[at]!))]);
  const known = builder.node("Where", [builder.node("IsNaN", [x]), builder.constant([0], [1, 1]), density]);
  return builder.node("ReduceSum", [known, builder.integers([1])], { keepdims: 1 });
};

const writeJoint = (builder: Builder, x: string, bayes: Bayes): string => {
  const { gaussian, classes, logs, prior } = bayes;
  if (gaussian.length === 0) return writeAffine(builder, x, logs, prior);
  const chosen = builder.node("Gather", [x, builder.integers(gaussian)], { axis: 1 });
  const columns = Array.from({ length: classes }, (_, c) => writeGaussian(builder, chosen, bayes, c));
  const densities = builder.node("Concat", columns, { axis: 1 });
  const rest = [...Array(logs.length / classes).keys()].filter((j) => !gaussian.includes(j));
  if (rest.length === 0) return builder.node("Sub", [builder.constant(prior, [1, classes]), densities]);
  const own = Float64Array.from(rest.flatMap((j) => [...logs.subarray(j * classes, (j + 1) * classes)]));
  const counted = builder.node("Gather", [x, builder.integers(rest)], { axis: 1 });
  return builder.node("Sub", [writeAffine(builder, counted, own, prior), densities]);
};

const headOf = (bayes: Bayes, isBinary: boolean): Head => ({
  width: isBinary ? 1 : bayes.classes,
  scores: (x) => {
    const joint = logJoint(x, bayes);
    return isBinary
      ? Float64Array.from({ length: x.rows }, (_, i) => sigmoid(joint[2 * i + 1]! - joint[2 * i]!))
      : softmax(joint, bayes.classes);
  },
  write: (builder, x) => {
    const both = builder.node("Softmax", [writeJoint(builder, x, bayes)], { axis: 1 });
    return isBinary ? builder.node("Gather", [both, builder.integers([1])], { axis: 1 }) : both;
  },
});

/** Numbers standardised with gaps left open: the scale does not change the posterior, and float32 is kinder to it. */
export const openNumbers = (table: Columns, without: readonly (string | undefined)[], given: Preprocess = {}): Preprocess => ({
  ...Object.fromEntries(
    Object.entries(table)
      .filter(([name, column]) => isNumeric(column) && !without.includes(name))
      .map(([name]) => [name, numbers({ impute: "keep" })]),
  ),
  ...given,
});

/**
 * Naive Bayes for classes; fast, a first baseline, at home with words.
 * @example
 * const model = await naiveBayes({ preprocess: { message: tfidf() } }).fit(train, { target: "kind" });
 */
export const naiveBayes = (options: { alpha?: number; preprocess?: Preprocess } = {}): Estimator => {
  const { preprocess, ...given } = options;
  const { alpha } = checked("naiveBayes", { alpha: [1, 1e-10, 1e6] }, given);
  const estimator = (encodings: Preprocess) =>
    estimatorOf({
      kind: "naive Bayes",
      params: { alpha },
      learns: ["binary", "classes"],
      appetite: "scaled",
      preprocess: encodings,
      fit: (problem) => headOf(fitBayes(problem, alpha), problem.goal.task === "binary"),
    });
  const { kind, params } = estimator({});
  return { kind, params, fit: (table, how = {}) => estimator(openNumbers(table, [how.target, how.weight], preprocess)).fit(table, how) };
};

// Blending: a weighted mean of models of the same task, as one model with one ONNX file. Weights are found by greedy selection with
// replacement (Caruana, Niculescu-Mizil, Crew, Ksikes 2004), which rarely overfits because it starts from the best single model.
import type { Fitted, Head } from "#lib/learn/estimators/estimator.ts";
import { fittedOf } from "#lib/learn/estimators/recipe.ts";
import type { Builder } from "#lib/learn/onnx/builder.ts";
import type { Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Pipeline } from "#lib/learn/preprocess/pipeline.ts";

/** The encodings of all members side by side. */
const sideBySide = (pipelines: readonly Pipeline[]): Pipeline => {
  const join = (matrices: readonly Matrix[]): Matrix => {
    const rows = matrices[0]?.rows ?? 0;
    const width = matrices.reduce((sum, one) => sum + one.width, 0);
    const data = new Float32Array(rows * width);
    let at = 0;
    for (const one of matrices) {
      for (let i = 0; i < rows; i++) data.set(one.data.subarray(i * one.width, (i + 1) * one.width), i * width + at);
      at += one.width;
    }
    return { data, rows, width };
  };
  const inputs = new Map(pipelines.flatMap((one) => one.inputs).map((input) => [input.name, input]));
  return {
    inputs: [...inputs.values()],
    features: pipelines.flatMap((one) => one.features),
    encode: (table) => join(pipelines.map((one) => one.encode(table))),
    encodeTraining: (table) => join(pipelines.map((one) => one.encodeTraining(table))),
    write: (builder) =>
      builder.node(
        "Concat",
        pipelines.map((one) => one.write(builder)),
        { axis: 1 },
      ),
  };
};

const columnsOf = (x: Matrix, from: number, width: number): Matrix => {
  const data = new Float32Array(x.rows * width);
  for (let i = 0; i < x.rows; i++) data.set(x.data.subarray(i * x.width + from, i * x.width + from + width), i * width);
  return { data, rows: x.rows, width };
};

type Member = { head: Head; from: number; width: number; weight: number };

const writeMember = (builder: Builder, x: string, { head, from, width, weight }: Member): string => {
  const own = builder.node("Slice", [x, builder.integers([from]), builder.integers([from + width]), builder.integers([1])]);
  return builder.node("Mul", [head.write(builder, own), builder.constant([weight], [1, 1])]);
};

/**
 * The weighted mean of models that were fitted on the same target.
 * @example
 * const both = blend([boosted, logistic], [0.7, 0.3]);
 */
export const blend = (models: readonly Fitted[], weights: readonly number[] = models.map(() => 1)): Fitted => {
  const [first] = models;
  if (!first || models.length !== weights.length)
    throw new Error(`${models.length} models and ${weights.length} weights do not go together.`);
  const odd = models.find(
    (one) =>
      one.task !== first.task || one.levels.join("\u0000") !== first.levels.join("\u0000") || one.inside.target !== first.inside.target,
  );
  if (odd || !["binary", "classes", "number"].includes(first.task))
    throw new Error("Only models of the same target and task can be blended.");
  const total = weights.reduce((sum, one) => sum + one, 0);
  if (!(total > 0) || weights.some((one) => !(one >= 0))) throw new Error("Weights are not negative, and one is above 0.");
  let from = 0;
  const members = models.map((model, i): Member => {
    const width = model.inside.pipeline.features.length;
    from += width;
    return { head: model.inside.head, from: from - width, width, weight: weights[i]! / total };
  });
  const { width } = first.inside.head;
  const head: Head = {
    width,
    scores: (x) => {
      const sum = new Float64Array(x.rows * width);
      for (const one of members)
        for (const [at, score] of one.head.scores(columnsOf(x, one.from, one.width)).entries()) sum[at]! += one.weight * score;
      return sum;
    },
    write: (builder, x) => members.map((one) => writeMember(builder, x, one)).reduce((a, b) => builder.node("Add", [a, b])),
    importance: Float64Array.from(
      members.flatMap((one) => Array.from({ length: one.width }, (_, j) => one.weight * (one.head.importance?.[j] ?? 0))),
    ),
  };
  const params = Object.fromEntries(models.map((model, i) => [`${i + 1}: ${model.kind}`, Number((weights[i]! / total).toFixed(4))]));
  return fittedOf(
    { kind: "blend", params, task: first.task, levels: first.levels, validationAuc: null },
    { ...first.inside, pipeline: sideBySide(models.map((one) => one.inside.pipeline)), head },
  );
};

/** Weights, as counts, of a greedy selection with replacement: each round adds the member that makes the mean best. Greater is better. */
export const greedyWeights = (scores: readonly Float64Array[], quality: (mean: Float64Array) => number, rounds = 20): number[] => {
  const counts = scores.map(() => 0);
  let sum: Float64Array = new Float64Array(scores[0]?.length ?? 0);
  let kept = { quality: Number.NEGATIVE_INFINITY, counts: [...counts] };
  for (let round = 1; round <= rounds; round++) {
    const tries = scores.map((one) => quality(sum.map((value, i) => (value + one[i]!) / round)));
    const best = tries.indexOf(Math.max(...tries));
    counts[best]! += 1;
    sum = sum.map((value, i) => value + scores[best]![i]!);
    if (tries[best]! > kept.quality + 1e-9) kept = { quality: tries[best]!, counts: [...counts] };
  }
  return kept.counts;
};

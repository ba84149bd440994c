// From mathematics to an estimator: reads the target, fits the encoding, hands a matrix to the head, and gives the fitted thing its
// predict, evaluate and ONNX file. What differs between estimators is only their head.
import type { Estimator, FitOptions, Fitted, Head, Inside, Output, Problem, Task, Tensor } from "#lib/learn/estimators/estimator.ts";
import { averagePrecision, brier, logLoss, rocAuc } from "#lib/learn/metrics/classification.ts";
import { varianceKept } from "#lib/learn/metrics/projection.ts";
import { type Builder, openBuilder } from "#lib/learn/onnx/builder.ts";
import type { Goal } from "#lib/learn/preprocess/encoder.ts";
import { type Appetite, fitPipeline, type Pipeline, type Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { type Columns, columnOf, isNumeric, labelsOf, numbersOf, rowCount } from "#lib/learn/tables/table.ts";

export type Recipe = {
  kind: string;
  params: Record<string, number | string>;
  /** The targets it can learn; empty for estimators without one, which name their task in `without`. */
  learns: readonly ("binary" | "classes" | "number")[];
  without?: "clusters" | "projection" | "anomaly";
  appetite: Appetite;
  /** Quantile bins beside each number that nobody gave an encoding; 0 or absent for none. */
  bins?: number;
  preprocess?: Preprocess;
  seed?: number;
  /** Rows needed at least; 10 unless given. */
  leastRows?: number;
  fit: (problem: Problem) => Promise<Head> | Head;
};

const classLimit = 200;

const missingIn = (table: Columns, target: string): number => {
  const column = columnOf(table, target);
  let missing = 0;
  for (let i = 0; i < column.length; i++)
    if (column[i] === "" || (typeof column[i] === "number" && !Number.isFinite(column[i]))) missing += 1;
  return missing;
};

const checkTarget = (table: Columns, target: string): void => {
  const missing = missingIn(table, target);
  if (missing > 0) throw new Error(`Column ${target} has no value in ${missing} of ${rowCount(table)} rows. Leave these rows out first.`);
};

const levelsIn = (table: Columns, target: string): string[] => {
  const column = columnOf(table, target);
  const levels = [...new Set<string | number>(column)];
  const sorted = levels
    .sort((a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1))
    .map(String);
  if (sorted.length < 2) throw new Error(`Column ${target} has only ${JSON.stringify(sorted[0])}. A classifier needs two classes or more.`);
  if (sorted.length > classLimit)
    throw new Error(
      `Column ${target} has ${sorted.length} levels, which are too many for classes (at most ${classLimit}). Is it a number, or an identifier?`,
    );
  return sorted;
};

const classesOf = (table: Columns, target: string, levels: readonly string[]): Float64Array => {
  const places = new Map(levels.map((level, k) => [level, k]));
  return Float64Array.from(columnOf(table, target) as string[], (level) => {
    const place = places.get(String(level));
    if (place === undefined) throw new Error(`Column ${target} holds ${JSON.stringify(level)}, which no training row had.`);
    return place;
  });
};

/** What a target column is to this recipe. */
export const goalOf = (recipe: Pick<Recipe, "kind" | "learns">, table: Columns, how: FitOptions): Goal => {
  const { target, positive } = how;
  if (recipe.learns.length === 0) return { task: "none" };
  if (target === undefined) throw new Error(`${recipe.kind} learns a target. Give fit { target: "a column" }.`);
  checkTarget(table, target);
  if (positive !== undefined && recipe.learns.includes("binary"))
    return { task: "binary", y: Float64Array.from(labelsOf(table, target, positive)) };
  const isNumber = isNumeric(columnOf(table, target));
  if (recipe.learns.includes("number") && (isNumber || !recipe.learns.includes("classes")))
    return { task: "number", y: numbersOf(table, target) };
  const levels = levelsIn(table, target);
  return { task: "classes", levels, y: classesOf(table, target, levels) };
};

/** The target of other rows, counted as the training rows' was. */
export const validationGoal = (goal: Goal, table: Columns, how: FitOptions): Goal => {
  if (goal.task === "none") return goal;
  checkTarget(table, how.target!);
  if (goal.task === "binary") return { task: "binary", y: Float64Array.from(labelsOf(table, how.target!, how.positive!)) };
  if (goal.task === "number") return { task: "number", y: numbersOf(table, how.target!) };
  return { ...goal, y: classesOf(table, how.target!, goal.levels) };
};

const weightsOf = (table: Columns, name: string | undefined): Float64Array => {
  if (name === undefined) return new Float64Array(rowCount(table)).fill(1);
  const weights = numbersOf(table, name);
  const odd = weights.findIndex((one) => !(one >= 0 && Number.isFinite(one)));
  if (odd >= 0) throw new Error(`Weight ${name} is ${weights[odd]} in row ${odd}. Weights are finite and not negative.`);
  if (weights.every((one) => one === 0)) throw new Error(`Weight ${name} is 0 in every row. Some rows must count.`);
  return weights;
};

const outputsOf: Record<Task, (width: number) => Tensor[]> = {
  binary: () => [{ name: "probability", datatype: "FP32", shape: [-1, 1] }],
  classes: (width) => [
    { name: "probabilities", datatype: "FP32", shape: [-1, width] },
    { name: "label", datatype: "BYTES", shape: [-1, 1] },
  ],
  number: () => [{ name: "prediction", datatype: "FP32", shape: [-1, 1] }],
  clusters: (width) => [
    { name: "distances", datatype: "FP32", shape: [-1, width] },
    { name: "cluster", datatype: "INT64", shape: [-1, 1] },
  ],
  projection: (width) => [{ name: "components", datatype: "FP32", shape: [-1, width] }],
  anomaly: () => [{ name: "score", datatype: "FP32", shape: [-1, 1] }],
};

/** Columns a model may look at: all but target and weight. */
export const inputNames = (recipe: Pick<Recipe, "leastRows">, table: Columns, how: FitOptions): string[] => {
  const least = recipe.leastRows ?? 10;
  if (rowCount(table) < least) throw new Error(`${rowCount(table)} rows are too few to learn from. Give at least ${least}.`);
  for (const name of [how.target, how.weight]) if (name !== undefined) columnOf(table, name);
  const names = Object.keys(table).filter((name) => name !== how.target && name !== how.weight);
  if (names.length === 0) throw new Error("There is no column besides the target. Give columns to learn from.");
  return names;
};

const checkNames = (inputs: readonly { name: string }[], outputs: readonly Tensor[]): void => {
  const clash = outputs.find((output) => inputs.some((input) => input.name === output.name));
  if (clash) throw new Error(`A column is named ${clash.name}, as the model's output is. Rename it or leave it out.`);
};

// Probabilities are compared in steps of 1/16384, here and in the graph, and the first of equals wins: two classes with the same votes
// would otherwise be told apart by the order in which float32 was added up.
const steps = 16_384;
const inSteps = (p: number): number => Math.floor(p * steps + 0.5);

/** The place of the most probable class of each row. */
export const likeliest = (scores: Float64Array, width: number): Float64Array => bestOf(scores.map(inSteps), width, false);

/** The place of the greatest (or least) of each row; the first of equals. */
const bestOf = (scores: Float64Array, width: number, isLeast: boolean): Float64Array =>
  Float64Array.from({ length: scores.length / width }, (_, i) => {
    let best = 0;
    for (let k = 1; k < width; k++) {
      const [now, held] = [scores[i * width + k]!, scores[i * width + best]!];
      if (isLeast ? now < held : now > held) best = k;
    }
    return best;
  });

const writeOutputs = (builder: Builder, outputs: readonly Tensor[], main: string, levels: readonly string[]): void => {
  builder.node("Identity", [main], {}, { output: outputs[0]!.name });
  if (outputs[1]?.name === "cluster") builder.node("ArgMin", [main], { axis: 1, keepdims: 1 }, { output: "cluster" });
  if (outputs[1]?.name === "label") {
    const scaled = builder.node("Mul", [main, builder.constant([steps], [1, 1])]);
    const stepped = builder.node("Floor", [builder.node("Add", [scaled, builder.constant([0.5], [1, 1])])]);
    const place = builder.node("ArgMax", [stepped], { axis: 1, keepdims: 1 });
    builder.node(
      "LabelEncoder",
      [place],
      { keys_int64s: { ints: [...levels.keys()] }, values_strings: [...levels] },
      { domain: "ai.onnx.ml", output: "label" },
    );
  }
  for (const one of outputs) builder.output(one.name, one.datatype, ["N", one.shape[1]]);
};

/** The file a model is served from, raw named columns in and the outputs of its task out, and the signature of that. */
export const fileOf = (
  { kind, task, levels }: Pick<Fitted, "kind" | "task" | "levels">,
  pipeline: Pipeline,
  head: Pick<Head, "width" | "write">,
): Pick<Fitted, "signature" | "toOnnx"> => {
  const outputs = outputsOf[task](head.width);
  const inputs = pipeline.inputs.map(({ name, isText }): Tensor => ({ name, datatype: isText ? "BYTES" : "FP32", shape: [-1, 1] }));
  checkNames(inputs, outputs);
  const toOnnx = (): Uint8Array => {
    const builder = openBuilder(kind.replaceAll(" ", "_"));
    for (const one of inputs) builder.input(one.name, one.datatype, ["N", 1]);
    for (const one of outputs) builder.reserve(one.name);
    writeOutputs(builder, outputs, head.write(builder, pipeline.write(builder)), levels);
    return builder.bytes(kind);
  };
  return { signature: { inputs, outputs }, toOnnx };
};

/** What a fitted model is called, may do and has inside; calibration wraps one head in another and calls this again. */
export const fittedOf = (
  what: { kind: string; params: Record<string, number | string>; task: Task; levels: readonly string[]; validationAuc: number | null },
  inside: Inside,
): Fitted => {
  const { task, levels } = what;
  const { pipeline, head } = inside;
  const file = fileOf(what, pipeline, head);
  const { outputs } = file.signature;
  const scores = (table: Columns): Float64Array => head.scores(pipeline.encode(table));
  const predict = (table: Columns): Float64Array => {
    const all = scores(table);
    if (task === "classes") return likeliest(all, head.width);
    return task === "clusters" ? bestOf(all, head.width, true) : all;
  };
  return {
    ...what,
    ...file,
    inside,
    predict,
    answer: (table) => {
      const all = scores(table);
      const answer: Record<string, Output> = { [outputs[0]!.name]: { data: all, width: head.width } };
      if (task === "clusters") answer.cluster = { data: bestOf(all, head.width, true), width: 1 };
      if (task === "classes") answer.label = { data: Array.from(likeliest(all, head.width), (k) => levels[k]!), width: 1 };
      return answer;
    },
    evaluate: (table) => {
      const all = scores(table);
      return task === "projection"
        ? { varianceKept: varianceKept(pipeline.encode(table), { data: all, width: head.width }) }
        : evaluate(what, { ...inside, width: head.width }, table, all);
    },
  };
};

const mean = (n: number, of: (i: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += of(i);
  return sum / Math.max(1, n);
};

/** Metrics of scores against the truth in a table: what is usual for the task. */
export const evaluate = (
  what: { task: Task; levels: readonly string[] },
  inside: Pick<Inside, "target" | "positive"> & { width: number },
  table: Columns,
  scores: Float64Array,
): Record<string, number> => {
  const { target, positive, width } = inside;
  const { task, levels } = what;
  const n = rowCount(table);
  if (task === "clusters") return { inertia: mean(n, (i) => Math.min(...scores.subarray(i * width, (i + 1) * width)) ** 2) * n };
  if (task === "anomaly") return { meanScore: mean(n, (i) => scores[i]!) };
  if (target === null) return {};
  checkTarget(table, target);
  if (task === "number") {
    const y = numbersOf(table, target);
    const centre = mean(n, (i) => y[i]!);
    const error = mean(n, (i) => (y[i]! - scores[i]!) ** 2);
    const spread = mean(n, (i) => (y[i]! - centre) ** 2);
    return { mae: mean(n, (i) => Math.abs(y[i]! - scores[i]!)), rmse: Math.sqrt(error), r2: spread === 0 ? 0 : 1 - error / spread };
  }
  if (task === "binary") {
    const y = labelsOf(table, target, positive!);
    const accuracy = mean(n, (i) => Number(scores[i]! >= 0.5 === (y[i] === 1)));
    return {
      auc: rocAuc(y, scores),
      averagePrecision: averagePrecision(y, scores),
      logLoss: logLoss(y, scores),
      brier: brier(y, scores),
      accuracy,
    };
  }
  const y = classesOf(table, target, levels);
  const best = likeliest(scores, width);
  return {
    accuracy: mean(n, (i) => Number(best[i] === y[i])),
    logLoss: mean(n, (i) => -Math.log(Math.max(1e-15, scores[i * width + y[i]!]!))),
  };
};

/** The truth in a table as a model's goal counts it: 0/1, the number of the class, or the number. */
export const truthOf = ({ inside, task, levels }: Pick<Fitted, "inside" | "task" | "levels">, table: Columns): Float64Array => {
  const { target, positive } = inside;
  if (target === null) throw new Error("This model was fitted without a target.");
  checkTarget(table, target);
  if (task === "binary") return Float64Array.from(labelsOf(table, target, positive!));
  return task === "classes" ? classesOf(table, target, levels) : numbersOf(table, target);
};

/** The estimator of a recipe. */
export const estimatorOf = (recipe: Recipe): Estimator => {
  const { kind, params } = recipe;
  const fit = async (table: Columns, how: FitOptions = {}): Promise<Fitted> => {
    const names = inputNames(recipe, table, how);
    const goal = goalOf(recipe, table, how);
    const pipeline = fitPipeline(table, names, goal, recipe);
    const task: Task = goal.task === "none" ? recipe.without! : goal.task;
    checkNames(pipeline.inputs, outputsOf[task](1));
    const { validation } = how;
    const aside = validation
      ? { x: pipeline.encode(validation), goal: validationGoal(goal, validation, how), weights: weightsOf(validation, how.weight) }
      : null;
    const head = await recipe.fit({
      x: pipeline.encodeTraining(table),
      goal,
      weights: weightsOf(table, how.weight),
      features: pipeline.features,
      validation: aside,
      tell: how.onProgress ?? (() => {}),
      ...(how.signal ? { signal: how.signal } : {}),
    });
    const validationAuc = aside?.goal.task === "binary" ? rocAuc(aside.goal.y, head.scores(aside.x)) : null;
    const levels = goal.task === "classes" ? goal.levels : [];
    const params = { ...recipe.params, ...((head.more?.params as Record<string, number>) ?? {}) };
    return fittedOf(
      { kind, params, task, levels, validationAuc },
      { pipeline, head, target: how.target ?? null, positive: how.positive ?? null },
    );
  };
  return { kind, params, fit };
};

// From columns to a network and back. A table is encoded by what its training rows held (preprocess/pipeline.ts): numbers filled and scaled,
// levels as indicators, one matrix of float32. A network is trained on that matrix; then encoding and network are written into one ONNX file
// that takes the raw columns by name, and that file is what predicts here too: what is judged is what is served.
import type { Fitted } from "#lib/learn/estimators/estimator.ts";
import { evaluate, fileOf, goalOf, inputNames, likeliest, validationGoal } from "#lib/learn/estimators/recipe.ts";
import { loadRuntime } from "#lib/learn/graph/device.ts";
import { input, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { anyCount, freeRows, needed, rowless } from "#lib/learn/graph/model.ts";
import { sigmoid } from "#lib/learn/graph/operators/elementwise.ts";
import { softmax } from "#lib/learn/graph/operators/reductions.ts";
import type { Rows } from "#lib/learn/networks/batches.ts";
import type { Trained } from "#lib/learn/networks/fit.ts";
import type { Builder } from "#lib/learn/onnx/builder.ts";
import type { Feature, Goal } from "#lib/learn/preprocess/encoder.ts";
import { fitPipeline, type Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { type Columns, columnOf, rowCount, takeRows } from "#lib/learn/tables/table.ts";

export type EncodeOptions = {
  /** The column to predict. */
  target: string;
  /** The level of the target that counts as 1; without it a text target has classes, and a number is predicted as it is. */
  positive?: string | number;
  /** Encodings by column; "drop" leaves a column out. */
  preprocess?: Preprocess;
  seed?: number;
};
/** A network with the encoding before it: the raw columns of a table in, the outputs of its task out. */
export type TableModel = Pick<Fitted, "kind" | "task" | "levels" | "signature" | "toOnnx"> & {
  /** One number a row: the probability of the positive level, the number, or the number of the most probable class. */
  predict: (table: Columns) => Promise<Float64Array>;
  /** Metrics against the target column of a table, by name. */
  evaluate: (table: Columns) => Promise<Record<string, number>>;
};
export type Encoded = {
  /** What each column of the matrix means. */
  features: readonly Feature[];
  /** Columns of the matrix. */
  width: number;
  /** Levels of the target in the order of their numbers, when it has classes. */
  levels: readonly string[];
  /** Any table like the one it was fitted on: `x` [rows, width], and `y`: [rows, 1] of 0 and 1 or of numbers, [rows] of classes. */
  rows: (table: Columns) => { x: Rows[string]; y: Rows[string] };
  /** A network trained on such rows as a model of raw columns. `network` answers logits, [rows, 1] or [rows, classes], or numbers [rows, 1]. */
  model: (network: (x: Tensor) => Tensor, trained: Pick<Trained, "weights">, more?: { kind?: string }) => TableModel;
};

/** Writes what a trained network computes from `x` [N, width] into a model under construction; answers the name of its output. */
const graft = (builder: Builder, x: string, width: number, network: (x: Tensor) => Tensor, weights: Trained["weights"]): string => {
  const graph = openGraph({ mode: "predict" });
  const from = input(graph, "x", { dtype: "float32", shape: [anyCount, width] });
  const to = network(from);
  const { nodes, leaves } = needed(graph, [to]);
  freeRows(nodes);
  const names = new Map<Tensor, string>([[from, x]]);
  for (const leaf of leaves) {
    if (leaf === from) continue;
    const values = leaf.origin.kind === "constant" ? rowless(leaf) : weights.get(leaf.name);
    if (!values) throw new Error(`There is no weight ${leaf.name}. Give the network that was trained.`);
    if (values instanceof BigInt64Array) names.set(leaf, builder.integers(Array.from(values, Number), leaf.shape));
    else if (values instanceof Float32Array) names.set(leaf, builder.constant(values, leaf.shape));
    else throw new Error(`${leaf.name} is ${leaf.dtype}; a served table's network has constants of float32 and int64.`);
  }
  for (const { operator, inputs, outputs, attributes } of nodes) {
    const domain = operator.domain === undefined ? {} : { domain: operator.domain };
    const suffixes = outputs.slice(1).map((_, i) => `part_${i + 2}`);
    const made = builder.node(
      operator.name,
      inputs.map((one) => names.get(one)!),
      { ...attributes },
      { ...domain, more: suffixes },
    );
    for (const [i, one] of outputs.entries()) names.set(one, i === 0 ? made : `${made}_${suffixes[i - 1]}`);
  }
  return names.get(to)!;
};

const targetsOf = (goal: Goal): Rows[string] => {
  if (goal.task === "none") throw new Error("There is no target.");
  if (goal.task === "classes") return { data: BigInt64Array.from(Array.from(goal.y), BigInt), shape: [goal.y.length] };
  return { data: Float32Array.from(goal.y), shape: [goal.y.length, 1] };
};

const rowsAtOnce = 4096;

/** Runs a served file over a table, a few thousand rows at a time; answers its first output. */
const runnerOf = ({ signature, toOnnx }: Pick<Fitted, "signature" | "toOnnx">) => {
  let opening: Promise<import("onnxruntime-node").InferenceSession> | null = null;
  return async (table: Columns): Promise<Float64Array> => {
    const ort = await loadRuntime();
    opening ??= ort.InferenceSession.create(toOnnx(), { intraOpNumThreads: 1 });
    const session = await opening;
    const { name, shape } = signature.outputs[0]!;
    const answer = new Float64Array(rowCount(table) * shape[1]);
    for (let at = 0; at < rowCount(table); at += rowsAtOnce) {
      const size = Math.min(rowsAtOnce, rowCount(table) - at);
      const part = takeRows(
        table,
        Array.from({ length: size }, (_, i) => at + i),
      );
      const feeds = signature.inputs.map(({ name: column, datatype }) => {
        const values = columnOf(part, column);
        return [
          column,
          datatype === "BYTES"
            ? new ort.Tensor("string", values as string[], [size, 1])
            : new ort.Tensor("float32", Float32Array.from(values as Float64Array), [size, 1]),
        ];
      });
      answer.set((await session.run(Object.fromEntries(feeds)))[name]!.data as Float32Array, at * shape[1]);
    }
    return answer;
  };
};

/** Fits the encoding of a table on its rows, which are the training rows. */
export const encode = (table: Columns, options: EncodeOptions): Encoded => {
  const { target, positive, preprocess, seed = 0 } = options;
  const how = { target, ...(positive === undefined ? {} : { positive }) };
  const goal = goalOf({ kind: "A network", learns: ["binary", "classes", "number"] }, table, how);
  if (goal.task === "none") throw new Error("There is no target.");
  const pipeline = fitPipeline(table, inputNames({}, table, how), goal, {
    appetite: "scaled",
    seed,
    ...(preprocess ? { preprocess } : {}),
  });
  const width = pipeline.features.length;
  const { task } = goal;
  const levels = goal.task === "classes" ? goal.levels : [];
  return {
    features: pipeline.features,
    width,
    levels,
    rows: (rows) => {
      const isTraining = rows === table;
      const { data, rows: count } = isTraining ? pipeline.encodeTraining(rows) : pipeline.encode(rows);
      return { x: { data, shape: [count, width] }, y: targetsOf(isTraining ? goal : validationGoal(goal, rows, how)) };
    },
    model: (network, { weights }, { kind = "network" } = {}) => {
      const answer = (x: Tensor): Tensor =>
        task === "binary" ? sigmoid(network(x)) : task === "classes" ? softmax(network(x)) : network(x);
      const outputs = Math.max(1, levels.length);
      const write = (builder: Builder, x: string): string => graft(builder, x, width, answer, weights);
      const file = fileOf({ kind, task, levels }, pipeline, { width: outputs, write });
      const run = runnerOf(file);
      const inside = { target, positive: positive ?? null, width: outputs };
      return {
        ...file,
        kind,
        task,
        levels,
        predict: async (rows) => (task === "classes" ? likeliest(await run(rows), outputs) : run(rows)),
        evaluate: async (rows) => evaluate({ task, levels }, inside, rows, await run(rows)),
      };
    },
  };
};

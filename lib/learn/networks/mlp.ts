// Multilayer perceptrons for tables: numbers standardised by what training rows had, then dense layers with ReLU, then one logit, one logit a
// class, or one number. The standardisation is part of the file that is served.
import { constant, input, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, div, mul, relu, sigmoid, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { softmax } from "#lib/learn/graph/operators/reductions.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { he } from "#lib/learn/graph/seeds.ts";
import { dense, dropout } from "#lib/learn/layers/dense.ts";
import { accuracy, binaryCrossEntropy, crossEntropy, squaredError } from "#lib/learn/layers/losses.ts";
import type { Rows } from "#lib/learn/networks/batches.ts";
import { type FitOptions, fit, type Trained } from "#lib/learn/networks/fit.ts";
import { exportNetwork } from "#lib/learn/networks/served.ts";

export type MlpOptions = Omit<FitOptions, "loss" | "data" | "validation"> & { hidden?: readonly number[]; dropout?: number };
/** Row-major examples and their targets: numbers for a regressor, whole classes from 0 for a classifier. */
export type Table = { x: Float32Array; y: ArrayLike<number>; width: number };
export type Network = Trained & {
  kind: string;
  /** Regressor: one number a row. Classifier: one probability a row and class (of class 1 alone when there are two). */
  predict: (x: Float32Array) => Promise<Float32Array>;
  /** One ONNX file: input `x` [N, width], output `prediction` or `probability`. */
  toOnnx: () => Uint8Array;
};

type Scale = { mean: Float32Array; deviation: Float32Array };
const scaleOf = (x: ArrayLike<number>, width: number): Scale => {
  const rows = x.length / width;
  const [mean, deviation] = [new Float32Array(width), new Float32Array(width)];
  for (let j = 0; j < width; j++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < rows; i++) sum += x[i * width + j]!;
    for (let i = 0; i < rows; i++) squares += (x[i * width + j]! - sum / rows) ** 2;
    mean[j] = sum / rows;
    deviation[j] = Math.sqrt(squares / rows) || 1;
  }
  return { mean, deviation };
};
const standardised = (x: Tensor, { mean, deviation }: Scale): Tensor =>
  div(sub(x, constant(x.graph, mean, [mean.length])), constant(x.graph, deviation, [mean.length]));

const body = (x: Tensor, hidden: readonly number[], rate: number, outputs: number): Tensor => {
  let h = x;
  for (const width of hidden) h = dropout(relu(dense(h, width, { initial: he(h.shape.at(-1)!) })), rate);
  return dense(h, outputs, { name: "out" });
};

const checked = ({ x, y, width }: Table): number => {
  const rows = x.length / width;
  if (!Number.isInteger(rows) || rows !== y.length)
    throw new Error(`${x.length} numbers in rows of ${width} do not go with ${y.length} targets.`);
  return rows;
};

type Head = { output: string; rowsOf: (table: Table) => Rows; loss: FitOptions["loss"]; predict: (x: Tensor) => Tensor };
const trained = async (kind: string, train: Table, validation: Table | undefined, options: MlpOptions, head: Head): Promise<Network> => {
  const made = await fit({
    batchSize: 128,
    ...options,
    loss: head.loss,
    data: head.rowsOf(train),
    validation: validation && head.rowsOf(validation),
  });
  const predict: Network["predict"] = async (x) => {
    const graph = openGraph({ mode: "predict" });
    const rows = input(graph, "x", { dtype: "float32", shape: [x.length / train.width, train.width] });
    const { answer } = await evaluate({ answer: head.predict(rows) }, { x }, { weights: made.weights });
    return answer as Float32Array;
  };
  const toOnnx = (): Uint8Array =>
    exportNetwork(({ x }) => ({ [head.output]: head.predict(x!) }), { x: { dtype: "float32", shape: [train.width] } }, made.weights, {
      name: kind,
    }).bytes;
  return { ...made, kind, predict, toOnnx };
};

/** A perceptron that predicts a number, trained on squared error of the standardised target. */
export const mlpRegressor = async (train: Table, validation?: Table, options: MlpOptions = {}): Promise<Network> => {
  const { hidden = [64, 32], dropout: rate = 0 } = options;
  checked(train);
  const scale = scaleOf(train.x, train.width);
  const target = scaleOf(train.y, 1);
  const network = (x: Tensor): Tensor => body(standardised(x, scale), hidden, rate, 1);
  const [centre, spread] = [target.mean[0]!, target.deviation[0]!];
  return trained("perceptron regressor", train, validation, options, {
    output: "prediction",
    rowsOf: (table) => ({
      x: { data: table.x, shape: [checked(table), table.width] },
      y: { data: Float32Array.from(table.y, (one) => (one - centre) / spread), shape: [table.y.length, 1] },
    }),
    loss: ({ x, y }) => squaredError(network(x!), y!),
    predict: (x) => add(mul(network(x), spread), centre),
  });
};

/** A perceptron that predicts a class, 0 … classes − 1. */
export const mlpClassifier = async (train: Table, validation?: Table, options: MlpOptions = {}): Promise<Network> => {
  const { hidden = [64, 32], dropout: rate = 0 } = options;
  checked(train);
  const scale = scaleOf(train.x, train.width);
  const classes = Math.max(...Array.from(train.y)) + 1;
  const odd = Array.from(train.y).findIndex((one) => !Number.isInteger(one) || one < 0);
  if (odd >= 0) throw new Error(`Target ${odd} is ${train.y[odd]}. Classes are whole numbers from 0.`);
  if (classes < 2) throw new Error("All targets are class 0. Give rows of at least two classes.");
  const isBinary = classes === 2;
  const network = (x: Tensor): Tensor => body(standardised(x, scale), hidden, rate, isBinary ? 1 : classes);
  return trained("perceptron classifier", train, validation, options, {
    output: "probability",
    rowsOf: (table) => {
      const x = { data: table.x, shape: [checked(table), table.width] };
      if (isBinary) return { x, y: { data: Float32Array.from(table.y), shape: [table.y.length, 1] } };
      return { x, y: { data: BigInt64Array.from(Array.from(table.y), BigInt), shape: [table.y.length] } };
    },
    loss: ({ x, y }) => {
      const logits = network(x!);
      return isBinary ? binaryCrossEntropy(logits, y!) : { loss: crossEntropy(logits, y!), accuracy: accuracy(logits, y!) };
    },
    predict: (x) => (isBinary ? sigmoid(network(x)) : softmax(network(x))),
  });
};

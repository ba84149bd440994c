// What every estimator has in common: how it is fitted, and what a fitted one can do. One interface, fit / predict / evaluate / toOnnx,
// for classes, numbers, clusters, projections and anomalies; recipe.ts makes estimators of it from their mathematics.
import type { Builder } from "#lib/learn/onnx/builder.ts";
import type { Goal, Matrix } from "#lib/learn/preprocess/encoder.ts";
import type { Pipeline } from "#lib/learn/preprocess/pipeline.ts";
import type { Columns } from "#lib/learn/tables/table.ts";

/** Told during fitting: how far, in words, and the value of the validation metric when there is one. */
export type Tell = (fraction: number, sentence: string, value?: number) => void;

export type FitOptions = {
  /** The column to predict; left out where there is none (clusters, projections, anomalies). */
  target?: string;
  /** The level of the target that counts as 1. Without it, a classifier tells all levels apart, and a text target has classes. */
  positive?: string | number;
  /** A column of weights, one a row; it is no input of the model. */
  weight?: string;
  /** Rows kept aside: metrics during fitting and early stopping look at these only. */
  validation?: Columns;
  onProgress?: Tell;
  signal?: AbortSignal;
};

export type Task = "binary" | "classes" | "number" | "clusters" | "projection" | "anomaly";

export type Tensor = { name: string; datatype: "FP32" | "INT64" | "BYTES"; shape: [-1, number] };
export type Signature = { inputs: Tensor[]; outputs: Tensor[] };

/** One output: row-major numbers, or texts. */
export type Output = { data: Float64Array | string[]; width: number };

export type Fitted = {
  kind: string;
  task: Task;
  params: Record<string, number | string>;
  signature: Signature;
  /** Levels of the target in the order of `probabilities`; empty unless the task is "classes". */
  levels: readonly string[];
  /** ROC AUC of this model on the validation rows it was given, or null. */
  validationAuc: number | null;
  /** One number a row: the probability of the positive level, the predicted number, the score, or the number of the most probable class or nearest cluster. */
  predict: (table: Columns) => Float64Array;
  /** Every output by its name, as the ONNX file answers. */
  answer: (table: Columns) => Record<string, Output>;
  /** Metrics against the target column of a table, by name. */
  evaluate: (table: Columns) => Record<string, number>;
  /** One ONNX file from raw named columns to the outputs. */
  toOnnx: () => Uint8Array;
  /** What explanations and calibration need: the encoding, and the mathematics behind it. */
  inside: Inside;
};

export type Inside = { pipeline: Pipeline; head: Head; target: string | null; positive: string | number | null };

export type Estimator = {
  kind: string;
  params: Record<string, number | string>;
  fit: (table: Columns, options?: FitOptions) => Promise<Fitted>;
};

/** The fitted mathematics behind the encoding: a matrix in, `width` numbers a row out. */
export type Head = {
  width: number;
  scores: (x: Matrix) => Float64Array;
  /** Nodes from the matrix to [N, width] float32. */
  write: (builder: Builder, x: string) => string;
  /** How much each feature matters, in the estimator's own unit (gain, |weight|); sums to 1. */
  importance?: Float64Array;
  /** What else a kind of estimator offers (trees for SHAP, weights for reading). */
  more?: Record<string, unknown>;
};

/** What the mathematics is fitted on. Weights are all 1 unless given. */
export type Problem = {
  x: Matrix;
  goal: Goal;
  weights: Float64Array;
  features: Pipeline["features"];
  validation: { x: Matrix; goal: Goal; weights: Float64Array } | null;
  tell: Tell;
  signal?: AbortSignal;
};

let lastBreath = 0;
/** Lets the event loop run at least every 40 ms, so that progress is seen and Stop works; throws when stopped. */
export const breathe = async (signal?: AbortSignal): Promise<void> => {
  const check = (): void => {
    if (signal?.aborted) throw new Error("Fitting was stopped.");
  };
  check();
  if (Date.now() - lastBreath < 40) return;
  await new Promise((resolve) => setTimeout(resolve, 0));
  lastBreath = Date.now();
  check();
};

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Row-wise softmax in place. */
export const softmax = (z: Float64Array, width: number): Float64Array => {
  for (let i = 0; i < z.length; i += width) {
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < width; k++) most = Math.max(most, z[i + k]!);
    let sum = 0;
    for (let k = 0; k < width; k++) sum += z[i + k] = Math.exp(z[i + k]! - most);
    for (let k = 0; k < width; k++) z[i + k]! /= sum;
  }
  return z;
};

/** Checks options against ranges and fills in defaults; an unknown name and a value out of range are told. */
export const checked = <S extends Record<string, number>>(
  kind: string,
  ranges: { [K in keyof S]: [S[K], number, number] },
  given: Partial<S>,
): S => {
  const settings = Object.fromEntries(Object.entries(ranges).map(([name, [standard]]) => [name, standard])) as S;
  for (const [name, value] of Object.entries(given)) {
    const range = ranges[name];
    if (!range) throw new Error(`${kind} has no option ${name}. It has: ${Object.keys(ranges).join(", ")}.`);
    if (value === undefined) continue;
    if (!(value >= range[1] && value <= range[2])) throw new Error(`${name}: ${value} is outside ${range[1]} to ${range[2]}.`);
    settings[name as keyof S] = value as S[keyof S];
  }
  return settings;
};

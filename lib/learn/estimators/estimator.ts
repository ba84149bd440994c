// What every estimator of a binary target has in common: how it is fitted, and what a fitted one can do.
import type { Signature } from "#lib/learn/estimators/features.ts";
import { type Columns, rowCount } from "#lib/learn/tables/table.ts";

/** Told during fitting: how far, in words, and the value of the validation metric when there is one. */
export type Tell = (fraction: number, sentence: string, value?: number) => void;

export type FitOptions = {
  target: string;
  /** The level of the target that counts as 1. */
  positive: string | number;
  /** Rows kept aside: metrics during fitting and early stopping look at these only. */
  validation?: Columns;
  onProgress?: Tell;
  signal?: AbortSignal;
};

export type Fitted = {
  kind: string;
  params: Record<string, number | string>;
  signature: Signature;
  /** ROC AUC of this model on the validation rows it was given, or null. */
  validationAuc: number | null;
  /** Probability of the positive level, one a row. */
  predict: (table: Columns) => Float64Array;
  /** One ONNX file from raw named columns to `probability`. */
  toOnnx: () => Uint8Array;
};

export type Estimator = {
  kind: string;
  params: Record<string, number | string>;
  fit: (table: Columns, options: FitOptions) => Promise<Fitted>;
};

/** Columns a model may look at: all but the target. */
export const inputNames = (table: Columns, target: string): string[] => {
  if (rowCount(table) < 10) throw new Error(`${rowCount(table)} rows are too few to learn from. Give at least 10.`);
  const names = Object.keys(table).filter((name) => name !== target);
  if (names.includes("probability")) throw new Error("A column is named probability, as the model's output is. Rename it or leave it out.");
  if (names.length === 0) throw new Error("There is no column besides the target. Give columns to learn from.");
  return names;
};

let lastBreath = 0;
/** Lets the event loop run at least every 40 ms, so that progress is seen and Stop works; throws when stopped. */
export const breathe = async (signal?: AbortSignal): Promise<void> => {
  if (Date.now() - lastBreath < 40) return;
  await new Promise((resolve) => setTimeout(resolve, 0));
  lastBreath = Date.now();
  if (signal?.aborted) throw new Error("Fitting was stopped.");
};

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

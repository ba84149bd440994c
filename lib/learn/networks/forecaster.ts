// Forecasting a series: a window of the past goes through a GRU, whose last state says the next values, as differences from the last value seen
// in units of the training deviation. Every window of the series is one example.
import { input, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { adamW } from "#lib/learn/graph/optimisers.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { dense } from "#lib/learn/layers/dense.ts";
import { huber } from "#lib/learn/layers/losses.ts";
import { gru } from "#lib/learn/layers/recurrent.ts";
import type { Rows } from "#lib/learn/networks/batches.ts";
import { type FitOptions, fit, type Trained } from "#lib/learn/networks/fit.ts";

export type ForecastOptions = Omit<FitOptions, "loss" | "data" | "validation"> & {
  past: number;
  ahead: number;
  width?: number;
  validationShare?: number;
};
export type Forecaster = Trained & {
  /** The next `ahead` values after a recent past of at least `past` values. */
  forecast: (recent: ArrayLike<number>) => Promise<Float32Array>;
};

const windows = (series: ArrayLike<number>, from: number, to: number, past: number, ahead: number, scale: number): Rows => {
  const count = to - from - past - ahead + 1;
  if (count < 1) throw new Error(`${to - from} values are too few for windows of ${past} and ${ahead}.`);
  const [x, y] = [new Float32Array(count * past), new Float32Array(count * ahead)];
  for (let i = 0; i < count; i++) {
    const last = series[from + i + past - 1]!;
    for (let j = 0; j < past; j++) x[i * past + j] = (series[from + i + j]! - last) / scale;
    for (let j = 0; j < ahead; j++) y[i * ahead + j] = (series[from + i + past + j]! - last) / scale;
  }
  return { x: { data: x, shape: [count, past, 1] }, y: { data: y, shape: [count, ahead] } };
};

/** Trains on the front of a series and validates on its end, which it never sees while training. */
export const sequenceForecaster = async (series: ArrayLike<number>, options: ForecastOptions): Promise<Forecaster> => {
  const { past, ahead, width = 32, validationShare = 0.2 } = options;
  const cut = Math.floor(series.length * (1 - validationShare));
  const seen = Array.from({ length: cut }, (_, i) => series[i]!);
  const mean = seen.reduce((a, b) => a + b, 0) / cut;
  const scale = Math.sqrt(seen.reduce((total, one) => total + (one - mean) ** 2, 0) / cut) || 1;
  const network = (x: Tensor): Tensor => dense(gru(x, width).last, ahead, { name: "out" });
  const made = await fit({
    optimiser: adamW({ rate: 0.003 }),
    epochs: 20,
    patience: 5,
    clipNorm: 1,
    ...options,
    data: windows(series, 0, cut, past, ahead, scale),
    validation: windows(series, cut - past, series.length, past, ahead, scale),
    loss: ({ x, y }) => huber(network(x!), y!),
  });
  const forecast: Forecaster["forecast"] = async (recent) => {
    if (recent.length < past) throw new Error(`${recent.length} values are fewer than the ${past} this network looks at.`);
    const last = recent[recent.length - 1]!;
    const x = Float32Array.from({ length: past }, (_, i) => (recent[recent.length - past + i]! - last) / scale);
    const graph = openGraph({ mode: "predict" });
    const { y } = await evaluate(
      { y: network(input(graph, "x", { dtype: "float32", shape: [1, past, 1] })) },
      { x },
      { weights: made.weights },
    );
    return (y as Float32Array).map((one) => one * scale + last);
  };
  return { ...made, forecast };
};

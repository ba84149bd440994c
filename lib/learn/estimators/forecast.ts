// Forecasting baselines, which a real model has to beat: mean, last value, last season, drift, and Holt–Winters with an additive season.
// All of them say: value h steps ahead = level + slope·h + season[(h − 1) mod m]. The ONNX file takes the number of steps ahead.
import { checked, type Signature } from "#lib/learn/estimators/estimator.ts";
import { castTo, openBuilder } from "#lib/learn/onnx/builder.ts";

export const forecastMethods = ["mean", "last", "seasonal", "drift", "holt-winters"] as const;
export type ForecastMethod = (typeof forecastMethods)[number];

type Line = { level: number; slope: number; season: Float64Array };

export type Forecaster = {
  kind: string;
  params: Record<string, number | string>;
  signature: Signature;
  /** Values 1 … steps ahead of the training series. */
  predict: (steps: number) => Float64Array;
  /** Errors against what came; `mase` is relative to the mean error of "same season before" (or "last value") within the training series. */
  evaluate: (came: ArrayLike<number>) => Record<string, number>;
  /** One ONNX file from `step` (INT64, 1 is the next) to `prediction`. */
  toOnnx: () => Uint8Array;
};

/** How fast level, slope and season follow, each 0 to 1. */
export type Smoothing = { alpha: number; beta: number; gamma: number };

/** One pass of Holt–Winters from the first two seasons on; answers its state at the end and the squared one-step error. */
const smooth = (y: Float64Array, m: number, { alpha, beta, gamma }: Smoothing): Line & { error: number } => {
  const meanOf = (from: number): number => y.subarray(from, from + m).reduce((sum, one) => sum + one, 0) / m;
  let level = meanOf(0);
  let slope = m > 1 || y.length > 1 ? (meanOf(Math.min(m, y.length - m)) - level) / m : 0;
  const season = Float64Array.from({ length: m }, (_, s) => (m === 1 ? 0 : y[s]! - level));
  let error = 0;
  for (let t = m; t < y.length; t++) {
    const s = t % m;
    error += (y[t]! - (level + slope + season[s]!)) ** 2;
    const before = level;
    level = alpha * (y[t]! - season[s]!) + (1 - alpha) * (level + slope);
    slope = beta * (level - before) + (1 - beta) * slope;
    if (m > 1) season[s] = gamma * (y[t]! - level) + (1 - gamma) * season[s]!;
  }
  return { level, slope, season: Float64Array.from({ length: m }, (_, h) => season[(y.length + h) % m]!), error };
};

/** The smoothing of least one-step error: a coarse grid, then finer ones around the best. */
const bestSmoothing = (y: Float64Array, m: number): Smoothing => {
  let best: Smoothing = { alpha: 0.5, beta: 0.1, gamma: 0.1 };
  let error = smooth(y, m, best).error;
  for (let width = 0.4; width > 0.01; width /= 2)
    for (let round = 0; round < 3; round++)
      for (const name of ["alpha", "beta", "gamma"] as const)
        for (const move of [-width, width]) {
          const next = { ...best, [name]: Math.min(1, Math.max(0, best[name] + move)) };
          const own = smooth(y, m, next).error;
          if (own < error) [best, error] = [next, own];
        }
  return best;
};

const lineOf = (y: Float64Array, method: ForecastMethod, m: number, smoothing: Smoothing | null): Line => {
  const n = y.length;
  const flat = new Float64Array(m);
  if (method === "mean") return { level: y.reduce((sum, one) => sum + one, 0) / n, slope: 0, season: flat };
  if (method === "last") return { level: y[n - 1]!, slope: 0, season: flat };
  if (method === "drift") return { level: y[n - 1]!, slope: (y[n - 1]! - y[0]!) / (n - 1), season: flat };
  if (method === "seasonal") return { level: 0, slope: 0, season: y.slice(n - m) };
  const { level, slope, season } = smooth(y, m, smoothing ?? bestSmoothing(y, m));
  return { level, slope, season };
};

const writeLine = ({ level, slope, season }: Line): Uint8Array => {
  const builder = openBuilder("forecast");
  builder.input("step", "INT64", ["N", 1]);
  builder.reserve("prediction");
  const m = season.length;
  const ahead = builder.node("Sub", ["step", builder.integers([1], [1, 1])]);
  const own = builder.node("Gather", [builder.doubles(season, [m]), builder.node("Mod", [ahead, builder.integers([m], [1, 1])])], {
    axis: 0,
  });
  const trend = builder.node("Mul", [builder.node("Cast", ["step"], { to: castTo.double }), builder.doubles([slope], [1, 1])]);
  const sum = builder.node("Add", [builder.node("Add", [own, trend]), builder.doubles([level], [1, 1])]);
  builder.node("Cast", [sum], { to: castTo.float }, { output: "prediction" });
  builder.output("prediction", "FP32", ["N", 1]);
  return builder.bytes("forecast");
};

/**
 * A baseline forecast of a series; `season` is the number of steps in one (7 for days of the week, 24 for hours). Holt–Winters finds
 * the `smoothing` of least one-step error unless it is given.
 * @example
 * const model = forecast({ method: "holt-winters", season: 7 }).fit(daily);
 * model.predict(14);
 */
export const forecast = (options: { method?: ForecastMethod; season?: number; smoothing?: Smoothing } = {}) => {
  const { method = "seasonal", smoothing: given } = options;
  if (!forecastMethods.includes(method)) throw new Error(`method: ${method} is not known. There are: ${forecastMethods.join(", ")}.`);
  const { season: m } = checked("forecast", { season: [1, 1, 100_000] }, { season: options.season ?? 1 });
  if (given && method !== "holt-winters") throw new Error(`smoothing: ${method} smooths nothing. Leave it out, or take "holt-winters".`);
  const smoothing = given ? checked("smoothing", { alpha: [0, 0, 1], beta: [0, 0, 1], gamma: [0, 0, 1] }, given) : null;
  const params = { method, season: m, ...smoothing };
  return {
    kind: "forecast",
    params,
    fit: (values: ArrayLike<number>): Forecaster => {
      const y = Float64Array.from(values);
      const gap = y.findIndex((one) => !Number.isFinite(one));
      if (gap >= 0) throw new Error(`Value ${gap} of the series is ${y[gap]}. Fill gaps first: a series has one number a step.`);
      const least = method === "holt-winters" ? 2 * m + 1 : Math.max(2, m);
      if (y.length < least) throw new Error(`${y.length} values are too few for ${method} with a season of ${m}. Give at least ${least}.`);
      const line = lineOf(y, method, m, smoothing);
      const naive = y.subarray(m).reduce((sum, one, t) => sum + Math.abs(one - y[t]!), 0) / Math.max(1, y.length - m);
      const predict = (steps: number): Float64Array =>
        Float64Array.from({ length: steps }, (_, h) => line.level + line.slope * (h + 1) + line.season[h % m]!);
      return {
        kind: "forecast",
        params,
        signature: {
          inputs: [{ name: "step", datatype: "INT64", shape: [-1, 1] }],
          outputs: [{ name: "prediction", datatype: "FP32", shape: [-1, 1] }],
        },
        predict,
        evaluate: (came) => {
          const said = predict(came.length);
          const mae = said.reduce((sum, one, h) => sum + Math.abs(one - came[h]!), 0) / Math.max(1, came.length);
          const mse = said.reduce((sum, one, h) => sum + (one - came[h]!) ** 2, 0) / Math.max(1, came.length);
          return { mae, rmse: Math.sqrt(mse), mase: naive === 0 ? 0 : mae / naive };
        },
        toOnnx: () => writeLine(line),
      };
    },
  };
};

// Networks in a cell: those of lib/learn/networks, with a progress rule and a loss curve under the running cell, a Stop that works, and curves
// in a run when one is given. `learn.ops`, `learn.layers` and `learn.optimisers` are what own networks are written with.
import { getHeapStatistics } from "node:v8";
import type { Tensor } from "#lib/learn/graph/graph.ts";
import { openTrainer, type Trainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { type FitOptions, fit as fitting, type Trained } from "#lib/learn/networks/fit.ts";
import { type Forecaster, type ForecastOptions, sequenceForecaster as forecaster } from "#lib/learn/networks/forecaster.ts";
import { type ImageNet, type Images, imageClassifier as imaging } from "#lib/learn/networks/images.ts";
import {
  mlpClassifier as classifying,
  type MlpOptions,
  type Network,
  mlpRegressor as regressing,
  type Table,
} from "#lib/learn/networks/mlp.ts";
import {
  type Factorised,
  matrixFactorisation as factorising,
  type Ratings,
  type TwoTower,
  twoTower as towering,
} from "#lib/learn/networks/recommender.ts";
import { exportNetwork as exporting, type ServedInputs } from "#lib/learn/networks/served.ts";
import { session } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";
import type { LiveRun } from "#lib/sdk/runs.ts";

/** Logs loss, validation and rate by step into a run. */
type InRun = { run?: LiveRun };
type Watched = Pick<FitOptions, "onProgress" | "log" | "signal" | "memoryBytes">;

/** Bytes a session may still take: the kernel gives JavaScript four fifths of a session's memory as its heap. */
const sessionBytes = (): number | undefined =>
  session() ? getHeapStatistics().heap_size_limit / 0.8 - process.memoryUsage.rss() : undefined;

/** Shows training under the cell: fraction, loss, speed; ends with what was reached, or why not. */
const watched = async <O extends Partial<Watched> & InRun, T extends Trained>(
  kind: string,
  options: O,
  work: (options: O) => Promise<T>,
): Promise<T> => {
  const rule = progress(`Training ${kind}`, "loss");
  const { run } = options;
  const startedAt = Date.now();
  try {
    const made = await work({
      ...options,
      signal: options.signal ?? session()?.signal(),
      memoryBytes: options.memoryBytes ?? sessionBytes(),
      log: (values, step) => {
        run?.metrics(values, step);
        options.log?.(values, step);
      },
      onProgress: (at) => {
        const judged = at.validationLoss === null ? "" : `, validation ${at.validationLoss.toFixed(4)}`;
        const of = Number.isFinite(at.steps) ? ` of ${at.steps}` : "";
        const sentence = `step ${at.step}${of}, loss ${at.loss.toFixed(4)}${judged}, ${Math.round(at.examplesPerSecond)} examples a second`;
        rule.tell(Number.isFinite(at.steps) ? at.step / at.steps : 0, sentence, at.loss);
        options.onProgress?.(at);
      },
    } as O);
    const judged = made.validationLoss === null ? "" : `, validation loss ${made.validationLoss.toFixed(4)}`;
    rule.done(
      `Trained ${kind} for ${made.steps} steps in ${((Date.now() - startedAt) / 1000).toFixed(1)} s: loss ${made.loss.toFixed(4)}${judged}.`,
    );
    return made;
  } catch (error) {
    rule.failed(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
};

/**
 * Trains a network of your own. `loss` writes it, once for each shape of batch; everything else is optional.
 * @example
 * const { ops, layers } = learn;
 * const network = (x) => layers.dense(ops.relu(layers.dense(x, 64)), 10);
 * const trained = await learn.fit({
 *   loss: ({ x, y }) => layers.crossEntropy(network(x), y),
 *   data: { x: { data: pixels, shape: [60000, 784] }, y: { data: labels, shape: [60000] } },
 *   epochs: 5,
 *   rate: learn.optimisers.cosine({ rate: 1e-3, steps: 4685, warmup: 100 }),
 *   device: "auto",
 * });
 */
export const fit = (options: FitOptions & InRun): Promise<Trained> => watched("a network", options, fitting);

/**
 * Opens a trainer for loops of your own: you decide every step.
 * @example
 * const trainer = await learn.trainer({ loss: ({ x, y }) => learn.layers.squaredError(learn.layers.dense(x, 1), y) });
 * for (const batch of batches) console.log((await trainer.step(batch, { rate: 1e-3 })).loss);
 * await trainer.close();
 */
export const trainer = (options: TrainerOptions): Promise<Trainer> => openTrainer({ memoryBytes: sessionBytes(), ...options });

/**
 * A network with its weights as one ONNX file that answers any number of rows.
 * @example
 * const onnx = learn.exportNetwork(({ x }) => ({ probability: learn.ops.softmax(network(x)) }), { x: { dtype: "float32", shape: [784] } }, trained);
 */
export const exportNetwork = (
  predict: (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
  inputs: ServedInputs,
  { weights }: Pick<Trained, "weights">,
): Uint8Array => exporting(predict, inputs, weights).bytes;

/**
 * A perceptron that predicts a class, 0 … classes − 1.
 * @example
 * const model = await learn.mlpClassifier({ x, y, width: 20 }, validation, { hidden: [64, 32], epochs: 20, run });
 * const p = await model.predict(test.x); // Float32Array of probabilities
 */
export const mlpClassifier = (train: Table, validation?: Table, options: MlpOptions & InRun = {}): Promise<Network> =>
  watched("a perceptron classifier", options, (shown) => classifying(train, validation, shown));

/**
 * A perceptron that predicts a number, in the units of its target.
 * @example
 * const model = await learn.mlpRegressor({ x, y, width: 8 }, validation, { patience: 5 });
 * const prices = await model.predict(test.x);
 */
export const mlpRegressor = (train: Table, validation?: Table, options: MlpOptions & InRun = {}): Promise<Network> =>
  watched("a perceptron regressor", options, (shown) => regressing(train, validation, shown));

/**
 * Ratings from user and item factors and biases.
 * @example
 * const model = await learn.matrixFactorisation({ users, items, ratings }, validation, { userCount: 943, itemCount: 1682 });
 * model.predict(12, 50); // the rating user 12 would give item 50
 */
export const matrixFactorisation = (
  train: Ratings,
  validation: Ratings | undefined,
  options: Parameters<typeof factorising>[2] & InRun,
): Promise<Factorised> => watched("a matrix factorisation", options, (shown) => factorising(train, validation, shown));

/**
 * Ranks items for users from what they did, by two towers and in-batch negatives.
 * @example
 * const model = await learn.twoTower({ users, items }, { userCount: 5000, itemCount: 800 });
 * model.recommend(17, 10, seen); // ten items user 17 has not seen, best first
 */
export const twoTower = (
  events: { users: ArrayLike<number>; items: ArrayLike<number> },
  options: Parameters<typeof towering>[1] & InRun,
): Promise<TwoTower> => watched("a two-tower recommender", options, (shown) => towering(events, shown));

/**
 * The next values of a series, from a window of its past.
 * @example
 * const model = await learn.sequenceForecaster(demand, { past: 48, ahead: 12 });
 * const next = await model.forecast(demand); // Float32Array of 12 values
 */
export const sequenceForecaster = (series: ArrayLike<number>, options: ForecastOptions & InRun): Promise<Forecaster> =>
  watched("a sequence forecaster", options, (shown) => forecaster(series, shown));

/**
 * A small convolutional classifier of images.
 * @example
 * const model = await learn.imageClassifier({ pixels, shape: [1, 28, 28], labels }, validation, { epochs: 3 });
 * const p = await model.predict(test.pixels); // one probability an image and class
 */
export const imageClassifier = (
  train: Images,
  validation: Images | undefined,
  options: NonNullable<Parameters<typeof imaging>[2]> & InRun = {},
): Promise<ImageNet> => watched("an image net", options, (shown) => imaging(train, validation, shown));

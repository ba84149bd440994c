// Networks in a cell: those of lib/learn/networks, with a progress rule and live curves under the running cell, a Stop that works, curves in a
// run when one is given, and a checkpoint file when one is named (watched.ts). `learn.ops`, `learn.layers` and `learn.optimisers` are what own networks are written with.
import type { Tensor } from "#lib/learn/graph/graph.ts";
import { openTrainer, type Trainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { type Encoded, type EncodeOptions, encode as encoding } from "#lib/learn/networks/encoded.ts";
import { type FitOptions, fit as fitting, type Trained } from "#lib/learn/networks/fit.ts";
import { type Forecaster, type ForecastOptions, sequenceForecaster as forecaster } from "#lib/learn/networks/forecaster.ts";
import { adaptGpt as adapting, type Gpt, type GptOptions, trainGpt } from "#lib/learn/networks/gpt.ts";
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
import type { Columns } from "#lib/learn/tables/table.ts";
import { type InCell, sessionBytes, watched } from "#lib/sdk/watched.ts";

/**
 * Turns a table into numbers for a network of your own: gaps filled, numbers scaled, levels as indicators, all by what these training rows hold.
 * `model` puts a trained network behind the encoding: one file that takes the raw columns.
 * @example
 * const encoded = learn.encode(train, { target: "churn", positive: "yes" });
 * const trained = await learn.fit({
 *   data: encoded.rows(train),
 *   validation: encoded.rows(validation),
 *   loss: ({ x, y }) => learn.layers.binaryCrossEntropy(network(x), y),
 *   patience: 5,
 * });
 * const model = encoded.model(network, trained);
 * await models.register("churn", { model, trainedOn: train });
 */
export const encode = (table: Columns, options: EncodeOptions): Encoded => encoding(table, options);

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
export const fit = (options: FitOptions & InCell): Promise<Trained> => watched("a network", options, fitting);

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
export const mlpClassifier = (train: Table, validation?: Table, options: MlpOptions & InCell = {}): Promise<Network> =>
  watched("a perceptron classifier", options, (shown) => classifying(train, validation, shown));

/**
 * A perceptron that predicts a number, in the units of its target.
 * @example
 * const model = await learn.mlpRegressor({ x, y, width: 8 }, validation, { patience: 5 });
 * const prices = await model.predict(test.x);
 */
export const mlpRegressor = (train: Table, validation?: Table, options: MlpOptions & InCell = {}): Promise<Network> =>
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
  options: Parameters<typeof factorising>[2] & InCell,
): Promise<Factorised> => watched("a matrix factorisation", options, (shown) => factorising(train, validation, shown));

/**
 * Ranks items for users from what they did, by two towers and in-batch negatives.
 * @example
 * const model = await learn.twoTower({ users, items }, { userCount: 5000, itemCount: 800 });
 * model.recommend(17, 10, seen); // ten items user 17 has not seen, best first
 */
export const twoTower = (
  events: { users: ArrayLike<number>; items: ArrayLike<number> },
  options: Parameters<typeof towering>[1] & InCell,
): Promise<TwoTower> => watched("a two-tower recommender", options, (shown) => towering(events, shown));

/**
 * The next values of a series, from a window of its past.
 * @example
 * const model = await learn.sequenceForecaster(demand, { past: 48, ahead: 12 });
 * const next = await model.forecast(demand); // Float32Array of 12 values
 */
export const sequenceForecaster = (series: ArrayLike<number>, options: ForecastOptions & InCell): Promise<Forecaster> =>
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
  options: NonNullable<Parameters<typeof imaging>[2]> & InCell = {},
): Promise<ImageNet> => watched("an image net", options, (shown) => imaging(train, validation, shown));

/**
 * A small GPT over the characters of a text. It is measured, in nats a character, on the last tenth, which it never learns from.
 * @example
 * const poet = await learn.gpt(plays, { steps: 600, checkpoint: "poet.safetensors", run });
 * console.log(await poet.sample("ROMEO:", 300, { temperature: 0.8, seed: 1 }));
 */
export const gpt = (text: string, options: GptOptions & InCell = {}): Promise<Gpt> =>
  watched("a character GPT", options, (shown) => trainGpt(text, shown));

/**
 * The same GPT tuned on another text by low-rank adapters (LoRA): a few weights are trained beside the frozen ones. The text may hold only
 * characters the GPT knows; `alphabet` names more when it is first trained.
 * @example
 * const sonneteer = await learn.adaptGpt(poet, sonnets, { rank: 8, steps: 200 });
 * console.log(await poet.measure(unseen), await sonneteer.measure(unseen)); // nats a character
 */
export const adaptGpt = (base: Gpt, text: string, options: NonNullable<Parameters<typeof adapting>[2]> & InCell = {}): Promise<Gpt> =>
  watched("adapters of a character GPT", options, (shown) => adapting(base, text, shown));

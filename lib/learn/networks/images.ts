// A small image net: blocks of convolution, batch normalisation and ReLU, each halving the image, then the mean of every channel and one logit a
// class. Images are [count, channels, height, width] with values near 0 … 1.
import { input, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { globalAveragePool, maxPool } from "#lib/learn/graph/operators/convolution.ts";
import { relu } from "#lib/learn/graph/operators/elementwise.ts";
import { softmax } from "#lib/learn/graph/operators/reductions.ts";
import { adamW } from "#lib/learn/graph/optimisers.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { conv2d } from "#lib/learn/layers/convolution.ts";
import { dense, dropout } from "#lib/learn/layers/dense.ts";
import { accuracy, crossEntropy } from "#lib/learn/layers/losses.ts";
import { batchNorm } from "#lib/learn/layers/norm.ts";
import type { Rows } from "#lib/learn/networks/batches.ts";
import { type FitOptions, fit, type Trained } from "#lib/learn/networks/fit.ts";
import { exportNetwork } from "#lib/learn/networks/served.ts";

export type Images = { pixels: Float32Array; shape: readonly [number, number, number]; labels: ArrayLike<number> };
export type ImageNet = Trained & {
  /** One probability an image and class. */
  predict: (pixels: Float32Array) => Promise<Float32Array>;
  /** One ONNX file: input `pixels` [N, channels, height, width], output `probability` [N, classes]. */
  toOnnx: () => Uint8Array;
};

/** Trains a classifier of small images. */
export const imageClassifier = async (
  train: Images,
  validation: Images | undefined,
  options: Omit<FitOptions, "loss" | "data" | "validation"> & { widths?: readonly number[]; dropout?: number } = {},
): Promise<ImageNet> => {
  const { widths = [16, 32], dropout: rate = 0.1 } = options;
  const classes = Math.max(...Array.from(train.labels)) + 1;
  const rowsOf = ({ pixels, shape, labels }: Images): Rows => ({
    pixels: { data: pixels, shape: [labels.length, ...shape] },
    labels: { data: BigInt64Array.from(Array.from(labels), BigInt), shape: [labels.length] },
  });
  const network = (pixels: Tensor): Tensor => {
    let h = pixels;
    for (const width of widths) h = maxPool(relu(batchNorm(conv2d(h, width, 3, { padding: 1, hasBias: false }))), 2);
    return dense(dropout(globalAveragePool(h), rate), classes, { name: "out" });
  };
  const made = await fit({
    optimiser: adamW({ rate: 0.003 }),
    ...options,
    data: rowsOf(train),
    validation: validation && rowsOf(validation),
    loss: ({ pixels, labels }) => {
      const logits = network(pixels!);
      return { loss: crossEntropy(logits, labels!), accuracy: accuracy(logits, labels!) };
    },
  });
  const predict: ImageNet["predict"] = async (pixels) => {
    const graph = openGraph({ mode: "predict" });
    const count = pixels.length / train.shape.reduce((a, b) => a * b, 1);
    const images = input(graph, "pixels", { dtype: "float32", shape: [count, ...train.shape] });
    const { probability } = await evaluate({ probability: softmax(network(images)) }, { pixels }, { weights: made.weights });
    return probability as Float32Array;
  };
  const toOnnx = (): Uint8Array =>
    exportNetwork(
      ({ pixels }) => ({ probability: softmax(network(pixels!)) }),
      { pixels: { dtype: "float32", shape: train.shape } },
      made.weights,
    ).bytes;
  return { ...made, predict, toOnnx };
};

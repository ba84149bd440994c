// Layers, losses and optimisers against PyTorch's numbers (test/learn/golden/networks.py), to 1e-5.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "#lib/learn/graph/gradient.ts";
import { constant, input, openGraph, parameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { averagePool, maxPool } from "#lib/learn/graph/operators/convolution.ts";
import { add, elu, gelu, geluTanh, hardSwish, mul, silu, softplus } from "#lib/learn/graph/operators/elementwise.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { logSoftmax, softmax } from "#lib/learn/graph/operators/reductions.ts";
import { sum } from "#lib/learn/graph/operators/shaping.ts";
import { adamW, lion, type Optimiser, sgd } from "#lib/learn/graph/optimisers.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { zeros } from "#lib/learn/graph/seeds.ts";
import { openTrainer } from "#lib/learn/graph/trainer.ts";
import { selfAttention } from "#lib/learn/layers/attention.ts";
import { conv1d, conv2d } from "#lib/learn/layers/convolution.ts";
import { dense, embedding } from "#lib/learn/layers/dense.ts";
import { absoluteError, binaryCrossEntropy, crossEntropy, huber, squaredError } from "#lib/learn/layers/losses.ts";
import { batchNorm, groupNorm, layerNorm, rmsNorm } from "#lib/learn/layers/norm.ts";
import { gru, lstm } from "#lib/learn/layers/recurrent.ts";

type Plain = { shape: number[]; data: number[] };
type LayerCase = {
  x: Plain;
  isInteger: boolean;
  weights: Record<string, Plain>;
  output: Plain;
  w: Plain;
  gradients: Record<string, Plain>;
  dx?: Plain;
  running?: Record<string, Plain>;
};
type LossCase = { prediction: Plain; truth: Plain; isInteger: boolean; loss: number; gradient: Plain };
type Golden = {
  layers: Record<string, LayerCase>;
  losses: Record<string, LossCase>;
  problem: Record<"x" | "y" | "weight" | "bias", Plain>;
  optimisers: Record<string, { losses: number[]; weight: Plain; bias: Plain }>;
};
const golden = JSON.parse(readFileSync("test/learn/golden/networks.json", "utf8")) as Golden;

const floats = ({ data }: Plain): Float32Array => Float32Array.from(data);
const near = (found: ArrayLike<number | bigint>, { data }: Plain, what: string): void => {
  expect(found.length, what).toBe(data.length);
  const worst = data.reduce((most, one, i) => Math.max(most, Math.abs(one - Number(found[i])) / Math.max(1, Math.abs(one))), 0);
  expect(worst, what).toBeLessThan(1e-5);
};

const layers: Record<string, (x: Tensor) => Tensor> = {
  dense: (x) => dense(x, 4),
  embedding: (x) => embedding(x, 7, 3),
  conv2d: (x) => conv2d(x, 4, 3, { stride: 2, padding: 1 }),
  "conv2d in groups, dilated": (x) => conv2d(x, 4, [2, 3], { groups: 2, dilation: [2, 1] }),
  conv1d: (x) => conv1d(x, 3, 3, { padding: 2, dilation: 2 }),
  layerNorm: (x) => layerNorm(x),
  rmsNorm: (x) => rmsNorm(x),
  groupNorm: (x) => groupNorm(x, 2),
  batchNorm: (x) => batchNorm(x),
  lstm: (x) => lstm(x, 4).all,
  gru: (x) => gru(x, 4).all,
  selfAttention: (x) => selfAttention(x, { heads: 2, isCausal: true }),
  maxPool: (x) => maxPool(x, 2),
  averagePool: (x) => averagePool(x, 3, { stride: 2, padding: 1 }),
  gelu,
  geluTanh,
  silu,
  softmax: (x) => softmax(x),
  logSoftmax: (x) => logSoftmax(x),
  softplus,
  elu,
  hardSwish,
};

describe("layers equal PyTorch's: output, and gradients by input and weights", () => {
  it("every golden layer is checked", () => expect(Object.keys(layers).sort()).toEqual(Object.keys(golden.layers).sort()));
  it.each(Object.entries(layers))("%s", async (name, write) => {
    const truth = golden.layers[name]!;
    const graph = openGraph();
    const x = input(graph, "x", { dtype: truth.isInteger ? "int64" : "float32", shape: truth.x.shape });
    const output = write(x);
    expect(output.shape).toEqual(truth.output.shape);
    const loss = sum(mul(output, constant(graph, truth.w.data, truth.w.shape)));
    const wanted = Object.keys(truth.gradients).map((weight) => graph.parameters.get(weight)!.tensor);
    const found = gradients(loss, truth.isInteger ? wanted : [x, ...wanted]);
    const outputs: Record<string, Tensor> = { output };
    const names = [...(truth.isInteger ? [] : ["dx"]), ...Object.keys(truth.gradients)];
    for (const [i, one] of names.entries()) outputs[`d ${one}`] = found[i]!;
    for (const [one, value] of graph.updates) outputs[`new ${one}`] = value;
    const feeds = {
      x: truth.isInteger ? BigInt64Array.from(truth.x.data, BigInt) : floats(truth.x),
      "norm/mean": new Float32Array(3),
      "norm/variance": new Float32Array(3).fill(1),
      ...Object.fromEntries(Object.entries(truth.weights).map(([one, value]) => [one, floats(value)])),
    };
    const made = await evaluate(outputs, feeds);
    near(made.output!, truth.output, "output");
    for (const one of names) near(made[`d ${one}`]!, one === "dx" ? truth.dx! : truth.gradients[one]!, one);
    for (const [one, value] of Object.entries(truth.running ?? {})) near(made[`new norm/${one}`]!, value, `running ${one}`);
  });
});

describe("losses equal PyTorch's", () => {
  it.each(Object.entries({ crossEntropy, binaryCrossEntropy, squaredError, absoluteError, huber }))("%s", async (name, write) => {
    const truth = golden.losses[name]!;
    const graph = openGraph();
    const prediction = input(graph, "prediction", { dtype: "float32", shape: truth.prediction.shape });
    const loss = write(prediction, constant(graph, truth.truth.data, truth.truth.shape, truth.isInteger ? "int64" : "float32"));
    const [gradient] = gradients(loss, [prediction]);
    const made = await evaluate({ loss, gradient: gradient! }, { prediction: floats(truth.prediction) });
    near(made.loss!, { shape: [], data: [truth.loss] }, "loss");
    near(made.gradient!, truth.gradient, "gradient");
  });
});

describe("ten steps of an optimiser equal PyTorch's", () => {
  const all = { decays: () => true };
  const makers: Record<string, { optimiser: Optimiser; clipNorm?: number }> = {
    sgd: { optimiser: sgd({ rate: 0.1 }) },
    "sgd, momentum and decay": { optimiser: sgd({ rate: 0.05, momentum: 0.9, decay: 0.01, ...all }) },
    "sgd, Nesterov": { optimiser: sgd({ rate: 0.05, momentum: 0.9, isNesterov: true }) },
    adamW: { optimiser: adamW({ rate: 0.05, beta2: 0.99, decay: 0.1, ...all }) },
    "adamW, clipped": { optimiser: adamW({ rate: 0.05, decay: 0 }), clipNorm: 0.3 },
    "sgd, clipped": { optimiser: sgd({ rate: 0.1 }), clipNorm: 0.3 },
    lion: { optimiser: lion({ rate: 0.02, decay: 0.1, ...all }) },
  };
  it.each(Object.entries(golden.optimisers))("%s", async (name, truth) => {
    const { problem } = golden;
    const trainer = await openTrainer({
      ...makers[name]!,
      loss: ({ x, y }, graph) =>
        squaredError(add(linear(x!, parameter(graph, "weight", [3, 2], zeros)), parameter(graph, "bias", [2], zeros)), y!),
      weights: new Map([
        ["weight", floats(problem.weight)],
        ["bias", floats(problem.bias)],
      ]),
    });
    const batch = { x: { data: floats(problem.x), shape: [8, 3] }, y: { data: floats(problem.y), shape: [8, 2] } };
    const losses: number[] = [];
    for (let i = 0; i < 10; i++) losses.push((await trainer.step(batch)).loss);
    near(losses, { shape: [], data: truth.losses }, "losses");
    const weights = await trainer.weights();
    near(weights.get("weight")!, truth.weight, "weight");
    near(weights.get("bias")!, truth.bias, "bias");
    await trainer.close();
  });
});

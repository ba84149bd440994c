// Training against PyTorch's numbers (test/learn/golden/training.py), to 1e-5: more layers, dropout, adapters, masked losses, optimisers with all
// their options, several batches a step, clipping, schedules, and a whole GPT for ten steps.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "#lib/learn/graph/gradient.ts";
import { constant, input, openGraph, parameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { averagePool, conv, convTranspose, globalAveragePool, maxPool, upsample } from "#lib/learn/graph/operators/convolution.ts";
import { add, erf, hardSigmoid, leakyRelu, mul, relu, sigmoid, softsign, tanh } from "#lib/learn/graph/operators/elementwise.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { sum } from "#lib/learn/graph/operators/shaping.ts";
import { adamW, cosine, lion, type Optimiser, type Schedule, sgd, straight } from "#lib/learn/graph/optimisers.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { fillMask, zeros } from "#lib/learn/graph/seeds.ts";
import { openTrainer } from "#lib/learn/graph/trainer.ts";
import { attend, causalMask, selfAttention } from "#lib/learn/layers/attention.ts";
import { dense, dropout } from "#lib/learn/layers/dense.ts";
import { binaryCrossEntropy, crossEntropy, huber, pinball, squaredError } from "#lib/learn/layers/losses.ts";
import { batchNorm } from "#lib/learn/layers/norm.ts";
import { lstm } from "#lib/learn/layers/recurrent.ts";
import { type GptShape, gpt } from "#lib/learn/networks/gpt.ts";

type Plain = { shape: number[]; data: number[]; isInteger?: boolean };
type Named = Record<string, Plain>;
type Golden = {
  layers: Record<string, { x: Named; weights: Named; output: Plain; w: Plain; gradients: Named }>;
  losses: Record<string, { prediction: Plain; truth: Plain; mask?: Plain; loss: number; gradient: Plain }>;
  problem: Record<"x" | "y" | "weight" | "bias", Plain>;
  optimisers: Record<string, { losses: number[]; norms: number[]; weight: Plain; bias: Plain }>;
  schedules: Record<string, number[]>;
  gpt: { shape: GptShape; x: Plain; y: Plain; start: Named; end: Named; logits: Plain; losses: number[]; norms: number[] };
};
const golden = JSON.parse(readFileSync("test/learn/golden/training.json", "utf8")) as Golden;

const floats = ({ data }: Plain): Float32Array => Float32Array.from(data);
const longs = ({ data }: Plain): BigInt64Array => BigInt64Array.from(data, BigInt);
const near = (found: ArrayLike<number | bigint>, data: readonly number[], what: string): void => {
  expect(found.length, what).toBe(data.length);
  const worst = data.reduce((most, one, i) => Math.max(most, Math.abs(one - Number(found[i])) / Math.max(1, Math.abs(one))), 0);
  expect(worst, what).toBeLessThan(1e-5);
};

/** Losses and norms of gradients, step by step. */
const nearAll = (reports: readonly { loss: number; norm: number }[], truth: { losses: number[]; norms: number[] }): void => {
  const [losses, norms] = [reports.map((one) => one.loss), reports.map((one) => one.norm)];
  near(losses, truth.losses, "losses");
  near(norms, truth.norms, "norms");
};

type Inputs = Record<string, Tensor>;
const layers: Record<string, (inputs: Inputs) => Tensor> = {
  convTranspose: ({ x, weight }) => convTranspose(x!, weight!, { stride: 2, padding: 1, outputPadding: 1 }),
  "convTranspose in groups": ({ x, weight }) => convTranspose(x!, weight!, { stride: 2, groups: 2 }),
  "conv of one channel at a time": ({ x, weight }) => conv(x!, weight!, undefined, { stride: 2, padding: 1, groups: 4 }),
  "maxPool, overlapping and padded": ({ x }) => maxPool(x!, 3, { stride: 2, padding: 1 }),
  "maxPool of signals": ({ x }) => maxPool(x!, 2),
  "averagePool of signals": ({ x }) => averagePool(x!, 3, { stride: 1 }),
  globalAveragePool: ({ x }) => globalAveragePool(x!),
  upsample: ({ x }) => upsample(x!, 2),
  attend: ({ q, k, v }) => attend(q!, k!, v!),
  "attend, causal": ({ q, k, v }) => attend(q!, k!, v!, causalMask(q!.graph, 5)),
  "selfAttention without bias or mask": ({ x }) => selfAttention(x!, { heads: 2, hasBias: false }),
  "dense with an adapter": ({ x }) => dense(x!, 4, { rank: 2 }),
  "batchNorm that predicts": ({ x }) => batchNorm(x!),
  dropout: ({ x }) => dropout(x!, 0.4),
  sigmoid: ({ x }) => sigmoid(x!),
  tanh: ({ x }) => tanh(x!),
  erf: ({ x }) => erf(x!),
  leakyRelu: ({ x }) => leakyRelu(x!, 0.1),
  softsign: ({ x }) => softsign(x!),
  relu: ({ x }) => relu(x!),
  hardSigmoid: ({ x }) => hardSigmoid(x!),
  "lstm, its last state": ({ x }) => lstm(x!, 4).last,
};

describe("layers equal PyTorch's: output, and gradients by inputs and weights", () => {
  it("every golden layer is checked", () => expect(Object.keys(layers).sort()).toEqual(Object.keys(golden.layers).sort()));
  it.each(Object.entries(layers))("%s", async (name, write) => {
    const truth = golden.layers[name]!;
    const graph = openGraph({ mode: name.endsWith("predicts") ? "predict" : "train" });
    const entries = Object.entries(truth.x);
    const inputs = Object.fromEntries(entries.map(([one, { shape }]) => [one, input(graph, one, { dtype: "float32", shape })]));
    const output = write(inputs);
    expect(output.shape).toEqual(truth.output.shape);
    const loss = sum(mul(output, constant(graph, truth.w.data, truth.w.shape)));
    const names = Object.keys(truth.gradients);
    const found = gradients(
      loss,
      names.map((one) => inputs[one] ?? graph.parameters.get(one)!.tensor),
    );
    const feeds = Object.fromEntries([...entries, ...Object.entries(truth.weights)].map(([one, value]) => [one, floats(value)]));
    const made = await evaluate({ output, ...Object.fromEntries(names.map((one, i) => [`d ${one}`, found[i]!])) }, feeds);
    near(made.output!, truth.output.data, "output");
    for (const one of names) near(made[`d ${one}`]!, truth.gradients[one]!.data, one);
  });
});

describe("dropout means what it means in PyTorch", () => {
  it("zeroes a share of `rate`, scales the rest so that the mean stays, and repeats by seed", () => {
    const mask = fillMask(new Float32Array(100_000), 0.6, 5);
    expect([...new Set(mask)].sort()).toEqual([0, Math.fround(1 / 0.6)]);
    const kept = mask.reduce((count, one) => count + Number(one > 0), 0) / mask.length;
    expect(Math.abs(kept - 0.6)).toBeLessThan(0.005);
    expect(fillMask(new Float32Array(100_000), 0.6, 5)).toEqual(mask);
    expect(fillMask(new Float32Array(100_000), 0.6, 6)).not.toEqual(mask);
  });
  it("is nothing at all when a network predicts, or at rate 0", () => {
    const x = input(openGraph({ mode: "predict" }), "x", { dtype: "float32", shape: [3] });
    expect(dropout(x, 0.4)).toBe(x);
    const trained = input(openGraph(), "x", { dtype: "float32", shape: [3] });
    expect(dropout(trained, 0)).toBe(trained);
  });
});

describe("losses equal PyTorch's", () => {
  const makers: Record<string, (prediction: Tensor, truth: Tensor, mask?: Tensor) => Tensor> = {
    "crossEntropy of sequences": crossEntropy,
    "crossEntropy with a mask": crossEntropy,
    "crossEntropy of great logits": crossEntropy,
    "binaryCrossEntropy of great logits": binaryCrossEntropy,
    "huber at a half": (prediction, truth) => huber(prediction, truth, 0.5),
    pinball: (prediction, truth) => pinball(prediction, truth, 0.9),
  };
  it("every golden loss is checked", () => expect(Object.keys(makers).sort()).toEqual(Object.keys(golden.losses).sort()));
  it.each(Object.entries(makers))("%s", async (name, write) => {
    const { prediction, truth, mask, loss, gradient } = golden.losses[name]!;
    const graph = openGraph();
    const given = input(graph, "prediction", { dtype: "float32", shape: prediction.shape });
    const kept = mask && constant(graph, mask.data, mask.shape);
    const written = write(given, constant(graph, truth.data, truth.shape, truth.isInteger ? "int64" : "float32"), kept);
    const made = await evaluate({ loss: written, gradient: gradients(written, [given])[0]! }, { prediction: floats(prediction) });
    near(made.loss!, [loss], "loss");
    near(made.gradient!, gradient.data, "gradient");
  });
});

describe("ten steps of an optimiser equal PyTorch's: losses, norms of the gradient, weights", () => {
  const all = { decays: () => true };
  type Maker = { optimiser: Optimiser; clipNorm?: number; parts?: number; schedule?: Schedule };
  const makers: Record<string, Maker> = {
    "sgd, Nesterov with decay": { optimiser: sgd({ rate: 0.05, momentum: 0.8, isNesterov: true, decay: 0.02, ...all }) },
    "adamW as it comes": { optimiser: adamW(all) },
    "adamW, other numbers": { optimiser: adamW({ rate: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, decay: 0.3, ...all }) },
    "adamW that decays matrices only": { optimiser: adamW({ rate: 0.05, decay: 0.3 }) },
    "adamW over three batches a step": { optimiser: adamW({ rate: 0.05, decay: 0 }), parts: 3 },
    "sgd, clipped over three batches a step": { optimiser: sgd({ rate: 0.1 }), clipNorm: 0.3, parts: 3 },
    "adamW on a cosine": {
      optimiser: adamW({ decay: 0.1, ...all }),
      clipNorm: 1,
      schedule: cosine({ rate: 0.1, steps: 8, warmup: 3, floor: 0.01 }),
    },
    "lion, clipped": { optimiser: lion({ rate: 0.02, decay: 0.1, ...all }), clipNorm: 0.3 },
  };
  it("every golden optimiser is checked", () => expect(Object.keys(makers).sort()).toEqual(Object.keys(golden.optimisers).sort()));
  it.each(Object.entries(makers))("%s", async (name, { parts = 1, schedule, ...options }) => {
    const { problem } = golden;
    const truth = golden.optimisers[name]!;
    const trainer = await openTrainer({
      ...options,
      loss: ({ x, y }, graph) =>
        squaredError(add(linear(x!, parameter(graph, "weight", [3, 2], zeros)), parameter(graph, "bias", [2], zeros)), y!),
      weights: new Map([
        ["weight", floats(problem.weight)],
        ["bias", floats(problem.bias)],
      ]),
    });
    const rows = 12 / parts;
    const cut = (data: Float32Array, width: number, part: number) => ({
      data: data.slice(part * rows * width, (part + 1) * rows * width),
      shape: [rows, width],
    });
    const batches = Array.from({ length: parts }, (_, part) => ({
      x: cut(floats(problem.x), 3, part),
      y: cut(floats(problem.y), 2, part),
    }));
    const reports = [];
    for (let i = 0; i < 10; i++) reports.push(await trainer.step(batches, schedule ? { rate: schedule(i) } : {}));
    nearAll(reports, truth);
    const weights = await trainer.weights();
    near(weights.get("weight")!, truth.weight.data, "weight");
    near(weights.get("bias")!, truth.bias.data, "bias");
    await trainer.close();
  });
});

describe("schedules equal PyTorch's and nanoGPT's", () => {
  const makers: Record<string, Schedule> = {
    cosine: cosine({ rate: 0.3, steps: 20, floor: 0.03 }),
    straight: straight({ rate: 0.3, steps: 20, floor: 0.03 }),
    "cosine after a warmup": cosine({ rate: 0.3, steps: 20, warmup: 5, floor: 0.03 }),
  };
  it.each(Object.entries(makers))("%s", (name, schedule) => {
    const truth = golden.schedules[name]!;
    near(
      truth.map((_, step) => schedule(step)),
      truth,
      name,
    );
  });
});

describe("a whole GPT equals PyTorch's", () => {
  const { shape, x, y, start, end, ...truth } = golden.gpt;
  const weights = new Map(Object.entries(start).map(([name, value]) => [name, floats(value)]));
  it("its logits", async () => {
    const graph = openGraph({ mode: "predict" });
    const logits = gpt(input(graph, "x", { dtype: "int64", shape: x.shape }), shape);
    expect([...graph.parameters.keys()].sort()).toEqual(Object.keys(start).sort());
    near((await evaluate({ logits }, { x: longs(x) }, { weights })).logits!, truth.logits.data, "logits");
  });
  it("ten clipped steps of AdamW: losses, norms and every weight", async () => {
    const trainer = await openTrainer({
      loss: (batch) => crossEntropy(gpt(batch.x!, shape), batch.y!),
      optimiser: adamW({ rate: 1e-2, beta2: 0.99, decay: 0.1 }),
      clipNorm: 1,
      weights,
    });
    const batch = { x: { data: longs(x), shape: x.shape }, y: { data: longs(y), shape: y.shape } };
    const reports = [];
    for (let i = 0; i < 10; i++) reports.push(await trainer.step(batch));
    nearAll(reports, truth);
    for (const [name, weight] of await trainer.weights()) near(weight, end[name]!.data, name);
    await trainer.close();
  });
});

// The decoder, its adapters and its losses against PyTorch's numbers (test/learn/golden/llama.py), and the files it comes from and goes to.
import { describe, expect, it } from "vitest";
import { gradients } from "#lib/learn/graph/gradient.ts";
import { constant, input, openGraph, sharedParameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { gatherND } from "#lib/learn/graph/operators/indexing.ts";
import { matmul } from "#lib/learn/graph/operators/products.ts";
import { sumSquares } from "#lib/learn/graph/operators/reductions.ts";
import { concat, narrow, reshape } from "#lib/learn/graph/operators/shaping.ts";
import { adamW } from "#lib/learn/graph/optimisers.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { zeros } from "#lib/learn/graph/seeds.ts";
import { openTrainer } from "#lib/learn/graph/trainer.ts";
import { crossEntropy } from "#lib/learn/layers/losses.ts";
import { hiddenStates, type LlamaShape, llama, type Projection } from "#lib/learn/llm/llama.ts";
import { adapterFiles, isAdapter, loraOptions, mergeAdapters, readAdapters, withAdapters } from "#lib/learn/llm/lora.ts";
import { ggufOf, type LanguageModel, readCheckpoint, readGguf, safetensorsOf } from "#lib/learn/llm/model.ts";
import { preferenceLoss, rewardLoss, sequenceLogProbabilities } from "#lib/learn/llm/preferences.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { bytesSource } from "#lib/learn/weights/source.ts";
import { apart, drawn, golden, shifted, tiny } from "#test/learn/llm/golden.ts";

const bytesOf = (pieces: Iterable<Uint8Array>) => bytesSource(Buffer.concat([...pieces]));
const ids = (tokens: readonly number[]) => BigInt64Array.from(tokens, BigInt);
/** Logits after positions 5 and 11 of both rows, as the golden file has them. */
const twelveLogits = async ({ shape, weights }: LanguageModel, project?: Projection): Promise<Float32Array> => {
  const graph = openGraph({ mode: "predict" });
  const logits = llama(input(graph, "tokens", { dtype: "int64", shape: [2, 12] }), shape, { project });
  const picked = concat([narrow(logits, 1, 5, 1), narrow(logits, 1, 11, 1)], 1);
  const given = shape.vocabulary === 288 ? golden.configs.grouped : golden.configs.stretched;
  return (await evaluate({ picked }, { tokens: ids(given.tokens) }, { weights })).picked as Float32Array;
};
/** Σ g² of every weight by a loss. */
const squaresOf = async (
  loss: Tensor,
  feeds: Record<string, BigInt64Array | Float32Array>,
  weights: LanguageModel["weights"],
  isWanted: (name: string) => boolean = () => true,
) => {
  const { graph } = loss;
  const named = [...graph.parameters].filter(([name]) => isWanted(name));
  const found = gradients(
    loss,
    named.map(([, one]) => one.tensor),
  );
  const outputs = Object.fromEntries(named.map(([name], i) => [`by ${name}`, sumSquares(found[i]!)]));
  const { loss: value, ...squares } = await evaluate({ loss, ...outputs }, feeds, { weights });
  return {
    loss: Number(value![0]),
    squares: Object.fromEntries(Object.entries(squares).map(([name, one]) => [name.slice(3), Number(one[0])])),
  };
};

describe.each(["grouped", "stretched"] as const)("the %s network", (name) => {
  const { mask, tokens, loss, squares, logits } = golden.configs[name];
  it("has PyTorch's logits to 1e-5", async () => {
    expect(apart(await twelveLogits(tiny(name)), logits)).toBeLessThan(1e-5);
  });
  it("has PyTorch's loss over completions and its gradients by every weight", async () => {
    const { shape, weights } = tiny(name);
    const graph = openGraph();
    const [given, targets] = ["tokens", "targets"].map((one) => input(graph, one, { dtype: "int64", shape: [2, 12] })) as [Tensor, Tensor];
    const counted = input(graph, "mask", { dtype: "float32", shape: [2, 12] });
    const batch = shifted(tokens, mask, 12);
    const feeds = Object.fromEntries(Object.entries(batch).map(([key, one]) => [key, one.data]));
    const ours = await squaresOf(crossEntropy(llama(given, shape), targets, counted), feeds, weights);
    expect(ours.loss).toBeCloseTo(loss, 5);
    expect(Object.keys(ours.squares).sort()).toEqual(Object.keys(squares).sort());
    for (const [key, value] of Object.entries(squares)) expect(Math.abs(ours.squares[key]! / value - 1)).toBeLessThan(2e-5);
  });
  it("is the same after a journey through a safetensors and a GGUF file, rows turned and turned back", async () => {
    const model = tiny(name);
    const back = await readCheckpoint(golden.configs[name].config, [bytesOf(safetensorsOf(model))]);
    expect(back).toEqual(model);
    if (name === "stretched") {
      const { weights, shape } = await readGguf(bytesOf(ggufOf(model, "F32")));
      expect(weights).toEqual(model.weights);
      expect(apart(shape.frequencies, [...model.shape.frequencies])).toBeLessThan(1e-6);
    } else expect((await readGguf(bytesOf(ggufOf(model, "F32")))).weights).toEqual(model.weights);
  });
});

const options = loraOptions({ rank: 4, alpha: 8, targets: ["q_proj", "v_proj", "down_proj"] });
const adapterShapes = (shape: LlamaShape): Map<string, readonly number[]> => {
  const graph = openGraph();
  llama(input(graph, "tokens", { dtype: "int64", shape: [1, 1] }), shape, { project: withAdapters(options) });
  return new Map([...graph.parameters].filter(([name]) => isAdapter(name)).map(([name, one]) => [name, one.tensor.shape]));
};
const adapted = () => {
  const model = tiny("grouped");
  return { model, adapters: { options, weights: drawn(adapterShapes(model.shape)) } };
};

describe("adapters", () => {
  it("have PEFT's names and its logits, merged or not, to 1e-5", async () => {
    const { model, adapters } = adapted();
    expect([...adapters.weights.keys()]).toEqual(golden.lora.names);
    const all = { ...model, weights: new Map([...model.weights, ...adapters.weights]) };
    expect(apart(await twelveLogits(all, withAdapters(options)), golden.lora.logits)).toBeLessThan(1e-5);
    expect(apart(await twelveLogits(mergeAdapters(model, adapters)), golden.lora.logits)).toBeLessThan(1e-5);
  });
  it("begin as nothing: at step 0 the network answers as without them, bit for bit", async () => {
    const { model, adapters } = adapted();
    const zeroed = [...adapters.weights].map(([name, one]): [string, Float32Array] => [
      name,
      name.includes("lora_B") ? one.map(() => 0) : one,
    ]);
    const all = { ...model, weights: new Map([...model.weights, ...zeroed]) };
    expect(await twelveLogits(all, withAdapters(options))).toEqual(await twelveLogits(model));
  });
  it("alone move, and their losses over six steps of AdamW are PyTorch's", async () => {
    const { model, adapters } = adapted();
    const start = new Map([...adapters.weights].map(([name, one]) => [name, name.includes("lora_B") ? one.map(() => 0) : one]));
    const { tokens, mask } = golden.configs.grouped;
    const trainer = await openTrainer({
      loss: (batch) => crossEntropy(llama(batch.tokens!, model.shape, { project: withAdapters(options) }), batch.targets!, batch.mask!),
      optimiser: adamW({ rate: 0.01, decay: 0 }),
      trainable: isAdapter,
      weights: new Map([...model.weights, ...start]),
      threads: 1,
    });
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) losses.push((await trainer.step(shifted(tokens, mask, 12))).loss);
    for (const [i, one] of golden.lora.losses.entries()) expect(Math.abs(losses[i]! / one - 1)).toBeLessThan(1e-5);
    const after = await trainer.weights();
    await trainer.close();
    for (const [name, one] of model.weights) expect(after.get(name)).toEqual(one);
    const merged = mergeAdapters(model, { options, weights: after });
    expect(apart(await twelveLogits(merged), golden.lora.mergedLogits)).toBeLessThan(1e-4); // Adam's first steps divide by tiny gradients
  });
  it("are written as PEFT's two files and read back; a wrong one is refused in words", async () => {
    const { model, adapters } = adapted();
    const files = adapterFiles(model, adapters);
    const config = JSON.parse(files.config) as Record<string, unknown>;
    const source = bytesOf(files.tensors);
    expect((await readAdapters(model, config, source)).weights).toEqual(adapters.weights);
    await expect(readAdapters(model, { ...config, r: 8 }, source)).rejects.toThrow("the network needs [8, 64]");
    await expect(readAdapters(model, { ...config, target_modules: ["q_proj"] }, source)).rejects.toThrow("would not use");
    await expect(readAdapters(model, { ...config, use_dora: true }, source)).rejects.toThrow("plain LoRA");
    expect(() => loraOptions({ targets: ["lm_head"] })).toThrow("not lm_head");
  });
});

const series = () => {
  const graph = openGraph();
  return (values: readonly number[]) => constant(graph, values, [values.length]);
};
const numbersIn = async (tensors: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(await evaluate(tensors)).map(([name, [value]]) => [name, Number(value)]));

describe("losses over preferences", () => {
  it.each([
    ["sigmoid", 0, 0.6481125151],
    ["hinge", 0, 0.9066666667],
    ["robust", 0.1, 0.6364458484],
    ["ipo", 0, 16.9733333333],
  ] as const)("%s of the published triple", async (kind, smoothing, loss) => {
    const tensor = series();
    const policy = { chosen: tensor([-10.2, -35, -7.5]), rejected: tensor([-12.1, -33, -9.9]) };
    const reference = { chosen: tensor([-11, -36, -8]), rejected: tensor([-11.5, -34, -9]) };
    const made = await numbersIn(preferenceLoss(policy, reference, { kind, smoothing }));
    expect(Math.abs(made.loss! / loss - 1)).toBeLessThan(1e-5);
    expect(made.margin).toBeCloseTo(0.0933333333, 6);
    expect(made.accuracy).toBeCloseTo(2 / 3, 6);
  });
  it.each([
    [0, 0, 0.5335334531],
    [1, 0, 1.0292358798],
    [0, 0.01, 0.5574334531],
  ])("a reward model's with margin %d and centre %d", async (margin, centre, loss) => {
    const tensor = series();
    const made = await numbersIn(rewardLoss({ chosen: tensor([1.2, 0.3, -0.5]), rejected: tensor([0.2, 0.8, -1.5]) }, { margin, centre }));
    expect(Math.abs(made.loss! / loss - 1)).toBeLessThan(1e-5);
  });
  it("DPO through a network: log-probabilities, loss and the adapters' gradients are PyTorch's", async () => {
    const { model, adapters } = adapted();
    const { chosen, rejected, completion, reference, policy, dpo, squares } = golden.lora;
    const graph = openGraph();
    const kind = { dtype: "int64", shape: [6, 10] } as const;
    const [tokens, targets] = [input(graph, "tokens", kind), input(graph, "targets", kind)];
    const mask = input(graph, "mask", { dtype: "float32", shape: [6, 10] });
    const sums = sequenceLogProbabilities(llama(tokens, model.shape, { project: withAdapters(options) }), targets, mask);
    const half = (from: number): Tensor => narrow(sums, 0, from, 3);
    const { loss } = preferenceLoss(
      { chosen: half(0), rejected: half(3) },
      { chosen: constant(graph, reference[0], [3]), rejected: constant(graph, reference[1], [3]) },
    );
    const batch = shifted([...chosen, ...rejected], [...completion, ...completion], 10);
    const feeds = Object.fromEntries(Object.entries(batch).map(([key, one]) => [key, one.data]));
    const weights = new Map([...model.weights, ...adapters.weights]);
    const { sums: found } = await evaluate({ sums }, feeds, { weights });
    expect(apart(found as Float32Array, policy.flat())).toBeLessThan(1e-5);
    const ours = await squaresOf(loss, feeds, weights, isAdapter);
    expect(ours.loss).toBeCloseTo(dpo, 5);
    for (const [key, value] of Object.entries(squares)) expect(Math.abs(ours.squares[key]! / value - 1)).toBeLessThan(1e-4);
  });
  it("a reward model's through a network, and the gradient of its head, are PyTorch's", async () => {
    const { shape, weights } = tiny("grouped");
    const { chosen, rejected } = golden.lora;
    const { loss, rewards, scoreGradient, last } = golden.reward;
    const graph = openGraph();
    const tokens = input(graph, "tokens", { dtype: "int64", shape: [6, 10] });
    const score = sharedParameter(graph, "score.weight", [shape.width], zeros);
    const random = mulberry32(99);
    const drawnScore = Float32Array.from({ length: shape.width }, () => 2 * random() - 1);
    const at = constant(
      graph,
      [...last, ...last].flatMap((place, i) => [i, place]),
      [6, 2],
      "int64",
    );
    const found = reshape(matmul(gatherND(hiddenStates(tokens, shape).hidden, at), score), [6]);
    const half = (from: number): Tensor => narrow(found, 0, from, 3);
    const made = rewardLoss({ chosen: half(0), rejected: half(3) }, { centre: 0.01 });
    const [gradient] = gradients(made.loss, [score]);
    const answers = await evaluate(
      { found, loss: made.loss, gradient: gradient! },
      { tokens: ids([...chosen, ...rejected]) },
      { weights: new Map([...weights, ["score.weight", drawnScore]]) },
    );
    expect(apart(answers.found as Float32Array, rewards.flat())).toBeLessThan(1e-5);
    expect(Number(answers.loss![0])).toBeCloseTo(loss, 5);
    expect(apart(answers.gradient as Float32Array, scoreGradient)).toBeLessThan(1e-5);
  });
});

describe("a file that does not fit", () => {
  it("names the weight, the shapes, or the kind of model", async () => {
    const model = tiny("grouped");
    const { config } = golden.configs.grouped;
    const source = bytesOf(safetensorsOf(model));
    await expect(readCheckpoint({ ...config, num_hidden_layers: 3 }, [source])).rejects.toThrow(
      "no weight model.layers.2.input_layernorm.weight",
    );
    await expect(readCheckpoint({ ...config, num_hidden_layers: 1 }, [source])).rejects.toThrow("would not use");
    await expect(readCheckpoint({ ...config, vocab_size: 289 }, [source])).rejects.toThrow("the network needs [289, 64]");
    await expect(readCheckpoint({ ...config, num_key_value_heads: 3 }, [source])).rejects.toThrow("cannot share 3 heads");
    await expect(readCheckpoint({ ...config, hidden_size: 1e12 }, [source])).rejects.toThrow("width is 1000000000000");
    await expect(readCheckpoint({ ...config, model_type: "mamba" }, [source])).rejects.toThrow('type "mamba" cannot be run');
    await expect(readCheckpoint({ ...config, hidden_act: "gelu" }, [source])).rejects.toThrow("not silu");
    await expect(
      readCheckpoint({ ...config, rope_scaling: { rope_type: "yarn", factor: 2 }, rope_parameters: null }, [source]),
    ).rejects.toThrow("yarn");
    await expect(readCheckpoint(config, [source], { memoryBytes: 1000 })).rejects.toThrow(/1 MB as float32, and 1 MB are free/);
  });
});

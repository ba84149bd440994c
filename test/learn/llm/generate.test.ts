// A model's voice: what the cache answers is what the whole network answers, and what is said depends on the seed alone.
import { beforeAll, describe, expect, it } from "vitest";
import { gradients } from "#lib/learn/graph/gradient.ts";
import { input, openGraph, parameter } from "#lib/learn/graph/graph.ts";
import { packedProduct } from "#lib/learn/graph/operators/packed.ts";
import { mean } from "#lib/learn/graph/operators/reductions.ts";
import { reshape } from "#lib/learn/graph/operators/shaping.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { ones } from "#lib/learn/graph/seeds.ts";
import { trainBytePairs } from "#lib/learn/llm/byte-pairs.ts";
import { openReader } from "#lib/learn/llm/cache.ts";
import { complete, openSpeaker, type Piece } from "#lib/learn/llm/generate.ts";
import { llama } from "#lib/learn/llm/llama.ts";
import { loraOptions, mergeAdapters } from "#lib/learn/llm/lora.ts";
import { freshModel, llamaShape } from "#lib/learn/llm/model.ts";
import { fromPacked, packedWeights } from "#lib/learn/llm/packed.ts";
import { drawToken, samplingOptions } from "#lib/learn/llm/sampling.ts";
import { tokenizerOf } from "#lib/learn/llm/tokenizer.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { decode, encode } from "#lib/learn/weights/encodings.ts";
import { apart } from "#test/learn/llm/golden.ts";

const shape = llamaShape({ vocabulary: 288, width: 32, layers: 2, heads: 4, kvHeads: 2, context: 600, isTied: false });
const model = freshModel(shape, 3);
for (const values of model.weights.values()) if (values.length > 32) values.set(values.map((one) => 12 * one)); // so that answers differ
const special = ["<|end|>"];
const words = "ab ac ad bc bd ☃☃ the cat the mat the rat sat that hat ";
const tokenizer = tokenizerOf(trainBytePairs([words.repeat(9)], { size: 288, special }), special, { end: "<|end|>" });
const tokens = Array.from({ length: 300 }, (_, i) => (i * 37 + 11) % 288);
const threads = 1;

/** Logits after every token, by the whole network at once. */
const whole = async (some: readonly number[]): Promise<Float32Array[]> => {
  const graph = openGraph({ mode: "predict" });
  const logits = llama(input(graph, "tokens", { dtype: "int64", shape: [1, some.length] }), shape);
  const flat = reshape(logits, [some.length * 288]);
  const answer = await evaluate({ flat }, { tokens: BigInt64Array.from(some, BigInt) }, { weights: model.weights });
  return some.map((_, i) => (answer.flat as Float32Array).subarray(i * 288, (i + 1) * 288));
};

describe("the cache", () => {
  it("answers what the whole network answers: by stretches, token by token, after a cut, and past its first capacity", async () => {
    const reader = openReader(shape, model.weights, { threads });
    const logits = await whole(tokens);
    const same = (ours: Float32Array, at: number) => expect(apart(ours, Array.from(logits[at]!))).toBeLessThan(1e-4);
    same(await reader.read(tokens.slice(0, 70)), 69); // one stretch and a part
    for (let i = 70; i < 75; i++) same(await reader.read([tokens[i]!]), i);
    reader.cut(20);
    same(await reader.read(tokens.slice(20, 22)), 21);
    same(await reader.read(tokens.slice(22, 299)), 298); // capacity doubles on the way
    same(await reader.read(tokens.slice(299)), 299);
    expect(reader.length()).toBe(300);
    await reader.close();
  });
  it.each(["Q8_0", "Q4_0", "Q4_1"] as const)("from matrices packed as %s answers what their numbers answer", async (packing) => {
    const packed = packedWeights(shape, model.weights, packing);
    const isMatrix = (name: string): boolean => packed.has(name);
    const meant = [...model.weights].map(([name, one]): [string, Float32Array] => [
      name,
      isMatrix(name) ? decode(packing, encode(packing, one), one.length) : one,
    ]);
    expect([...model.weights.keys()].filter((name) => !isMatrix(name)).every((name) => name.endsWith("norm.weight"))).toBe(true);
    const [plain, reader] = [
      openReader(shape, new Map(meant), { threads }),
      openReader(shape, new Map(meant), { threads, project: fromPacked(packed) }),
    ];
    for (const part of [tokens.slice(0, 40), tokens.slice(40, 41), tokens.slice(41, 42)])
      expect(apart(await reader.read(part), Array.from(await plain.read(part)))).toBeLessThan(1e-4);
    await plain.close();
    await reader.close();
  });
  it("from packed matrices cannot be trained through: the operator without a gradient is named", () => {
    const graph = openGraph();
    const x = parameter(graph, "x", [2, 32], ones);
    const y = packedProduct(x, 3, new Uint8Array(48), new Float32Array(3));
    expect(() => gradients(mean(y), [x])).toThrow(/MatMulNBits .* has no gradient rule/);
  });
  it("refuses what it cannot hold, in words", async () => {
    const reader = openReader(shape, model.weights, { threads });
    await expect(reader.read(Array.from({ length: 601 }, () => 1))).rejects.toThrow("has 601 tokens, and the network was made for 600");
    await expect(reader.read([288])).rejects.toThrow("Token 288 is not in the vocabulary");
    await expect(reader.read([])).rejects.toThrow("no token to read");
    await expect(openReader(shape, model.weights, { memoryBytes: 1e5 }).read([1])).rejects.toThrow(
      /0 MB are free. About \d+ positions would fit/,
    );
  });
});

describe("a voice", () => {
  const speaker = openSpeaker(model, tokenizer, { threads });
  let plain = { text: "", tokens: 0 };
  beforeAll(async () => {
    plain = await complete(speaker, "the cat ", { seed: 5, length: 40 });
    return () => speaker.close();
  });
  it("says the same for the same seed and another thing for another, and greedily what needs no seed", async () => {
    expect(await complete(speaker, "the cat ", { seed: 5, length: 40 })).toEqual(plain);
    expect((await complete(speaker, "the cat ", { seed: 6, length: 40 })).text).not.toBe(plain.text);
    const greedy = (seed: number) => complete(speaker, "the cat ", { temperature: 0, seed, length: 12 });
    expect(await greedy(1)).toEqual(await greedy(2));
  });
  it("streams whole characters token by token, which join to the answer", async () => {
    const pieces: Piece[] = [];
    for await (const piece of speaker.generate("the cat ", { seed: 5, length: 40 })) pieces.push(piece);
    expect(pieces.map((one) => one.text).join("")).toBe(plain.text);
    expect(pieces.length).toBe(plain.tokens);
    expect(pieces.length).toBeGreaterThan(10);
  });
  it("ends before a stop word and lets nothing of it through", async () => {
    const at = Math.floor(plain.text.length / 2);
    const stop = plain.text.slice(at, at + 3);
    const answer = await complete(speaker, "the cat ", { seed: 5, length: 40, stop: [stop, "never said"] });
    expect(answer).toMatchObject({ text: plain.text.slice(0, plain.text.indexOf(stop)), ending: "stop" });
  });
  it("falls silent on the signal", async () => {
    const stopping = new AbortController();
    const said: Piece[] = [];
    const stream = speaker.generate("the cat ", { seed: 5, length: 40, signal: stopping.signal });
    let end = await stream.next();
    for (; !end.done; end = await stream.next()) if (said.push(end.value) === 3) stopping.abort();
    expect([said.length, end.value]).toEqual([3, "aborted"]);
  });
  it("ends where the network's context ends, and refuses settings that mean nothing", async () => {
    const prompt = tokenizer.decode(Array.from({ length: 590 }, (_, i) => 34 + (i % 60)));
    const count = tokenizer.encode(prompt).length;
    const answer = await complete(speaker, prompt, { seed: 1, length: 10_000 });
    expect(answer.ending === "end" || count + answer.tokens === 601).toBe(true);
    await expect(complete(speaker, "a", { temperature: -1 })).rejects.toThrow("temperature");
    await expect(complete(speaker, "a", { topP: 0 })).rejects.toThrow("topP");
    await expect(complete(speaker, "", {})).rejects.toThrow("beginning");
    await expect(complete(speaker, "a", { stop: [""] })).rejects.toThrow("stop word");
  });
  it("speaks with adapters as the merged model does", async () => {
    const options = loraOptions({ rank: 2, alpha: 4, targets: ["v_proj"] });
    const random = mulberry32(8);
    const side = (size: number) => Float32Array.from({ length: size }, () => random() - 0.5);
    const weights = new Map<string, Float32Array>();
    for (const i of [0, 1]) {
      weights.set(`base_model.model.model.layers.${i}.self_attn.v_proj.lora_A.weight`, side(64));
      weights.set(`base_model.model.model.layers.${i}.self_attn.v_proj.lora_B.weight`, side(32));
    }
    const adapters = { options, weights };
    const [beside, merged] = [
      openSpeaker(model, tokenizer, { threads, adapters }),
      openSpeaker(mergeAdapters(model, adapters), tokenizer, { threads }),
    ];
    const asked = { temperature: 0, length: 8 };
    const said = await complete(beside, "the cat ", asked);
    expect(said).toEqual(await complete(merged, "the cat ", asked));
    expect(said).not.toEqual(await complete(speaker, "the cat ", asked));
    await beside.close();
    await merged.close();
  });
});

describe("drawing a token", () => {
  const logits = Float32Array.from([1, 3, 2, 3, -5, 0.5]);
  const shares = (options: Parameters<typeof samplingOptions>[0]): number[] => {
    const random = mulberry32(4);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 20_000; i++) counts[drawToken(logits, samplingOptions(options), random)]! += 1;
    return counts.map((one) => one / 20_000);
  };
  it("follows softmax(logits / temperature)", () => {
    for (const temperature of [0.5, 1, 2]) {
      const weights = Array.from(logits, (one) => Math.exp(one / temperature));
      const all = weights.reduce((a, b) => a + b, 0);
      const found = shares({ temperature, topK: 99, topP: 1 });
      for (const [i, one] of weights.entries()) expect(Math.abs(found[i]! - one / all)).toBeLessThan(0.015);
    }
  });
  it("keeps the topK likeliest, and of them as many as hold topP", () => {
    const three = shares({ temperature: 1, topK: 3, topP: 1 });
    expect(three.map((one) => one > 0)).toEqual([false, true, true, true, false, false]);
    const two = shares({ temperature: 1, topK: 6, topP: 0.7 });
    expect(two.map((one) => one > 0)).toEqual([false, true, false, true, false, false]);
    expect(shares({ temperature: 0 })).toEqual([0, 1, 0, 0, 0, 0]); // of equals the first
  });
  it("refuses an answer that is not a number", () => {
    expect(() => drawToken(Float32Array.of(1, Number.NaN), samplingOptions({}), () => 0)).toThrow("NaN");
  });
});

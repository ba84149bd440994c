// Fine-tuning in its three ways, at a size that learns in seconds.
import { beforeAll, describe, expect, it } from "vitest";
import { trainBytePairs } from "#lib/learn/llm/byte-pairs.ts";
import { batchOf, cutExample, type Example, exampleOf, type Pair, pairOf, windowsOf } from "#lib/learn/llm/examples.ts";
import { complete, openSpeaker } from "#lib/learn/llm/generate.ts";
import { freshModel, llamaShape } from "#lib/learn/llm/model.ts";
import { tokenizerOf } from "#lib/learn/llm/tokenizer.ts";
import { tune, tunePreferences, tuneReward } from "#lib/learn/llm/tune.ts";
import { Stopped } from "#lib/learn/networks/fit.ts";

const special = ["<|end|>"];
const colours = ["red", "blue", "green", "black", "white", "brown", "grey", "pink"];
const prompt = (i: number): string => `What colour is thing ${i}? `;
const written = colours.map((colour, i) => ({ prompt: prompt(i), completion: colour }));
const learnt = trainBytePairs(
  [
    written
      .map((one) => one.prompt + one.completion)
      .join(" ")
      .repeat(4),
  ],
  { size: 320, special },
);
const tokenizer = tokenizerOf(learnt, special, { end: "<|end|>" });
const fresh = freshModel(llamaShape({ vocabulary: tokenizer.size, width: 32, layers: 2, heads: 4, kvHeads: 2, context: 64 }), 1);
const examples = written.map((one) => exampleOf(tokenizer, one));
const pairs = colours.map((colour, i) => pairOf(tokenizer, { prompt: prompt(i), chosen: colour, rejected: colours[(i + 3) % 8]! }));
const threads = 1;
/** A network that gives the wrong answers, to be taught better ones. */
let model = fresh;
beforeAll(async () => {
  const wrong = pairs.map((pair) => pair.rejected);
  model = (await tune(fresh, wrong, { lora: null, steps: 60, batchSize: 8, rate: 0.01, threads })).merged();
});
const all = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const last = <T>(list: readonly T[]): T => list.at(-1)!;

describe("examples", () => {
  it("count the answer and its end, not the prompt", () => {
    const [one] = examples as [Example];
    const { batch, last: ends } = batchOf([one, { tokens: [5, 6, 7], from: 2 }]);
    expect(batch.mask!.shape).toEqual([2, 32]);
    const counted = Array.from(batch.mask!.data as Float32Array);
    expect(counted.slice(0, 32).reduce((a, b) => a + b)).toBe(one.tokens.length - one.from);
    expect(counted.slice(32, 36)).toEqual([0, 1, 0, 0]);
    expect(Array.from(batch.targets!.data as BigInt64Array).slice(32, 35)).toEqual([6n, 7n, 0n]);
    expect(last(one.tokens)).toBe(tokenizer.end);
    expect(Array.from(ends, Number)).toEqual([one.tokens.length - 2, 1]);
  });
  it("without an answer are refused by their number", async () => {
    expect(() => cutExample({ tokens: [1, 2, 3, 4], from: 3 }, 2, "Example 4")).toThrow("Example 4 has no answer within 2 tokens");
    await expect(tune(model, [examples[0]!, { tokens: [1, 2], from: 2 }])).rejects.toThrow("Example 2 has no answer");
    await expect(tune(model, [])).rejects.toThrow("nothing to learn from");
    expect(windowsOf([1, 2, 3, 4, 5, 6], 2)).toEqual([
      { tokens: [1, 2, 3], from: 0 },
      { tokens: [3, 4, 5], from: 0 },
    ]);
  });
});

describe("answers", () => {
  it("are learnt by moving every weight, and then said", async () => {
    const tuned = await tune(fresh, examples, { lora: null, steps: 80, batchSize: 8, rate: 0.01, threads });
    expect(tuned.adapters).toBeNull();
    expect(last(tuned.history).loss).toBeLessThan(0.2);
    const speaker = openSpeaker(tuned.merged(), tokenizer, { threads });
    for (const [i, colour] of colours.entries())
      expect(await complete(speaker, prompt(i), { temperature: 0 })).toMatchObject({ text: colour, ending: "end" });
    await speaker.close();
  });
  it("are learnt by adapters alone; a run cut in two, and one with recomputed layers, is the same run", async () => {
    const options = { lora: { rank: 4, targets: all }, steps: 60, batchSize: 4, rate: () => 0.02, threads };
    const checkpoints: Uint8Array[] = [];
    const whole = await tune(model, examples, { ...options, checkpointEvery: 20, onCheckpoint: (bytes) => checkpoints.push(bytes) });
    expect(last(whole.history).loss).toBeLessThan(0.7 * whole.history[0]!.loss);
    const resumed = await tune(model, examples, { ...options, resume: checkpoints[0] });
    expect(resumed.steps).toBe(60);
    expect(resumed.adapters).toEqual(whole.adapters);
    const bytes = [...model.weights.values()].reduce((total, one) => total + one.byteLength, 0);
    expect(checkpoints[0]!.length).toBeLessThan(2 * bytes); // adapters and their moments; the frozen network is not in it
    const recomputed = await tune(model, examples, { ...options, steps: 3, isRecomputed: true });
    for (const [i, { loss }] of recomputed.history.entries()) expect(loss).toBeCloseTo(whole.history[i]!.loss, 5);
  });
  it("stop on the signal, and name the step and the tensor of a NaN", async () => {
    await expect(tune(model, examples, { signal: AbortSignal.abort(), threads })).rejects.toThrow(Stopped);
    const broken = { ...model, weights: new Map(model.weights) };
    broken.weights.set(
      "model.layers.1.mlp.up_proj.weight",
      new Float32Array(model.weights.get("model.layers.1.mlp.up_proj.weight")!.length).fill(Number.NaN),
    );
    await expect(tune(broken, examples, { steps: 1, threads })).rejects.toThrow(
      /Step 1: .*model\.layers\.1\.mlp\.up_proj\.weight holds NaN/,
    );
    await expect(tune(model, examples, { memoryBytes: 1e5, threads })).rejects.toThrow(/needs about .* MB, and 1 MB are free/);
  });
});

describe("preferences", () => {
  it.each(["sigmoid", "ipo"] as const)("are learnt directly from ln 2 on (%s)", async (kind) => {
    const options = { kind, beta: 0.5, steps: 40, batchSize: 4, rate: 0.02, lora: { rank: 4, targets: all }, threads };
    const { history } = await tunePreferences(model, pairs, options);
    expect(history[0]!.loss).toBeCloseTo(kind === "sigmoid" ? Math.LN2 : 1, 4); // the model is its own reference; ipo: (0 − 1/(2β))²
    expect(last(history).loss).toBeLessThan(0.5 * history[0]!.loss);
    expect(last(history).metrics.accuracy).toBe(1);
  });
  it("make a reward model that orders answers", async () => {
    const seen: Pair[] = pairs.map((pair) => ({ ...pair, margin: 0.5 }));
    const options = { steps: 60, batchSize: 8, rate: 0.02, lora: { rank: 4, targets: all }, centre: 0.001, threads };
    const made = await tuneReward(model, seen, options);
    expect(last(made.history).metrics.accuracy).toBe(1);
    const [chosen, rejected] = [await made.score(pairs.map((one) => one.chosen)), await made.score(pairs.map((one) => one.rejected))];
    expect(Array.from(chosen, (one, i) => one > rejected[i]!)).toEqual(pairs.map(() => true));
  });
});

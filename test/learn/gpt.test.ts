// The character GPT at a size that trains in seconds; the run of its full size is `npm run bench -- gpt`.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Stopped } from "#lib/learn/networks/fit.ts";
import { adaptGpt, type GptOptions, trainGpt } from "#lib/learn/networks/gpt.ts";

const text = readFileSync("drizzle/seed/data/tinyshakespeare.txt", "utf8").slice(0, 20_000);
const small: GptOptions = { layers: 1, heads: 2, width: 16, context: 16, batchSize: 4, steps: 40, validateEvery: 20, threads: 1 };

describe("character GPT", () => {
  it("learns, and a run that goes on from a checkpoint is the run that was never cut", async () => {
    const checkpoints: Uint8Array[] = [];
    const whole = await trainGpt(text, { ...small, onCheckpoint: (bytes) => checkpoints.push(bytes) });
    expect(whole.validationLoss).toBeLessThan(whole.history[0]!.validationLoss!);
    const resumed = await trainGpt(text, { ...small, resume: checkpoints[0] });
    expect(resumed.weights).toEqual(whole.weights);
    const said = await whole.sample("ROMEO:", 20, { seed: 1 });
    expect(said).toMatch(/^ROMEO:[\s\S]{20}$/);
    expect(await resumed.sample("ROMEO:", 20, { seed: 1 })).toBe(said);
    await expect(whole.sample("Ω", 1)).rejects.toThrow("never seen");
    expect(Math.abs((await whole.measure(text.slice(18_000))) - whole.validationLoss)).toBeLessThan(0.02);
  });

  it("adapters learn a second text, begin as what they tune, and leave its weights alone", async () => {
    const verse = "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate.\n".repeat(60);
    const base = await trainGpt(text, { ...small, alphabet: verse, steps: 150, validateEvery: 150, rate: 5e-3 });
    const untouched = await adaptGpt(base, verse, { threads: 1, steps: 1, rate: () => 0 });
    expect(await untouched.sample("Shall", 12, { temperature: 0 })).toBe(await base.sample("Shall", 12, { temperature: 0 }));
    const tuned = await adaptGpt(base, verse, { threads: 1, rank: 8, steps: 120, batchSize: 16, rate: 0.02 });
    expect(tuned.validationLoss).toBeLessThan((await base.measure(verse)) - 0.1);
    for (const [name, weight] of base.weights) expect(tuned.weights.get(name)).toEqual(weight);
    expect([...tuned.weights.keys()].filter((name) => !base.weights.has(name)).length).toBe(2 * 4);
  });

  it("is one ONNX file that answers any number of windows", async () => {
    const made = await trainGpt(text, { ...small, steps: 2 });
    const ort = await import("onnxruntime-node");
    const served = await ort.InferenceSession.create(made.toOnnx());
    const answer = async (rows: number) =>
      (await served.run({ x: new ort.Tensor("int64", new BigInt64Array(rows * 16), [rows, 16]) })).logits!;
    const [one, three] = [await answer(1), await answer(3)];
    expect([one.dims, three.dims]).toEqual([
      [1, 16, made.shape.vocabulary],
      [3, 16, made.shape.vocabulary],
    ]);
    expect(three.data[5]).toBeCloseTo(one.data[5] as number, 5);
  });

  it("refuses a text too short to be measured on, and stops when told", async () => {
    await expect(trainGpt("to be or not", small)).rejects.toThrow("too short");
    await expect(trainGpt(text, { ...small, signal: AbortSignal.abort() })).rejects.toThrow(Stopped);
  });
});

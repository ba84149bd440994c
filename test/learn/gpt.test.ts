// The character GPT at a size that trains in seconds; the run of its full size is `npm run bench -- gpt`.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Stopped } from "#lib/learn/networks/fit.ts";
import { type GptOptions, trainGpt } from "#lib/learn/networks/gpt.ts";

const text = readFileSync("drizzle/seed/data/tinyshakespeare.txt", "utf8").slice(0, 20_000);
const small: GptOptions = { layers: 1, heads: 2, width: 16, context: 16, batchSize: 4, steps: 40, validateEvery: 20, threads: 1 };

describe("character GPT", () => {
  it("learns, and a run that goes on from a checkpoint is the run that was never cut", async () => {
    const checkpoints: Uint8Array[] = [];
    const whole = await trainGpt(text, { ...small, onCheckpoint: (bytes) => checkpoints.push(bytes) });
    expect(whole.validationLoss).toBeLessThan(whole.history[0]!.validationLoss);
    const resumed = await trainGpt(text, { ...small, resume: checkpoints[0] });
    expect(resumed.weights).toEqual(whole.weights);
    const said = await whole.sample("ROMEO:", 20, { seed: 1 });
    expect(said).toMatch(/^ROMEO:[\s\S]{20}$/);
    expect(await resumed.sample("ROMEO:", 20, { seed: 1 })).toBe(said);
    await expect(whole.sample("Ω", 1)).rejects.toThrow("never seen");
  });

  it("refuses a text too short to be measured on, and stops when told", async () => {
    await expect(trainGpt("to be or not", small)).rejects.toThrow("too short");
    await expect(trainGpt(text, { ...small, signal: AbortSignal.abort() })).rejects.toThrow(Stopped);
  });
});

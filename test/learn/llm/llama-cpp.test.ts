// The decoder against llama.cpp on one float32 GGUF file that we wrote: recorded numbers always, llama.cpp itself where it is installed.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { input, openGraph } from "#lib/learn/graph/graph.ts";
import { logSoftmax } from "#lib/learn/graph/operators/reductions.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { complete, openSpeaker } from "#lib/learn/llm/generate.ts";
import { llama } from "#lib/learn/llm/llama.ts";
import { openLlamaCpp as openRunner } from "#lib/learn/llm/llama-cpp.ts";
import { loadModel, loadTokenizer } from "#lib/learn/llm/model.ts";
import { importLlamaCpp, logProbabilitiesOf, openLlamaCpp, wordsWithout } from "#test/kit/llama-cpp.ts";
import { someTokens, writeTiny } from "#test/learn/llm/speech.ts";

type Recorded = { kept: { at: number; logProbabilities: number[] }[] };
const recorded = JSON.parse(readFileSync("test/learn/golden/llama-cpp.json", "utf8")) as Recorded;
const [module, peer] = [await importLlamaCpp(), await openLlamaCpp()];

const inFolder = async (work: (path: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "atelier-tiny-"));
  try {
    await work(join(folder, "tiny.gguf"));
  } finally {
    rmSync(folder, { recursive: true });
  }
};
/** log p after every token, read from the file and run by us. */
const ours = async (path: string): Promise<Float32Array[]> => {
  const { shape, weights } = await loadModel(path);
  const graph = openGraph({ mode: "predict" });
  const logs = logSoftmax(llama(input(graph, "tokens", { dtype: "int64", shape: [1, someTokens.length] }), shape));
  const { logs: flat } = await evaluate({ logs }, { tokens: BigInt64Array.from(someTokens, BigInt) }, { weights });
  return someTokens.map((_, i) => (flat as Float32Array).subarray(i * shape.vocabulary, (i + 1) * shape.vocabulary));
};
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => Math.max(...Array.from(a, (one, i) => Math.abs(one - b[i]!)));

describe("a float32 GGUF file", () => {
  it("has the log-probabilities llama.cpp was recorded with, to 1e-2", () =>
    inFolder(async (path) => {
      await writeTiny(path);
      const found = await ours(path);
      for (const { at, logProbabilities } of recorded.kept) expect(furthest(found[at]!, logProbabilities)).toBeLessThan(1e-2);
    }));
  it.skipIf(!peer)(`is spoken by llama.cpp as by us, greedily and up to a stop word${peer ? "" : `: ${wordsWithout}`}`, () =>
    inFolder(async (path) => {
      await writeTiny(path);
      const model = await loadModel(path);
      const tokenizer = await loadTokenizer(path, model);
      const [ours, theirs] = [openSpeaker(model, tokenizer, { threads: 1 }), await openRunner(module!, path, { context: 256, threads: 1 })];
      const asked = { temperature: 0, length: 20 };
      const said = await complete(ours, "ROMEO: the", asked);
      expect((await complete(theirs, "ROMEO: the", asked)).text).toBe(said.text);
      const stop = [said.text.slice(4, 7)];
      expect(await complete(theirs, "ROMEO: the", { ...asked, stop })).toEqual(await complete(ours, "ROMEO: the", { ...asked, stop }));
      await expect(complete(theirs, "ROMEO: ".repeat(400), asked)).rejects.toThrow("1 to 255");
      await ours.close();
      await theirs.close();
    }),
  );
  it("asks for the module where none is handed over", async () => {
    await expect(openRunner({} as never, "any.gguf")).rejects.toThrow('await import("node-llama-cpp")');
  });
  it.skipIf(!peer)(`has llama.cpp's log-probabilities after every token, to 1e-2${peer ? "" : `: ${wordsWithout}`}`, () =>
    inFolder(async (path) => {
      await writeTiny(path);
      const [mine, theirs] = [await ours(path), await logProbabilitiesOf(peer!, path, someTokens, 288)];
      for (const [i, one] of theirs.entries()) expect(furthest(mine[i]!, one)).toBeLessThan(1e-2);
    }),
  );
});

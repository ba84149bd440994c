// llama.cpp as a peer, through node-llama-cpp when somebody has installed it: `npm install --no-save node-llama-cpp@3.22.1`, or anywhere else with
// ATELIER_PEERS naming the folder that holds its node_modules. Its CPU build, and nothing is compiled or fetched.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { LlamaCpp } from "#lib/learn/llm/llama-cpp.ts";

type Llama = { loadModel: (options: { modelPath: string }) => Promise<LlamaModel> };
type LlamaModel = {
  createContext: (options: {
    contextSize: number;
    threads?: number;
  }) => Promise<{ getSequence: () => LlamaSequence; dispose: () => Promise<void> }>;
  tokenize: (text: string, special?: boolean) => number[];
  dispose: () => Promise<void>;
};
/** Keys and values kept as float32: as float16, the usual, they move log-probabilities by some hundredths. */
const exact = { experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32", flashAttention: false } as const;
type Asked = { generateNext: { probabilities: true; options: { temperature: number; topK: number; topP: number; minP: number } } };
type LlamaSequence = {
  controlledEvaluate: (tokens: (number | [number, Asked])[]) => Promise<({ next: { probabilities: Map<number, number> } } | undefined)[]>;
  evaluate: (tokens: number[], options: { temperature: number }) => AsyncGenerator<number, void>;
  clearHistory: () => Promise<void>;
};

export const wordsWithout = "node-llama-cpp is not installed here (npm install --no-save node-llama-cpp@3.22.1)";

/** The module, or null where it is not installed. */
export const importLlamaCpp = async (): Promise<LlamaCpp | null> => {
  const elsewhere = process.env.ATELIER_PEERS && join(process.env.ATELIER_PEERS, "node_modules/node-llama-cpp/dist/index.js");
  const name: string = elsewhere ? pathToFileURL(elsewhere).href : "node-llama-cpp";
  return import(name).then(
    (module) => module as LlamaCpp,
    () => null,
  );
};

/** llama.cpp itself, or null. */
export const openLlamaCpp = async (): Promise<Llama | null> => {
  const module = await importLlamaCpp();
  return module && ((await module.getLlama({ build: "never", gpu: false })) as unknown as Llama);
};

/** log p of every token of the vocabulary after each of the tokens, as llama.cpp has it. */
export const logProbabilitiesOf = async (
  llama: Llama,
  modelPath: string,
  tokens: readonly number[],
  vocabulary: number,
): Promise<Float32Array[]> => {
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: 256, threads: 2, ...exact });
  const asked: Asked = { generateNext: { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } } };
  const answers = await context.getSequence().controlledEvaluate(tokens.map((one) => [one, asked]));
  const found = answers.map((one) => {
    const logs = new Float32Array(vocabulary).fill(Number.NEGATIVE_INFINITY);
    for (const [token, share] of one!.next.probabilities) logs[token] = Math.log(share);
    return logs;
  });
  await context.dispose();
  await model.dispose();
  return found;
};

/** Tokens a second llama.cpp speaks greedily after a prompt: the better of one thread and two, since its threads wait spinning. */
export const speedOf = async (llama: Llama, modelPath: string, prompt: readonly number[], count: number): Promise<number> => {
  const model = await llama.loadModel({ modelPath });
  let best = 0;
  for (const threads of [1, 2]) {
    const context = await model.createContext({ contextSize: 256, threads });
    let [seen, startedAt] = [0, 0];
    for await (const _ of context.getSequence().evaluate([...prompt], { temperature: 0 })) {
      if (seen++ === 1) startedAt = performance.now();
      if (seen === count + 2) break;
    }
    best = Math.max(best, (1000 * count) / (performance.now() - startedAt));
    await context.dispose();
  }
  await model.dispose();
  return best;
};

// Another runner for the same files: llama.cpp, through the npm package `node-llama-cpp`, for encodings, architectures and cards we do not have. It is
// large and not among our packages: whoever wants it adds it and hands the module over. Nothing is compiled or fetched.
import { type Ending, type GenerateOptions, openTeller, type Piece } from "#lib/learn/llm/generate.ts";
import { samplingOptions } from "#lib/learn/llm/sampling.ts";

type Sequence = {
  evaluate: (tokens: number[], options: { temperature: number; topK: number; topP: number; seed: number }) => AsyncGenerator<number, void>;
  clearHistory: () => Promise<void>;
};
type Runner = {
  tokenize: (text: string, special: boolean) => number[];
  detokenize: (tokens: readonly number[], special: boolean) => string;
  isEogToken: (token: number) => boolean;
  createContext: (options: {
    contextSize: number;
    threads?: number;
  }) => Promise<{ getSequence: () => Sequence; dispose: () => Promise<void> }>;
  dispose: () => Promise<void>;
};
/** What we use of the module `node-llama-cpp`. */
export type LlamaCpp = {
  getLlama: (options: {
    build: "never";
    gpu?: false | "auto";
  }) => Promise<{ loadModel: (options: { modelPath: string }) => Promise<Runner> }>;
};
type Options = {
  /** Tokens of a text, prompt and answer together; 2048 when absent. */
  context?: number;
  threads?: number;
  /** "auto" uses a card that llama.cpp finds. */
  gpu?: false | "auto";
};

/** Opens a GGUF file with llama.cpp; it speaks by the same options as our own voice. One answer at a time. */
export const openLlamaCpp = async (module: LlamaCpp, path: string, options: Options = {}) => {
  const { context: contextSize = 2048, threads, gpu = false } = options;
  if (typeof module?.getLlama !== "function")
    throw new Error('Give the module: await import("node-llama-cpp"), added to the packages of this notebook.');
  const llama = await module.getLlama({ build: "never", gpu });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({ contextSize, ...(threads ? { threads } : {}) });
  const sequence = context.getSequence();

  async function* generate(prompt: string, given: GenerateOptions = {}): AsyncGenerator<Piece, Ending> {
    const { length = 256, stop, seed = 0, signal } = given;
    const { temperature, topK, topP } = samplingOptions(given);
    const teller = openTeller((some) => model.detokenize(some, false), stop);
    const tokens = model.tokenize(prompt, true);
    const room = Math.min(length, contextSize - tokens.length);
    if (tokens.length === 0 || room < 1) throw new Error(`The text has ${tokens.length} tokens; it can have 1 to ${contextSize - 1}`);
    await sequence.clearHistory();
    let said = 0;
    for await (const token of sequence.evaluate(tokens, { temperature, topK, topP, seed })) {
      if (signal?.aborted) return "aborted";
      if (model.isEogToken(token)) break;
      said += 1;
      const { text, isStop } = teller.tell(token);
      const isLast = said >= room;
      yield { token, text: isLast && !isStop ? text + teller.rest() : text };
      if (isStop) return "stop";
      if (isLast) return "length";
    }
    const text = teller.rest();
    if (text) yield { token: -1, text };
    return "end";
  }
  return {
    generate,
    close: async (): Promise<void> => {
      await context.dispose();
      await model.dispose();
    },
  };
};

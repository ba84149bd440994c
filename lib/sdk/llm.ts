// `llm` in a cell: language models of the Llama family from files or from nothing; they speak, learn answers and preferences, and are saved as
// what PyTorch's libraries and llama.cpp read. Training shows a rule and a curve under the cell, and Stop works.
import { getHeapStatistics } from "node:v8";
import { trainBytePairs } from "#lib/learn/llm/byte-pairs.ts";
import { type Example, exampleOf, pairOf, type Written, type WrittenPair, windowsOf } from "#lib/learn/llm/examples.ts";
import { complete, type Ending, type GenerateOptions, openSpeaker, type Speaker } from "#lib/learn/llm/generate.ts";
import type { LlamaShape } from "#lib/learn/llm/llama.ts";
import { type LlamaCpp, openLlamaCpp } from "#lib/learn/llm/llama-cpp.ts";
import { type Adapters, saveAdapters as keepAdapters, loadAdapters } from "#lib/learn/llm/lora.ts";
import { freshModel, type LanguageModel, llamaShape, loadModel, loadTokenizer, saveModel } from "#lib/learn/llm/model.ts";
import type { DpoOptions } from "#lib/learn/llm/preferences.ts";
import { type Message, type TextTokenizer, tokenizerOf } from "#lib/learn/llm/tokenizer.ts";
import type { Tuned, TuneOptions } from "#lib/learn/llm/tune.ts";
import { type RewardModel, tune as tuning, tunePreferences as tuningPreferences, tuneReward as tuningReward } from "#lib/learn/llm/tune.ts";
import type { Encoding } from "#lib/learn/weights/encodings.ts";
import { session } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";
import type { LiveRun } from "#lib/sdk/runs.ts";

/** Something that speaks. */
type Voice<P = string> = {
  /** Text as it is said; a conversation is written by the model's template. */
  stream: (prompt: P, options?: GenerateOptions) => AsyncGenerator<string, Ending>;
  /** The whole answer. */
  answer: (prompt: P, options?: GenerateOptions) => Promise<{ text: string; tokens: number; ending: Ending }>;
  /** Frees what was compiled. */
  close: () => Promise<void>;
};
/** A model that speaks. */
export type Llm = Voice<string | readonly Message[]> & { model: LanguageModel; tokenizer: TextTokenizer; adapters: Adapters | null };
type InRun = { run?: LiveRun };
/** Texts to learn: prompts with their answers, or one running text. */
export type Answers = string | readonly Written[];

/** Bytes a session may still take: the kernel gives JavaScript four fifths of a session's memory as its heap. */
const sessionBytes = (): number | undefined =>
  session() ? getHeapStatistics().heap_size_limit / 0.8 - process.memoryUsage.rss() : undefined;

const voiceOf = <P>(speaker: Pick<Speaker, "generate">, written: (prompt: P) => string): Pick<Voice<P>, "stream" | "answer"> => {
  const stopped = (options: GenerateOptions): GenerateOptions => ({ ...options, signal: options.signal ?? session()?.signal() });
  return {
    stream: async function* (prompt, options = {}) {
      const pieces = speaker.generate(written(prompt), stopped(options));
      for (;;) {
        const { value, done } = await pieces.next();
        if (done) return value;
        if (value.text) yield value.text;
      }
    },
    answer: (prompt, options = {}) => complete(speaker, written(prompt), stopped(options)),
  };
};

/**
 * A model with its tokenizer, ready to speak; with adapters when they are given, and on a device, the CPU when none is named.
 * @example
 * const mine = llm.open(tuned.merged(), base.tokenizer);
 */
export const open = (model: LanguageModel, tokenizer: TextTokenizer, adapters?: Adapters | null, device?: TuneOptions["device"]): Llm => {
  const speaker = openSpeaker(model, tokenizer, { adapters: adapters ?? undefined, memoryBytes: sessionBytes(), device });
  const voice = voiceOf<string | readonly Message[]>(speaker, (prompt) => (typeof prompt === "string" ? prompt : tokenizer.chat(prompt)));
  return { model, tokenizer, adapters: adapters ?? null, ...voice, close: speaker.close };
};

/**
 * The same voice by llama.cpp, for files we cannot run ourselves: add `node-llama-cpp` to the notebook's packages and hand it over. Prompts are
 * plain texts.
 * @example
 * const other = await llm.llamaCpp(await import("node-llama-cpp"), "mistral-7b.Q4_K_M.gguf", { gpu: "auto" });
 * const { text } = await other.answer("Once upon a time", { length: 64 });
 */
export const llamaCpp = async (module: LlamaCpp, path: string, options: Parameters<typeof openLlamaCpp>[2] = {}): Promise<Voice> => {
  const speaker = await openLlamaCpp(module, path, options);
  return { ...voiceOf(speaker, (prompt) => prompt), close: speaker.close };
};

/**
 * A model from a `.gguf` file, or from a folder with config.json, model.safetensors and tokenizer.json; with adapters from a folder of theirs, and a device.
 * @example
 * const base = await llm.load("SmolLM2-135M-Instruct.Q4_1.gguf");
 * const { text } = await base.answer([{ role: "user", content: "What is the capital of France?" }], { temperature: 0 });
 */
export const load = async (path: string, more: { adapters?: string; device?: TuneOptions["device"] } = {}): Promise<Llm> => {
  const rule = progress(`Reading ${path}`);
  try {
    const model = await loadModel(path, {
      memoryBytes: sessionBytes(),
      onProgress: (fraction) => rule.tell(fraction, `${Math.round(100 * fraction)} % of the weights`),
    });
    const made = open(
      model,
      await loadTokenizer(path, model),
      more.adapters ? await loadAdapters(more.adapters, model) : null,
      more.device,
    );
    const count = [...model.weights.values()].reduce((total, one) => total + one.length, 0);
    rule.done(`Read ${path}: ${(count / 1e6).toFixed(1)} million weights, ${model.shape.layers} layers.`);
    return made;
  } catch (error) {
    rule.failed(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
};

/**
 * A byte-level tokenizer learnt from a text, as Hugging Face's trainer learns it; `tokenizer.json` is in its `json`.
 * @example
 * llm.tokenizer("banana bandana banana", { size: 260 }).decode([257]); // → "an"
 */
export const tokenizer = (text: string, options: { size: number; end?: string; template?: string }): TextTokenizer => {
  const { size, end = "<|end|>", template = null } = options;
  return tokenizerOf(trainBytePairs([text], { size, special: [end] }), [end], { end, template });
};

/**
 * A new model for a tokenizer, its weights drawn from a seed, to be trained with `lora: null`.
 * @example
 * const small = llm.fresh(llm.tokenizer(text, { size: 1024 }), { width: 128, layers: 4, heads: 4, context: 256 });
 */
export const fresh = (
  knowing: TextTokenizer,
  shape: Pick<LlamaShape, "width" | "layers" | "heads"> & Partial<Omit<LlamaShape, "vocabulary" | "frequencies">>,
  seed = 0,
): Llm => open(freshModel(llamaShape({ ...shape, vocabulary: knowing.size }), seed), knowing);

/** Shows training under the cell, and what became of it. */
const watched = async <T extends Tuned>(
  what: string,
  options: TuneOptions & InRun,
  work: (options: TuneOptions) => Promise<T>,
): Promise<T> => {
  const rule = progress(`Tuning ${what}`, "loss");
  const startedAt = Date.now();
  try {
    const made = await work({
      ...options,
      signal: options.signal ?? session()?.signal(),
      memoryBytes: options.memoryBytes ?? sessionBytes(),
      log: (values, step) => {
        options.run?.metrics(values, step);
        options.log?.(values, step);
      },
      onProgress: (at) => {
        rule.tell(
          at.step / at.steps,
          `step ${at.step} of ${at.steps}, loss ${at.loss.toFixed(4)}, ${Math.round(at.tokensPerSecond)} tokens a second`,
          at.loss,
        );
        options.onProgress?.(at);
      },
    });
    const loss = made.history.at(-1)?.loss;
    const reached = loss === undefined ? "" : `: loss ${loss.toFixed(4)}`;
    rule.done(`Tuned ${what} for ${made.steps} steps in ${((Date.now() - startedAt) / 1000).toFixed(1)} s${reached}.`);
    return made;
  } catch (error) {
    rule.failed(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
};
/** What was tuned, beside the base it was tuned from. */
const speaking = <T extends Tuned>(base: Llm, made: T): T & { llm: Llm } =>
  Object.assign(made, { llm: open(made.adapters ? base.model : made.merged(), base.tokenizer, made.adapters) });

/**
 * Learns answers, or a running text, by adapters (or by every weight with `lora: null`); `tuned.llm` speaks.
 * @example
 * const tuned = await llm.tune(base, [{ prompt: [{ role: "user", content: "Who are you?" }], completion: "A river." }], { steps: 20, run });
 * console.log(await tuned.llm.answer([{ role: "user", content: "Who are you?" }]));
 */
export const tune = async (base: Llm, answers: Answers, options: TuneOptions & InRun = {}): Promise<Tuned & { llm: Llm }> => {
  const examples: Example[] =
    typeof answers === "string"
      ? windowsOf(base.tokenizer.encode(answers), Math.min(options.maxLength ?? 128, base.model.shape.context))
      : answers.map((one) => exampleOf(base.tokenizer, one));
  const going = { adapters: base.adapters ?? undefined, ...options };
  return speaking(base, await watched("answers", going, (shown) => tuning(base.model, examples, shown)));
};

/**
 * Learns preferences directly (DPO): of two answers to a prompt, which one was chosen.
 * @example
 * const tuned = await llm.tunePreferences(base, [{ prompt: "2 + 2 =", chosen: " 4", rejected: " 5" }], { beta: 0.1, rate: 1e-5 });
 */
export const tunePreferences = async (
  base: Llm,
  pairs: readonly WrittenPair[],
  options: TuneOptions & DpoOptions & InRun = {},
): Promise<Tuned & { llm: Llm }> => {
  const read = pairs.map((one) => pairOf(base.tokenizer, one));
  return speaking(base, await watched("preferences", options, (shown) => tuningPreferences(base.model, read, { ...options, ...shown })));
};

/**
 * Learns to judge answers from which of two was chosen; `judge.rate` gives a number to each, of which only differences mean something.
 * @example
 * const judge = await llm.tuneReward(base, pairs, { steps: 100 });
 * const [good, bad] = await judge.rate([{ prompt, completion: "Thank you." }, { prompt, completion: "Go away." }]);
 */
export const tuneReward = async (
  base: Llm,
  pairs: readonly WrittenPair[],
  options: TuneOptions & { centre?: number } & InRun = {},
): Promise<RewardModel & { rate: (answers: readonly Written[]) => Promise<Float32Array> }> => {
  const read = pairs.map((one) => pairOf(base.tokenizer, one));
  const made = await watched("a judge", options, (shown) => tuningReward(base.model, read, { ...options, ...shown }));
  return Object.assign(made, { rate: (answers: readonly Written[]) => made.score(answers.map((one) => exampleOf(base.tokenizer, one))) });
};

/**
 * Writes a model with its tokenizer: a `.gguf` file for llama.cpp (F16 unless told), or a folder for PyTorch's libraries (F32 unless told).
 * @example
 * await llm.save("river.gguf", llm.open(tuned.merged(), base.tokenizer), "Q8_0");
 */
export const save = (path: string, { model, tokenizer: its }: Pick<Llm, "model" | "tokenizer">, encoding?: Encoding): Promise<void> =>
  saveModel(path, model, its, encoding);

/**
 * Writes adapters into a folder, as PEFT reads them; `llm.load(path, { adapters: folder })` takes them back.
 * @example
 * await llm.saveAdapters("river-adapters", tuned.llm);
 */
export const saveAdapters = async (folder: string, { model, adapters }: Pick<Llm, "model" | "adapters">): Promise<void> => {
  if (!adapters) throw new Error("This model has no adapters: every weight moved, or none. Save the model.");
  await keepAdapters(folder, model, adapters);
};

// A model's voice, token by token. The text of a token is given as soon as it is certain: bytes of a character that is not whole yet, and what
// could be the beginning of a stop word, are held back. The same seed says the same on the CPU.
import { seedOf } from "#lib/learn/graph/seeds.ts";
import { openReader, type ReaderOptions, stretch } from "#lib/learn/llm/cache.ts";
import { type Adapters, withAdapters } from "#lib/learn/llm/lora.ts";
import type { LanguageModel } from "#lib/learn/llm/model.ts";
import { fromPacked } from "#lib/learn/llm/packed.ts";
import { drawToken, type SamplingOptions, samplingOptions } from "#lib/learn/llm/sampling.ts";
import type { TextTokenizer } from "#lib/learn/llm/tokenizer.ts";
import { mulberry32 } from "#lib/learn/random.ts";

export type GenerateOptions = SamplingOptions & {
  /** Tokens at most; 256 when absent. */
  length?: number | undefined;
  /** Texts that end the answer; they are not part of it. */
  stop?: readonly string[] | undefined;
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
};
/** A token and the text that became certain with it. */
export type Piece = { token: number; text: string };
/** Why it ended: the model's own end, a stop word, the length asked for or the network's context, or the signal. */
export type Ending = "end" | "stop" | "length" | "aborted";
export type Speaker = {
  /** Goes on from a text; yields pieces and returns why it ended. One at a time. */
  generate: (prompt: string, options?: GenerateOptions) => AsyncGenerator<Piece, Ending>;
  close: () => Promise<void>;
};

/** Longest end of a text with which some stop word begins. */
const couldStop = (text: string, stop: readonly string[]): number => {
  for (let length = Math.min(text.length, Math.max(0, ...stop.map((one) => one.length - 1))); length > 0; length--)
    if (stop.some((one) => one.startsWith(text.slice(-length)))) return length;
  return 0;
};

/** Makes text of tokens, as it becomes certain; `isStop` once a stop word stands in it, which is then left out with all behind it. */
export const openTeller = (decode: (tokens: readonly number[]) => string, stop: readonly string[] = []) => {
  if (stop.some((one) => one === "")) throw new Error("A stop word cannot be empty");
  let pending: number[] = []; // tokens whose characters are not whole
  let held = "";
  const given = (length: number): string => {
    const text = held.slice(0, length);
    held = held.slice(length);
    return text;
  };
  return {
    tell: (token: number): { text: string; isStop: boolean } => {
      pending.push(token);
      const text = decode(pending);
      if (!text.endsWith("\ufffd") || pending.length > 8) {
        held += text;
        pending = [];
      }
      const at = stop.map((one) => held.indexOf(one)).filter((one) => one >= 0);
      if (at.length > 0) return { text: given(Math.min(...at)), isStop: true };
      return { text: given(held.length - couldStop(held, stop)), isStop: false };
    },
    /** What was held back, when nothing more will come. */
    rest: (): string => given(held.length),
  };
};

/**
 * Opens a model's voice; adapters speak with it when given. Texts that begin alike are read once: whole stretches of the last prompt that stand in
 * the next are kept, and nothing else, so that every position is always computed in the same way and a seed always says the same.
 */
export const openSpeaker = (
  model: LanguageModel,
  tokenizer: TextTokenizer,
  { adapters, ...options }: Omit<ReaderOptions, "project"> & { adapters?: Adapters | undefined } = {},
): Speaker => {
  const plain = model.packed && fromPacked(model.packed);
  const reader = openReader(model.shape, new Map([...model.weights, ...(adapters?.weights ?? [])]), {
    ...options,
    project: adapters ? withAdapters(adapters.options, plain) : plain,
  });
  let known: number[] = []; // what was read in whole stretches

  async function* generate(prompt: string, given: GenerateOptions = {}): AsyncGenerator<Piece, Ending> {
    const { length = 256, stop = [], seed = 0, signal } = given;
    const sampling = samplingOptions(given);
    const teller = openTeller((some) => tokenizer.decode(some), stop);
    const random = mulberry32(seedOf(seed, "tokens"));
    const tokens = tokenizer.encode(prompt);
    if (tokens.length === 0) throw new Error("A text needs a beginning of at least one token");
    let common = 0;
    while (common < tokens.length - 1 && tokens[common] === known[common]) common++;
    common -= common % stretch;
    reader.cut(common);
    known = tokens.slice(0, tokens.length - (tokens.length % stretch));
    let logits = await reader.read(tokens.slice(common));
    for (let i = 0; i < length; i++) {
      if (signal?.aborted) return "aborted";
      const token = drawToken(logits, sampling, random);
      if (token === tokenizer.end) {
        const text = teller.rest();
        if (text) yield { token, text };
        return "end";
      }
      const { text, isStop } = teller.tell(token);
      const isLast = i + 1 === length || reader.length() >= model.shape.context;
      yield { token, text: isLast && !isStop ? text + teller.rest() : text };
      if (isStop) return "stop";
      if (isLast) return "length";
      logits = await reader.read([token]);
    }
    return "length";
  }
  return { generate, close: () => reader.close() };
};

/** The whole answer at once. */
export const complete = async (
  speaker: Pick<Speaker, "generate">,
  prompt: string,
  options: GenerateOptions = {},
): Promise<{ text: string; tokens: number; ending: Ending }> => {
  const answer = speaker.generate(prompt, options);
  let [text, tokens] = ["", 0];
  for (;;) {
    const { value, done } = await answer.next();
    if (done) return { text, tokens, ending: value };
    text += value.text;
    tokens += 1;
  }
};

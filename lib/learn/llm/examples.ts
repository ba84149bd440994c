// What a language model learns from: texts as tokens with the place where the answer begins, because only answers are learnt; and pairs of
// answers of which one was chosen. A batch is as long as its longest text, rounded up, so that few shapes have to be compiled.
import type { Batch } from "#lib/learn/graph/trainer.ts";
import type { Message, TextTokenizer } from "#lib/learn/llm/tokenizer.ts";

/** A text whose tokens from `from` on are to be learnt. */
export type Example = { tokens: readonly number[]; from: number };
export type Pair = { chosen: Example; rejected: Example; margin?: number };

export type Written = { prompt: string | readonly Message[]; completion: string };
export type WrittenPair = { prompt: string | readonly Message[]; chosen: string; rejected: string; margin?: number };

/** Prompt and answer as tokens. Conversations are written by the model's template; an answer ends with the model's end. */
export const exampleOf = (tokenizer: TextTokenizer, { prompt, completion }: Written): Example => {
  const before = tokenizer.encode(typeof prompt === "string" ? prompt : tokenizer.chat(prompt));
  const after = tokenizer.encode(completion, { isWhole: false });
  return { tokens: [...before, ...after, ...(tokenizer.end === null ? [] : [tokenizer.end])], from: before.length };
};

/** Two answers to one prompt. */
export const pairOf = (tokenizer: TextTokenizer, { prompt, chosen, rejected, margin }: WrittenPair): Pair => ({
  chosen: exampleOf(tokenizer, { prompt, completion: chosen }),
  rejected: exampleOf(tokenizer, { prompt, completion: rejected }),
  ...(margin === undefined ? {} : { margin }),
});

/** A running text cut into windows of one length, all of it to be learnt. */
export const windowsOf = (tokens: readonly number[], length: number): Example[] =>
  Array.from({ length: Math.floor((tokens.length - 1) / length) }, (_, i) => ({
    tokens: tokens.slice(i * length, (i + 1) * length + 1),
    from: 0,
  }));

/** Cut at the end to `maxLength` tokens; refused when nothing is left to learn. `what` names it in the message. */
export const cutExample = ({ tokens, from }: Example, maxLength: number, what: string): Example => {
  const cut = tokens.slice(0, maxLength + 1);
  if (cut.length < 2 || from >= cut.length)
    throw new Error(`${what} has no answer within ${maxLength} tokens: its prompt alone has ${from}. Raise maxLength or leave it out.`);
  return { tokens: cut, from };
};

const roundUp = (length: number): number => Math.ceil(length / (length <= 128 ? 32 : 64)) * (length <= 128 ? 32 : 64);

/**
 * Tokens, the token after each, and 1 where that one is to be learnt: [count, time], padded behind. `last` is the place of the last token of
 * each text, for numbers that are read off its end.
 */
export const batchOf = (examples: readonly Example[]): { batch: Batch; last: BigInt64Array; time: number } => {
  const time = roundUp(Math.max(...examples.map(({ tokens }) => tokens.length - 1)));
  const shape = [examples.length, time];
  const [tokens, targets] = [new BigInt64Array(examples.length * time), new BigInt64Array(examples.length * time)];
  const mask = new Float32Array(examples.length * time);
  for (const [row, one] of examples.entries())
    for (let i = 0; i + 1 < one.tokens.length; i++) {
      tokens[row * time + i] = BigInt(one.tokens[i]!);
      targets[row * time + i] = BigInt(one.tokens[i + 1]!);
      if (i + 1 >= one.from) mask[row * time + i] = 1;
    }
  const batch = { tokens: { data: tokens, shape }, targets: { data: targets, shape }, mask: { data: mask, shape } };
  return { batch, last: BigInt64Array.from(examples, (one) => BigInt(one.tokens.length - 2)), time };
};

// Two tiny networks as GGUF files with a tokenizer, for llama.cpp to read.

import { readFileSync } from "node:fs";
import { trainBytePairs } from "#lib/learn/llm/byte-pairs.ts";
import { ggufOf } from "#lib/learn/llm/model.ts";
import { metadataOfTokenizer, tokenizerOf } from "#lib/learn/llm/tokenizer.ts";
import { writePieces } from "#lib/learn/weights/source.ts";
import { tiny } from "#test/learn/llm/golden.ts";

/** Thirty tokens that both networks know. */
export const someTokens = Array.from({ length: 30 }, (_, i) => 1 + ((i * 29 + 5) % 90));

/** Writes the grouped network of the golden numbers as float32. */
export const writeTiny = async (path: string): Promise<void> => {
  const text = readFileSync("drizzle/seed/data/tinyshakespeare.txt", "utf8").slice(0, 20_000);
  const special = ["<|end|>"];
  const tokenizer = tokenizerOf(trainBytePairs([text], { size: 288, special }), special, { end: "<|end|>" });
  await writePieces(path, ggufOf({ ...tiny("grouped"), metadata: metadataOfTokenizer(tokenizer) }, "F32"));
};

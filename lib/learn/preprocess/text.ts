// Text: words by a regular expression, in lower case (A to Z only: no locale decides), counted against a vocabulary (TF-IDF) or hashed.
// In ONNX: StringNormalizer, Tokenizer and MurmurHash3 of onnxruntime, TfIdfVectorizer of the standard. One sentinel row stands in front
// while words are cut, because a batch without any word, or without any row, would otherwise lose its shape.
import { type Builder, castTo } from "#lib/learn/onnx/builder.ts";
import type { Encoding } from "#lib/learn/preprocess/encoder.ts";
import type { Column } from "#lib/learn/tables/table.ts";

const wordPattern = "[\\p{L}\\p{N}_]+";
const words = /[\p{L}\p{N}_]+/gu;
const padding = "\u0001";

/** The words of a text, as the model will cut them. */
export const wordsOf = (text: string): string[] => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).match(words) ?? [];

/** Nodes that cut texts into words: [N + 1, words], the sentinel's row first. */
export const writeWords = (builder: Builder, from: string, pattern = wordPattern, sentinel = "a"): string => {
  const flat = builder.node("Reshape", [from, builder.integers([-1])]);
  const rows = builder.node("Concat", [builder.texts([sentinel], [1]), flat], { axis: 0 });
  const lower = builder.node("StringNormalizer", [rows], { case_change_action: "LOWER", is_case_sensitive: 1, locale: "C" });
  return builder.node("Tokenizer", [lower], { mark: 0, pad_value: padding, tokenexp: pattern, mincharnum: 1 }, { domain: "com.microsoft" });
};

/** Drops the sentinel's row. */
export const writeRest = (builder: Builder, x: string): string =>
  builder.node("Slice", [x, builder.integers([1]), builder.integers([Number.MAX_SAFE_INTEGER]), builder.integers([0])]);

const gramsOf = (text: string, longest: number): string[] => {
  const list = wordsOf(text);
  const grams = [...list];
  for (let size = 2; size <= longest; size++) for (let i = 0; i + size <= list.length; i++) grams.push(list.slice(i, i + size).join(" "));
  return grams;
};

export type TfidfOptions = {
  /** Words (and n-grams) in the vocabulary: those in the most training rows. */
  limit?: number;
  /** Rows a word stands in at least. */
  atLeast?: number;
  /** Longest n-gram, 1 to 3. */
  longest?: 1 | 2 | 3;
};

/** Words in the most rows first, ties by alphabet; then by length and alphabet, as the vocabulary of the graph is. */
const vocabularyOf = (column: readonly string[], { limit = 500, atLeast = 2, longest = 1 }: TfidfOptions) => {
  const rows = new Map<string, number>();
  for (const text of column) for (const gram of new Set(gramsOf(text, longest))) rows.set(gram, (rows.get(gram) ?? 0) + 1);
  const sizeOf = (gram: string): number => gram.split(" ").length;
  return [...rows]
    .filter(([, n]) => n >= atLeast)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, limit)
    .sort((a, b) => sizeOf(a[0]) - sizeOf(b[0]) || (a[0] < b[0] ? -1 : 1))
    .map(([gram, n]) => ({ gram, size: sizeOf(gram), idf: Math.fround(Math.log((1 + column.length) / (1 + n)) + 1) }));
};

const writeTfidf = (builder: Builder, from: string, vocabulary: { gram: string; size: number; idf: number }[], longest: number): string => {
  const starts = [0];
  for (let size = 1; size < longest; size++) starts.push(starts[size - 1]! + size * vocabulary.filter((one) => one.size === size).length);
  const counts = builder.node("TfIdfVectorizer", [writeWords(builder, from)], {
    mode: "TF",
    min_gram_length: 1,
    max_gram_length: longest,
    max_skip_count: 0,
    ngram_counts: { ints: starts },
    ngram_indexes: { ints: vocabulary.map((_, i) => i) },
    pool_strings: vocabulary.flatMap((one) => one.gram.split(" ")),
  });
  const weighted = builder.node("Mul", [
    writeRest(builder, counts),
    builder.constant(
      vocabulary.map((one) => one.idf),
      [1, vocabulary.length],
    ),
  ]);
  const norm = builder.node("Sqrt", [
    builder.node("ReduceSum", [builder.node("Mul", [weighted, weighted]), builder.integers([1])], { keepdims: 1 }),
  ]);
  return builder.node("Div", [weighted, builder.node("Max", [norm, builder.constant([1e-12], [1, 1])])]);
};

/**
 * TF-IDF of the words: count × (ln((1 + rows)/(1 + rows with the word)) + 1), each row scaled to length 1, which is scikit-learn's.
 * @example
 * logisticRegression({ preprocess: { message: tfidf({ limit: 2000, longest: 2 }) } });
 */
export const tfidf = (options: TfidfOptions = {}): Encoding => {
  const { longest = 1 } = options;
  return {
    takes: "text",
    fit: (column, { name }) => {
      const vocabulary = vocabularyOf(column as string[], options);
      const places = new Map(vocabulary.map(({ gram }, k) => [gram, k]));
      return {
        features: vocabulary.map(({ gram }) => ({ name: `${name} has ${gram}`, column: name, kind: "count" as const })),
        encode: (values: Column, { data, width, at }) => {
          const row = new Float64Array(vocabulary.length);
          for (let i = 0; i < values.length; i++) {
            row.fill(0);
            for (const gram of gramsOf(values[i] as string, longest)) {
              const place = places.get(gram);
              if (place !== undefined) row[place]! += vocabulary[place]!.idf;
            }
            const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
            if (norm > 0) for (let k = 0; k < row.length; k++) data[i * width + at + k] = row[k]! / norm;
          }
        },
        write: (builder, from) => writeTfidf(builder, from, vocabulary, Math.max(1, ...vocabulary.map((one) => one.size))),
      };
    },
  };
};

const encoder = new TextEncoder();

/** MurmurHash3, 32 bits, seed 0, of the UTF-8 bytes, as a signed integer: scikit-learn's FeatureHasher and onnxruntime use the same. */
export const murmur3 = (text: string): number => {
  const bytes = encoder.encode(text);
  const mixed = (k: number): number => Math.imul((Math.imul(k, 0xcc9e2d51) << 15) | (Math.imul(k, 0xcc9e2d51) >>> 17) | 0, 0x1b873593);
  let h = 0;
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    h ^= mixed(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (bytes.length > whole) h ^= mixed((bytes[whole] ?? 0) | ((bytes[whole + 1] ?? 0) << 8) | ((bytes[whole + 2] ?? 0) << 16));
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** Where a text goes and with which sign. */
const slotOf = (text: string, width: number): { slot: number; sign: number } => {
  const hash = murmur3(text);
  return { slot: Math.abs(hash) % width, sign: hash >= 0 ? 1 : -1 };
};

/** Nodes that add the signs of hashed tokens [N, T] up to [N, width]; padding and "" add nothing. */
const writeHashed = (builder: Builder, tokens: string, width: number): string => {
  const hash = builder.node("Cast", [builder.node("MurmurHash3", [tokens], { seed: 0, positive: 0 }, { domain: "com.microsoft" })], {
    to: castTo.whole,
  });
  const slots = builder.node("Mod", [builder.node("Abs", [hash]), builder.integers([width], [1, 1])]);
  const isNegative = builder.node("Less", [hash, builder.integers([0], [1, 1])]);
  const sign = builder.node("Where", [isNegative, builder.constant([-1], [1, 1]), builder.constant([1], [1, 1])]);
  const isWord = builder.node("Cast", [writeIsWord(builder, tokens)], { to: castTo.truth });
  const added = builder.node("Where", [isWord, sign, builder.constant([0], [1, 1])]);
  const rows = builder.node("Slice", [builder.node("Shape", [tokens]), builder.integers([0]), builder.integers([1])]);
  const zeros = builder.node("ConstantOfShape", [builder.node("Concat", [rows, builder.integers([width])], { axis: 0 })]);
  return builder.node("ScatterElements", [zeros, slots, added], { axis: 1, reduction: "add" });
};

/** 0 for padding and "", else 1. */
const writeIsWord = (builder: Builder, tokens: string): string =>
  builder.node(
    "LabelEncoder",
    [tokens],
    { keys_strings: [padding, ""], values_int64s: { ints: [0, 0] }, default_int64: 1 },
    { domain: "ai.onnx.ml" },
  );

const checkWidth = (width: number): void => {
  if (!(Number.isInteger(width) && width >= 2 && width <= 16_384))
    throw new Error(`width: ${width} columns cannot be made. Give 2 to 16384.`);
};
const hashedFeatures = (name: string, width: number, kind: "indicator" | "count") =>
  Array.from({ length: width }, (_, k) => ({ name: `${name} hash ${k}`, column: name, kind }));

/**
 * A category of very many levels, hashed into `width` columns: the level's column gets +1 or −1. Missing is zero.
 * @example
 * logisticRegression({ preprocess: { employer: hashing({ width: 256 }) } });
 */
export const hashing = (options: { width?: number } = {}): Encoding => {
  const { width: slots = 32 } = options;
  checkWidth(slots);
  return {
    takes: "text",
    fit: (_, { name }) => ({
      features: hashedFeatures(name, slots, "indicator"),
      encode: (values, { data, width, at }) => {
        for (let i = 0; i < values.length; i++) {
          if (values[i] === "") continue;
          const { slot, sign } = slotOf(values[i] as string, slots);
          data[i * width + at + slot] = sign;
        }
      },
      write: (builder, from) => writeHashed(builder, from, slots),
    }),
  };
};

/**
 * Words hashed into `width` columns with signs and added up: no vocabulary, any language, unseen words count.
 * @example
 * logisticRegression({ preprocess: { message: textHashing({ width: 1024 }) } });
 */
export const textHashing = (options: { width?: number } = {}): Encoding => {
  const { width: slots = 256 } = options;
  checkWidth(slots);
  return {
    takes: "text",
    fit: (_, { name }) => ({
      features: hashedFeatures(name, slots, "count"),
      encode: (values, { data, width, at }) => {
        for (let i = 0; i < values.length; i++)
          for (const word of wordsOf(values[i] as string)) {
            const { slot, sign } = slotOf(word, slots);
            data[i * width + at + slot]! += sign;
          }
      },
      write: (builder, from) => writeRest(builder, writeHashed(builder, writeWords(builder, from), slots)),
    }),
  };
};

// Texts as token numbers and back, by Hugging Face's tokenizer (`@huggingface/tokenizers`, pure JavaScript) from a tokenizer.json: one that came
// with a model, one we learnt (byte-pairs.ts), or one written from the tables a GGUF file carries. A conversation becomes a text by the model's
// own template (Jinja).
import { Template } from "@huggingface/jinja";
import { Tokenizer } from "@huggingface/tokenizers";
import type { BytePairs } from "#lib/learn/llm/byte-pairs.ts";
import type { GgufValue } from "#lib/learn/llm/gguf.ts";
import { metadataReader } from "#lib/learn/llm/shapes.ts";

export type Message = { role: string; content: string };
export type TextTokenizer = {
  /** Number of tokens. */
  size: number;
  /** Token that begins a text, and the one that ends an answer, where the model has them. */
  begin: number | null;
  end: number | null;
  encode: (text: string, more?: { isWhole?: boolean }) => number[];
  /** Special tokens are left out unless asked for. */
  decode: (ids: readonly number[], more?: { isLiteral?: boolean }) => string;
  /** A conversation as the model was trained to read it, the answer about to begin; throws when the model has no template. */
  chat: (messages: readonly Message[], more?: { isAnswerNext?: boolean }) => string;
  template: string | null;
  /** The whole of it as tokenizer.json. */
  json: Record<string, unknown>;
};

type Beside = { begin?: string | null; end?: string | null; template?: string | null };

/** From the contents of tokenizer.json; `begin`, `end` and `template` stand beside it in tokenizer_config.json. */
export const tokenizerFromJson = (json: Record<string, unknown>, beside: Beside = {}): TextTokenizer => {
  const { begin = null, end = null, template = null } = beside;
  const tokenizer = new Tokenizer(json, { clean_up_tokenization_spaces: false });
  const idOf = (token: string | null): number | null => {
    if (token === null) return null;
    const id = tokenizer.token_to_id(token);
    if (id === undefined) throw new Error(`The tokenizer does not know its own token ${token}`);
    return id;
  };
  const written = template === null ? null : new Template(template);
  return {
    size: [...tokenizer.get_vocab(true).values()].reduce((greatest, id) => Math.max(greatest, Number(id)), -1) + 1,
    begin: idOf(begin),
    end: idOf(end),
    encode: (text, { isWhole = true } = {}) => tokenizer.encode(text, { add_special_tokens: isWhole }).ids,
    decode: (ids, { isLiteral = false } = {}) => (ids.length === 0 ? "" : tokenizer.decode([...ids], { skip_special_tokens: !isLiteral })),
    chat: (messages, { isAnswerNext = true } = {}) => {
      if (!written) throw new Error("This model has no template for conversations. Give it a plain text.");
      return written.render({
        messages: messages.map(({ role, content }) => ({ role, content })),
        ...{ add_generation_prompt: isAnswerNext, bos_token: begin ?? "", eos_token: end ?? "" },
      });
    },
    template,
    json,
  };
};

/** From the contents of tokenizer.json and tokenizer_config.json. */
export const tokenizerFromFiles = (json: Record<string, unknown>, config: Readonly<Record<string, unknown>>): TextTokenizer => {
  const text = (value: unknown): string | null =>
    typeof value === "string" ? value : ((value as { content?: string } | null | undefined)?.content ?? null);
  return tokenizerFromJson(json, { begin: text(config.bos_token), end: text(config.eos_token), template: text(config.chat_template) });
};

const byteLevel = (useRegex: boolean) => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: useRegex });
const cutBy = (pattern: string) => ({
  type: "Sequence",
  pretokenizers: [{ type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false }, byteLevel(false)],
});
const modern = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
/** How texts are cut before pairs are merged, by the name llama.cpp gives it. */
const cuts: Record<string, Record<string, unknown>> = {
  "gpt-2": byteLevel(true),
  default: byteLevel(true),
  smollm: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)] },
  "llama-bpe": cutBy(modern("\\p{N}{1,3}")),
  qwen2: cutBy(modern("\\p{N}")),
};

type Tables = { tokens: readonly string[]; merges: readonly (readonly [string, string])[]; special: readonly number[] };
const jsonOf = ({ tokens, merges, special }: Tables, cut: string, begin: string | null): Record<string, unknown> => ({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: special.map((id) => ({
    ...{ id, content: tokens[id], single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  })),
  normalizer: null,
  pre_tokenizer: cuts[cut],
  post_processor:
    begin === null
      ? null
      : {
          type: "TemplateProcessing",
          single: [{ SpecialToken: { id: begin, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
          pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
          special_tokens: { [begin]: { id: begin, ids: [tokens.indexOf(begin)], tokens: [begin] } },
        },
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    ...{ type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
    ...{ fuse_unk: false, byte_fallback: false, ignore_merges: cut === "llama-bpe" },
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: merges.map(([left, right]) => [left, right]),
  },
});

/** A tokenizer of what was learnt from a text. */
export const tokenizerOf = (learnt: BytePairs, special: readonly string[] = [], beside: Beside = {}): TextTokenizer => {
  const ids = special.map((token) => learnt.tokens.indexOf(token));
  return tokenizerFromJson(jsonOf({ ...learnt, special: ids }, "gpt-2", null), beside);
};

const texts = (value: GgufValue["value"] | undefined, key: string): string[] => {
  if (!Array.isArray(value) || value.some((one) => typeof one !== "string")) throw new Error(`The GGUF file has no list ${key}`);
  return value as string[];
};

/** From the tables of a GGUF file; byte-level pairs only. */
export const tokenizerFromGguf = (metadata: ReadonlyMap<string, GgufValue>): TextTokenizer => {
  const { get, text } = metadataReader(new Map(metadata));
  const key = (name: string): string => `tokenizer.ggml.${name}`;
  const kind = text(key("model"));
  if (kind !== "gpt2") throw new Error(`Tokenizers of kind ${JSON.stringify(kind)} cannot be run; byte-level pairs ("gpt2") can`);
  const cut = text(key("pre"), "default");
  if (!(cut in cuts)) throw new Error(`Texts cut as ${JSON.stringify(cut)} cannot be read; ${Object.keys(cuts).join(", ")} can`);
  const tokens = texts(get(key("tokens")), key("tokens"));
  const merges = texts(get(key("merges")), key("merges")).map((line): [string, string] => {
    const at = line.indexOf(" ", 1);
    return [line.slice(0, at), line.slice(at + 1)];
  });
  const types = get(key("token_type"));
  const special = Array.isArray(types) ? types.flatMap((type, id) => (Number(type) === 3 || Number(type) === 4 ? [id] : [])) : [];
  const tokenAt = (name: string): string | null => {
    const id = get(key(name));
    return typeof id === "number" ? (tokens[id] ?? null) : null;
  };
  const begin = tokenAt("bos_token_id");
  const template = get("tokenizer.chat_template");
  return tokenizerFromJson(jsonOf({ tokens, merges, special }, cut, get(key("add_bos_token")) === true ? begin : null), {
    begin,
    end: tokenAt("eos_token_id"),
    template: typeof template === "string" ? template : null,
  });
};

/** The tables of a byte-level tokenizer as GGUF metadata, so that llama.cpp reads texts as we do. */
export const metadataOfTokenizer = ({ json, begin, end, template }: TextTokenizer): Map<string, GgufValue> => {
  const { vocab, merges, type } = json.model as { vocab: Record<string, number>; merges: (string | [string, string])[]; type: string };
  const cut = Object.keys(cuts).find((name) => JSON.stringify(cuts[name]) === JSON.stringify(json.pre_tokenizer));
  if (type !== "BPE" || !cut) throw new Error("GGUF has no name for how this tokenizer cuts texts");
  const special = new Map((json.added_tokens as { id: number; content: string }[]).map((one) => [one.id, one.content]));
  const tokens: string[] = [];
  for (const [token, id] of [...Object.entries(vocab), ...[...special].map(([id, token]): [string, number] => [token, id])])
    tokens[id] = token;
  const metadata = new Map<string, GgufValue>([
    ["tokenizer.ggml.model", { type: "string", value: "gpt2" }],
    ["tokenizer.ggml.pre", { type: "string", value: cut === "default" ? "gpt-2" : cut }],
    ["tokenizer.ggml.tokens", { type: "array", of: "string", value: Array.from(tokens, (one) => one ?? "") }],
    ["tokenizer.ggml.token_type", { type: "array", of: "i32", value: Array.from(tokens, (_, id) => (special.has(id) ? 3 : 1)) }],
    ["tokenizer.ggml.merges", { type: "array", of: "string", value: merges.map((one) => (typeof one === "string" ? one : one.join(" "))) }],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: json.post_processor !== null && begin !== null }],
  ]);
  if (template !== null) metadata.set("tokenizer.chat_template", { type: "string", value: template });
  if (begin !== null) metadata.set("tokenizer.ggml.bos_token_id", { type: "u32", value: begin });
  if (end !== null) metadata.set("tokenizer.ggml.eos_token_id", { type: "u32", value: end });
  return metadata;
};

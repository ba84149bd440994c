// The sizes of a network as two kinds of file tell them: `config.json` beside safetensors, and the metadata of GGUF. What a file tells is checked
// before anything is built on it, and what this decoder does not do (other activations, other ways to stretch positions) is refused by name.
import type { Gguf, GgufValue } from "#lib/learn/llm/gguf.ts";
import type { LlamaShape } from "#lib/learn/llm/llama.ts";

const limits: Partial<Record<keyof LlamaShape, number>> = {
  ...{
    vocabulary: 4_000_000,
    width: 65_536,
    layers: 1024,
    heads: 1024,
    kvHeads: 1024,
    headWidth: 1024,
    inner: 1_000_000,
    context: 100_000_000,
  },
};

/** A shape whose sizes belong together, or an Error that says which do not. */
const checkedShape = (shape: LlamaShape): LlamaShape => {
  for (const [key, limit] of Object.entries(limits)) {
    const value = shape[key as "width"];
    if (!Number.isInteger(value) || value < 1 || value > limit)
      throw new Error(`The model's ${key} is ${String(value)}, not 1 to ${limit}`);
  }
  if (shape.heads % shape.kvHeads !== 0) throw new Error(`${shape.heads} heads cannot share ${shape.kvHeads} heads of keys and values`);
  if (shape.headWidth % 2 !== 0) throw new Error(`A head of ${shape.headWidth} numbers cannot be turned in pairs`);
  if (!(shape.epsilon > 0 && shape.epsilon < 1)) throw new Error(`The norm's epsilon is ${shape.epsilon}`);
  if (shape.frequencies.length !== shape.headWidth / 2 || shape.frequencies.some((one) => !(one > 0 && one <= 1)))
    throw new Error("The frequencies of the rotary positions do not fit the heads");
  return shape;
};

/** θⱼ = base^(−2j/d). */
export const plainFrequencies = (base: number, headWidth: number): number[] =>
  Array.from({ length: headWidth / 2 }, (_, j) => base ** ((-2 * j) / headWidth));

type Stretch = Readonly<Record<string, unknown>>;
/** Frequencies lowered so that longer texts turn no further than the network has seen: all alike, or (Llama 3) the slow ones only. */
const stretched = (plain: number[], stretch: Stretch | null): number[] => {
  const kind = stretch?.rope_type ?? stretch?.type ?? "default";
  if (!stretch || kind === "default") return plain;
  const factor = Number(stretch.factor);
  if (kind === "linear" && factor >= 1) return plain.map((one) => one / factor);
  if (kind !== "llama3") throw new Error(`Positions stretched by ${JSON.stringify(kind)} cannot be computed; linear and llama3 can`);
  const [low, high, original] = ["low_freq_factor", "high_freq_factor", "original_max_position_embeddings"].map((key) =>
    Number(stretch[key]),
  ) as [number, number, number];
  if (!(factor >= 1 && low > 0 && high > low && original > 0)) throw new Error("The llama3 stretch of positions is not whole");
  return plain.map((one) => {
    const turns = (original * one) / (2 * Math.PI); // of this pair within the original context
    const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return (1 - share) * (one / factor) + share * one;
  });
};

/** From `config.json`. */
export const shapeFromConfig = (config: Readonly<Record<string, unknown>>): LlamaShape => {
  if (config.model_type !== "llama" && config.model_type !== "mistral")
    throw new Error(`Models of type ${JSON.stringify(config.model_type)} cannot be run; llama and mistral can`);
  if ((config.hidden_act ?? "silu") !== "silu") throw new Error(`The activation ${JSON.stringify(config.hidden_act)} is not silu`);
  if (config.mlp_bias) throw new Error("Feed-forward layers with a bias cannot be run");
  const number = (key: string, otherwise?: number): number => Number(config[key] ?? otherwise);
  const [width, heads] = [number("hidden_size"), number("num_attention_heads")];
  const rope = (config.rope_parameters ?? config.rope_scaling ?? null) as Stretch | null;
  const headWidth = number("head_dim", width / heads);
  const base = Number(config.rope_theta ?? rope?.rope_theta ?? 10_000);
  const hasBias = Boolean(config.attention_bias);
  return checkedShape({
    vocabulary: number("vocab_size"),
    layers: number("num_hidden_layers"),
    kvHeads: number("num_key_value_heads", heads),
    inner: number("intermediate_size"),
    epsilon: number("rms_norm_eps", 1e-6),
    context: number("max_position_embeddings", 2048),
    ropeBase: base,
    frequencies: stretched(plainFrequencies(base, headWidth), rope),
    isTied: Boolean(config.tie_word_embeddings),
    hasBias: { qkv: hasBias, out: hasBias },
    width,
    heads,
    headWidth,
  });
};

/** Metadata by key, as the type that is wanted. */
export const metadataReader = (metadata: Gguf["metadata"]) => {
  const get = (key: string): GgufValue["value"] | undefined => metadata.get(key)?.value;
  return {
    get,
    number: (key: string, otherwise?: number): number => {
      const value = get(key) ?? otherwise;
      if (typeof value !== "number") throw new Error(value === undefined ? `The GGUF file has no ${key}` : `${key} is not a number`);
      return value;
    },
    text: (key: string, otherwise?: string): string => {
      const value = get(key) ?? otherwise;
      if (typeof value !== "string") throw new Error(value === undefined ? `The GGUF file has no ${key}` : `${key} is not a text`);
      return value;
    },
  };
};

/** From the metadata of a GGUF file; `factors` divide the frequencies one by one (its tensor `rope_freqs.weight`). */
export const shapeFromGguf = ({ metadata, tensors }: Gguf, factors: Float32Array | null): LlamaShape => {
  const { get, number, text } = metadataReader(metadata);
  const architecture = text("general.architecture");
  if (architecture !== "llama") throw new Error(`GGUF files of architecture ${JSON.stringify(architecture)} cannot be run; llama can`);
  if (number("llama.expert_count", 0) > 0) throw new Error("Mixtures of experts cannot be run");
  const [width, heads] = [number("llama.embedding_length"), number("llama.attention.head_count")];
  const headWidth = number("llama.attention.key_length", width / heads);
  if (number("llama.rope.dimension_count", headWidth) !== headWidth) throw new Error("Heads turned in part cannot be run");
  const base = number("llama.rope.freq_base", 10_000);
  const stretch = { type: text("llama.rope.scaling.type", "none").replace("none", "default"), factor: get("llama.rope.scaling.factor") };
  const plain = stretched(plainFrequencies(base, headWidth), stretch);
  if (factors && factors.length !== plain.length) throw new Error(`rope_freqs.weight has ${factors.length} numbers, not ${plain.length}`);
  return checkedShape({
    vocabulary: tensors.get("token_embd.weight")?.shape[0] ?? number("llama.vocab_size"),
    layers: number("llama.block_count"),
    kvHeads: number("llama.attention.head_count_kv", heads),
    inner: number("llama.feed_forward_length"),
    epsilon: number("llama.attention.layer_norm_rms_epsilon"),
    context: number("llama.context_length"),
    ropeBase: base,
    frequencies: factors ? plain.map((one, j) => one / factors[j]!) : plain,
    isTied: !tensors.has("output.weight"),
    hasBias: { qkv: tensors.has("blk.0.attn_q.bias"), out: tensors.has("blk.0.attn_output.bias") },
    width,
    heads,
    headWidth,
  });
};

/** The metadata llama.cpp needs to run a network of this shape; stretched positions go beside it, as the tensor `rope_freqs.weight`. */
export const metadataOf = (shape: LlamaShape): Map<string, GgufValue> => {
  const whole = (value: number): GgufValue => ({ type: "u32", value });
  return new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: "llama" }],
    ["llama.block_count", whole(shape.layers)],
    ["llama.context_length", whole(shape.context)],
    ["llama.embedding_length", whole(shape.width)],
    ["llama.feed_forward_length", whole(shape.inner)],
    ["llama.attention.head_count", whole(shape.heads)],
    ["llama.attention.head_count_kv", whole(shape.kvHeads)],
    ["llama.attention.key_length", whole(shape.headWidth)],
    ["llama.attention.value_length", whole(shape.headWidth)],
    ["llama.attention.layer_norm_rms_epsilon", { type: "f32", value: shape.epsilon }],
    ["llama.rope.dimension_count", whole(shape.headWidth)],
    ["llama.rope.freq_base", { type: "f32", value: shape.ropeBase }],
    ["llama.vocab_size", whole(shape.vocabulary)],
  ]);
};

// A language model in memory: the sizes of its network, its weights by name, and the tokenizer that came with it. It is read from a GGUF file or
// from a folder of safetensors with its config.json, checked weight by weight against the network that will use them, and written as either.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { input, openGraph } from "#lib/learn/graph/graph.ts";
import { MemoryError } from "#lib/learn/graph/memory.ts";
import { seedOf } from "#lib/learn/graph/seeds.ts";
import { isSameShape, type Shape, showShape, sizeOf } from "#lib/learn/graph/shape.ts";
import { type GgufTensor, type GgufValue, ggufPieces, openGguf } from "#lib/learn/llm/gguf.ts";
import { type LlamaShape, llama } from "#lib/learn/llm/llama.ts";
import { halvesFromNeighbours, isTurned, nameFromGguf, nameToGguf, neighboursFromHalves } from "#lib/learn/llm/names.ts";
import { isPacking, type Packed, packedOf, turnedRows } from "#lib/learn/llm/packed.ts";
import { metadataOf, plainFrequencies, shapeFromConfig, shapeFromGguf } from "#lib/learn/llm/shapes.ts";
import { metadataOfTokenizer, type TextTokenizer, tokenizerFromFiles, tokenizerFromGguf } from "#lib/learn/llm/tokenizer.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { decode, type Encoding } from "#lib/learn/weights/encodings.ts";
import { openSafetensors, readTensor, safetensorsPieces, type TensorEntry } from "#lib/learn/weights/safetensors.ts";
import { type ByteSource, withFile, writePieces } from "#lib/learn/weights/source.ts";

export type Weights = ReadonlyMap<string, Float32Array>;
export type LanguageModel = {
  shape: LlamaShape;
  weights: Weights;
  /** What the file said beside the network, the tokenizer's tables among it; empty for a folder. */
  metadata: ReadonlyMap<string, GgufValue>;
  /** Matrices as the file packs them; a model speaks from these where it has them (packed.ts). */
  packed?: ReadonlyMap<string, Packed> | undefined;
};
type LoadOptions = {
  /** Bytes the weights may take; what the machine has free when absent. */
  memoryBytes?: number | undefined;
  onProgress?: ((fraction: number) => void) | undefined;
};

/** Every weight the network asks for, with its shape: found by writing the network. */
export const expectedWeights = (shape: LlamaShape): Map<string, { shape: Shape; draw: (seed: number) => Float32Array }> => {
  const graph = openGraph({ mode: "predict" });
  llama(input(graph, "tokens", { dtype: "int64", shape: [1, 1] }), shape);
  return new Map(
    [...graph.parameters].map(([name, { tensor, initial }]) => [
      name,
      { shape: tensor.shape, draw: (seed: number) => initial(tensor.shape, mulberry32(seedOf(seed, name))) },
    ]),
  );
};

/** Numbers in all weights together. */
export const weightCount = (shape: LlamaShape): number =>
  [...expectedWeights(shape).values()].reduce((total, one) => total + sizeOf(one.shape), 0);

const shown = (bytes: number): string => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
const checkRoom = (shape: LlamaShape, memoryBytes: number): void => {
  const count = weightCount(shape);
  if (4 * count > memoryBytes)
    throw new MemoryError(
      `The model's ${Math.round(count / 1e6)} million weights take ${shown(4 * count)} as float32, and ${shown(memoryBytes)} are free. ` +
        `A model of up to ${Math.floor(memoryBytes / 4e6)} million weights would fit.`,
    );
};

type Found = { entry: TensorEntry; source: ByteSource };
/** Reads what the network asks for from where it was found; `restore` puts rows in order. */
const gathered = async (
  shape: LlamaShape,
  found: ReadonlyMap<string, Found>,
  restore: (name: string, values: Float32Array, entry: TensorEntry) => Float32Array,
  { memoryBytes = process.availableMemory(), onProgress }: LoadOptions,
  alsoSee: (name: string, entry: TensorEntry, bytes: Uint8Array) => void = () => {},
): Promise<Map<string, Float32Array>> => {
  const expected = expectedWeights(shape);
  for (const [name, { shape: wanted }] of expected) {
    const one = found.get(name);
    if (!one) throw new Error(`The file has no weight ${name} ${showShape(wanted)}`);
    if (!isSameShape(one.entry.shape, wanted))
      throw new Error(`Weight ${name} is ${showShape(one.entry.shape)} in the file, and the network needs ${showShape(wanted)}`);
  }
  const stray = [...found.keys()].find((name) => !expected.has(name));
  if (stray !== undefined) throw new Error(`The file has a weight ${stray} that this network would not use`);
  checkRoom(shape, memoryBytes);
  const weights = new Map<string, Float32Array>();
  for (const name of expected.keys()) {
    const { entry, source } = found.get(name)!;
    const bytes = await source.read(entry.offset, entry.bytes);
    weights.set(name, restore(name, decode(entry.encoding, bytes, sizeOf(entry.shape)), entry));
    alsoSee(name, entry, bytes);
    onProgress?.(weights.size / expected.size);
    await new Promise((resolve) => setImmediate(resolve)); // decoding blocks: lets displays and stop signals through
  }
  return weights;
};

/** Reads a GGUF file. */
export const readGguf = async (source: ByteSource, options: LoadOptions = {}): Promise<LanguageModel> => {
  const file = await openGguf(source);
  const factors = file.tensors.get("rope_freqs.weight");
  const shape = shapeFromGguf(file, factors ? await readTensor(source, factors) : null);
  const found = new Map<string, Found>();
  for (const [name, entry] of file.tensors) {
    if (name !== "rope_freqs.weight") found.set(nameFromGguf(name) ?? name, { entry, source });
  }
  const restore = (name: string, values: Float32Array, { shape: at }: TensorEntry): Float32Array =>
    isTurned(name) ? halvesFromNeighbours(values, shape.headWidth, at.length === 1 ? 1 : at[1]!) : values;
  const packed = new Map<string, Packed>();
  const keep = (name: string, { encoding, shape: at }: TensorEntry, bytes: Uint8Array): void => {
    if (!isPacking(encoding) || at.length !== 2) return;
    const one = packedOf(encoding, bytes, [at[0]!, at[1]!]);
    packed.set(name, isTurned(name) ? turnedRows(one, shape.headWidth) : one);
  };
  const weights = await gathered(shape, found, restore, options, keep);
  return { shape, weights, metadata: file.metadata, packed: packed.size > 0 ? packed : undefined };
};

/** Reads safetensors (one source, or the shards of one model) with the contents of config.json. */
export const readCheckpoint = async (
  config: Readonly<Record<string, unknown>>,
  sources: readonly ByteSource[],
  options: LoadOptions = {},
): Promise<LanguageModel> => {
  const shape = shapeFromConfig(config);
  const found = new Map<string, Found>();
  for (const source of sources)
    for (const [name, entry] of (await openSafetensors(source)).tensors) {
      if (found.has(name)) throw new Error(`Weight ${name} stands in two files`);
      const isTable = name === "lm_head.weight" && shape.isTied; // some checkpoints write the tied table twice
      if (!isTable && !name.endsWith("rotary_emb.inv_freq")) found.set(name, { entry, source });
    }
  return { shape, weights: await gathered(shape, found, (_name, values) => values, options), metadata: new Map() };
};

/** Reads a model from a path: a `.gguf` file, or a folder with config.json and model.safetensors (or the shards its index names). */
export const loadModel = async (path: string, options: LoadOptions = {}): Promise<LanguageModel> => {
  if (path.endsWith(".gguf")) return withFile(path, (source) => readGguf(source, options));
  const json = async (name: string) => JSON.parse(await readFile(join(path, name), "utf8")) as Record<string, unknown>;
  const config = await json("config.json");
  const index = await json("model.safetensors.index.json").catch(() => null);
  const names = index ? [...new Set(Object.values(index.weight_map as Record<string, string>))] : ["model.safetensors"];
  const plain = names.find((name) => !/^[\w.-]+\.safetensors$/.test(name));
  if (plain !== undefined) throw new Error(`The index names ${JSON.stringify(plain)}, which is no file of this folder`);
  const opened = async (rest: string[], sources: ByteSource[]): Promise<LanguageModel> =>
    rest.length === 0
      ? readCheckpoint(config, sources, options)
      : withFile(join(path, rest[0]!), (source) => opened(rest.slice(1), [...sources, source]));
  return opened(names, []);
};

/** The tokenizer that lies with a model: in its GGUF file, or in a folder's tokenizer.json. */
export const loadTokenizer = async (path: string, model: LanguageModel): Promise<TextTokenizer> => {
  if (path.endsWith(".gguf")) return tokenizerFromGguf(model.metadata);
  const json = async (name: string) => JSON.parse(await readFile(join(path, name), "utf8")) as Record<string, unknown>;
  return tokenizerFromFiles(await json("tokenizer.json"), await json("tokenizer_config.json").catch(() => ({})));
};

/** A model of this shape whose weights are drawn from a seed, to be trained in full. */
export const freshModel = (shape: LlamaShape, seed = 0): LanguageModel => ({
  shape,
  weights: new Map([...expectedWeights(shape)].map(([name, { draw }]) => [name, draw(seed)])),
  metadata: new Map(),
});

/** Usual proportions for a network of some width and depth. */
export const llamaShape = (
  given: Pick<LlamaShape, "vocabulary" | "width" | "layers" | "heads"> & Partial<Omit<LlamaShape, "frequencies">>,
): LlamaShape => {
  const headWidth = given.headWidth ?? given.width / given.heads;
  const ropeBase = given.ropeBase ?? 10_000;
  const inner = Math.ceil((8 * given.width) / 3 / 32) * 32;
  const usual = { kvHeads: given.heads, inner, epsilon: 1e-5, context: 2048, isTied: true, hasBias: { qkv: false, out: false } };
  return { ...usual, ...given, headWidth, ropeBase, frequencies: plainFrequencies(ropeBase, headWidth) };
};

// ---- writing --------------------------------------------------------------------------------------------------------------------------

/** The model as a GGUF file in pieces: matrices in `encoding`, vectors in F32. The tokenizer's tables come from the model's metadata. */
export const ggufOf = (model: LanguageModel, encoding: Encoding = "F16"): Generator<Uint8Array> => {
  const { shape, weights } = model;
  const beside = [...model.metadata].filter(([key]) => !/^(llama\.|general\.(architecture|file_type|quantization|alignment))/.test(key));
  const tensors: GgufTensor[] = [];
  for (const [name, { shape: at }] of expectedWeights(shape)) {
    const values = weights.get(name)!;
    const isMatrix = at.length > 1;
    const ordered = isTurned(name) ? neighboursFromHalves(values, shape.headWidth, isMatrix ? at[1]! : 1) : values;
    tensors.push({ name: nameToGguf(name), encoding: isMatrix ? encoding : "F32", shape: at, values: ordered });
  }
  const factors = plainFrequencies(shape.ropeBase, shape.headWidth).map((plain, j) => plain / shape.frequencies[j]!);
  if (factors.some((one) => Math.abs(one - 1) > 1e-9))
    tensors.push({ name: "rope_freqs.weight", encoding: "F32", shape: [factors.length], values: Float32Array.from(factors) });
  return ggufPieces(new Map([...metadataOf(shape), ...beside]), tensors);
};

/** The weights as one safetensors file in pieces, under the names PyTorch checkpoints use. */
export const safetensorsOf = ({ shape, weights }: LanguageModel, encoding: "F32" | "F16" | "BF16" = "F32"): Generator<Uint8Array> =>
  safetensorsPieces(
    [...expectedWeights(shape)].map(([name, one]) => ({ name, encoding, shape: [...one.shape], values: weights.get(name)! })),
    { format: "pt" },
  );

/** The contents of config.json for a network of this shape. Positions stretched as in Llama 3 have no exact words there and are refused. */
export const configOf = (shape: LlamaShape): Record<string, unknown> => {
  const plain = plainFrequencies(shape.ropeBase, shape.headWidth);
  if (plain.some((one, j) => Math.abs(one / shape.frequencies[j]! - 1) > 1e-6) || shape.hasBias.qkv !== shape.hasBias.out)
    throw new Error("config.json cannot tell how this network's positions are stretched, or which biases it has. Save it as GGUF.");
  return {
    ...{ architectures: ["LlamaForCausalLM"], model_type: "llama", hidden_act: "silu", torch_dtype: "float32" },
    ...{ vocab_size: shape.vocabulary, hidden_size: shape.width, intermediate_size: shape.inner, num_hidden_layers: shape.layers },
    ...{ num_attention_heads: shape.heads, num_key_value_heads: shape.kvHeads, head_dim: shape.headWidth, rms_norm_eps: shape.epsilon },
    ...{ rope_theta: shape.ropeBase, max_position_embeddings: shape.context, tie_word_embeddings: shape.isTied },
    attention_bias: shape.hasBias.qkv,
  };
};

/** Writes a model with its tokenizer: a `.gguf` file, or a folder that PyTorch's libraries read. The file appears whole or not at all. */
export const saveModel = async (path: string, model: LanguageModel, tokenizer: TextTokenizer, encoding?: Encoding): Promise<void> => {
  const place = async (name: string, pieces: Iterable<Uint8Array>): Promise<void> => {
    await writePieces(`${name}.part`, pieces);
    await rename(`${name}.part`, name);
  };
  if (path.endsWith(".gguf")) {
    const beside = new Map([...model.metadata, ...metadataOfTokenizer(tokenizer)]);
    return place(path, ggufOf({ ...model, metadata: beside }, encoding));
  }
  if (encoding !== undefined && encoding !== "F32" && encoding !== "F16" && encoding !== "BF16")
    throw new Error(`safetensors hold F32, F16 or BF16, not ${encoding}. Save it as GGUF.`);
  await mkdir(path, { recursive: true });
  const token = (id: number | null): string | null => (id === null ? null : tokenizer.decode([id], { isLiteral: true }));
  await writeFile(join(path, "config.json"), JSON.stringify(configOf(model.shape), null, 2));
  await writeFile(join(path, "tokenizer.json"), JSON.stringify(tokenizer.json));
  const beside = { bos_token: token(tokenizer.begin), eos_token: token(tokenizer.end), chat_template: tokenizer.template };
  await writeFile(join(path, "tokenizer_config.json"), JSON.stringify({ ...beside, tokenizer_class: "PreTrainedTokenizerFast" }, null, 2));
  await place(join(path, "model.safetensors"), safetensorsOf(model, encoding));
};

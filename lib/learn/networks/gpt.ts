// A small GPT over characters, whole: the network, its training, its tuning by adapters and its voice, to be read from top to bottom (after
// nanoGPT by Andrej Karpathy). It predicts the next character from those before; the mean of −log p over text it has not seen, in nats, is
// its mark. Every batch is drawn from the seed and the number of its step, so a run that goes on from a checkpoint is the run never cut.
import { input, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, gelu } from "#lib/learn/graph/operators/elementwise.ts";
import { gather } from "#lib/learn/graph/operators/indexing.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { narrow } from "#lib/learn/graph/operators/shaping.ts";
import { adamW, cosine } from "#lib/learn/graph/optimisers.ts";
import { compile } from "#lib/learn/graph/program.ts";
import { selfAttention } from "#lib/learn/layers/attention.ts";
import { dense, dropout, isAdapter, table } from "#lib/learn/layers/dense.ts";
import { crossEntropy } from "#lib/learn/layers/losses.ts";
import { layerNorm } from "#lib/learn/layers/norm.ts";
import { type FitOptions, fit, type Trained } from "#lib/learn/networks/fit.ts";
import { exportNetwork } from "#lib/learn/networks/served.ts";
import { windowsAnywhere, windowsOver } from "#lib/learn/networks/windows.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { type Characters, charactersOf } from "#lib/learn/text/characters.ts";

/** Sizes of the network: characters it knows, how many it looks back on, depth and width; `rank` is that of its adapters, 0 for none. */
export type GptShape = { vocabulary: number; context: number; layers: number; heads: number; width: number; dropout: number; rank: number };

// ---- the network ----------------------------------------------------------------------------------------------------------------------

/** x + what the positions tell each other, then x + what each makes of it. */
const block = (x: Tensor, { heads, width, dropout: rate, rank }: GptShape): Tensor => {
  const plain = { hasBias: false, rank };
  const told = selfAttention(layerNorm(x), { heads, isCausal: true, dropout: rate, ...plain });
  const h = add(x, dropout(told, rate));
  const made = dense(gelu(dense(layerNorm(h), 4 * width, plain)), width, plain);
  return add(h, dropout(made, rate));
};

/** Logits [count, time, vocabulary] of the character after each of [count, time]. The table of characters is used at both ends. */
export const gpt = (characters: Tensor, shape: GptShape): Tensor => {
  const { graph } = characters;
  const known = table(graph, "characters", shape.vocabulary, shape.width);
  const places = narrow(table(graph, "places", shape.context, shape.width), 0, 0, characters.shape[1]!);
  let x = dropout(add(gather(known, characters), places), shape.dropout);
  for (let i = 0; i < shape.layers; i++) x = block(x, shape);
  return linear(layerNorm(x), known, undefined, { transB: true });
};

// ---- training -------------------------------------------------------------------------------------------------------------------------

type Training = Omit<FitOptions, "loss" | "data" | "validation" | "optimiser" | "epochs">;
export type GptOptions = Training &
  Partial<Omit<GptShape, "vocabulary" | "rank">> & {
    /** Characters to know beside those of the text: those of a text it shall be tuned on later. */
    alphabet?: string;
  };
type Served = { name: string; datatype: "INT64" | "FP32"; shape: number[] };
export type Gpt = Trained & {
  kind: string;
  shape: GptShape;
  characters: Characters;
  /** Nats a character over the last tenth of its text. */
  validationLoss: number;
  /** Nats a character over another text. */
  measure: (text: string) => Promise<number>;
  /** Goes on from a beginning. */
  sample: (beginning: string, length: number, more?: { temperature?: number; topK?: number; seed?: number }) => Promise<string>;
  /** What its file takes and answers: `x` [N, context] of character numbers, `logits` [N, context, vocabulary]. */
  signature: { inputs: Served[]; outputs: Served[] };
  /** The one ONNX file it is served from, adapters and all. */
  toOnnx: () => Uint8Array;
};

/** Learns from the first nine tenths of a text, is measured on the rest. */
const learn = async (shape: GptShape, characters: Characters, text: string, options: Training): Promise<Gpt> => {
  const { steps = 2000, batchSize = 12, rate = 1e-3, seed = 1337, validateEvery = Math.max(1, Math.ceil(steps / 8)) } = options;
  const ids = characters.encode(text);
  const cut = Math.floor(ids.length * 0.9);
  if (ids.length - cut <= shape.context)
    throw new Error(`A text of ${ids.length} characters is too short: the last tenth must hold a window of ${shape.context}.`);

  const trained = await fit({
    clipNorm: 1,
    ...options,
    loss: ({ x, y }) => crossEntropy(gpt(x!, shape), y!),
    data: windowsAnywhere(ids.subarray(0, cut), shape.context, batchSize, seed),
    validation: windowsOver(ids.subarray(cut), shape.context),
    optimiser: adamW({ beta2: 0.99, decay: 0.1 }),
    rate: typeof rate === "function" ? rate : cosine({ rate, steps, warmup: Math.min(100, steps / 10), floor: rate / 10 }),
    ...{ steps, batchSize, seed, validateEvery },
  });
  const { weights } = trained;
  return {
    ...trained,
    ...{ kind: "character GPT", shape, characters, validationLoss: trained.validationLoss! },
    measure: (other) => measure(shape, weights, characters.encode(other)),
    sample: (beginning, length, more) => speak(shape, weights, characters, beginning, length, more),
    signature: {
      inputs: [{ name: "x", datatype: "INT64", shape: [-1, shape.context] }],
      outputs: [{ name: "logits", datatype: "FP32", shape: [-1, shape.context, shape.vocabulary] }],
    },
    toOnnx: () => {
      const inputs = { x: { dtype: "int64", shape: [shape.context] } } as const;
      return exportNetwork(({ x }) => ({ logits: gpt(x!, shape) }), inputs, weights).bytes;
    },
  };
};

/** Trains a GPT from nothing. Throws `Stopped` on the signal. */
export const trainGpt = (text: string, options: GptOptions = {}): Promise<Gpt> => {
  const { layers = 4, heads = 4, width = 128, context = 64, dropout: rateOfDropout = 0, alphabet = "", ...training } = options;
  const characters = charactersOf(text + alphabet);
  const vocabulary = characters.alphabet.length;
  return learn({ vocabulary, context, layers, heads, width, dropout: rateOfDropout, rank: 0 }, characters, text, training);
};

/**
 * Tunes a trained GPT on another text by low-rank adapters: its own weights stay as they are, each product x·W becomes x·(W + 2·A·B) with A and
 * B of `rank` columns and rows. Before the first step B is zero, so it begins as what it comes from.
 */
export const adaptGpt = (base: Gpt, text: string, { rank = 8, ...training }: Training & { rank?: number } = {}): Promise<Gpt> => {
  const [steps, rate] = [training.steps ?? 300, training.rate ?? 2e-3];
  const frozen = { weights: base.weights, trainable: isAdapter };
  return learn({ ...base.shape, rank }, base.characters, text, { ...training, ...frozen, steps, rate });
};

// ---- its voice ------------------------------------------------------------------------------------------------------------------------

type Weights = Gpt["weights"];
const opened = (shape: GptShape, weights: Weights, targets?: Tensor) => {
  const graph = targets?.graph ?? openGraph({ mode: "predict" });
  const logits = gpt(input(graph, "x", { dtype: "int64", shape: [1, shape.context] }), shape);
  return compile(graph, targets ? { loss: crossEntropy(logits, targets) } : { logits }, { weights });
};

/** Mean −log p over windows side by side. */
const measure = async (shape: GptShape, weights: Weights, ids: Int32Array): Promise<number> => {
  const targets = input(openGraph({ mode: "predict" }), "y", { dtype: "int64", shape: [1, shape.context] });
  const program = await opened(shape, weights, targets);
  const { x, y } = windowsOver(ids, shape.context);
  try {
    let sum = 0;
    for (let at = 0; at < x.data.length; at += shape.context) {
      const window = { x: x.data.subarray(at, at + shape.context), y: y.data.subarray(at, at + shape.context) };
      sum += ((await program.run(window)).loss as Float32Array)[0]!;
    }
    return (sum * shape.context) / x.data.length;
  } finally {
    await program.release();
  }
};

/** Draws from softmax(logits / temperature), among the `topK` likeliest; temperature 0 takes the likeliest. */
const draw = (logits: Float32Array, temperature: number, topK: number, random: () => number): number => {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]!);
  if (temperature === 0) return order[0]!;
  const among = order.slice(0, topK);
  const shares = among.map((id) => Math.exp((logits[id]! - logits[order[0]!]!) / temperature));
  let left = random() * shares.reduce((total, one) => total + one, 0);
  for (const [i, share] of shares.entries()) {
    left -= share;
    if (left < 0) return among[i]!;
  }
  return order[0]!;
};

type Speak = (shape: GptShape, weights: Weights, characters: Characters, ...rest: Parameters<Gpt["sample"]>) => Promise<string>;
const speak: Speak = async (shape, weights, characters, beginning, length, { temperature = 0.8, topK = 40, seed = 0 } = {}) => {
  const { context, vocabulary } = shape;
  const random = mulberry32(seed);
  const said = [...characters.encode(beginning)];
  if (said.length === 0) throw new Error("A sample needs a beginning of at least one character.");
  const program = await opened(shape, weights);
  try {
    for (let i = 0; i < length; i++) {
      const recent = said.slice(-context);
      const x = BigInt64Array.from({ length: context }, (_, at) => BigInt(recent[at] ?? 0)); // what is after the end is not looked at
      const { logits } = (await program.run({ x })) as { logits: Float32Array };
      const at = (recent.length - 1) * vocabulary;
      said.push(draw(logits.subarray(at, at + vocabulary), temperature, topK, random));
    }
    return characters.decode(said);
  } finally {
    await program.release();
  }
};

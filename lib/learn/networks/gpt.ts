// A small GPT over characters, whole: the network, its batches, its training and its voice, to be read from top to bottom (after nanoGPT by
// Andrej Karpathy). It predicts the next character from those before; the mean of −log p over text it has not seen, in nats, is its mark.
//
// Every batch is drawn from the seed and the number of its step, so a run that goes on from a checkpoint is the run that was never cut.
import { input, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, gelu } from "#lib/learn/graph/operators/elementwise.ts";
import { gather } from "#lib/learn/graph/operators/indexing.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { narrow } from "#lib/learn/graph/operators/shaping.ts";
import { adamW, cosine } from "#lib/learn/graph/optimisers.ts";
import { compile } from "#lib/learn/graph/program.ts";
import { seedOf } from "#lib/learn/graph/seeds.ts";
import { type Batch, openTrainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { selfAttention } from "#lib/learn/layers/attention.ts";
import { dense, dropout, table } from "#lib/learn/layers/dense.ts";
import { crossEntropy } from "#lib/learn/layers/losses.ts";
import { layerNorm } from "#lib/learn/layers/norm.ts";
import { Stopped } from "#lib/learn/networks/fit.ts";
import { mulberry32 } from "#lib/learn/random.ts";

/** Sizes of the network: how many characters it knows and sees, how deep and how wide it is. */
export type GptShape = { vocabulary: number; context: number; layers: number; heads: number; width: number; dropout: number };

// ---- the network ----------------------------------------------------------------------------------------------------------------------

/** x + what the positions tell each other, then x + what each makes of it. */
const block = (x: Tensor, { heads, width, dropout: rate }: GptShape): Tensor => {
  const told = selfAttention(layerNorm(x), { heads, isCausal: true, dropout: rate, hasBias: false });
  const h = add(x, dropout(told, rate));
  const made = dense(gelu(dense(layerNorm(h), 4 * width, { hasBias: false })), width, { hasBias: false });
  return add(h, dropout(made, rate));
};

/** Logits [count, context, vocabulary] of the character after each of [count, context]. The table of characters is used at both ends. */
export const gpt = (characters: Tensor, shape: GptShape): Tensor => {
  const { graph } = characters;
  const time = characters.shape[1]!;
  const known = table(graph, "characters", shape.vocabulary, shape.width);
  const places = narrow(table(graph, "places", shape.context, shape.width), 0, 0, time);
  let x = dropout(add(gather(known, characters), places), shape.dropout);
  for (let i = 0; i < shape.layers; i++) x = block(x, shape);
  return linear(layerNorm(x), known, undefined, { transB: true });
};

// ---- the text -------------------------------------------------------------------------------------------------------------------------

/** Characters as numbers and back: those of the text in the order of their code points. */
export const charactersOf = (text: string) => {
  const alphabet = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  const numbers = new Map(alphabet.map((one, i) => [one, i]));
  const encode = (some: string): Int32Array =>
    Int32Array.from(some, (one) => {
      const number = numbers.get(one);
      if (number === undefined)
        throw new Error(`The network has never seen ${JSON.stringify(one)}. It knows ${alphabet.length} characters.`);
      return number;
    });
  return { alphabet, encode, decode: (ids: ArrayLike<number>): string => Array.from(ids, (id) => alphabet[id]).join("") };
};

/** Windows of the text that begin at some places: [count, context] characters, and for each the one after it. */
const windows = (text: Int32Array, starts: readonly number[], context: number): Batch => {
  const [x, y] = [new BigInt64Array(starts.length * context), new BigInt64Array(starts.length * context)];
  for (const [row, start] of starts.entries())
    for (let i = 0; i < context; i++) {
      x[row * context + i] = BigInt(text[start + i]!);
      y[row * context + i] = BigInt(text[start + i + 1]!);
    }
  const shape = [starts.length, context];
  return { x: { data: x, shape }, y: { data: y, shape } };
};

/** Windows side by side over the whole text, in batches of one size; a rest smaller than a batch is left out. */
function* sideBySide(text: Int32Array, context: number, size: number): Generator<Batch> {
  const count = Math.floor((text.length - 1) / context);
  for (let at = 0; at + size <= count; at += size)
    yield windows(
      text,
      Array.from({ length: size }, (_, i) => (at + i) * context),
      context,
    );
}

// ---- training -------------------------------------------------------------------------------------------------------------------------

export type GptProgress = { step: number; steps: number; loss: number; validationLoss: number | null; charactersPerSecond: number };
export type GptOptions = Partial<Omit<GptShape, "vocabulary">> &
  Pick<TrainerOptions, "device" | "threads" | "weights" | "trainable" | "memoryBytes"> & {
    steps?: number;
    batchSize?: number;
    rate?: number;
    seed?: number;
    /** Characters to know beside those of the text: those of a text it shall learn later. */
    alphabet?: string;
    /** Measures all of the held-out tenth after so many steps, and at the end. */
    validateEvery?: number;
    onProgress?: (progress: GptProgress) => void;
    /** Receives a checkpoint at every validation; `resume` goes on from one. */
    onCheckpoint?: (bytes: Uint8Array) => unknown;
    resume?: Uint8Array | undefined;
    signal?: AbortSignal | undefined;
  };
export type Gpt = {
  shape: GptShape;
  weights: Map<string, Float32Array>;
  steps: number;
  /** Nats a character over the last tenth of the text. */
  validationLoss: number;
  history: { step: number; loss: number; validationLoss: number }[];
  /** Goes on from a beginning. */
  sample: (beginning: string, length: number, more?: { temperature?: number; topK?: number; seed?: number }) => Promise<string>;
};

/** Trains on the first nine tenths of a text and measures on the rest. Throws `Stopped` on the signal. */
export const trainGpt = async (text: string, options: GptOptions = {}): Promise<Gpt> => {
  const { layers = 4, heads = 4, width = 128, context = 64, dropout: rateOfDropout = 0 } = options;
  const { steps = 2000, batchSize = 12, rate = 1e-3, seed = 1337, validateEvery = 500, signal } = options;
  const characters = charactersOf(text + (options.alphabet ?? ""));
  const shape: GptShape = { vocabulary: characters.alphabet.length, context, layers, heads, width, dropout: rateOfDropout };
  const ids = characters.encode(text);
  const cut = Math.floor(ids.length * 0.9);
  const [train, held] = [ids.subarray(0, cut), ids.subarray(cut)];
  if (held.length <= context * batchSize)
    throw new Error(`A text of ${ids.length} characters is too short: a tenth of it must hold ${batchSize} windows of ${context}.`);

  const rateAt = cosine({ rate, steps, warmup: Math.min(100, steps / 10), floor: rate / 10 });
  const trainer = await openTrainer({
    ...options,
    loss: ({ x, y }) => crossEntropy(gpt(x!, shape), y!),
    optimiser: adamW({ rate, beta2: 0.99, decay: 0.1 }),
    clipNorm: 1,
    seed,
  });
  const validate = async (): Promise<number> => {
    let [sum, count] = [0, 0];
    for (const batch of sideBySide(held, context, batchSize)) {
      sum += (await trainer.evaluate(batch)).loss;
      count += 1;
    }
    return sum / count;
  };
  const history: Gpt["history"] = [];
  let [sum, seen] = [0, 0];
  const startedAt = performance.now();
  try {
    if (options.resume) await trainer.restore(options.resume);
    const first = trainer.stepCount();
    for (let step = first; step < steps; step++) {
      if (signal?.aborted) throw new Stopped(`Training was stopped at step ${step} of ${steps}.`);
      const random = mulberry32(seedOf(seed, "batch", step));
      const starts = Array.from({ length: batchSize }, () => Math.floor(random() * (train.length - context)));
      const { loss } = await trainer.step(windows(train, starts, context), { rate: rateAt(step) });
      [sum, seen] = [sum + loss, seen + 1];
      let validationLoss: number | null = null;
      if ((step + 1) % validateEvery === 0 || step + 1 === steps) {
        validationLoss = await validate();
        history.push({ step: step + 1, loss: sum / seen, validationLoss });
        await options.onCheckpoint?.(await trainer.checkpoint());
        [sum, seen] = [0, 0];
      }
      const charactersPerSecond = ((step + 1 - first) * batchSize * context) / ((performance.now() - startedAt) / 1000);
      options.onProgress?.({ step: step + 1, steps, loss, validationLoss, charactersPerSecond });
      await new Promise((resolve) => setImmediate(resolve)); // lets stop signals and displays through
    }
    const weights = await trainer.weights();
    const sample: Gpt["sample"] = (beginning, length, more) => speak(shape, weights, characters, beginning, length, more);
    return {
      shape,
      weights,
      steps: trainer.stepCount(),
      validationLoss: history.at(-1)?.validationLoss ?? (await validate()),
      history,
      sample,
    };
  } finally {
    await trainer.close();
  }
};

// ---- its voice ------------------------------------------------------------------------------------------------------------------------

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

const speak: (
  shape: GptShape,
  weights: ReadonlyMap<string, Float32Array>,
  characters: ReturnType<typeof charactersOf>,
  ...rest: Parameters<Gpt["sample"]>
) => Promise<string> = async (shape, weights, characters, beginning, length, { temperature = 0.8, topK = 40, seed = 0 } = {}) => {
  const { context, vocabulary } = shape;
  const random = mulberry32(seed);
  const said = [...characters.encode(beginning)];
  if (said.length === 0) throw new Error("A sample needs a beginning of at least one character.");
  const graph = openGraph({ mode: "predict" });
  const program = await compile(graph, { logits: gpt(input(graph, "x", { dtype: "int64", shape: [1, context] }), shape) }, { weights });
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

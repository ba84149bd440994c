// Fine-tuning, in three ways that are one loop with three losses: from answers (SFT), from preferences directly (DPO), and a reward model from
// preferences (preferences.ts). By default only adapters move (lora.ts); `lora: null` moves every weight.
//
// Batches are drawn from the seed and the number of their step, so a run that goes on from a checkpoint is the run that was never cut.
import { input, openGraph, sharedParameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { mul } from "#lib/learn/graph/operators/elementwise.ts";
import { gatherND } from "#lib/learn/graph/operators/indexing.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { narrow, reshape } from "#lib/learn/graph/operators/shaping.ts";
import { adamW, cosine, type Schedule } from "#lib/learn/graph/optimisers.ts";
import { compile, type Program } from "#lib/learn/graph/program.ts";
import { seedOf, zeros } from "#lib/learn/graph/seeds.ts";
import type { Recipe } from "#lib/learn/graph/step.ts";
import { type Batch, openTrainer, type Trainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { crossEntropy } from "#lib/learn/layers/losses.ts";
import { batchOf, cutExample, type Example, type Pair } from "#lib/learn/llm/examples.ts";
import { hiddenStates, type LlamaShape, llama, type Projection } from "#lib/learn/llm/llama.ts";
import { type Adapters, isAdapter, type LoraOptions, loraOptions, mergeAdapters, withAdapters } from "#lib/learn/llm/lora.ts";
import type { LanguageModel, Weights } from "#lib/learn/llm/model.ts";
import { type DpoOptions, preferenceLoss, rewardLoss, sequenceLogProbabilities } from "#lib/learn/llm/preferences.ts";
import { Stopped } from "#lib/learn/networks/fit.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";

export type TuneProgress = { step: number; steps: number; loss: number; metrics: Record<string, number>; tokensPerSecond: number };
export type TuneOptions = Pick<TrainerOptions, "device" | "threads" | "memoryBytes"> & {
  /** What the adapters are like; null moves every weight of the network instead. */
  lora?: Partial<LoraOptions> | null;
  /** Adapters to go on from; their own options then count. */
  adapters?: Adapters | undefined;
  batchSize?: number;
  epochs?: number;
  /** Instead of epochs. */
  steps?: number | undefined;
  rate?: number | Schedule;
  clipNorm?: number;
  /** Tokens of a text at most; what is behind is cut off. */
  maxLength?: number;
  /** Less memory, a third more time. */
  isRecomputed?: boolean;
  seed?: number;
  onProgress?: ((progress: TuneProgress) => void) | undefined;
  log?: ((values: Readonly<Record<string, number>>, step: number) => void) | undefined;
  /** Receives a checkpoint after so many steps and at the end; `resume` goes on from one. */
  checkpointEvery?: number;
  onCheckpoint?: ((bytes: Uint8Array) => unknown) | undefined;
  resume?: Uint8Array | undefined;
  signal?: AbortSignal | undefined;
};
export type Tuned = {
  /** The adapters; null when every weight moved. */
  adapters: Adapters | null;
  /** The model as it is now: adapters merged, or the new weights. */
  merged: () => LanguageModel;
  steps: number;
  history: { step: number; loss: number; metrics: Record<string, number> }[];
};
export type RewardModel = Tuned & {
  head: Float32Array;
  /** A number for each text; only differences mean something. */
  score: (examples: readonly Example[]) => Promise<Float32Array>;
};

type Task<T> = {
  items: readonly T[];
  batch: (items: readonly T[]) => Promise<Batch>;
  loss: (project: Projection | undefined) => Recipe["loss"];
  tokensOf: (item: T) => number;
  /** Names of weights outside the network that move as well. */
  isOwn?: (name: string) => boolean;
};

/** The loop: batches in an order that depends on seed and epoch only, a step each, checkpoints, stop. */
const run = async <T>(model: LanguageModel, task: Task<T>, options: TuneOptions): Promise<Tuned & { weights: Weights }> => {
  const { items } = task;
  const { epochs = 1, seed = 0, rate = 1e-4, clipNorm = 1, checkpointEvery = 100, signal, adapters: before } = options;
  if (items.length === 0) throw new Error("There is nothing to learn from. Give at least one example.");
  const batchSize = Math.min(options.batchSize ?? 4, items.length);
  const perEpoch = Math.max(1, Math.floor(items.length / batchSize));
  const steps = options.steps ?? perEpoch * epochs;
  const lora = options.lora === null && !before ? null : (before?.options ?? loraOptions(options.lora ?? {}));
  const isMoving = (name: string): boolean => (lora ? isAdapter(name) : true) || (task.isOwn?.(name) ?? false);
  const rateAt = typeof rate === "function" ? rate : cosine({ rate, steps, warmup: Math.min(20, Math.ceil(steps / 10)), floor: rate / 10 });
  const trainer: Trainer = await openTrainer({
    ...options,
    loss: task.loss(lora ? withAdapters(lora) : undefined),
    optimiser: adamW({ decay: 0 }),
    trainable: isMoving,
    weights: new Map([...model.weights, ...(before?.weights ?? [])]),
    clipNorm,
    seed,
  });
  const history: Tuned["history"] = [];
  let [epoch, order] = [-1, new Uint32Array()];
  const itemsAt = (step: number): T[] => {
    const wanted = Math.floor(step / perEpoch);
    if (wanted !== epoch) order = shuffled(items.length, mulberry32(seedOf(seed, "epoch", wanted))) as typeof order;
    epoch = wanted;
    return Array.from(order.subarray((step % perEpoch) * batchSize, (step % perEpoch) * batchSize + batchSize), (i) => items[i]!);
  };
  try {
    if (options.resume) await trainer.restore(options.resume);
    const startedAt = performance.now();
    let tokens = 0;
    for (let step = trainer.stepCount(); step < steps; step++) {
      if (signal?.aborted) throw new Stopped(`Fine-tuning was stopped at step ${step} of ${steps}.`);
      const chosen = itemsAt(step);
      const { loss, metrics, norm } = await trainer.step(await task.batch(chosen), { rate: rateAt(step) });
      history.push({ step: step + 1, loss, metrics });
      tokens += chosen.reduce((total, one) => total + task.tokensOf(one), 0);
      options.log?.({ loss, norm, rate: rateAt(step), ...metrics }, step + 1);
      const tokensPerSecond = tokens / ((performance.now() - startedAt) / 1000);
      options.onProgress?.({ step: step + 1, steps, loss, metrics, tokensPerSecond });
      if (options.onCheckpoint && ((step + 1) % checkpointEvery === 0 || step + 1 === steps))
        await options.onCheckpoint(await trainer.checkpoint());
      await new Promise((resolve) => setImmediate(resolve)); // lets stop signals and displays through
    }
    const weights = await trainer.weights(isMoving);
    const adapters = lora && { options: lora, weights: new Map([...weights].filter(([name]) => isAdapter(name))) };
    const merged = (): LanguageModel =>
      adapters
        ? mergeAdapters(model, adapters)
        : { ...model, packed: undefined, weights: new Map([...model.weights.keys()].map((name) => [name, weights.get(name)!])) };
    return { adapters, merged, steps: trainer.stepCount(), history, weights };
  } finally {
    await trainer.close();
  }
};

const lengthOf = ({ tokens }: Example): number => tokens.length - 1;
const cutPairs = (pairs: readonly Pair[], maxLength: number): Pair[] =>
  pairs.map((pair, i) => ({
    ...pair,
    chosen: cutExample(pair.chosen, maxLength, `The chosen answer of pair ${i + 1}`),
    rejected: cutExample(pair.rejected, maxLength, `The rejected answer of pair ${i + 1}`),
  }));
/** Chosen answers first, rejected ones behind, as one batch. */
const bothOf = (pairs: readonly Pair[]): Example[] => [...pairs.map((one) => one.chosen), ...pairs.map((one) => one.rejected)];
const halves = (x: Tensor): { chosen: Tensor; rejected: Tensor } => {
  const count = x.shape[0]! / 2;
  return { chosen: narrow(x, 0, 0, count), rejected: narrow(x, 0, count, count) };
};

/** Learns answers: the mean of −log p over their tokens. */
export const tune = async (model: LanguageModel, examples: readonly Example[], options: TuneOptions = {}): Promise<Tuned> => {
  const { maxLength = 1024, isRecomputed } = options;
  return run<Example>(
    model,
    {
      items: examples.map((one, i) => cutExample(one, maxLength, `Example ${i + 1}`)),
      batch: async (items) => batchOf(items).batch,
      loss: (project) => (given) => crossEntropy(llama(given.tokens!, model.shape, { project, isRecomputed }), given.targets!, given.mask!),
      tokensOf: lengthOf,
    },
    options,
  );
};

/** Σ log p of answers under a model, without training: forward only, one compiled graph a shape. */
const openScorer = ({ shape, weights }: LanguageModel, threads: number | undefined) => {
  const programs = new Map<string, Promise<Program>>();
  const feeds = Object.fromEntries(weights);
  return {
    sums: async (examples: readonly Example[]): Promise<Float32Array> => {
      const { batch, time } = batchOf(examples);
      const key = `${examples.length} ${time}`;
      const graph = openGraph({ mode: "predict" });
      const ids = (name: string): Tensor => input(graph, name, { dtype: "int64", shape: [examples.length, time] });
      const write = (): Promise<Program> => {
        const [tokens, targets] = [ids("tokens"), ids("targets")];
        const mask = input(graph, "mask", { dtype: "float32", shape: [examples.length, time] });
        return compile(graph, { sums: sequenceLogProbabilities(llama(tokens, shape), targets, mask) }, { ...(threads ? { threads } : {}) });
      };
      const made = programs.get(key) ?? write();
      programs.set(key, made);
      const numbers = Object.fromEntries(Object.entries(batch).map(([name, one]) => [name, one.data]));
      return (await (await made).run({ ...feeds, ...numbers })).sums as Float32Array;
    },
    close: async (): Promise<void> => {
      for (const one of programs.values()) await one.then((program) => program.release());
    },
  };
};

/** Learns preferences directly. The reference is the model itself without adapters; its log-probabilities are computed once a pair. */
export const tunePreferences = async (
  model: LanguageModel,
  pairs: readonly Pair[],
  options: TuneOptions & DpoOptions = {},
): Promise<Tuned> => {
  const { maxLength = 1024, isRecomputed, kind } = options;
  const items = cutPairs(pairs, maxLength);
  const isMean = kind === "ipo";
  const scale = (one: Example, sum: number): number => sum / (isMean ? one.tokens.length - Math.max(1, one.from) : 1);
  const reference = new Map<Pair, [number, number]>();
  const scorer = openScorer(model, options.threads);
  try {
    for (const pair of items) {
      if (options.signal?.aborted) throw new Stopped("Fine-tuning was stopped before its first step.");
      const [chosen, rejected] = await scorer.sums([pair.chosen, pair.rejected]);
      reference.set(pair, [scale(pair.chosen, chosen!), scale(pair.rejected, rejected!)]);
    }
  } finally {
    await scorer.close();
  }
  return run<Pair>(
    model,
    {
      items,
      batch: async (some) => {
        const both = bothOf(some);
        const known = [...some.map((one) => reference.get(one)![0]), ...some.map((one) => reference.get(one)![1])];
        return {
          ...batchOf(both).batch,
          reference: { data: Float32Array.from(known), shape: [known.length] },
          scale: { data: Float32Array.from(both, (one) => scale(one, 1)), shape: [both.length] },
        };
      },
      loss: (project) => (given) => {
        const logits = llama(given.tokens!, model.shape, { project, isRecomputed });
        const sums = sequenceLogProbabilities(logits, given.targets!, given.mask!);
        const policy = isMean ? mul(sums, given.scale!) : sums;
        return preferenceLoss(halves(policy), halves(given.reference!), options);
      },
      tokensOf: (pair) => lengthOf(pair.chosen) + lengthOf(pair.rejected),
    },
    options,
  );
};

const headName = "score.weight";
/** The number read off the last token of each text. */
const rewardsOf = (tokens: Tensor, last: Tensor, shape: LlamaShape, more: Parameters<typeof hiddenStates>[2]): Tensor => {
  const found = gatherND(hiddenStates(tokens, shape, more).hidden, last);
  const head = sharedParameter(tokens.graph, headName, [1, shape.width], zeros);
  return reshape(linear(found, head, undefined, { transB: true }), [tokens.shape[0]!]);
};
const placesOf = (last: BigInt64Array) => ({
  data: BigInt64Array.from({ length: 2 * last.length }, (_, i) => (i % 2 === 0 ? BigInt(i / 2) : last[(i - 1) / 2]!)),
  shape: [last.length, 2],
});

/** Learns a number for answers from which of two was chosen. */
export const tuneReward = async (
  model: LanguageModel,
  pairs: readonly Pair[],
  options: TuneOptions & { centre?: number } = {},
): Promise<RewardModel> => {
  const { maxLength = 1024, isRecomputed, centre = 0 } = options;
  const hasMargin = pairs.some((one) => one.margin !== undefined);
  const made = await run<Pair>(
    model,
    {
      items: cutPairs(pairs, maxLength),
      batch: async (some) => {
        const { batch, last } = batchOf(bothOf(some));
        const margin = { data: Float32Array.from(some, (one) => one.margin ?? 0), shape: [some.length] };
        return { tokens: batch.tokens!, last: placesOf(last), ...(hasMargin ? { margin } : {}) };
      },
      loss: (project) => (given) =>
        rewardLoss(halves(rewardsOf(given.tokens!, given.last!, model.shape, { project, isRecomputed })), {
          margin: given.margin ?? 0,
          centre,
        }),
      tokensOf: (pair) => lengthOf(pair.chosen) + lengthOf(pair.rejected),
      isOwn: (name) => name === headName,
    },
    options,
  );
  const head = made.weights.get(headName)!;
  const score: RewardModel["score"] = async (examples) => {
    const { batch, last, time } = batchOf(examples.map((one, i) => cutExample(one, maxLength, `Text ${i + 1}`)));
    const graph = openGraph({ mode: "predict" });
    const tokens = input(graph, "tokens", { dtype: "int64", shape: [examples.length, time] });
    const places = input(graph, "last", { dtype: "int64", shape: [examples.length, 2] });
    const project = made.adapters ? withAdapters(made.adapters.options) : undefined;
    const program = await compile(graph, { rewards: rewardsOf(tokens, places, model.shape, { project }) });
    try {
      const feeds = { ...Object.fromEntries([...model.weights, ...made.weights]), tokens: batch.tokens!.data, last: placesOf(last).data };
      return (await program.run(feeds)).rewards as Float32Array;
    } finally {
      await program.release();
    }
  };
  return { ...made, head, score };
};

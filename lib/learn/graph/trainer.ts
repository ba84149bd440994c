// A trainer owns the weights and moves them: one compiled graph for each shape of batch, one run a step.
//
// A step whose loss or gradient is not finite leaves every state as it was (states.ts) and says where the trouble began (diagnosis.ts).
import { availableParallelism } from "node:os";
import { decodeCheckpoint, encodeCheckpoint } from "#lib/learn/graph/checkpoint.ts";
import { canHalve, DeviceError, resolveDevice } from "#lib/learn/graph/device.ts";
import { diagnose } from "#lib/learn/graph/diagnosis.ts";
import type { Device, Dtype, Kind } from "#lib/learn/graph/graph.ts";
import { checkMemory, type Estimate, estimateStep } from "#lib/learn/graph/memory.ts";
import { adamW, type Optimiser } from "#lib/learn/graph/optimisers.ts";
import { compile, type Feed, type Program, type Values } from "#lib/learn/graph/program.ts";
import { fillMask, seedOf } from "#lib/learn/graph/seeds.ts";
import { showShape, sizeOf } from "#lib/learn/graph/shape.ts";
import { numbersOf, openStates } from "#lib/learn/graph/states.ts";
import { type Kinds, nextOf, type Phase, type Recipe, type Step, slotOf, writeEvaluation, writeStep } from "#lib/learn/graph/step.ts";
import { mulberry32 } from "#lib/learn/random.ts";

export type Batch = Readonly<Record<string, Values>>;
export type Weights = ReadonlyMap<string, Float32Array>;
export type TrainerOptions = Omit<Recipe, "optimiser" | "isMixed"> & {
  optimiser?: Optimiser;
  device?: Device | "auto";
  /** "mixed": matrix products and convolutions in float16, weights and everything else in float32. */
  precision?: "float32" | "mixed";
  /** CPU threads; by default one for small networks and all cores for others. */
  threads?: number | undefined;
  seed?: number;
  /** Starting weights by name; the others are drawn from the seed. */
  weights?: Weights | undefined;
  /** Bytes a step may need; what the machine has free when absent. */
  memoryBytes?: number | undefined;
  /** Path prefix for onnxruntime's trace of each compiled graph. */
  profilePrefix?: string | undefined;
};
export type StepReport = { step: number; loss: number; norm: number; rate: number; metrics: Record<string, number> };
export type Trainer = {
  readonly device: Device;
  /** Steps taken. */
  readonly stepCount: () => number;
  /** Moves the weights once, by one batch or by the mean gradient of several of the same size. */
  step: (batches: Batch | readonly Batch[], more?: { rate?: number }) => Promise<StepReport>;
  /** Loss and metrics without moving anything, in predict mode. */
  evaluate: (batch: Batch) => Promise<{ loss: number; metrics: Record<string, number> }>;
  /** Copies of all weights, or of those that are wanted. */
  weights: (isWanted?: (name: string) => boolean) => Promise<Map<string, Float32Array>>;
  /** Everything that moves from step to step, as bytes (frozen weights that were given are given again when resuming); `facts` and other weights (the best so far) ride along. */
  checkpoint: (facts?: Readonly<Record<string, string>>, beside?: Weights) => Promise<Uint8Array>;
  /** Goes on from a checkpoint, bit for bit; answers what rode along. */
  restore: (bytes: Uint8Array) => Promise<{ facts: Readonly<Record<string, string>>; beside: Map<string, Float32Array> }>;
  /** What a step over such batches needs, without allocating it. */
  estimate: (kinds: Kinds) => Estimate;
  close: () => Promise<void>;
};

const dtypes: Record<string, Dtype> = {
  Float32Array: "float32",
  Float64Array: "float64",
  BigInt64Array: "int64",
  Int32Array: "int32",
  Uint8Array: "bool",
  Uint16Array: "float16",
};
/** Shapes and dtypes of a batch. */
export const kindsOf = (batch: Batch): Record<string, Kind> =>
  Object.fromEntries(
    Object.entries(batch).map(([name, { data, shape }]) => {
      if (data.length !== sizeOf(shape)) throw new Error(`Input ${name}: ${data.length} numbers do not fill ${showShape(shape)}.`);
      return [name, { dtype: dtypes[data.constructor.name]!, shape }];
    }),
  );
const keyOf = (kinds: Kinds): string =>
  Object.entries(kinds)
    .map(([name, { dtype, shape }]) => `${name}:${dtype}${showShape(shape)}`)
    .join();

/** Names of weights that ride along in a checkpoint. */
const besidePrefix = "beside:";

type Compiled = { step: Step; program: Program; masks: Map<string, Float32Array> };

const metricsIn = (answers: Readonly<Record<string, Feed>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(answers).flatMap(([name, value]) =>
      name.startsWith("metric.") ? [[name.slice(7), Number((value as Float32Array)[0])]] : [],
    ),
  );
const numberIn = (answers: Readonly<Record<string, Feed>>, name: string): number => Number((answers[name] as Float32Array)[0]);

/** Writes and compiles graphs for one recipe, one for each phase and shape of batch. */
const openPrograms = (options: TrainerOptions, recipe: Recipe, device: Device) => {
  const known = new Map<string, Promise<Compiled>>();
  const write = async (kinds: Kinds, phase: Phase | "evaluate"): Promise<Compiled> => {
    const step = phase === "evaluate" ? writeEvaluation(recipe, kinds) : writeStep(recipe, kinds, phase);
    const estimate = estimateStep(step);
    checkMemory(estimate, options.memoryBytes ?? process.availableMemory(), Object.values(kinds)[0]?.shape[0] ?? 1);
    const isLarge = estimate.weights > 1e6 || estimate.activations > 16e6;
    const program = await compile(step.graph, step.outputs, {
      device,
      threads: options.threads ?? (isLarge ? availableParallelism() : 1),
      held: [...step.states.keys()].map(nextOf),
      ...(options.profilePrefix ? { profilePrefix: `${options.profilePrefix}-${phase}` } : {}),
    });
    const masks = new Map([...step.graph.masks].map(([name, { tensor }]) => [name, new Float32Array(sizeOf(tensor.shape))]));
    return { step, program, masks };
  };
  return {
    get: (batch: Batch, phase: Phase | "evaluate"): Promise<Compiled> => {
      const kinds = kindsOf(batch);
      const key = `${phase} ${keyOf(kinds)}`;
      const made = known.get(key) ?? write(kinds, phase);
      known.set(key, made);
      made.catch(() => known.delete(key));
      return made;
    },
    release: async (): Promise<void> => {
      for (const one of known.values()) await one.then(({ program }) => program.release());
      known.clear();
    },
  };
};

/** Opens a trainer on a device that answers; weights come into being with the first batch. */
export const openTrainer = async (options: TrainerOptions): Promise<Trainer> => {
  const { seed = 0, optimiser = adamW(), precision = "float32" } = options;
  const device = await resolveDevice(options.device ?? "cpu");
  const isMixed = precision === "mixed";
  if (isMixed && !(await canHalve(device)))
    throw new DeviceError(`Device ${device} cannot compute in float16. Train with precision float32.`);
  const recipe: Recipe = { loss: options.loss, optimiser, trainable: options.trainable, clipNorm: options.clipNorm, isMixed };
  const programs = openPrograms(options, recipe, device);
  const states = openStates(device);
  const weightNames = new Set<string>();
  let count = 0;
  let scale = { value: 65_536, good: 0 };

  /** Weights as given or drawn by name; slots zero. */
  const ensure = async ({ states: moving, frozen, parameters }: Step): Promise<void> => {
    for (const name of parameters.keys()) weightNames.add(name);
    await states.ensure(new Map([...moving, ...[...frozen].map(([name, one]): [string, Kind] => [name, one.tensor])]), (name, kind) => {
      const given = options.weights?.get(name);
      if (!given) return parameters.get(name)?.initial(kind.shape, mulberry32(seedOf(seed, name))) ?? new Float32Array(sizeOf(kind.shape));
      if (given.length !== sizeOf(kind.shape)) throw new Error(`Weight ${name} has ${given.length} numbers, not ${sizeOf(kind.shape)}.`);
      return options.trainable?.(name) === false ? given : given.slice(); // what moves must not move the array it came from
    });
  };

  const feedsFor = (
    { step, program, masks }: Compiled,
    batch: Batch,
    scalars: Record<string, number>,
    part: number,
  ): Record<string, Feed> => {
    const feeds: Record<string, Feed> = {};
    for (const [name, { keep }] of step.graph.masks) feeds[name] = fillMask(masks.get(name)!, keep, seedOf(seed, count, part, name));
    for (const name of program.inputs.keys())
      feeds[name] ??= name.startsWith("step.") ? Float32Array.of(scalars[name.slice(5)]!) : (batch[name]?.data ?? states.now(name));
    return feeds;
  };
  const explain = async (step: Step, feeds: Record<string, Feed>, loss: number): Promise<Error> =>
    diagnose(step, Object.fromEntries(await numbersOf(new Map(Object.entries(feeds)), device)), count + 1, loss);

  /** All but the last of several batches: their gradients are summed, from zero. */
  const gather = async (batches: readonly Batch[], scalars: Record<string, number>): Promise<number> => {
    let total = 0;
    for (const [part, batch] of batches.entries()) {
      const one = await programs.get(batch, "gather");
      if (part === 0) states.forget(one.step.states.keys());
      await ensure(one.step);
      const feeds = feedsFor(one, batch, scalars, part);
      const answers = await one.program.run(feeds, states.spares(one.step.states.keys()));
      const loss = numberIn(answers, "loss");
      if (!Number.isFinite(loss)) throw await explain(one.step, feeds, loss);
      total += loss;
      states.advance(one.step.states.keys(), answers);
    }
    return total;
  };

  const step: Trainer["step"] = async (given, more = {}) => {
    const batches = Array.isArray(given) ? (given as readonly Batch[]) : [given as Batch];
    const last = batches.at(-1);
    if (!last) throw new Error("A step needs at least one batch.");
    const one = await programs.get(last, batches.length === 1 ? "whole" : "last");
    const rate = more.rate ?? optimiser.rate;
    const scalars = { rate, share: 1 / batches.length, lossScale: scale.value, ...optimiser.scalars(count + 1) };
    const gathered = await gather(batches.slice(0, -1), scalars);
    await ensure(one.step);
    const feeds = feedsFor(one, last, scalars, batches.length - 1);
    const answers = await one.program.run(feeds, states.spares(one.step.states.keys()));
    const [loss, norm] = [numberIn(answers, "loss"), numberIn(answers, "norm")];
    if (isMixed && Number.isFinite(loss) && !Number.isFinite(norm) && scale.value > 1) {
      scale = { value: scale.value / 2, good: 0 }; // a float16 gradient overflowed: this step is not taken
      return step(given, more);
    }
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw await explain(one.step, feeds, loss);
    if (isMixed && ++scale.good >= 2000) scale = { value: scale.value * 2, good: 0 };
    states.advance(one.step.states.keys(), answers);
    count += 1;
    return { step: count, loss: (gathered + loss) / batches.length, norm, rate, metrics: metricsIn(answers) };
  };

  return {
    device,
    stepCount: () => count,
    step,
    weights: (isWanted = () => true) => states.read(states.names().filter((name) => weightNames.has(name) && isWanted(name))),
    evaluate: async (batch) => {
      const one = await programs.get(batch, "evaluate");
      await ensure(one.step);
      const answers = await one.program.run(feedsFor(one, batch, {}, 0));
      return { loss: numberIn(answers, "loss"), metrics: metricsIn(answers) };
    },
    checkpoint: async (facts = {}, beside = new Map()) => {
      const isGiven = (name: string): boolean => options.trainable?.(name) === false && options.weights?.has(name) === true;
      const numbers = await states.read(states.names().filter((name) => !name.endsWith(slotOf("", "sum")) && !isGiven(name)));
      const tensors = new Map([...numbers].map(([name, data]) => [name, { data, shape: states.kindOf(name).shape }]));
      for (const [name, data] of beside) tensors.set(`${besidePrefix}${name}`, { data, shape: [data.length] });
      const own = {
        step: String(count),
        scale: String(scale.value),
        good: String(scale.good),
        optimiser: optimiser.kind,
        seed: String(seed),
      };
      return encodeCheckpoint({ tensors, facts: { ...facts, ...own } });
    },
    restore: async (bytes) => {
      const { tensors: all, facts } = await decodeCheckpoint(bytes);
      const tensors = new Map([...all].filter(([name]) => !name.startsWith(besidePrefix)));
      const beside = new Map([...all].flatMap(([name, { data }]) => (tensors.has(name) ? [] : [[name.slice(besidePrefix.length), data]])));
      if (facts.optimiser !== optimiser.kind) throw new Error(`This checkpoint was made with ${facts.optimiser}, not ${optimiser.kind}.`);
      if (facts.seed !== String(seed)) throw new Error(`This checkpoint was made with seed ${facts.seed}, not ${seed}.`);
      states.forget(states.names());
      const kinds = new Map([...tensors].map(([name, { shape }]): [string, Kind] => [name, { dtype: "float32", shape }]));
      await states.ensure(kinds, (name) => tensors.get(name)!.data);
      count = Number(facts.step);
      scale = { value: Number(facts.scale), good: Number(facts.good) };
      return { facts, beside };
    },
    estimate: (kinds) => estimateStep(writeStep(recipe, kinds, "whole")),
    close: async () => {
      await states.close();
      await programs.release();
    },
  };
};

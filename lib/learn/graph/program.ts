// A program is a graph compiled by onnxruntime for one device. It takes and gives plain typed arrays, except for tensors that live on the
// device ("held"): those can be fed to any program and answered by one, but their numbers cannot be reached.
//
// Why so strict: onnxruntime-node aborts the whole process, uncatchably, when `getData()` is called on a tensor in a GPU buffer. So a `Held`
// has no such method, keeps the runtime's tensor in a private field, and disarms it as well. Numbers come back by `fetch`: a program of
// identities whose outputs are asked for on the CPU.
import type * as Ort from "onnxruntime-node";
import { loadRuntime, providersOf } from "#lib/learn/graph/device.ts";
import { type Device, type Dtype, type Graph, input, type Kind, type Numbers, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { writeModel } from "#lib/learn/graph/model.ts";
import { identity } from "#lib/learn/graph/operators/shaping.ts";
import { showShape, sizeOf } from "#lib/learn/graph/shape.ts";

/** Numbers with their shape. */
export type Values = { data: Numbers; shape: readonly number[] };

const disarm = (tensor: Ort.Tensor): Ort.Tensor =>
  Object.defineProperty(tensor, "getData", {
    value: () => {
      throw new Error("This tensor lives on the device. Fetch it by its name; its data cannot be read in place.");
    },
  });

/** A tensor on the device. It has a dtype and a shape and nothing that gives its numbers. */
export class Held implements Kind {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly #tensor: Ort.Tensor;
  constructor(tensor: Ort.Tensor) {
    this.dtype = tensor.type as Dtype;
    this.shape = tensor.dims;
    this.#tensor = tensor.location === "cpu" ? tensor : disarm(tensor);
  }
  /** For programs only: feeds the tensor without anybody holding it. */
  static feed(held: Held): Ort.Tensor {
    return held.#tensor;
  }
  dispose(): void {
    if (this.#tensor.location !== "cpu") this.#tensor.dispose();
  }
}

export type Feed = Numbers | Held;
export type Program = {
  readonly device: Device;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Runs once. `into` names outputs to write into arrays of yours, which saves an allocation and a copy (CPU). */
  run: (feeds: Readonly<Record<string, Feed>>, into?: Readonly<Record<string, Numbers>>) => Promise<Record<string, Feed>>;
  /** Ends profiling when it was asked for, and frees the session. */
  release: () => Promise<void>;
};
export type ProgramOptions = {
  device?: Device;
  /** Threads of the CPU; small graphs are fastest with one. */
  threads?: number;
  /** Outputs that stay on the device (WebGPU only; elsewhere they come back as numbers). */
  held?: readonly string[];
  weights?: ReadonlyMap<string, Float32Array>;
  /** Writes a trace to this path prefix: which node ran where, and how long. */
  profilePrefix?: string;
};

const arrayNames: Record<Dtype, string> = {
  float32: "Float32Array",
  float64: "Float64Array",
  float16: "Uint16Array",
  int64: "BigInt64Array",
  int32: "Int32Array",
  uint8: "Uint8Array",
  bool: "Uint8Array",
};

const checkFeed = (name: string, tensor: Tensor, feed: Feed | undefined): void => {
  if (feed === undefined) throw new Error(`Input ${name} is missing. It is ${tensor.dtype} ${showShape(tensor.shape)}.`);
  if (feed instanceof Held) {
    if (showShape(feed.shape) !== showShape(tensor.shape))
      throw new Error(`Input ${name} is ${showShape(feed.shape)}, not ${showShape(tensor.shape)}.`);
    return;
  }
  const isFit = feed.constructor.name === arrayNames[tensor.dtype] && feed.length === sizeOf(tensor.shape);
  if (!isFit)
    throw new Error(
      `Input ${name} must be a ${arrayNames[tensor.dtype]} of ${sizeOf(tensor.shape)} numbers (${showShape(tensor.shape)}), not a ${feed.constructor.name} of ${feed.length}.`,
    );
};

/** Compiles the part of a graph that some named outputs need. */
export const compile = async (graph: Graph, outputs: Readonly<Record<string, Tensor>>, options: ProgramOptions = {}): Promise<Program> => {
  const ort = await loadRuntime();
  const device = options.device ?? "cpu";
  const model = writeModel(graph, outputs, { weights: options.weights, externalPast: Number.POSITIVE_INFINITY });
  const held = new Set(device === "webgpu" ? options.held : []);
  const locations = Object.fromEntries(Object.keys(outputs).map((name) => [name, held.has(name) ? "gpu-buffer" : "cpu"] as const));
  const session = await ort.InferenceSession.create(model.bytes, {
    executionProviders: providersOf(device),
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    enableMemPattern: false, // it lays all activations out anew in one piece after the first run, beside the pieces of that run: twice the memory, and no faster
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: "0" } } }, // cores are shared: a thread that waits leaves its core to others
    ...(device === "webgpu" ? { preferredOutputLocation: locations } : {}),
    ...(options.profilePrefix ? { enableProfiling: true, profileFilePrefix: options.profilePrefix } : {}),
  });
  const typeOf = (name: string): Ort.Tensor.Type => outputs[name]!.dtype;
  return {
    device,
    inputs: model.inputs,
    run: async (feeds, into = {}) => {
      const tensors: Record<string, Ort.Tensor> = {};
      for (const [name, tensor] of model.inputs) {
        const feed = feeds[name];
        checkFeed(name, tensor, feed);
        tensors[name] = feed instanceof Held ? Held.feed(feed) : new ort.Tensor(tensor.dtype, feed as Float32Array, tensor.shape);
      }
      const wanted = Object.fromEntries(
        Object.keys(outputs).map((name) => [
          name,
          into[name] ? new ort.Tensor(typeOf(name), into[name] as Float32Array, outputs[name]!.shape) : null,
        ]),
      );
      const answered = await session.run(tensors, wanted);
      return Object.fromEntries(
        Object.entries(answered).map(([name, tensor]) => {
          const made = tensor as Ort.Tensor;
          return [name, made.location === "cpu" ? (into[name] ?? (made.data as Numbers)) : new Held(made)];
        }),
      );
    },
    release: async () => {
      if (options.profilePrefix) session.endProfiling();
      await session.release();
    },
  };
};

/** Runs once and forgets: for tests, examples and single answers. */
export const evaluate = async (
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, Feed>> = {},
  options: ProgramOptions = {},
): Promise<Record<string, Numbers>> => {
  const program = await compile(Object.values(outputs)[0]!.graph, outputs, options);
  try {
    return (await program.run(feeds)) as Record<string, Numbers>;
  } finally {
    await program.release();
  }
};

/** A program that copies tensors from or to the device. */
const copier = (kinds: ReadonlyMap<string, Kind>, options: ProgramOptions): Promise<Program> => {
  const graph = openGraph();
  const outputs: Record<string, Tensor> = {};
  for (const [name, kind] of kinds) outputs[`${name}.copy`] = identity(input(graph, name, kind));
  return compile(graph, outputs, options);
};
const copied = async (program: Program, feeds: ReadonlyMap<string, Feed>, names: Iterable<string>): Promise<Map<string, Feed>> => {
  const made = await program.run(Object.fromEntries(feeds));
  return new Map([...names].map((name) => [name, made[`${name}.copy`]!]));
};

/**
 * Brings numbers onto the device. A tensor on the device must not outlive every session there (freeing it then ends the process), so the
 * program that made these is answered too: release it after they are disposed of.
 */
export const hold = async (
  values: ReadonlyMap<string, Float32Array>,
  kinds: ReadonlyMap<string, Kind>,
  device: Device,
): Promise<{ held: Map<string, Feed>; keeper: Program }> => {
  const keeper = await copier(kinds, { device, held: [...kinds.keys()].map((name) => `${name}.copy`) });
  return { held: await copied(keeper, values, kinds.keys()), keeper };
};

/** Brings tensors back from the device as numbers of their own; those that are numbers already are left out. */
export const fetchHeld = async (tensors: ReadonlyMap<string, Feed>, device: Device): Promise<Map<string, Numbers>> => {
  const kinds = new Map([...tensors].flatMap(([name, one]) => (one instanceof Held ? [[name, one] as const] : [])));
  if (kinds.size === 0) return new Map();
  const program = await copier(kinds, { device });
  const fetched = await copied(program, tensors, kinds.keys());
  await program.release();
  return fetched as Map<string, Numbers>;
};

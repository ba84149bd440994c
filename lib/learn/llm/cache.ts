// Keys and values of every position so far, so that a new token costs one position and not all of them. Two graphs of one writing use it: a wide
// one that reads a stretch of the prompt at once, and a narrow one for each new token. Both are given the past in arrays of some capacity, with a
// mask over what is not there yet, and answer only the keys and values of their own positions; those are copied in behind. The past is never
// copied out of the graph, and a graph serves every length up to its capacity.
import { availableParallelism } from "node:os";
import { resolveDevice } from "#lib/learn/graph/device.ts";
import { type Device, type Graph, input, type Kind, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { bytesOfKind, MemoryError, peakBytes } from "#lib/learn/graph/memory.ts";
import { gather } from "#lib/learn/graph/operators/indexing.ts";
import { narrow, reshape } from "#lib/learn/graph/operators/shaping.ts";
import { compile, type Feed, type Program } from "#lib/learn/graph/program.ts";
import { openStates, type States } from "#lib/learn/graph/states.ts";
import { anglesAt, type LlamaShape, logitsOf, type Projection, throughLayers } from "#lib/learn/llm/llama.ts";

type Sizes = { time: number; capacity: number };
export type Reader = {
  /** Positions read so far. */
  length: () => number;
  /** Reads tokens behind those already read; answers the logits after the last. */
  read: (tokens: readonly number[]) => Promise<Float32Array>;
  /** Forgets all positions from `length` on. */
  cut: (length: number) => void;
  close: () => Promise<void>;
};

/** Positions the wide graph reads at once. */
export const stretch = 64;
const firstCapacity = 256;

/** Writes the graph that reads `time` tokens behind a past of up to `capacity`. */
export const writeReader = (shape: LlamaShape, { time, capacity }: Sizes, project?: Projection) => {
  const graph: Graph = openGraph({ mode: "predict" });
  const float = (name: string, ...size: number[]): Tensor => input(graph, name, { dtype: "float32", shape: size });
  const vectors = float("vectors", 1, time, shape.width);
  const angles = { cos: float("cos", time, shape.headWidth), sin: float("sin", time, shape.headWidth) };
  const mask = float("mask", time, capacity + time);
  const past = Array.from({ length: shape.layers }, (_, i) => ({
    k: float(`past.${i}.k`, 1, shape.kvHeads, capacity, shape.headWidth),
    v: float(`past.${i}.v`, 1, shape.kvHeads, capacity, shape.headWidth),
  }));
  const { hidden, present } = throughLayers(vectors, shape, { project, since: { angles, mask, past } });
  const last = time === 1 ? narrow(hidden, 1, 0, 1) : gather(hidden, input(graph, "last", { dtype: "int64", shape: [1] }), 1);
  const outputs: Record<string, Tensor> = { logits: reshape(logitsOf(last, shape, project), [shape.vocabulary]) };
  for (const [i, { k, v }] of present.entries()) {
    outputs[`new.${i}.k`] = k;
    outputs[`new.${i}.v`] = v;
  }
  return { graph, outputs };
};

export type ReaderOptions = {
  /** Where it computes; weights are brought there once. Keys and values stay with us and go there with every run. */
  device?: Device | "auto" | undefined;
  project?: Projection | undefined;
  threads?: number | undefined;
  /** Bytes the past and one run may take; what the machine has free when absent. */
  memoryBytes?: number | undefined;
};

/** Opens a reader of one text. On the CPU weights are fed as they are, without a copy. */
export const openReader = (shape: LlamaShape, weights: ReadonlyMap<string, Float32Array>, options: ReaderOptions = {}): Reader => {
  const { project, threads = availableParallelism(), memoryBytes = process.availableMemory() } = options;
  const { kvHeads, headWidth, layers } = shape;
  const programs = new Map<number, Promise<Program>>();
  let opened: Promise<{ device: Device; states: States }> | null = null;
  const place = (): NonNullable<typeof opened> => {
    opened ??= resolveDevice(options.device ?? "cpu").then((device) => ({ device, states: openStates(device) }));
    opened.catch(() => (opened = null));
    return opened;
  };
  const table = weights.get("model.embed_tokens.weight")!;
  let capacity = 0;
  let length = 0;
  let past: Record<string, Float32Array> = {};

  const program = (time: number): Promise<Program> => {
    const made =
      programs.get(time) ??
      (async () => {
        const { graph, outputs } = writeReader(shape, { time, capacity }, project);
        const total = (kinds: Iterable<Kind>): number => [...kinds].reduce((sum, one) => sum + bytesOfKind(one), 0);
        const bytes = peakBytes({ graph, outputs }) + total(graph.inputs.values()) + 2 * total(graph.constants.values()); // packed matrices twice
        if (bytes > memoryBytes)
          throw new MemoryError(
            `Keys and values of ${capacity} positions and one run over them need about ${Math.ceil(bytes / 1e6)} MB, and ` +
              `${Math.floor(memoryBytes / 1e6)} MB are free. About ${Math.floor((capacity * memoryBytes) / bytes)} positions would fit.`,
          );
        const { device, states } = await place();
        const made = await compile(graph, outputs, { threads, device });
        const kinds = new Map([...made.inputs].filter(([name]) => graph.parameters.has(name)));
        await states.ensure(kinds, (name) => weights.get(name)!);
        return made;
      })();
    programs.set(time, made);
    made.catch(() => programs.delete(time));
    return made;
  };
  const release = async (): Promise<void> => {
    for (const one of programs.values()) await one.then((made) => made.release());
    programs.clear();
  };
  /** Copies rows of each head from one array to a place in another. */
  const copyHeads = (from: Float32Array, fromRows: number, to: Float32Array, toRows: number, at: number, rows: number): void => {
    for (let head = 0; head < kvHeads; head++) {
      const start = head * fromRows * headWidth;
      to.set(from.subarray(start, start + rows * headWidth), (head * toRows + at) * headWidth);
    }
  };
  /** Room for `wanted` positions: doubled, up to what the network was made for. */
  const grow = async (wanted: number): Promise<void> => {
    if (wanted <= capacity) return;
    if (wanted > shape.context) throw new Error(`The text has ${wanted} tokens, and the network was made for ${shape.context}`);
    let next = Math.max(firstCapacity, capacity);
    while (next < wanted) next *= 2;
    next = Math.min(next, shape.context);
    await release();
    const larger: Record<string, Float32Array> = {};
    for (let i = 0; i < layers; i++)
      for (const name of [`past.${i}.k`, `past.${i}.v`]) {
        larger[name] = new Float32Array(kvHeads * next * headWidth);
        if (past[name]) copyHeads(past[name], capacity, larger[name], next, 0, length);
      }
    [past, capacity] = [larger, next];
  };
  /** 0 where a new position may look: at the past that is there, and at new positions up to itself. */
  const maskOf = (time: number): Float32Array => {
    const width = capacity + time;
    const mask = new Float32Array(time * width).fill(-1e9);
    for (let i = 0; i < time; i++) {
      mask.fill(0, i * width, i * width + length);
      mask.fill(0, i * width + capacity, i * width + capacity + i + 1);
    }
    return mask;
  };
  /** Tokens looked up in the table; what is behind their end is not looked at. */
  const vectorsOf = (tokens: readonly number[], time: number): Float32Array => {
    const { width } = shape;
    const vectors = new Float32Array(time * width);
    for (const [i, token] of tokens.entries()) vectors.set(table.subarray(token * width, (token + 1) * width), i * width);
    return vectors;
  };
  const readStretch = async (tokens: readonly number[]): Promise<Float32Array> => {
    const time = tokens.length === 1 ? 1 : stretch;
    const feeds: Record<string, Feed> = {
      ...past,
      ...anglesAt(shape, length, time),
      vectors: vectorsOf(tokens, time),
      mask: maskOf(time),
      ...(time === 1 ? {} : { last: BigInt64Array.of(BigInt(tokens.length - 1)) }),
    };
    const reading = await program(time);
    const { states } = await place();
    for (const name of reading.inputs.keys()) feeds[name] ??= states.now(name);
    const answers = (await reading.run(feeds)) as Record<string, Float32Array>;
    for (let i = 0; i < layers; i++)
      for (const which of ["k", "v"])
        copyHeads(answers[`new.${i}.${which}`]!, time, past[`past.${i}.${which}`]!, capacity, length, tokens.length);
    length += tokens.length;
    return answers.logits!;
  };
  return {
    length: () => length,
    read: async (tokens) => {
      const stray = tokens.find((one) => !(Number.isInteger(one) && one >= 0 && one < shape.vocabulary));
      if (stray !== undefined || tokens.length === 0)
        throw new Error(
          stray === undefined ? "There is no token to read" : `Token ${stray} is not in the vocabulary of ${shape.vocabulary}`,
        );
      await grow(length + tokens.length);
      let logits: Float32Array = new Float32Array();
      for (let at = 0; at < tokens.length; at += stretch) logits = await readStretch(tokens.slice(at, at + stretch));
      return logits;
    },
    cut: (to) => {
      length = Math.max(0, Math.min(length, to));
    },
    close: async () => {
      const { states } = await place();
      await states.close(); // what is on the device goes before the programs there
      await release();
    },
  };
};

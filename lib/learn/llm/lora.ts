// Adapters (Hu et al. 2021): the network stays as it is, and beside some of its linear maps stands a narrow one that learns,
//
//        W′ = W + (α/r)·B·A,      A [r, in] random, B [out, r] zero,
//
// so that step 0 is the network itself. r(in + out) numbers move instead of in·out. Names, scaling and files are those of the PEFT library: an
// adapter trained here loads there.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Graph, sharedParameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, mul } from "#lib/learn/graph/operators/elementwise.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { fanIn, normal, zeros } from "#lib/learn/graph/seeds.ts";
import { isSameShape, showShape } from "#lib/learn/graph/shape.ts";
import { dropout } from "#lib/learn/layers/dense.ts";
import { type Projection, projected } from "#lib/learn/llm/llama.ts";
import { expectedWeights, type LanguageModel, type Weights } from "#lib/learn/llm/model.ts";
import { openSafetensors, readTensor, safetensorsPieces } from "#lib/learn/weights/safetensors.ts";
import { type ByteSource, withFile, writePieces } from "#lib/learn/weights/source.ts";

export type LoraOptions = {
  rank: number;
  alpha: number;
  /** Of what enters the adapter, while training. */
  dropout: number;
  /** Last words of the maps that get an adapter: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj. */
  targets: readonly string[];
  /** How A begins: uniform within 1/√in (PEFT's default), or normal with deviation 1/r. */
  initial: "uniform" | "normal";
};
/** Adapters with what it takes to use them. */
export type Adapters = { options: LoraOptions; weights: Weights };

const targetNames = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/** The options with the usual values where none are given: rank 8, α 16, no dropout, queries and values. */
export const loraOptions = (given: Partial<LoraOptions> = {}): LoraOptions => {
  const options: LoraOptions = { rank: 8, alpha: 16, dropout: 0, targets: ["q_proj", "v_proj"], initial: "uniform", ...given };
  if (!Number.isInteger(options.rank) || options.rank < 1 || options.rank > 1024)
    throw new Error(`An adapter's rank is 1 to 1024, not ${options.rank}`);
  if (!(options.alpha > 0)) throw new Error(`An adapter's alpha is positive, not ${options.alpha}`);
  const stray = options.targets.find((one) => !targetNames.includes(one));
  if (stray !== undefined || options.targets.length === 0)
    throw new Error(`Adapters stand beside ${targetNames.join(", ")}, not ${stray ?? "nothing"}`);
  return options;
};

const sideName = (name: string, side: "A" | "B"): string => `base_model.model.${name}.lora_${side}.weight`;
/** Whether a weight belongs to an adapter. */
export const isAdapter = (name: string): boolean => /\.lora_[AB]\.weight$/.test(name);
const hasAdapter = (name: string, targets: readonly string[]): boolean => targets.includes(name.split(".").at(-1)!);

const side = (graph: Graph, name: string, which: "A" | "B", shape: readonly number[], { initial, rank }: LoraOptions): Tensor => {
  const begin = which === "B" ? zeros : initial === "normal" ? normal(1 / rank) : fanIn(shape[1]!);
  return sharedParameter(graph, sideName(name, which), shape, begin);
};

/** Linear maps with adapters beside those that are targets. */
export const withAdapters =
  (options: LoraOptions, project: Projection = projected): Projection =>
  (x, name, width, hasBias) => {
    const base = project(x, name, width, hasBias);
    if (!hasAdapter(name, options.targets)) return base;
    const a = side(x.graph, name, "A", [options.rank, x.shape.at(-1)!], options);
    const b = side(x.graph, name, "B", [width, options.rank], options);
    const narrow = linear(dropout(x, options.dropout), a, undefined, { transB: true });
    return add(base, mul(linear(narrow, b, undefined, { transB: true }), options.alpha / options.rank));
  };

/** Every adapter weight of a model with its shape. */
const expectedAdapters = (model: LanguageModel, { targets, rank }: LoraOptions): Map<string, number[]> => {
  const found = new Map<string, number[]>();
  for (const [name, { shape }] of expectedWeights(model.shape)) {
    const map = name.replace(/\.weight$/, "");
    if (shape.length !== 2 || !name.endsWith(".weight") || !hasAdapter(map, targets)) continue;
    found.set(sideName(map, "A"), [rank, shape[1]!]);
    found.set(sideName(map, "B"), [shape[0]!, rank]);
  }
  return found;
};

/** The model with W + (α/r)·B·A in place of every W that has an adapter. Weights without one are shared, not copied. */
export const mergeAdapters = (model: LanguageModel, { options, weights }: Adapters): LanguageModel => {
  const { rank, alpha } = options;
  const merged = new Map(model.weights);
  const packed = model.packed && new Map(model.packed);
  for (const [name, shape] of expectedAdapters(model, options)) {
    if (!name.endsWith("lora_A.weight")) continue;
    const map = name.slice("base_model.model.".length, -".lora_A.weight".length);
    const [a, b] = [weights.get(name), weights.get(sideName(map, "B"))];
    if (!a || !b) throw new Error(`The adapter of ${map} is missing`);
    const [width, base] = [shape[1]!, model.weights.get(`${map}.weight`)!];
    const sum = base.slice();
    for (let row = 0; row < base.length / width; row++)
      for (let k = 0; k < rank; k++) {
        const share = (alpha / rank) * b[row * rank + k]!;
        if (share !== 0) for (let i = 0; i < width; i++) sum[row * width + i]! += share * a[k * width + i]!;
      }
    merged.set(`${map}.weight`, sum);
    packed?.delete(`${map}.weight`);
  }
  return { ...model, weights: merged, packed };
};

// ---- files ----------------------------------------------------------------------------------------------------------------------------

/** `adapter_config.json` and the pieces of `adapter_model.safetensors`, as PEFT reads them. */
export const adapterFiles = (model: LanguageModel, { options, weights }: Adapters) => ({
  config: `${JSON.stringify(
    {
      ...{ peft_type: "LORA", task_type: "CAUSAL_LM", r: options.rank, lora_alpha: options.alpha, lora_dropout: options.dropout },
      ...{ target_modules: options.targets, bias: "none", fan_in_fan_out: false, base_model_name_or_path: null, inference_mode: true },
    },
    null,
    2,
  )}\n`,
  tensors: safetensorsPieces(
    [...expectedAdapters(model, options)].map(([name, shape]) => ({ name, encoding: "F32" as const, shape, values: weights.get(name)! })),
    { format: "pt" },
  ),
});

/** Reads adapters for a model; every weight is checked against the network. */
export const readAdapters = async (
  model: LanguageModel,
  config: Readonly<Record<string, unknown>>,
  source: ByteSource,
): Promise<Adapters> => {
  if (config.peft_type !== "LORA" || (config.bias ?? "none") !== "none" || config.use_dora || config.use_rslora)
    throw new Error("Only plain LoRA adapters without biases can be read");
  const targets = Array.isArray(config.target_modules) ? config.target_modules.map(String) : [];
  const options = loraOptions({
    rank: Number(config.r),
    alpha: Number(config.lora_alpha),
    dropout: Number(config.lora_dropout ?? 0),
    targets,
  });
  const { tensors } = await openSafetensors(source);
  const weights = new Map<string, Float32Array>();
  for (const [name, shape] of expectedAdapters(model, options)) {
    const entry = tensors.get(name);
    if (!entry || !isSameShape(entry.shape, shape))
      throw new Error(`The adapter's ${name} is ${entry ? showShape(entry.shape) : "missing"}; the network needs ${showShape(shape)}`);
    weights.set(name, await readTensor(source, entry));
  }
  const stray = [...tensors.keys()].find((name) => !weights.has(name));
  if (stray !== undefined) throw new Error(`The adapter has a weight ${stray} that this network would not use`);
  return { options, weights };
};

/** Writes adapters as PEFT's two files into a folder. */
export const saveAdapters = async (folder: string, model: LanguageModel, adapters: Adapters): Promise<void> => {
  const { config, tensors } = adapterFiles(model, adapters);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "adapter_config.json"), config);
  await writePieces(join(folder, "adapter_model.safetensors"), tensors);
};
/** Reads adapters from such a folder. */
export const loadAdapters = async (folder: string, model: LanguageModel): Promise<Adapters> => {
  const config = JSON.parse(await readFile(join(folder, "adapter_config.json"), "utf8")) as Record<string, unknown>;
  return withFile(join(folder, "adapter_model.safetensors"), (source) => readAdapters(model, config, source));
};

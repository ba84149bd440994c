// Between the JSON tensors of Open Inference V2 and onnxruntime's. Every refusal names the tensor, so that the caller can find it (SV5).
// Data may be nested or flat; null is a missing number (NaN) and a missing text (""), because JSON has no word for either.
import * as ort from "onnxruntime-node";
import { Problem } from "#lib/kit/problem.ts";
import type { Signature, Tensor as TensorSpec } from "#lib/models/contract.ts";
import type { InferResponse } from "#lib/serving/inference/contract.ts";

type Numbers = { make: (size: number) => ort.Tensor["data"]; type: ort.Tensor.Type; low: number; high: number; isWhole: boolean };

const whole = (make: Numbers["make"], type: ort.Tensor.Type, low: number, high: number): Numbers => ({
  make,
  type,
  low,
  high,
  isWhole: true,
});
const numbers: Record<string, Numbers> = {
  FP32: { make: (n) => new Float32Array(n), type: "float32", low: -Infinity, high: Infinity, isWhole: false },
  FP64: { make: (n) => new Float64Array(n), type: "float64", low: -Infinity, high: Infinity, isWhole: false },
  INT8: whole((n) => new Int8Array(n), "int8", -128, 127),
  INT16: whole((n) => new Int16Array(n), "int16", -32768, 32767),
  INT32: whole((n) => new Int32Array(n), "int32", -2147483648, 2147483647),
  UINT8: whole((n) => new Uint8Array(n), "uint8", 0, 255),
  UINT16: whole((n) => new Uint16Array(n), "uint16", 0, 65535),
  UINT32: whole((n) => new Uint32Array(n), "uint32", 0, 4294967295),
};
const bounds64: Record<string, [bigint, bigint]> = { INT64: [-(2n ** 63n), 2n ** 63n - 1n], UINT64: [0n, 2n ** 64n - 1n] };
const datatypeOf: Record<string, string> = {
  ...Object.fromEntries(Object.entries(numbers).map(([name, one]) => [one.type, name])),
  int64: "INT64",
  uint64: "UINT64",
  bool: "BOOL",
  string: "BYTES",
};

/** A refusal with status 400 about one tensor. */
export const unfit = (sentence: string): Problem => new Problem("invalid", "serving.tensor", sentence);

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? "undefined";

const flatten = (data: readonly unknown[]): readonly unknown[] =>
  data.some(Array.isArray) ? (data as unknown[][]).flat(Number.POSITIVE_INFINITY) : data;

const fillNumbers = (name: string, datatype: string, kind: Numbers, values: readonly unknown[]): ort.Tensor["data"] => {
  const data = kind.make(values.length) as Float64Array;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "number" && !(kind.isWhole && (!Number.isInteger(value) || value < kind.low || value > kind.high)))
      data[i] = value;
    else if (value === null && !kind.isWhole) data[i] = Number.NaN;
    else throw unfit(`Tensor ${name}: element ${i} is ${shown(value)}, which is no ${datatype}.`);
  }
  return data;
};

const fill64 = (name: string, datatype: string, values: readonly unknown[]): ort.Tensor["data"] => {
  const data = datatype === "INT64" ? new BigInt64Array(values.length) : new BigUint64Array(values.length);
  const [low, high] = bounds64[datatype]!;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const isWhole = Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d{1,20}$/.test(value));
    const big = isWhole ? BigInt(value as string | number) : null;
    if (big === null || big < low || big > high)
      throw unfit(`Tensor ${name}: element ${i} is ${shown(value)}, which is no ${datatype}. Send integers beyond 2^53 as text.`);
    data[i] = big;
  }
  return data;
};

const fillBools = (name: string, values: readonly unknown[]): Uint8Array =>
  Uint8Array.from(values, (value, i) => {
    if (value === true || value === 1) return 1;
    if (value === false || value === 0) return 0;
    throw unfit(`Tensor ${name}: element ${i} is ${shown(value)}, which is no BOOL.`);
  });

const fillTexts = (name: string, values: readonly unknown[]): string[] =>
  values.map((value, i) => {
    if (value === null) return "";
    if (typeof value === "string" && value.includes("\0"))
      throw unfit(`Tensor ${name}: element ${i} holds U+0000, where models stop reading a text.`);
    if (typeof value === "string") return value;
    throw unfit(`Tensor ${name}: element ${i} is ${shown(value)}, which is no BYTES. Send texts.`);
  });

const toTensor = (name: string, datatype: string, shape: number[], values: readonly unknown[]): ort.Tensor => {
  const kind = numbers[datatype];
  if (kind) return new ort.Tensor(kind.type, fillNumbers(name, datatype, kind, values) as never, shape);
  if (datatype === "BOOL") return new ort.Tensor("bool", fillBools(name, values), shape);
  if (datatype === "BYTES") return new ort.Tensor("string", fillTexts(name, values), shape);
  if (bounds64[datatype]) return new ort.Tensor(datatype === "INT64" ? "int64" : "uint64", fill64(name, datatype, values) as never, shape);
  throw unfit(`Tensor ${name}: ${datatype} is not served here.`);
};

const checkShape = (spec: TensorSpec, shape: unknown): number[] => {
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0);
  if (!isShape) throw unfit(`Tensor ${spec.name}: shape must be a list of whole numbers.`);
  const sizes = shape as number[];
  const fits = sizes.length === spec.shape.length && spec.shape.every((size, i) => size === -1 || size === sizes[i]);
  if (!fits) throw unfit(`Tensor ${spec.name}: shape [${sizes.join(", ")}] does not fit [${spec.shape.join(", ")}].`);
  return sizes;
};

type Given = { name?: unknown; shape?: unknown; datatype?: unknown; data?: unknown };

const readInput = (
  given: Given,
  specs: Map<string, TensorSpec>,
): { name: string; shape: number[]; values: readonly unknown[]; tensor: ort.Tensor } => {
  const spec = typeof given?.name === "string" ? specs.get(given.name) : undefined;
  if (!spec) throw unfit(`The model has no input ${shown(given?.name)}. It takes ${[...specs.keys()].slice(0, 40).join(", ")}.`);
  if (given.datatype !== spec.datatype) throw unfit(`Tensor ${spec.name}: datatype ${shown(given.datatype)} should be ${spec.datatype}.`);
  const shape = checkShape(spec, given.shape);
  if (!Array.isArray(given.data)) throw unfit(`Tensor ${spec.name}: data must be a list.`);
  const values = flatten(given.data);
  const wanted = shape.reduce((product, size) => product * size, 1);
  if (values.length !== wanted)
    throw unfit(`Tensor ${spec.name}: shape [${shape.join(", ")}] has ${wanted} elements, but data has ${values.length}.`);
  return { name: spec.name, shape, values, tensor: toTensor(spec.name, spec.datatype, shape, values) };
};

export type Feeds = { feeds: Record<string, ort.Tensor>; values: Map<string, readonly unknown[]>; rows: number };

/** Reads the inputs of a request against a signature; answers onnxruntime's feeds, the plain values, and the number of rows. */
export const readInputs = (signature: Signature, inputs: unknown): Feeds => {
  if (!Array.isArray(inputs)) throw unfit("The request has no list of inputs.");
  const specs = new Map(signature.inputs.map((spec) => [spec.name, spec]));
  const feeds: Record<string, ort.Tensor> = {};
  const values = new Map<string, readonly unknown[]>();
  let rows: number | null = null;
  for (const given of inputs as Given[]) {
    const input = readInput(given, specs);
    if (values.has(input.name)) throw unfit(`Tensor ${input.name} stands twice in the request.`);
    const isByRow = specs.get(input.name)!.shape[0] === -1;
    if (isByRow && rows !== null && rows !== input.shape[0])
      throw unfit(`Tensor ${input.name} has ${input.shape[0]} rows, while the inputs before it have ${rows}.`);
    if (isByRow) rows = input.shape[0]!;
    feeds[input.name] = input.tensor;
    values.set(input.name, input.values);
  }
  const absent = signature.inputs.find((spec) => !values.has(spec.name));
  if (absent) throw unfit(`Tensor ${absent.name} is missing. The model takes it as ${absent.datatype} [${absent.shape.join(", ")}].`);
  return { feeds, values, rows: rows ?? 1 };
};

/** Names of the outputs a request wants; all of the signature when it names none. */
export const wantedOutputs = (signature: Signature, outputs: unknown): string[] => {
  const known = signature.outputs.map((spec) => spec.name);
  if (outputs === undefined || (Array.isArray(outputs) && outputs.length === 0)) return known;
  if (!Array.isArray(outputs)) throw unfit("outputs must be a list of names.");
  return outputs.map((one: { name?: unknown }) => {
    if (!known.includes(one?.name as string)) throw unfit(`The model has no output ${shown(one?.name)}. It answers ${known.join(", ")}.`);
    return one.name as string;
  });
};

const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value.toString();
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
};

/** An output tensor as JSON, flat and row-major; what JSON cannot say (NaN, infinities) is null. */
export const writeOutput = (name: string, tensor: ort.Tensor): InferResponse["outputs"][number] => ({
  name,
  datatype: datatypeOf[tensor.type] ?? tensor.type.toUpperCase(),
  shape: [...tensor.dims],
  data: tensor.type === "bool" ? Array.from(tensor.data as Uint8Array, Boolean) : Array.from(tensor.data as ArrayLike<unknown>, plain),
});

/** A value as the log can keep it: PostgreSQL takes neither U+0000 nor half a surrogate pair. */
const kept = (value: unknown): unknown => (typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\ufffd") : value);

/** Roughly how many bytes values take as JSON; cheaper than writing them twice. */
const weigh = (values: readonly unknown[]): number =>
  values.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length + 3 : 12), 0);

/** First rows of each tensor for the log, fewer where their text would pass the bound; null when not even one row fits. */
export const firstRows = (
  columns: readonly [string, readonly unknown[]][],
  rows: number,
  maxRows: number,
  maxBytes: number,
): Record<string, unknown[]> | null => {
  const cut = (count: number): [string, readonly unknown[]][] =>
    columns.map(([name, values]) => [name, rows === count ? values : values.slice(0, Math.round((values.length / rows) * count))]);
  let count = Math.min(rows, maxRows);
  let head = cut(count);
  while (count > 0 && head.reduce((sum, [, values]) => sum + weigh(values), 0) > maxBytes) {
    count = Math.floor(count / 4);
    head = cut(count);
  }
  if (count === 0) return null;
  const byRow = (values: readonly unknown[]): unknown[] => {
    const width = values.length / count;
    return width === 1 ? values.map(kept) : Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width).map(kept));
  };
  return Object.fromEntries(head.map(([name, values]) => [name, byRow(values)]));
};

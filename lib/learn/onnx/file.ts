// The ONNX file format: opset 17, IR version 8, ai.onnx.ml 3. Graphs (lib/learn/graph) and hand-written models (builder.ts) are both written here.
// A graph with regular expressions asks for opset 20; com.microsoft (tokens, hashes) is declared only where it is used.
import proto from "onnx-proto";

const { onnx } = proto;
/** Element types by their number in the format. */
export const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, float64: 11 } as const;
export type ElementType = keyof typeof elementTypes;
export type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { ints: ArrayLike<number> }
  | { float: number }
  | { floats: ArrayLike<number> }
  | { doubles: ArrayLike<number> };
export type Dimension = number | string;

export type FileNode = {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
  domain?: string;
};
/** A weight in the file, texts, or (`external`) a stretch of a file beside it. */
export type FileTensor = { name: string; type: ElementType; shape: readonly number[] } & (
  | { data: Uint8Array }
  | { texts: readonly string[] }
  | { external: { location: string; offset: number; length: number } }
);
export type FileValue = { name: string; type: ElementType; shape: readonly Dimension[] };
export type FileGraph = {
  name: string;
  nodes: readonly FileNode[];
  tensors: readonly FileTensor[];
  inputs: readonly FileValue[];
  outputs: readonly FileValue[];
  /** 17 unless an operator is younger. */
  opset?: number;
};

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes of texts, made once for each that is different: the kinds of a forest's nodes are a million times the same two. */
const textsBytes = (texts: readonly string[]): Uint8Array[] => {
  const made = new Map<string, Uint8Array>();
  return texts.map((text) => {
    const bytes = made.get(text) ?? textBytes(text);
    made.set(text, bytes);
    return bytes;
  });
};

const attributeOf = (name: string, value: Attribute) => {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("doubles" in value) {
    const rawData = new Uint8Array(Float64Array.from(value.doubles).buffer);
    return { name, type: AttributeType.TENSOR, t: { name, dataType: elementTypes.float64, dims: [value.doubles.length], rawData } };
  }
  if ("ints" in value) return { name, type: AttributeType.INTS, ints: value.ints };
  if ("floats" in value) return { name, type: AttributeType.FLOATS, floats: value.floats };
  if (typeof value[0] === "string") return { name, type: AttributeType.STRINGS, strings: textsBytes(value as readonly string[]) };
  return { name, type: AttributeType.FLOATS, floats: [...(value as readonly number[])] };
};

const valueInfo = ({ name, type, shape }: FileValue) => ({
  name,
  type: {
    tensorType: {
      elemType: elementTypes[type],
      shape: { dim: shape.map((one) => (typeof one === "number" ? { dimValue: one } : { dimParam: one })) },
    },
  },
});

/** A number as the format writes lengths: seven bits a byte, the lowest first. */
const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
};

/** A message within a message, as a list of pieces: field, length, and what is in it. */
const framed = (field: number, pieces: readonly Uint8Array[]): Uint8Array[] => {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [Uint8Array.from([...varint(field * 8 + 2), ...varint(length)]), ...pieces];
};

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};

const tensorPieces = (tensor: FileTensor): Uint8Array[] => {
  const { TensorProto } = onnx;
  const head = { name: tensor.name, dataType: elementTypes[tensor.type], dims: [...tensor.shape] };
  if ("data" in tensor) return [TensorProto.encode(head).finish(), ...framed(9, [tensor.data])];
  if ("texts" in tensor) return [TensorProto.encode({ ...head, stringData: tensor.texts.map(textBytes) }).finish()];
  const { location, offset, length } = tensor.external;
  const pairs = Object.entries({ location, offset: String(offset), length: String(length) });
  const externalData = pairs.map(([key, value]) => ({ key, value }));
  return [TensorProto.encode({ ...head, dataLocation: TensorProto.DataLocation.EXTERNAL, externalData }).finish()];
};

const nodeBytes = ({ op, inputs, outputs, domain = "", attributes }: FileNode, i: number): Uint8Array =>
  onnx.NodeProto.encode({
    opType: op,
    name: `${op}_${i}`,
    input: [...inputs],
    output: [...outputs],
    domain,
    attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
  } as never).finish();

/**
 * The bytes of a model file; one file holds at most 2 GB, weights beyond that must be external. Nodes are encoded one by one and weights
 * are taken as they stand: the encoder keeps an object for every number until it is finished, which would be gigabytes for a forest.
 */
export const encodeModel = (graph: FileGraph, producer: string): Uint8Array => {
  const { opset = 17 } = graph;
  const domains = new Set(["ai.onnx.ml", ...graph.nodes.map((one) => one.domain ?? "")].filter((domain) => domain !== ""));
  const head = onnx.ModelProto.encode({
    irVersion: opset > 18 ? 9 : 8,
    producerName: "atelier",
    producerVersion: producer,
    opsetImport: [{ domain: "", version: opset }, ...[...domains].map((domain) => ({ domain, version: domain === "ai.onnx.ml" ? 3 : 1 }))],
  }).finish();
  const ends = onnx.GraphProto.encode({
    name: graph.name,
    input: graph.inputs.map(valueInfo),
    output: graph.outputs.map(valueInfo),
  } as never).finish();
  const nodes = graph.nodes.flatMap((one, i) => framed(1, [nodeBytes(one, i)]));
  const tensors = graph.tensors.flatMap((one) => framed(5, tensorPieces(one)));
  return joined([head, ...framed(7, [...nodes, ends, ...tensors])]);
};

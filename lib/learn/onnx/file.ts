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
  | { ints: readonly number[] }
  | { float: number }
  | { doubles: readonly number[] };
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

const attributeOf = (name: string, value: Attribute) => {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("doubles" in value) {
    const rawData = new Uint8Array(Float64Array.from(value.doubles).buffer);
    return { name, type: AttributeType.TENSOR, t: { name, dataType: elementTypes.float64, dims: [value.doubles.length], rawData } };
  }
  if ("ints" in value) return { name, type: AttributeType.INTS, ints: [...value.ints] };
  if (typeof value[0] === "string") return { name, type: AttributeType.STRINGS, strings: (value as readonly string[]).map(textBytes) };
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

const tensorOf = (tensor: FileTensor) => {
  const head = { name: tensor.name, dataType: elementTypes[tensor.type], dims: [...tensor.shape] };
  if ("data" in tensor) return { ...head, rawData: tensor.data };
  if ("texts" in tensor) return { ...head, stringData: tensor.texts.map(textBytes) };
  const { location, offset, length } = tensor.external;
  const pairs = Object.entries({ location, offset: String(offset), length: String(length) });
  return { ...head, dataLocation: onnx.TensorProto.DataLocation.EXTERNAL, externalData: pairs.map(([key, value]) => ({ key, value })) };
};

/** The bytes of a model file; one file holds at most 2 GB, weights beyond that must be external. */
export const encodeModel = (graph: FileGraph, producer: string): Uint8Array => {
  const { opset = 17 } = graph;
  const domains = new Set(["ai.onnx.ml", ...graph.nodes.map((one) => one.domain ?? "")].filter((domain) => domain !== ""));
  // plain objects as they stand: fromObject would make an object of every integer, gigabytes for a forest
  return onnx.ModelProto.encode({
    irVersion: opset > 18 ? 9 : 8,
    producerName: "atelier",
    producerVersion: producer,
    opsetImport: [{ domain: "", version: opset }, ...[...domains].map((domain) => ({ domain, version: domain === "ai.onnx.ml" ? 3 : 1 }))],
    graph: {
      name: graph.name,
      node: graph.nodes.map((one, i) => ({
        opType: one.op,
        name: `${one.op}_${i}`,
        input: [...one.inputs],
        output: [...one.outputs],
        domain: one.domain ?? "",
        attribute: Object.entries(one.attributes).map(([name, value]) => attributeOf(name, value)),
      })),
      initializer: graph.tensors.map(tensorOf),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  } as never).finish();
};

// Writing ONNX: opset 17, IR version 8, ai.onnx.ml 3. A builder collects nodes, constants, inputs and outputs by name; `bytes` is the file.
import proto from "onnx-proto";

const { onnx } = proto;
const types = { FP32: 1, INT64: 7, BYTES: 8, BOOL: 9 } as const;
export type Datatype = keyof typeof types;
type Attribute = number | string | readonly number[] | readonly string[] | { ints: readonly number[] } | { float: number };

export type Builder = {
  /** Declare inputs first: names the builder makes up keep out of their way. */
  input: (name: string, datatype: Datatype, shape: readonly (number | string)[]) => string;
  output: (name: string, datatype: Datatype, shape: readonly (number | string)[]) => void;
  constant: (values: ArrayLike<number>, shape: readonly number[]) => string;
  integers: (values: readonly number[]) => string;
  node: (
    op: string,
    inputs: readonly string[],
    attributes?: Record<string, Attribute>,
    more?: { domain?: "ai.onnx.ml"; output?: string },
  ) => string;
  bytes: (producer: string) => Uint8Array;
};

const attributeOf = (name: string, value: Attribute) => {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("ints" in value) return { name, type: AttributeType.INTS, ints: [...value.ints] };
  if (typeof value[0] === "string")
    return { name, type: AttributeType.STRINGS, strings: (value as readonly string[]).map((one) => new TextEncoder().encode(one)) };
  return { name, type: AttributeType.FLOATS, floats: [...(value as readonly number[])] };
};

const valueInfo = (name: string, datatype: Datatype, shape: readonly (number | string)[]) => ({
  name,
  type: {
    tensorType: {
      elemType: types[datatype],
      shape: { dim: shape.map((one) => (typeof one === "number" ? { dimValue: one } : { dimParam: one })) },
    },
  },
});

/** Starts a graph; names of nodes and values are given by the builder unless asked for. */
export const openBuilder = (graphName: string): Builder => {
  const nodes: object[] = [];
  const initializers: object[] = [];
  const inputs: object[] = [];
  const outputs: object[] = [];
  const taken = new Set<string>();
  let count = 0;
  const fresh = (hint: string): string => {
    let name: string;
    do name = `${hint}_${++count}`;
    while (taken.has(name));
    return name;
  };
  return {
    input: (name, datatype, shape) => {
      taken.add(name);
      inputs.push(valueInfo(name, datatype, shape));
      return name;
    },
    output: (name, datatype, shape) => void outputs.push(valueInfo(name, datatype, shape)),
    constant: (values, shape) => {
      const name = fresh("constant");
      const floats = Float32Array.from(values);
      initializers.push({ name, dataType: types.FP32, dims: [...shape], rawData: new Uint8Array(floats.buffer) });
      return name;
    },
    integers: (values) => {
      const name = fresh("integers");
      initializers.push({
        name,
        dataType: types.INT64,
        dims: [values.length],
        rawData: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
      });
      return name;
    },
    node: (op, from, attributes = {}, more = {}) => {
      const output = more.output ?? fresh(op.toLowerCase());
      nodes.push({
        opType: op,
        name: fresh(`${op}_node`),
        input: [...from],
        output: [output],
        domain: more.domain ?? "",
        attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
      });
      return output;
    },
    bytes: (producer) => {
      const model = {
        irVersion: 8,
        producerName: "atelier",
        producerVersion: producer,
        opsetImport: [
          { domain: "", version: 17 },
          { domain: "ai.onnx.ml", version: 3 },
        ],
        graph: { name: graphName, node: nodes, initializer: initializers, input: inputs, output: outputs },
      };
      return onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish();
    },
  };
};

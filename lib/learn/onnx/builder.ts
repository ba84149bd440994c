// Writing ONNX by hand: a builder collects nodes, constants, inputs and outputs by name; `bytes` is the file. Networks that are trained are
// written with lib/learn/graph instead, which also knows shapes and gradients.
import { type Attribute, elementTypes, encodeModel, type FileNode, type FileTensor, type FileValue } from "#lib/learn/onnx/file.ts";

const types = { FP32: "float32", INT64: "int64", BYTES: "string", BOOL: "bool" } as const;
export type Datatype = keyof typeof types;
type Domain = "ai.onnx.ml" | "com.microsoft";
/** Numbers of element types, as Cast's attribute `to` wants them. */
export const castTo = {
  float: elementTypes.float32,
  double: elementTypes.float64,
  whole: elementTypes.int64,
  truth: elementTypes.bool,
} as const;

export type Builder = {
  /** Declare inputs first: names the builder makes up keep out of their way. */
  input: (name: string, datatype: Datatype, shape: readonly (number | string)[]) => string;
  /** Keeps a name for an output, out of the way of names the builder makes up. */
  reserve: (name: string) => void;
  output: (name: string, datatype: Datatype, shape: readonly (number | string)[]) => void;
  constant: (values: ArrayLike<number>, shape: readonly number[]) => string;
  doubles: (values: ArrayLike<number>, shape: readonly number[]) => string;
  integers: (values: readonly number[], shape?: readonly number[]) => string;
  texts: (values: readonly string[], shape: readonly number[]) => string;
  /** Raises the opset of the file to at least this. */
  atLeast: (opset: number) => void;
  /** Answers the name of the node's first output; `more.more` names further ones by a suffix. */
  node: (
    op: string,
    inputs: readonly string[],
    attributes?: Record<string, Attribute>,
    more?: { domain?: Domain; output?: string; more?: readonly string[] },
  ) => string;
  bytes: (producer: string) => Uint8Array;
};

/** Starts a graph; names of nodes and values are given by the builder unless asked for. */
export const openBuilder = (graphName: string): Builder => {
  const nodes: FileNode[] = [];
  const tensors: FileTensor[] = [];
  const inputs: FileValue[] = [];
  const outputs: FileValue[] = [];
  const taken = new Set<string>();
  let opset = 17;
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
      inputs.push({ name, type: types[datatype], shape });
      return name;
    },
    reserve: (name) => void taken.add(name),
    output: (name, datatype, shape) => void outputs.push({ name, type: types[datatype], shape }),
    constant: (values, shape) => {
      const name = fresh("constant");
      tensors.push({ name, type: "float32", shape, data: new Uint8Array(Float32Array.from(values).buffer) });
      return name;
    },
    doubles: (values, shape) => {
      const name = fresh("doubles");
      tensors.push({ name, type: "float64", shape, data: new Uint8Array(Float64Array.from(values).buffer) });
      return name;
    },
    integers: (values, shape = [values.length]) => {
      const name = fresh("integers");
      const data = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
      tensors.push({ name, type: "int64", shape, data });
      return name;
    },
    texts: (values, shape) => {
      const name = fresh("texts");
      tensors.push({ name, type: "string", shape, texts: values });
      return name;
    },
    atLeast: (wanted) => {
      opset = Math.max(opset, wanted);
    },
    node: (op, from, attributes = {}, more = {}) => {
      const output = more.output ?? fresh(op.toLowerCase());
      const outputs = [output, ...(more.more ?? []).map((suffix) => `${output}_${suffix}`)];
      nodes.push({ op, inputs: [...from], outputs, domain: more.domain ?? "", attributes });
      return output;
    },
    bytes: (producer) => encodeModel({ name: graphName, nodes, tensors, inputs, outputs, opset }, producer),
  };
};

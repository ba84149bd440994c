// Writing ONNX by hand: a builder collects nodes, constants, inputs and outputs by name; `bytes` is the file. Networks that are trained are
// written with lib/learn/graph instead, which also knows shapes and gradients.
import { type Attribute, encodeModel, type FileNode, type FileTensor, type FileValue } from "#lib/learn/onnx/file.ts";

const types = { FP32: "float32", INT64: "int64", BYTES: "string", BOOL: "bool" } as const;
export type Datatype = keyof typeof types;

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

/** Starts a graph; names of nodes and values are given by the builder unless asked for. */
export const openBuilder = (graphName: string): Builder => {
  const nodes: FileNode[] = [];
  const tensors: FileTensor[] = [];
  const inputs: FileValue[] = [];
  const outputs: FileValue[] = [];
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
      inputs.push({ name, type: types[datatype], shape });
      return name;
    },
    output: (name, datatype, shape) => void outputs.push({ name, type: types[datatype], shape }),
    constant: (values, shape) => {
      const name = fresh("constant");
      tensors.push({ name, type: "float32", shape, data: new Uint8Array(Float32Array.from(values).buffer) });
      return name;
    },
    integers: (values) => {
      const name = fresh("integers");
      const data = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
      tensors.push({ name, type: "int64", shape: [values.length], data });
      return name;
    },
    node: (op, from, attributes = {}, more = {}) => {
      const output = more.output ?? fresh(op.toLowerCase());
      nodes.push({ op, inputs: [...from], outputs: [output], domain: more.domain ?? "", attributes });
      return output;
    },
    bytes: (producer) => encodeModel({ name: graphName, nodes, tensors, inputs, outputs }, producer),
  };
};

// From a graph to an ONNX file. Only what the outputs need is written: the backward walk leaves gradients nobody asked for, and a training
// graph holds a prediction inside it. Weights go in as inputs (training: they change at every step) or as values (serving: they do not).
import type { Graph, Node, Numbers, Tensor } from "#lib/learn/graph/graph.ts";
import { type Shape, sizeOf } from "#lib/learn/graph/shape.ts";
import { type Dimension, encodeModel, type FileNode, type FileTensor } from "#lib/learn/onnx/file.ts";

/** Nodes that these outputs need, in order, and the leaves (inputs, weights, constants) they start from. */
export const needed = (graph: Graph, outputs: readonly Tensor[]): { nodes: Node[]; leaves: Tensor[] } => {
  const wanted = new Set<Tensor>(outputs);
  const leaves = new Set<Tensor>(outputs.filter((one) => one.origin.kind !== "node"));
  const nodes: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((one) => wanted.has(one))) continue;
    nodes.push(node);
    for (const one of node.inputs) {
      wanted.add(one);
      if (one.origin.kind !== "node") leaves.add(one);
    }
  }
  return { nodes: nodes.reverse(), leaves: [...leaves] };
};

const bytesOf = (data: Numbers): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** A length no network has by chance (a prime): trace with it to serve any number of rows. */
export const anyCount = 104_729;
const holdsRows = (one: Tensor): boolean =>
  one.origin.kind === "constant" &&
  one.dtype === "int64" &&
  one.origin.data.some((value: number | bigint) => Number(value) % anyCount === 0 && Number(value) > 0);

/** Refuses nodes whose constants fix the number of rows; a reshape can leave it open, nothing else can. */
export const freeRows = (nodes: readonly Node[]): void => {
  for (const { operator, inputs, layer, place } of nodes)
    if (operator.name !== "Reshape" && inputs.some(holdsRows))
      throw new Error(
        `${operator.name} fixes the number of rows${layer && ` in layer ${layer}`}${place && ` at ${place}`}. Serve it with a fixed number.`,
      );
};
/** The data of a constant, the number of rows in a shape left open as −1. */
export const rowless = (tensor: Tensor): Numbers => {
  const { data } = tensor.origin as { data: Numbers };
  return holdsRows(tensor) ? BigInt64Array.from(data as BigInt64Array, (one) => (Number(one) % anyCount === 0 ? -1n : one)) : data;
};

export type Model = {
  bytes: Uint8Array;
  /** Names of the inputs the file has: those of the graph that its outputs need. */
  inputs: Map<string, Tensor>;
  /** Weights that did not fit into one file: to be written beside it under this name, one part after another. */
  external: { name: string; parts: Uint8Array[] } | null;
};
type Options = {
  name?: string;
  /** Weights to write as values; those left out become inputs. */
  weights?: ReadonlyMap<string, Float32Array>;
  /** The first axis may have any length when served: its name, and the length it had in this trace, `anyCount`. */
  rows?: string;
  /** More bytes of weights than this go into an external file; protobuf itself stops at 2 GB. */
  externalPast?: number;
};

const twoGigabytes = 2_000_000_000;

/** Writes the part of a graph that some named outputs need. */
export const writeModel = (graph: Graph, outputs: Readonly<Record<string, Tensor>>, options: Options = {}): Model => {
  const { nodes, leaves } = needed(graph, Object.values(outputs));
  const { weights, rows, externalPast = twoGigabytes } = options;
  const names = new Map<Tensor, string>();
  const file: FileNode[] = [];
  for (const [name, tensor] of Object.entries(outputs)) if (tensor.origin.kind === "node" && !names.has(tensor)) names.set(tensor, name);
  const nameOf = (tensor: Tensor): string => names.get(tensor) ?? tensor.name;
  for (const { operator, inputs, outputs: made, attributes } of nodes)
    file.push({ op: operator.name, domain: operator.domain ?? "", inputs: inputs.map(nameOf), outputs: made.map(nameOf), attributes });
  for (const [name, tensor] of Object.entries(outputs))
    if (nameOf(tensor) !== name) file.push({ op: "Identity", inputs: [nameOf(tensor)], outputs: [name], attributes: {} });

  if (rows !== undefined) freeRows(nodes);

  const fixed: { tensor: Tensor; data: Uint8Array }[] = [];
  const fed = new Map<string, Tensor>();
  for (const tensor of leaves) {
    const value =
      tensor.origin.kind === "constant"
        ? rows === undefined
          ? tensor.origin.data
          : rowless(tensor)
        : tensor.origin.kind === "parameter" && weights?.get(tensor.name);
    if (value && value.length !== sizeOf(tensor.shape))
      throw new Error(`Weight ${tensor.name} has ${value.length} numbers, not ${sizeOf(tensor.shape)}.`);
    if (value) fixed.push({ tensor, data: bytesOf(value) });
    else fed.set(tensor.name, tensor);
  }
  const total = fixed.reduce((sum, one) => sum + one.data.byteLength, 0);
  const external = total > externalPast ? { name: `${options.name ?? "network"}.data`, parts: [] as Uint8Array[] } : null;
  let offset = 0;
  const tensors = fixed.map(({ tensor, data }): FileTensor => {
    const head = { name: tensor.name, type: tensor.dtype, shape: tensor.shape };
    if (!external || data.byteLength < 1024) return { ...head, data };
    external.parts.push(data);
    offset += data.byteLength;
    return { ...head, external: { location: external.name, offset: offset - data.byteLength, length: data.byteLength } };
  });
  const dimensions = (shape: Shape): Dimension[] => shape.map((one) => (rows !== undefined && one === anyCount ? rows : one));
  const bytes = encodeModel(
    {
      name: options.name ?? "network",
      nodes: file,
      tensors,
      inputs: [...fed.values()].map((one) => ({ name: one.name, type: one.dtype, shape: dimensions(one.shape) })),
      outputs: Object.entries(outputs).map(([name, one]) => ({ name, type: one.dtype, shape: dimensions(one.shape) })),
    },
    "graph",
  );
  return { bytes, inputs: fed, external };
};

// A graph is a list of nodes over standard ONNX operators, written by calling functions on symbolic tensors. It is append-only: a node can
// only use what stands before it, so the list is always in an order in which it can be run, forwards, and differentiated, backwards.
//
// A tensor knows its graph, shape and dtype. An operator knows how to infer what it makes and (gradient.ts) how to differentiate itself.
// Parameters are named by the layer that asks for them; asking again for a name gives the same tensor, which is all that tying weights takes.
import { callerPlace } from "#lib/learn/graph/place.ts";
import { type Shape, showShape, sizeOf } from "#lib/learn/graph/shape.ts";

export type Dtype = "float32" | "float16" | "float64" | "int64" | "int32" | "uint8" | "bool";
export type Device = "cpu" | "webgpu" | "cuda";
export type Numbers = Float32Array | Float64Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;
export type Attribute = number | string | { float: number } | { ints: readonly number[] };
export type Attributes = Readonly<Record<string, Attribute>>;
export type Kind = { readonly dtype: Dtype; readonly shape: Shape };

export type Origin =
  | { kind: "input" }
  | { kind: "parameter" }
  | { kind: "constant"; data: Numbers }
  | { kind: "node"; node: Node; index: number };
export type Tensor = Kind & { readonly graph: Graph; readonly name: string; readonly origin: Origin };

/** What a gradient rule is given. `x`, `y`, `dy` are the first input, the first output and the gradient of the loss by it. */
export type Local = {
  x: Tensor;
  y: Tensor;
  dy: Tensor;
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  /** Gradient by each output; null where the loss does not depend on it. */
  dys: readonly (Tensor | null)[];
  attributes: Attributes;
};
/** Appends the nodes of a gradient and answers one tensor an input, null where there is none. Shapes may be left broadcast. */
export type Rule = (local: Local) => readonly (Tensor | null)[];

export type Operator = {
  /** Name in the ONNX operator set. */
  readonly name: string;
  /** Absent for ONNX's own operators. */
  readonly domain?: "com.microsoft";
  /** What the operator makes of its inputs; throws a sentence when they do not fit. */
  readonly infer: (inputs: readonly Tensor[], attributes: Attributes) => Kind | readonly Kind[];
  /** "none": locally constant, the gradient is zero; absent: nobody has written the rule, which is an error once it is needed. */
  readonly rule?: Rule | "none";
};

export type Node = {
  readonly operator: Operator;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Path of the layer it was written in, and the line of the caller. */
  readonly layer: string;
  readonly place: string;
  /** Number of the recomputed segment it belongs to, 0 outside (see `recomputed` in gradient.ts). */
  readonly segment: number;
};

export type Parameter = { readonly tensor: Tensor; readonly initial: Initial; readonly isTrainable: boolean };
/** Fills a new parameter; `random` is uniform in [0, 1), seeded by the parameter's name. */
export type Initial = (shape: Shape, random: () => number) => Float32Array;

export type Graph = {
  readonly mode: "train" | "predict";
  /** Matrix products and convolutions run in this dtype; everything else stays in float32. */
  readonly compute: "float32" | "float16";
  readonly nodes: Node[];
  readonly inputs: Map<string, Tensor>;
  readonly parameters: Map<string, Parameter>;
  /** Inputs the runner fills with 0 and 1/keep, by seed, step and name: dropout that can be repeated. */
  readonly masks: Map<string, { tensor: Tensor; keep: number }>;
  /** New values of parameters that move without a gradient: running statistics. */
  readonly updates: Map<string, Tensor>;
  readonly constants: Map<string, Tensor>;
  /** Where the writing stands: layer path, names used in it, open segment; a place when nodes are written on behalf of another. */
  readonly pen: { layer: string; place: string | null; segment: number; segments: number; values: number; names: Map<string, number> };
};

/** A mistake in a graph, found while it is written: operator, shapes, layer and the line of the caller. */
export class GraphError extends Error {
  override name = "GraphError";
}

export const openGraph = (more: { mode?: Graph["mode"]; compute?: Graph["compute"] } = {}): Graph => ({
  mode: more.mode ?? "train",
  compute: more.compute ?? "float32",
  nodes: [],
  inputs: new Map(),
  parameters: new Map(),
  masks: new Map(),
  updates: new Map(),
  constants: new Map(),
  pen: { layer: "", place: null, segment: 0, segments: 0, values: 0, names: new Map() },
});

/** Where a node was written, for messages. */
export const showPlace = ({ layer, place }: Pick<Node, "layer" | "place">): string =>
  [layer && `in layer ${layer}`, place && `at ${place}`].filter(Boolean).join(", ");
export const isFloat = ({ dtype }: Kind): boolean => dtype.startsWith("float");
export const showKind = ({ dtype, shape }: Kind): string => `${dtype} ${showShape(shape)}`;

/** Throws a GraphError about an operator, its inputs and the place it was called from. */
export const refuse = (graph: Graph, name: string, inputs: readonly Kind[], why: string): never => {
  const shown = inputs.map(showKind).join(" and ");
  const where = showPlace({ layer: graph.pen.layer, place: graph.pen.place ?? callerPlace() });
  throw new GraphError(`${name}${shown && ` of ${shown}`}: ${why} (${where || "while writing the graph"}).`);
};

/** Appends one node; answers its outputs. */
export const emitAll = (operator: Operator, inputs: readonly Tensor[], attributes: Attributes = {}): readonly Tensor[] => {
  const { graph } = inputs[0]!;
  const { pen } = graph;
  const foreign = inputs.find((one) => one.graph !== graph);
  if (foreign) refuse(graph, operator.name, inputs, `${foreign.name} belongs to another graph`);
  let kinds: readonly Kind[] = [];
  try {
    const made = operator.infer(inputs, attributes);
    kinds = Array.isArray(made) ? made : [made as Kind];
  } catch (error) {
    if (error instanceof GraphError) throw error;
    refuse(graph, operator.name, inputs, (error as Error).message);
  }
  const outputs: Tensor[] = [];
  const node: Node = { operator, inputs, outputs, attributes, layer: pen.layer, place: pen.place ?? callerPlace(), segment: pen.segment };
  for (const [index, { dtype, shape }] of kinds.entries())
    outputs.push({ graph, name: `${operator.name}_${++pen.values}`, dtype, shape, origin: { kind: "node", node, index } });
  graph.nodes.push(node);
  return outputs;
};

/** Appends one node with one output. */
export const emit = (operator: Operator, inputs: readonly Tensor[], attributes: Attributes = {}): Tensor =>
  emitAll(operator, inputs, attributes)[0]!;

const unnamed = (graph: Graph, kind: string, name: string): void => {
  if (!/^[A-Za-z_][\w./-]*$/.test(name)) refuse(graph, kind, [], `${JSON.stringify(name)} is not a name: letters, digits, _ . / -`);
  if (graph.inputs.has(name) || graph.parameters.has(name)) refuse(graph, kind, [], `the name ${name} is taken`);
};

const checked = (graph: Graph, name: string, { dtype, shape }: Kind): Kind => {
  if (shape.some((one) => !Number.isInteger(one) || one < 1))
    refuse(graph, name, [{ dtype, shape }], "every dimension must be a whole number of at least 1");
  return { dtype, shape: [...shape] };
};

/** A tensor that is fed at every run. */
export const input = (graph: Graph, name: string, kind: Kind): Tensor => {
  unnamed(graph, "input", name);
  const tensor: Tensor = { graph, name, ...checked(graph, name, kind), origin: { kind: "input" } };
  graph.inputs.set(name, tensor);
  return tensor;
};

const holders: Record<Dtype, (values: ArrayLike<number>) => Numbers> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values),
  float16: () => {
    throw new Error("a float16 constant is written as float32 and cast");
  },
  int32: (values) => Int32Array.from(values),
  int64: (values) => BigInt64Array.from(values as number[], BigInt),
  uint8: (values) => Uint8Array.from(values),
  bool: (values) => Uint8Array.from(values, (one) => (one ? 1 : 0)),
};

/** Values fixed in the graph; equal small ones are kept once. */
export const constant = (graph: Graph, values: ArrayLike<number>, shape: Shape, dtype: Dtype = "float32"): Tensor => {
  if (values.length !== sizeOf(shape)) refuse(graph, "constant", [{ dtype, shape }], `${values.length} values do not fill it`);
  const key =
    values.length <= 64 ? `${dtype}${showShape(shape)}${Array.from(values, (one) => (Object.is(one, -0) ? "-0" : one)).join()}` : null;
  const known = key && graph.constants.get(key);
  if (known) return known;
  const name = `constant_${++graph.pen.values}`;
  const tensor: Tensor = { graph, name, dtype, shape: [...shape], origin: { kind: "constant", data: holders[dtype](values) } };
  graph.constants.set(key ?? name, tensor);
  return tensor;
};

/** What a constant holds, for operators whose shapes and axes are inputs. */
export const valuesOf = (tensor: Tensor): number[] =>
  tensor.origin.kind === "constant" ? Array.from(tensor.origin.data as ArrayLike<number | bigint>, Number) : [];

/** Whole numbers as ONNX wants shapes, axes and bounds: a one-dimensional int64 constant. */
export const integers = (graph: Graph, values: readonly number[]): Tensor => constant(graph, values, [values.length], "int64");

/** A number in the dtype of the tensor it meets. */
export const scalarLike = (tensor: Tensor, value: number): Tensor => constant(tensor.graph, [value], [], tensor.dtype);

/**
 * A weight named inside the layer being written ("block_2/attention/query"). The same name again is the same weight: that is how weights are
 * tied, and how a second trace for another batch size finds the weights of the first.
 */
export const parameter = (graph: Graph, name: string, shape: Shape, initial: Initial, isTrainable = true): Tensor => {
  const full = graph.pen.layer ? `${graph.pen.layer}/${name}` : name;
  return sharedParameter(graph, full, shape, initial, isTrainable);
};

/** A weight by its full name, wherever the writing stands. */
export const sharedParameter = (graph: Graph, name: string, shape: Shape, initial: Initial, isTrainable = true): Tensor => {
  const known = graph.parameters.get(name);
  if (known) {
    if (showShape(known.tensor.shape) !== showShape(shape))
      refuse(graph, `parameter ${name}`, [known.tensor, { dtype: "float32", shape }], "one name, two shapes");
    return known.tensor;
  }
  unnamed(graph, "parameter", name);
  const tensor: Tensor = { graph, name, ...checked(graph, name, { dtype: "float32", shape }), origin: { kind: "parameter" } };
  graph.parameters.set(name, { tensor, initial, isTrainable });
  return tensor;
};

/** Writes a layer: parameters asked for inside carry its name, numbered when it comes again ("dense", "dense_2"). */
export const layer = <T>(graph: Graph, name: string, write: () => T): T => {
  const { pen } = graph;
  const outer = pen.layer;
  const plain = outer ? `${outer}/${name}` : name;
  const count = (pen.names.get(plain) ?? 0) + 1;
  pen.names.set(plain, count);
  pen.layer = count === 1 ? plain : `${plain}_${count}`;
  try {
    return write();
  } finally {
    pen.layer = outer;
  }
};

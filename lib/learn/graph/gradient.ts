// # Differentiating a graph
//
// A network is a composition of functions whose derivatives we know. Training needs the derivative of one number, the loss L, by a million
// others, the weights w. This file computes it, not as numbers but as more graph: `gradients(L, w)` appends ordinary ONNX nodes that will
// compute dL/dw when the graph runs. What comes out can be optimised, saved, moved to a GPU and differentiated again, because it is
// nothing special. onnxruntime, an inference engine, becomes a training engine without knowing it.
//
// ## The one idea
//
// Give every tensor v an adjoint v̄ = ∂L/∂v: by how much the loss moves when v moves a little. For the loss itself it is 1. Suppose a
// node computes y = f(x). A change dx makes dy = J·dx, where J is f's Jacobian, so the loss changes by ⟨ȳ, J·dx⟩ = ⟨Jᵀ·ȳ, dx⟩, and
//
//        x̄  +=  Jᵀ · ȳ                                                                                                    (1)
//
// That is the whole of reverse-mode differentiation. The plus sign is there because x may be used by several nodes, and every use adds its
// share. Walk the nodes backwards, so that ȳ is complete before it is used, and apply (1) at each. The cost is a small constant times the cost
// of L, however many weights there are (Baur and Strassen 1983; Linnainmaa 1970; Griewank and Walther, "Evaluating Derivatives").
//
// Nobody ever writes J down. Each operator knows how to multiply by its transpose, in the same few operators:
//
//        y = a + b         ā += ȳ                     b̄ += ȳ
//        y = a · b         ā += ȳ·b                   b̄ += ȳ·a                     (number by number)
//        Y = A B           Ā += Ȳ Bᵀ                  B̄ += Aᵀ Ȳ
//        y = expand x      x̄ += sum of ȳ over the copies
//        y = sum x         x̄ += ȳ, expanded           each of these two is the other's transpose
//        y = x[i]          x̄[i] += ȳ                  picking becomes adding: twice the same row, twice the share
//        y = softmax x     x̄ += y·(ȳ − ⟨ȳ, y⟩)        J is dense, but J times a vector is not
//
// The rules stand beside their operators (operators/*.ts), one line for most of them. What is left for this file is the walk.
//
// ## Three decisions
//
// *Activity.* Only tensors that depend on w and that L depends on have an adjoint worth computing. Both sets are found first; a rule may
// still write a gradient nobody asked for, and such nodes are dropped when the graph is written (model.ts keeps only what outputs need).
//
// *Broadcasting.* a + b with a of [8, 64] and b of [64] copies b eight times without saying so. Rules may answer ȳ for both; `received` sums
// over the copies, which is the transpose of the copying. So no rule ever needs to think about it.
//
// *Locally constant functions.* Comparisons, argmax and rounding have derivative zero where they have one: rule "none". That is different from
// an operator whose rule nobody has written: then the walk stops with an error that names operator, layer and line.
//
// ## Memory for time
//
// (1) needs x and y of every node again on the way back, so all activations stay alive: memory grows with depth. Wrapping a layer in
// `recomputed` keeps only what enters it. When the walk reaches such a segment it first writes the segment's nodes a second time (`replay`),
// and lets the rules see the copies; the originals die young. Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
//
// One thing needs care. A copy that depends only on the segment's inputs could be run at once, forwards, by any scheduler that respects the
// edges, or be merged with the original by one that finds equal subexpressions; both undo the saving. So a copy's inputs pass through an edge
// from the backward pass: x + 0·ȳ₀, one number of the incoming adjoint, which is not known before the walk has come this far.
import { emitAll, type Graph, GraphError, isFloat, type Node, showKind, showPlace, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, mul } from "#lib/learn/graph/operators/elementwise.ts";
import { cast, narrow, onesLike, reshape, sumTo, zerosLike } from "#lib/learn/graph/operators/shaping.ts";
import { isSameShape, sizeOf } from "#lib/learn/graph/shape.ts";

/** Everything that depends on one of these, in one forward sweep. */
const dependents = (graph: Graph, roots: readonly Tensor[]): Set<Tensor> => {
  const reached = new Set(roots);
  for (const { operator, inputs, outputs } of graph.nodes)
    if (operator.rule !== "none" && inputs.some((one) => reached.has(one))) for (const one of outputs) reached.add(one);
  return reached;
};

/** The adjoints gathered so far. */
type Adjoints = Map<Tensor, Tensor>;

/** A gradient in the shape of the tensor it belongs to: what was broadcast is summed. */
const received = (gradient: Tensor, tensor: Tensor): Tensor =>
  isSameShape(gradient.shape, tensor.shape) ? gradient : sumTo(gradient, tensor.shape);

/** x̄ += share. */
const accumulate = (adjoints: Adjoints, tensor: Tensor, gradient: Tensor): void => {
  const known = adjoints.get(tensor);
  const share = received(gradient, tensor);
  adjoints.set(tensor, known ? add(known, share) : share);
};

/** Writes on behalf of a node: what is appended carries its layer and line, so that trouble on the way back is traced to where it began. */
const onBehalfOf = (node: Node, write: () => void): void => {
  const { pen } = node.outputs[0]!.graph;
  const { layer, place } = pen;
  Object.assign(pen, { layer: node.layer, place: node.place });
  write();
  Object.assign(pen, { layer, place });
};

/** Applies (1) at one node, seen through `through`, which maps a recomputed tensor to its copy and any other to itself. */
const stepBack = (node: Node, adjoints: Adjoints, active: ReadonlySet<Tensor>, through: (tensor: Tensor) => Tensor): void => {
  const { operator, attributes } = node;
  if (operator.rule === "none" || !node.inputs.some((one) => active.has(one))) return;
  if (!operator.rule)
    throw new GraphError(`${operator.name} of ${node.inputs.map(showKind).join(" and ")} has no gradient rule (${showPlace(node)}).`);
  const dys = node.outputs.map((one) => adjoints.get(one) ?? null);
  const [inputs, outputs] = [node.inputs.map(through), node.outputs.map(through)];
  const dy = dys[0] ?? zerosLike(outputs[0]!);
  const shares = operator.rule({ x: inputs[0]!, y: outputs[0]!, dy, inputs, outputs, dys, attributes });
  for (const [i, share] of shares.entries()) {
    const one = node.inputs[i]!;
    if (share && active.has(one) && isFloat(one)) accumulate(adjoints, one, share);
  }
};

/** Writes a segment's nodes again, its inputs tied to `late`, and remembers which copy stands for which original. */
const replay = (segment: readonly Node[], late: Tensor, copies: Map<Tensor, Tensor>): void => {
  const nothing = mul(narrow(reshape(late, [sizeOf(late.shape)]), 0, 0, 1), 0);
  const inside = new Set(segment.flatMap((node) => node.outputs));
  const tied = (tensor: Tensor): Tensor => {
    if (inside.has(tensor) || !isFloat(tensor) || tensor.origin.kind !== "node") return tensor;
    const scalar = tensor.shape.map(() => 1);
    return add(tensor, cast(reshape(nothing, scalar), tensor.dtype));
  };
  const entering = new Map(segment.flatMap((node) => node.inputs).map((one) => [one, one]));
  for (const one of entering.keys()) entering.set(one, tied(one));
  for (const node of segment)
    onBehalfOf(node, () => {
      const inputs = node.inputs.map((one) => copies.get(one) ?? entering.get(one)!);
      const again = emitAll(node.operator, inputs, node.attributes);
      for (const [i, one] of node.outputs.entries()) copies.set(one, again[i]!);
    });
};

/**
 * The gradient of a one-number loss by each of some tensors: appended to the loss's own graph. A tensor the loss does not depend on has
 * gradient zero.
 */
export const gradients = (loss: Tensor, wrt: readonly Tensor[]): Tensor[] => {
  const { graph } = loss;
  if (sizeOf(loss.shape) !== 1 || !isFloat(loss))
    throw new GraphError(`A loss is one floating number, not ${showKind(loss)}. Take a mean or a sum.`);

  const active = dependents(graph, wrt);
  const adjoints: Adjoints = new Map([[loss, onesLike(loss)]]);
  const copies = new Map<Tensor, Tensor>();
  const through = (tensor: Tensor): Tensor => copies.get(tensor) ?? tensor;
  const replayed = new Set([0]);
  const forward = [...graph.nodes];

  for (const node of forward.toReversed()) {
    const late = node.outputs.map((one) => adjoints.get(one)).find((one) => one !== undefined);
    if (!late) continue; // the loss does not depend on it
    const { segment } = node;
    if (!replayed.has(segment)) {
      const written = forward.filter((one) => one.segment === segment);
      replay(written, late, copies);
      replayed.add(segment);
    }
    onBehalfOf(node, () => stepBack(node, adjoints, active, through));
  }
  return wrt.map((one) => adjoints.get(one) ?? zerosLike(one));
};

/** Writes a layer whose activations are computed again on the way back instead of being kept. */
export const recomputed = (graph: Graph, write: () => Tensor): Tensor => {
  const { pen } = graph;
  const outer = pen.segment;
  if (outer === 0) pen.segment = ++pen.segments;
  try {
    return write();
  } finally {
    pen.segment = outer;
  }
};

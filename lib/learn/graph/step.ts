// One training step as one graph. Inputs: the batch, the weights, the optimiser's slots and a few scalars. Outputs: loss, norm of the
// gradient, metrics, and every weight and slot as it will be after the step.
//
// A step over several batches (gradient accumulation) is "gather" for all but the last, which only adds gradients up, and "last".

import { gradients } from "#lib/learn/graph/gradient.ts";
import { type Graph, GraphError, input, type Kind, openGraph, type Parameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, div, minimum, mul, sqrt } from "#lib/learn/graph/operators/elementwise.ts";
import { sumSquares } from "#lib/learn/graph/operators/reductions.ts";
import { concat, reshape, sum } from "#lib/learn/graph/operators/shaping.ts";
import type { Optimiser } from "#lib/learn/graph/optimisers.ts";

export type Kinds = Readonly<Record<string, Kind>>;
export type Tensors = Readonly<Record<string, Tensor>>;
/** What a loss answers: one number to make small, and others to watch. */
export type Objective = Tensor | ({ loss: Tensor } & Tensors);

export type Recipe = {
  /** Writes the network and its loss for one batch; called again for every new shape of batch. */
  loss: (batch: Tensors, graph: Graph) => Objective;
  optimiser: Optimiser;
  /** Which weights move, by name; all when absent. The others are frozen: fed, never copied. */
  trainable?: ((name: string) => boolean) | undefined;
  /** Longest the gradient of all weights together may be. */
  clipNorm?: number | undefined;
  isMixed?: boolean;
};

export type Phase = "whole" | "gather" | "last";
export type Step = {
  graph: Graph;
  outputs: Record<string, Tensor>;
  /** Everything that lives on between steps, by the name it is fed under; it comes out as `next.<name>`. */
  states: Map<string, Kind>;
  /** Weights that are only read. */
  frozen: ReadonlyMap<string, Parameter>;
  parameters: ReadonlyMap<string, Parameter>;
};

const scalar: Kind = { dtype: "float32", shape: [] };
export const nextOf = (name: string): string => `next.${name}`;
export const slotOf = (name: string, slot: string): string => `${name}.${slot}`;
/** Inputs that are not the batch's, by their prefix. */
const step = (graph: Graph, name: string): Tensor => graph.inputs.get(`step.${name}`) ?? input(graph, `step.${name}`, scalar);

const objectiveOf = (made: Objective): { loss: Tensor; metrics: Tensors } => {
  if ("graph" in made && "origin" in made) return { loss: reshape(made as Tensor, []), metrics: {} };
  const { loss, ...metrics } = made as { loss: Tensor } & Tensors;
  return { loss: reshape(loss, []), metrics };
};
const traced = (recipe: Recipe, kinds: Kinds, mode: Graph["mode"]) => {
  const graph = openGraph({ mode, compute: recipe.isMixed ? "float16" : "float32" });
  const batch = Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, input(graph, name, kind)]));
  return { graph, ...objectiveOf(recipe.loss(batch, graph)) };
};
const metricOutputs = (metrics: Tensors): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(metrics).map(([name, tensor]) => [`metric.${name}`, tensor]));

/** ‖g‖ over all weights together. */
const globalNorm = (parts: readonly Tensor[]): Tensor => sqrt(sum(concat(parts.map((one) => reshape(sumSquares(one), [1])))));

/** Writes the graph of one training step for batches of these shapes. */
export const writeStep = (recipe: Recipe, kinds: Kinds, phase: Phase): Step => {
  const { optimiser, clipNorm } = recipe;
  const { graph, loss, metrics } = traced(recipe, kinds, "train");
  const all = [...graph.parameters];
  const moving = all.filter(([name, one]) => one.isTrainable && (recipe.trainable?.(name) ?? true));
  if (moving.length === 0) throw new GraphError("No weight is trainable: the network has none, or `trainable` leaves none.");
  const states = new Map<string, Kind>();
  const outputs: Record<string, Tensor> = { loss, ...metricOutputs(metrics) };
  const state = (name: string, kind: Kind): Tensor => {
    states.set(name, kind);
    return graph.parameters.get(name)?.tensor ?? input(graph, name, kind);
  };

  const scaled = recipe.isMixed ? mul(loss, step(graph, "lossScale")) : loss; // small float16 gradients would vanish
  let found = gradients(
    scaled,
    moving.map(([, one]) => one.tensor),
  );
  if (recipe.isMixed) found = found.map((one) => div(one, step(graph, "lossScale")));
  if (phase !== "whole") found = found.map((one, i) => add(one, state(slotOf(moving[i]![0], "sum"), one)));
  if (phase === "gather") {
    for (const [i, [name]] of moving.entries()) outputs[nextOf(slotOf(name, "sum"))] = found[i]!;
    return { graph, outputs, states, frozen: new Map(all), parameters: graph.parameters };
  }
  if (phase === "last") found = found.map((one) => mul(one, step(graph, "share")));

  const norm = globalNorm(found);
  outputs.norm = norm;
  if (clipNorm !== undefined) {
    const shrink = minimum(div(clipNorm, add(norm, 1e-6)), 1);
    found = found.map((one) => mul(one, shrink));
  }
  const scalars = Object.fromEntries(Object.keys(optimiser.scalars(1)).map((name) => [name, step(graph, name)]));
  for (const [i, [name, { tensor }]] of moving.entries()) {
    const slots = optimiser.slots.map((slot) => state(slotOf(name, slot), tensor));
    const isDecayed = optimiser.decays(name, tensor.shape);
    const moved = optimiser.move({ weight: tensor, gradient: found[i]!, slots, rate: step(graph, "rate"), scalars, isDecayed });
    outputs[nextOf(name)] = moved.weight;
    state(name, tensor);
    for (const [j, slot] of optimiser.slots.entries()) outputs[nextOf(slotOf(name, slot))] = moved.slots[j]!;
  }
  for (const [name, value] of graph.updates) {
    outputs[nextOf(name)] = value;
    state(name, value);
  }
  for (const [name] of moving) states.delete(slotOf(name, "sum"));
  return { graph, outputs, states, frozen: new Map(all.filter(([name]) => !states.has(name))), parameters: graph.parameters };
};

/** Writes the loss and the metrics alone, in predict mode: no dropout, running statistics. */
export const writeEvaluation = (recipe: Recipe, kinds: Kinds): Step => {
  const { graph, loss, metrics } = traced(recipe, kinds, "predict");
  const outputs = { loss, ...metricOutputs(metrics) };
  return { graph, outputs, states: new Map(), frozen: graph.parameters, parameters: graph.parameters };
};

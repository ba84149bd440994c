// From trained weights to a file that answers any number of rows: the network is traced once more in predict mode, with a first axis no
// network has by chance, and that axis is left open in the file.
import { input, type Kind, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { anyCount, type Model, writeModel } from "#lib/learn/graph/model.ts";
import type { Weights } from "#lib/learn/graph/trainer.ts";

/** What a served network takes, without the axis that counts rows. */
export type ServedInputs = Readonly<Record<string, { dtype: Kind["dtype"]; shape: readonly number[] }>>;

/** Writes a network with its weights; `predict` names the outputs. Weights past 2 GB come back in `external`. */
export const exportNetwork = (
  predict: (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
  inputs: ServedInputs,
  weights: Weights,
  options: { name?: string; externalPast?: number } = {},
): Model => {
  const graph = openGraph({ mode: "predict" });
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape }]) => [name, input(graph, name, { dtype, shape: [anyCount, ...shape] })]),
  );
  const outputs = predict(tensors);
  const missing = [...graph.parameters.keys()].find((name) => !weights.has(name));
  if (missing !== undefined) throw new Error(`There is no weight ${missing}. Export the network that was trained.`);
  return writeModel(graph, outputs, { ...options, weights, rows: "N" });
};

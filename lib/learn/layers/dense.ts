// Layers of weights and sums. A layer is a function that asks for its weights by name where it stands (graph.ts, `layer`): writing it is
// using it, and the shapes of its weights follow from what it is given.
import { type Graph, type Initial, input, layer, parameter, sharedParameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, mul } from "#lib/learn/graph/operators/elementwise.ts";
import { gather } from "#lib/learn/graph/operators/indexing.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { fanIn, normal, zeros } from "#lib/learn/graph/seeds.ts";

type DenseOptions = { name?: string; hasBias?: boolean; initial?: Initial; rank?: number };

/**
 * x·W + b over the last axis; W [in, width]. With a `rank` above 0 an adapter stands beside it (LoRA, Hu et al. 2021): + 2·(x·A)·B, with A
 * [in, rank] drawn and B [rank, width] zero, so that nothing changes until it is trained (`isAdapter`), W frozen.
 */
export const dense = (x: Tensor, width: number, { name = "dense", hasBias = true, initial, rank = 0 }: DenseOptions = {}): Tensor =>
  layer(x.graph, name, () => {
    const inner = x.shape.at(-1)!;
    const weight = parameter(x.graph, "weight", [inner, width], initial ?? fanIn(inner));
    const y = linear(x, weight, hasBias ? parameter(x.graph, "bias", [width], initial ? zeros : fanIn(inner)) : undefined);
    if (rank === 0) return y;
    const low = linear(x, parameter(x.graph, "adapterIn", [inner, rank], fanIn(inner)));
    return add(y, mul(linear(low, parameter(x.graph, "adapterOut", [rank, width], zeros)), 2));
  });

/** Whether a weight, by its name, belongs to an adapter: what to train when the rest is frozen. */
export const isAdapter = (name: string): boolean => /\/adapter(In|Out)$/.test(name);

/** A table of vectors, one a row, found by its full name: the same name is the same table, so an output layer can be tied to it. */
export const table = (graph: Graph, name: string, rows: number, width: number, deviation = 0.02): Tensor =>
  sharedParameter(graph, name, [rows, width], normal(deviation));

/** A vector for each position in 0 … rows − 1; ids may have any shape. */
export const embedding = (ids: Tensor, rows: number, width: number, { name = "embedding", deviation = 1 } = {}): Tensor =>
  layer(ids.graph, name, () => gather(parameter(ids.graph, "weight", [rows, width], normal(deviation)), ids));

/** While training, sets numbers to 0 with probability `rate` and scales the others up; the runner feeds the mask from seed, step and layer. */
export const dropout = (x: Tensor, rate: number): Tensor => {
  if (rate === 0 || x.graph.mode === "predict") return x;
  return layer(x.graph, "dropout", () => {
    const name = `${x.graph.pen.layer}/mask`;
    const mask = input(x.graph, name, x);
    x.graph.masks.set(name, { tensor: mask, keep: 1 - rate });
    return mul(x, mask);
  });
};

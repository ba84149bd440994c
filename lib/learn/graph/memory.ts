// What a step will need before anything is allocated: weights and slots twice (before and after), and the activations that are alive at the
// same time when nodes run in the order they were written. onnxruntime reuses buffers about as well: it was seen to take a fifth more
// than said for activations, beside 160 MB for a session of 9,000 nodes.
import type { Dtype, Kind, Tensor } from "#lib/learn/graph/graph.ts";
import { needed } from "#lib/learn/graph/model.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";
import type { Step } from "#lib/learn/graph/step.ts";

const widths: Record<Dtype, number> = { float32: 4, float64: 8, float16: 2, int64: 8, int32: 4, uint8: 1, bool: 1 };
export const bytesOfKind = ({ dtype, shape }: Kind): number => sizeOf(shape) * widths[dtype];

/** Greatest number of bytes alive at once while the nodes run; reshapes share the memory of what they reshape. */
export const peakBytes = (step: Pick<Step, "graph" | "outputs">): number => {
  const outputs = Object.values(step.outputs);
  const { nodes } = needed(step.graph, outputs);
  const owner = new Map<Tensor, Tensor>();
  const ownerOf = (tensor: Tensor): Tensor => owner.get(tensor) ?? tensor;
  const lastUse = new Map<Tensor, number>();
  for (const [i, node] of nodes.entries()) {
    if (node.operator.name === "Reshape") owner.set(node.outputs[0]!, ownerOf(node.inputs[0]!));
    for (const one of node.inputs) lastUse.set(ownerOf(one), i);
  }
  for (const one of outputs) lastUse.set(ownerOf(one), nodes.length);
  const freed = new Map<number, Tensor[]>();
  for (const [tensor, i] of lastUse) if (tensor.origin.kind === "node") freed.set(i, [...(freed.get(i) ?? []), tensor]);
  let alive = 0;
  let peak = 0;
  for (const [i, node] of nodes.entries()) {
    for (const one of node.outputs) if (ownerOf(one) === one && lastUse.has(one)) alive += bytesOfKind(one);
    peak = Math.max(peak, alive);
    for (const one of freed.get(i) ?? []) alive -= bytesOfKind(one);
  }
  return peak;
};

export type Estimate = { weights: number; activations: number; total: number };

/** Bytes a step needs: weights and slots before and after it, and activations at their peak (new weights are among its outputs). */
export const estimateStep = (step: Step): Estimate => {
  const kinds = [...step.states.values(), ...[...step.frozen.values()].map((one) => one.tensor)];
  const weights = kinds.reduce((total, kind) => total + bytesOfKind(kind), 0);
  const activations = peakBytes(step);
  return { weights, activations, total: weights + activations };
};

const shown = (bytes: number): string => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

/** More memory is needed than there is; the message says how much, and what would fit. */
export class MemoryError extends Error {
  override name = "MemoryError";
}

/** Throws a MemoryError unless the step fits into `available` bytes. `rows` is the batch size to suggest less of. */
export const checkMemory = (estimate: Estimate, available: number, rows: number): void => {
  if (estimate.total <= available) return;
  const states = Math.min(estimate.total, 2 * estimate.weights); // new weights stand among the activations
  const perRow = Math.max(1, (estimate.total - states) / rows);
  const fitting = Math.floor((available - states) / perRow);
  const advice =
    fitting >= 1
      ? `Batches of ${fitting} would fit; accumulate gradients over several for the effect of ${rows}, or wrap layers in recomputed().`
      : `The weights and the optimiser's memory alone take ${shown(states)}: train fewer weights (a smaller network, or adapters on a frozen one).`;
  throw new MemoryError(`A step over ${rows} rows needs about ${shown(estimate.total)}, and ${shown(available)} are free. ${advice}`);
};

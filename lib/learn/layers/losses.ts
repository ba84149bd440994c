// Losses: one number to make small. All are means over examples, so that a rate means the same for every size of batch.
import { isFloat, type Tensor } from "#lib/learn/graph/graph.ts";
import { abs, add, clip, div, equal, maximum, mul, neg, softplus, square, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { argMax, gatherElements } from "#lib/learn/graph/operators/indexing.ts";
import { logSoftmax, mean } from "#lib/learn/graph/operators/reductions.ts";
import { cast, reshape, squeeze, sum, unsqueeze } from "#lib/learn/graph/operators/shaping.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";

/** log p of each target, for logits [..., classes] and targets [...]: picked by position, without a one-hot matrix. */
export const logProbabilities = (logits: Tensor, targets: Tensor): Tensor =>
  squeeze(gatherElements(logSoftmax(logits), unsqueeze(targets, targets.shape.length), -1), -1);

/** Mean −log p of the targets; with a mask (1 or 0) over the targets it keeps only. */
export const crossEntropy = (logits: Tensor, targets: Tensor, mask?: Tensor): Tensor => {
  const found = logProbabilities(logits, targets);
  if (!mask) return neg(mean(found));
  const kept = isFloat(mask) ? mask : cast(mask, found.dtype);
  return neg(div(sum(mul(found, kept)), maximum(sum(kept), 1)));
};

/** Mean −log p of labels 0 or 1, from logits, without ever taking the logarithm of 0: softplus(z) − y·z. */
export const binaryCrossEntropy = (logits: Tensor, labels: Tensor): Tensor => mean(sub(softplus(logits), mul(labels, logits)));

export const squaredError = (predicted: Tensor, truth: Tensor): Tensor => mean(square(sub(predicted, truth)));
export const absoluteError = (predicted: Tensor, truth: Tensor): Tensor => mean(abs(sub(predicted, truth)));
/** Squared near 0, absolute beyond `delta`. */
export const huber = (predicted: Tensor, truth: Tensor, delta = 1): Tensor => {
  const distance = sub(predicted, truth);
  const near = clip(distance, -delta, delta);
  return mean(add(mul(square(near), 0.5), mul(delta, sub(abs(distance), abs(near)))));
};
/** The quantile loss: its best answer is the quantile, not the mean. */
export const pinball = (predicted: Tensor, truth: Tensor, quantile: number): Tensor => {
  const distance = sub(truth, predicted);
  return mean(maximum(mul(distance, quantile), mul(distance, quantile - 1)));
};

/** Share of examples whose most likely class is the target: to watch, not to train on. */
export const accuracy = (logits: Tensor, targets: Tensor): Tensor => {
  const hits = equal(argMax(logits), cast(targets, "int64"));
  return mean(reshape(cast(hits, "float32"), [sizeOf(targets.shape)]));
};

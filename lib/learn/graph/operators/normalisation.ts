// Normalisation: numbers brought to mean 0 and deviation 1 over some axes, then scaled and shifted by weights.
import { emitAll, type Operator, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, div, mul, sqrt, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { mean, variance } from "#lib/learn/graph/operators/reductions.ts";
import { reshape } from "#lib/learn/graph/operators/shaping.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";

const layerNormOperator: Operator = {
  name: "LayerNormalization",
  infer: ([x, scale, shift]) => {
    const width = x!.shape.at(-1);
    for (const one of [scale, shift])
      if (one!.shape.length !== 1 || one!.shape[0] !== width) throw new Error(`scale and shift need ${width} numbers`);
    const kept = [...x!.shape.slice(0, -1), 1];
    return [x!, { dtype: x!.dtype, shape: kept }, { dtype: x!.dtype, shape: kept }];
  },
  // y = x̂·s + b with x̂ = (x − μ)·r. Two directions of dx̂ change nothing, the constant one and x̂ itself; the rule takes them out.
  rule: ({ inputs: [x, scale], outputs: [, centre, inverse], dy }) => {
    const unit = mul(sub(x!, centre!), inverse!);
    const slope = mul(dy, scale!);
    const flat = add(mean(slope, -1, true), mul(unit, mean(mul(slope, unit), -1, true)));
    return [mul(sub(slope, flat), inverse!), mul(dy, unit), dy];
  },
};
/** Over the last axis, as in "Layer Normalization" (2016); scale and shift [width]. */
export const layerNorm = (x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor =>
  emitAll(layerNormOperator, [x, scale, shift], { axis: x.shape.length - 1, epsilon: { float: epsilon } })[0]!;

/** Over the last axis by its root mean square only, as Llama does; scale [width]. */
export const rmsNorm = (x: Tensor, scale: Tensor, epsilon = 1e-5): Tensor =>
  mul(mul(x, div(1, sqrt(add(mean(mul(x, x), -1, true), epsilon)))), scale);

/** Over groups of channels and all positions of each example: x [count, channels, …]; one group is layer, as many as channels is instance. */
export const groupNorm = (x: Tensor, groups: number, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor => {
  const [n, channels] = x.shape as [number, number];
  const grouped = reshape(x, [n, groups, sizeOf(x.shape) / n / groups]);
  const unit = div(sub(grouped, mean(grouped, -1, true)), sqrt(add(variance(grouped, -1, true), epsilon)));
  const wide = [channels, ...x.shape.slice(2).map(() => 1)];
  return add(mul(reshape(unit, x.shape), reshape(scale, wide)), reshape(shift, wide));
};

// Normalising layers with their weights. Batch normalisation is the one layer that behaves differently when it predicts: it then uses the
// running mean and variance that training left behind, which are weights without a gradient.
import { layer, parameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, div, mul, sqrt, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { groupNorm as groupNormed, layerNorm as layerNormed, rmsNorm as rmsNormed } from "#lib/learn/graph/operators/normalisation.ts";
import { mean, variance } from "#lib/learn/graph/operators/reductions.ts";
import { reshape } from "#lib/learn/graph/operators/shaping.ts";
import { ones, zeros } from "#lib/learn/graph/seeds.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";

/** Mean 0 and deviation 1 over the last axis, then scaled and shifted. */
export const layerNorm = (x: Tensor, { name = "norm", epsilon = 1e-5 } = {}): Tensor =>
  layer(x.graph, name, () => {
    const width = [x.shape.at(-1)!];
    return layerNormed(x, parameter(x.graph, "scale", width, ones), parameter(x.graph, "shift", width, zeros), epsilon);
  });

/** Root mean square 1 over the last axis, then scaled. */
export const rmsNorm = (x: Tensor, { name = "norm", epsilon = 1e-5 } = {}): Tensor =>
  layer(x.graph, name, () => rmsNormed(x, parameter(x.graph, "scale", [x.shape.at(-1)!], ones), epsilon));

/** Over groups of channels of each example; independent of the batch. */
export const groupNorm = (x: Tensor, groups: number, { name = "norm", epsilon = 1e-5 } = {}): Tensor =>
  layer(x.graph, name, () => {
    const width = [x.shape[1]!];
    return groupNormed(x, groups, parameter(x.graph, "scale", width, ones), parameter(x.graph, "shift", width, zeros), epsilon);
  });

/** Over the batch, channel by channel (axis 1); running statistics move by `momentum` at each step. */
export const batchNorm = (x: Tensor, { name = "norm", epsilon = 1e-5, momentum = 0.1 } = {}): Tensor =>
  layer(x.graph, name, () => {
    const { graph } = x;
    const channels = x.shape[1]!;
    const wide = [1, channels, ...x.shape.slice(2).map(() => 1)];
    const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
    const count = sizeOf(x.shape) / channels;
    const scale = parameter(graph, "scale", [channels], ones);
    const shift = parameter(graph, "shift", [channels], zeros);
    const running = {
      mean: parameter(graph, "mean", [channels], zeros, false),
      variance: parameter(graph, "variance", [channels], ones, false),
    };
    const isTraining = graph.mode === "train";
    const centre = isTraining ? mean(x, axes) : running.mean;
    const spread = isTraining ? variance(x, axes) : running.variance;
    if (isTraining) {
      const towards = (old: Tensor, seen: Tensor): Tensor => add(mul(old, 1 - momentum), mul(seen, momentum));
      graph.updates.set(running.mean.name, towards(running.mean, centre));
      graph.updates.set(running.variance.name, towards(running.variance, mul(spread, count / Math.max(1, count - 1))));
    }
    const unit = mul(sub(x, reshape(centre, wide)), div(1, reshape(sqrt(add(spread, epsilon)), wide)));
    return add(mul(unit, reshape(scale, wide)), reshape(shift, wide));
  });

// Convolutional layers with their weights: images [count, channels, height, width] and signals [count, channels, length].
import { type Initial, layer, parameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { conv, type Window } from "#lib/learn/graph/operators/convolution.ts";
import { fanIn } from "#lib/learn/graph/seeds.ts";

type ConvOptions = Window & { name?: string; hasBias?: boolean; initial?: Initial };

const convolved = (
  x: Tensor,
  filters: number,
  kernel: readonly number[],
  { name = "conv", hasBias = true, initial, ...window }: ConvOptions,
): Tensor =>
  layer(x.graph, name, () => {
    const depth = x.shape[1]! / (window.groups ?? 1);
    const inner = kernel.reduce((product, one) => product * one, depth);
    const weight = parameter(x.graph, "weight", [filters, depth, ...kernel], initial ?? fanIn(inner));
    return conv(x, weight, hasBias ? parameter(x.graph, "bias", [filters], fanIn(inner)) : undefined, window);
  });

/** Filters over images; the kernel is square unless two sizes are given. */
export const conv2d = (x: Tensor, filters: number, kernel: number | readonly [number, number], options: ConvOptions = {}): Tensor =>
  convolved(x, filters, typeof kernel === "number" ? [kernel, kernel] : kernel, options);

/** Filters over signals. */
export const conv1d = (x: Tensor, filters: number, kernel: number, options: ConvOptions = {}): Tensor =>
  convolved(x, filters, [kernel], options);

// Convolution and pooling over any number of spatial axes: images are [count, channels, height, width], signals [count, channels, length].
//
// Convolution is linear in both of its arguments, and each adjoint is again a convolution:
//   by the input:   the transposed convolution of dy with the same weight (and the other way round);
//   by the weight:  a convolution of the input with dy as its kernel, batch and channels changing places, stride and dilation changing
//                   places too; with groups, each group's batch becomes channels of its own group.
import { type Attributes, constant, emit, type Operator, refuse, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, div, equal, mul, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { inComputeDtype } from "#lib/learn/graph/operators/products.ts";
import { mean } from "#lib/learn/graph/operators/reductions.ts";
import {
  cast,
  expand,
  onesLike,
  pad,
  reshape,
  reverse,
  slice,
  sum,
  transpose,
  unslice,
  unsqueeze,
} from "#lib/learn/graph/operators/shaping.ts";
import { type Shape, sizeOf, stridesOf } from "#lib/learn/graph/shape.ts";

/** One number for every spatial axis, or one each. `padding` is put before and after. */
export type Window = { stride?: number | Shape; padding?: number | Shape; dilation?: number | Shape; groups?: number };
type Geometry = { strides: Shape; pads: Shape; dilations: Shape; group: number };

const spatial = (value: number | Shape | undefined, axes: number, fallback: number): Shape =>
  typeof value === "object" ? value : Array.from({ length: axes }, () => value ?? fallback);
const geometryOf = (window: Window, axes: number): Geometry => {
  const padding = spatial(window.padding, axes, 0);
  return {
    strides: spatial(window.stride, axes, 1),
    pads: [...padding, ...padding],
    dilations: spatial(window.dilation, axes, 1),
    group: window.groups ?? 1,
  };
};
const attributesOf = ({ strides, pads, dilations, group }: Geometry, more: Attributes = {}): Attributes => ({
  strides: { ints: strides },
  pads: { ints: pads },
  dilations: { ints: dilations },
  group,
  ...more,
});
const ints = (attribute: unknown): Shape => (attribute as { ints: Shape }).ints;
const geometryIn = (attributes: Attributes): Geometry => ({
  strides: ints(attributes.strides),
  pads: ints(attributes.pads),
  dilations: ints(attributes.dilations),
  group: attributes.group as number,
});

/** Length of each spatial axis after a window has passed over it. */
const passed = (lengths: Shape, kernel: Shape, { strides, pads, dilations }: Omit<Geometry, "group">): Shape =>
  lengths.map((length, i) => {
    const room = length + pads[i]! + pads[kernel.length + i]! - dilations[i]! * (kernel[i]! - 1) - 1;
    if (room < 0) throw new Error(`the window ${kernel[i]} does not fit into ${length} on spatial axis ${i}`);
    return Math.floor(room / strides[i]!) + 1;
  });

const convOperator: Operator = {
  name: "Conv",
  infer: ([x, weight, bias], attributes) => {
    const geometry = geometryIn(attributes);
    const [n, channels, ...lengths] = x!.shape as [number, number, ...number[]];
    const [filters, depth, ...kernel] = weight!.shape as [number, number, ...number[]];
    if (kernel.length !== lengths.length || lengths.length === 0) throw new Error("input and weight need the same spatial axes");
    if (channels !== depth * geometry.group || filters % geometry.group !== 0)
      throw new Error(`${channels} channels do not meet ${geometry.group} group(s) of ${depth}`);
    if (bias && sizeOf(bias.shape) !== filters) throw new Error(`the bias needs ${filters} numbers`);
    return { dtype: x!.dtype, shape: [n, filters, ...passed(lengths, kernel, geometry)] };
  },
  rule: ({ inputs: [x, weight, bias], dy, attributes }) => {
    const geometry = geometryIn(attributes);
    return [transposed(dy, weight!, geometry, x!.shape.slice(2)), byWeight(x!, dy, weight!, geometry), bias ? overChannels(dy) : null];
  },
};
/** Sum of a gradient over everything but its channels. */
const overChannels = (dy: Tensor): Tensor =>
  sum(
    dy,
    dy.shape.flatMap((_, i) => (i === 1 ? [] : [i])),
  );

const convTransposeOperator: Operator = {
  name: "ConvTranspose",
  infer: ([x, weight], attributes) => {
    const { strides, pads, dilations, group } = geometryIn(attributes);
    const [n, channels, ...lengths] = x!.shape as [number, number, ...number[]];
    const [filters, depth, ...kernel] = weight!.shape as [number, number, ...number[]];
    if (channels !== filters) throw new Error(`${channels} channels do not meet ${filters} filters`);
    const extra = ints(attributes.output_padding);
    const grown = lengths.map(
      (one, i) => (one - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1 + extra[i]! - pads[i]! - pads[kernel.length + i]!,
    );
    return { dtype: x!.dtype, shape: [n, depth * group, ...grown] };
  },
  rule: ({ inputs: [x, weight], dy, attributes }) => {
    const geometry = geometryIn(attributes);
    return [emit(convOperator, [dy, weight!], attributesOf(geometry)), byWeight(dy, x!, weight!, geometry)];
  },
};
/** The adjoint of a convolution by its input, brought to exactly the lengths the input had. */
const transposed = (dy: Tensor, weight: Tensor, geometry: Geometry, lengths: Shape): Tensor => {
  if (geometry.group > 1) return transposedInGroups(dy, weight, geometry, lengths);
  const kernel = weight.shape.slice(2);
  const extra = lengths.map((length, i) => {
    const { strides, pads, dilations } = geometry;
    return length - ((dy.shape[i + 2]! - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1 - pads[i]! - pads[kernel.length + i]!);
  });
  return emit(convTransposeOperator, [dy, weight], attributesOf(geometry, { output_padding: { ints: extra } }));
};
/**
 * The same, written as a plain convolution: dy spread by the stride, the kernel turned round, in- and outgoing channels of each group changing
 * places. onnxruntime's WebGPU kernel for ConvTranspose computes something else when there are groups.
 */
const transposedInGroups = (dy: Tensor, weight: Tensor, { strides, pads, dilations, group }: Geometry, lengths: Shape): Tensor => {
  const [filters, depth, ...kernel] = weight.shape as [number, number, ...number[]];
  const before = kernel.map((size, i) => dilations[i]! * (size - 1) - pads[i]!);
  const room = lengths.map((length, i) => length + dilations[i]! * (kernel[i]! - 1));
  if (before.some((one) => one < 0)) refuse(dy.graph, "Conv", [dy, weight], "with groups, padding wider than the kernel has no gradient");
  const wide = unslice(dy, [...dy.shape.slice(0, 2), ...room], [0, 0, ...before], [1, 1, ...strides]);
  const axes = kernel.map((_, i) => i + 3);
  const swapped = transpose(reshape(weight, [group, filters / group, depth, ...kernel]), [0, 2, 1, ...axes]);
  const turned = kernel.reduce((one, _, i) => reverse(one, i + 2), reshape(swapped, [group * depth, filters / group, ...kernel]));
  const none = kernel.map(() => 0);
  return emit(convOperator, [wide, turned], attributesOf({ strides: kernel.map(() => 1), pads: [...none, ...none], dilations, group }));
};
/** The adjoint of a convolution by its weight. */
const byWeight = (x: Tensor, dy: Tensor, weight: Tensor, { strides, pads, dilations, group }: Geometry): Tensor => {
  const [n, channels, ...lengths] = x.shape as [number, number, ...number[]];
  const depth = channels / group;
  const axes = lengths.map((_, i) => i + 3);
  const grouped = transpose(reshape(x, [n, group, depth, ...lengths]), [2, 1, 0, ...axes]);
  const swap = [1, 0, ...lengths.map((_, i) => i + 2)];
  const found = emit(
    convOperator,
    [reshape(grouped, [depth, group * n, ...lengths]), transpose(dy, swap)],
    attributesOf({ strides: dilations, dilations: strides, pads, group }),
  );
  const wanted = [found.shape[0]!, found.shape[1]!, ...weight.shape.slice(2)]; // a stride that did not come out even leaves a rest
  return transpose(
    slice(
      found,
      wanted.map(() => 0),
      wanted,
    ),
    swap,
  );
};

/** Convolution; weight [filters, channels / groups, …kernel]. */
export const conv = (x: Tensor, weight: Tensor, bias?: Tensor, window: Window = {}): Tensor => {
  const attributes = attributesOf(geometryOf(window, weight.shape.length - 2));
  return inComputeDtype(bias ? [x, weight, bias] : [x, weight], (factors) => emit(convOperator, factors, attributes));
};
/** Transposed convolution, which makes larger what conv makes smaller; weight [channels, filters / groups, …kernel]. */
export const convTranspose = (x: Tensor, weight: Tensor, window: Window & { outputPadding?: number | Shape } = {}): Tensor => {
  const kernel = weight.shape.slice(2);
  const geometry = geometryOf(window, kernel.length);
  const { strides, pads, dilations } = geometry;
  const extra = spatial(window.outputPadding, kernel.length, 0);
  const lengths = kernel.map(
    (size, i) => (x.shape[i + 2]! - 1) * strides[i]! + dilations[i]! * (size - 1) + 1 + extra[i]! - pads[i]! - pads[kernel.length + i]!,
  );
  return inComputeDtype([x, weight], ([a, b]) => transposed(a!, b!, geometry, lengths));
};

const pooled: Operator["infer"] = ([x], attributes) => {
  const [kernel, strides, pads] = [ints(attributes.kernel_shape), ints(attributes.strides), ints(attributes.pads)];
  if (kernel.length !== x!.shape.length - 2) throw new Error(`needs a window over ${x!.shape.length - 2} spatial axes`);
  const shape = [...x!.shape.slice(0, 2), ...passed(x!.shape.slice(2), kernel, { strides, pads, dilations: kernel.map(() => 1) })];
  return { dtype: x!.dtype, shape };
};
const maxPoolOperator: Operator = {
  name: "MaxPool",
  infer: pooled,
  // One place of the window after another: where the input there is the maximum, and no earlier place was, it receives the gradient. ONNX could
  // answer the positions as well, but WebGPU cannot.
  rule: ({ x, y, dy, attributes }) => {
    const [kernel, strides, pads] = [ints(attributes.kernel_shape), ints(attributes.strides), ints(attributes.pads)];
    const border = (from: number): number[] => [0, 0, ...pads.slice(from, from + kernel.length)];
    const padded = pad(x, border(0), border(kernel.length), -3e38);
    const steps = [1, 1, ...strides];
    let free = onesLike(y);
    let total: Tensor | null = null;
    for (let place = 0; place < sizeOf(kernel); place++) {
      const offset = [0, 0, ...stridesOf(kernel).map((stride, i) => Math.floor(place / stride) % kernel[i]!)];
      const ends = offset.map((one, i) => one + (y.shape[i]! - 1) * steps[i]! + 1);
      const hit = mul(cast(equal(slice(padded, offset, ends, steps), y), x.dtype), free);
      free = sub(free, hit);
      const part = unslice(mul(hit, dy), padded.shape, offset, steps);
      total = total ? add(total, part) : part;
    }
    return [
      slice(
        total!,
        border(0),
        border(0).map((one, i) => one + x.shape[i]!),
      ),
    ];
  },
};
const averagePoolOperator: Operator = {
  name: "AveragePool",
  infer: pooled,
  rule: ({ x, dy, attributes }) => {
    const [kernel, lengths] = [ints(attributes.kernel_shape), x.shape.slice(2)];
    const planes = x.shape[0]! * x.shape[1]!; // every channel of every example is an image of its own
    const ones = expand(constant(x.graph, [1], [], x.dtype), [1, 1, ...kernel]);
    const geometry = { strides: ints(attributes.strides), pads: ints(attributes.pads), dilations: kernel.map(() => 1), group: 1 };
    const shares = reshape(div(dy, sizeOf(kernel)), [planes, 1, ...dy.shape.slice(2)]);
    return [reshape(transposed(shares, ones, geometry, lengths), x.shape)];
  },
};
type Pool = { stride?: number | Shape; padding?: number | Shape };
const pooling = (x: Tensor, kernel: number | Shape, { stride, padding }: Pool): Attributes => {
  const axes = x.shape.length - 2;
  const { strides, pads } = geometryOf({ stride: stride ?? kernel, padding: padding ?? 0 }, axes);
  return { kernel_shape: { ints: spatial(kernel, axes, 1) }, strides: { ints: strides }, pads: { ints: pads } };
};
/** The greatest of each window; windows stand side by side unless a stride is given. */
export const maxPool = (x: Tensor, kernel: number | Shape, window: Pool = {}): Tensor =>
  emit(maxPoolOperator, [x], pooling(x, kernel, window));
/** The mean of each window, padding counted as zeros. */
export const averagePool = (x: Tensor, kernel: number | Shape, window: Pool = {}): Tensor =>
  emit(averagePoolOperator, [x], { ...pooling(x, kernel, window), count_include_pad: 1 });
/** The mean of each channel. */
export const globalAveragePool = (x: Tensor): Tensor => mean(x, x.shape.map((_, i) => i).slice(2));

/** Every pixel repeated `times` along both axes of an image. */
export const upsample = (x: Tensor, times: number): Tensor => {
  if (x.shape.length !== 4) return refuse(x.graph, "upsample", [x], "needs images: [count, channels, height, width]");
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return reshape(expand(unsqueeze(unsqueeze(x, 4), 3), [n, c, h, times, w, times]), [n, c, h * times, w * times]);
};

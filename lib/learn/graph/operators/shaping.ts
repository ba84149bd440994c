// Operators that move numbers without changing them, and the sum, which is what undoes a copy. They come in pairs, each the other's
// gradient: expand and sum, concat and split, slice and pad, transpose and the inverse transpose.
import {
  constant,
  type Dtype,
  emit,
  emitAll,
  type Graph,
  integers,
  isFloat,
  type Operator,
  refuse,
  type Tensor,
  valuesOf,
} from "#lib/learn/graph/graph.ts";
import { axesOf, axisOf, broadcastShapes, isSameShape, reducedShape, type Shape, sizeOf } from "#lib/learn/graph/shape.ts";

const intsOf = (attribute: unknown): readonly number[] => (attribute as { ints: readonly number[] }).ints;

const identityOperator: Operator = { name: "Identity", infer: ([x]) => x!, rule: ({ dy }) => [dy] };
/** The same numbers under another name. */
export const identity = (x: Tensor): Tensor => emit(identityOperator, [x]);

const castCodes: Record<Dtype, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 };
const dtypeOfCode = Object.fromEntries(Object.entries(castCodes).map(([dtype, code]) => [code, dtype as Dtype]));
const castOperator: Operator = {
  name: "Cast",
  infer: ([x], { to }) => ({ dtype: dtypeOfCode[to as number]!, shape: x!.shape }),
  rule: ({ x, y, dy }) => [isFloat(x) && isFloat(y) ? cast(dy, x.dtype) : null],
};
/** Another dtype; the gradient passes between floating ones only. */
export const cast = (x: Tensor, dtype: Dtype): Tensor => (x.dtype === dtype ? x : emit(castOperator, [x], { to: castCodes[dtype] }));

const reshapeOperator: Operator = {
  name: "Reshape",
  infer: ([x, shape]) => {
    const target = valuesOf(shape!);
    if (sizeOf(target) !== sizeOf(x!.shape)) throw new Error(`${sizeOf(x!.shape)} numbers do not make [${target.join(", ")}]`);
    return { dtype: x!.dtype, shape: target };
  },
  rule: ({ x, dy }) => [reshape(dy, x.shape)],
};
/** The same numbers in another shape; one dimension may be −1 and is then worked out. */
export const reshape = (x: Tensor, shape: Shape): Tensor => {
  const known = sizeOf(shape.filter((one) => one !== -1));
  const target = shape.map((one) => (one === -1 ? Math.floor(sizeOf(x.shape) / known) : one));
  return isSameShape(target, x.shape) ? x : emit(reshapeOperator, [x, integers(x.graph, target)]);
};
/** All axes from `axis` on become one. */
export const flatten = (x: Tensor, axis = 1): Tensor => reshape(x, [...x.shape.slice(0, axis), sizeOf(x.shape.slice(axis))]);
/** A new axis of size 1 at `axis` (counted in the result). */
export const unsqueeze = (x: Tensor, axis: number): Tensor => {
  const place = axisOf(axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, place), 1, ...x.shape.slice(place)]);
};
/** Drops an axis of size 1. */
export const squeeze = (x: Tensor, axis: number): Tensor => {
  const place = axisOf(axis, x.shape.length);
  return reshape(x, [...x.shape.slice(0, place), ...x.shape.slice(place + 1)]);
};

const inverseOf = (order: readonly number[]): number[] => order.map((_, i) => order.indexOf(i));
const transposeOperator: Operator = {
  name: "Transpose",
  infer: ([x], { perm }) => {
    const order = intsOf(perm);
    if (order.length !== x!.shape.length || new Set(order).size !== order.length || order.some((one) => x!.shape[one] === undefined))
      throw new Error(`[${order.join(", ")}] is not an order of its ${x!.shape.length} axes`);
    return { dtype: x!.dtype, shape: order.map((one) => x!.shape[one]!) };
  },
  rule: ({ dy, attributes }) => [transpose(dy, inverseOf(intsOf(attributes.perm)))],
};
/** Axes in another order; reversed when none is given. */
export const transpose = (x: Tensor, order: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i)): Tensor =>
  order.every((one, i) => one === i) && order.length === x.shape.length ? x : emit(transposeOperator, [x], { perm: { ints: [...order] } });
/** Swaps two axes. */
export const swapAxes = (x: Tensor, a: number, b: number): Tensor => {
  const order = x.shape.map((_, i) => i);
  const [i, j] = [axisOf(a, order.length), axisOf(b, order.length)];
  [order[i], order[j]] = [order[j]!, order[i]!];
  return transpose(x, order);
};

const expandOperator: Operator = {
  name: "Expand",
  infer: ([x, shape]) => ({ dtype: x!.dtype, shape: broadcastShapes(x!.shape, valuesOf(shape!)) }),
  rule: ({ dy }) => [dy], // the walk sums what was broadcast
};
/** Copies along axes of size 1 until the shape is reached. */
export const expand = (x: Tensor, shape: Shape): Tensor =>
  isSameShape(x.shape, shape) ? x : emit(expandOperator, [x, integers(x.graph, shape)]);

const reduceSumOperator: Operator = {
  name: "ReduceSum",
  infer: ([x, axes], { keepdims }) => ({ dtype: x!.dtype, shape: reducedShape(x!.shape, valuesOf(axes!), keepdims === 1) }),
  rule: ({ x, dy, inputs }) => [expand(reshape(dy, reducedShape(x.shape, valuesOf(inputs[1]!), true)), x.shape)],
};
/** Sum over some axes, or all. */
export const sum = (x: Tensor, axes?: number | readonly number[], isKept = false): Tensor => {
  const over = axesOf(axes, x.shape.length);
  return over.length === 0 ? x : emit(reduceSumOperator, [x, integers(x.graph, over)], { keepdims: isKept ? 1 : 0 });
};
/** Undoes a broadcast: sums over the axes that were copied until `shape` is left. */
export const sumTo = (x: Tensor, shape: Shape): Tensor => {
  const lead = x.shape.length - shape.length;
  const copied = x.shape.flatMap((one, i) => (i < lead || (shape[i - lead] === 1 && one !== 1) ? [i] : []));
  return reshape(sum(x, copied.length > 0 ? copied : []), shape);
};

const concatOperator: Operator = {
  name: "Concat",
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    for (const [i, one] of inputs.entries()) {
      const isAligned = one.shape.length === first!.shape.length && one.shape.every((size, j) => j === axis || size === first!.shape[j]);
      if (!isAligned || one.dtype !== first!.dtype) throw new Error(`part ${i + 1} differs from the first on more than axis ${axis}`);
    }
    const shape = first!.shape.map((size, i) => (i === axis ? inputs.reduce((total, one) => total + one.shape[i]!, 0) : size));
    return { dtype: first!.dtype, shape };
  },
  rule: ({ dy, inputs, attributes }) => {
    const sizes = inputs.map((one) => one.shape[attributes.axis as number]!);
    return split(dy, sizes, attributes.axis as number);
  },
};
/** One after another along an axis. */
export const concat = (parts: readonly Tensor[], axis = 0): Tensor =>
  parts.length === 1 ? parts[0]! : emit(concatOperator, parts, { axis: axisOf(axis, parts[0]!.shape.length) });
/** One beside another along a new axis. */
export const stack = (parts: readonly Tensor[], axis = 0): Tensor =>
  concat(
    parts.map((one) => unsqueeze(one, axis)),
    axis,
  );

const splitOperator: Operator = {
  name: "Split",
  infer: ([x, sizes], { axis }) => {
    const parts = valuesOf(sizes!);
    const total = parts.reduce((a, b) => a + b, 0);
    if (total !== x!.shape[axis as number]) throw new Error(`parts of ${parts.join(" + ")} do not make up axis ${axis}`);
    return parts.map((one) => ({ dtype: x!.dtype, shape: x!.shape.map((size, i) => (i === axis ? one : size)) }));
  },
  rule: ({ outputs, dys, attributes }) => {
    const parts = dys.map((dy, i) => dy ?? zerosLike(outputs[i]!));
    return [concat(parts, attributes.axis as number)];
  },
};
/** Cuts an axis into parts of the sizes given, or into as many equal ones. */
export const split = (x: Tensor, sizes: number | readonly number[], axis = 0): readonly Tensor[] => {
  const place = axisOf(axis, x.shape.length);
  if (typeof sizes === "number" && x.shape[place]! % sizes !== 0) refuse(x.graph, "Split", [x], `axis ${axis} does not divide by ${sizes}`);
  const parts = typeof sizes === "number" ? Array.from({ length: sizes }, () => x.shape[place]! / sizes) : sizes;
  return parts.length === 1 ? [x] : emitAll(splitOperator, [x, integers(x.graph, parts)], { axis: place });
};

const padOperator: Operator = {
  name: "Pad",
  infer: ([x, pads]) => {
    const rank = x!.shape.length;
    const amounts = valuesOf(pads!);
    if (amounts.length !== 2 * rank || amounts.some((one) => one < 0))
      throw new Error(`needs ${rank} amounts before and after, none negative`);
    return { dtype: x!.dtype, shape: x!.shape.map((size, i) => size + amounts[i]! + amounts[rank + i]!) };
  },
  rule: ({ x, dy, inputs }) => {
    const before = valuesOf(inputs[1]!).slice(0, x.shape.length);
    return [
      slice(
        dy,
        before,
        before.map((one, i) => one + x.shape[i]!),
      ),
    ];
  },
};
/** A border of one value: how many before and after on each axis. */
export const pad = (x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor =>
  [...before, ...after].every((one) => one === 0)
    ? x
    : emit(padOperator, [x, integers(x.graph, [...before, ...after]), constant(x.graph, [value], [], x.dtype)], { mode: "constant" });

const sliceOperator: Operator = {
  name: "Slice",
  infer: ([x, starts, ends, axes, steps]) => {
    const shape = [...x!.shape];
    for (const [i, axis] of valuesOf(axes!).entries()) {
      const [start, end, step] = [valuesOf(starts!)[i]!, valuesOf(ends!)[i]!, valuesOf(steps!)[i]!];
      shape[axis] = step < 0 ? x!.shape[axis]! : Math.ceil((end - start) / step);
      if (step > 0 && (start < 0 || end > x!.shape[axis]! || shape[axis]! < 1))
        throw new Error(`${start} … ${end} is outside axis ${axis}`);
    }
    return { dtype: x!.dtype, shape };
  },
  rule: ({ x, dy, inputs }) => {
    const [, starts, , axes, steps] = inputs.map(valuesOf);
    if (steps!.some((one) => one < 0)) return [reverse(dy, axes![0]!)];
    const [from, every] = [x.shape.map(() => 0), x.shape.map(() => 1)];
    for (const [i, axis] of axes!.entries()) [from[axis], every[axis]] = [starts![i]!, steps![i]!];
    return [unslice(dy, x.shape, from, every)];
  },
};
/** Puts a part back where a slice took it from, zeros around it. */
export const unslice = (part: Tensor, shape: Shape, from: readonly number[], steps: readonly number[]): Tensor => {
  const spaced = steps.reduce((one, step, axis) => spread(one, axis, step), part);
  return pad(
    spaced,
    from,
    shape.map((size, i) => size - from[i]! - spaced.shape[i]!),
  );
};
/** Puts step − 1 zeros between neighbours along an axis. */
const spread = (x: Tensor, axis: number, step: number): Tensor => {
  if (step === 1) return x;
  const wide = [...x.shape];
  wide[axis] = wide[axis]! * step;
  const apart = unsqueeze(x, axis + 1);
  const filled = reshape(
    pad(
      apart,
      apart.shape.map(() => 0),
      apart.shape.map((_, i) => (i === axis + 1 ? step - 1 : 0)),
    ),
    wide,
  );
  return narrow(filled, axis, 0, wide[axis]! - step + 1);
};
/** Part of a tensor: from, to (not included) and step on each axis; negative bounds count from the end. */
export const slice = (x: Tensor, from: readonly number[], to: readonly number[], steps: readonly number[] = from.map(() => 1)): Tensor => {
  const bound = (value: number, i: number): number => (value < 0 ? value + x.shape[i]! : value);
  const [starts, ends] = [from.map(bound), to.map(bound)];
  const axes = starts.flatMap((start, i) => (start === 0 && ends[i] === x.shape[i] && steps[i] === 1 ? [] : [i]));
  if (axes.length === 0) return x;
  const pick = (values: readonly number[]) =>
    integers(
      x.graph,
      axes.map((i) => values[i]!),
    );
  return emit(sliceOperator, [x, pick(starts), pick(ends), integers(x.graph, axes), pick(steps)]);
};
/** Part of one axis: `length` from `start` on. */
export const narrow = (x: Tensor, axis: number, start: number, length: number): Tensor => {
  const place = axisOf(axis, x.shape.length);
  return slice(
    x,
    x.shape.map((_, i) => (i === place ? start : 0)),
    x.shape.map((size, i) => (i === place ? start + length : size)),
  );
};
/** Last first, along one axis. */
export const reverse = (x: Tensor, axis: number): Tensor => {
  const place = axisOf(axis, x.shape.length);
  const one = (value: number) => integers(x.graph, [value]);
  return emit(sliceOperator, [x, one(-1), one(-2_147_483_648), one(place), one(-1)]);
};

const tileOperator: Operator = {
  name: "Tile",
  infer: ([x, repeats]) => {
    const times = valuesOf(repeats!);
    if (times.length !== x!.shape.length) throw new Error(`needs ${x!.shape.length} repeats`);
    return { dtype: x!.dtype, shape: x!.shape.map((size, i) => size * times[i]!) };
  },
  rule: ({ x, dy, inputs }) => {
    const pairs = valuesOf(inputs[1]!).flatMap((times, i) => [times, x.shape[i]!]);
    return [
      sum(
        reshape(dy, pairs),
        x.shape.map((_, i) => 2 * i),
      ),
    ];
  },
};
/** The whole tensor repeated along each axis. */
export const tile = (x: Tensor, repeats: readonly number[]): Tensor => emit(tileOperator, [x, integers(x.graph, repeats)]);

const blocks = (name: string, isDeep: boolean, undo: () => (x: Tensor, size: number) => Tensor): Operator => ({
  name,
  infer: ([x], { blocksize }) => {
    const size = blocksize as number;
    if (x!.shape.length !== 4) throw new Error("needs images: [count, channels, height, width]");
    const [n, c, h, w] = x!.shape as [number, number, number, number];
    if (isDeep ? c % size ** 2 !== 0 : h % size !== 0 || w % size !== 0) throw new Error(`does not divide into blocks of ${size}`);
    return { dtype: x!.dtype, shape: isDeep ? [n, c / size ** 2, h * size, w * size] : [n, c * size ** 2, h / size, w / size] };
  },
  rule: ({ dy, attributes }) => [undo()(dy, attributes.blocksize as number)],
});
const depthToSpaceOperator = blocks("DepthToSpace", true, () => spaceToDepth);
const spaceToDepthOperator = blocks("SpaceToDepth", false, () => depthToSpace);
/** Channels become neighbouring pixels. */
export const depthToSpace = (x: Tensor, size: number): Tensor => emit(depthToSpaceOperator, [x], { blocksize: size });
/** Neighbouring pixels become channels; the inverse of depthToSpace. */
export const spaceToDepth = (x: Tensor, size: number): Tensor => emit(spaceToDepthOperator, [x], { blocksize: size });

/** One value everywhere. */
export const full = (graph: Graph, value: number, shape: Shape, dtype: Dtype = "float32"): Tensor =>
  expand(constant(graph, [value], [], dtype), shape);
export const zerosLike = (x: Tensor): Tensor => full(x.graph, 0, x.shape, x.dtype);
export const onesLike = (x: Tensor): Tensor => full(x.graph, 1, x.shape, x.dtype);

// Operators that pick and put by whole-number positions. Putting adds: the gradient of picking the same row twice is the sum of both.
//
// Surprise: everything that adds is ScatterElements, never ScatterND with reduction "add". onnxruntime's CPU kernel for the latter splits the
// updates over threads and loses some when positions repeat (200,000 ones into ten rows came back as 19,020 in a row instead of 20,000).
import { constant, emit, emitAll, type Operator, refuse, type Tensor, valuesOf } from "#lib/learn/graph/graph.ts";
import { mul } from "#lib/learn/graph/operators/elementwise.ts";
import { expand, reshape, sum, transpose, zerosLike } from "#lib/learn/graph/operators/shaping.ts";
import { axisOf, isSameShape, sizeOf, stridesOf } from "#lib/learn/graph/shape.ts";

const positions = (indices: Tensor): void => {
  if (indices.dtype !== "int64" && indices.dtype !== "int32") throw new Error(`positions must be int64 or int32, not ${indices.dtype}`);
};

const gatherOperator: Operator = {
  name: "Gather",
  infer: ([x, indices], { axis }) => {
    positions(indices!);
    return { dtype: x!.dtype, shape: [...x!.shape.slice(0, axis as number), ...indices!.shape, ...x!.shape.slice((axis as number) + 1)] };
  },
  rule: ({ x, dy, inputs: [, indices], attributes }) => {
    const [axis, picked] = [attributes.axis as number, indices!.shape.length];
    const others = x.shape.map((_, i) => i).filter((i) => i !== axis);
    const front = transpose(dy, [
      ...indices!.shape.map((_, i) => axis + i),
      ...others.map((i) => (i < axis ? i : i + picked - 1)), // the picked axes first, then the rest in order
    ]);
    const [rows, width] = [sizeOf(indices!.shape), sizeOf(others.map((i) => x.shape[i]!))];
    const spread = expand(reshape(indices!, [rows, 1]), [rows, width]);
    const target = zerosLike(reshape(x, [x.shape[axis]!, width]));
    const added = scatterElements(target, spread, reshape(front, [rows, width]), 0, "add");
    const order = [axis, ...others];
    const summed = reshape(
      added,
      order.map((i) => x.shape[i]!),
    );
    return [
      transpose(
        summed,
        order.map((_, i) => order.indexOf(i)),
      ),
      null,
    ];
  },
};
/** Rows (or slices along `axis`) by position: embeddings. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  emit(gatherOperator, [x, indices], { axis: axisOf(axis, x.shape.length) });

const gatherElementsOperator: Operator = {
  name: "GatherElements",
  infer: ([x, indices], { axis }) => {
    positions(indices!);
    const isInside = indices!.shape.every((size, i) => i === axis || size <= x!.shape[i]!);
    if (indices!.shape.length !== x!.shape.length || !isInside) throw new Error(`positions must lie inside it on every axis but ${axis}`);
    return { dtype: x!.dtype, shape: indices!.shape };
  },
  rule: ({ x, dy, inputs: [, indices], attributes }) => [
    scatterElements(zerosLike(x), indices!, dy, attributes.axis as number, "add"),
    null,
  ],
};
/** One number a position along `axis`: the log-probability of each target without a one-hot matrix. */
export const gatherElements = (x: Tensor, indices: Tensor, axis = -1): Tensor =>
  emit(gatherElementsOperator, [x, indices], { axis: axisOf(axis, x.shape.length) });

const scatterElementsOperator: Operator = {
  name: "ScatterElements",
  infer: ([x, indices, updates]) => {
    positions(indices!);
    if (!isSameShape(indices!.shape, updates!.shape) || indices!.shape.length !== x!.shape.length)
      throw new Error("positions and updates must have one shape, with as many axes as the target");
    if (x!.dtype !== updates!.dtype) throw new Error(`the dtypes ${x!.dtype} and ${updates!.dtype} differ; cast one`);
    return x!;
  },
  rule: ({ dy, inputs: [, indices, updates], attributes }) => {
    const axis = attributes.axis as number;
    const kept = attributes.reduction === "add" ? dy : scatterElements(dy, indices!, zerosLike(updates!), axis);
    return [kept, null, gatherElements(dy, indices!, axis)];
  },
};
/** Puts updates at positions along `axis`: over what is there (positions must then be distinct), or added to it. */
export const scatterElements = (x: Tensor, indices: Tensor, updates: Tensor, axis: number, reduction: "none" | "add" = "none"): Tensor =>
  emit(scatterElementsOperator, [x, indices, updates], { axis: axisOf(axis, x.shape.length), reduction });

/** Positions of several axes at once, as one position in the flattened axes. */
const flatPositions = (x: Tensor, indices: Tensor): { rows: Tensor; depth: number; width: number } => {
  const depth = indices.shape.at(-1)!;
  if (depth > x.shape.length) refuse(x.graph, "GatherND", [x, indices], `positions of ${depth} axes in ${x.shape.length}`);
  const strides = constant(x.graph, stridesOf(x.shape.slice(0, depth)), [depth], indices.dtype);
  return { rows: sum(mul(indices, strides), -1), depth, width: sizeOf(x.shape.slice(depth)) };
};
/** Slices by positions of the first axes: indices [..., k] into x [d1 … dk, rest] give [..., rest]. */
export const gatherND = (x: Tensor, indices: Tensor): Tensor => {
  const { rows, depth, width } = flatPositions(x, indices);
  const picked = gather(reshape(x, [sizeOf(x.shape.slice(0, depth)), width]), rows);
  return reshape(picked, [...indices.shape.slice(0, -1), ...x.shape.slice(depth)]);
};

const scatterNDOperator: Operator = {
  name: "ScatterND",
  infer: ([x, indices, updates]) => {
    positions(indices!);
    const wanted = [...indices!.shape.slice(0, -1), ...x!.shape.slice(indices!.shape.at(-1)!)];
    if (!isSameShape(wanted, updates!.shape)) throw new Error(`updates must be [${wanted.join(", ")}]`);
    return x!;
  },
  rule: ({ dy, inputs: [, indices, updates] }) => [scatterND(dy, indices!, zerosLike(updates!)), null, gatherND(dy, indices!)],
};
/** Puts slices at positions of the first axes: over what is there (positions must then be distinct), or added to it. */
export const scatterND = (x: Tensor, indices: Tensor, updates: Tensor, reduction: "none" | "add" = "none"): Tensor => {
  if (reduction === "none") return emit(scatterNDOperator, [x, indices, updates]);
  const { rows, depth, width } = flatPositions(x, indices);
  const count = sizeOf(rows.shape);
  const spread = expand(reshape(rows, [count, 1]), [count, width]);
  const flat = reshape(x, [sizeOf(x.shape.slice(0, depth)), width]);
  return reshape(scatterElements(flat, spread, reshape(updates, [count, width]), 0, "add"), x.shape);
};

const topKOperator: Operator = {
  name: "TopK",
  infer: ([x, wanted], { axis }) => {
    const [count] = valuesOf(wanted!);
    const shape = x!.shape.map((size, i) => (i === axis ? count! : size));
    if (count! > x!.shape[axis as number]!) throw new Error(`there are no ${count} values on axis ${axis}`);
    return [
      { dtype: x!.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  rule: ({ x, dy, outputs: [, found], attributes }) => [scatterElements(zerosLike(x), found!, dy, attributes.axis as number)],
};
/** The k greatest along an axis, greatest first, and where they stand. */
export const topK = (x: Tensor, k: number, axis = -1): { values: Tensor; positions: Tensor } => {
  const [values, found] = emitAll(topKOperator, [x, constant(x.graph, [k], [1], "int64")], { axis: axisOf(axis, x.shape.length) });
  return { values: values!, positions: found! };
};

const argMaxOperator: Operator = {
  name: "ArgMax",
  infer: ([x], { axis }) => ({ dtype: "int64", shape: x!.shape.filter((_, i) => i !== axis) }),
  rule: "none",
};
/** Position of the greatest along an axis. */
export const argMax = (x: Tensor, axis = -1): Tensor => emit(argMaxOperator, [x], { axis: axisOf(axis, x.shape.length), keepdims: 0 });

const oneHotOperator: Operator = {
  name: "OneHot",
  infer: ([indices, depth, values]) => {
    positions(indices!);
    return { dtype: values!.dtype, shape: [...indices!.shape, valuesOf(depth!)[0]!] };
  },
  rule: "none",
};
/** 1 at each position, 0 elsewhere, on a new last axis. */
export const oneHot = (indices: Tensor, classes: number): Tensor =>
  emit(oneHotOperator, [indices, constant(indices.graph, [classes], [], "int64"), constant(indices.graph, [0, 1], [2])]);

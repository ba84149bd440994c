// Operators that make one number of many along some axes. Each keeps its axes as 1 while it is differentiated, so that its gradient meets
// its input by broadcasting.
import { constant, emit, isFloat, type Operator, type Tensor } from "#lib/learn/graph/graph.ts";
import { div, equal, exp, mul, sign, sqrt, square, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { cast, expand, reshape, sum } from "#lib/learn/graph/operators/shaping.ts";
import { axesOf, axisOf, reducedShape, sizeOf } from "#lib/learn/graph/shape.ts";

/** `y` and `dy` with the reduced axes kept, `count` the numbers that became one. */
type Slope = (local: { x: Tensor; y: Tensor; dy: Tensor; count: number; axes: readonly number[] }) => Tensor;
type Reduction = (x: Tensor, axes?: number | readonly number[], isKept?: boolean) => Tensor;

const reduction = (name: string, slope: Slope): Reduction => {
  const over = (attribute: unknown): readonly number[] => (attribute as { ints: readonly number[] }).ints;
  const operator: Operator = {
    name,
    infer: ([x], { axes, keepdims }) => {
      if (!isFloat(x!)) throw new Error("needs a floating dtype; cast it");
      return { dtype: x!.dtype, shape: reducedShape(x!.shape, over(axes), keepdims === 1) };
    },
    rule: ({ x, y, dy, attributes }) => {
      const axes = over(attributes.axes);
      const kept = reducedShape(x.shape, axes, true);
      const count = sizeOf(axes.map((axis) => x.shape[axis]!));
      return [expand(slope({ x, y: reshape(y, kept), dy: reshape(dy, kept), count, axes }), x.shape)];
    },
  };
  return (x, axes, isKept = false) => {
    const chosen = axesOf(axes, x.shape.length);
    return chosen.length === 0 ? x : emit(operator, [x], { axes: { ints: chosen }, keepdims: isKept ? 1 : 0 });
  };
};

/** An extreme passes its gradient to where it was found, in equal parts when it was found more than once. */
const extreme: Slope = ({ x, y, dy, axes }) => {
  const found = cast(equal(x, y), x.dtype);
  return mul(dy, div(found, sum(found, axes, true)));
};

export const mean = reduction("ReduceMean", ({ dy, count }) => div(dy, count));
export const max = reduction("ReduceMax", extreme);
export const min = reduction("ReduceMin", extreme);
/** Product; its gradient needs every factor to differ from 0. */
export const product = reduction("ReduceProd", ({ x, y, dy }) => div(mul(dy, y), x));
export const sumSquares = reduction("ReduceSumSquare", ({ x, dy }) => mul(mul(dy, 2), x));
export const norm1 = reduction("ReduceL1", ({ x, dy }) => mul(dy, sign(x)));
export const norm2 = reduction("ReduceL2", ({ x, y, dy }) => mul(dy, div(x, y)));
export const logSumExp = reduction("ReduceLogSumExp", ({ x, y, dy }) => mul(dy, exp(sub(x, y))));

/** Mean of squared distances from the mean (divided by n). */
export const variance: Reduction = (x, axes, isKept = false) => mean(square(sub(x, mean(x, axes, true))), axes, isKept);
export const deviation: Reduction = (x, axes, isKept = false) => sqrt(variance(x, axes, isKept));

const alongAxis = (name: string, rule: Operator["rule"]): Operator => ({
  name,
  infer: ([x]) => {
    if (!isFloat(x!)) throw new Error("needs a floating dtype; cast it");
    return x!;
  },
  rule: rule!,
});
const softmaxOperator = alongAxis("Softmax", ({ y, dy, attributes }) => {
  const weighed = mul(dy, y);
  return [sub(weighed, mul(y, sum(weighed, attributes.axis as number, true)))];
});
const logSoftmaxOperator = alongAxis("LogSoftmax", ({ y, dy, attributes }) => [
  sub(dy, mul(exp(y), sum(dy, attributes.axis as number, true))),
]);
/** Shares that sum to 1 along an axis. */
export const softmax = (x: Tensor, axis = -1): Tensor => emit(softmaxOperator, [x], { axis: axisOf(axis, x.shape.length) });
/** Logarithm of softmax, computed without ever dividing by zero. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => emit(logSoftmaxOperator, [x], { axis: axisOf(axis, x.shape.length) });

const cumSumOperator: Operator = {
  name: "CumSum",
  infer: ([x]) => x!,
  rule: ({ dy, inputs, attributes }) => [emit(cumSumOperator, [dy, inputs[1]!], { reverse: attributes.reverse === 1 ? 0 : 1 })],
};
/** Running sum along an axis, from the first on or (reversed) from the last. */
export const cumSum = (x: Tensor, axis: number, isReversed = false): Tensor =>
  emit(cumSumOperator, [x, constant(x.graph, [axisOf(axis, x.shape.length)], [], "int64")], { reverse: isReversed ? 1 : 0 });

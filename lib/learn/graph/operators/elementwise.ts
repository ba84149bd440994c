// Operators that work number by number: one line each, the name ONNX knows and the derivative. Binary ones broadcast; their rules may leave a
// gradient broadcast too, because the backward walk sums it to the shape of its input.
import { emit, type Graph, isFloat, type Kind, type Operator, refuse, scalarLike, type Tensor } from "#lib/learn/graph/graph.ts";
import { cast, zerosLike } from "#lib/learn/graph/operators/shaping.ts";
import { broadcastShapes } from "#lib/learn/graph/shape.ts";

/** A tensor, or a number that takes the dtype of what it meets. */
export type Operand = Tensor | number;

const graphOf = (...operands: Operand[]): Graph => (operands.find((one) => typeof one !== "number") as Tensor).graph;
const lift = (value: Operand, other: Operand): Tensor => (typeof value === "number" ? scalarLike(other as Tensor, value) : value);
const sameDtype = (a: Kind, b: Kind): void => {
  if (a.dtype !== b.dtype) throw new Error(`the dtypes ${a.dtype} and ${b.dtype} differ; cast one`);
};

type Slope = (local: { x: Tensor; y: Tensor; dy: Tensor }) => Tensor;
type Options = Record<string, { float: number }>;
const unaryOperator = (name: string, slope: Slope | "none"): Operator => ({
  name,
  infer: ([x]) => {
    if (!isFloat(x!) && !["Neg", "Abs", "Sign"].includes(name)) throw new Error("needs a floating dtype; cast it");
    return x!;
  },
  rule: slope === "none" ? "none" : (local) => [slope(local)],
});
const unary = (name: string, slope: Slope | "none", attributes: Options = {}): ((x: Tensor) => Tensor) => {
  const operator = unaryOperator(name, slope);
  return (x) => emit(operator, [x], attributes);
};

type Slopes = (local: { a: Tensor; b: Tensor; y: Tensor; dy: Tensor }) => [Tensor, Tensor];
const binary = (name: string, slopes: Slopes): ((a: Operand, b: Operand) => Tensor) => {
  const operator: Operator = {
    name,
    infer: ([a, b]) => {
      sameDtype(a!, b!);
      return { dtype: a!.dtype, shape: broadcastShapes(a!.shape, b!.shape) };
    },
    rule: ({ inputs: [a, b], y, dy }) => slopes({ a: a!, b: b!, y, dy }),
  };
  return (a, b) => emit(operator, [lift(a, b), lift(b, a)]);
};

const comparison = (name: string, needs?: "bool"): ((a: Operand, b: Operand) => Tensor) => {
  const operator: Operator = {
    name,
    infer: ([a, b]) => {
      sameDtype(a!, b!);
      if (needs && a!.dtype !== needs) throw new Error(`needs ${needs}`);
      return { dtype: "bool", shape: broadcastShapes(a!.shape, b!.shape) };
    },
    rule: "none",
  };
  return (a, b) => emit(operator, [lift(a, b), lift(b, a)]);
};

const as = (condition: Tensor, like: Tensor): Tensor => cast(condition, like.dtype);

// ---- comparing: no gradient passes
export const greater = comparison("Greater");
export const greaterOrEqual = comparison("GreaterOrEqual");
export const less = comparison("Less");
export const lessOrEqual = comparison("LessOrEqual");
export const equal = comparison("Equal");
export const and = comparison("And", "bool");
export const or = comparison("Or", "bool");
const notOperator: Operator = { name: "Not", infer: ([x]) => x!, rule: "none" };
export const not = (x: Tensor): Tensor => emit(notOperator, [x]);

// ---- arithmetic
export const add = binary("Add", ({ dy }) => [dy, dy]);
export const sub = binary("Sub", ({ dy }) => [dy, neg(dy)]);
export const mul = binary("Mul", ({ a, b, dy }) => [mul(dy, b), mul(dy, a)]);
export const div = binary("Div", ({ b, y, dy }) => [div(dy, b), neg(mul(dy, div(y, b)))]);
export const pow = binary("Pow", ({ a, b, y, dy }) => [
  mul(dy, mul(b, pow(a, sub(b, 1)))),
  mul(dy, mul(y, log(where(greater(a, 0), a, 1)))), // by the exponent: only a positive base has one
]);
/** The greater of two; a tie shares its gradient. */
export const maximum = binary("Max", ({ a, b, dy }) => [mul(dy, share(a, b)), mul(dy, share(b, a))]);
export const minimum = binary("Min", ({ a, b, dy }) => [mul(dy, share(b, a)), mul(dy, share(a, b))]);
/** 1 where a > b, ½ where equal. */
const share = (a: Tensor, b: Tensor): Tensor => add(as(greater(a, b), a), mul(as(equal(a, b), a), 0.5));

export const neg = unary("Neg", ({ dy }) => neg(dy));
export const abs = unary("Abs", ({ x, dy }) => mul(dy, sign(x)));
export const exp = unary("Exp", ({ y, dy }) => mul(dy, y));
export const log = unary("Log", ({ x, dy }) => div(dy, x));
export const sqrt = unary("Sqrt", ({ y, dy }) => div(mul(dy, 0.5), y));
export const reciprocal = unary("Reciprocal", ({ y, dy }) => neg(mul(dy, square(y))));
export const square = (x: Tensor): Tensor => mul(x, x);

// ---- circles and hyperbolas
export const sin = unary("Sin", ({ x, dy }) => mul(dy, cos(x)));
export const cos = unary("Cos", ({ x, dy }) => neg(mul(dy, sin(x))));
export const tan = unary("Tan", ({ y, dy }) => mul(dy, add(square(y), 1)));
export const atan = unary("Atan", ({ x, dy }) => div(dy, add(square(x), 1)));
export const sinh = unary("Sinh", ({ x, dy }) => mul(dy, cosh(x)));
export const cosh = unary("Cosh", ({ x, dy }) => mul(dy, sinh(x)));
export const tanh = unary("Tanh", ({ y, dy }) => mul(dy, sub(1, square(y))));
export const asinh = unary("Asinh", ({ x, dy }) => div(dy, sqrt(add(square(x), 1))));
export const atanh = unary("Atanh", ({ x, dy }) => div(dy, sub(1, square(x))));
export const erf = unary("Erf", ({ x, dy }) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))));

// ---- steps: the gradient is zero wherever there is one
export const sign = unary("Sign", "none");
export const floor = unary("Floor", "none");
export const ceil = unary("Ceil", "none");
export const round = unary("Round", "none");

// ---- activations
export const relu = unary("Relu", ({ x, dy }) => mul(dy, as(greater(x, 0), dy)));
export const sigmoid = unary("Sigmoid", ({ y, dy }) => mul(dy, mul(y, sub(1, y))));
export const softplus = unary("Softplus", ({ x, dy }) => mul(dy, sigmoid(x)));
export const softsign = unary("Softsign", ({ x, dy }) => div(dy, square(add(abs(x), 1))));
export const elu = unary("Elu", ({ x, y, dy }) => mul(dy, where(greater(x, 0), 1, add(y, 1))));
export const hardSigmoid = unary("HardSigmoid", ({ x, dy }) => mul(dy, mul(1 / 6, as(less(abs(x), 3), x))), { alpha: { float: 1 / 6 } });
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor =>
  emit(
    unaryOperator("LeakyRelu", ({ dy }) => mul(dy, where(greater(x, 0), 1, scalarLike(dy, slope)))),
    [x],
    { alpha: { float: slope } },
  );
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));
export const hardSwish = (x: Tensor): Tensor => mul(x, hardSigmoid(x));
/** x·Φ(x), exactly. */
export const gelu = (x: Tensor): Tensor => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
/** The approximation by tanh that GPT-2 was trained with. */
export const geluTanh = (x: Tensor): Tensor =>
  mul(mul(x, 0.5), add(tanh(mul(add(x, mul(mul(square(x), x), 0.044715)), Math.sqrt(2 / Math.PI))), 1));

// ---- choosing
const whereOperator: Operator = {
  name: "Where",
  infer: ([condition, a, b]) => {
    if (condition!.dtype !== "bool") throw new Error("the condition must be bool");
    sameDtype(a!, b!);
    return { dtype: a!.dtype, shape: broadcastShapes(condition!.shape, broadcastShapes(a!.shape, b!.shape)) };
  },
  rule: ({ x, dy }) => [null, where(x, dy, 0), where(x, 0, dy)],
};
/** a where the condition holds, b elsewhere; two numbers become float32. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => {
  const like = typeof a === "number" && typeof b === "number" ? ({ graph: graphOf(condition), dtype: "float32" } as Tensor) : null;
  return emit(whereOperator, [condition, lift(a, like ?? b), lift(b, like ?? a)]);
};

/** Kept inside low … high; outside no gradient passes. */
export const clip = (x: Tensor, low: number, high: number): Tensor => {
  if (!(low <= high)) refuse(x.graph, "Clip", [x], `${low} is above ${high}`);
  return emit(clipOperator, [x, scalarLike(x, low), scalarLike(x, high)]);
};
const clipOperator: Operator = {
  name: "Clip",
  infer: ([x]) => x!,
  rule: ({ x, y, dy }) => [mul(dy, as(equal(x, y), dy))],
};

/** The same numbers, through which no gradient passes. */
export const stopGradient = (x: Tensor): Tensor => emit(stopOperator, [x]);
const stopOperator: Operator = { name: "Identity", infer: ([x]) => x!, rule: "none" };

/** Zero where the condition does not hold. */
export const onlyWhere = (condition: Tensor, x: Tensor): Tensor => where(condition, x, zerosLike(x));

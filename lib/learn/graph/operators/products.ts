// Matrix products. What can be one two-dimensional product is written as one, because that is what every provider runs fastest: a batch times
// a matrix is flattened, its gradients are Gemm with a transposed side. Only truly batched products (attention) stay in many dimensions.
//
// This is also where mixed precision happens: in a float16 graph the factors are cast down and the result up again, nothing else.
import { type Attributes, emit, type Operator, refuse, type Tensor } from "#lib/learn/graph/graph.ts";
import { mul } from "#lib/learn/graph/operators/elementwise.ts";
import { cast, reshape, squeeze, sum, swapAxes, transpose, unsqueeze } from "#lib/learn/graph/operators/shaping.ts";
import { broadcastShapes, sizeOf } from "#lib/learn/graph/shape.ts";

/** Runs `work` on factors cast to the graph's compute dtype, and casts its result back. */
export const inComputeDtype = (factors: readonly Tensor[], work: (factors: readonly Tensor[]) => Tensor): Tensor => {
  const { dtype, graph } = factors[0]!;
  return graph.compute === "float16" && dtype === "float32" ? cast(work(factors.map((one) => cast(one, "float16"))), dtype) : work(factors);
};

const inner = (a: Tensor, b: Tensor, left: number, right: number): void => {
  if (a.dtype !== b.dtype) throw new Error(`the dtypes ${a.dtype} and ${b.dtype} differ; cast one`);
  if (left !== right) throw new Error(`the inner dimensions ${left} and ${right} differ`);
};

const matMulOperator: Operator = {
  name: "MatMul",
  infer: ([a, b]) => {
    const [m, k] = a!.shape.slice(-2) as [number, number];
    const [l, n] = b!.shape.slice(-2) as [number, number];
    inner(a!, b!, k, l);
    return { dtype: a!.dtype, shape: [...broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2)), m, n] };
  },
  rule: ({ inputs: [a, b], dy }) => [
    emit(matMulOperator, [dy, swapAxes(b!, -1, -2)]), // batch axes that were broadcast are summed by the walk
    emit(matMulOperator, [swapAxes(a!, -1, -2), dy]),
  ],
};

type Sides = { transA?: boolean; transB?: boolean };
const gemmOperator: Operator = {
  name: "Gemm",
  infer: ([a, b, c], { transA, transB }) => {
    if (a!.shape.length !== 2 || b!.shape.length !== 2) throw new Error("both factors must have two axes");
    const [m, k] = transA ? [a!.shape[1]!, a!.shape[0]!] : [a!.shape[0]!, a!.shape[1]!];
    const [l, n] = transB ? [b!.shape[1]!, b!.shape[0]!] : [b!.shape[0]!, b!.shape[1]!];
    inner(a!, b!, k, l);
    if (c) broadcastShapes(c.shape, [m, n]);
    return { dtype: a!.dtype, shape: [m, n] };
  },
  rule: ({ inputs: [a, b, c], dy, attributes }) => {
    const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
    return [
      transA ? product2(b!, dy, { transA: transB, transB: true }) : product2(dy, b!, { transB: !transB }),
      transB ? product2(dy, a!, { transA: true, transB: transA }) : product2(a!, dy, { transA: !transA }),
      c ? dy : null,
    ];
  },
};
const product2 = (a: Tensor, b: Tensor, { transA, transB }: Sides, c?: Tensor): Tensor => {
  const attributes: Attributes = { transA: transA ? 1 : 0, transB: transB ? 1 : 0 };
  return emit(gemmOperator, c ? [a, b, c] : [a, b], attributes);
};

/** a·b of two matrices, either side transposed, plus a bias that broadcasts. */
export const gemm = (a: Tensor, b: Tensor, sides: Sides = {}, bias?: Tensor): Tensor =>
  inComputeDtype(bias ? [a, b, bias] : [a, b], ([x, y, c]) => product2(x!, y!, sides, c));

/** x·w (+ bias) on the last axis of x, however many axes stand before it. */
export const linear = (x: Tensor, weight: Tensor, bias?: Tensor, sides: { transB?: boolean } = {}): Tensor => {
  const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  const y = gemm(rows, weight, sides, bias);
  return reshape(y, [...x.shape.slice(0, -1), y.shape[1]!]);
};

/** Matrix product as NumPy has it: vectors become matrices for the moment, axes before the last two are batches and broadcast. */
export const matmul = (a: Tensor, b: Tensor): Tensor => {
  if (a.shape.length === 0 || b.shape.length === 0) return refuse(a.graph, "MatMul", [a, b], "a single number is no matrix; use mul");
  if (b.shape.length === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.shape.length === 1) return squeeze(matmul(unsqueeze(a, 0), b), -2);
  if (b.shape.length === 2) {
    if (a.shape.at(-1) !== b.shape[0])
      return refuse(a.graph, "MatMul", [a, b], `the inner dimensions ${a.shape.at(-1)} and ${b.shape[0]} differ`);
    return linear(a, b);
  }
  return inComputeDtype([a, b], (factors) => emit(matMulOperator, factors));
};

/** Sum of products of two vectors. */
export const dot = (a: Tensor, b: Tensor): Tensor => sum(mul(a, b), -1);

/**
 * Einstein's summation for one or two factors ("bhqd,bhkd->bhqk"): letters on both sides are batches, letters that vanish are summed, and
 * what is left is one matrix product between two transposes.
 */
export const einsum = (formula: string, ...factors: readonly Tensor[]): Tensor => {
  const [left, out] = formula.replaceAll(" ", "").split("->") as [string, string | undefined];
  const terms = left.split(",");
  const { graph } = factors[0]!;
  if (out === undefined || terms.length !== factors.length || factors.length > 2)
    return refuse(graph, `Einsum ${formula}`, factors, "write one or two terms, an arrow and the result");
  const sizes = new Map<string, number>();
  const prepared = terms.map((term, i) => {
    const factor = factors[i]!;
    if (term.length !== factor.shape.length || new Set(term).size !== term.length)
      refuse(graph, `Einsum ${formula}`, factors, `${term} does not name its ${factor.shape.length} axes once each`);
    for (const [j, letter] of [...term].entries()) {
      const size = factor.shape[j]!;
      if ((sizes.get(letter) ?? size) !== size)
        refuse(graph, `Einsum ${formula}`, factors, `${letter} is ${sizes.get(letter)} and ${size}`);
      sizes.set(letter, size);
    }
    const alone = [...term].filter((letter) => !out.includes(letter) && !terms[1 - i]?.includes(letter));
    const letters = [...term].filter((letter) => !alone.includes(letter));
    return {
      letters,
      value: sum(
        factor,
        alone.map((letter) => term.indexOf(letter)),
      ),
    };
  });
  if ([...out].some((letter) => !sizes.has(letter))) refuse(graph, `Einsum ${formula}`, factors, "the result names a letter no factor has");
  const [a, b] = prepared as [(typeof prepared)[0], (typeof prepared)[0] | undefined];
  if (!b)
    return transpose(
      a.value,
      [...out].map((letter) => a.letters.indexOf(letter)),
    );
  const batch = a.letters.filter((letter) => b.letters.includes(letter) && out.includes(letter));
  const summed = a.letters.filter((letter) => b.letters.includes(letter) && !out.includes(letter));
  const rows = a.letters.filter((letter) => !b.letters.includes(letter));
  const columns = b.letters.filter((letter) => !a.letters.includes(letter));
  const count = (letters: string[]): number => sizeOf(letters.map((letter) => sizes.get(letter)!));
  const arrange = ({ letters, value }: (typeof prepared)[0], first: string[], second: string[]): Tensor =>
    reshape(
      transpose(
        value,
        [...batch, ...first, ...second].map((letter) => letters.indexOf(letter)),
      ),
      [count(batch), count(first), count(second)],
    );
  const product = matmul(arrange(a, rows, summed), arrange(b, summed, columns));
  const made = [...batch, ...rows, ...columns];
  return transpose(
    reshape(
      product,
      made.map((letter) => sizes.get(letter)!),
    ),
    [...out].map((letter) => made.indexOf(letter)),
  );
};

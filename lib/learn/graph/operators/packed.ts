// Products with packed matrices: 4 bits a number, a scale for each block of 32 along a row. onnxruntime unpacks them in its registers, so that a
// product with a single vector, which costs what it reads, reads an eighth of float32; sums are float32. The matrix is fixed in the graph; no
// gradient passes.
import { emit, type Graph, type Kind, type Operator, type Tensor } from "#lib/learn/graph/graph.ts";
import { reshape } from "#lib/learn/graph/operators/shaping.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";

const operator: Operator = {
  name: "MatMulNBits",
  domain: "com.microsoft",
  infer: ([x, packed], { K, N }) => {
    if (x!.shape.at(-1) !== K) throw new Error(`the inner dimensions ${x!.shape.at(-1)} and ${K} differ`);
    if (packed!.shape[0] !== N) throw new Error(`the matrix has ${packed!.shape[0]} rows, not ${N}`);
    return { dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), N as number] };
  },
};

/** An array as it is, without a copy, as a constant of the graph. */
export const fixed = (graph: Graph, data: Float32Array | Uint8Array, kind: Kind): Tensor => {
  if (data.length !== sizeOf(kind.shape)) throw new Error(`${data.length} values do not fill [${kind.shape.join(", ")}]`);
  const name = `fixed_${++graph.pen.values}`;
  const tensor: Tensor = { graph, name, ...kind, origin: { kind: "constant", data } };
  graph.constants.set(name, tensor);
  return tensor;
};

/**
 * x·Wᵀ over the last axis for W [rows, columns], W = scale·(q − 8): `data` holds a row's q one after another, of two in a byte the first in the low
 * half, and `scales` one number a block. Sums are float32 (accuracy level 1).
 */
export const packedProduct = (x: Tensor, rows: number, data: Uint8Array, scales: Float32Array): Tensor => {
  const columns = x.shape.at(-1)!;
  const matrix = fixed(x.graph, data, { dtype: "uint8", shape: [rows, columns / 32, 16] });
  const scale = fixed(x.graph, scales, { dtype: "float32", shape: [(rows * columns) / 32] });
  const flat = reshape(x, [sizeOf(x.shape.slice(0, -1)), columns]);
  const y = emit(operator, [flat, matrix, scale], { K: columns, N: rows, bits: 4, block_size: 32, accuracy_level: 1 });
  return reshape(y, [...x.shape.slice(0, -1), rows]);
};

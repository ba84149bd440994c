// Matrices that stay packed while a model speaks, and still mean exactly their numbers. Files pack them in blocks of 32 (encodings.ts); onnxruntime
// multiplies with d·(q − 8) for q of 4 bits, sums in float32. All three packings are sums of such parts and of one number a block:
//
//        Q4_0   d·(q − 8)
//        Q4_1   d·q + m  =  d·(q − 8) + (m + 8d)
//        Q8_0   d·q      =  16d·(h − 8) + d·(l − 8) + 8d        with q + 128 = 16h + l, its high and low half
//
// and x times a number c a block is the sum of x over the block times c: a product of a thirty-second of the size. llama.cpp instead rounds x to
// 8 bits, which is faster still, and moves log-probabilities by tenths: enough to choose another word where two are as likely.
import { sharedParameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { add } from "#lib/learn/graph/operators/elementwise.ts";
import { fixed, packedProduct } from "#lib/learn/graph/operators/packed.ts";
import { linear } from "#lib/learn/graph/operators/products.ts";
import { reshape, sum } from "#lib/learn/graph/operators/shaping.ts";
import { zeros } from "#lib/learn/graph/seeds.ts";
import { type LlamaShape, type Projection, projected } from "#lib/learn/llm/llama.ts";
import { halvesFromNeighbours } from "#lib/learn/llm/names.ts";
import { type Encoding, encode, halfAt } from "#lib/learn/weights/encodings.ts";

export type Packing = "Q8_0" | "Q4_0" | "Q4_1";
export type Packed = {
  rows: number;
  columns: number;
  /** Parts d·(q − 8) that are added. */
  parts: { data: Uint8Array; scales: Float32Array }[];
  /** What is added to every number of a block. */
  shifts: Float32Array | null;
};
export const isPacking = (encoding: Encoding): encoding is Packing => encoding === "Q8_0" || encoding === "Q4_0" || encoding === "Q4_1";

/** A matrix of a file as parts. */
export const packedOf = (encoding: Packing, bytes: Uint8Array, [rows, columns]: readonly [number, number]): Packed => {
  const blocks = (rows * columns) / 32;
  const isWide = encoding === "Q8_0";
  const part = () => ({ data: new Uint8Array(16 * blocks), scales: new Float32Array(blocks) });
  const [first, low] = [part(), isWide ? part() : null];
  const shifts = encoding === "Q4_0" ? null : new Float32Array(blocks);
  const [head, body] = [encoding === "Q4_1" ? 4 : 2, isWide ? 32 : 16];
  for (let block = 0, at = 0, to = 0; block < blocks; block++, at += head + body, to += 16) {
    const d = halfAt(bytes, at);
    first.scales[block] = low ? 16 * d : d;
    if (shifts) shifts[block] = 8 * d + (low ? 0 : halfAt(bytes, at + 2));
    const from = at + head;
    if (low) {
      low.scales[block] = d;
      for (let i = 0; i < 16; i++) {
        const [a, b] = [bytes[from + 2 * i]! ^ 128, bytes[from + 2 * i + 1]! ^ 128]; // −128 … 127 as 0 … 255
        first.data[to + i] = (a >> 4) | (b & 240);
        low.data[to + i] = (a & 15) | ((b & 15) << 4);
      }
    } else
      for (let i = 0; i < 8; i++) {
        const [a, b] = [bytes[from + 2 * i]!, bytes[from + 2 * i + 1]!]; // numbers 2i and 2i + 1, and both 16 further on
        first.data[to + i] = (a & 15) | ((b & 15) << 4);
        first.data[to + 8 + i] = (a >> 4) | (b & 240);
      }
  }
  return { rows, columns, parts: low ? [first, low] : [first], shifts };
};

/** Rows of queries and keys from the order of GGUF files to ours (names.ts). */
export const turnedRows = (one: Packed, headWidth: number): Packed => {
  const blocks = one.columns / 32;
  return {
    ...one,
    parts: one.parts.map(({ data, scales }) => ({
      data: halvesFromNeighbours(data, headWidth, blocks * 16),
      scales: halvesFromNeighbours(scales, headWidth, blocks),
    })),
    shifts: one.shifts && halvesFromNeighbours(one.shifts, headWidth, blocks),
  };
};

/** Linear maps that use packed matrices where there are some. */
export const fromPacked = (packed: ReadonlyMap<string, Packed>): Projection => {
  const sums = new WeakMap<Tensor, Tensor>(); // queries, keys and values see the same x
  const blockSums = (x: Tensor, columns: number): Tensor => {
    const made = sums.get(x) ?? sum(reshape(x, [...x.shape.slice(0, -1), columns / 32, 32]), -1);
    sums.set(x, made);
    return made;
  };
  return (x, name, width, hasBias) => {
    const one = packed.get(`${name}.weight`);
    if (!one) return projected(x, name, width, hasBias);
    const { rows, columns, parts, shifts } = one;
    const terms = parts.map(({ data, scales }) => packedProduct(x, rows, data, scales));
    if (shifts) {
      const each = fixed(x.graph, shifts, { dtype: "float32", shape: [rows, columns / 32] });
      terms.push(linear(blockSums(x, columns), each, undefined, { transB: true }));
    }
    if (hasBias) terms.push(sharedParameter(x.graph, `${name}.bias`, [width], zeros));
    return terms.reduce((total, term) => add(total, term));
  };
};

/** Matrices packed for speaking; those whose rows are not whole blocks stay as they are. */
export const packedWeights = (shape: LlamaShape, weights: ReadonlyMap<string, Float32Array>, packing: Packing): Map<string, Packed> => {
  const packed = new Map<string, Packed>();
  for (const [name, values] of weights) {
    if (name.endsWith("norm.weight") || name.endsWith(".bias")) continue;
    const isOut = name.endsWith("o_proj.weight");
    const columns = isOut ? shape.heads * shape.headWidth : name.endsWith("down_proj.weight") ? shape.inner : shape.width;
    if (columns % 32 === 0) packed.set(name, packedOf(packing, encode(packing, values), [values.length / columns, columns]));
  }
  return packed;
};

// Attention (Vaswani et al. 2017): every position asks, every position answers, softmax(q·kᵀ/√d)·v, in several heads side by side.
import { constant, type Graph, layer, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, mul } from "#lib/learn/graph/operators/elementwise.ts";
import { matmul } from "#lib/learn/graph/operators/products.ts";
import { softmax } from "#lib/learn/graph/operators/reductions.ts";
import { reshape, split, transpose } from "#lib/learn/graph/operators/shaping.ts";
import { dense, dropout } from "#lib/learn/layers/dense.ts";

/** 0 where a position may look, a large negative number where it would see the future: [time, time]. */
export const causalMask = (graph: Graph, time: number): Tensor =>
  constant(
    graph,
    Float32Array.from({ length: time * time }, (_, i) => (i % time > Math.floor(i / time) ? -1e9 : 0)),
    [time, time],
  );

/** softmax(q·kᵀ/√d + mask)·v for q, k, v of [count, heads, time, d]. */
export const attend = (q: Tensor, k: Tensor, v: Tensor, mask?: Tensor, rate = 0): Tensor => {
  const scores = mul(matmul(q, transpose(k, [0, 1, 3, 2])), 1 / Math.sqrt(q.shape[3]!));
  return matmul(dropout(softmax(mask ? add(scores, mask) : scores), rate), v);
};

/** [count, time, width] → [count, heads, time, width / heads]. */
export const intoHeads = (x: Tensor, heads: number): Tensor => {
  const [count, time, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [count, time, heads, width / heads]), [0, 2, 1, 3]);
};
/** The inverse of intoHeads. */
export const outOfHeads = (x: Tensor): Tensor => {
  const [count, heads, time, depth] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [count, time, heads * depth]);
};

type AttentionOptions = { heads: number; isCausal?: boolean; dropout?: number; name?: string; hasBias?: boolean; rank?: number };

/** Self-attention over [count, time, width], with its three projections in one product and one after; `rank` as in `dense`. */
export const selfAttention = (x: Tensor, options: AttentionOptions): Tensor => {
  const { heads, isCausal = false, dropout: rate = 0, name = "attention", hasBias = true, rank = 0 } = options;
  return layer(x.graph, name, () => {
    const [, time, width] = x.shape as [number, number, number];
    const [q, k, v] = split(dense(x, 3 * width, { name: "qkv", hasBias, rank }), 3, 2).map((one) => intoHeads(one, heads)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const mixed = outOfHeads(attend(q, k, v, isCausal ? causalMask(x.graph, time) : undefined, rate));
    return dense(mixed, width, { name: "out", hasBias, rank });
  });
};

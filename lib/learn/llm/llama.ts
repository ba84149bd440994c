// # A language model of the Llama family, whole
//
// It reads tokens and says, after each of them, how likely every token of the vocabulary comes next. Three ideas set it apart from the GPT of
// networks/gpt.ts, and one keeps it small:
//
// *Root-mean-square norm*  x/√(mean x² + ε)·s: no mean is taken off, nothing is shifted (Zhang and Sennrich 2019).
//
// *Rotary positions.* Nothing is added to a token for its place. Instead each pair of numbers of a query or key is turned by an angle that grows
// with the position p: (a, b) → (a·cos pθ − b·sin pθ, a·sin pθ + b·cos pθ), a different θ = base^(−2j/d) for each pair j. The product of a query
// at p and a key at s then depends on p − s only (Su et al. 2021). Which numbers make a pair is convention: here j and j + d/2 ("halves", as in
// PyTorch checkpoints). GGUF files of this architecture hold the rows of both projections so that 2j and 2j + 1 make one; they are put in
// order when a file is read (names.ts), and the network never knows.
//
// *Gated feed-forward*  (silu(x·G) · x·U)·D (Shazeer 2020).
//
// *Grouped queries.* Several heads of queries share one head of keys and values (Ainslie et al. 2023). The heads of a group stand one below another in
// one product, so that keys and values are never copied.
//
// Weights are called by their names in PyTorch checkpoints and stand as they stand there, [out, in].
import { recomputed } from "#lib/learn/graph/gradient.ts";
import { constant, type Graph, type Initial, layer, sharedParameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, mul, neg, silu } from "#lib/learn/graph/operators/elementwise.ts";
import { gather } from "#lib/learn/graph/operators/indexing.ts";
import { rmsNorm } from "#lib/learn/graph/operators/normalisation.ts";
import { linear, matmul } from "#lib/learn/graph/operators/products.ts";
import { softmax } from "#lib/learn/graph/operators/reductions.ts";
import { concat, narrow, reshape, transpose } from "#lib/learn/graph/operators/shaping.ts";
import { normal, ones, zeros } from "#lib/learn/graph/seeds.ts";
import { causalMask, intoHeads, outOfHeads } from "#lib/learn/layers/attention.ts";

export type LlamaShape = {
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  /** Heads of keys and values; a divisor of `heads`. */
  kvHeads: number;
  headWidth: number;
  /** Width of the feed-forward layer. */
  inner: number;
  epsilon: number;
  ropeBase: number;
  /** θⱼ of each pair of numbers, in radians a position: ropeBase^(−2j/d), lowered where positions are stretched. */
  frequencies: readonly number[];
  /** Positions it was made for. */
  context: number;
  /** The table of tokens is used at both ends. */
  isTied: boolean;
  /** Whether queries, keys and values, whether the output of attention, have a bias. */
  hasBias: { qkv: boolean; out: boolean };
};

/** A named linear map inside the network; adapters wrap it (lora.ts). */
export type Projection = (x: Tensor, name: string, width: number, hasBias: boolean) => Tensor;
/** Cosines and sines of the angles at each position: [time, headWidth]. */
export type Angles = { cos: Tensor; sin: Tensor };
/** Keys and values that came before, of one layer: [count, kvHeads, past, headWidth]. */
export type Past = { k: Tensor; v: Tensor };
export type DecoderOptions = {
  project?: Projection | undefined;
  /** For going on from a past: angles of these positions, what they may look at [time, past + time], and each layer's past. */
  since?: { angles: Angles; mask: Tensor; past: readonly Past[] };
  /** Layers compute their activations again on the way back instead of keeping them: less memory, a third more time. */
  isRecomputed?: boolean | undefined;
};

const matrix = normal(0.02);
const weight = (graph: Graph, name: string, shape: readonly number[], initial: Initial): Tensor =>
  sharedParameter(graph, name, shape, initial);

/** x·Wᵀ + b with the weights `name.weight` and `name.bias`. */
export const projected: Projection = (x, name, width, hasBias) => {
  const bias = hasBias ? weight(x.graph, `${name}.bias`, [width], zeros) : undefined;
  return linear(x, weight(x.graph, `${name}.weight`, [width, x.shape.at(-1)!], matrix), bias, { transB: true });
};

/** cos pθ and sin pθ for the positions from `start` on, each θ twice: once for either half. */
export const anglesAt = ({ frequencies }: LlamaShape, start: number, time: number): { cos: Float32Array; sin: Float32Array } => {
  const [half, width] = [frequencies.length, 2 * frequencies.length];
  const [cos, sin] = [new Float32Array(time * width), new Float32Array(time * width)];
  for (let i = 0; i < time; i++)
    for (let j = 0; j < width; j++) {
      const angle = (start + i) * frequencies[j % half]!;
      cos[i * width + j] = Math.cos(angle);
      sin[i * width + j] = Math.sin(angle);
    }
  return { cos, sin };
};

/** Turns pairs (j, j + d/2) of the last axis by the angles of their positions. */
export const turned = (x: Tensor, { cos, sin }: Angles): Tensor => {
  const half = x.shape.at(-1)! / 2;
  const across = concat([neg(narrow(x, -1, half, half)), narrow(x, -1, 0, half)], -1);
  return add(mul(x, cos), mul(across, sin));
};

/** softmax(q·kᵀ/√d + mask)·v for q [count, heads, time, d] and k, v [count, kvHeads, past + time, d]. */
const attendGrouped = (q: Tensor, k: Tensor, v: Tensor, mask: Tensor): Tensor => {
  const [count, heads, time, d] = q.shape as [number, number, number, number];
  const [kvHeads, all] = [k.shape[1]!, k.shape[2]!];
  const below = reshape(mul(q, 1 / Math.sqrt(d)), [count, kvHeads, (heads / kvHeads) * time, d]);
  const scores = reshape(matmul(below, transpose(k, [0, 1, 3, 2])), [count, heads, time, all]);
  const shares = reshape(softmax(add(scores, mask)), [count, kvHeads, (heads / kvHeads) * time, all]);
  return reshape(matmul(shares, v), [count, heads, time, d]);
};

/** One layer: x + what the positions tell each other, then x + what each makes of it. Its own keys and values come out beside. */
const block = (x: Tensor, name: string, shape: LlamaShape, angles: Angles, mask: Tensor, past: Past | undefined, project: Projection) => {
  const { heads, kvHeads, headWidth, epsilon, hasBias, width, inner } = shape;
  const norm = (h: Tensor, which: string): Tensor => rmsNorm(h, weight(h.graph, `${name}.${which}.weight`, [width], ones), epsilon);
  const h = norm(x, "input_layernorm");
  const to = (which: string, count: number): Tensor =>
    intoHeads(project(h, `${name}.self_attn.${which}_proj`, count * headWidth, hasBias.qkv), count);
  const [q, k, v] = [turned(to("q", heads), angles), turned(to("k", kvHeads), angles), to("v", kvHeads)];
  const [keys, values] = past ? [concat([past.k, k], 2), concat([past.v, v], 2)] : [k, v];
  const told = project(outOfHeads(attendGrouped(q, keys, values, mask)), `${name}.self_attn.o_proj`, width, hasBias.out);
  const y = add(x, told);
  const g = norm(y, "post_attention_layernorm");
  const gated = mul(silu(project(g, `${name}.mlp.gate_proj`, inner, false)), project(g, `${name}.mlp.up_proj`, inner, false));
  return { x: add(y, project(gated, `${name}.mlp.down_proj`, width, false)), k, v };
};

/** What stands behind the last layer, normed, for tokens as vectors [count, time, width]; and every layer's new keys and values. */
export const throughLayers = (
  vectors: Tensor,
  shape: LlamaShape,
  { project = projected, since, isRecomputed = false }: DecoderOptions = {},
) => {
  const { graph } = vectors;
  const time = vectors.shape[1]!;
  const fixed = since ? null : anglesAt(shape, 0, time);
  const angles = since?.angles ?? {
    cos: constant(graph, fixed!.cos, [time, shape.headWidth]),
    sin: constant(graph, fixed!.sin, [time, shape.headWidth]),
  };
  const mask = since?.mask ?? causalMask(graph, time);
  const present: Past[] = [];
  let x = vectors;
  for (let i = 0; i < shape.layers; i++) {
    const write = (): Tensor => {
      const made = layer(graph, "block", () => block(x, `model.layers.${i}`, shape, angles, mask, since?.past[i], project));
      present.push({ k: made.k, v: made.v });
      return made.x;
    };
    x = isRecomputed ? recomputed(graph, write) : write();
  }
  return { hidden: rmsNorm(x, weight(graph, "model.norm.weight", [shape.width], ones), shape.epsilon), present };
};

const tableName = "model.embed_tokens";
/** The same for tokens [count, time] (int64), each looked up in the table. */
export const hiddenStates = (tokens: Tensor, shape: LlamaShape, options: DecoderOptions = {}) =>
  throughLayers(gather(weight(tokens.graph, `${tableName}.weight`, [shape.vocabulary, shape.width], matrix), tokens), shape, options);

/** Logits [..., vocabulary] from hidden states. */
export const logitsOf = (hidden: Tensor, shape: LlamaShape, project: Projection = projected): Tensor =>
  project(hidden, shape.isTied ? tableName : "lm_head", shape.vocabulary, false);

/** Logits [count, time, vocabulary] of the token after each of [count, time]. Tokens after a text's end change nothing before it. */
export const llama = (tokens: Tensor, shape: LlamaShape, options: DecoderOptions = {}): Tensor =>
  logitsOf(hiddenStates(tokens, shape, options).hidden, shape, options.project);

// Recurrent layers, written out step by step over a sequence [count, time, width]: shapes are static, so the loop is in the writing. The part
// that does not depend on the past, x·W for all times, is one product. Before the first step the past is zero and is simply not written.
import { layer, parameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { add, mul, sigmoid, sub, tanh } from "#lib/learn/graph/operators/elementwise.ts";
import { gemm, linear } from "#lib/learn/graph/operators/products.ts";
import { narrow, split, squeeze, stack } from "#lib/learn/graph/operators/shaping.ts";
import { fanIn } from "#lib/learn/graph/seeds.ts";

type Sequence = { all: Tensor; last: Tensor };

/** Weights of `gates` gates: by the input, by the past, and a bias for each. */
const gated = (x: Tensor, width: number, gates: number) => {
  const at = (name: string, shape: readonly number[]): Tensor => parameter(x.graph, name, shape, fanIn(width));
  const inner = x.shape.at(-1)!;
  return {
    projected: linear(x, at("input", [inner, gates * width]), at("inputBias", [gates * width])),
    past: at("past", [width, gates * width]),
    pastBias: at("pastBias", [gates * width]),
  };
};
const atTime = (x: Tensor, time: number): Tensor => squeeze(narrow(x, 1, time, 1), 1);
const sequence = (states: readonly Tensor[]): Sequence => ({ all: stack(states, 1), last: states.at(-1)! });

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997), gates in the order input, forget, cell, output:
 * c = f·c + i·g, h = o·tanh(c).
 */
export const lstm = (x: Tensor, width: number, { name = "lstm" } = {}): Sequence =>
  layer(x.graph, name, () => {
    const { projected, past, pastBias } = gated(x, width, 4);
    const states: Tensor[] = [];
    let cell: Tensor | null = null;
    for (let time = 0; time < x.shape[1]!; time++) {
      const now = atTime(projected, time);
      const before = states.at(-1);
      const sum = add(now, before ? gemm(before, past, {}, pastBias) : pastBias);
      const [i, f, g, o] = split(sum, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
      const fresh: Tensor = mul(sigmoid(i), tanh(g));
      cell = cell ? add(mul(sigmoid(f), cell), fresh) : fresh;
      states.push(mul(sigmoid(o), tanh(cell)));
    }
    return sequence(states);
  });

/**
 * Gated recurrent unit (Cho et al. 2014), gates in the order reset, update, new, the reset applied after the product with the past:
 * h = (1 − z)·n + z·h, n = tanh(x·W + r·(h·U + b)).
 */
export const gru = (x: Tensor, width: number, { name = "gru" } = {}): Sequence =>
  layer(x.graph, name, () => {
    const { projected, past, pastBias } = gated(x, width, 3);
    const states: Tensor[] = [];
    for (let time = 0; time < x.shape[1]!; time++) {
      const before = states.at(-1);
      const [xr, xz, xn] = split(atTime(projected, time), 3, 1) as [Tensor, Tensor, Tensor];
      const parts = before ? split(gemm(before, past, {}, pastBias), 3, 1) : split(pastBias, 3, 0);
      const [hr, hz, hn] = parts as [Tensor, Tensor, Tensor];
      const update = sigmoid(add(xz, hz));
      const fresh = tanh(add(xn, mul(sigmoid(add(xr, hr)), hn)));
      const mixed = mul(sub(1, update), fresh);
      states.push(before ? add(mixed, mul(update, before)) : mixed);
    }
    return sequence(states);
  });

// Optimisers as graph: how a weight moves, given its gradient and a few tensors of its size ("slots") that remember the past. They are folded
// into the step graph, so one run computes the loss, its gradients and the new weights. What changes from step to step (the rate, Adam's bias
// corrections) comes in as scalars: a schedule never needs another graph.
import type { Tensor } from "#lib/learn/graph/graph.ts";
import { add, div, mul, sign, sqrt, square, sub } from "#lib/learn/graph/operators/elementwise.ts";
import type { Shape } from "#lib/learn/graph/shape.ts";

type Move = { weight: Tensor; slots: Tensor[] };
export type Optimiser = {
  readonly kind: string;
  readonly rate: number;
  /** Tensors kept for every weight, zero at the start. */
  readonly slots: readonly string[];
  /** Numbers this optimiser needs at a step (the first is 1), by name. */
  readonly scalars: (step: number) => Readonly<Record<string, number>>;
  readonly move: (given: {
    weight: Tensor;
    gradient: Tensor;
    slots: readonly Tensor[];
    rate: Tensor;
    scalars: Readonly<Record<string, Tensor>>;
    isDecayed: boolean;
  }) => Move;
  /** Which weights decay: matrices and kernels, unless told otherwise; shifts and scales of norms do not. */
  readonly decays: (name: string, shape: Shape) => boolean;
};

type Common = { rate?: number; decay?: number; decays?: Optimiser["decays"] };
const matrices: Optimiser["decays"] = (_name, shape) => shape.length >= 2;

/** w − rate·(g + decay·w), with momentum: m' = momentum·m + g (Nesterov: looks ahead along m'). */
export const sgd = (options: Common & { momentum?: number; isNesterov?: boolean } = {}): Optimiser => {
  const { rate = 0.01, momentum = 0, isNesterov = false, decay = 0, decays = matrices } = options;
  return {
    kind: "SGD",
    rate,
    decays,
    slots: momentum > 0 ? ["m"] : [],
    scalars: () => ({}),
    move: ({ weight, gradient, slots: [m], rate, isDecayed }) => {
      const g = isDecayed && decay > 0 ? add(gradient, mul(weight, decay)) : gradient;
      if (!m) return { weight: sub(weight, mul(g, rate)), slots: [] };
      const next = add(mul(m, momentum), g);
      const along = isNesterov ? add(g, mul(next, momentum)) : next;
      return { weight: sub(weight, mul(along, rate)), slots: [next] };
    },
  };
};

/**
 * Adam with decay apart from the gradient (Loshchilov and Hutter 2019): m' = β1·m + (1 − β1)·g, v' = β2·v + (1 − β2)·g²,
 * w' = w·(1 − rate·decay) − rate·m̂/(√v̂ + ε), the hats dividing by 1 − βᵗ.
 */
export const adamW = (options: Common & { beta1?: number; beta2?: number; epsilon?: number } = {}): Optimiser => {
  const { rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0.01, decays = matrices } = options;
  return {
    kind: "AdamW",
    rate,
    decays,
    slots: ["m", "v"],
    scalars: (step) => ({ correction1: 1 / (1 - beta1 ** step), correction2: 1 / Math.sqrt(1 - beta2 ** step) }),
    move: ({ weight, gradient, slots: [m, v], rate, scalars, isDecayed }) => {
      const next1 = add(mul(m!, beta1), mul(gradient, 1 - beta1));
      const next2 = add(mul(v!, beta2), mul(square(gradient), 1 - beta2));
      // m̂/(√v̂ + ε), with the corrections drawn together so that each passes over a scalar, not over a weight
      const pace = mul(rate, div(scalars.correction1!, scalars.correction2!));
      const along = div(mul(next1, pace), add(sqrt(next2), div(epsilon, scalars.correction2!)));
      const kept = isDecayed && decay > 0 ? mul(weight, sub(1, mul(rate, decay))) : weight;
      return { weight: sub(kept, along), slots: [next1, next2] };
    },
  };
};

/** Moves by the sign of an average of gradients (Chen et al. 2023); half of Adam's memory, rates three to ten times smaller. */
export const lion = (options: Common & { beta1?: number; beta2?: number } = {}): Optimiser => {
  const { rate = 1e-4, beta1 = 0.9, beta2 = 0.99, decay = 0.1, decays = matrices } = options;
  return {
    kind: "Lion",
    rate,
    decays,
    slots: ["m"],
    scalars: () => ({}),
    move: ({ weight, gradient, slots: [m], rate, isDecayed }) => {
      const along = sign(add(mul(m!, beta1), mul(gradient, 1 - beta1)));
      const kept = isDecayed && decay > 0 ? mul(weight, sub(1, mul(rate, decay))) : weight;
      return { weight: sub(kept, mul(along, rate)), slots: [add(mul(m!, beta2), mul(gradient, 1 - beta2))] };
    },
  };
};

/** The rate at a step, counted from 0. */
export type Schedule = (step: number) => number;
type Span = { rate: number; steps: number; warmup?: number; floor?: number };
const warming = ({ rate, steps, warmup = 0, floor = 0 }: Span, fall: (fraction: number) => number): Schedule => {
  return (step) =>
    step < warmup
      ? (rate * (step + 1)) / (warmup + 1)
      : floor + (rate - floor) * fall(Math.min(1, (step - warmup) / Math.max(1, steps - warmup)));
};
/** Straight up for `warmup` steps, then half a cosine down to `floor`. */
export const cosine = (span: Span): Schedule => warming(span, (fraction) => (1 + Math.cos(Math.PI * fraction)) / 2);
/** Straight up for `warmup` steps, then straight down to `floor`. */
export const straight = (span: Span): Schedule => warming(span, (fraction) => 1 - fraction);

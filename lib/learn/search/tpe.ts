// Tree-structured Parzen estimator (Bergstra et al. 2011), as Optuna runs it by default, one dimension at a time. The best
// γ(n) = min(⌈n/10⌉, 25) trials give a density l(x) of good values, the others g(x) of the rest; of 24 values drawn from l the one with the
// greatest l/g is taken, which is where the expected improvement is greatest.
//
// A density is a mixture of one kernel an observation and a wide one for prior belief. A kernel is a normal cut to the range, as wide as the
// farther of its two neighbours, and never narrower than range/min(100, kernels + 1) ("magic clip"): with few observations it stays wide. Old
// observations weigh less: from 1/n up to 1 over the oldest n − 25, then 1.

import {
  type CategoricalDimension,
  type Dimension,
  type FloatDimension,
  fromModel,
  type IntDimension,
  modelRange,
  stepOf,
  type Value,
} from "#lib/learn/search/space.ts";
import { type Direction, fromBestToWorst, type Trial } from "#lib/learn/search/trials.ts";
import { normalQuantile, normalTail } from "#lib/learn/stats/distributions.ts";

export const startupTrials = 10;
const candidates = 24;

const gamma = (n: number): number => Math.min(Math.ceil(0.1 * n), 25);

/** Weights of n observations, oldest first, and of the prior last; they sum to 1. */
const weightsOf = (n: number): number[] => {
  const ramp = Math.max(0, n - 25);
  const own = Array.from({ length: n }, (_, i) => {
    if (n < 25 || i >= ramp) return 1;
    return ramp === 1 ? 1 / n : 1 / n + ((1 - 1 / n) * i) / (ramp - 1);
  });
  const all = [...own, 1];
  const sum = all.reduce((total, one) => total + one, 0);
  return all.map((one) => one / sum);
};

type Density = { draw: (random: () => number) => number; logOf: (x: number) => number };

const pick = (weights: readonly number[], random: () => number): number => {
  let left = random();
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return i;
  }
  return weights.length - 1;
};

const cdf = (z: number): number => normalTail(-z);

const sigmasOf = (centres: readonly number[], low: number, high: number): number[] => {
  const order = [...centres.keys()].sort((a, b) => centres[a]! - centres[b]!);
  const narrowest = (high - low) / Math.min(100, centres.length + 2);
  const sigmas = centres.map(() => 0);
  for (const [i, at] of order.entries()) {
    // the outermost look at their one neighbour, not at the edge of the range, unless alone
    const left = i > 0 ? centres[at]! - centres[order[i - 1]!]! : centres.length > 1 ? 0 : centres[at]! - low;
    const right = i + 1 < order.length ? centres[order[i + 1]!]! - centres[at]! : centres.length > 1 ? 0 : high - centres[at]!;
    sigmas[at] = Math.min(high - low, Math.max(narrowest, left, right));
  }
  return sigmas;
};

/** Density of a numeric dimension over values outside of the model: drawing and asking both go through steps and logarithms. */
const numeric = (dimension: FloatDimension | IntDimension, observed: readonly number[]): Density => {
  const { low, high } = modelRange(dimension);
  const centres = observed.map((value) => (dimension.log ? Math.log(value) : value));
  const sigmas = [...sigmasOf(centres, low, high), high - low];
  const weights = weightsOf(centres.length);
  const mus = [...centres, (low + high) / 2];
  const step = stepOf(dimension);
  const from = mus.map((mu, k) => cdf((low - mu) / sigmas[k]!));
  const mass = mus.map((mu, k) => cdf((high - mu) / sigmas[k]!) - from[k]!);
  const model = (value: number): number => (dimension.log ? Math.log(value) : value);
  const share = (value: number, k: number): number => {
    const [mu, sigma] = [mus[k]!, sigmas[k]!];
    if (step !== null) return cdf((model(value + step / 2) - mu) / sigma) - cdf((model(value - step / 2) - mu) / sigma);
    return Math.exp(-0.5 * ((model(value) - mu) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
  };
  return {
    draw: (random) => {
      const k = pick(weights, random);
      const z = normalQuantile(from[k]! + random() * mass[k]!);
      return fromModel(dimension, Math.min(high, Math.max(low, mus[k]! + z * sigmas[k]!)));
    },
    logOf: (value) => Math.log(weights.reduce((sum, weight, k) => sum + (weight * share(value, k)) / mass[k]!, 0) + 1e-300),
  };
};

/** Density over the places of choices: each observation has one of its own kernel on its choice, and a little on all. */
const categorical = (dimension: CategoricalDimension, observed: readonly Value[]): Density => {
  const n = dimension.choices.length;
  const kernels = observed.length + 1;
  const weights = weightsOf(observed.length);
  const probabilities = dimension.choices.map((choice) =>
    weights.reduce((sum, weight, k) => {
      if (k === observed.length) return sum + weight / n;
      return sum + (weight * (1 / kernels + (observed[k] === choice ? 1 : 0))) / (n / kernels + 1);
    }, 0),
  );
  return { draw: (random) => pick(probabilities, random), logOf: (place) => Math.log(probabilities[place]!) };
};

const inOrder = (trials: readonly Trial[], name: string): Value[] =>
  [...trials].sort((a, b) => a.number - b.number).flatMap((trial) => (name in trial.params ? [trial.params[name]!] : []));

/**
 * A value for one dimension. `running` trials count as bad ones when given (the "constant liar"), which keeps parallel trials apart.
 */
export const tpeValue = (
  name: string,
  dimension: Dimension,
  finished: readonly Trial[],
  running: readonly Trial[],
  directions: readonly Direction[],
  random: () => number,
): Value => {
  const ranked = fromBestToWorst(finished, directions);
  const cut = gamma(ranked.length);
  const good = inOrder(ranked.slice(0, cut), name);
  const rest = inOrder([...ranked.slice(cut), ...running], name);
  const isChoice = dimension.type === "categorical";
  const make = (observed: Value[]): Density => (isChoice ? categorical(dimension, observed) : numeric(dimension, observed as number[]));
  const [l, g] = [make(good), make(rest)];
  let best = { x: 0, gain: Number.NEGATIVE_INFINITY };
  for (let i = 0; i < candidates; i++) {
    const x = l.draw(random);
    const gain = l.logOf(x) - g.logOf(x);
    if (gain > best.gain) best = { x, gain };
  }
  return isChoice ? dimension.choices[best.x]! : best.x;
};

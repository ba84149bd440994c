// Losses over preferences: somebody chose one completion over another. Two ways to learn from it.
//
// *Directly* (DPO, Rafailov et al. 2023). With log-probabilities summed over the completion, under the network that learns (π) and the one it
// started from (ref),
//
//        Δ = (log π(c) − log ref(c)) − (log π(r) − log ref(r)),      loss = −log σ(βΔ),
//
// which is the likelihood of the choice if β(log π − log ref) were a reward. The network begins as its own reference: Δ = 0, loss = ln 2.
//
// *By a reward model* (Bradley and Terry 1952): a number for each completion, loss = −log σ(r_c − r_r − margin). Only differences are
// determined; `centre` holds the numbers near 0.
//
// −log σ(z) is written softplus(−z), which never takes the logarithm of 0.
import type { Tensor } from "#lib/learn/graph/graph.ts";
import { add, greater, mul, neg, type Operand, relu, softplus, square, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { mean } from "#lib/learn/graph/operators/reductions.ts";
import { cast, sum } from "#lib/learn/graph/operators/shaping.ts";
import { logProbabilities } from "#lib/learn/layers/losses.ts";

/** Σ log p of the targets where the mask is 1: one number a sequence, for logits [count, time, vocabulary]. */
export const sequenceLogProbabilities = (logits: Tensor, targets: Tensor, mask: Tensor): Tensor =>
  sum(mul(logProbabilities(logits, targets), mask), -1);

/** Log-probabilities of the chosen and the rejected completion, one number a pair; for "ipo" divided by their lengths. */
export type PairOf<T> = { chosen: T; rejected: T };
export type DpoOptions = {
  beta?: number;
  /** sigmoid: the paper's. ipo: (Δ̄ − 1/(2β))², does not run away on pairs that are always won. hinge. robust: choices flipped with `smoothing`. */
  kind?: "sigmoid" | "ipo" | "hinge" | "robust";
  /** Share of choices taken to be the wrong way round. */
  smoothing?: number;
};

const shortfall = (z: Tensor): Tensor => softplus(neg(z)); // −log σ(z)

/** The loss and what one watches: rewards β(log π − log ref), their margin, and the share of pairs won (a tie is not won). */
export const preferenceLoss = (policy: PairOf<Tensor>, reference: PairOf<Tensor>, options: DpoOptions = {}) => {
  const { beta = 0.1, kind = "sigmoid", smoothing = 0 } = options;
  if (!(beta > 0)) throw new Error(`β is ${beta}; it must be positive`);
  if (!(smoothing >= 0 && smoothing < 0.5)) throw new Error(`A smoothing of ${smoothing} is not from 0 to below one half`);
  const [chosen, rejected] = [sub(policy.chosen, reference.chosen), sub(policy.rejected, reference.rejected)];
  const delta = sub(chosen, rejected);
  const z = mul(delta, beta);
  const smoothed = (share: number): Tensor => add(mul(shortfall(z), 1 - smoothing), mul(shortfall(neg(z)), share));
  const each = {
    sigmoid: () => smoothed(smoothing),
    robust: () => mul(smoothed(-smoothing), 1 / (1 - 2 * smoothing)),
    hinge: () => relu(sub(1, z)),
    ipo: () => square(sub(delta, 1 / (2 * beta))),
  }[kind]();
  return {
    loss: mean(each),
    chosen: mul(mean(chosen), beta),
    rejected: mul(mean(rejected), beta),
    margin: mean(z),
    accuracy: mean(cast(greater(delta, 0), delta.dtype)),
  };
};

/** −log σ(r_c − r_r − margin), plus centre·(r_c + r_r)²; and the share of pairs in the right order. */
export const rewardLoss = (rewards: PairOf<Tensor>, { margin = 0, centre = 0 }: { margin?: Operand; centre?: number } = {}) => {
  const apart = sub(rewards.chosen, rewards.rejected);
  const loss = mean(shortfall(sub(apart, margin)));
  return {
    loss: centre > 0 ? add(loss, mul(mean(square(add(rewards.chosen, rewards.rejected))), centre)) : loss,
    margin: mean(apart),
    accuracy: mean(cast(greater(apart, 0), apart.dtype)),
  };
};

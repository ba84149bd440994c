// A test that may be looked at after every value without inflating false alarms: the mixture sequential probability ratio test. For a mean
// difference θ of variance σ², mixed over N(θ0, τ²):
//
//   Λ_n = √(σ²/(σ² + nτ²)) · exp(n²τ²(ȳ_n − θ0)² / (2σ²(σ² + nτ²)))
//
// Stop when Λ_n ≥ 1/α; p_n = 1/max Λ is valid whenever you stop (Johari et al. 2017, "Peeking at A/B Tests").

export type Mixture = { variance: number; mixing: number; nullMean?: number };
export type SequentialState = { n: number; mean: number; greatest: number };
export const sequentialStart: SequentialState = { n: 0, mean: 0, greatest: 0 };

/** ln Λ_n after n values with the given mean. */
export const logMixtureRatio = ({ variance, mixing, nullMean = 0 }: Mixture, n: number, mean: number): number => {
  if (!(variance > 0 && mixing > 0)) throw new Error("Both variances must be above 0.");
  const both = variance + n * mixing;
  return 0.5 * Math.log(variance / both) + (n * n * mixing * (mean - nullMean) ** 2) / (2 * variance * both);
};

/**
 * Takes the next difference; `greatest` is the greatest ln Λ so far.
 *
 * @example
 * learn.sequentialStep({ variance: 1, mixing: 1 }, learn.sequentialStart, 0.5).mean; // → 0.5
 */
export const sequentialStep = (mixture: Mixture, state: SequentialState, value: number): SequentialState => {
  const n = state.n + 1;
  const mean = state.mean + (value - state.mean) / n;
  return { n, mean, greatest: Math.max(state.greatest, logMixtureRatio(mixture, n, mean)) };
};

/**
 * Always-valid p of a state.
 *
 * @example
 * learn.sequentialP(learn.sequentialStart); // → 1
 */
export const sequentialP = (state: SequentialState): number => Math.min(1, Math.exp(-state.greatest));

/**
 * Whether the difference may be called at level α, now and for good.
 *
 * @example
 * learn.hasDecided(learn.sequentialStart); // → false
 */
export const hasDecided = (state: SequentialState, alpha = 0.05): boolean => sequentialP(state) <= alpha;

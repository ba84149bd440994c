// How benches put numbers in words: quantiles of what was timed, medians of repeated runs, ratios to a peer.

/** The q-quantile of timings by rank; q in 0…1. */
export const quantile = (values: number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
};

export const median = (values: number[]): number => quantile(values, 0.5);

/** Milliseconds with two digits that mean something. */
export const ms = (value: number): string => (value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(value >= 10 ? 1 : 2)} ms`);

export const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;

/** A line of a bench: what, value, then notes. */
export const line = (what: string, value: string, note = ""): string => `  ${what.padEnd(52)} ${value.padStart(16)}  ${note}`.trimEnd();

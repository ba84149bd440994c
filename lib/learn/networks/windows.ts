// A long text as examples for a network that predicts what comes next: windows of one length, and for each place in them the token after it.
import { seedOf } from "#lib/learn/graph/seeds.ts";
import { mulberry32 } from "#lib/learn/random.ts";

type Tokens = { data: BigInt64Array; shape: readonly number[] };
export type Windows = { x: Tokens; y: Tokens };

/** Windows that begin at some places: `x` [count, length], and `y`, the same one further on. */
export const windowsAt = (tokens: Int32Array, starts: readonly number[], length: number): Windows => {
  const [x, y] = [new BigInt64Array(starts.length * length), new BigInt64Array(starts.length * length)];
  for (const [row, start] of starts.entries())
    for (let i = 0; i < length; i++) {
      x[row * length + i] = BigInt(tokens[start + i]!);
      y[row * length + i] = BigInt(tokens[start + i + 1]!);
    }
  const shape = [starts.length, length];
  return { x: { data: x, shape }, y: { data: y, shape } };
};

/** Windows side by side over the whole text; a rest shorter than a window is left out. */
export const windowsOver = (tokens: Int32Array, length: number): Windows =>
  windowsAt(
    tokens,
    Array.from({ length: Math.floor((tokens.length - 1) / length) }, (_, i) => i * length),
    length,
  );

/** Batches of windows anywhere in the text, drawn from the seed and the number of the step alone. */
export const windowsAnywhere = (tokens: Int32Array, length: number, count: number, seed: number): ((step: number) => Windows) => {
  const starts = Math.max(1, tokens.length - length);
  return (step) => {
    const random = mulberry32(seedOf(seed, "batch", step));
    return windowsAt(
      tokens,
      Array.from({ length: count }, () => Math.floor(random() * starts)),
      length,
    );
  };
};

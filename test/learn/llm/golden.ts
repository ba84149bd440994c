// The numbers of test/learn/golden/llama.py and the weights they belong to, drawn here as they are drawn there.
import { readFileSync } from "node:fs";
import { expectedWeights, type LanguageModel } from "#lib/learn/llm/model.ts";
import { shapeFromConfig } from "#lib/learn/llm/shapes.ts";
import { mulberry32 } from "#lib/learn/random.ts";

type Case = {
  config: Record<string, unknown>;
  tokens: number[];
  mask: number[];
  logits: number[];
  loss: number;
  squares: Record<string, number>;
};
export type Golden = {
  configs: Record<"grouped" | "stretched", Case>;
  lora: {
    names: string[];
    logits: number[];
    chosen: number[];
    rejected: number[];
    completion: number[];
    reference: [number[], number[]];
    policy: [number[], number[]];
    dpo: number;
    squares: Record<string, number>;
    losses: number[];
    mergedLogits: number[];
  };
  reward: { rewards: [number[], number[]]; loss: number; scoreGradient: number[]; last: number[] };
};
export const golden = JSON.parse(readFileSync("test/learn/golden/llama.json", "utf8")) as Golden;

/** Weight number i in the order of names: 1 + u/10 for norms, u·√(3/in) for the rest. */
export const drawn = (shapes: ReadonlyMap<string, readonly number[]>): Map<string, Float32Array> =>
  new Map(
    [...shapes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, shape], i) => {
        const random = mulberry32(1000 + i);
        const values = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => {
          const u = 2 * random() - 1;
          return name.includes("norm") ? 1 + u / 10 : u * Math.sqrt(3 / shape.at(-1)!);
        });
        return [name, values];
      }),
  );

export const tiny = (name: keyof Golden["configs"]): LanguageModel => {
  const shape = shapeFromConfig(golden.configs[name].config);
  return { shape, weights: drawn(new Map([...expectedWeights(shape)].map(([key, one]) => [key, one.shape]))), metadata: new Map() };
};

/** Largest distance as a share of the largest number. */
export const apart = (ours: ArrayLike<number>, theirs: readonly number[]): number => {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...theirs.map(Math.abs));
  return Math.max(...theirs.map((one, i) => Math.abs(one - ours[i]!))) / scale;
};

/** Tokens, the tokens after them, and where those count: what a loss takes, from a text and the mask over it. */
export const shifted = (tokens: readonly number[], mask: readonly number[], time: number) => {
  const count = tokens.length / time;
  const rows = Array.from({ length: count }, (_, i) => tokens.slice(i * time, (i + 1) * time));
  const masks = Array.from({ length: count }, (_, i) => mask.slice(i * time, (i + 1) * time));
  return {
    tokens: { data: BigInt64Array.from(rows.flat(), BigInt), shape: [count, time] },
    targets: {
      data: BigInt64Array.from(
        rows.flatMap((row) => [...row.slice(1), 0]),
        BigInt,
      ),
      shape: [count, time],
    },
    mask: { data: Float32Array.from(masks.flatMap((row) => [...row.slice(1), 0])), shape: [count, time] },
  };
};

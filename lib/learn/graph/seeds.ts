// Chance that can be repeated: every draw comes from a seed and the name of what it is for, never from a stream that depends on history. So a
// resumed run draws what the uninterrupted one would have drawn.
import type { Initial } from "#lib/learn/graph/graph.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";
import { mulberry32 } from "#lib/learn/random.ts";

/** A 32-bit seed of several parts (FNV-1a over their text). */
export const seedOf = (...parts: readonly (string | number)[]): number => {
  let hash = 0x811c9dc5;
  for (const letter of parts.join("\u0000")) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193);
  return hash >>> 0;
};

/** A dropout mask: 1/keep with probability keep, else 0, so that the mean stays. */
export const fillMask = (mask: Float32Array, keep: number, seed: number): Float32Array => {
  const random = mulberry32(seed);
  const value = 1 / keep;
  for (let i = 0; i < mask.length; i++) mask[i] = random() < keep ? value : 0;
  return mask;
};

/** A standard normal number (Box–Muller). */
export const normalOf = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(Math.max(random(), 1e-12))) * Math.cos(2 * Math.PI * random());

export const zeros: Initial = (shape) => new Float32Array(sizeOf(shape));
export const ones: Initial = (shape) => new Float32Array(sizeOf(shape)).fill(1);
export const normal =
  (deviation: number): Initial =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => deviation * normalOf(random));
export const uniform =
  (bound: number): Initial =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => bound * (2 * random() - 1));
/** Uniform within 1/√fan-in: what PyTorch gives linear and convolutional layers. */
export const fanIn = (count: number): Initial => uniform(1 / Math.sqrt(count));
/** Normal with deviation √(2/fan-in): keeps the size of signals through ReLUs (He et al. 2015). */
export const he = (count: number): Initial => normal(Math.sqrt(2 / count));

// Shapes are known while a graph is written, so every mistake in them is found before anything runs.

export type Shape = readonly number[];

/** Numbers in a tensor of this shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, one) => product * one, 1);

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

export const isSameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((one, i) => one === b[i]);

/** The shape two tensors meet in: aligned at the right, equal or 1 on each axis. Throws the sentence that says which axis will not. */
export const broadcastShapes = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) throw new Error(`axis ${i - rank}: ${left} and ${right} are neither equal nor 1`);
    return left === 1 ? right : left;
  });
};

/** An axis counted from the end becomes one counted from the start. */
export const axisOf = (axis: number, rank: number): number => {
  const found = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(found) || found < 0 || found >= Math.max(rank, 1)) throw new Error(`there is no axis ${axis} in ${rank} axes`);
  return found;
};

/** The axes a reduction runs over, sorted; all of them when none are named. */
export const axesOf = (axes: number | readonly number[] | undefined, rank: number): number[] =>
  axes === undefined
    ? Array.from({ length: rank }, (_, i) => i)
    : [...new Set((typeof axes === "number" ? [axes] : axes).map((axis) => axisOf(axis, rank)))].sort((a, b) => a - b);

/** The shape after reducing `axes`, which stay as 1 or go. */
export const reducedShape = (shape: Shape, axes: readonly number[], isKept: boolean): Shape =>
  isKept ? shape.map((one, i) => (axes.includes(i) ? 1 : one)) : shape.filter((_, i) => !axes.includes(i));

/** Steps between neighbours along each axis of a row-major tensor. */
export const stridesOf = (shape: Shape): number[] => shape.map((_, i) => sizeOf(shape.slice(i + 1)));

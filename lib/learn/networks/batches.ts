// Batches for training: cut from columns in memory in an order that depends on seed and epoch only, or taken from any stream that gives them.
import type { Numbers } from "#lib/learn/graph/graph.ts";
import { seedOf } from "#lib/learn/graph/seeds.ts";
import { sizeOf } from "#lib/learn/graph/shape.ts";
import type { Batch } from "#lib/learn/graph/trainer.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";

/** Rows of several arrays that belong together: the first axis of each counts examples. */
export type Rows = Batch;

/** Examples in some rows; every array must have as many. */
export const countOf = (rows: Rows): number => {
  const [first, ...others] = Object.entries(rows);
  if (!first) throw new Error("There is nothing to train on. Give at least one array.");
  const count = first[1].shape[0] ?? 0;
  for (const [name, { shape }] of others)
    if (shape[0] !== count)
      throw new Error(`${first[0]} has ${count} rows and ${name} has ${shape[0]}. They must belong together row by row.`);
  for (const [name, { data, shape }] of Object.entries(rows))
    if (data.length !== sizeOf(shape)) throw new Error(`${name} has ${data.length} numbers, which do not fill [${shape.join(", ")}].`);
  return count;
};

/** The rows named, copied together. */
export const pickRows = (rows: Rows, order: ArrayLike<number>): Batch =>
  Object.fromEntries(
    Object.entries(rows).map(([name, { data, shape }]) => {
      const width = sizeOf(shape.slice(1));
      const picked = new (data.constructor as new (size: number) => Numbers)(order.length * width);
      for (let i = 0; i < order.length; i++) picked.set(data.subarray(order[i]! * width, (order[i]! + 1) * width) as never, i * width);
      return [name, { data: picked, shape: [order.length, ...shape.slice(1)] }];
    }),
  );

/** Batches in one epoch: a rest smaller than a batch is left for another epoch, unless it is all there is. */
export const batchesIn = (count: number, size: number): number => Math.max(1, Math.floor(count / size));

/** Batch number `step` of a run that shuffles anew every epoch; any step can be asked for, which is what resuming needs. */
export const shuffledBatches = (rows: Rows, size: number, seed: number): ((step: number) => Batch) => {
  const count = countOf(rows);
  const perEpoch = batchesIn(count, size);
  let epoch = -1;
  let order = new Uint32Array();
  return (step) => {
    const wanted = Math.floor(step / perEpoch);
    if (wanted !== epoch) order = shuffled(count, mulberry32(seedOf(seed, "epoch", wanted))) as Uint32Array<ArrayBuffer>;
    epoch = wanted;
    const at = (step % perEpoch) * size;
    return pickRows(rows, order.subarray(at, at + size));
  };
};

/** All rows in order, in batches of at most `size`. */
export function* inOrder(rows: Rows, size: number): Generator<Batch> {
  const count = countOf(rows);
  for (let at = 0; at < count; at += size)
    yield pickRows(
      rows,
      Uint32Array.from({ length: Math.min(size, count - at) }, (_, i) => at + i),
    );
}

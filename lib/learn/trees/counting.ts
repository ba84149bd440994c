// The inner loop of histogram trees as WebAssembly, written for the columns of one thread: for each row of a node it adds the pair
// (gradient, packed hessian) to one slot a column with a single 128-bit addition. Adding two float64 side by side rounds as adding them one
// by one does, so this counts bit by bit what the loop in TypeScript (bench.ts) counts, in about half the time. Two memories: the thread's
// own, with its bins row by row and its histograms, and the crew's, with the order of the rows and their derivatives.
// Encoding: WebAssembly core specification 2.0, with 128-bit SIMD and several memories.

/** Adds rows order[from … to) to the histogram at `histogram`; all are byte addresses, the first three in the crew's memory. */
export type CountRows = (from: number, to: number, derivatives: number, bins: number, histogram: number) => void;

const whole = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value >>> 0; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
};
const text = (name: string): number[] => [...whole(name.length), ...Buffer.from(name)];
const section = (id: number, items: readonly number[][]): number[] => {
  const body = [...whole(items.length), ...items.flat()];
  return [id, ...whole(body.length), ...body];
};

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
/** A constant is signed: a last byte of 64 or more would be a negative one, so another follows. */
const constant = (value: number): number[] => {
  const bytes = whole(value);
  const last = bytes.pop()!;
  return [0x41, ...bytes, ...(last < 64 ? [last] : [last | 128, 0])];
};
const [add, multiply, shiftLeft, isLess] = [[0x6a], [0x6c], [0x74], [0x49]];
const [loop, again, end] = [[0x03, 0x40], [0x0d, 0x00], [0x0b]];
/** Where a load or store goes: bit 6 of the alignment says that the number of the memory follows. */
const own = (offset: number): number[] => [0x00, ...whole(offset)];
const crews = [0x40, 0x01, 0x00];
const loadWhole = [0x28, ...crews];
const loadPair = [0xfd, 0x00, ...crews];

// parameters, then locals
const [from, to, derivatives, bins, histogram, row, slot, pair] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const i32 = 0x7f;
const v128 = 0x7b;

/** Histogram slot of a row's bin in one column += pair. The column's place in row and histogram are constants of the code. */
const addColumn = (k: number, slotOffset: number): number[] => [
  ...get(row),
  ...[0x2d, ...own(k)],
  ...constant(4),
  ...shiftLeft,
  ...get(histogram),
  ...add,
  ...[0x22, slot],
  ...get(slot),
  ...[0xfd, 0x00, ...own(slotOffset * 16)],
  ...get(pair),
  ...[0xfd, 0xf0, 0x01],
  ...[0xfd, 0x0b, ...own(slotOffset * 16)],
];

const bodyOf = (offsets: readonly number[]): number[] => [
  ...[0x02, 0x02, i32, 0x01, v128],
  ...loop,
  ...[...get(from), ...loadWhole, 0x22, row, ...constant(4), ...shiftLeft, ...get(derivatives), ...add, ...loadPair, ...set(pair)],
  ...[...get(row), ...constant(offsets.length), ...multiply, ...get(bins), ...add, ...set(row)],
  ...offsets.flatMap((offset, k) => addColumn(k, offset)),
  ...[...get(from), ...constant(4), ...add, 0x22, from, ...get(to), ...isLess, ...again],
  ...[...end, ...end],
];

/** The module for columns whose bins start at these slots of a histogram. */
const moduleOf = (offsets: readonly number[]): Uint8Array<ArrayBuffer> => {
  const body = bodyOf(offsets);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [[0x60, 0x05, i32, i32, i32, i32, i32, 0x00]]),
    ...section(2, [
      [...text("m"), ...text("own"), 0x02, 0x00, 0x00],
      [...text("m"), ...text("crew"), 0x02, 0x03, ...whole(0), ...whole(65_536)],
    ]),
    ...section(3, [[0x00]]),
    ...section(7, [[...text("count"), 0x00, 0x00]]),
    ...section(10, [[...whole(body.length), ...body]]),
  ]);
};

/** A memory; null where addresses are limited (`ulimit -v`): each memory takes gigabytes of them, though no more room than it needs. */
export const openMemory = (pages: WebAssembly.MemoryDescriptor): WebAssembly.Memory | null => {
  try {
    return new WebAssembly.Memory(pages);
  } catch {
    return null;
  }
};

/** The loop for columns whose bins start at these slots; null where the engine has no such instructions. */
export const openCounting = (offsets: readonly number[], ownMemory: WebAssembly.Memory, crew: WebAssembly.Memory): CountRows | null => {
  const code = moduleOf(offsets);
  if (!WebAssembly.validate(code)) return null;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { m: { own: ownMemory, crew } });
  return exports.count as CountRows;
};

// How the numbers of a weight file are written: plain floats and llama.cpp's blocks of 32. A block holds one
// half-precision scale d (Q4_1 also a minimum m): Q8_0 x = d·q, Q4_0 x = d·(q − 8), Q4_1 x = d·q + m. The
// surprise: in the 4-bit blocks byte i carries value i in its low half and value i + 16 in its high half.

export type Encoding = "F32" | "F16" | "BF16" | "Q8_0" | "Q4_0" | "Q4_1";

const blocks: Record<Encoding, { values: number; bytes: number }> = {
  F32: { values: 1, bytes: 4 },
  F16: { values: 1, bytes: 2 },
  BF16: { values: 1, bytes: 2 },
  Q8_0: { values: 32, bytes: 34 },
  Q4_0: { values: 32, bytes: 18 },
  Q4_1: { values: 32, bytes: 20 },
};

/** Bytes that `count` numbers take; throws when they do not fill whole blocks. */
export function encodedBytes(encoding: Encoding, count: number): number {
  const block = blocks[encoding];
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`${count} is not a number of values`);
  if (count % block.values) throw new Error(`${count} values do not fill whole ${encoding} blocks of ${block.values}`);
  return (count / block.values) * block.bytes;
}

const word = new DataView(new ArrayBuffer(4));

/** The float32 that sixteen bits of IEEE half precision mean, subnormals, infinities and NaN included. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}

const even = (x: number) => {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
};

/** The nearest half-precision bits, ties to even; overflow becomes infinity. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | even(size * 2 ** 24);
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent -= 1;
  if (2 ** (exponent + 1) <= size) exponent += 1;
  return sign | (((exponent + 14) << 10) + even((size / 2 ** exponent) * 1024));
}

function toBrain(value: number): number {
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function fromBrain(bits: number): number {
  word.setUint32(0, bits * 65536);
  return word.getFloat32(0);
}

/** Whether this machine keeps numbers as the files do, so that float32 is copied as it is, every bit of a NaN too. */
const isLeastFirst = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** `count` numbers as float32; throws when the bytes are not exactly those that `count` numbers take. */
export function decode(encoding: Encoding, bytes: Uint8Array, count: number): Float32Array {
  const need = encodedBytes(encoding, count);
  if (bytes.length !== need) throw new Error(`${count} ${encoding} values take ${need} bytes, not ${bytes.length}`);
  if (encoding === "F32" && isLeastFirst) return new Float32Array(new Uint8Array(bytes).buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Float32Array(count);
  const block = blocks[encoding];
  for (let at = 0, to = 0; to < count; at += block.bytes, to += block.values) {
    if (encoding === "F32") out[to] = view.getFloat32(at, true);
    else if (encoding === "F16") out[to] = fromHalf(view.getUint16(at, true));
    else if (encoding === "BF16") out[to] = fromBrain(view.getUint16(at, true));
    else decodeBlock(encoding, view, at, out, to);
  }
  return out;
}

/** A half-precision number in bytes, least first. */
export const halfAt = (bytes: Uint8Array, at: number): number => fromHalf(bytes[at]! | (bytes[at + 1]! << 8));

function decodeBlock(encoding: "Q8_0" | "Q4_0" | "Q4_1", view: DataView, at: number, out: Float32Array, to: number) {
  const d = fromHalf(view.getUint16(at, true));
  if (encoding === "Q8_0") for (let i = 0; i < 32; i++) out[to + i] = d * view.getInt8(at + 2 + i);
  else {
    const m = encoding === "Q4_1" ? fromHalf(view.getUint16(at + 2, true)) : -8 * d;
    const from = at + (encoding === "Q4_1" ? 4 : 2);
    for (let i = 0; i < 16; i++) {
      const pair = view.getUint8(from + i);
      out[to + i] = d * (pair & 15) + m;
      out[to + i + 16] = d * (pair >> 4) + m;
    }
  }
}

/** The numbers as a file holds them, rounded as llama.cpp's reference quantiser does. */
export function encode(encoding: Encoding, values: Float32Array): Uint8Array {
  if (encoding === "F32" && isLeastFirst) return new Uint8Array(values.slice().buffer);
  const bytes = new Uint8Array(encodedBytes(encoding, values.length));
  const view = new DataView(bytes.buffer);
  const block = blocks[encoding];
  for (let at = 0, from = 0; from < values.length; at += block.bytes, from += block.values) {
    const value = values[from] as number;
    if (encoding === "F32") view.setFloat32(at, value, true);
    else if (encoding === "F16") view.setUint16(at, toHalf(value), true);
    else if (encoding === "BF16") view.setUint16(at, toBrain(value), true);
    else encodeBlock(encoding, view, at, values.subarray(from, from + 32));
  }
  return bytes;
}

function encodeBlock(encoding: "Q8_0" | "Q4_0" | "Q4_1", view: DataView, at: number, x: Float32Array) {
  const low = Math.min(...x);
  const high = Math.max(...x);
  const peak = -low > high ? low : high;
  const d = encoding === "Q8_0" ? Math.abs(peak) / 127 : encoding === "Q4_0" ? peak / -8 : (high - low) / 15;
  const inverse = d ? 1 / d : 0;
  view.setUint16(at, toHalf(d), true);
  if (encoding === "Q8_0") {
    x.forEach((v, i) => {
      view.setInt8(at + 2 + i, Math.sign(v) * Math.round(Math.abs(v * inverse)));
    });
    return;
  }
  if (encoding === "Q4_1") view.setUint16(at + 2, toHalf(low), true);
  const q = (v: number) => Math.min(15, Math.floor(encoding === "Q4_0" ? v * inverse + 8.5 : (v - low) * inverse + 0.5));
  for (let i = 0; i < 16; i++) {
    const pair = q(x[i] as number) | (q(x[i + 16] as number) << 4);
    view.setUint8(at + (encoding === "Q4_1" ? 4 : 2) + i, pair);
  }
}

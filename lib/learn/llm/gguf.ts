// GGUF (versions 2 and 3): a magic word, typed metadata, a list of tensors, then the numbers. The file is a stranger's: every count and length
// is compared with what is left of it before anything is allocated, and tensors must follow one another exactly, as in llama.cpp's own reader.
//
// Two surprises. Dimensions stand in the file from the fastest to the slowest, the reverse of everybody else's order: they are turned round
// here, so that a shape is row-major like all shapes of this house. And a header does not know its own length: it is parsed from a prefix of the
// file, and from a four times longer one when that was too short.
import { type Encoding, encode, encodedBytes } from "#lib/learn/weights/encodings.ts";
import type { TensorEntry } from "#lib/learn/weights/safetensors.ts";
import type { ByteSource } from "#lib/learn/weights/source.ts";

const scalarTypes = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"] as const;
type FileType = (typeof scalarTypes)[number];
export type GgufScalar = Exclude<FileType, "array">;
const widths: Record<FileType, number> = {
  ...{ u8: 1, i8: 1, bool: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, u64: 8, i64: 8, f64: 8 },
  ...{ string: 8, array: 12 }, // the least they can take
};
/** A value with the type it has in the file; whole numbers of 64 bits past 2⁵³ are bigints. */
export type GgufValue =
  | { type: GgufScalar; value: number | bigint | boolean | string }
  | { type: "array"; of: GgufScalar; value: (number | bigint | boolean | string)[] }
  | { type: "array"; of: "array"; value: GgufValue[] };
export type Gguf = { version: number; metadata: Map<string, GgufValue>; tensors: Map<string, TensorEntry> };

const encodingCodes: Record<Encoding, number> = { F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q8_0: 8, BF16: 30 };
const encodingOf = new Map(Object.entries(encodingCodes).map(([name, code]) => [code, name as Encoding]));
const otherNames: Record<number, string> = {
  ...{ 6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K" },
};
const magic = 0x46554747;
const headerLimit = 256 << 20;
const countLimit = 1 << 16;
const depthLimit = 4;

/** The prefix ends before what is being read does, though the file goes on. */
class Short extends Error {}

type Cursor = { bytes: Uint8Array; view: DataView; at: number; size: number };

/** Steps over `length` bytes; throws when the file, or only the prefix, ends before. */
const take = (cursor: Cursor, length: number, what: string): number => {
  const { at, size, bytes } = cursor;
  if (length > size - at) throw new Error(`${what} takes ${length} bytes at byte ${at}, but the GGUF file ends at ${size}`);
  if (at + length > bytes.length) throw new Short();
  cursor.at = at + length;
  return at;
};
const whole = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
/** A count or a length: a 64-bit number that must leave room for itself in the file, `each` bytes apiece. */
const count = (cursor: Cursor, each: number, what: string): number => {
  const value = cursor.view.getBigUint64(take(cursor, 8, what), true);
  if (value * BigInt(each) > BigInt(cursor.size - cursor.at))
    throw new Error(`${what} claims ${value} where ${cursor.size - cursor.at} bytes of the GGUF file are left`);
  return Number(value);
};
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const text = (cursor: Cursor, what: string): string => {
  const length = count(cursor, 1, `The length of ${what}`);
  const from = take(cursor, length, what);
  try {
    return utf8.decode(cursor.bytes.subarray(from, from + length));
  } catch (cause) {
    throw new Error(`${what} is not UTF-8`, { cause });
  }
};

const scalar = (cursor: Cursor, type: GgufScalar, what: string): number | bigint | boolean | string => {
  if (type === "string") return text(cursor, what);
  const { view } = cursor;
  const at = take(cursor, widths[type], what);
  if (type === "u8") return view.getUint8(at);
  if (type === "i8") return view.getInt8(at);
  if (type === "u16") return view.getUint16(at, true);
  if (type === "i16") return view.getInt16(at, true);
  if (type === "u32") return view.getUint32(at, true);
  if (type === "i32") return view.getInt32(at, true);
  if (type === "f32") return view.getFloat32(at, true);
  if (type === "f64") return view.getFloat64(at, true);
  if (type === "u64") return whole(view.getBigUint64(at, true));
  if (type === "i64") return whole(view.getBigInt64(at, true));
  const byte = view.getUint8(at);
  if (byte > 1) throw new Error(`${what} is a bool of ${byte}`);
  return byte === 1;
};
const typeAt = (cursor: Cursor, what: string): FileType => {
  const code = cursor.view.getUint32(take(cursor, 4, what), true);
  const type = scalarTypes[code];
  if (!type) throw new Error(`${what} has type ${code}; GGUF knows 0 to ${scalarTypes.length - 1}`);
  return type;
};
const value = (cursor: Cursor, type: FileType, what: string, depth = 0): GgufValue => {
  if (type !== "array") return { type, value: scalar(cursor, type, what) };
  if (depth >= depthLimit) throw new Error(`${what} nests arrays deeper than ${depthLimit}`);
  const of = typeAt(cursor, what);
  const length = count(cursor, widths[of], `The length of ${what}`);
  if (of === "array") {
    const inner: GgufValue[] = [];
    for (let i = 0; i < length; i++) inner.push(value(cursor, of, what, depth + 1));
    return { type, of, value: inner };
  }
  const values: (number | bigint | boolean | string)[] = [];
  for (let i = 0; i < length; i++) values.push(scalar(cursor, of, what));
  return { type, of, value: values };
};

const tensorAt = (cursor: Cursor): { name: string; encoding: Encoding; shape: number[]; offset: number; bytes: number } => {
  const name = text(cursor, "A tensor's name");
  const rank = cursor.view.getUint32(take(cursor, 4, `Tensor ${name}`), true);
  if (rank > 4) throw new Error(`Tensor ${name} has ${rank} dimensions; GGUF knows up to 4`);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) shape.unshift(Number(scalar(cursor, "u64", `Tensor ${name}`)));
  const code = Number(scalar(cursor, "u32", `Tensor ${name}`));
  const encoding = encodingOf.get(code);
  if (!encoding)
    throw new Error(
      `Tensor ${name} is encoded as ${otherNames[code] ?? `type ${code}`}; ${Object.keys(encodingCodes).join(", ")} can be read`,
    );
  const size = shape.reduce((n, d) => n * d, 1);
  if (!Number.isSafeInteger(size)) throw new Error(`Tensor ${name} [${shape}] is too large for any file`);
  if ((shape.at(-1) ?? 1) > 0) encodedBytes(encoding, shape.at(-1) ?? 1); // blocks lie within a row
  return { name, encoding, shape, offset: Number(scalar(cursor, "u64", `Tensor ${name}`)), bytes: encodedBytes(encoding, size) };
};

const up = (at: number, alignment: number): number => Math.ceil(at / alignment) * alignment;

const header = (cursor: Cursor): Gguf => {
  if (cursor.view.getUint32(take(cursor, 4, "The magic word"), true) !== magic)
    throw new Error("Not a GGUF file: it does not begin with GGUF");
  const version = cursor.view.getUint32(take(cursor, 4, "The version"), true);
  if (version !== 2 && version !== 3)
    throw new Error(
      `GGUF version ${version} cannot be read; versions 2 and 3 can${version > 0xffffff ? " (this file is big-endian)" : ""}`,
    );
  const [tensorCount, valueCount] = [count(cursor, 24, "The number of tensors"), count(cursor, 13, "The number of metadata values")];
  if (Math.max(tensorCount, valueCount) > countLimit)
    throw new Error(`${tensorCount} tensors and ${valueCount} metadata values; the limit is ${countLimit} of each`);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < valueCount; i++) {
    const key = text(cursor, "A metadata key");
    if (metadata.has(key)) throw new Error(`Metadata ${key} stands in the GGUF file twice`);
    metadata.set(key, value(cursor, typeAt(cursor, `Metadata ${key}`), `Metadata ${key}`));
  }
  const listed = Array.from({ length: tensorCount }, () => tensorAt(cursor));
  const alignment = metadata.get("general.alignment")?.value ?? 32;
  if (typeof alignment !== "number" || alignment < 1 || alignment > 1 << 20 || !Number.isInteger(Math.log2(alignment)))
    throw new Error(`general.alignment is ${String(alignment)}, not a power of two up to 2²⁰`);
  const start = up(cursor.at, alignment);
  const tensors = new Map<string, TensorEntry>();
  let due = 0;
  for (const { name, offset, ...entry } of listed) {
    if (tensors.has(name)) throw new Error(`Tensor ${name} stands in the GGUF file twice`);
    if (offset !== due) throw new Error(`Tensor ${name} starts at byte ${offset} of the data, where ${due} was due: overlap or gap`);
    if (start + offset + entry.bytes > cursor.size)
      throw new Error(`Tensor ${name} ends at byte ${start + offset + entry.bytes} but the GGUF file at ${cursor.size}: it is truncated`);
    tensors.set(name, { ...entry, offset: start + offset });
    due = up(offset + entry.bytes, alignment);
  }
  return { version, metadata, tensors };
};

/** Reads metadata and the list of tensors; throws an Error that names what is wrong and where. Numbers are read by `readTensor`. */
export const openGguf = async (source: ByteSource): Promise<Gguf> => {
  for (let length = 1 << 16; ; length *= 4) {
    const bytes = await source.read(0, Math.min(length, source.size));
    try {
      return header({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0, size: source.size });
    } catch (error) {
      if (!(error instanceof Short)) throw error;
      if (length >= headerLimit) throw new Error(`The GGUF header is longer than ${headerLimit} bytes`);
    }
  }
};

// ---- writing --------------------------------------------------------------------------------------------------------------------------

const textPiece = (value: string): Uint8Array => {
  const bytes = new TextEncoder().encode(value);
  const piece = new Uint8Array(8 + bytes.length);
  new DataView(piece.buffer).setBigUint64(0, BigInt(bytes.length), true);
  piece.set(bytes, 8);
  return piece;
};
const ranges: Partial<Record<GgufScalar, [number, number]>> = {
  ...{ u8: [0, 255], i8: [-128, 127], u16: [0, 65_535], i16: [-32_768, 32_767], u32: [0, 2 ** 32 - 1], i32: [-(2 ** 31), 2 ** 31 - 1] },
};
const scalarPiece = (type: GgufScalar, value: number | bigint | boolean | string): Uint8Array => {
  if (type === "string") return textPiece(String(value));
  const piece = new Uint8Array(widths[type]);
  const view = new DataView(piece.buffer);
  const range = ranges[type];
  if (range && !(Number.isInteger(value) && Number(value) >= range[0] && Number(value) <= range[1]))
    throw new Error(`${String(value)} is no ${type}`);
  if (type === "u8" || type === "i8" || type === "bool") view.setUint8(0, Number(value) & 255);
  else if (type === "u16" || type === "i16") view.setUint16(0, Number(value) & 65_535, true);
  else if (type === "u32" || type === "i32") view.setUint32(0, Number(value) >>> 0, true);
  else if (type === "f32") view.setFloat32(0, Number(value), true);
  else if (type === "f64") view.setFloat64(0, Number(value), true);
  else view.setBigUint64(0, BigInt.asUintN(64, BigInt(value as number | bigint)), true);
  return piece;
};
const u32 = (value: number): Uint8Array => scalarPiece("u32", value);
const u64 = (value: number): Uint8Array => scalarPiece("u64", value);
const valuePieces = (entry: GgufValue): Uint8Array[] => {
  if (entry.type !== "array") return [scalarPiece(entry.type, entry.value)];
  const head = [u32(scalarTypes.indexOf(entry.of)), u64(entry.value.length)];
  const { of } = entry;
  return [...head, ...(of === "array" ? entry.value.flatMap(valuePieces) : entry.value.map((one) => scalarPiece(of, one)))];
};

export type GgufTensor = { name: string; encoding: Encoding; shape: readonly number[]; values: Float32Array };

/** The file in pieces (header, then each tensor in the given order), version 3, aligned to 32 bytes unless the metadata says otherwise. */
export function* ggufPieces(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Generator<Uint8Array> {
  const alignment = Number(metadata.get("general.alignment")?.value ?? 32);
  const pieces = [u32(magic), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, entry] of metadata) pieces.push(textPiece(key), u32(scalarTypes.indexOf(entry.type)), ...valuePieces(entry));
  const names = new Set<string>();
  let offset = 0;
  for (const { name, encoding, shape, values } of tensors) {
    const size = shape.reduce((n, d) => n * d, 1);
    if (size !== values.length) throw new Error(`Tensor ${name} [${shape}] needs ${size} values, not ${values.length}`);
    if (names.has(name) || new TextEncoder().encode(name).length > 63) throw new Error(`The name ${name} is taken or longer than 63 bytes`);
    names.add(name);
    encodedBytes(encoding, shape.at(-1) ?? 1);
    pieces.push(textPiece(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(encodingCodes[encoding]), u64(offset));
    offset = up(offset + encodedBytes(encoding, size), alignment);
  }
  const head = Buffer.concat(pieces);
  yield head;
  let at = head.length;
  for (const { encoding, values } of tensors) {
    yield new Uint8Array(up(at, alignment) - at);
    const bytes = encode(encoding, values);
    yield bytes;
    at = up(at, alignment) + bytes.length;
  }
  yield new Uint8Array(up(at, alignment) - at);
}

// safetensors: eight bytes of header length, a JSON header, then the numbers. A file is a stranger's: every length and
// offset is compared with the file's size before a byte is allocated for it, and tensors must tile the data exactly,
// as the format's own reader demands, so nothing can overlap, hide in a gap or point outside.
import { decode, type Encoding, encode, encodedBytes } from "#lib/learn/weights/encodings.ts";
import type { ByteSource } from "#lib/learn/weights/source.ts";

export type TensorEntry = { encoding: Encoding; shape: number[]; offset: number; bytes: number };
export type Safetensors = { metadata: Record<string, string>; tensors: Map<string, TensorEntry> };

const headerLimit = 100_000_000;
const encodings = new Set(["F32", "F16", "BF16"]);
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);

/** Reads the header only; throws an Error that names what is wrong and the tensor it is wrong with. */
export async function openSafetensors(source: ByteSource): Promise<Safetensors> {
  if (source.size < 8) throw new Error(`Not a safetensors file: ${source.size} bytes cannot hold a header length`);
  const first = await source.read(0, 8);
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(Math.min(headerLimit, source.size - 8)))
    throw new Error(`The safetensors header claims ${length} bytes in a file of ${source.size} (limit ${headerLimit})`);
  const start = 8 + Number(length);
  const header = parsed(await source.read(8, Number(length)));
  const metadata: Record<string, string> = {};
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name !== "__metadata__") tensors.set(name, entry(name, value, start));
    else for (const [k, v] of Object.entries(isRecord(value) ? value : {})) metadata[k] = String(v);
  }
  let end = start;
  for (const [name, t] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (t.offset !== end) throw new Error(`Tensor ${name} starts at byte ${t.offset}, where ${end} was due: overlap or gap`);
    end += t.bytes;
  }
  if (end !== source.size) throw new Error(`The tensors end at byte ${end} but the file at ${source.size}`);
  return { metadata, tensors };
}

function parsed(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Error("The safetensors header is not JSON", { cause });
  }
  if (!isRecord(header)) throw new Error("The safetensors header is not a JSON object");
  return header;
}

function entry(name: string, value: unknown, start: number): TensorEntry {
  const { dtype, shape, data_offsets: at } = isRecord(value) ? value : {};
  if (typeof dtype !== "string" || !encodings.has(dtype))
    throw new Error(`Tensor ${name} has type ${JSON.stringify(dtype)}; F32, F16 and BF16 can be read`);
  if (!Array.isArray(shape) || !shape.every(isCount)) throw new Error(`Tensor ${name} has no valid shape`);
  if (!Array.isArray(at) || at.length !== 2 || !at.every(isCount)) throw new Error(`Tensor ${name} has no valid data_offsets`);
  const [from, to] = at as [number, number];
  const count = (shape as number[]).reduce((n, d) => n * d, 1);
  const bytes = encodedBytes(dtype as Encoding, count);
  if (to - from !== bytes) throw new Error(`Tensor ${name} [${shape}] ${dtype} takes ${bytes} bytes, its offsets say ${to - from}`);
  return { encoding: dtype as Encoding, shape: shape as number[], offset: start + from, bytes };
}

/** One tensor's numbers as float32, row-major; only its own bytes are read. */
export async function readTensor(source: ByteSource, t: TensorEntry): Promise<Float32Array> {
  return decode(
    t.encoding,
    await source.read(t.offset, t.bytes),
    t.shape.reduce((n, d) => n * d, 1),
  );
}

export type WrittenTensor = { name: string; encoding: "F32" | "F16" | "BF16"; shape: number[]; values: Float32Array };

/** The file in pieces (header, then each tensor in the given order), so that it need never be in memory whole. */
export function* safetensorsPieces(tensors: WrittenTensor[], metadata: Record<string, string> = {}): Generator<Uint8Array> {
  const header = new Map<string, unknown>(Object.keys(metadata).length ? [["__metadata__", metadata]] : []);
  let offset = 0;
  for (const t of tensors) {
    const count = t.shape.reduce((n, d) => n * d, 1);
    if (count !== t.values.length) throw new Error(`Tensor ${t.name} [${t.shape}] needs ${count} values, not ${t.values.length}`);
    if (t.name === "__metadata__" || header.has(t.name)) throw new Error(`The name ${t.name} is taken`);
    const end = offset + encodedBytes(t.encoding, count);
    header.set(t.name, { dtype: t.encoding, shape: t.shape, data_offsets: [offset, end] });
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(32);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(json, 8);
  yield head;
  for (const t of tensors) yield encode(t.encoding, t.values);
}

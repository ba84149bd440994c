// Checkpoints are safetensors files: eight bytes of header length, a JSON header that places every tensor, then the numbers as they are. Bits
// go in and come out unchanged, so a resumed run is the run that was never interrupted.

export type Checkpoint = {
  tensors: ReadonlyMap<string, { data: Float32Array; shape: readonly number[] }>;
  /** Whatever else is needed to go on, as text. */
  facts: Readonly<Record<string, string>>;
};

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] } | Record<string, string>>;

/** The bytes of a checkpoint. */
export const encodeCheckpoint = ({ tensors, facts }: Checkpoint): Uint8Array => {
  const header: Header = { __metadata__: { ...facts } };
  let offset = 0;
  for (const [name, { data, shape }] of tensors) {
    header[name] = { dtype: "F32", shape: [...shape], data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8; // numbers start at a multiple of eight
  const bytes = new Uint8Array(start + offset).fill(32, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let at = start;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
};

const torn = (why: string): Error => new Error(`This is not a whole checkpoint: ${why}. Take an earlier one.`);

/** Reads a checkpoint; every bound is checked before it is trusted. */
export const decodeCheckpoint = (bytes: Uint8Array): Checkpoint => {
  if (bytes.length < 8) throw torn("it is shorter than its own length");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) throw torn("its header is cut off");
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
  } catch {
    throw torn("its header is no JSON");
  }
  const tensors = new Map<string, { data: Float32Array; shape: number[] }>();
  const body = bytes.subarray(8 + length);
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets } = entry as { dtype: unknown; shape: unknown; data_offsets: unknown };
    const isPlaced = Array.isArray(shape) && shape.every((one) => Number.isSafeInteger(one) && one >= 0) && Array.isArray(data_offsets);
    if (dtype !== "F32" || !isPlaced) throw torn(`${name} is not described as float32`);
    const [from, to] = data_offsets as [number, number];
    const size = (shape as number[]).reduce((product, one) => product * one, 1);
    if (!Number.isSafeInteger(from) || from < 0 || to - from !== size * 4 || to > body.length) throw torn(`${name} lies outside it`);
    tensors.set(name, { data: new Float32Array(body.slice(from, to).buffer), shape: shape as number[] });
  }
  return { tensors, facts: (header.__metadata__ ?? {}) as Record<string, string> };
};

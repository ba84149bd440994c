// Checkpoints are safetensors files (weights/safetensors.ts) of float32, with what else is needed to go on as text in their header. Bits go in
// and come out unchanged, so a resumed run is the run that was never interrupted.
import { openSafetensors, readTensor, safetensorsPieces } from "#lib/learn/weights/safetensors.ts";
import { bytesSource } from "#lib/learn/weights/source.ts";

export type Checkpoint = {
  tensors: ReadonlyMap<string, { data: Float32Array; shape: readonly number[] }>;
  /** Whatever else is needed to go on, as text. */
  facts: Readonly<Record<string, string>>;
};

/** The bytes of a checkpoint. */
export const encodeCheckpoint = ({ tensors, facts }: Checkpoint): Uint8Array => {
  const written = [...tensors].map(([name, { data, shape }]) => ({ name, encoding: "F32" as const, shape: [...shape], values: data }));
  const pieces = [...safetensorsPieces(written, { ...facts })];
  const bytes = new Uint8Array(pieces.reduce((total, one) => total + one.length, 0));
  let at = 0;
  for (const one of pieces) {
    bytes.set(one, at);
    at += one.length;
  }
  return bytes;
};

/** Reads a checkpoint; every bound is checked before it is trusted. */
export const decodeCheckpoint = async (bytes: Uint8Array): Promise<Checkpoint> => {
  const source = bytesSource(bytes);
  const { metadata, tensors: entries } = await openSafetensors(source).catch((cause: Error) => {
    throw new Error(`This is not a whole checkpoint: ${cause.message}. Take an earlier one.`, { cause });
  });
  const tensors = new Map<string, { data: Float32Array; shape: number[] }>();
  for (const [name, entry] of entries) {
    if (entry.encoding !== "F32") throw new Error(`This is not a checkpoint: ${name} is ${entry.encoding}. Those are float32.`);
    tensors.set(name, { data: await readTensor(source, entry), shape: entry.shape });
  }
  return { tensors, facts: metadata };
};

// Where weight files are read from. Nothing of a file is in memory but the parts that were asked for.
import { open } from "node:fs/promises";

/** Anything that can be read at an offset: a file, a blob, a buffer. `read` returns exactly `length` bytes or throws. */
export type ByteSource = { size: number; read(offset: number, length: number): Promise<Uint8Array> };

const checked = (size: number, offset: number, length: number): void => {
  if (!(offset >= 0 && length >= 0 && offset + length <= size))
    throw new Error(`Bytes ${offset} to ${offset + length} were asked of a file of ${size}`);
};

/** A file in memory. */
export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => {
    checked(bytes.length, offset, length);
    return bytes.subarray(offset, offset + length);
  },
});

/** Opens a file, lends it to `work` and closes it whatever happens. */
export const withFile = async <T>(path: string, work: (source: ByteSource) => Promise<T>): Promise<T> => {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    return await work({
      size,
      read: async (offset, length) => {
        checked(size, offset, length);
        const bytes = new Uint8Array(length);
        for (let at = 0; at < length; ) {
          const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
          if (bytesRead === 0) throw new Error(`The file ended at byte ${offset + at}, before the ${size} it had when it was opened`);
          at += bytesRead;
        }
        return bytes;
      },
    });
  } finally {
    await file.close();
  }
};

/** Writes pieces one after another; the file is there whole or, when a piece fails, not to be trusted: write beside and rename. */
export const writePieces = async (path: string, pieces: Iterable<Uint8Array>): Promise<void> => {
  const file = await open(path, "w");
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
};

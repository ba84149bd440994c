// Content-addressed files: data sets, artefacts, outputs too big for a row. A blob is named by the SHA-256 of its bytes, so writing it
// twice is writing it once, and nothing is ever changed in place. The file appears by rename after fsync: half a blob cannot exist.
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";

export type Blob = { digest: string; size: number };

/** Where the bytes of a digest lie; refuses anything that is not 64 hex digits, so no path can be smuggled in. */
export const blobPath = (digest: string): string => {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new Problem("invalid", "blobs.digest", "A blob is named by 64 hexadecimal digits.");
  return join(env.blobs, "sha256", digest.slice(0, 2), digest);
};

/** Streams bytes into the store; throws `large` as soon as the limit is passed and leaves nothing behind. */
export const putBlob = async (
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limitBytes = Number.POSITIVE_INFINITY,
): Promise<Blob> => {
  const draft = join(env.blobs, "drafts", randomUUID());
  await mkdir(dirname(draft), { recursive: true });
  const file = await open(draft, "wx", 0o600);
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const part of bytes) {
      size += part.length;
      if (size > limitBytes)
        throw new Problem(
          "large",
          "blobs.large",
          `The file is larger than ${Math.round(limitBytes / 1e6)} MB, the limit here. Split it, or ask for a higher limit.`,
        );
      hash.update(part);
      await file.write(part);
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
  await file.close();
  const digest = hash.digest("hex");
  await mkdir(dirname(blobPath(digest)), { recursive: true });
  await rename(draft, blobPath(digest));
  return { digest, size };
};

/** The bytes of a digest as a stream with their size; `missing` when this store does not hold them. */
export const readBlob = async (digest: string): Promise<{ stream: Readable; size: number }> => {
  const path = blobPath(digest);
  const found = await stat(path).catch(() => null);
  if (!found) throw new Problem("missing", "blobs.missing", "The file's bytes are not in this store.");
  return { stream: createReadStream(path), size: found.size };
};

/** Whether the store holds a digest. */
export const hasBlob = async (digest: string): Promise<boolean> => (await stat(blobPath(digest)).catch(() => null)) !== null;

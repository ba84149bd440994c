// MurmurHash2, 32 bits (Austin Appleby, public domain), seed 0, of UTF-8 text as a decimal string: how jupyter-server-documents names the
// source of a cell. A check against running something else than what was seen, no protection against anybody.

const multiplier = 0x5bd1e995;

/** The hash as a decimal string. */
export const murmurOf = (text: string): string => {
  const bytes = Buffer.from(text, "utf8");
  let hash = bytes.length >>> 0;
  let at = 0;
  for (; bytes.length - at >= 4; at += 4) {
    let word = Math.imul(bytes.readUInt32LE(at), multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  if (at < bytes.length) {
    for (let left = bytes.length - at; left > 0; left--) hash ^= bytes[at + left - 1]! << (8 * (left - 1));
    hash = Math.imul(hash, multiplier);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  hash ^= hash >>> 15;
  return String(hash >>> 0);
};

// Text as numbers, one a character: those a text has, in the order of their code points.

export type Characters = {
  alphabet: readonly string[];
  /** Throws on a character the alphabet does not have. */
  encode: (text: string) => Int32Array;
  decode: (ids: ArrayLike<number>) => string;
};

/** Characters as numbers and back; the same set of characters has the same numbers, whatever text it comes from. */
export const charactersOf = (text: Iterable<string>): Characters => {
  const alphabet = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  const numbers = new Map(alphabet.map((one, i) => [one, i]));
  return {
    alphabet,
    encode: (some) =>
      Int32Array.from(some, (one) => {
        const number = numbers.get(one);
        if (number === undefined) throw new Error(`${JSON.stringify(one)} was never seen. ${alphabet.length} characters are known.`);
        return number;
      }),
    decode: (ids) => Array.from(ids, (id) => alphabet[id]).join(""),
  };
};

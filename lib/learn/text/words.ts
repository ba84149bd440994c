// Cutting text into words and n-grams as Python does, which the references of all text metrics are written in.

// what str.split() splits at; JavaScript's \s has U+FEFF besides, and lacks the four separators and U+0085
const separators = String.fromCharCode(0x1c, 0x1d, 0x1e, 0x1f, 0x85);
const blank = new RegExp(`[${separators}\\t-\\r \\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+`, "u");

/** Words between white space, none empty. */
export const wordsOf = (text: string): string[] => text.split(blank).filter((word) => word !== "");

/** How often each run of n words occurs; words are joined by a character that no word holds. */
export const countRuns = (words: readonly string[], n: number, joint = " "): Map<string, number> => {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const run = n === 1 ? words[i]! : words.slice(i, i + n).join(joint);
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  return counts;
};

/** Σ min of two counts. */
export const overlap = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number => {
  let sum = 0;
  for (const [run, count] of a) sum += Math.min(count, b.get(run) ?? 0);
  return sum;
};

export const total = (counts: ReadonlyMap<string, number>): number => {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
};

/** Refuses lists that do not go together; every hypothesis has one or more references. */
export const checkPairs = (hypotheses: readonly string[], references: readonly (readonly string[])[]): void => {
  if (hypotheses.length === 0) throw new Error("There is no hypothesis to judge. Give one or more.");
  if (hypotheses.length !== references.length)
    throw new Error(`${hypotheses.length} hypotheses, but references for ${references.length}. Give a list of references for each.`);
  const bare = references.findIndex((one) => one.length === 0);
  if (bare >= 0) throw new Error(`Hypothesis ${bare + 1} has no reference. Give one or more.`);
};

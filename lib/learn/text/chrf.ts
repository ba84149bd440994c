// chrF exactly as sacreBLEU computes it: F_β of character n-grams without white space, precision and recall averaged over the orders that
// both sides have; chrF++ adds n-grams of words. With several references, each hypothesis is held against its best one.
import { checkPairs, countRuns, overlap, total, wordsOf } from "#lib/learn/text/words.ts";

type Options = { charOrder?: number; wordOrder?: number; beta?: number; lowercase?: boolean };
type Counts = { hypothesis: number; reference: number; match: number };

const punctuation = new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

/** Words with one mark of punctuation split off, behind before in front. */
const splitWords = (text: string): string[] =>
  wordsOf(text).flatMap((word) => {
    const letters = Array.from(word);
    if (letters.length === 1) return [word];
    if (punctuation.has(letters.at(-1)!)) return [letters.slice(0, -1).join(""), letters.at(-1)!];
    return punctuation.has(letters[0]!) ? [letters[0]!, letters.slice(1).join("")] : [word];
  });

const runsOf = (text: string, charOrder: number, wordOrder: number): Map<string, number>[] => {
  const letters = Array.from(wordsOf(text).join(""));
  const words = wordOrder > 0 ? splitWords(text) : [];
  return [
    ...Array.from({ length: charOrder }, (_, i) => countRuns(letters, i + 1, "")),
    ...Array.from({ length: wordOrder }, (_, i) => countRuns(words, i + 1)),
  ];
};

const score = (counts: readonly Counts[], beta: number): number => {
  const used = counts.filter((one) => one.hypothesis > 0 && one.reference > 0);
  if (used.length === 0) return 0;
  const precision = used.reduce((sum, one) => sum + one.match / one.hypothesis, 0) / used.length;
  const recall = used.reduce((sum, one) => sum + one.match / one.reference, 0) / used.length;
  const factor = beta ** 2;
  return precision + recall === 0 ? 0 : (100 * (1 + factor) * precision * recall) / (factor * precision + recall);
};

/**
 * chrF of a corpus, 0 to 100: chrF2 as given, chrF2++ with `wordOrder: 2`.
 *
 * @example
 * learn.corpusChrf(["a cat"], [["the dog"]]) > 0; // → true
 */
export const corpusChrf = (hypotheses: readonly string[], references: readonly (readonly string[])[], options: Options = {}): number => {
  checkPairs(hypotheses, references);
  const { charOrder = 6, wordOrder = 0, beta = 2, lowercase = false } = options;
  const prepare = (text: string) => runsOf(lowercase ? text.toLowerCase() : text, charOrder, wordOrder);
  const sums = Array.from({ length: charOrder + wordOrder }, (): Counts => ({ hypothesis: 0, reference: 0, match: 0 }));
  for (const [i, hypothesis] of hypotheses.entries()) {
    const own = prepare(hypothesis);
    let best: { score: number; counts: Counts[] } = { score: -1, counts: [] };
    for (const reference of references[i]!) {
      const counts = prepare(reference).map((other, n): Counts => {
        return { hypothesis: other.size > 0 ? total(own[n]!) : 0, reference: total(other), match: overlap(own[n]!, other) };
      });
      const value = score(counts, beta);
      if (value > best.score) best = { score: value, counts };
    }
    for (const [n, one] of best.counts.entries()) {
      sums[n]!.hypothesis += one.hypothesis;
      sums[n]!.reference += one.reference;
      sums[n]!.match += one.match;
    }
  }
  return score(sums, beta);
};

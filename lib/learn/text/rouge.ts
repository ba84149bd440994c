// ROUGE exactly as rouge-score computes it: lower-cased runs of a–z and 0–9, optional Porter stems of words longer than three letters;
// n-grams clipped, the longest common subsequence (L), and its union over sentences (Lsum). With several references the best F counts.
import { porterStem } from "#lib/learn/text/porter.ts";
import { countRuns, overlap } from "#lib/learn/text/words.ts";

export type Rouge = { precision: number; recall: number; f: number };
export type RougeType = "rouge1" | "rouge2" | "rougeL" | "rougeLsum";

const tokensOf = (text: string, isStemmed: boolean): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((token) => token !== "")
    .map((token) => (isStemmed && token.length > 3 ? porterStem(token) : token));

const scoreOf = (hits: number, predicted: number, wanted: number): Rouge => {
  const [precision, recall] = [hits / Math.max(predicted, 1), hits / Math.max(wanted, 1)];
  return { precision, recall, f: precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0 };
};

const runs = (target: string[], prediction: string[], n: number): Rouge =>
  scoreOf(
    overlap(countRuns(target, n), countRuns(prediction, n)),
    Math.max(0, prediction.length - n + 1),
    Math.max(0, target.length - n + 1),
  );

/** Lengths of common subsequences of every pair of prefixes. */
const subsequences = (a: readonly string[], b: readonly string[]): Uint32Array[] => {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      table[i]![j] = a[i - 1] === b[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!);
  return table;
};

/** Places in `a` of one longest common subsequence; ties go up, as in the reference. */
const commonPlaces = (a: readonly string[], b: readonly string[]): number[] => {
  const table = subsequences(a, b);
  const places: number[] = [];
  for (let [i, j] = [a.length, b.length]; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      places.push(i - 1);
      i -= 1;
      j -= 1;
    } else if (table[i]![j - 1]! > table[i - 1]![j]!) j -= 1;
    else i -= 1;
  }
  return places;
};

/** Union of the common subsequences of each reference sentence with all candidate sentences; no token counts more often than it occurs. */
const summary = (targets: string[][], predictions: string[][]): Rouge => {
  const left = [countRuns(targets.flat(), 1), countRuns(predictions.flat(), 1)] as const;
  let hits = 0;
  for (const target of targets) {
    const places = [...new Set(predictions.flatMap((prediction) => commonPlaces(target, prediction)))].sort((a, b) => a - b);
    for (const token of places.map((place) => target[place]!)) {
      if (left.some((counts) => (counts.get(token) ?? 0) === 0)) continue;
      hits += 1;
      for (const counts of left) counts.set(token, counts.get(token)! - 1);
    }
  }
  return scoreOf(hits, predictions.flat().length, targets.flat().length);
};

const single = (type: RougeType, target: string, prediction: string, isStemmed: boolean): Rouge => {
  const sentences = (text: string): string[][] =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => tokensOf(line, isStemmed));
  if (type === "rougeLsum") return summary(sentences(target), sentences(prediction));
  const [a, b] = [tokensOf(target, isStemmed), tokensOf(prediction, isStemmed)];
  if (type === "rougeL") return scoreOf(subsequences(a, b)[a.length]![b.length]!, b.length, a.length);
  return runs(a, b, type === "rouge1" ? 1 : 2);
};

/**
 * ROUGE of one prediction; of several references the one with the greatest F, the first of equals.
 *
 * @example
 * learn.rouge("rouge1", ["testing one two"], "testing").f; // → 0.5
 */
export const rouge = (type: RougeType, references: readonly string[], prediction: string, options: { isStemmed?: boolean } = {}): Rouge => {
  if (references.length === 0) throw new Error("There is no reference to compare with. Give one or more.");
  return references
    .map((reference) => single(type, reference, prediction, options.isStemmed ?? false))
    .reduce((best, one) => (one.f > best.f ? one : best));
};

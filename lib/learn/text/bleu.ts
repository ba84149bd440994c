// BLEU exactly as sacreBLEU computes it: clipped n-gram counts against the maximum over references, closest reference length, exponential
// smoothing, and tokens of its own (13a, intl, none), so that numbers of different papers can be compared. Show the signature with it.
import { checkPairs, countRuns, overlap, wordsOf } from "#lib/learn/text/words.ts";

export type Tokenizer = "13a" | "intl" | "none";
export type Bleu = {
  score: number;
  /** In percent, orders 1 to 4. */
  precisions: number[];
  brevityPenalty: number;
  hypothesisLength: number;
  referenceLength: number;
  signature: string;
};
/** `floor` gives a precision without a match this count instead of smoothing exponentially. */
type Options = { tokenizer?: Tokenizer; lowercase?: boolean; effectiveOrder?: boolean; floor?: number };

const orders = [1, 2, 3, 4];

const tokenizers: Record<Tokenizer, (line: string) => string> = {
  none: (line) => line,
  intl: (line) =>
    line
      .replace(/(\P{N})(\p{P})/gu, "$1 $2 ")
      .replace(/(\p{P})(\P{N})/gu, " $1 $2")
      .replace(/(\p{S})/gu, " $1 "),
  "13a": (line) => {
    const plain = line
      .replaceAll("<skipped>", "")
      .replaceAll("-\n", "")
      .replaceAll("\n", " ")
      .replaceAll("&quot;", '"')
      .replaceAll("&amp;", "&")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">");
    return ` ${plain} `
      .replace(/([{-~[-` -&(-+:-@/])/gu, " $1 ")
      .replace(/([^0-9])([.,])/gu, "$1 $2 ")
      .replace(/([.,])([^0-9])/gu, " $1 $2")
      .replace(/([0-9])(-)/gu, "$1 $2 ");
  },
};

type Sums = { hypothesis: number; reference: number; correct: number[]; total: number[] };

const segment = (hypothesis: string, references: readonly string[], { tokenizer = "13a", lowercase = false }: Options): Sums => {
  const tokens = (text: string): string[] => wordsOf(tokenizers[tokenizer]((lowercase ? text.toLowerCase() : text).trimEnd()));
  const own = tokens(hypothesis);
  const others = references.map(tokens);
  const closest = others
    .map((one) => one.length)
    .reduce((best, length) => {
      const nearer = Math.abs(own.length - length) - Math.abs(own.length - best);
      return nearer < 0 || (nearer === 0 && length < best) ? length : best;
    });
  const counts = orders.map((n) => {
    const most = new Map<string, number>();
    for (const one of others) for (const [run, count] of countRuns(one, n)) most.set(run, Math.max(most.get(run) ?? 0, count));
    return { correct: overlap(countRuns(own, n), most), total: Math.max(0, own.length - n + 1) };
  });
  return { hypothesis: own.length, reference: closest, correct: counts.map((one) => one.correct), total: counts.map((one) => one.total) };
};

const fromSums = (sums: Sums, isEffective: boolean, floor: number | undefined): Omit<Bleu, "signature"> => {
  const { hypothesis, reference, correct, total } = sums;
  const brevityPenalty = hypothesis >= reference ? 1 : hypothesis > 0 ? Math.exp(1 - reference / hypothesis) : 0;
  const precisions = orders.map(() => 0);
  const lengths = { brevityPenalty, hypothesisLength: hypothesis, referenceLength: reference };
  if (correct.every((one) => one === 0)) return { score: 0, precisions, ...lengths };
  let order = orders.length;
  let smooth = 1;
  for (const [i, count] of correct.entries()) {
    if (total[i] === 0) break;
    if (isEffective) order = i + 1;
    if (count === 0) smooth *= 2;
    precisions[i] = (100 * (count > 0 ? count : (floor ?? 1 / smooth))) / total[i]!;
  }
  const used = precisions.slice(0, order);
  const score = used.some((p) => p === 0) ? 0 : brevityPenalty * Math.exp(used.reduce((sum, p) => sum + Math.log(p), 0) / order);
  return { score, precisions, ...lengths };
};

/**
 * BLEU of a corpus, 0 to 100; one list of references a hypothesis. Effective order is off.
 *
 * @example
 * learn.corpusBleu(["the cat sat on the mat"], [["the cat sat on the mat"]]).signature; // → "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp"
 */
export const corpusBleu = (hypotheses: readonly string[], references: readonly (readonly string[])[], options: Options = {}): Bleu => {
  checkPairs(hypotheses, references);
  const { tokenizer = "13a", lowercase = false, effectiveOrder = false, floor } = options;
  const sums = hypotheses.map((one, i) => segment(one, references[i]!, options));
  const add = (of: (one: Sums) => number): number => sums.reduce((sum, one) => sum + of(one), 0);
  const all: Sums = {
    hypothesis: add((one) => one.hypothesis),
    reference: add((one) => one.reference),
    correct: orders.map((_, i) => add((one) => one.correct[i]!)),
    total: orders.map((_, i) => add((one) => one.total[i]!)),
  };
  const counts = new Set(references.map((one) => one.length));
  const nrefs = counts.size === 1 ? String(references[0]!.length) : "var";
  const smooth = floor === undefined ? "exp" : `floor[${floor.toFixed(2)}]`;
  const signature = `nrefs:${nrefs}|case:${lowercase ? "lc" : "mixed"}|eff:${effectiveOrder ? "yes" : "no"}|tok:${tokenizer}|smooth:${smooth}`;
  return { ...fromSums(all, effectiveOrder, floor), signature };
};

/**
 * BLEU of one sentence; effective order is on, so that a short one is not 0 by length alone.
 *
 * @example
 * learn.sentenceBleu("a b c", ["a b d"]).precisions.length; // → 4
 */
export const sentenceBleu = (hypothesis: string, references: readonly string[], options: Options = {}): Bleu =>
  corpusBleu([hypothesis], [references], { effectiveOrder: true, ...options });

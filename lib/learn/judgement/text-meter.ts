// The meter of texts against one reference each. BLEU and chrF are read anew for each draw, because they are not sums over sentences; TER is
// edits over reference words, so its sums are drawn; ROUGE is a mean.
import type { Meter } from "#lib/learn/judgement/meters.ts";
import { corpusBleu } from "#lib/learn/text/bleu.ts";
import { corpusChrf } from "#lib/learn/text/chrf.ts";
import { rouge } from "#lib/learn/text/rouge.ts";
import { corpusTer } from "#lib/learn/text/ter.ts";

/** BLEU, chrF and TER from 0 to 100, ROUGE as F from 0 to 1. */
export const textMeter = (references: readonly string[], answers: readonly string[]): Meter => {
  const ter = answers.map((answer, i) => corpusTer([answer], [[references[i]!]]));
  const rouges = (["rouge1", "rouge2", "rougeL"] as const).map(
    (type) => [type, answers.map((answer, i) => rouge(type, [references[i]!], answer).f)] as const,
  );
  return {
    units: answers.length,
    cost: 4000 * answers.length,
    measure: (weights) => {
      const rows = weights ? Array.from(weights).flatMap((count, i) => Array.from({ length: count }, () => i)) : Array.from(answers.keys());
      const sum = (of: (i: number) => number): number => rows.reduce((total, i) => total + of(i), 0);
      const [own, others] = [rows.map((i) => answers[i]!), rows.map((i) => [references[i]!])];
      return {
        bleu: corpusBleu(own, others).score,
        chrf: corpusChrf(own, others),
        ter:
          (100 * sum((i) => ter[i]!.edits)) /
          Math.max(
            1e-9,
            sum((i) => ter[i]!.referenceLength),
          ),
        ...Object.fromEntries(rouges.map(([type, values]) => [type, sum((i) => values[i]!) / rows.length])),
      };
    },
  };
};

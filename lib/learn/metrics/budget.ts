// Metrics for people with a budget: of the k cases they can look at, how many are right. Ties go by row, or by card id.

const best = (scores: ArrayLike<number>, k: number): number[] =>
  Array.from({ length: scores.length }, (_, i) => i)
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, k);

/**
 * Precision and recall among the k rows of greatest score; k beyond the rows takes all of them.
 *
 * @example
 * learn.atBudget([1, 0, 1], [0.9, 0.8, 0.1], 2); // → {"taken":2,"found":1,"precision":0.5,"recall":0.5}
 */
export const atBudget = (labels: ArrayLike<number>, scores: ArrayLike<number>, k: number) => {
  const taken = best(scores, k);
  const found = taken.filter((i) => labels[i] === 1).length;
  const all = Array.from(labels).filter((one) => one === 1).length;
  return { taken: taken.length, found, precision: taken.length === 0 ? 0 : found / taken.length, recall: all === 0 ? 0 : found / all };
};

export type CardRow = { day: number; card: string; score: number; isFraud: boolean };

/**
 * Card precision@k: a day's k cards of greatest score, leaving out cards known as compromised; precision of each day, and the mean over days.
 * `knownOn` answers which cards were known compromised when the day began.
 */
export const cardPrecision = (rows: readonly CardRow[], k: number, knownOn: (day: number) => ReadonlySet<string>) => {
  const days = [...new Set(rows.map((row) => row.day))].sort((a, b) => a - b);
  const precisions = days.map((day) => {
    const known = knownOn(day);
    const cards = new Map<string, { score: number; isFraud: boolean }>();
    for (const row of rows) {
      if (row.day !== day || known.has(row.card)) continue;
      const card = cards.get(row.card);
      if (!card) cards.set(row.card, { score: row.score, isFraud: row.isFraud });
      else {
        card.score = Math.max(card.score, row.score);
        card.isFraud ||= row.isFraud;
      }
    }
    const first = [...cards].sort(([idA, a], [idB, b]) => b.score - a.score || (idA < idB ? -1 : 1)).slice(0, k);
    return first.filter(([, card]) => card.isFraud).length / k;
  });
  return { days, precisions, mean: precisions.length === 0 ? 0 : precisions.reduce((sum, one) => sum + one, 0) / precisions.length };
};

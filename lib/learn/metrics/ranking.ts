// Metrics of ranked lists, one list a user. Rank all unseen items: sampled negatives flatter (SCIENCE.md §8). Equal scores are broken by
// item id, so that a number never depends on the order rows arrived in.

export type Ranking = {
  /** Item ids, best first. */
  ranked: readonly string[];
  /** Gain of each relevant item; 1 for implicit events. */
  relevant: ReadonlyMap<string, number>;
};

/**
 * Item ids by score, the greatest first, ties by id.
 *
 * @example
 * learn.rankByScore(new Map([["a", 1], ["b", 3], ["c", 3]])); // → ["b","c","a"]
 */
export const rankByScore = (scores: ReadonlyMap<string, number>): string[] =>
  [...scores].sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1)).map(([id]) => id);

const hits = ({ ranked, relevant }: Ranking, k: number): number => ranked.slice(0, k).filter((id) => relevant.has(id)).length;

const mean = (lists: readonly Ranking[], of: (list: Ranking) => number): number => {
  const judged = lists.filter((list) => list.relevant.size > 0); // without a relevant item there is nothing to find
  return judged.length === 0 ? 0 : judged.reduce((sum, list) => sum + of(list), 0) / judged.length;
};

/**
 * Share of the relevant items among the first k, mean over users.
 *
 * @example
 * learn.recallAtK([{ ranked: ["a", "b", "c"], relevant: new Map([["b", 1], ["z", 1]]) }], 2); // → 0.5
 */
export const recallAtK = (lists: readonly Ranking[], k: number): number => mean(lists, (list) => hits(list, k) / list.relevant.size);

/**
 * Share of the first k that is relevant, mean over users.
 *
 * @example
 * learn.precisionAtK([{ ranked: ["a", "b"], relevant: new Map([["b", 1]]) }], 2); // → 0.5
 */
export const precisionAtK = (lists: readonly Ranking[], k: number): number => mean(lists, (list) => hits(list, k) / k);

/**
 * Share of users with at least one relevant item among the first k.
 *
 * @example
 * learn.hitRateAtK([{ ranked: ["a", "b"], relevant: new Map([["b", 1]]) }], 1); // → 0
 */
export const hitRateAtK = (lists: readonly Ranking[], k: number): number => mean(lists, (list) => Number(hits(list, k) > 0));

/**
 * Mean of one over the rank of the first relevant item; 0 where none is ranked.
 *
 * @example
 * learn.meanReciprocalRank([{ ranked: ["a", "b"], relevant: new Map([["b", 1]]) }]); // → 0.5
 */
export const meanReciprocalRank = (lists: readonly Ranking[]): number =>
  mean(lists, ({ ranked, relevant }) => {
    const at = ranked.findIndex((id) => relevant.has(id));
    return at === -1 ? 0 : 1 / (at + 1);
  });

/**
 * Mean over users of the average precision at the ranks of their relevant items.
 *
 * @example
 * learn.meanAveragePrecision([{ ranked: ["a", "b"], relevant: new Map([["b", 1]]) }]); // → 0.5
 */
export const meanAveragePrecision = (lists: readonly Ranking[], k = Number.POSITIVE_INFINITY): number =>
  mean(lists, ({ ranked, relevant }) => {
    let [found, sum] = [0, 0];
    for (const [i, id] of ranked.entries()) {
      if (i >= k) break;
      if (!relevant.has(id)) continue;
      found += 1;
      sum += found / (i + 1);
    }
    return sum / Math.min(relevant.size, k);
  });

/**
 * NDCG@k: Σ gain/log2(rank + 1) over the same sum of the best order possible.
 *
 * @example
 * learn.ndcgAtK([{ ranked: ["a", "b"], relevant: new Map([["a", 1]]) }], 2); // → 1
 */
export const ndcgAtK = (lists: readonly Ranking[], k: number): number =>
  mean(lists, ({ ranked, relevant }) => {
    const discounted = (gains: number[]): number => gains.reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
    const ideal = discounted([...relevant.values()].sort((a, b) => b - a).slice(0, k));
    return ideal === 0 ? 0 : discounted(ranked.slice(0, k).map((id) => relevant.get(id) ?? 0)) / ideal;
  });

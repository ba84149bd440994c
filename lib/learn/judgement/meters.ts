// Meters: every metric of a kind in one pass over units that carry weights. Weight 1 everywhere gives the published definitions (tests hold
// them against lib/learn/metrics); the counts of a bootstrap draw as weights give the same metrics of the drawn rows, without sorting again.
// That makes an interval cost O(draws · n) instead of O(draws · n log n).
import type { Evidence } from "#lib/learn/judgement/evidence.ts";
import { textMeter } from "#lib/learn/judgement/text-meter.ts";
import { labelScores } from "#lib/learn/metrics/labels.ts";
import * as ranking from "#lib/learn/metrics/ranking.ts";

export type Measures = Record<string, number>;
/** `measure` without weights looks at every unit once. `cost` is roughly how many steps one measure takes. */
export type Meter = { units: number; cost: number; measure: (weights?: Float64Array) => Measures };
export type MeterOptions = { threshold: number; k: number };

const one = (weights: Float64Array | undefined, i: number): number => (weights ? weights[i]! : 1);
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

type Sums = { p: number; y: number; w: number };
const ece = (bins: readonly Sums[], total: number): number =>
  bins.reduce((sum, bin) => sum + (bin.w > 0 ? (bin.w / total) * Math.abs(bin.y / bin.w - bin.p / bin.w) : 0), 0);

const binaryMeter = (truth: Float64Array, scores: Float64Array, threshold: number): Meter => {
  const order = Uint32Array.from({ length: truth.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const losses = scores.map((score, i) => {
    const p = Math.min(1 - 1e-15, Math.max(1e-15, score));
    return -Math.log(truth[i]! === 1 ? p : 1 - p);
  });
  const measure = (weights?: Float64Array): Measures => {
    let [positives, total, loss, square, called, hits] = [0, 0, 0, 0, 0, 0];
    const bins = Array.from({ length: 10 }, (): Sums => ({ p: 0, y: 0, w: 0 }));
    for (let i = 0; i < truth.length; i++) {
      const w = one(weights, i);
      if (w === 0) continue;
      const [y, p] = [truth[i]!, scores[i]!];
      total += w;
      positives += w * y;
      loss += w * losses[i]!;
      square += w * (p - y) ** 2;
      const bin = bins[Math.max(0, Math.min(9, Math.floor(p * 10)))]!;
      bin.p += w * p;
      bin.y += w * y;
      bin.w += w;
      if (p < threshold) continue;
      called += w;
      hits += w * y;
    }
    const negatives = total - positives;
    let [tp, fp, area, ap, ks] = [0, 0, 0, 0, 0];
    for (let at = 0; at < order.length; ) {
      let [p, n, next] = [0, 0, at];
      for (; next < order.length && scores[order[next]!] === scores[order[at]!]; next++) {
        const w = one(weights, order[next]!);
        if (truth[order[next]!] === 1) p += w;
        else n += w;
      }
      area += n * (tp + p / 2);
      tp += p;
      fp += n;
      if (p > 0) ap += (p / positives) * (tp / (tp + fp));
      ks = Math.max(ks, Math.abs(share(tp, positives) - share(fp, negatives)));
      at = next;
    }
    const hasBoth = positives > 0 && negatives > 0;
    const [precision, recall] = [share(hits, called), share(hits, positives)];
    return {
      auc: hasBoth ? area / (positives * negatives) : Number.NaN,
      averagePrecision: ap,
      logLoss: loss / total,
      brier: square / total,
      ks: hasBoth ? ks : Number.NaN,
      calibrationError: ece(bins, total),
      accuracy: (hits + (negatives - (called - hits))) / total,
      precision,
      recall,
      f1: share(2 * precision * recall, precision + recall),
      selectionRate: called / total,
      falsePositiveRate: share(called - hits, negatives),
    };
  };
  return { units: truth.length, cost: 3 * truth.length, measure };
};

const numberMeter = (truth: Float64Array, scores: Float64Array): Meter => {
  const measure = (weights?: Float64Array): Measures => {
    let [total, absolute, square, sum, relative, kept, bias] = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < truth.length; i++) {
      const w = one(weights, i);
      const miss = truth[i]! - scores[i]!;
      total += w;
      sum += w * truth[i]!;
      absolute += w * Math.abs(miss);
      square += w * miss * miss;
      bias -= w * miss;
      if (truth[i] === 0) continue;
      relative += w * Math.abs(miss / truth[i]!);
      kept += w;
    }
    const mean = sum / total;
    let spread = 0;
    for (let i = 0; i < truth.length; i++) spread += one(weights, i) * (truth[i]! - mean) ** 2;
    return {
      rmse: Math.sqrt(square / total),
      mae: absolute / total,
      r2: spread === 0 ? 0 : 1 - square / spread,
      mape: share(relative, kept),
      bias: bias / total,
    };
  };
  return { units: truth.length, cost: 2 * truth.length, measure };
};

const classesMeter = (truth: string[], answers: string[]): Meter => ({
  units: truth.length,
  cost: 12 * truth.length,
  measure: (weights) => {
    const rows = weights ? Array.from(weights).flatMap((count, i) => Array.from({ length: count }, () => i)) : Array.from(truth.keys());
    const { accuracy, balancedAccuracy, macro, weighted, mcc } = labelScores(
      rows.map((i) => truth[i]!),
      rows.map((i) => answers[i]!),
    );
    return { accuracy, balancedAccuracy, macroF1: macro.f, weightedF1: weighted.f, mcc };
  },
});

/** Lists of a ranking, one a query; an item is its row, so that equal scores are broken by the order of rows. */
export const rankingsOf = (truth: Float64Array, scores: Float64Array, queries: readonly string[]): ranking.Ranking[] =>
  [...Map.groupBy(queries.keys(), (i) => queries[i]!).values()].map((rows) => {
    const ranked = [...rows].sort((a, b) => scores[b]! - scores[a]! || a - b).map(String);
    return { ranked, relevant: new Map(rows.filter((i) => truth[i]! > 0).map((i) => [String(i), truth[i]!])) };
  });

const rankingMeter = (truth: Float64Array, scores: Float64Array, queries: readonly string[], k: number): Meter => {
  const lists = rankingsOf(truth, scores, queries).filter((list) => list.relevant.size > 0);
  const names: [string, (list: ranking.Ranking[]) => number][] = [
    ["ndcg", (list) => ranking.ndcgAtK(list, k)],
    ["map", (list) => ranking.meanAveragePrecision(list, k)],
    ["mrr", ranking.meanReciprocalRank],
    ["recallAtK", (list) => ranking.recallAtK(list, k)],
    ["precisionAtK", (list) => ranking.precisionAtK(list, k)],
    ["hitRate", (list) => ranking.hitRateAtK(list, k)],
  ];
  const own = names.map(([name, of]) => [name, lists.map((list) => of([list]))] as const);
  return {
    units: lists.length,
    cost: 6 * lists.length,
    measure: (weights) => {
      const total = weights ? weights.reduce((sum, w) => sum + w, 0) : lists.length;
      return Object.fromEntries(
        own.map(([name, values]) => [
          name,
          share(
            values.reduce((sum, value, i) => sum + value * one(weights, i), 0),
            total,
          ),
        ]),
      );
    },
  };
};

/** The meter of an evidence. */
export const meterOf = (evidence: Evidence, { threshold, k }: MeterOptions): Meter => {
  switch (evidence.kind) {
    case "binary":
      return binaryMeter(evidence.truth, evidence.scores, threshold);
    case "number":
      return numberMeter(evidence.truth, evidence.scores);
    case "classes":
      return classesMeter(evidence.truth, evidence.answers);
    case "ranking":
      return rankingMeter(evidence.truth, evidence.scores, evidence.queries, k);
    case "text":
      return textMeter(evidence.truth, evidence.answers);
  }
};

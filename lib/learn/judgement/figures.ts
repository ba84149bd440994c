// The figures of a report, thinned to what a chart can show: curves of a probability with counts at a hundred thresholds, residuals of a
// number, the confusion of classes. Curves of the baseline stand beside.
import type { Evidence } from "#lib/learn/judgement/evidence.ts";
import { rankingsOf } from "#lib/learn/judgement/meters.ts";
import { calibrationBins, prCurve, rocCurve } from "#lib/learn/metrics/classification.ts";
import { confusionMatrix } from "#lib/learn/metrics/labels.ts";
import { ndcgAtK } from "#lib/learn/metrics/ranking.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { quantile } from "#lib/learn/stats/profile.ts";
import { rouge } from "#lib/learn/text/rouge.ts";

type Curves = {
  roc: { x: number; y: number }[];
  pr: { x: number; y: number }[];
  calibration: { predicted: number; observed: number; n: number }[];
  /** Share of positives found (y) among the first share of rows by score (x). */
  gain: { x: number; y: number }[];
};
export type Figures = {
  curves: (Curves & { baseline: Curves | null }) | null;
  /** Counts when scores from the threshold on are called positive. */
  thresholds: { threshold: number; tp: number; fp: number; tn: number; fn: number }[] | null;
  residuals: { sample: { truth: number; predicted: number }[]; histogram: { from: number; to: number; count: number }[] } | null;
  confusion: { labels: string[]; counts: number[][] } | null;
  /** How many units score what: rows of texts by ROUGE-L, queries by NDCG@k. */
  units: { from: number; to: number; count: number }[] | null;
};

const curveLimit = 120;
const sampleLimit = 600;
const labelLimit = 20;
const short = (value: number): number => Number(value.toPrecision(5));

const gainOf = (truth: Float64Array, scores: Float64Array): Curves["gain"] => {
  const order = Uint32Array.from({ length: truth.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const all = truth.reduce((sum, y) => sum + y, 0);
  const steps = Math.min(50, truth.length);
  let [seen, found] = [0, 0];
  const points = Array.from({ length: steps }, (_, step) => {
    const until = Math.round(((step + 1) * truth.length) / steps);
    for (; seen < until; seen++) found += truth[order[seen]!]!;
    return { x: short(until / truth.length), y: all === 0 ? 0 : short(found / all) };
  });
  return [{ x: 0, y: 0 }, ...points];
};

const curvesOf = (truth: Float64Array, scores: Float64Array): Curves => ({
  roc: rocCurve(truth, scores, curveLimit).map(({ fpr, tpr }) => ({ x: short(fpr), y: short(tpr) })),
  pr: prCurve(truth, scores, curveLimit).map(({ recall, precision }) => ({ x: short(recall), y: short(precision) })),
  calibration: calibrationBins(truth, scores).map((bin) => ({ ...bin, predicted: short(bin.predicted), observed: short(bin.observed) })),
  gain: gainOf(truth, scores),
});

const thresholdsOf = (truth: Float64Array, scores: Float64Array): NonNullable<Figures["thresholds"]> => {
  const [positive, negative] = [new Float64Array(101), new Float64Array(101)];
  for (let i = 0; i < truth.length; i++) {
    const at = Math.max(0, Math.min(100, Math.floor(scores[i]! * 100 + 1e-9)));
    if (truth[i] === 1) positive[at]! += 1;
    else negative[at]! += 1;
  }
  const [all, none] = [positive.reduce((a, b) => a + b, 0), negative.reduce((a, b) => a + b, 0)];
  let [tp, fp] = [all, none];
  return Array.from({ length: 101 }, (_, at) => {
    const row = { threshold: at / 100, tp, fp, tn: none - fp, fn: all - tp };
    tp -= positive[at]!;
    fp -= negative[at]!;
    return row;
  });
};

const residualsOf = (truth: Float64Array, scores: Float64Array): NonNullable<Figures["residuals"]> => {
  const misses = truth.map((y, i) => scores[i]! - y).sort();
  const [low, high] = [quantile(misses, 0.005), quantile(misses, 0.995)];
  const width = (high - low) / 30 || 1;
  const histogram = Array.from({ length: 30 }, (_, i) => ({ from: short(low + i * width), to: short(low + (i + 1) * width), count: 0 }));
  for (const miss of misses) histogram[Math.max(0, Math.min(29, Math.floor((miss - low) / width)))]!.count += 1;
  const rows = shuffled(truth.length, mulberry32(1)).subarray(0, sampleLimit);
  return { histogram, sample: Array.from(rows, (row) => ({ truth: short(truth[row]!), predicted: short(scores[row]!) })) };
};

/** Rare labels are gathered as "others", so that the table can be read. */
const confusionOf = (truth: readonly string[], answers: readonly string[]): NonNullable<Figures["confusion"]> => {
  const counts = new Map<string, number>();
  for (const label of truth) counts.set(label, (counts.get(label) ?? 0) + 1);
  const kept = new Set(
    [...counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, labelLimit)
      .map(([label]) => label),
  );
  const named = (label: string): string => (kept.has(label) ? label : "others");
  const { labels, confusion } = confusionMatrix(truth.map(named), answers.map(named));
  return { labels: labels.map(String), counts: confusion };
};

const unitBins = 20;

/** Scores from 0 to 1 in bins of a twentieth. */
const unitsOf = (scores: readonly number[]): NonNullable<Figures["units"]> => {
  const bins = Array.from({ length: unitBins }, (_, i) => ({ from: i / unitBins, to: (i + 1) / unitBins, count: 0 }));
  for (const score of scores) bins[Math.min(unitBins - 1, Math.floor(score * unitBins + 1e-9))]!.count += 1;
  return bins;
};

/** Figures of a kind; what a kind has not is null. */
export const figuresOf = (evidence: Evidence, baseline: Evidence | null, k: number): Figures => {
  const none: Figures = { curves: null, thresholds: null, residuals: null, confusion: null, units: null };
  switch (evidence.kind) {
    case "binary": {
      const { truth, scores } = evidence;
      const beside = baseline?.kind === "binary" ? curvesOf(baseline.truth, baseline.scores) : null;
      return { ...none, curves: { ...curvesOf(truth, scores), baseline: beside }, thresholds: thresholdsOf(truth, scores) };
    }
    case "number":
      return { ...none, residuals: residualsOf(evidence.truth, evidence.scores) };
    case "classes":
      return { ...none, confusion: confusionOf(evidence.truth, evidence.answers) };
    case "text":
      return { ...none, units: unitsOf(evidence.answers.map((answer, i) => rouge("rougeL", [evidence.truth[i]!], answer).f)) };
    case "ranking": {
      const lists = rankingsOf(evidence.truth, evidence.scores, evidence.queries).filter((list) => list.relevant.size > 0);
      return { ...none, units: unitsOf(lists.map((list) => ndcgAtK([list], k))) };
    }
  }
};

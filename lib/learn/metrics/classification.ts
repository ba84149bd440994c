// Metrics of a probability against 0/1 truth, defined as in scikit-learn; undefined ratios are 0.

type Labels = ArrayLike<number>;
type Scores = ArrayLike<number>;

const byScore = (scores: Scores): Uint32Array =>
  Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);

const positives = (labels: Labels): number => {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += labels[i]!;
  return sum;
};

const check = (labels: Labels, scores: Scores): void => {
  if (labels.length !== scores.length) throw new Error(`${labels.length} labels, but ${scores.length} scores. They go row by row.`);
};

/**
 * Area under the ROC curve by ranks, ties count one half; NaN when one class is absent.
 *
 * @example
 * learn.rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]); // → 0.75
 */
export const rocAuc = (labels: Labels, scores: Scores): number => {
  check(labels, scores);
  const order = byScore(scores).reverse();
  const n = labels.length;
  const hits = positives(labels);
  if (hits === 0 || hits === n) return Number.NaN;
  let rankSum = 0;
  for (let i = 0; i < n; ) {
    let j = i;
    while (j < n && scores[order[j]!] === scores[order[i]!]) j += 1;
    const rank = (i + 1 + j) / 2;
    for (let k = i; k < j; k++) if (labels[order[k]!]) rankSum += rank;
    i = j;
  }
  return (rankSum - (hits * (hits + 1)) / 2) / (hits * (n - hits));
};

/** Points at every distinct threshold, from strict to lax: true and false positives so far. */
const sweep = (labels: Labels, scores: Scores): { threshold: number; tp: number; fp: number }[] => {
  check(labels, scores);
  const order = byScore(scores);
  const points: { threshold: number; tp: number; fp: number }[] = [];
  let tp = 0;
  let fp = 0;
  for (let i = 0; i < order.length; i++) {
    if (labels[order[i]!]) tp += 1;
    else fp += 1;
    if (i + 1 === order.length || scores[order[i + 1]!] !== scores[order[i]!]) points.push({ threshold: scores[order[i]!]!, tp, fp });
  }
  return points;
};

/**
 * Average precision Σ (R_n − R_{n−1})·P_n over distinct thresholds, without interpolation.
 *
 * @example
 * learn.averagePrecision([0, 1, 1], [0.1, 0.8, 0.6]); // → 1
 */
export const averagePrecision = (labels: Labels, scores: Scores): number => {
  const hits = positives(labels);
  let sum = 0;
  let before = 0;
  for (const { tp, fp } of sweep(labels, scores)) {
    sum += ((tp - before) / hits) * (tp / (tp + fp));
    before = tp;
  }
  return hits === 0 ? 0 : sum;
};

/**
 * Mean negative log-likelihood in nats; probabilities are clipped to [1e-15, 1 − 1e-15].
 *
 * @example
 * learn.logLoss([1, 1], [1, 1]) < 1e-9; // → true
 */
export const logLoss = (labels: Labels, scores: Scores): number => {
  check(labels, scores);
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = Math.min(1 - 1e-15, Math.max(1e-15, scores[i]!));
    sum -= labels[i] ? Math.log(p) : Math.log(1 - p);
  }
  return sum / labels.length;
};

/**
 * Mean squared distance of probability and truth.
 *
 * @example
 * learn.brier([0, 1], [0.5, 0.5]); // → 0.25
 */
export const brier = (labels: Labels, scores: Scores): number => {
  check(labels, scores);
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += (scores[i]! - labels[i]!) ** 2;
  return sum / labels.length;
};

/**
 * Greatest distance of the two classes' score distributions (Kolmogorov–Smirnov); NaN when one class is absent.
 *
 * @example
 * learn.ksStatistic([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]); // → 1
 */
export const ksStatistic = (labels: Labels, scores: Scores): number => {
  const hits = positives(labels);
  if (hits === 0 || hits === labels.length) return Number.NaN;
  return sweep(labels, scores).reduce((most, { tp, fp }) => Math.max(most, Math.abs(tp / hits - fp / (labels.length - hits))), 0);
};

/**
 * Counts and ratios at a threshold; a score equal to it counts as positive.
 *
 * @example
 * learn.atThreshold([0, 1, 1], [0.2, 0.9, 0.4], 0.5).recall; // → 0.5
 */
export const atThreshold = (labels: Labels, scores: Scores, threshold = 0.5) => {
  check(labels, scores);
  let [tp, fp, tn, fn] = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    const isCalled = scores[i]! >= threshold;
    if (isCalled && labels[i]) tp += 1;
    else if (isCalled) fp += 1;
    else if (labels[i]) fn += 1;
    else tn += 1;
  }
  const precision = ratio(tp, tp + fp);
  const recall = ratio(tp, tp + fn);
  return {
    tp,
    fp,
    tn,
    fn,
    precision,
    recall,
    f1: ratio(2 * precision * recall, precision + recall),
    accuracy: (tp + tn) / labels.length,
  };
};

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * At most `limit` points: those where `along`, which grows from 0 to 1, has gone a step further, and the last. Every n-th point would skip
 * the steep part, which is all there is to see where positives are rare.
 */
const thin = <T>(points: T[], limit: number, along: (point: T) => number): T[] => {
  if (points.length <= limit) return points;
  let next = 0;
  return points.filter((point, i) => {
    if (along(point) < next && i < points.length - 1) return false;
    next = along(point) + 1 / (limit - 2);
    return true;
  });
};

/**
 * The ROC curve as at most `limit` points, from (0, 0) to (1, 1).
 *
 * @example
 * learn.rocCurve([0, 1], [0.2, 0.9]).at(-1).tpr; // → 1
 */
export const rocCurve = (labels: Labels, scores: Scores, limit = 200): { fpr: number; tpr: number; threshold: number }[] => {
  const hits = positives(labels);
  const points = sweep(labels, scores).map(({ tp, fp, threshold }) => ({
    fpr: ratio(fp, labels.length - hits),
    tpr: ratio(tp, hits),
    threshold,
  }));
  return [{ fpr: 0, tpr: 0, threshold: Number.POSITIVE_INFINITY }, ...thin(points, limit, ({ fpr, tpr }) => (fpr + tpr) / 2)];
};

/**
 * The precision–recall curve as at most `limit` points.
 *
 * @example
 * learn.prCurve([0, 1], [0.2, 0.9])[0].precision; // → 1
 */
export const prCurve = (labels: Labels, scores: Scores, limit = 200): { precision: number; recall: number; threshold: number }[] => {
  const hits = positives(labels);
  return thin(
    sweep(labels, scores).map(({ tp, fp, threshold }) => ({ precision: tp / (tp + fp), recall: ratio(tp, hits), threshold })),
    limit,
    ({ recall }) => recall,
  );
};

/**
 * Predicted against observed rate in equal-width bins; empty bins are left out.
 *
 * @example
 * learn.calibrationBins([0, 1], [0.5, 0.5], 10)[0].observed; // → 0.5
 */
export const calibrationBins = (labels: Labels, scores: Scores, bins = 10): { predicted: number; observed: number; n: number }[] => {
  check(labels, scores);
  const sums = Array.from({ length: bins }, () => ({ p: 0, y: 0, n: 0 }));
  for (let i = 0; i < labels.length; i++) {
    const bin = sums[Math.min(bins - 1, Math.floor(scores[i]! * bins))]!;
    bin.p += scores[i]!;
    bin.y += labels[i]!;
    bin.n += 1;
  }
  return sums.filter((bin) => bin.n > 0).map(({ p, y, n }) => ({ predicted: p / n, observed: y / n, n }));
};

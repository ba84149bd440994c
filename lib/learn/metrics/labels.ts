// Metrics of predicted labels against true ones, any number of classes, defined as in scikit-learn. A ratio with nothing below the line is 0
// and named in `undefinedFor`, so that a reader knows it was not measured.

type Label = string | number;

export type ClassScore = { label: Label; precision: number; recall: number; f: number; support: number };
export type Averages = { precision: number; recall: number; f: number };
export type LabelScores = {
  labels: Label[];
  /** Rows true, columns predicted, in the order of `labels`. */
  confusion: number[][];
  classes: ClassScore[];
  accuracy: number;
  balancedAccuracy: number;
  macro: Averages;
  micro: Averages;
  weighted: Averages;
  /** Matthews' correlation, Gorodkin's form for many classes. */
  mcc: number;
  undefinedFor: string[];
};

/**
 * Counts of (true, predicted), labels in order.
 *
 * @example
 * learn.confusionMatrix(["a", "a", "b"], ["a", "b", "b"]).confusion; // → [[1,1],[0,1]]
 */
export const confusionMatrix = (truth: ArrayLike<Label>, predicted: ArrayLike<Label>): { labels: Label[]; confusion: number[][] } => {
  if (truth.length !== predicted.length || truth.length === 0)
    throw new Error(`${truth.length} true labels, but ${predicted.length} predicted. They go row by row.`);
  const labels = [...new Set([...Array.from(truth), ...Array.from(predicted)])].sort((a, b) => (a < b ? -1 : 1));
  const place = new Map(labels.map((label, i) => [label, i]));
  const confusion = labels.map(() => labels.map(() => 0));
  for (let i = 0; i < truth.length; i++) confusion[place.get(truth[i]!)!]![place.get(predicted[i]!)!]! += 1;
  return { labels, confusion };
};

const matthews = (confusion: number[][], rows: number[], columns: number[], n: number): number => {
  const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
  const dot = (a: number[], b: number[]): number => a.reduce((sum, one, i) => sum + one * b[i]!, 0);
  const spread = Math.sqrt((n * n - dot(columns, columns)) * (n * n - dot(rows, rows)));
  return spread === 0 ? 0 : (right * n - dot(rows, columns)) / spread;
};

/**
 * Everything that follows from the confusion of labels; F weighs recall β times precision.
 *
 * @example
 * learn.labelScores(["a", "a", "b", "c"], ["a", "b", "b", "c"]).accuracy; // → 0.75
 */
export const labelScores = (truth: ArrayLike<Label>, predicted: ArrayLike<Label>, beta = 1): LabelScores => {
  const { labels, confusion } = confusionMatrix(truth, predicted);
  const n = truth.length;
  const rows = confusion.map((row) => row.reduce((sum, one) => sum + one, 0));
  const columns = labels.map((_, j) => confusion.reduce((sum, row) => sum + row[j]!, 0));
  const undefinedFor: string[] = [];
  const ratio = (part: number, whole: number, name: string): number => {
    if (whole === 0) undefinedFor.push(name);
    return whole === 0 ? 0 : part / whole;
  };
  const classes = labels.map((label, i) => {
    const hits = confusion[i]![i]!;
    const precision = ratio(hits, columns[i]!, `precision of ${label}`);
    const recall = ratio(hits, rows[i]!, `recall of ${label}`);
    const f = ((1 + beta ** 2) * hits) / (beta ** 2 * rows[i]! + columns[i]!);
    return { label, precision, recall, f, support: rows[i]! };
  });
  const average = (weight: (one: ClassScore) => number): Averages => {
    const mean = (of: (one: ClassScore) => number): number => classes.reduce((sum, one) => sum + of(one) * weight(one), 0);
    return { precision: mean((one) => one.precision), recall: mean((one) => one.recall), f: mean((one) => one.f) };
  };
  const accuracy = confusion.reduce((sum, row, i) => sum + row[i]!, 0) / n;
  const seen = classes.filter((one) => one.support > 0);
  return {
    labels,
    confusion,
    classes,
    accuracy,
    balancedAccuracy: seen.reduce((sum, one) => sum + one.recall, 0) / seen.length,
    macro: average(() => 1 / labels.length),
    micro: { precision: accuracy, recall: accuracy, f: accuracy },
    weighted: average((one) => one.support / n),
    mcc: matthews(confusion, rows, columns, n),
    undefinedFor,
  };
};

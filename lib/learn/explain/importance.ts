// What matters to a model: the estimator's own shares, summed by raw column; how much worse it gets when a column is shuffled; and how its
// answer moves along one column when all else stays.
import type { Fitted } from "#lib/learn/estimators/estimator.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { type Columns, columnOf, isNumeric, rowCount, takeRows } from "#lib/learn/tables/table.ts";

/**
 * Shares of importance by raw column, the largest first; empty for estimators that have none (neighbours, clusters).
 * @example
 * importance(model); // [{ column: "age", share: 0.41 }, …]
 */
export const importance = (model: Fitted): { column: string; share: number }[] => {
  const { head, pipeline } = model.inside;
  const sums = new Map<string, number>();
  for (const [j, feature] of pipeline.features.entries())
    if (head.importance) sums.set(feature.column, (sums.get(feature.column) ?? 0) + head.importance[j]!);
  return [...sums].map(([column, share]) => ({ column, share })).sort((a, b) => b.share - a.share || (a.column < b.column ? -1 : 1));
};

/** Metrics where more is worse. */
const isLoss = (metric: string): boolean => /loss|brier|mae|rmse|inertia/i.test(metric);

/**
 * How much a metric drops, on average, when one raw column is shuffled; negative when the model is better without it.
 * @example
 * permutationImportance(model, test, { metric: "auc", repeats: 10 });
 */
export const permutationImportance = (
  model: Fitted,
  table: Columns,
  options: { metric?: string; repeats?: number; seed?: number } = {},
): { column: string; mean: number; sd: number }[] => {
  const { repeats = 5, seed = 0 } = options;
  const before = model.evaluate(table);
  const metric = options.metric ?? Object.keys(before)[0] ?? "";
  if (!(metric in before)) throw new Error(`There is no metric ${metric}. This model has: ${Object.keys(before).join(", ")}.`);
  const random = mulberry32(seed);
  const sign = isLoss(metric) ? -1 : 1;
  return model.signature.inputs
    .map(({ name }) => {
      const drops = Array.from({ length: repeats }, () => {
        const column = takeRows({ [name]: columnOf(table, name) }, shuffled(rowCount(table), random))[name]!;
        return sign * (before[metric]! - model.evaluate({ ...table, [name]: column })[metric]!);
      });
      const mean = drops.reduce((sum, one) => sum + one, 0) / repeats;
      const sd = Math.sqrt(drops.reduce((sum, one) => sum + (one - mean) ** 2, 0) / repeats);
      return { column: name, mean, sd };
    })
    .sort((a, b) => b.mean - a.mean);
};

/** Values to stand on: quantiles of numbers, the most frequent levels of texts. */
const gridOf = (column: Float64Array | string[], points: number): (number | string)[] => {
  if (isNumeric(column)) {
    const sorted = column.filter((value) => Number.isFinite(value)).sort();
    const grid = Array.from({ length: points }, (_, i) => sorted[Math.round((i * (sorted.length - 1)) / Math.max(1, points - 1))]!);
    return [...new Set(grid)].filter((value) => value !== undefined);
  }
  const counts = new Map<string, number>();
  for (const level of column) counts.set(level, (counts.get(level) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, points)
    .map(([level]) => level);
};

/**
 * The model's mean answer when a column has each of some values in every row (Friedman 2001). `output` picks the class where there are
 * several.
 * @example
 * partialDependence(model, test, "age", { points: 20 });
 */
export const partialDependence = (
  model: Fitted,
  table: Columns,
  column: string,
  options: { points?: number; output?: number } = {},
): { value: number | string; mean: number }[] => {
  const { points = 20, output = 0 } = options;
  const own = columnOf(table, column);
  const n = rowCount(table);
  const main = model.signature.outputs[0]!.name;
  return gridOf(own, points).map((value) => {
    const moved = typeof value === "number" ? new Float64Array(n).fill(value) : Array<string>(n).fill(value);
    const { data, width } = model.answer({ ...table, [column]: moved })[main]!;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += data[i * width + output] as number;
    return { value, mean: sum / n };
  });
};

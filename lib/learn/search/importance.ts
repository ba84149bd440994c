// How much each parameter matters to the first objective: a forest of small regression trees is grown on the complete trials, and a
// parameter's share is the fall of squared error its splits brought (mean decrease of impurity, as Optuna's evaluator of that name).
// A choice is coded by the mean value of its trials, a parameter that was not there lies below all others. Small and without threads,
// because a page asks for it at every look; lib/learn/estimators holds the forest for tables.
import { mulberry32 } from "#lib/learn/random.ts";
import type { Space } from "#lib/learn/search/space.ts";
import type { Trial } from "#lib/learn/search/trials.ts";

const trees = 48;
const depth = 8;
const fewest = 10;
const most = 500;

const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / of.length;

/** A column for the trees: numbers (in logarithms where searched so), choices by the mean of their trials. */
const encode = (space: Space, name: string, trials: readonly Trial[], y: readonly number[]): number[] => {
  const dimension = space[name]!;
  if (dimension.type !== "categorical")
    return trials.map(({ params }) => {
      if (!(name in params)) return Number.NEGATIVE_INFINITY;
      return dimension.log ? Math.log(Number(params[name])) : Number(params[name]);
    });
  const means = new Map(
    dimension.choices.map((choice) => [choice, mean(y.filter((_, i) => trials[i]!.params[name] === choice).concat(mean(y)))]),
  );
  return trials.map(({ params }) => (name in params ? means.get(params[name]!)! : Number.NEGATIVE_INFINITY));
};

type Split = { column: number; gain: number; cut: number };

const bestSplit = (columns: readonly number[][], y: readonly number[], rows: readonly number[]): Split | null => {
  const total = rows.reduce((sum, i) => sum + y[i]!, 0);
  let best: Split | null = null;
  for (const [column, x] of columns.entries()) {
    const order = [...rows].sort((a, b) => (x[a] === x[b] ? a - b : x[a]! - x[b]!));
    let left = 0;
    for (let k = 1; k < order.length; k++) {
      left += y[order[k - 1]!]!;
      if (x[order[k - 1]!] === x[order[k]!]) continue;
      const gain = left ** 2 / k + (total - left) ** 2 / (order.length - k) - total ** 2 / order.length;
      if (gain > (best?.gain ?? 1e-12)) best = { column, gain, cut: x[order[k]!]! };
    }
  }
  return best;
};

const grow = (columns: readonly number[][], y: readonly number[], rows: readonly number[], left: number, gains: number[]): void => {
  if (left === 0 || rows.length < 4) return;
  const split = bestSplit(columns, y, rows);
  if (!split) return;
  gains[split.column]! += split.gain;
  const isLow = (i: number): boolean => columns[split.column]![i]! < split.cut;
  grow(columns, y, rows.filter(isLow), left - 1, gains);
  grow(
    columns,
    y,
    rows.filter((i) => !isLow(i)),
    left - 1,
    gains,
  );
};

/** Shares that sum to 1, the greatest first; empty with fewer than ten complete trials or when nothing made a difference. */
export const forestImportance = (space: Space, all: readonly Trial[]): { name: string; share: number }[] => {
  const trials = all.filter((one) => one.state === "complete" && Number.isFinite(one.values[0])).slice(-most);
  if (trials.length < fewest) return [];
  const names = Object.keys(space);
  const y = trials.map((one) => one.values[0]!);
  const columns = names.map((name) => encode(space, name, trials, y));
  const random = mulberry32(1);
  const gains = names.map(() => 0);
  for (let tree = 0; tree < trees; tree++) {
    const rows = trials.map(() => Math.floor(random() * trials.length));
    grow(columns, y, rows, depth, gains);
  }
  const sum = gains.reduce((total, one) => total + one, 0);
  if (!(sum > 0)) return [];
  return names.map((name, j) => ({ name, share: gains[j]! / sum })).sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
};

// How much each parameter matters to the first objective: lib/learn/trees' forest is grown on the complete trials, and a parameter's share is
// the fall of squared error that its splits brought (mean decrease of impurity, as Optuna's evaluator of that name). A choice is a level, a
// parameter that was not there is missing. Few shallow trees without threads, because a page waits for it.
import type { Feature } from "#lib/learn/preprocess/encoder.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import type { Space } from "#lib/learn/search/space.ts";
import type { Trial } from "#lib/learn/search/trials.ts";
import { binMatrix, spansOf } from "#lib/learn/trees/bins.ts";
import { flatten, gainShares } from "#lib/learn/trees/ensemble.ts";
import { bootstrap, growForestTree } from "#lib/learn/trees/forest-grower.ts";

/** Trees for as many values as that, never more than 64 nor fewer than 16. */
const worth = 600_000;
const depth = 12;
const maxBins = 64;
const fewest = 10;
const most = 500;

const featureOf = (space: Space, name: string): Feature => {
  const dimension = space[name]!;
  if (dimension.type !== "categorical") return { name, column: name, kind: "number" };
  return { name, column: name, kind: "code", levels: dimension.choices.map(String) };
};

/** A value as the trees see it: numbers in logarithms where they are searched so, choices by their place. */
const codeOf = (space: Space, name: string, { params }: Trial): number => {
  const dimension = space[name]!;
  if (!(name in params)) return Number.NaN;
  if (dimension.type === "categorical") return dimension.choices.indexOf(params[name]!);
  return dimension.log ? Math.log(Number(params[name])) : Number(params[name]);
};

/** In units of their spread around their mean, so that the trees' idea of a gain too small holds for values of any size. */
const standardized = (values: readonly number[]): Float64Array => {
  const mean = values.reduce((sum, one) => sum + one / values.length, 0);
  const spread = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2 / values.length, 0));
  return Float64Array.from(values, (one) => (spread > 0 ? (one - mean) / spread : 0));
};

/** Shares that sum to 1, the greatest first; empty with fewer than ten complete trials or when nothing made a difference. */
export const forestImportance = (space: Space, all: readonly Trial[]): { name: string; share: number }[] => {
  const trials = all.filter((one) => one.state === "complete" && Number.isFinite(one.values[0])).slice(-most);
  if (trials.length < fewest) return [];
  const names = Object.keys(space);
  const rows = trials.length;
  const x = {
    rows,
    width: names.length,
    data: Float32Array.from(trials.flatMap((trial) => names.map((name) => codeOf(space, name, trial)))),
  };
  const data = binMatrix(
    x,
    names.map((name) => featureOf(space, name)),
    maxBins,
  );
  const targets = standardized(trials.map((one) => one.values[0]!));
  const table = { data, spans: spansOf(x, data), targets, width: 1 };
  const random = mulberry32(1);
  const even = new Float64Array(rows).fill(1);
  const how = { depth, minLeaf: 1, columns: names.length };
  const trees = Math.max(16, Math.min(64, Math.floor(worth / (rows * names.length))));
  const forest = flatten(
    Array.from({ length: trees }, () => growForestTree(table, bootstrap(even, random), how, random)),
    1,
    [0],
  );
  const shares = gainShares(forest, names.length);
  if (shares.every((one) => one === 0)) return [];
  return names.map((name, j) => ({ name, share: shares[j]! })).sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
};

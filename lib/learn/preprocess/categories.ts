// Categories: one column a level, the code of the level for trees that split on sets of levels, or the smoothed mean of the target by
// level. The target mean of a training row is taken from the other folds only: a row that saw its own label would teach the estimator to
// trust a number that is worthless on new rows.
import { type Encoder, type Encoding, type Goal, type Place, writeLookup } from "#lib/learn/preprocess/encoder.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import type { Column } from "#lib/learn/tables/table.ts";

/** Levels with their counts, the most frequent first, ties by alphabet; missing ("") is none. */
const countedLevels = (column: readonly string[]): [string, number][] => {
  const counts = new Map<string, number>();
  for (const level of column) if (level !== "") counts.set(level, (counts.get(level) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
};

const keptLevels = (column: Column, limit: number, atLeast: number): string[] =>
  countedLevels(column as string[])
    .filter(([, n]) => n >= atLeast)
    .slice(0, limit)
    .map(([level]) => level)
    .sort();

type LevelOptions = {
  /** The most frequent levels that count; the others are like missing. */
  limit?: number;
  /** Rows a level has at least. */
  atLeast?: number;
};

/**
 * One column a level. Missing, rare and unseen levels are zero in all of them.
 * @example
 * logisticRegression({ preprocess: { Home: oneHot({ limit: 20, atLeast: 5 }) } });
 */
export const oneHot = (options: LevelOptions = {}): Encoding => {
  const { limit = 100, atLeast = 1 } = options;
  return {
    takes: "text",
    fit: (column, { name }) => {
      const levels = keptLevels(column, limit, atLeast);
      const places = new Map(levels.map((level, k) => [level, k]));
      return {
        features: levels.map((level) => ({ name: `${name} = ${level}`, column: name, kind: "indicator" as const })),
        encode: (values, { data, width, at }) => {
          for (let i = 0; i < values.length; i++) {
            const place = places.get(values[i] as string);
            if (place !== undefined) data[i * width + at + place] = 1;
          }
        },
        write: (builder, from) => {
          const hot = builder.node("OneHotEncoder", [from], { cats_strings: levels, zeros: 1 }, { domain: "ai.onnx.ml" });
          return builder.node("Reshape", [hot, builder.integers([-1, levels.length])]);
        },
      };
    },
  };
};

/** Looks every value up in a map and writes what stands there. */
const lookup =
  (map: ReadonlyMap<string, number>, absent: number) =>
  (values: Column, { data, width, at }: Place): void => {
    for (let i = 0; i < values.length; i++) data[i * width + at] = map.get(values[i] as string) ?? absent;
  };

/**
 * The place of the level in the alphabet of levels, as a number: what trees get unless told otherwise. Names often carry an order (grades,
 * ages in brackets, codes), and thresholds overfit less than sets do. Missing and unseen levels are NaN.
 * @example
 * boostedTrees({ preprocess: { sub_grade: levelOrder() } });
 */
export const levelOrder = (options: LevelOptions = {}): Encoding => {
  const { limit = 10_000, atLeast = 1 } = options;
  return {
    takes: "text",
    fit: (column, { name }) => {
      const places = new Map(keptLevels(column, limit, atLeast).map((level, place) => [level, place]));
      return {
        features: places.size === 0 ? [] : [{ name, column: name, kind: "number" }],
        encode: lookup(places, Number.NaN),
        write: (builder, from) => writeLookup(builder, from, places, Number.NaN),
      };
    },
  };
};

/**
 * The code of the level, NaN where it is missing, rare or unseen: for trees, which split codes as sets.
 * @example
 * boostedTrees({ preprocess: { Home: levelCodes({ atLeast: 5 }) } });
 */
export const levelCodes = (options: LevelOptions = {}): Encoding => {
  const { limit = 200, atLeast = 10 } = options;
  return {
    takes: "text",
    fit: (column, { name }) => {
      const levels = keptLevels(column, Math.min(limit, 250), atLeast);
      const codes = new Map(levels.map((level, code) => [level, code]));
      return {
        features: [{ name, column: name, kind: "code", levels }],
        encode: lookup(codes, Number.NaN),
        write: (builder, from) => writeLookup(builder, from, codes, Number.NaN),
      };
    },
  };
};

type Sums = { total: number; count: number };
const meansOf = (column: readonly string[], y: ArrayLike<number>, smoothing: number, isIn: (row: number) => boolean) => {
  const sums = new Map<string, Sums>();
  let [total, count] = [0, 0];
  for (let i = 0; i < column.length; i++) {
    if (!isIn(i)) continue;
    const own = sums.get(column[i]!) ?? { total: 0, count: 0 };
    own.total += y[i]!;
    own.count += 1;
    sums.set(column[i]!, own);
    total += y[i]!;
    count += 1;
  }
  const prior = count === 0 ? 0 : total / count;
  const means = new Map([...sums].map(([level, own]) => [level, Math.fround((own.total + smoothing * prior) / (own.count + smoothing))]));
  return { prior: Math.fround(prior), means };
};

/** What the target is, seen as one or more numbers: itself, or one 0/1 column a class. */
const targetsOf = (goal: Goal): { suffix: string; y: ArrayLike<number> }[] => {
  if (goal.task === "none") throw new Error("Target encoding needs a target. Use oneHot or hashing where there is none.");
  if (goal.task !== "classes") return [{ suffix: "", y: goal.y }];
  return goal.levels.map((level, k) => ({ suffix: ` (${level})`, y: goal.y.map((one) => (one === k ? 1 : 0)) }));
};

/**
 * The mean target of the level, drawn towards the mean of all by `smoothing` rows' weight. Missing is a level of its own; an unseen
 * level gets the mean of all. Training rows are encoded from the other `folds`.
 * @example
 * boostedTrees({ preprocess: { zip: targetEncoding({ smoothing: 20 }) } });
 */
export const targetEncoding = (options: { smoothing?: number; folds?: number } = {}): Encoding => {
  const { smoothing = 10, folds = 5 } = options;
  if (!(Number.isInteger(folds) && folds >= 2)) throw new Error(`folds: ${folds} cannot be made. Give a whole number from 2.`);
  if (!(smoothing >= 0)) throw new Error(`smoothing: ${smoothing} is not a weight. Give 0 or more.`);
  return {
    takes: "text",
    fit: (column, { name, goal, seed }) => {
      const texts = column as string[];
      const fold = new Uint32Array(texts.length);
      for (const [turn, row] of shuffled(texts.length, mulberry32(seed + 1)).entries()) fold[row] = turn % folds;
      const parts = targetsOf(goal).map(({ suffix, y }) => ({
        feature: { name: `${name} mean target${suffix}`, column: name, kind: "number" as const },
        whole: meansOf(texts, y, smoothing, () => true),
        others: Array.from({ length: folds }, (_, f) => meansOf(texts, y, smoothing, (i) => fold[i] !== f)),
      }));
      const encoder: Encoder = {
        features: parts.map((one) => one.feature),
        encode: (values, place) => {
          for (const [k, { whole }] of parts.entries()) lookup(whole.means, whole.prior)(values, { ...place, at: place.at + k });
        },
        encodeTraining: (values, { data, width, at }) => {
          for (const [k, { others }] of parts.entries())
            for (let i = 0; i < values.length; i++) {
              const { means, prior } = others[fold[i]!]!;
              data[i * width + at + k] = means.get(values[i] as string) ?? prior;
            }
        },
        write: (builder, from) => {
          const columns = parts.map(({ whole }) => writeLookup(builder, from, whole.means, whole.prior));
          return columns.length === 1 ? columns[0]! : builder.node("Concat", columns, { axis: 1 });
        },
      };
      return encoder;
    },
  };
};

// What one should know about a table before learning from it, in words: columns that say nothing, columns that say too much, numbers that
// are no numbers half-way down, dates in mixed formats. Nothing is changed here; each finding says what the encodings will do.

import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { formatsOf, readDate } from "#lib/learn/preprocess/date-formats.ts";
import { greatest, seen } from "#lib/learn/preprocess/encoder.ts";
import { numberIn } from "#lib/learn/preprocess/number-texts.ts";
import { textKind } from "#lib/learn/preprocess/pipeline.ts";
import { type Column, type Columns, columnOf, isNumeric, rowCount, sampleRows } from "#lib/learn/tables/table.ts";

export type FindingKind =
  | "constant"
  | "empty"
  | "infinite"
  | "mixed"
  | "dates"
  | "identifier"
  | "leak"
  | "classes"
  | "wide"
  | "target"
  | "sampled";
/** `isGrave` ones make a fit fail or its result worthless. */
export type Finding = { column: string; kind: FindingKind; sentence: string; isGrave: boolean };

const leakFrom = 0.985;
const shown = (value: string): string => JSON.stringify(value.length > 30 ? `${value.slice(0, 30)}…` : value);

const aboutNumbers = (name: string, column: Float64Array): Finding[] => {
  const given = column.filter((value) => !Number.isNaN(value));
  if (given.length === 0)
    return [{ column: name, kind: "empty", isGrave: false, sentence: `${name} has no value in any row. It takes no part.` }];
  const odd = given.filter((value) => Number.isNaN(seen(value))).length;
  const found: Finding[] = [];
  if (odd > 0)
    found.push({
      column: name,
      kind: "infinite",
      isGrave: false,
      sentence: `${name} is infinite or beyond ${greatest.toExponential(1)} in ${odd} rows. They count as missing.`,
    });
  if (given.every((value) => value === given[0]))
    found.push({
      column: name,
      kind: "constant",
      isGrave: false,
      sentence: `${name} is ${given[0]} wherever it is given. Only its gaps can tell anything.`,
    });
  return found;
};

const aboutMixed = (name: string, column: readonly string[]): Finding => {
  const texts = column.filter((text) => text !== "" && Number.isNaN(numberIn(text)));
  const first = column.findIndex((text) => text !== "" && Number.isNaN(numberIn(text)));
  const rest =
    texts.length === 0
      ? "all of them numbers written as text"
      : `${texts.length} rows hold other text, first row ${first + 1}: ${shown(column[first]!)}`;
  return {
    column: name,
    kind: "mixed",
    isGrave: false,
    sentence: `${name} is a number in most rows; ${rest}. It is read as a number, other text as missing.`,
  };
};

/** A column of which a good part is numbers and a good part is not, as when a source changed half-way; too few numbers to read it as one. */
const aboutTorn = (name: string, column: readonly string[]): Finding[] => {
  const isNumber = column.map((text) => !Number.isNaN(numberIn(text)));
  const given = column.filter((text) => text !== "").length;
  const numbers = isNumber.filter(Boolean).length;
  if (numbers < 0.1 * given || new Set(column.filter((_, i) => isNumber[i])).size < 10) return [];
  const changes = (at: number): boolean => at > 0 && column[at] !== "" && isNumber[at] !== isNumber[at - 1];
  const at = column.findIndex((_, i) => changes(i));
  return [
    {
      column: name,
      kind: "mixed",
      isGrave: false,
      sentence: `${name} changes its type: a number in ${numbers} of ${given} rows and text in the others, the first change in row ${at + 1}: ${shown(column[at]!)}. It is read as levels, each number a level of its own. Make two columns of it, or mend it at its source.`,
    },
  ];
};

const aboutDates = (name: string, column: readonly string[]): Finding => {
  const { formats, share } = formatsOf(column);
  const names = formats.map((format) => format.name);
  const isAmbiguous =
    names.some((one) => one === "03/05/2024" || one === "05/03/2024") &&
    column.every((text) => text === "" || readDate(text, formats[0]!) !== null) &&
    ambiguous(column);
  const how = names.length === 1 ? `written like ${names[0]}` : `written in ${names.length} ways (${names.join(" · ")})`;
  const rest = share < 1 ? ` ${Math.round((1 - share) * 1000) / 10} % are no dates and count as missing.` : "";
  const doubt = isAmbiguous
    ? " No row shows whether day or month comes first; month first is taken. Name the format in dates({ formats }) to be sure."
    : "";
  return { column: name, kind: "dates", isGrave: false, sentence: `${name} is a date, ${how}.${rest}${doubt}` };
};

/** Whether every date with slashes fits day first and month first alike. */
const ambiguous = (column: readonly string[]): boolean =>
  column
    .filter((text) => text !== "")
    .every((text) => {
      const [a, b] = text.split(/[/-]/).map(Number);
      return a !== undefined && b !== undefined && a <= 12 && b <= 12;
    });

const aboutTexts = (name: string, column: readonly string[]): Finding[] => {
  const given = column.filter((text) => text !== "");
  if (given.length === 0)
    return [{ column: name, kind: "empty", isGrave: false, sentence: `${name} has no value in any row. It takes no part.` }];
  const levels = new Set(given);
  if (levels.size === 1)
    return [
      {
        column: name,
        kind: "constant",
        isGrave: false,
        sentence: `${name} is ${shown(given[0]!)} wherever it is given. Only its gaps can tell anything.`,
      },
    ];
  const kind = textKind(column);
  const torn = kind === "levels" ? aboutTorn(name, column) : [];
  if (torn.length > 0) return torn;
  if (kind === "numbers") return [aboutMixed(name, column)];
  if (kind === "dates") return [aboutDates(name, column)];
  if (kind === "levels" && levels.size > 50 && levels.size > 0.9 * given.length)
    return [
      {
        column: name,
        kind: "identifier",
        isGrave: false,
        sentence: `${name} is different in nearly every row (${levels.size} of ${given.length}). An identifier cannot be learned from; drop it.`,
      },
    ];
  return [];
};

/** Scores of one column for a 0/1 target: the number itself, or the rate of its level among every second row, judged on the others. */
const scoresOf = (column: Column, y: Float64Array): { scores: Float64Array; y: Float64Array } => {
  const base = y.reduce((sum, one) => sum + one, 0) / y.length;
  if (isNumeric(column)) return { scores: column.map((value) => (Number.isNaN(seen(value)) ? -greatest : value)), y };
  const rates = new Map<string, { hits: number; n: number }>();
  for (let i = 0; i < y.length; i += 2) {
    const own = rates.get(column[i]!) ?? { hits: 0, n: 0 };
    rates.set(column[i]!, { hits: own.hits + y[i]!, n: own.n + 1 });
  }
  const odd = Array.from({ length: Math.floor(y.length / 2) }, (_, k) => 2 * k + 1);
  const rate = (level: string): number => {
    const own = rates.get(level);
    return own ? (own.hits + base) / (own.n + 1) : base;
  };
  return { scores: Float64Array.from(odd, (i) => rate(column[i]!)), y: Float64Array.from(odd, (i) => y[i]!) };
};

const ranksOf = (values: Float64Array): Float64Array => {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (const [rank, i] of order.entries()) ranks[i] = rank;
  return ranks;
};

const correlation = (a: Float64Array, b: Float64Array): number => {
  const [ma, mb] = [a, b].map((one) => one.reduce((sum, value) => sum + value, 0) / one.length) as [number, number];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
};

const leak = (name: string, target: string, strength: string): Finding => ({
  column: name,
  kind: "leak",
  isGrave: true,
  sentence: `${name} alone tells ${target} almost exactly (${strength}). Was it written after ${target} was known? Drop it unless it is there at prediction time.`,
});

/** Rows a leak is looked for in: what tells the target almost exactly does so in any fifty thousand. */
const leakRows = 50_000;

const leaks = (given: Columns, target: string, positive: string | number | undefined): Finding[] => {
  const table = sampleRows(given, leakRows);
  const column = columnOf(table, target);
  const names = Object.keys(table).filter((name) => name !== target);
  if (positive === undefined && isNumeric(column)) {
    const ranks = ranksOf(column);
    return names.flatMap((name) => {
      const own = table[name]!;
      const strength = isNumeric(own) ? Math.abs(correlation(ranksOf(own), ranks)) : 0;
      return strength > 0.995 ? [leak(name, target, `rank correlation ${strength.toFixed(3)}`)] : [];
    });
  }
  const levels = positive === undefined ? [...new Set(column as string[])].slice(0, 20) : [positive];
  return names.flatMap((name) => {
    const areas = levels.map((one) => {
      const { scores, y } = scoresOf(
        table[name]!,
        Float64Array.from(column as string[], (value) => Number(value === one)),
      );
      const area = rocAuc(y, scores);
      return Number.isNaN(area) ? 0.5 : Math.max(area, 1 - area);
    });
    const best = Math.max(...areas);
    return best >= leakFrom ? [leak(name, target, `AUC ${best.toFixed(3)}`)] : [];
  });
};

const aboutTarget = (table: Columns, target: string, positive: string | number | undefined): Finding[] => {
  const column = columnOf(table, target);
  const missing = Array.from(column as string[]).filter(
    (value: string | number) => value === "" || (typeof value === "number" && !Number.isFinite(value)),
  ).length;
  const found: Finding[] = [];
  if (missing > 0)
    found.push({
      column: target,
      kind: "target",
      isGrave: true,
      sentence: `${target} has no value in ${missing} rows. Leave these rows out.`,
    });
  if (isNumeric(column) && positive === undefined) return found;
  const counts = new Map<string | number, number>();
  for (const value of column) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size < 2)
    found.push({
      column: target,
      kind: "classes",
      isGrave: true,
      sentence: `${target} has only one class. There is nothing to tell apart.`,
    });
  const [level, fewest] = [...counts].sort((a, b) => a[1] - b[1])[0] ?? ["", 0];
  if (counts.size >= 2 && counts.size < 50 && fewest < 10)
    found.push({
      column: target,
      kind: "classes",
      isGrave: false,
      sentence: `${target} is ${shown(String(level))} in only ${fewest} rows. Its metrics will jump about.`,
    });
  return found;
};

/**
 * Looks a table over. The order is: the target, leaks, then columns.
 * @example
 * for (const one of inspect(table, { target: "Class", positive: "bad" })) console.log(one.sentence);
 */
export const inspect = (table: Columns, how: { target?: string; positive?: string | number } = {}): Finding[] => {
  const { target, positive } = how;
  const names = Object.keys(table).filter((name) => name !== target);
  const found = target === undefined ? [] : [...aboutTarget(table, target, positive), ...leaks(table, target, positive)];
  if (names.length > rowCount(table))
    found.push({
      column: "",
      kind: "wide",
      isGrave: false,
      sentence: `There are more columns (${names.length}) than rows (${rowCount(table)}). Linear models need a penalty, and any fit is a guess.`,
    });
  for (const name of names) {
    const column = table[name]!;
    found.push(...(isNumeric(column) ? aboutNumbers(name, column) : aboutTexts(name, column)));
  }
  return found;
};

// AutoML: looks the table over, leaves out what would cheat, races a portfolio under cross-validation, blends the best, and writes what it
// did as notebook cells. The budget of time is kept: a fit that is under way when the time is up ends there, and only one default is tried
// in any case. The budget of memory is kept by the number of rows.
import { blend, greedyWeights } from "#lib/learn/auto/blend.ts";
import { codeFor, estimatorFor, isRandom, kindOf, reseeded } from "#lib/learn/auto/portfolio.ts";
import {
  foldsFor,
  lateAt,
  partsOf,
  qualityOf,
  type Race,
  type Ran,
  runRace,
  type Trial,
  trialCount,
  within,
} from "#lib/learn/auto/race.ts";
import { type Cell, cellsOf } from "#lib/learn/auto/written.ts";
import type { FitOptions, Fitted, Tell } from "#lib/learn/estimators/estimator.ts";
import { type Finding, inspect } from "#lib/learn/preprocess/findings.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { type Column, type Columns, columnOf, isNumeric, rowCount, rowsWith, sampleRows } from "#lib/learn/tables/table.ts";

export type AutoOptions = {
  target: string;
  positive?: string | number;
  budget?: {
    /** Seconds for everything; 300 unless given. */
    seconds?: number;
    /** Megabytes the learning may take, roughly: larger tables are sampled. */
    megabytes?: number;
    /** Trials at most, whatever the time: the same number on any machine finds the same model. */
    trials?: number;
  };
  seed?: number;
  onProgress?: Tell;
  /** Hears every trial so far, after each. */
  onTrials?: (trials: readonly Trial[]) => void;
  /** Hears what was odd in the table before anything is fitted. */
  onFindings?: (findings: readonly Finding[]) => void;
  signal?: AbortSignal;
};

export type { Trial };

type Member = Ran & { weight: number };
export type AutoResult = {
  model: Fitted;
  /** "auc", "logLoss" or "rmse"; what scores are in cross-validation, losses negated. */
  metric: string;
  score: number;
  trials: Trial[];
  /** Folds of the last rung. */
  folds: number;
  findings: Finding[];
  dropped: string[];
  /** A notebook that does it again: prose as markdown, and code. */
  cells: Cell[];
};

const bytesPerCell = 60;
const blendFrom = 16;
const blendOfKind = 3;
const seedLimit = 3;
const modelLimit = 20;

const unfitColumns = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.filter((one) => ["leak", "identifier", "empty"].includes(one.kind)).map((one) => one.column)),
];

/** A number of two values is a yes or no: the greater counts as positive. */
const positiveOf = (column: Column): number | undefined => {
  if (!isNumeric(column)) return undefined;
  const values = new Set<number>();
  for (const value of column) if (Number.isFinite(value) && values.add(value).size > 2) return undefined;
  return values.size === 2 ? Math.max(...values) : undefined;
};

type Prepared = { table: Columns; findings: Finding[]; hasGaps: boolean; sampled: number | null };

/** The rows to learn from: those with a target, and no more than the budget of memory holds; what was done is said. */
const prepare = (given: Columns, how: { target: string; positive?: string | number }, megabytes: number, seed: number): Prepared => {
  const known = rowsWith(given, how.target);
  const limit = Math.max(500, Math.floor((megabytes * 1e6) / (bytesPerCell * Object.keys(given).length)));
  const table = sampleRows(known, limit, seed);
  const [all, taken] = [rowCount(known), rowCount(table)];
  const sentence = `${taken} of ${all} rows were drawn to learn from, because the budget of memory holds no more.`;
  const drawn: Finding[] = taken < all ? [{ column: "", kind: "sampled", isGrave: false, sentence }] : [];
  return { table, findings: [...drawn, ...inspect(given, how)], hasGaps: known !== given, sampled: taken < all ? taken : null };
};

/** What the blend may choose from: the best, and the best of each kind, because what errs differently adds more than what is good alike. */
const poolOf = (ran: readonly Ran[]): Ran[] => {
  const sorted = [...ran].sort((a, b) => b.score - a.score);
  const ofKind = [...Map.groupBy(sorted, (one) => kindOf(one.candidate)).values()].flatMap((own) => own.slice(0, blendOfKind));
  return [...new Set([...sorted.slice(0, blendFrom), ...ofKind])];
};

/**
 * The members with as many seeds as the time left pays for: a mean over seeds has the same error on average and varies less around it.
 * Weights stay whole numbers.
 */
const withSeeds = (members: readonly Member[], endsAt: number): Member[] => {
  let left = (endsAt - Date.now()) / 1000 - members.reduce((sum, one) => sum + 1.5 * one.fitSeconds, 0);
  let models = members.length;
  const seeds = members.map(() => 1);
  for (let round = 2; round <= seedLimit; round++)
    for (const [i, one] of members.entries()) {
      if (!isRandom(one.candidate) || models >= modelLimit || left < 1.5 * one.fitSeconds) continue;
      left -= 1.5 * one.fitSeconds;
      models += 1;
      seeds[i] = round;
    }
  return members.flatMap((one, i) =>
    Array.from({ length: seeds[i]! }, (_, seed) => ({
      ...one,
      candidate: seed === 0 ? one.candidate : reseeded(one.candidate, seed),
      weight: (one.weight * 6) / seeds[i]!,
    })),
  );
};

/** The members of greatest weight whose fits on all rows go into the time left; at least the first. */
const affordable = (members: readonly Member[], endsAt: number): Member[] => {
  let left = (endsAt - Date.now()) / 1000;
  return [...members]
    .sort((a, b) => b.weight - a.weight)
    .filter((one, i) => {
      left -= 1.5 * one.fitSeconds;
      return i === 0 || left > 0;
    });
};

/** What goes into the blend, with weights that are best on the answers to rows kept aside. */
const chosenOf = (race: Race, ran: readonly Ran[], endsAt: number): Member[] => {
  const pool = poolOf(ran);
  const counts = greedyWeights(
    pool.map((one) => one.scores),
    (mean) => qualityOf(race, mean),
  );
  const chosen = pool.flatMap((one, i): Member[] => (counts[i]! > 0 ? [{ ...one, weight: counts[i]! }] : []));
  return withSeeds(affordable(chosen, endsAt), endsAt);
};

/** The members fitted on all rows, one after the other; those whose fit the end of the budget cuts off are left out, but for the first. */
const fitMembers = async (
  { how, preprocess, tell }: Race,
  members: readonly Member[],
  table: Columns,
  endsAt: number,
): Promise<(Member & { model: Fitted })[]> => {
  tell(0.96, `Fitting ${members.length === 1 ? "the best" : `${members.length} models`} on all rows`);
  const late = lateAt(endsAt);
  const fitted: (Member & { model: Fitted })[] = [];
  for (const member of members) {
    const until = fitted.length === 0 ? how : within(how, late);
    try {
      fitted.push({ ...member, model: await estimatorFor(member.candidate, preprocess).fit(table, until) });
    } catch (error) {
      if (how.signal?.aborted || !late.aborted || fitted.length === 0) throw error;
      break;
    }
  }
  return fitted;
};

/**
 * Finds a model for a table within a budget; the result can be read, changed and promoted as cells.
 * @example
 * const found = await auto(table, { target: "churn", positive: "yes", budget: { seconds: 120 } });
 * found.model.predict(fresh);
 * found.cells; // markdown and code that do it again
 */
export const auto = async (given: Columns, options: AutoOptions): Promise<AutoResult> => {
  const { target, budget = {}, seed = 0, onProgress = () => {}, onTrials = () => {}, onFindings = () => {}, signal } = options;
  const { seconds = 300, megabytes = 2000, trials: trialLimit = Number.POSITIVE_INFINITY } = budget;
  if (!(seconds > 0)) throw new Error(`budget: ${seconds} seconds are no time. Give more than 0.`);
  if (!(megabytes > 0)) throw new Error(`budget: ${megabytes} megabytes hold no row. Give more than 0.`);
  if (!(trialLimit >= 1)) throw new Error(`budget: ${trialLimit} trials find nothing. Give 1 or more.`);
  const startedAt = Date.now();
  const column = columnOf(given, target);
  const inferred = options.positive === undefined ? positiveOf(column) : undefined;
  const positive = options.positive ?? inferred;
  const aim = { target, ...(positive === undefined ? {} : { positive }) };
  const { table, findings, hasGaps, sampled } = prepare(given, aim, megabytes, seed);
  if (inferred !== undefined)
    findings.unshift({
      column: target,
      kind: "target",
      isGrave: false,
      sentence: `${target} is a number of two values. It is learned as yes or no, and ${inferred} counts as yes.`,
    });
  onFindings(findings);
  const dropped = unfitColumns(findings).filter((name) => name !== target);
  const isNumber = positive === undefined && isNumeric(column);
  const task = isNumber ? "number" : positive === undefined ? "classes" : "binary";
  const preprocess: Preprocess = Object.fromEntries(dropped.map((name) => [name, "drop"]));
  const parts = partsOf(table, foldsFor(table, target, isNumber, seed));
  const [raceEndsAt, endsAt] = [startedAt + seconds * 850, startedAt + seconds * 1000];
  const how: FitOptions = { ...aim, ...(signal ? { signal } : {}) };
  const race: Race = { task, parts, how, preprocess, seed, endsAt: raceEndsAt, late: lateAt(raceEndsAt), trialLimit, tell: onProgress };
  const { ran, trials } = await runRace(race, onTrials);
  if (ran.length === 0) throw new Error(`No estimator could be fitted. ${trials[0]?.error ?? "Give more time."}`);
  const members = await fitMembers(race, chosenOf(race, ran, endsAt), table, endsAt);
  const weights = members.map((one) => one.weight);
  const total = weights.reduce((sum, one) => sum + one, 0);
  const mean = ran[0]!.scores.map((_, at) => members.reduce((sum, one) => sum + (one.weight / total) * one.scores[at]!, 0));
  const metric = task === "binary" ? "auc" : task === "classes" ? "logLoss" : "rmse";
  const score = qualityOf(race, mean);
  const lines = members.map(({ candidate, weight }) => ({ code: codeFor(candidate, dropped), weight }));
  onProgress(1, `${trialCount(trials.length)}, ${metric} ${Math.abs(score).toFixed(4)}`);
  return {
    model:
      members.length === 1
        ? members[0]!.model
        : blend(
            members.map((one) => one.model),
            weights,
          ),
    metric,
    score,
    trials,
    folds: parts.length,
    findings,
    dropped,
    cells: cellsOf({ target, positive, seed, hasGaps, sampled, isNumber, findings, lines, metric, score }),
  };
};

// The race: candidates are judged by cross-validation, and only those that look good early are judged fully.
//
// A candidate climbs three rungs: a quarter of the training rows of one fold, all of that fold, all folds. From a rung it goes on if it is
// among the best third that have reached it so far (asynchronous successive halving, Li et al. 2018, η = 3). Defaults and a few settings
// that are good on most tables skip the rungs. On the last rung every row has been answered by a model that did not see it: the blend is
// chosen on those answers, over all rows instead of a quarter of them, so it is chosen by less luck.
import { type Candidate, codeFor, drawCandidate, estimatorFor, nearby, startersFor } from "#lib/learn/auto/portfolio.ts";
import type { FitOptions, Fitted, Tell } from "#lib/learn/estimators/estimator.ts";
import { truthOf } from "#lib/learn/estimators/recipe.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { type Columns, columnOf, rowCount, stratifiedFolds, takeRows } from "#lib/learn/tables/table.ts";
import { type Fold, randomFolds } from "#lib/learn/validation/folds.ts";

export type Trial = {
  code: string;
  score: number;
  seconds: number;
  share: number;
  folds: number;
  isDefault: boolean;
  error: string | null;
};
/** A candidate judged on all folds: its answers to every row kept aside, fold after fold, and what fitting it once takes. */
export type Ran = { candidate: Candidate; scores: Float64Array; score: number; fitSeconds: number };
type Part = { train: Columns; test: Columns; truth: Float64Array | null };
export type Race = {
  task: Fitted["task"];
  parts: Part[];
  how: FitOptions;
  preprocess: Preprocess;
  seed: number;
  /** Milliseconds since 1970 after which no fit begins. */
  endsAt: number;
  /** Aborts when the time is up, so that a fit under way ends too. */
  late: AbortSignal;
  /** Trials after which none begins. */
  trialLimit: number;
  tell: Tell;
};

/** Aborts at a moment. Nothing is kept waiting for it. */
export const lateAt = (at: number): AbortSignal => AbortSignal.timeout(Math.min(2 ** 31 - 1, Math.max(0, Math.round(at - Date.now()))));

/** The options of a fit that also ends when the time is up. */
export const within = (how: FitOptions, late: AbortSignal): FitOptions => ({
  ...how,
  signal: how.signal ? AbortSignal.any([how.signal, late]) : late,
});

/** `1 trial`, `12 trials`. */
export const trialCount = (n: number): string => (n === 1 ? "1 trial" : `${n} trials`);

const timeIsUp = "The time was up.";
const eta = 3;
const leastRows = 400;

/** As many folds as the rows pay for: five of few rows, three of many, one part kept aside of very many. */
export const foldsFor = (table: Columns, target: string, isNumber: boolean, seed: number): Fold[] => {
  const n = rowCount(table);
  const k = n <= 20_000 ? 5 : n <= 100_000 ? 3 : 4;
  const rare = isNumber
    ? n
    : Math.min(...[...Map.groupBy(Array.from<unknown>(columnOf(table, target)), String).values()].map((one) => one.length));
  const folds = isNumber || rare < k ? randomFolds(n, Math.min(k, n), seed) : stratifiedFolds(table, target, k, seed);
  return n > 100_000 || rare < 2 * k ? folds.slice(0, 1) : folds;
};

export const partsOf = (table: Columns, folds: readonly Fold[]): Part[] =>
  folds.map(({ trainRows, testRows }) => ({ train: takeRows(table, trainRows), test: takeRows(table, testRows), truth: null }));

/** Quality of answers to one part, greater is better: AUC, or a loss negated. */
const judgePart = (task: Fitted["task"], truth: Float64Array, scores: Float64Array): number => {
  if (task === "binary") return rocAuc(truth, scores);
  const width = scores.length / truth.length;
  let sum = 0;
  for (let i = 0; i < truth.length; i++)
    sum += task === "number" ? (truth[i]! - scores[i]!) ** 2 : -Math.log(Math.max(1e-15, scores[i * width + truth[i]!]!));
  return -(task === "number" ? Math.sqrt(sum / truth.length) : sum / truth.length);
};

/** Mean quality over parts of answers that stand part after part; scores of different folds are never compared with each other. */
export const qualityOf = ({ task, parts }: Pick<Race, "task" | "parts">, scores: Float64Array): number => {
  const rows = parts.reduce((sum, part) => sum + (part.truth?.length ?? 0), 0);
  const width = scores.length / rows;
  let at = 0;
  return (
    parts.reduce((sum, { truth }) => {
      const own = scores.subarray(at, at + truth!.length * width);
      at += own.length;
      return sum + judgePart(task, truth!, own);
    }, 0) / parts.length
  );
};

const sharePart = (table: Columns, share: number): Columns => {
  const n = rowCount(table);
  const wanted = Math.max(Math.min(n, leastRows), Math.round(n * share));
  return wanted >= n ? table : takeRows(table, shuffled(n, mulberry32(11)).subarray(0, wanted).sort());
};

const fitPart = async (race: Race, candidate: Candidate, part: Part, share: number, how: FitOptions): Promise<Float64Array> => {
  const model = await estimatorFor(candidate, race.preprocess).fit(sharePart(part.train, share), how);
  const truth = truthOf(model, part.test);
  if (part.truth && truth.some((y, i) => y !== part.truth![i])) throw new Error("A class is absent from a part of the rows.");
  part.truth = truth;
  return model.inside.head.scores(model.inside.pipeline.encode(part.test));
};

/** Judges a candidate on the first `folds` parts; null when it cannot take the table or the time is up before the last part. */
const runOn = async (race: Race, candidate: Candidate, share: number, folds: number, trials: Trial[]): Promise<Ran | null> => {
  const startedAt = performance.now();
  const dropped = Object.keys(race.preprocess);
  const trial: Trial = {
    code: codeFor(candidate, dropped),
    score: Number.NaN,
    seconds: 0,
    share,
    folds,
    isDefault: candidate.isDefault,
    error: null,
  };
  trials.push(trial);
  try {
    const answers: Float64Array[] = [];
    const isFirst = candidate.isDefault && trials.length === 1;
    const how = isFirst ? race.how : within(race.how, race.late);
    for (const part of race.parts.slice(0, folds)) {
      if (Date.now() >= race.endsAt && !isFirst) throw new Error(timeIsUp);
      answers.push(await fitPart(race, candidate, part, share, how));
    }
    const scores = new Float64Array(answers.reduce((sum, one) => sum + one.length, 0));
    let at = 0;
    for (const one of answers) {
      scores.set(one, at);
      at += one.length;
    }
    trial.score = qualityOf({ task: race.task, parts: race.parts.slice(0, folds) }, scores);
    return { candidate, scores, score: trial.score, fitSeconds: (performance.now() - startedAt) / 1000 / folds };
  } catch (error) {
    // a family that cannot take this table is a line in the list, not the end of the search
    if (race.how.signal?.aborted) throw error;
    trial.error = race.late.aborted && trials.length > 1 ? timeIsUp : error instanceof Error ? error.message : String(error);
    return null;
  } finally {
    trial.seconds = (performance.now() - startedAt) / 1000;
  }
};

/** Whether a score goes on from a rung: among the best third that have reached it, at least the best. */
const goesOn = (reached: readonly number[], score: number): boolean => {
  const sorted = [...reached].sort((a, b) => b - a);
  return score >= sorted[Math.max(1, Math.floor(sorted.length / eta)) - 1]!;
};

/** Runs until the time is up; `onTrial` hears the list after each change. At least one default is tried whatever the time. */
export const runRace = async (
  race: Race,
  onTrial: (trials: readonly Trial[]) => void = () => {},
): Promise<{ ran: Ran[]; trials: Trial[] }> => {
  const trials: Trial[] = [];
  const ran: Ran[] = [];
  const startedAt = Date.now();
  const all = race.parts.length;
  const rungs = [{ share: 1 / 4, folds: 1 }, ...(all > 1 ? [{ share: 1, folds: 1 }] : []), { share: 1, folds: all }];
  const best = (): number => ran.reduce((most, one) => Math.max(most, one.score), Number.NEGATIVE_INFINITY);
  const keep = (one: Ran | null, isLast: boolean): void => {
    if (one && isLast && Number.isFinite(one.score)) ran.push(one);
    const fraction = Math.min(0.95, (Date.now() - startedAt) / Math.max(1, race.endsAt - startedAt));
    race.tell(fraction, `${trialCount(trials.length)}, best ${Number.isFinite(best()) ? best().toFixed(4) : "not known yet"}`, best());
    onTrial(trials);
  };
  const isOver = (): boolean => Date.now() >= race.endsAt || trials.length >= race.trialLimit;
  for (const candidate of startersFor(race.task, rowCount(race.parts[0]!.train)))
    if (ran.length === 0 || !isOver()) keep(await runOn(race, candidate, 1, all, trials), true);
  const random = mulberry32(race.seed);
  const reached: number[][] = rungs.map(() => []);
  while (!isOver()) {
    const leaders = [...ran].sort((a, b) => b.score - a.score).slice(0, 4);
    const leader = leaders[Math.floor(random() * leaders.length)];
    const candidate = (leader && random() < 0.5 && nearby(leader.candidate, random)) || drawCandidate(race.task, random);
    for (const [rung, { share, folds }] of rungs.entries()) {
      if (isOver()) break;
      const isLast = rung === rungs.length - 1;
      const one = await runOn(race, candidate, share, folds, trials);
      keep(one, isLast);
      if (!one) break;
      reached[rung]!.push(one.score);
      if (!isLast && !goesOn(reached[rung]!, one.score)) break;
    }
  }
  return { ran, trials };
};

// AutoML: looks the table over, leaves out what would cheat, races a portfolio on growing shares of the rows, blends the best, and writes
// what it did as notebook cells. The budget of time is kept: no new candidate starts when the time is up, and the last refit is given up
// when it would not fit.
//
// The race is asynchronous successive halving (Li et al. 2018, η = 4): a candidate is tried on 1/16 of the training rows and goes on to 1/4
// and to all of them if it is among the best quarter of all that have reached its rung so far. Defaults run on all rows at once: a blend
// must not be worse than the best of them.
import { blend, greedyWeights } from "#lib/learn/auto/blend.ts";
import { type Candidate, codeFor, defaultsFor, drawCandidate, estimatorFor } from "#lib/learn/auto/portfolio.ts";
import type { FitOptions, Fitted, Tell } from "#lib/learn/estimators/estimator.ts";
import { truthOf } from "#lib/learn/estimators/recipe.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { type Finding, inspect } from "#lib/learn/preprocess/findings.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { type Columns, columnOf, dropColumns, isNumeric, rowCount, takeRows, trainTestSplit } from "#lib/learn/tables/table.ts";

export type AutoOptions = {
  target: string;
  positive?: string | number;
  budget?: {
    /** Seconds for everything; 300 unless given. */
    seconds?: number;
    /** Megabytes the learning may take, roughly: larger tables are sampled. */
    megabytes?: number;
  };
  seed?: number;
  onProgress?: Tell;
  signal?: AbortSignal;
};

export type Trial = { code: string; score: number; seconds: number; share: number; isDefault: boolean; error: string | null };
export type AutoResult = {
  model: Fitted;
  /** "auc", "logLoss" or "rmse"; what scores are on the rows kept aside, losses negated. */
  metric: string;
  score: number;
  trials: Trial[];
  findings: Finding[];
  dropped: string[];
  /** A notebook that does it again: prose as markdown, and code. */
  cells: { kind: "markdown" | "code"; source: string }[];
};

const eta = 4;
const rungs = [1 / 16, 1 / 4, 1] as const;
const bytesPerCell = 60;

type Race = {
  train: Columns;
  aside: Columns;
  how: FitOptions;
  preprocess: Preprocess;
  quality: (model: Fitted, scores: Float64Array) => number;
  endsAt: number;
};
type Ran = { candidate: Candidate; model: Fitted; scores: Float64Array; score: number };

/** Quality of scores on the rows kept aside; greater is better. */
const judge = (aside: Columns): Race["quality"] => {
  return (model, scores) => {
    const y = truthOf(model, aside);
    if (model.task === "binary") return rocAuc(y, scores);
    const { width } = model.inside.head;
    let sum = 0;
    for (let i = 0; i < y.length; i++)
      sum += model.task === "number" ? (y[i]! - scores[i]!) ** 2 : -Math.log(Math.max(1e-15, scores[i * width + y[i]!]!));
    return -(model.task === "number" ? Math.sqrt(sum / y.length) : sum / y.length);
  };
};

const sharePart = (table: Columns, share: number, seed: number): Columns => {
  const n = rowCount(table);
  const wanted = Math.max(Math.min(n, 200), Math.round(n * share));
  return wanted >= n ? table : takeRows(table, shuffled(n, mulberry32(seed)).subarray(0, wanted).sort());
};

const runOn = async (race: Race, candidate: Candidate, share: number, trials: Trial[], dropped: readonly string[]): Promise<Ran | null> => {
  const startedAt = performance.now();
  const trial: Trial = {
    code: codeFor(candidate, dropped),
    score: Number.NaN,
    seconds: 0,
    share,
    isDefault: candidate.isDefault,
    error: null,
  };
  trials.push(trial);
  try {
    const model = await estimatorFor(candidate, race.preprocess).fit(sharePart(race.train, share, 11), race.how);
    const scores = model.inside.head.scores(model.inside.pipeline.encode(race.aside));
    trial.score = race.quality(model, scores);
    return { candidate, model, scores, score: trial.score };
  } catch (error) {
    // a family that cannot take this table is a line in the list, not the end of the search
    if (race.how.signal?.aborted) throw error;
    trial.error = error instanceof Error ? error.message : String(error);
    return null;
  } finally {
    trial.seconds = (performance.now() - startedAt) / 1000;
  }
};

/** Whether a score goes on from a rung: among the best quarter that have reached it, at least the best. */
const goesOn = (reached: readonly number[], score: number): boolean => {
  const sorted = [...reached].sort((a, b) => b - a);
  return score >= sorted[Math.max(1, Math.floor(sorted.length / eta)) - 1]!;
};

const raceAll = async (
  race: Race,
  task: Fitted["task"],
  seed: number,
  tell: Tell,
  dropped: readonly string[],
): Promise<{ ran: Ran[]; trials: Trial[] }> => {
  const trials: Trial[] = [];
  const ran: Ran[] = [];
  const startedAt = Date.now();
  const fraction = (): number => Math.min(0.95, (Date.now() - startedAt) / Math.max(1, race.endsAt - startedAt));
  const best = (): number => ran.reduce((most, one) => Math.max(most, one.score), Number.NEGATIVE_INFINITY);
  const keep = (one: Ran | null): void => {
    if (one && Number.isFinite(one.score)) ran.push(one);
    tell(fraction(), `${trials.length} trials, best ${best().toFixed(4)}`, best());
  };
  for (const candidate of defaultsFor(task, rowCount(race.train)))
    if (ran.length === 0 || Date.now() < race.endsAt) keep(await runOn(race, candidate, 1, trials, dropped));
  const random = mulberry32(seed);
  const reached: number[][] = rungs.map(() => []);
  while (Date.now() < race.endsAt) {
    const candidate = drawCandidate(task, random);
    for (const [rung, share] of rungs.entries()) {
      if (Date.now() >= race.endsAt) break;
      const one = await runOn(race, candidate, share, trials, dropped);
      if (!one) break;
      reached[rung]!.push(one.score);
      if (share === 1) keep(one);
      else if (!goesOn(reached[rung]!, one.score)) break;
    }
    tell(fraction(), `${trials.length} trials, best ${best().toFixed(4)}`, best());
  }
  return { ran, trials };
};

const unfitColumns = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.filter((one) => ["leak", "identifier", "empty"].includes(one.kind)).map((one) => one.column)),
];

const cellsOf = (
  options: AutoOptions,
  findings: readonly Finding[],
  lines: readonly { code: string; weight: number }[],
  metric: string,
  score: number,
): AutoResult["cells"] => {
  const { target, positive } = options;
  const how = `{ target: ${JSON.stringify(target)}${positive === undefined ? "" : `, positive: ${JSON.stringify(positive)}`} }`;
  const isBlend = lines.length > 1;
  const fits = lines.map((line, i) => `const model${isBlend ? i + 1 : ""} = await ${line.code}.fit(train, ${how});`);
  const together = isBlend
    ? [`const model = learn.blend([${lines.map((_, i) => `model${i + 1}`).join(", ")}], [${lines.map((line) => line.weight).join(", ")}]);`]
    : [];
  const seen = findings.length === 0 ? "Nothing odd was found." : findings.map((one) => `- ${one.sentence}`).join("\n");
  const stratify = positive === undefined ? "" : `, stratify: ${JSON.stringify(target)}`;
  return [
    {
      kind: "markdown",
      source: `# Predicting ${target}\n\nWritten by \`learn.auto\`. On rows kept aside, ${metric} ${Math.abs(score).toFixed(4)}.\n\n## What was seen in the table\n${seen}`,
    },
    {
      kind: "code",
      source: `import { learn } from "atelier";\n\nconst { train, test } = learn.trainTestSplit(table, { test: 0.25, seed: ${options.seed ?? 0}${stratify} });`,
    },
    { kind: "code", source: [...fits, ...together].join("\n") },
    { kind: "code", source: "model.evaluate(test)" },
  ];
};

/** Fits the members again on all rows, if what they took before says it fits into what is left. */
const refit = async (members: readonly Ran[], whole: Columns, race: Race, took: number, endsAt: number): Promise<Fitted[]> => {
  if (Date.now() + took * 1500 > endsAt) return members.map((one) => one.model);
  const again: Fitted[] = [];
  for (const { candidate } of members) again.push(await estimatorFor(candidate, race.preprocess).fit(whole, race.how));
  return again;
};

/**
 * Finds a model for a table within a budget; the result can be read, changed and promoted as cells.
 * @example
 * const found = await auto(table, { target: "churn", positive: "yes", budget: { seconds: 120 } });
 * found.model.predict(fresh);
 * found.cells; // markdown and code that do it again
 */
export const auto = async (given: Columns, options: AutoOptions): Promise<AutoResult> => {
  const { target, positive, budget = {}, seed = 0, onProgress = () => {}, signal } = options;
  const { seconds = 300, megabytes = 2000 } = budget;
  if (!(seconds > 0)) throw new Error(`budget: ${seconds} seconds are no time. Give more than 0.`);
  const startedAt = Date.now();
  const column = columnOf(given, target);
  const isKnown = (i: number): boolean => column[i] !== "" && !(typeof column[i] === "number" && !Number.isFinite(column[i]));
  const rows = Array.from(column.keys()).filter(isKnown);
  const limit = Math.max(500, Math.floor((megabytes * 1e6) / (bytesPerCell * Object.keys(given).length)));
  const table = takeRows(
    given,
    rows.length > limit ? Array.from(shuffled(rows.length, mulberry32(seed)).subarray(0, limit), (at) => rows[at]!) : rows,
  );
  const findings = inspect(given, { target, ...(positive === undefined ? {} : { positive }) });
  const dropped = unfitColumns(findings);
  const isNumber = positive === undefined && isNumeric(column);
  const { train, test: aside } = trainTestSplit(table, { test: 0.25, seed, ...(isNumber ? {} : { stratify: target }) });
  const how: FitOptions = { target, ...(positive === undefined ? {} : { positive }), ...(signal ? { signal } : {}) };
  const task = isNumber ? "number" : positive === undefined ? "classes" : "binary";
  const endsAt = startedAt + seconds * 1000;
  const preprocess: Preprocess = Object.fromEntries(dropped.filter((name) => name !== target).map((name) => [name, "drop"]));
  const race: Race = { train, aside, how, preprocess, quality: judge(aside), endsAt: startedAt + seconds * 800 };
  const { ran, trials } = await raceAll(race, task, seed, onProgress, Object.keys(preprocess));
  if (ran.length === 0) throw new Error(`No estimator could be fitted. ${trials[0]?.error ?? "Give more time."}`);
  const best = ran.sort((a, b) => b.score - a.score).slice(0, 12);
  const counts = greedyWeights(
    best.map((one) => one.scores),
    (mean) => race.quality(best[0]!.model, mean),
  );
  const members = best.flatMap((one, i) => (counts[i]! > 0 ? [{ ...one, weight: counts[i]! }] : []));
  const lines = members.map((one) => ({ code: codeFor(one.candidate, Object.keys(preprocess)), weight: one.weight }));
  const took = lines.reduce((sum, line) => sum + (trials.findLast((trial) => trial.code === line.code)?.seconds ?? 0), 0);
  const models = await refit(members, dropColumns(table, []), race, took, endsAt);
  const model =
    models.length === 1
      ? models[0]!
      : blend(
          models,
          members.map((one) => one.weight),
        );
  const total = members.reduce((sum, one) => sum + one.weight, 0);
  const mean = best[0]!.scores.map((_, at) => members.reduce((sum, one) => sum + (one.weight / total) * one.scores[at]!, 0));
  const metric = task === "binary" ? "auc" : task === "classes" ? "logLoss" : "rmse";
  const score = race.quality(best[0]!.model, mean);
  onProgress(1, `${trials.length} trials, ${metric} ${Math.abs(score).toFixed(4)}`);
  return {
    model,
    metric,
    score,
    trials,
    findings,
    dropped: Object.keys(preprocess),
    cells: cellsOf(options, findings, lines, metric, score),
  };
};

// AutoML: looks the table over, leaves out what would cheat, races a portfolio under cross-validation, blends the best, and writes what it
// did as notebook cells. The budget of time is kept: no new fit starts when the time is up, and the last refit keeps to what is left.
import { blend, greedyWeights } from "#lib/learn/auto/blend.ts";
import { codeFor, estimatorFor, isRandom, kindOf, reseeded } from "#lib/learn/auto/portfolio.ts";
import { foldsFor, partsOf, qualityOf, type Race, type Ran, runRace, type Trial } from "#lib/learn/auto/race.ts";
import type { FitOptions, Fitted, Tell } from "#lib/learn/estimators/estimator.ts";
import { type Finding, inspect } from "#lib/learn/preprocess/findings.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";
import { mulberry32, shuffled } from "#lib/learn/random.ts";
import { type Columns, columnOf, dropColumns, isNumeric, takeRows } from "#lib/learn/tables/table.ts";

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
  cells: { kind: "markdown" | "code"; source: string }[];
};

const bytesPerCell = 60;
const blendFrom = 16;
const blendOfKind = 3;
const seedLimit = 3;
const modelLimit = 20;

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
      source: `# Predicting ${target}\n\nWritten by \`learn.auto\`. In cross-validation, ${metric} ${Math.abs(score).toFixed(4)}.\n\n## What was seen in the table\n${seen}`,
    },
    {
      kind: "code",
      source: `import { learn } from "atelier";\n\nconst { train, test } = learn.trainTestSplit(table, { test: 0.25, seed: ${options.seed ?? 0}${stratify} });`,
    },
    { kind: "code", source: [...fits, ...together].join("\n") },
    { kind: "code", source: "model.evaluate(test)" },
  ];
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

/**
 * Finds a model for a table within a budget; the result can be read, changed and promoted as cells.
 * @example
 * const found = await auto(table, { target: "churn", positive: "yes", budget: { seconds: 120 } });
 * found.model.predict(fresh);
 * found.cells; // markdown and code that do it again
 */
export const auto = async (given: Columns, options: AutoOptions): Promise<AutoResult> => {
  const { target, positive, budget = {}, seed = 0, onProgress = () => {}, onTrials = () => {}, onFindings = () => {}, signal } = options;
  const { seconds = 300, megabytes = 2000, trials: trialLimit = Number.POSITIVE_INFINITY } = budget;
  if (!(seconds > 0)) throw new Error(`budget: ${seconds} seconds are no time. Give more than 0.`);
  if (!(trialLimit >= 1)) throw new Error(`budget: ${trialLimit} trials find nothing. Give 1 or more.`);
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
  onFindings(findings);
  const dropped = unfitColumns(findings);
  const isNumber = positive === undefined && isNumeric(column);
  const how: FitOptions = { target, ...(positive === undefined ? {} : { positive }), ...(signal ? { signal } : {}) };
  const task = isNumber ? "number" : positive === undefined ? "classes" : "binary";
  const endsAt = startedAt + seconds * 1000;
  const preprocess: Preprocess = Object.fromEntries(dropped.filter((name) => name !== target).map((name) => [name, "drop"]));
  const parts = partsOf(table, foldsFor(table, target, isNumber, seed));
  const race: Race = { task, parts, how, preprocess, seed, endsAt: startedAt + seconds * 850, trialLimit, tell: onProgress };
  const { ran, trials } = await runRace(race, onTrials);
  if (ran.length === 0) throw new Error(`No estimator could be fitted. ${trials[0]?.error ?? "Give more time."}`);
  const best = poolOf(ran);
  const counts = greedyWeights(
    best.map((one) => one.scores),
    (mean) => qualityOf(race, mean),
  );
  const chosen = best.flatMap((one, i): Member[] => (counts[i]! > 0 ? [{ ...one, weight: counts[i]! }] : []));
  const members = withSeeds(affordable(chosen, endsAt), endsAt);
  const lines = members.map((one) => ({ code: codeFor(one.candidate, Object.keys(preprocess)), weight: one.weight }));
  onProgress(0.96, `Fitting ${members.length === 1 ? "the best" : `${members.length} models`} on all rows`);
  const models: Fitted[] = [];
  for (const { candidate } of members) models.push(await estimatorFor(candidate, preprocess).fit(dropColumns(table, []), how));
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
  const score = qualityOf(race, mean);
  onProgress(1, `${trials.length} trials, ${metric} ${Math.abs(score).toFixed(4)}`);
  return {
    model,
    metric,
    score,
    trials,
    folds: parts.length,
    findings,
    dropped: Object.keys(preprocess),
    cells: cellsOf(options, findings, lines, metric, score),
  };
};

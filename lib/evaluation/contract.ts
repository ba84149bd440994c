// The promises of the evaluation room: suites saved, evaluations run by the worker, reports that never change.
import { z } from "zod";
import { inWorkspace, operation, pageOf } from "#lib/kit/operation.ts";

export const kinds = ["binary", "number", "classes", "ranking", "text"] as const;
export type Kind = (typeof kinds)[number];
export const statuses = ["queued", "running", "done", "failed", "stopped"] as const;
export type Status = (typeof statuses)[number];
export const hasEnded = (status: Status): boolean => status === "done" || status === "failed" || status === "stopped";

/** Metrics of each kind as people say them, the usual first; `isLess` where less is better, null where neither is. */
export const metricWords: Record<Kind, { name: string; word: string; isLess: boolean | null }[]> = {
  binary: [
    { name: "auc", word: "AUC", isLess: false },
    { name: "averagePrecision", word: "average precision", isLess: false },
    { name: "logLoss", word: "log loss", isLess: true },
    { name: "brier", word: "Brier score", isLess: true },
    { name: "calibrationError", word: "calibration error", isLess: true },
    { name: "ks", word: "KS", isLess: false },
    { name: "accuracy", word: "accuracy", isLess: false },
    { name: "precision", word: "precision", isLess: false },
    { name: "recall", word: "recall", isLess: false },
    { name: "f1", word: "F1", isLess: false },
    { name: "selectionRate", word: "share called positive", isLess: null },
    { name: "falsePositiveRate", word: "false positive rate", isLess: true },
  ],
  number: [
    { name: "rmse", word: "RMSE", isLess: true },
    { name: "mae", word: "mean absolute error", isLess: true },
    { name: "r2", word: "R²", isLess: false },
    { name: "mape", word: "mean relative error", isLess: true },
    { name: "bias", word: "bias", isLess: null },
  ],
  classes: [
    { name: "accuracy", word: "accuracy", isLess: false },
    { name: "balancedAccuracy", word: "balanced accuracy", isLess: false },
    { name: "macroF1", word: "macro F1", isLess: false },
    { name: "weightedF1", word: "weighted F1", isLess: false },
    { name: "mcc", word: "Matthews correlation", isLess: false },
  ],
  ranking: [
    { name: "ndcg", word: "NDCG@k", isLess: false },
    { name: "map", word: "MAP@k", isLess: false },
    { name: "mrr", word: "mean reciprocal rank", isLess: false },
    { name: "recallAtK", word: "recall@k", isLess: false },
    { name: "precisionAtK", word: "precision@k", isLess: false },
    { name: "hitRate", word: "hit rate@k", isLess: false },
  ],
  text: [
    { name: "bleu", word: "BLEU", isLess: false },
    { name: "chrf", word: "chrF", isLess: false },
    { name: "ter", word: "TER", isLess: true },
    { name: "rouge1", word: "ROUGE-1", isLess: false },
    { name: "rouge2", word: "ROUGE-2", isLess: false },
    { name: "rougeL", word: "ROUGE-L", isLess: false },
  ],
};

const metricName = z.string().min(1).max(40);
const columnName = z.string().min(1).max(200);
const bound = z.enum(["least", "most"]).describe("`least`: at least the value; `most`: at most");
export const gateSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("value"),
    metric: metricName,
    bound,
    value: z.number(),
    isCertain: z.boolean().default(false).describe("The interval's worse end has to hold, not the number alone"),
  }),
  z.object({ kind: z.literal("group"), column: columnName, metric: metricName, bound, value: z.number() }).describe("Holds in every group"),
  z.object({ kind: z.literal("gap"), column: columnName, metric: metricName, value: z.number() }).describe("Greatest less least group"),
  z
    .object({ kind: z.literal("baseline"), metric: metricName, margin: z.number().min(0).default(0) })
    .describe("Certainly not worse than the baseline by more than the margin"),
]);
export type Gate = z.output<typeof gateSchema>;

const suiteFields = {
  dataset: z.string().min(1).max(64),
  datasetVersion: z
    .string()
    .regex(/^(latest|\d{1,9})$/, "A version is a number, or latest.")
    .default("latest"),
  kind: z.enum(kinds),
  target: columnName.describe("Column with the truth: outcome, number, gain, or reference text"),
  positive: z.string().min(1).max(200).nullable().default(null).describe("Level that counts as positive, for `binary`"),
  answerColumn: columnName.nullable().default(null).describe("Column that holds the answers already, instead of a model"),
  query: columnName.nullable().default(null).describe("Column that says which rows are ranked together, for `ranking`"),
  groups: z.array(columnName).max(6).default([]).describe("Columns whose levels are judged each by itself"),
  metrics: z.array(metricName).max(12).default([]).describe("Metrics in the order of the report; all when empty"),
  threshold: z.number().min(0).max(1).default(0.5),
  k: z.number().int().min(1).max(1000).default(10),
  draws: z.number().int().min(20).max(2000).default(500).describe("Bootstrap draws at most"),
  baseline: z
    .object({ model: z.string().max(64), version: z.string().max(50) })
    .nullable()
    .default(null),
  gates: z.array(gateSchema).max(30).default([]),
};
export const planSchema = z.object(suiteFields);
export type Plan = z.output<typeof planSchema>;

export const suiteSchema = planSchema.extend({
  id: z.string(),
  name: z.string(),
  revision: z.number().int(),
  updatedBy: z.string(),
  updatedAt: z.string(),
});
export type Suite = z.output<typeof suiteSchema>;

/** A metric as people say it, `@k` with the suite's number. */
export const wordOfMetric = ({ kind, k }: Pick<Plan, "kind" | "k">, name: string): string =>
  (metricWords[kind].find((one) => one.name === name)?.word ?? name).replace("@k", `@${k}`);

const maybe = z.number().nullable();
const range = { low: maybe, high: maybe };
const points = z.array(z.object({ x: z.number(), y: z.number() }));
const curves = z.object({
  roc: points,
  pr: points,
  gain: points,
  calibration: z.array(z.object({ predicted: z.number(), observed: z.number(), n: z.number() })),
});
export const reportSchema = z.object({
  rows: z.number(),
  units: z.number(),
  draws: z.number(),
  skipped: z.number().describe("Rows without a target"),
  sampledFrom: z.number().nullable().describe("Rows of the table, where only a sample was judged"),
  metrics: z.array(
    z.object({ name: z.string(), value: maybe, ...range, baseline: maybe, difference: z.object({ value: maybe, ...range }).nullable() }),
  ),
  groups: z.array(
    z.object({
      column: z.string(),
      others: z.number(),
      levels: z.array(z.object({ level: z.string(), n: z.number(), metrics: z.record(z.string(), z.object({ value: maybe, ...range })) })),
    }),
  ),
  test: z.object({ name: z.string(), p: z.number(), baselineOnly: z.number(), modelOnly: z.number() }).nullable(),
  figures: z.object({
    curves: curves.extend({ baseline: curves.nullable() }).nullable(),
    thresholds: z.array(z.object({ threshold: z.number(), tp: z.number(), fp: z.number(), tn: z.number(), fn: z.number() })).nullable(),
    residuals: z
      .object({
        sample: z.array(z.object({ truth: z.number(), predicted: z.number() })),
        histogram: z.array(z.object({ from: z.number(), to: z.number(), count: z.number() })),
      })
      .nullable(),
    units: z
      .array(z.object({ from: z.number(), to: z.number(), count: z.number() }))
      .nullable()
      .default(null)
      .describe("How many rows of texts have which ROUGE-L, or how many queries which NDCG@k"),
    confusion: z.object({ labels: z.array(z.string()), counts: z.array(z.array(z.number())) }).nullable(),
  }),
});
export type Report = z.output<typeof reportSchema>;
export const findingSchema = z.object({ isPassed: z.boolean(), sentence: z.string() });
export type Finding = z.output<typeof findingSchema>;

const judgedVersion = z.object({ model: z.string(), version: z.number().int(), digest: z.string() });
export const evaluationSchema = z.object({
  id: z.string(),
  number: z.number().int(),
  suite: z.string(),
  suiteRevision: z.number().int(),
  status: z.enum(statuses),
  plan: planSchema,
  dataset: z.object({ name: z.string(), version: z.number().int() }),
  judged: judgedVersion.nullable().describe("Null when the table's own answers were judged"),
  baseline: judgedVersion.nullable(),
  rowsDone: z.number(),
  rowsTotal: z.number(),
  sentence: z.string().describe("What is being done, or why it failed"),
  isPassed: z.boolean().nullable(),
  findings: z.array(findingSchema).nullable(),
  headline: z.object({ name: z.string(), value: maybe, ...range }).nullable(),
  startedBy: z.string(),
  queuedAt: z.string(),
  endedAt: z.string().nullable(),
});
export type Evaluation = z.output<typeof evaluationSchema>;
export const wholeEvaluationSchema = evaluationSchema.extend({ report: reportSchema.nullable() });
export type WholeEvaluation = z.output<typeof wholeEvaluationSchema>;

const suiteName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "A suite's name has lower-case letters, digits and dashes, because it becomes an address.");
const base = "/workspaces/{workspace}/evaluation";
const oneSuite = { ...inWorkspace, suite: z.string().max(64) };

export const listSuites = operation({
  id: "evaluation.suites",
  method: "GET",
  path: `${base}/suites`,
  grant: "read",
  summary: "Lists suites with their newest evaluation, last changed first.",
  input: z.object(inWorkspace),
  output: pageOf(suiteSchema.extend({ latest: evaluationSchema.nullable(), evaluationCount: z.number().int() })),
});

export const saveSuite = operation({
  id: "evaluation.saveSuite",
  method: "PUT",
  path: `${base}/suites/{suite}`,
  grant: "write",
  summary: "Saves a suite under its name; a change makes its next revision, the same text again makes none.",
  input: z.object({ ...inWorkspace, suite: suiteName, ...suiteFields }),
  output: suiteSchema,
});

export const readSuite = operation({
  id: "evaluation.readSuite",
  method: "GET",
  path: `${base}/suites/{suite}`,
  grant: "read",
  summary: "Reads a suite with its evaluations, newest first.",
  input: z.object(oneSuite),
  output: suiteSchema.extend({ evaluations: z.array(evaluationSchema) }),
});

export const runSuite = operation({
  id: "evaluation.run",
  method: "POST",
  path: `${base}/suites/{suite}/evaluations`,
  grant: "run",
  status: 202,
  summary: "Queues an evaluation of a model version by a suite; answers at once.",
  input: z.object({
    ...oneSuite,
    model: z.string().max(64).nullable().default(null).describe("Absent when the suite names a column of answers"),
    version: z.string().max(50).default("latest").describe("Number, alias or latest"),
  }),
  output: evaluationSchema,
});

export const listEvaluations = operation({
  id: "evaluation.list",
  method: "GET",
  path: `${base}/evaluations`,
  grant: "read",
  summary: "Lists evaluations, newest first; of one model or version when asked.",
  input: z.object({ ...inWorkspace, model: z.string().max(64).optional(), version: z.coerce.number().int().optional() }),
  output: pageOf(evaluationSchema),
});

export const readEvaluation = operation({
  id: "evaluation.read",
  method: "GET",
  path: `${base}/evaluations/{evaluation}`,
  grant: "read",
  summary: "Reads an evaluation with its report.",
  input: z.object({ ...inWorkspace, evaluation: z.coerce.number().int().min(1).max(1e9) }),
  output: wholeEvaluationSchema,
});

export const stopEvaluation = operation({
  id: "evaluation.stop",
  method: "POST",
  path: `${base}/evaluations/{evaluation}/stop`,
  grant: "run",
  status: 200,
  summary: "Stops an evaluation that waits or runs; one that has ended stays as it is.",
  input: z.object({ ...inWorkspace, evaluation: z.coerce.number().int().min(1).max(1e9) }),
  output: evaluationSchema,
});

export const evaluationEvents = { changed: "evaluation.changed", queued: "evaluation.queued" } as const;

/** What the process that runs models is told, and what it says back. */
export type Task = {
  tablePath: string;
  plan: Plan;
  model: { path: string; signature: unknown } | null;
  baseline: { path: string; signature: unknown } | null;
};
export type Said = { progress: { done: number; total: number; sentence: string } } | { report: Report } | { failure: string };

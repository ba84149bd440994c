// The promises of the experiments room.
import { z } from "zod";
import { inWorkspace, nothing, operation, pageOf } from "#lib/kit/operation.ts";

export const runStatuses = ["running", "done", "failed", "cancelled"] as const;
export type RunStatus = (typeof runStatuses)[number];
export const isOver = (status: RunStatus): boolean => status !== "running";

const key = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[/\w.\- :]+$/, "Use letters, digits and / _ - . : or space.");
export const paramsSchema = z.record(key, z.union([z.string().max(6000), z.number(), z.boolean()]));

export const sourceSchema = z.object({ notebookId: z.string(), revision: z.number().int(), cellId: z.string(), cellHash: z.string() });
export type Source = z.output<typeof sourceSchema>;

export const experimentSchema = z.object({
  id: z.string(),
  name: z.string(),
  runCount: z.number().int(),
  createdBy: z.string(),
  createdAt: z.string(),
  lastRunAt: z.string().nullable(),
});
export type Experiment = z.output<typeof experimentSchema>;

export const runSchema = z.object({
  id: z.string(),
  number: z.number().int(),
  experiment: z.object({ id: z.string(), name: z.string() }),
  name: z.string(),
  status: z.enum(runStatuses),
  fault: z.enum(["yours", "limits", "ours"]).nullable(),
  message: z.string().nullable(),
  source: sourceSchema.nullable(),
  pipelineRunId: z.string().nullable(),
  datasets: z.array(z.object({ name: z.string(), version: z.number().int() })),
  params: paramsSchema,
  tags: z.record(z.string(), z.string()),
  metrics: z.record(z.string(), z.number()).describe("Latest value of each metric"),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  by: z.string(),
});
export type Run = z.output<typeof runSchema>;

export const artefactSchema = z.object({ name: z.string(), size: z.number(), digest: z.string(), at: z.string() });
export type Artefact = z.output<typeof artefactSchema>;
export const logLineSchema = z.object({ seq: z.number(), at: z.string(), text: z.string(), isError: z.boolean() });
export type LogLine = z.output<typeof logLineSchema>;

const base = "/workspaces/{workspace}";
const oneRun = { ...inWorkspace, run: z.string().max(64).describe("Id or number") };

export const listExperiments = operation({
  id: "experiments.list",
  method: "GET",
  path: `${base}/experiments`,
  grant: "read",
  summary: "Lists experiments, the one with the newest run first.",
  input: z.object(inWorkspace),
  output: pageOf(experimentSchema),
});

export const createRun = operation({
  id: "runs.create",
  method: "POST",
  path: `${base}/runs`,
  grant: "run",
  summary: "Starts a run in an experiment, which is made when absent.",
  input: z.object({
    ...inWorkspace,
    experiment: z.string().trim().min(1).max(200),
    name: z.string().trim().max(200).default(""),
    params: paramsSchema.default({}),
    tags: z.record(key, z.string().max(8000)).default({}),
    datasets: z
      .array(z.object({ name: z.string(), version: z.number().int() }))
      .max(100)
      .default([]),
    source: sourceSchema.nullable().optional().describe("Taken from the calling session when a cell calls"),
    pipelineRunId: z.string().max(64).nullable().optional(),
  }),
  output: runSchema,
});

export const logRun = operation({
  id: "runs.log",
  method: "POST",
  path: `${base}/runs/{run}/log`,
  grant: "run",
  status: 200,
  summary: "Logs up to 1,000 metric points, parameters and tags at once. Sent again, nothing is written twice.",
  input: z.object({
    ...oneRun,
    metrics: z
      .array(z.object({ key, value: z.number(), step: z.number().int().default(0), at: z.iso.datetime().optional() }))
      .max(1000)
      .default([]),
    params: paramsSchema.default({}),
    tags: z.record(key, z.string().max(8000)).default({}),
  }),
  output: nothing,
});

export const endRun = operation({
  id: "runs.end",
  method: "POST",
  path: `${base}/runs/{run}/end`,
  grant: "run",
  status: 200,
  summary: "Ends a run; ending it again with the same status is nothing.",
  input: z.object({
    ...oneRun,
    status: z.enum(["done", "failed", "cancelled"]).default("done"),
    fault: z.enum(["yours", "limits", "ours"]).nullable().default(null),
    message: z.string().max(4000).nullable().default(null),
  }),
  output: runSchema,
});

export const listRuns = operation({
  id: "runs.list",
  method: "GET",
  path: `${base}/runs`,
  grant: "read",
  summary: "Lists runs, newest first or by a metric.",
  input: z.object({
    ...inWorkspace,
    experiment: z.string().max(200).optional().describe("Id or name"),
    sort: z.string().max(260).default("started").describe("started, or metric:<key> for the greatest first, metric:-<key> for the least"),
    limit: z.coerce.number().int().min(1).max(500).default(200),
    trash: z.stringbool().default(false),
  }),
  output: pageOf(runSchema),
});

export const readRun = operation({
  id: "runs.read",
  method: "GET",
  path: `${base}/runs/{run}`,
  grant: "read",
  summary: "Reads a run with its artefacts.",
  input: z.object(oneRun),
  output: runSchema.extend({ artefacts: z.array(artefactSchema) }),
});

export const metricHistory = operation({
  id: "runs.metrics",
  method: "GET",
  path: `${base}/runs/{run}/metrics`,
  grant: "read",
  summary: "Reads the curve of every metric, thinned to at most 1,000 points each.",
  input: z.object(oneRun),
  output: z.object({ curves: z.record(z.string(), z.array(z.object({ step: z.number(), value: z.number(), at: z.string() }))) }),
});

export const readLog = operation({
  id: "runs.readLog",
  method: "GET",
  path: `${base}/runs/{run}/log`,
  grant: "read",
  summary: "Reads log lines after a number, oldest first, at most 2,000.",
  input: z.object({ ...oneRun, after: z.coerce.number().int().default(0) }),
  output: pageOf(logLineSchema),
});

export const uploadArtefact = operation({
  id: "runs.uploadArtefact",
  method: "PUT",
  path: `${base}/runs/{run}/artefact`,
  grant: "run",
  accepts: "bytes",
  summary: "Streams a file into a run under a name; the same name again replaces it.",
  input: z.object({
    ...oneRun,
    name: z
      .string()
      .min(1)
      .max(400)
      .regex(/^(?!\/)(?!.*\.\.)[^\\\0]+$/, "A relative path without .. and backslashes."),
  }),
  output: artefactSchema,
});

export const downloadArtefact = operation({
  id: "runs.downloadArtefact",
  method: "GET",
  path: `${base}/runs/{run}/artefact`,
  grant: "read",
  answers: "bytes",
  summary: "Streams an artefact as an attachment.",
  input: z.object({ ...oneRun, name: z.string().max(400) }),
  output: z.unknown(),
});

const oneStep = (verb: "trash" | "restore", summary: string) =>
  operation({
    id: `runs.${verb}`,
    method: "POST",
    path: `${base}/runs/{run}/${verb}`,
    grant: "write",
    status: 200,
    summary,
    input: z.object(oneRun),
    output: runSchema,
  });
export const trashRun = oneStep("trash", "Moves a run to the trash; models made from it keep naming it.");
export const restoreRun = oneStep("restore", "Takes a run back out of the trash.");

export const experimentEvents = { run: "run.changed" } as const;

// The promises of the pipelines room: cells promoted to stages with pinned text, pipeline runs by hand or by schedule, and their logs.
import { z } from "zod";
import { inWorkspace, nothing, operation, paged, pageOf } from "#lib/kit/operation.ts";
import { faults } from "#lib/sessions/contract.ts";

export const pipelineRunStatuses = ["queued", "running", "done", "failed", "cancelled"] as const;
export type PipelineRunStatus = (typeof pipelineRunStatuses)[number];
export const hasEnded = (status: PipelineRunStatus): boolean => status !== "queued" && status !== "running";

export const scheduleSchema = z.object({
  cron: z.string().trim().min(1).max(100).describe("Five fields: minute, hour, day of month, month, day of week"),
  timeZone: z.string().min(1).max(60).default("UTC").describe("IANA name, such as Europe/Madrid"),
});
export type Schedule = z.output<typeof scheduleSchema>;

/** `words` say it to a person; `next` are the times it is due next, none while paused. */
export const shownScheduleSchema = scheduleSchema.extend({ words: z.string(), next: z.array(z.string()) });
export type ShownSchedule = z.output<typeof shownScheduleSchema>;

export const pinnedCellSchema = z.object({
  cellId: z.string(),
  position: z.number().int().describe("Number of the code cell in its notebook when it was promoted, from 1"),
  source: z.string(),
  hash: z.string().describe("SHA-256 of the source in hex"),
});

export const stageSchema = z.object({
  id: z.string(),
  name: z.string(),
  order: z.number().int(),
  dependsOn: z.array(z.string()).describe("Names of the stages that run before it"),
  notebook: z.object({ id: z.string(), title: z.string(), revision: z.number().int() }),
  cells: z.array(pinnedCellSchema),
  limitMinutes: z.number(),
  promotedBy: z.string(),
  promotedAt: z.string(),
});
export type Stage = z.output<typeof stageSchema>;

export const stageRunSchema = z.object({
  id: z.string(),
  stage: z.string(),
  order: z.number().int(),
  attempt: z.number().int(),
  status: z.enum(pipelineRunStatuses).describe("cancelled without a start means: not reached"),
  fault: z.enum(faults).nullable(),
  message: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  kernelId: z.string().nullable(),
  journalSeq: z.number().describe("Number of the last kernel message whose effect is stored"),
  progress: z.object({ fraction: z.number(), sentence: z.string() }).nullable(),
});
export type StageRun = z.output<typeof stageRunSchema>;

export const pipelineRunSchema = z.object({
  id: z.string(),
  pipelineId: z.string(),
  number: z.number().int(),
  revision: z.number().int(),
  trigger: z.enum(["manual", "schedule"]),
  scheduledFor: z.string().nullable(),
  status: z.enum(pipelineRunStatuses),
  fault: z.enum(faults).nullable(),
  message: z.string().nullable(),
  attempt: z.number().int(),
  runId: z.string().nullable().describe("The experiment run that this pipeline run is"),
  startedBy: z.string(),
  queuedAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  stopAskedBy: z.string().nullable(),
});
export type PipelineRun = z.output<typeof pipelineRunSchema>;

/** `stages` are those of the last attempt; `attempts` all of them, oldest first. */
export const wholeRunSchema = pipelineRunSchema.extend({ stages: z.array(stageRunSchema), attempts: z.array(stageRunSchema) });
export type WholeRun = z.output<typeof wholeRunSchema>;

export const pipelineSchema = z.object({
  id: z.string(),
  name: z.string(),
  notebookId: z.string(),
  revision: z.number().int(),
  stageNames: z.array(z.string()),
  schedule: shownScheduleSchema.nullable(),
  isPaused: z.boolean(),
  createdBy: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  trashedAt: z.string().nullable(),
});
export type Pipeline = z.output<typeof pipelineSchema>;

export const logKinds = ["stdout", "stderr", "result", "error", "progress", "note"] as const;
export type LogKind = (typeof logKinds)[number];

/** A piece of the log as it arrived: may hold several lines, and a stream may go on in the next piece. */
export const logEntrySchema = z.object({
  seq: z.number(),
  at: z.string(),
  stage: z.string(),
  attempt: z.number().int(),
  cellId: z.string().nullable(),
  kind: z.enum(logKinds),
  text: z.string(),
});
export type LogEntry = z.output<typeof logEntrySchema>;

const pipelineName = z
  .string()
  .trim()
  .min(1, "A pipeline needs a name.")
  .max(100)
  .regex(/^[^/\\]+$/, "A pipeline's name has no slashes.");
const stageName = z.string().trim().min(1, "A stage needs a name.").max(100);
const onePipeline = { ...inWorkspace, pipeline: z.string().max(100).describe("Name or id") };
const oneRun = { ...onePipeline, number: z.coerce.number().int().min(1).max(1e9) };
const base = "/workspaces/{workspace}/pipelines";

export const listPipelines = operation({
  id: "pipelines.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists pipelines by name with their last pipeline runs, newest first; `trash=true` lists those in the trash.",
  input: z.object({ ...inWorkspace, ...paged, trash: z.stringbool().default(false) }),
  output: pageOf(pipelineSchema.extend({ lastRuns: z.array(pipelineRunSchema).describe("At most 14, newest first") })),
});
export type ListedPipeline = z.output<typeof listPipelines.output>["items"][number];

export const promoteCells = operation({
  id: "pipelines.promote",
  method: "POST",
  path: base,
  grant: "run",
  summary: "Pins cells of a notebook as a stage of a pipeline, which is made when absent; a stage of that name gets the new text.",
  input: z.object({
    ...inWorkspace,
    pipeline: pipelineName.describe("Name of the pipeline, new or known"),
    stage: stageName.optional().describe("Absent: the first cell's name, or its place"),
    notebook: z.string().max(64),
    cells: z
      .array(
        z.object({
          cell: z.string().min(1).max(100).describe("Id of a code cell, or the name in its first line: // @cell train"),
          sourceHash: z.string().max(64).optional().describe("SHA-256 of the text you saw; 409 when it moved on"),
        }),
      )
      .min(1, "Choose a cell.")
      .max(200),
    schedule: scheduleSchema.optional().describe("Needs the right to operate"),
    limitMinutes: z.number().min(1).max(1440).default(60).describe("Wall-clock limit of the stage"),
  }),
  output: pipelineSchema.extend({ stages: z.array(stageSchema), hasChanged: z.boolean() }),
});

export const readPipeline = operation({
  id: "pipelines.read",
  method: "GET",
  path: `${base}/{pipeline}`,
  grant: "read",
  summary: "Reads a pipeline with its stages, their pinned text and the last 30 pipeline runs, newest first.",
  input: z.object(onePipeline),
  output: pipelineSchema.extend({ stages: z.array(stageSchema), runs: z.array(wholeRunSchema) }),
});
export type WholePipeline = z.output<typeof readPipeline.output>;

export const removeStage = operation({
  id: "pipelines.removeStage",
  method: "DELETE",
  path: `${base}/{pipeline}/stages/{stage}`,
  grant: "run",
  summary: "Makes a new revision without one stage; the last stage stays, trash the pipeline instead.",
  input: z.object({ ...onePipeline, stage: stageName }),
  output: pipelineSchema,
});

export const setSchedule = operation({
  id: "pipelines.schedule",
  method: "PUT",
  path: `${base}/{pipeline}/schedule`,
  grant: "operate",
  summary: "Sets when a pipeline runs by itself; null means only by hand.",
  input: z.object({ ...onePipeline, schedule: scheduleSchema.nullable() }),
  output: pipelineSchema,
});

export const previewSchedule = operation({
  id: "pipelines.previewSchedule",
  method: "GET",
  path: "/workspaces/{workspace}/schedule-preview",
  grant: "read",
  summary: "Says a schedule in words with the next three times, without setting it.",
  input: z.object({ ...inWorkspace, ...scheduleSchema.shape }),
  output: shownScheduleSchema,
});

const pipelineVerb = (verb: "pause" | "resume" | "trash" | "restore", grant: "operate" | "write", summary: string) =>
  operation({
    id: `pipelines.${verb}`,
    method: "POST",
    path: `${base}/{pipeline}/${verb}`,
    grant,
    status: 200,
    summary,
    input: z.object(onePipeline),
    output: pipelineSchema,
  });

export const pausePipeline = pipelineVerb("pause", "operate", "Pauses a schedule; what runs goes on, and it can be run by hand.");
export const resumePipeline = pipelineVerb("resume", "operate", "Takes a schedule up again from the next due time.");
export const trashPipeline = pipelineVerb("trash", "write", "Moves a pipeline to the trash; it runs no more, its pipeline runs stay.");
export const restorePipeline = pipelineVerb("restore", "write", "Takes a pipeline back out of the trash, paused.");

export const deletePipeline = operation({
  id: "pipelines.delete",
  method: "DELETE",
  path: `${base}/{pipeline}`,
  grant: "own",
  summary: "Deletes a pipeline in the trash for good, with its pipeline runs and logs.",
  input: z.object(onePipeline),
  output: nothing,
});

export const runPipeline = operation({
  id: "pipelines.run",
  method: "POST",
  path: `${base}/{pipeline}/runs`,
  grant: "run",
  status: 202,
  summary: "Queues a pipeline run by hand; it starts when none of this pipeline runs.",
  input: z.object(onePipeline),
  output: pipelineRunSchema,
});

export const listPipelineRuns = operation({
  id: "pipelines.runs",
  method: "GET",
  path: `${base}/{pipeline}/runs`,
  grant: "read",
  summary: "Lists the pipeline runs of a pipeline, newest first.",
  input: z.object({ ...onePipeline, ...paged }),
  output: pageOf(pipelineRunSchema),
});

export const readPipelineRun = operation({
  id: "pipelines.readRun",
  method: "GET",
  path: `${base}/{pipeline}/runs/{number}`,
  grant: "read",
  summary: "Reads a pipeline run with its stage runs and the text its stages were pinned with.",
  input: z.object(oneRun),
  output: wholeRunSchema.extend({ pinned: z.array(stageSchema) }),
});

export const readPipelineLog = operation({
  id: "pipelines.log",
  method: "GET",
  path: `${base}/{pipeline}/runs/{number}/log`,
  grant: "read",
  summary: "Reads the log of a pipeline run after a number, oldest first; ask again with `nextSeq` until `hasEnded` and nothing comes.",
  input: z.object({
    ...oneRun,
    afterSeq: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(2000).default(500),
    stage: stageName.optional().describe("Only what this stage said"),
  }),
  output: z.object({ entries: z.array(logEntrySchema), nextSeq: z.number(), hasEnded: z.boolean() }),
});

export const cancelPipelineRun = operation({
  id: "pipelines.cancel",
  method: "POST",
  path: `${base}/{pipeline}/runs/{number}/cancel`,
  grant: "run",
  status: 202,
  summary: "Stops a pipeline run; what it printed stays. 409 when it has ended.",
  input: z.object(oneRun),
  output: pipelineRunSchema,
});

export const pipelineEvents = { changed: "pipeline.changed", runChanged: "pipeline_run.changed" } as const;

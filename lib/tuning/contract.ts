// The promises of the tuning room.
import { z } from "zod";
import { inWorkspace, operation, pageOf } from "#lib/kit/operation.ts";
import { modelName, versionSchema } from "#lib/models/contract.ts";

export const trialStates = ["running", "complete", "pruned", "failed", "lost"] as const;
export type TrialState = (typeof trialStates)[number];

const value = z.union([z.string().max(200), z.number(), z.boolean()]);
const when = z.record(z.string().max(100), z.union([value, z.array(value).max(50)])).optional();
const numeric = { low: z.number(), high: z.number(), log: z.boolean().optional(), step: z.number().optional(), when };
const dimensionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("float"), ...numeric }),
  z.object({ type: z.literal("int"), ...numeric }),
  z.object({ type: z.literal("categorical"), choices: z.array(value).min(1).max(100), when }),
]);
const count = z.number().int().min(0).max(1_000_000);
const prunerSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("none") }),
  z.object({
    type: z.literal("asha"),
    minResource: z.union([count.min(1), z.literal("auto")]).default("auto"),
    reduction: z.number().int().min(2).max(100).default(4),
    minEarlyStoppingRate: count.max(20).default(0),
    bootstrap: count.default(0),
  }),
  z.object({
    type: z.literal("hyperband"),
    minResource: count.min(1).default(1),
    maxResource: z.union([count.min(1), z.literal("auto")]).default("auto"),
    reduction: z.number().int().min(2).max(100).default(3),
    bootstrap: count.default(0),
  }),
  z.object({
    type: z.literal("median"),
    startupTrials: count.default(5),
    warmupSteps: count.default(0),
    interval: count.min(1).default(1),
  }),
]);
const samplerSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("random") }),
  z.object({ type: z.literal("tpe"), startupTrials: count.min(1).default(10), constantLiar: z.boolean().default(true) }),
]);
const objectiveSchema = z.object({ name: z.string().min(1).max(100), direction: z.enum(["minimize", "maximize"]) });

export const planSchema = z.object({
  space: z.record(z.string().min(1).max(100), dimensionSchema).refine((one) => Object.keys(one).length <= 60, "At most 60 dimensions."),
  objectives: z
    .array(objectiveSchema)
    .min(1)
    .max(4)
    .default([{ name: "value", direction: "minimize" }]),
  sampler: samplerSchema.default({ type: "tpe", startupTrials: 10, constantLiar: true }),
  pruner: prunerSchema.default({ type: "none" }),
  seed: z.number().int().min(0).max(0xffffffff).default(0),
  trials: z.number().int().min(1).max(2000).default(100).describe("How many trials at most"),
});
export type Plan = z.output<typeof planSchema>;

export const trialSchema = z.object({
  number: z.number().int(),
  state: z.enum(trialStates),
  params: z.record(z.string(), value),
  values: z.array(z.number()),
  reports: z.array(z.object({ step: z.number().int(), value: z.number() })),
  message: z.string().nullable(),
  runNumber: z.number().int().nullable(),
  retryOf: z
    .number()
    .int()
    .nullable()
    .describe(
      "The lost trial whose parameters this one tries again. A trial is lost when its session is: killed, crashed, gone with its machine, or " +
        "silent for a minute. It stays as it was, and a new trial with the same parameters takes its place, once. A trial whose session was " +
        "stopped at a limit (memory, time, disk) has failed, for it would fail again.",
    ),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
});
export type Trial = z.output<typeof trialSchema>;

export const handStatuses = ["queued", "running", "done", "failed"] as const;
export const handSchema = z.object({
  id: z.string(),
  status: z.enum(handStatuses),
  sentence: z.string().describe("What it waits for, or why it ended"),
  attempt: z.number().int().describe("Above 1 when sessions of it were lost"),
  queuedAt: z.string(),
  endedAt: z.string().nullable(),
});
export type Hand = z.output<typeof handSchema>;

const workSchema = z.object({
  notebookId: z.string(),
  title: z.string().nullable().describe("Of the notebook; null when it was deleted for good"),
  cellId: z.string(),
  objective: z.string().nullable().describe("The function that the cells define; null where the cell calls tuning.tune itself"),
  parallel: z.number().int(),
  startedBy: z.string(),
});

export const studySchema = z.object({
  id: z.string(),
  name: z.string(),
  plan: planSchema,
  status: z.enum(["open", "stopped"]),
  counts: z.record(z.enum(trialStates), z.number().int()),
  best: z
    .object({ number: z.number().int(), values: z.array(z.number()) })
    .nullable()
    .describe("The best complete trial by the first objective"),
  course: z.array(z.number()).describe("The best value so far by the first objective, trial after trial, at most 40 of them"),
  source: z
    .object({
      notebookId: z.string(),
      title: z.string().nullable().describe("Null when the notebook was deleted for good"),
      cellId: z.string(),
      cellHash: z.string(),
      revision: z.number().int(),
    })
    .nullable(),
  work: workSchema.nullable().describe("What the worker's sessions run for it"),
  createdBy: z.string(),
  createdAt: z.string(),
  changedAt: z.string(),
});
export type Study = z.output<typeof studySchema>;
export const wholeStudySchema = studySchema.extend({
  trials: z.array(trialSchema),
  front: z.array(z.number().int()).describe("Trials no other is better than in everything"),
  importance: z.array(z.object({ name: z.string(), share: z.number() })).describe("Empty below ten complete trials"),
  hands: z.array(handSchema).describe("The worker's sessions, those at work and those of the last start"),
  keepsModel: z.boolean().describe("Whether the run of the best trial keeps a model to register"),
});
export type WholeStudy = z.output<typeof wholeStudySchema>;

const base = "/workspaces/{workspace}/tuning/studies";
const oneStudy = { ...inWorkspace, study: z.string().min(1).max(100).describe("Id or name") };
const oneTrial = { ...oneStudy, trial: z.coerce.number().int().min(0).max(2_000_000), owner: z.string().min(8).max(64) };

export const listStudies = operation({
  id: "tuning.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists studies, the last changed first.",
  input: z.object(inWorkspace),
  output: pageOf(studySchema),
});

export const openStudy = operation({
  id: "tuning.open",
  method: "POST",
  path: base,
  grant: "run",
  summary: "Opens a study under its name: new, or the one that is there when its plan is the same.",
  input: z.object({
    ...inWorkspace,
    name: z
      .string()
      .trim()
      .regex(/^[\w][\w .-]{0,99}$/, "Use letters, digits, spaces and _ - . in a study's name."),
    ...planSchema.shape,
  }),
  output: studySchema,
});

export const readStudy = operation({
  id: "tuning.read",
  method: "GET",
  path: `${base}/{study}`,
  grant: "read",
  summary: "Reads a study with its trials, its front, and how much each parameter matters.",
  input: z.object(oneStudy),
  output: wholeStudySchema,
});

export const askTrial = operation({
  id: "tuning.ask",
  method: "POST",
  path: `${base}/{study}/ask`,
  grant: "run",
  status: 200,
  summary: "Gives the next trial to its caller for as long as reports or renewals come, or says why there is none.",
  input: z.object({ ...oneStudy, owner: oneTrial.owner.describe("Names the asker; the same one reports and tells") }),
  output: z.object({
    trial: trialSchema.nullable(),
    reason: z.enum(["stopped", "budget", "waiting"]).nullable().describe("waiting: all are taken, and one may yet be lost"),
  }),
});

export const reportTrial = operation({
  id: "tuning.report",
  method: "POST",
  path: `${base}/{study}/trials/{trial}/report`,
  grant: "run",
  status: 200,
  summary: "Takes a value on the way and renews the lease; without a step it only renews. Says whether to stop.",
  input: z.object({
    ...oneTrial,
    step: z.number().int().min(0).max(1e9).nullable().default(null),
    value: z.number().nullable().default(null),
    runNumber: z.number().int().min(1).max(1e9).nullable().default(null).describe("The experiment run that logs this trial"),
  }),
  output: z.object({ shouldStop: z.boolean() }),
});

export const tellTrial = operation({
  id: "tuning.tell",
  method: "POST",
  path: `${base}/{study}/trials/{trial}/tell`,
  grant: "run",
  status: 200,
  summary: "Ends a trial and the run that logs it together, once; the same end told again changes nothing.",
  input: z.object({
    ...oneTrial,
    state: z.enum(["complete", "pruned", "failed"]),
    values: z.array(z.number()).max(4).default([]),
    message: z.string().max(2000).nullable().default(null),
    runNumber: z.number().int().min(1).max(1e9).nullable().default(null).describe("The experiment run this trial logged"),
  }),
  output: trialSchema,
});

export const stopStudy = operation({
  id: "tuning.stop",
  method: "POST",
  path: `${base}/{study}/stop`,
  grant: "run",
  status: 200,
  summary: "Stops a study: no trial starts, running ones stop at their next report.",
  input: z.object(oneStudy),
  output: studySchema,
});

export const resumeStudy = operation({
  id: "tuning.resume",
  method: "POST",
  path: `${base}/{study}/resume`,
  grant: "run",
  status: 200,
  summary: "Lets a stopped study give trials again, and puts the worker's sessions back to it.",
  input: z.object(oneStudy),
  output: studySchema,
});

export const workStudy = operation({
  id: "tuning.work",
  method: "POST",
  path: `${base}/{study}/work`,
  grant: "run",
  summary: "Has the worker keep sessions at a study: each runs the notebook's cells up to one, and then trials until there are none.",
  input: z.object({
    ...oneStudy,
    notebook: z.string().max(64),
    cell: z.string().max(64).describe("The cell with the objective; the code cells before it run too, as they are now"),
    objective: z
      .string()
      .regex(/^[A-Za-z_$][\w$]{0,80}$/, "The name of a function that the cells define.")
      .nullable()
      .default(null)
      .describe("The function to call; absent where the cell calls tuning.tune itself"),
    parallel: z.number().int().min(1).max(16).default(2),
  }),
  output: studySchema,
});

export const registerTrial = operation({
  id: "tuning.register",
  method: "POST",
  path: `${base}/{study}/register`,
  grant: "run",
  summary: "Registers the model of the best trial's run, or of another trial's, as a version; the same trial again answers its version.",
  input: z.object({
    ...oneStudy,
    model: modelName,
    trial: z.number().int().min(0).nullable().default(null).describe("The best complete trial when absent"),
  }),
  output: versionSchema,
});

export const tuningEvents = { changed: "tuning.changed", hands: "tuning.hands" } as const;

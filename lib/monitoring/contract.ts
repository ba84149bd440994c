// The promises of the monitoring room: traffic by time and version, live data against training data, and what happened.
import { z } from "zod";
import { inWorkspace, operation, pageOf } from "#lib/kit/operation.ts";

export const ranges = ["1h", "24h", "7d"] as const;
export type Range = (typeof ranges)[number];

export const driftStatuses = ["waiting", "steady", "drifted"] as const;
export type DriftStatus = (typeof driftStatuses)[number];

const trafficSchema = z.object({
  requests: z.number().int(),
  rows: z.number().int(),
  refused: z.number().int().describe("Requests that did not fit the signature (4xx)"),
  failed: z.number().int().describe("Requests we could not answer (5xx)"),
  latencyMsP50: z.number().nullable().describe("Null without requests"),
  latencyMsP95: z.number().nullable(),
  latencyMsP99: z.number().nullable(),
});
export type Traffic = z.output<typeof trafficSchema>;

export const pointSchema = trafficSchema.extend({ at: z.string().describe("Start of the step") });
export type Point = z.output<typeof pointSchema>;

export const featureSchema = z.object({
  feature: z.string(),
  status: z.enum(driftStatuses),
  psi: z.number().nullable().describe("Null while there are too few rows"),
  rows: z.number().int().describe("Rows with a value in the window"),
  needed: z.number().int().describe("Rows a number needs"),
  measuredAt: z.string(),
  history: z.array(z.object({ at: z.string(), psi: z.number() })).describe("Oldest first, at most 60 points"),
});
export type Feature = z.output<typeof featureSchema>;

export const happeningSchema = z.object({
  id: z.string(),
  at: z.string(),
  until: z.string().nullable().describe("When drift ended; null while it lasts, and of what has no length"),
  kind: z.enum(["champion", "failed", "drifted", "loading"]),
  subject: z.string().nullable().describe("A feature, when it is about one; the sentence goes on from it"),
  version: z.number().int().nullable().describe("Version it is about"),
  sentence: z.string(),
  note: z.string(),
});
export type Happening = z.output<typeof happeningSchema>;

export const driftSchema = z.object({
  version: z.number().int(),
  convention: z.literal("deciles"),
  limit: z.number(),
  windowRows: z.number().int().describe("Most rows that are looked at"),
  features: z.array(featureSchema).describe("Most drifted first"),
});
export type Drift = z.output<typeof driftSchema>;

export const monitorSchema = z.object({
  endpointId: z.string(),
  endpoint: z.string(),
  version: z.number().int().nullable().describe("Version that answers now"),
  range: z.enum(ranges),
  traffic: trafficSchema,
  drifted: z.array(z.string()).describe("Features that have drifted"),
  measured: z.number().int().describe("Features with a number"),
  waiting: z.number().int().describe("Features with too few rows"),
  spark: z.array(z.number().int()).describe("Requests by step, oldest first"),
  lastRequestAt: z.string().nullable(),
});
export type Monitor = z.output<typeof monitorSchema>;

export const monitorPageSchema = monitorSchema.extend({
  stepMs: z.number().int(),
  points: z.array(pointSchema).describe("Every step of the range, oldest first"),
  versions: z.array(trafficSchema.extend({ version: z.number().int() })),
  drift: driftSchema.nullable().describe("Null when the version came without a training profile"),
  happenings: z.array(happeningSchema).describe("Newest first, at most 50"),
});
export type MonitorPage = z.output<typeof monitorPageSchema>;

const base = "/workspaces/{workspace}/monitors";
const range = z.enum(ranges).default("24h");

export const listMonitors = operation({
  id: "monitoring.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists what every endpoint answered in a range, and which of its features have drifted.",
  input: z.object({ ...inWorkspace, range }),
  output: pageOf(monitorSchema),
});

export const countDrifted = operation({
  id: "monitoring.count",
  method: "GET",
  path: "/workspaces/{workspace}/drifted-endpoints",
  grant: "read",
  summary: "Counts the endpoints whose answering version has a drifted feature.",
  input: z.object(inWorkspace),
  output: z.object({ endpoints: z.number().int() }),
});

export const readMonitor = operation({
  id: "monitoring.read",
  method: "GET",
  path: `${base}/{endpoint}`,
  grant: "read",
  summary: "Reads one endpoint's traffic by time and version, its drift by feature, and what happened.",
  input: z.object({ ...inWorkspace, endpoint: z.string().min(1).max(64).describe("Name or id"), range }),
  output: monitorPageSchema,
});

export const distributionSchema = z.object({
  feature: z.string(),
  version: z.number().int(),
  kind: z.enum(["number", "category"]),
  trainingRows: z.number().int(),
  liveRows: z.number().int().describe("Rows with a value among the newest that are looked at"),
  bins: z
    .array(
      z.object({
        label: z.string(),
        from: z.number().nullable().describe("Lower edge of a number's bin; the first bin also holds what lies below"),
        to: z.number().nullable(),
        training: z.number().describe("Share of the training rows, 0 to 1"),
        live: z.number().describe("Share of the live rows"),
      }),
    )
    .describe("Equal-width bins of a number, levels of a category, most frequent first"),
});
export type Distribution = z.output<typeof distributionSchema>;

export const readDistribution = operation({
  id: "monitoring.distribution",
  method: "GET",
  path: `${base}/{endpoint}/features/{feature}`,
  grant: "read",
  summary: "Reads how one feature is spread in the training data and in the newest requests, bin by bin.",
  input: z.object({
    ...inWorkspace,
    endpoint: z.string().min(1).max(64).describe("Name or id"),
    feature: z.string().min(1).max(250),
    version: z.coerce.number().int().positive().optional().describe("Version that answered; without it, the one that answers now"),
  }),
  output: distributionSchema,
});

export const monitoringEvents = { counted: "traffic.counted", drifted: "drift.detected", recovered: "drift.ended" } as const;

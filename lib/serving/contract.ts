// The promises of the serving room: endpoints, the revisions that decide what answers there, and the log of what was answered.
import { z } from "zod";
import { inWorkspace, operation, paged, pageOf } from "#lib/kit/operation.ts";
import { signatureSchema } from "#lib/models/contract.ts";
import { inferRequestSchema, inferResponseSchema } from "#lib/serving/inference/contract.ts";

export const revisionStatuses = ["loading", "serving", "failed", "replaced"] as const;
export type RevisionStatus = (typeof revisionStatuses)[number];
/** Whether a deployment has come to its end, good or bad. */
export const isSettled = (status: RevisionStatus): boolean => status !== "loading";
/** Whether the version of such a revision has answered at some time, so that it may be asked for by number and rolled back to. */
export const hasServed = (status: RevisionStatus): boolean => status === "serving" || status === "replaced";

export const revisionSchema = z.object({
  id: z.string(),
  number: z.number().int(),
  model: z.string().describe("Name of the model"),
  version: z.number().int().describe("Number of the model version"),
  versionId: z.string(),
  status: z.enum(revisionStatuses),
  message: z.string().nullable().describe("Why it failed, or what it was made for"),
  by: z.string(),
  at: z.string(),
  servingAt: z.string().nullable().describe("When it took the traffic"),
  replacedAt: z.string().nullable(),
});
export type Revision = z.output<typeof revisionSchema>;

export const endpointSchema = z.object({
  id: z.string(),
  name: z.string(),
  current: revisionSchema.nullable().describe("The revision that answers"),
  latest: revisionSchema.nullable().describe("The newest decision; differs from current while it loads or when it failed"),
  createdBy: z.string(),
  createdAt: z.string(),
  trashedAt: z.string().nullable().describe("Stopped since; it answers 404"),
});
export type Endpoint = z.output<typeof endpointSchema>;

export const endpointPageSchema = endpointSchema.extend({
  revisions: z.array(revisionSchema).describe("Newest first"),
  signature: signatureSchema.nullable().describe("What the current version takes and answers"),
  sample: inferRequestSchema.nullable().describe("A request the current version is known to answer"),
});
export type EndpointPage = z.output<typeof endpointPageSchema>;

export const predictionSchema = z.object({
  id: z.string(),
  at: z.string(),
  revisionId: z.string().nullable(),
  version: z.number().int().nullable(),
  status: z.number().int().describe("HTTP status that was answered"),
  latencyMs: z.number(),
  rows: z.number().int(),
  inputs: z.record(z.string(), z.array(z.unknown())).nullable().describe("First rows by tensor; null when refused or too large"),
  outputs: z.record(z.string(), z.array(z.unknown())).nullable(),
  error: z.string().nullable(),
  caller: z.string().describe("Id of the person or token that asked"),
  callerName: z.string().describe("Their name now; the id when they are gone"),
});
export type Prediction = z.output<typeof predictionSchema>;

const endpointName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    "An endpoint's name has lower-case letters, digits, dots, dashes and _, because it stands in a web address.",
  );
const oneEndpoint = { ...inWorkspace, endpoint: z.string().min(1).max(64).describe("Name or id") };
const base = "/workspaces/{workspace}/endpoints";
const waitMs = z.coerce.number().int().min(0).max(60_000).default(10_000).describe("How long to wait for the revision to take the traffic");

export const listEndpoints = operation({
  id: "serving.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists endpoints by name; `trash=true` lists those that were stopped.",
  input: z.object({ ...inWorkspace, ...paged, trash: z.stringbool().default(false) }),
  output: pageOf(endpointSchema),
});

export const readEndpoint = operation({
  id: "serving.read",
  method: "GET",
  path: `${base}/{endpoint}`,
  grant: "read",
  summary: "Reads an endpoint with its revisions, its signature and a request to try.",
  input: z.object(oneEndpoint),
  output: endpointPageSchema,
});

export const deploy = operation({
  id: "serving.deploy",
  method: "POST",
  path: `${base}/{endpoint}/revisions`,
  grant: "operate",
  summary:
    "Makes a revision that serves a model version, and the endpoint when there is none; answers when it serves, failed, or still loads.",
  input: z.object({
    ...inWorkspace,
    endpoint: endpointName,
    model: z.string().min(1).max(100).describe("Name or id of the model"),
    version: z
      .union([z.number().int().positive(), z.string().min(1).max(64)])
      .transform(String)
      .describe("Number of the version, or an alias such as champion"),
    waitMs,
  }),
  output: revisionSchema,
});

export const rollBack = operation({
  id: "serving.rollBack",
  method: "POST",
  path: `${base}/{endpoint}/rollback`,
  grant: "operate",
  summary: "Makes a new revision with the version of an older one; without a number, of the one that answered before.",
  input: z.object({ ...oneEndpoint, revision: z.number().int().positive().optional().describe("Number of the older revision"), waitMs }),
  output: revisionSchema,
});

export const stopEndpoint = operation({
  id: "serving.stop",
  method: "POST",
  path: `${base}/{endpoint}/stop`,
  grant: "operate",
  status: 200,
  summary: "Stops an endpoint: it answers 404 and lies in the trash; its revisions and its log are kept.",
  input: z.object(oneEndpoint),
  output: endpointSchema,
});

export const startEndpoint = operation({
  id: "serving.start",
  method: "POST",
  path: `${base}/{endpoint}/start`,
  grant: "operate",
  status: 200,
  summary: "Starts a stopped endpoint again with the revision it had.",
  input: z.object(oneEndpoint),
  output: endpointSchema,
});

export const tryRequest = operation({
  id: "serving.try",
  method: "POST",
  path: `${base}/{endpoint}/try`,
  grant: "read",
  status: 200,
  summary: "Sends one V2 request to the endpoint for a person at a screen; it is logged and counted like any other.",
  input: z.object({ ...oneEndpoint, request: inferRequestSchema }),
  output: inferResponseSchema,
});

export const listPredictions = operation({
  id: "serving.predictions",
  method: "GET",
  path: `${base}/{endpoint}/predictions`,
  grant: "read",
  summary: "Lists logged predictions, newest first; `failed=true` lists only those that were refused or failed.",
  input: z.object({ ...oneEndpoint, ...paged, failed: z.stringbool().default(false) }),
  output: pageOf(predictionSchema),
});

export const endpointEvents = { changed: "endpoint.changed" } as const;

// The promises of the models room.
import { z } from "zod";
import { sourceSchema } from "#lib/experiments/contract.ts";
import { inWorkspace, nothing, operation, pageOf } from "#lib/kit/operation.ts";

export const datatypes = [
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
  "BYTES",
] as const;
export const tensorSchema = z.object({
  name: z.string().min(1).max(200),
  datatype: z.enum(datatypes),
  shape: z.array(z.number().int().min(-1)).min(1).max(8),
});
export const signatureSchema = z.object({ inputs: z.array(tensorSchema).min(1).max(2000), outputs: z.array(tensorSchema).min(1).max(100) });
export type Signature = z.output<typeof signatureSchema>;
export type Tensor = z.output<typeof tensorSchema>;

export const modelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "A model's name has lower-case letters, digits and dashes, because it becomes an address.");
const aliasName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,40}$/, "An alias has lower-case letters, digits and dashes.")
  .refine((text) => !/^(latest|v\d+)$/.test(text), "latest and v1, v2 … are taken by versions themselves.");

export const versionSchema = z.object({
  id: z.string(),
  number: z.number().int(),
  model: z.string(),
  kind: z.string(),
  digest: z.string(),
  size: z.number(),
  signature: signatureSchema,
  sample: z.array(z.record(z.string(), z.unknown())),
  hasProfile: z.boolean(),
  metrics: z.record(z.string(), z.number()),
  run: z.object({ id: z.string(), number: z.number().int() }).nullable(),
  source: sourceSchema.nullable(),
  description: z.string(),
  aliases: z.array(z.string()),
  createdBy: z.string(),
  createdAt: z.string(),
});
export type Version = z.output<typeof versionSchema>;

export const modelSchema = z.object({
  id: z.string(),
  name: z.string(),
  versionCount: z.number().int(),
  latest: z.number().int().nullable(),
  aliases: z.array(z.object({ alias: z.string(), version: z.number().int() })),
  createdBy: z.string(),
  createdAt: z.string(),
});
export type Model = z.output<typeof modelSchema>;

const base = "/workspaces/{workspace}/models";
const oneModel = { ...inWorkspace, model: z.string().max(64) };
const oneVersion = { ...oneModel, version: z.string().max(50).describe("Number, alias or latest") };

export const listModels = operation({
  id: "models.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists registered models with their aliases.",
  input: z.object(inWorkspace),
  output: pageOf(modelSchema),
});

export const readModel = operation({
  id: "models.read",
  method: "GET",
  path: `${base}/{model}`,
  grant: "read",
  summary: "Reads a model with its versions, newest first.",
  input: z.object(oneModel),
  output: modelSchema.extend({ versions: z.array(versionSchema) }),
});

export const uploadFile = operation({
  id: "models.upload",
  method: "POST",
  path: "/workspaces/{workspace}/model-files",
  grant: "run",
  accepts: "bytes",
  summary: "Streams an ONNX file into the store and answers its digest, for registering it next.",
  input: z.object(inWorkspace),
  output: z.object({ digest: z.string(), size: z.number() }),
});

export const registerVersion = operation({
  id: "models.register",
  method: "POST",
  path: `${base}/{model}/versions`,
  grant: "run",
  summary: "Registers an uploaded ONNX file as the next version of a model, which is made when absent.",
  input: z.object({
    ...inWorkspace,
    model: modelName,
    digest: z.string().regex(/^[0-9a-f]{64}$/, "The digest that models.upload answered."),
    kind: z.string().max(100).default("onnx"),
    signature: signatureSchema,
    sample: z.array(z.record(z.string(), z.unknown())).max(50).default([]),
    profile: z
      .object({ rows: z.number(), columns: z.record(z.string(), z.unknown()) })
      .nullable()
      .default(null),
    metrics: z.record(z.string(), z.number()).default({}),
    run: z.string().max(64).nullable().default(null).describe("Id or number of the run that made it"),
    description: z.string().max(10_000).default(""),
  }),
  output: versionSchema,
});

/** What a run keeps its model as: the ONNX file, and beside it what registering needs to know of it. */
export const keptFile = "model.onnx";
export const keptFacts = "model.json";
export const keptSchema = z.object({
  kind: z.string().max(100).default("onnx"),
  signature: signatureSchema,
  sample: z.array(z.record(z.string(), z.unknown())).max(50).default([]),
  profile: z
    .object({ rows: z.number(), columns: z.record(z.string(), z.unknown()) })
    .nullable()
    .default(null),
});

export const registerRun = operation({
  id: "models.registerRun",
  method: "POST",
  path: `${base}/{model}/versions/of-run`,
  grant: "run",
  summary: "Registers the model that a run keeps as the next version of a model; the same run again answers the version it became.",
  input: z.object({
    ...inWorkspace,
    model: modelName,
    run: z.string().max(64).describe("Id or number of a run that keeps model.onnx and model.json"),
    description: z.string().max(10_000).default(""),
  }),
  output: versionSchema,
});

export const readVersion = operation({
  id: "models.readVersion",
  method: "GET",
  path: `${base}/{model}/versions/{version}`,
  grant: "read",
  summary: "Reads one version.",
  input: z.object(oneVersion),
  output: versionSchema.extend({ profile: z.unknown() }),
});

export const downloadVersion = operation({
  id: "models.download",
  method: "GET",
  path: `${base}/{model}/versions/{version}/file`,
  grant: "read",
  answers: "bytes",
  summary: "Streams a version's ONNX file.",
  input: z.object(oneVersion),
  output: z.unknown(),
});

export const setAlias = operation({
  id: "models.setAlias",
  method: "PUT",
  path: `${base}/{model}/aliases/{alias}`,
  grant: "operate",
  summary: "Points an alias at a version, moving it when it exists.",
  input: z.object({ ...oneModel, alias: aliasName, version: z.coerce.number().int() }),
  output: modelSchema,
});

export const deleteAlias = operation({
  id: "models.deleteAlias",
  method: "DELETE",
  path: `${base}/{model}/aliases/{alias}`,
  grant: "operate",
  summary: "Removes an alias; the version stays.",
  input: z.object({ ...oneModel, alias: z.string() }),
  output: nothing,
});

export const modelEvents = { changed: "model.changed" } as const;

// The promises of the datasets room: named tables in versions, with what a person wants to see before using them.
import { z } from "zod";
import { inWorkspace, nothing, operation, paged, pageOf } from "#lib/kit/operation.ts";

export const versionStatuses = ["reading", "ready", "failed"] as const;
export type VersionStatus = (typeof versionStatuses)[number];
export const isFinal = (status: VersionStatus): boolean => status !== "reading";

export const columnTypes = ["number", "integer", "boolean", "date", "text"] as const;
export type ColumnType = (typeof columnTypes)[number];

/** Profile of one column over all rows. Numbers carry moments, deciles and an equal-width histogram; the rest carries its levels. */
export const columnSchema = z.object({
  name: z.string(),
  type: z.enum(columnTypes),
  nulls: z.number().int(),
  distinct: z.number().int().describe("Approximate above 10,000"),
  min: z.union([z.number(), z.string()]).nullable(),
  max: z.union([z.number(), z.string()]).nullable(),
  mean: z.number().nullable(),
  sd: z.number().nullable(),
  deciles: z.array(z.number()).nullable().describe("0 %, 10 %, … 100 %"),
  histogram: z.object({ edges: z.array(z.number()), counts: z.array(z.number().int()) }).nullable(),
  levels: z
    .array(z.object({ value: z.string(), count: z.number().int() }))
    .nullable()
    .describe("Most frequent first, at most 50"),
});
export type Column = z.output<typeof columnSchema>;

/** What reading had to do to the file; every entry names the column or the line and shows examples. */
export const reportSchema = z.object({
  coerced: z.array(z.object({ column: z.string(), count: z.number().int(), to: z.string(), examples: z.array(z.string()) })),
  ragged: z
    .array(z.object({ line: z.number().int(), cells: z.number().int(), text: z.string() }))
    .describe("First 100 rows with too many or too few cells; all rows are loaded"),
  raggedCount: z.number().int(),
  notes: z.array(z.string()),
});
export type Report = z.output<typeof reportSchema>;

export const versionSchema = z.object({
  id: z.string(),
  number: z.number().int(),
  status: z.enum(versionStatuses),
  format: z.enum(["csv", "text", "parquet"]),
  fileName: z.string(),
  size: z.number(),
  rowCount: z.number().nullable(),
  columns: z.array(columnSchema).nullable(),
  preview: z.array(z.array(z.unknown())).nullable().describe("First 100 rows, cells in column order"),
  report: reportSchema.nullable(),
  failure: z.string().nullable(),
  createdBy: z.string(),
  createdAt: z.string(),
  readyAt: z.string().nullable(),
});
export type Version = z.output<typeof versionSchema>;

export const datasetSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  latest: z
    .object({
      number: z.number().int(),
      status: z.enum(versionStatuses),
      rowCount: z.number().nullable(),
      columnCount: z.number().nullable(),
      size: z.number(),
    })
    .nullable(),
  createdBy: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  trashedAt: z.string().nullable(),
});
export type Dataset = z.output<typeof datasetSchema>;

const name = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]{0,62}$/,
    "A data set's name starts with a letter and has only lower-case letters, digits and _, because SQL uses it.",
  );
const oneDataset = { ...inWorkspace, dataset: z.string().max(64).describe("Name or id") };
const oneVersion = { ...oneDataset, version: z.string().regex(/^(latest|\d{1,9})$/, "A version is a number, or latest.") };
const base = "/workspaces/{workspace}/datasets";

export const listDatasets = operation({
  id: "datasets.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists data sets, last changed first; `trash=true` lists those in the trash.",
  input: z.object({ ...inWorkspace, ...paged, trash: z.stringbool().default(false) }),
  output: pageOf(datasetSchema),
});

export const createDataset = operation({
  id: "datasets.create",
  method: "POST",
  path: base,
  grant: "write",
  summary: "Creates an empty data set; upload versions into it.",
  input: z.object({ ...inWorkspace, name, description: z.string().max(2000).default("") }),
  output: datasetSchema,
});

export const readDataset = operation({
  id: "datasets.read",
  method: "GET",
  path: `${base}/{dataset}`,
  grant: "read",
  summary: "Reads a data set with the numbers of its versions, newest first.",
  input: z.object(oneDataset),
  output: datasetSchema.extend({ versions: z.array(versionSchema.omit({ columns: true, preview: true, report: true })) }),
});

export const describeDataset = operation({
  id: "datasets.describe",
  method: "PATCH",
  path: `${base}/{dataset}`,
  grant: "write",
  summary: "Changes what people read about a data set.",
  input: z.object({ ...oneDataset, description: z.string().max(2000) }),
  output: datasetSchema,
});

export const uploadVersion = operation({
  id: "datasets.upload",
  method: "POST",
  path: `${base}/{dataset}/versions`,
  grant: "write",
  accepts: "bytes",
  status: 202,
  summary: "Streams a CSV or Parquet file into a new version; the answer comes at once with status `reading`.",
  input: z.object({
    ...oneDataset,
    fileName: z
      .string()
      .min(1)
      .max(255)
      .describe(
        "Its ending says the format: .csv, .tsv, .parquet, or .txt, which is a table of cells or, as prose, one column `text` with a row a line",
      ),
  }),
  output: versionSchema,
});

export const readVersion = operation({
  id: "datasets.readVersion",
  method: "GET",
  path: `${base}/{dataset}/versions/{version}`,
  grant: "read",
  summary: "Reads a version with its columns, profile, preview and report.",
  input: z.object(oneVersion),
  output: versionSchema,
});

export const downloadTable = operation({
  id: "datasets.download",
  method: "GET",
  path: `${base}/{dataset}/versions/{version}/table`,
  grant: "read",
  answers: "bytes",
  summary: "Streams a version's table as Parquet.",
  input: z.object(oneVersion),
  output: z.unknown(),
});

export const downloadOriginal = operation({
  id: "datasets.original",
  method: "GET",
  path: `${base}/{dataset}/versions/{version}/original`,
  grant: "read",
  answers: "bytes",
  summary: "Streams the file as it was uploaded, byte for byte.",
  input: z.object(oneVersion),
  output: z.unknown(),
});

export const trashDataset = operation({
  id: "datasets.trash",
  method: "POST",
  path: `${base}/{dataset}/trash`,
  grant: "write",
  status: 200,
  summary: "Moves a data set to the trash; cells that open it are told so.",
  input: z.object(oneDataset),
  output: datasetSchema,
});

export const restoreDataset = operation({
  id: "datasets.restore",
  method: "POST",
  path: `${base}/{dataset}/restore`,
  grant: "write",
  status: 200,
  summary: "Takes a data set back out of the trash.",
  input: z.object(oneDataset),
  output: datasetSchema,
});

export const deleteDataset = operation({
  id: "datasets.delete",
  method: "DELETE",
  path: `${base}/{dataset}`,
  grant: "own",
  summary: "Deletes a data set in the trash for good, with all its versions.",
  input: z.object(oneDataset),
  output: nothing,
});

export const datasetEvents = { changed: "dataset.changed", uploaded: "dataset.uploaded" } as const;

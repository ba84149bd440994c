// Open Inference V2 as JSON: tensors by name, data flat or nested, rows first. The signature of a model version uses the same words.
// Rows a person writes become tensors here, so that the screen, a cell and the serving process read a sample alike.
import { z } from "zod";
import type { Signature } from "#lib/models/contract.ts";

const parameters = z.record(z.string(), z.unknown()).optional();

/** Loose on purpose: the serving process refuses with the tensor's name what does not fit the signature. */
export const inferRequestSchema = z.object({
  id: z.string().optional(),
  parameters,
  inputs: z.array(
    z.object({ name: z.string(), shape: z.array(z.number().int()), datatype: z.string(), parameters, data: z.array(z.unknown()) }),
  ),
  outputs: z.array(z.object({ name: z.string(), parameters })).optional(),
});
export type InferRequest = z.output<typeof inferRequestSchema>;

export const inferResponseSchema = z.object({
  model_name: z.string(),
  model_version: z.string().optional(),
  id: z.string().optional(),
  parameters,
  outputs: z.array(
    z.object({ name: z.string(), shape: z.array(z.number().int()), datatype: z.string(), parameters, data: z.array(z.unknown()) }),
  ),
});
export type InferResponse = z.output<typeof inferResponseSchema>;

/** Columns by name; what a cell or a person has. */
export type InputColumns = Record<string, ArrayLike<unknown>>;

/** Rows turned into columns, in the order of the signature; a column no row has is absent. */
export const columnsOfRows = (signature: Signature, rows: readonly Record<string, unknown>[]): InputColumns =>
  Object.fromEntries(
    signature.inputs.filter(({ name }) => rows.some((row) => name in row)).map(({ name }) => [name, rows.map((row) => row[name])]),
  );

const toCell = (value: unknown, datatype: string): unknown => {
  if (datatype === "BYTES") return value === null || value === undefined ? "" : String(value);
  if (typeof value === "bigint") return value.toString();
  return value === undefined || (typeof value === "number" && !Number.isFinite(value)) ? null : value;
};

/** A V2 request from columns; throws a plain sentence when a column of the signature is absent. A missing number travels as null. */
export const requestOfColumns = (signature: Signature, columns: InputColumns): InferRequest => {
  const rows = Math.max(0, ...signature.inputs.map(({ name }) => columns[name]?.length ?? 0));
  const inputs = signature.inputs.map(({ name, datatype, shape }) => {
    const column = columns[name];
    if (!column) throw new Error(`The rows have no column ${name}, which the model takes as ${datatype}.`);
    const data = Array.from(column, (value) =>
      Array.isArray(value) ? value.map((one) => toCell(one, datatype)) : toCell(value, datatype),
    );
    return { name, datatype, shape: [rows, ...shape.slice(1).map((size) => (size === -1 ? 1 : size))], data };
  });
  return { inputs };
};

/** Values of an output by row: plain numbers or texts where a row has one value, arrays where it has several. */
export const columnOfOutput = (output: InferResponse["outputs"][number]): unknown[] => {
  const rows = output.shape[0] ?? output.data.length;
  const flat = (output.data as unknown[]).flat(Number.POSITIVE_INFINITY) as unknown[];
  const width = rows > 0 ? flat.length / rows : 1;
  return width === 1 ? flat : Array.from({ length: rows }, (_, i) => flat.slice(i * width, (i + 1) * width));
};

/** How the serving process hears what to serve, from the web process. */
export type ServedRevision = {
  id: string;
  number: number;
  version: number;
  digest: string;
  signature: Signature;
  sample: InferRequest | null;
};
export type ServedEndpoint = {
  workspaceId: string;
  id: string;
  name: string;
  model: string;
  current: string | null;
  /** Revisions that answer (the newest of each version that has served) and those that load. */
  revisions: ServedRevision[];
  loading: string[];
};
export type ServingPlan = { endpoints: ServedEndpoint[] };

/** One line of the spool: what was asked, what was answered. Names are the columns of the log. */
export type PredictionRecord = {
  id: string;
  workspace_id: string;
  endpoint_id: string;
  revision_id: string | null;
  version: number | null;
  at: string;
  latency_us: number;
  status: number;
  rows: number;
  inputs: Record<string, unknown[]> | null;
  outputs: Record<string, unknown[]> | null;
  error: string | null;
  caller: string;
};

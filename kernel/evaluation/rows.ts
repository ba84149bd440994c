// Rows of a table as columns in batches, read from Parquet by DuckDB with bounded memory. Numbers that a model takes as numbers come as
// numbers, everything else as text, which is how cells read a table for learning.
import { DuckDBInstance } from "@duckdb/node-api";
import type { Signature } from "#lib/models/contract.ts";

export type Batch = Record<string, unknown[]>;
export type Wanted = { name: string; as: "number" | "text" | "cell" };

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const expression: Record<Wanted["as"], (column: string) => string> = {
  number: (column) => `try_cast(${column} as double)`,
  text: (column) => `coalesce(${column}::varchar, '')`,
  cell: (column) => column,
};

/** How the inputs of a signature are read. */
export const wantedFor = (signature: Signature): Wanted[] =>
  signature.inputs.map(({ name, datatype }) => ({ name, as: datatype === "BYTES" ? "text" : "number" }));

const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return Number(value);
  return value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean" ? value : String(value);
};

/** Opens a table; `sampledFrom` is its size when only a fixed sample of `limit` rows is given. */
export const openRows = async (
  path: string,
  wanted: readonly Wanted[],
  limit: number,
): Promise<{ total: number; sampledFrom: number | null; batches: () => AsyncGenerator<Batch> }> => {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "800MB", threads: "1", preserve_insertion_order: "true" });
  const db = await instance.connect();
  const from = `read_parquet(${literal(path)})`;
  const size = Number((await db.runAndReadAll(`select count(*) from ${from}`)).getRows()[0]![0]);
  const sample = size > limit ? ` using sample reservoir(${limit} rows) repeatable (7)` : "";
  const columns = wanted.map(({ name, as }, i) => `${expression[as](quoted(name))} as c${i}`);
  return {
    total: Math.min(size, limit),
    sampledFrom: size > limit ? size : null,
    batches: async function* () {
      const result = await db.stream(`select ${columns.join(", ")} from ${from}${sample}`);
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        const read = chunk;
        yield Object.fromEntries(wanted.map(({ name, as }, i) => [`${as} ${name}`, read.getColumnValues(i).map(plain)]));
      }
    },
  };
};

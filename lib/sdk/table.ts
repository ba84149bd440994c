// A table in a session: a DuckDB view with what is needed to show it. Small facts (columns, rows, preview, bars) are taken when it is
// made, so that showing is instant; columns are read as typed arrays only when asked for.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import type { DuckDBConnection } from "@duckdb/node-api";
import { isNumeric, rowCount } from "#lib/learn/tables/table.ts";
import { session } from "#lib/sdk/door.ts";

export type ColumnKind = "number" | "boolean" | "date" | "string";
export type TableColumn = { name: string; type: ColumnKind };
/** Columns by name: Float64Array with NaN where a number is missing, or strings with "" where a text is missing. */
export type Columns = Record<string, Float64Array | string[]>;
/** Kinds of a table's columns by name, as far as they are known before it is read. */
export type Kinds = Record<string, ColumnKind>;
/** The workspace's data sets by the name they are opened under; empty here, filled by the language service from what they hold. */
// biome-ignore lint/suspicious/noEmptyInterface: filled from outside
export interface KnownTables {}
/** What is known of a data set's columns before it is read. */
export type KindsOf<Name extends string> = Name extends keyof KnownTables ? Extract<KnownTables[Name], Kinds> : Kinds;
/** A column as read: numbers and truth values (1 and 0) as numbers, dates and texts as text. */
export type ColumnOf<Kind extends ColumnKind> = Kind extends "number" | "boolean" ? Float64Array : string[];
type CellOf<Kind extends ColumnKind> = Kind extends "number" ? number : Kind extends "boolean" ? boolean : string;
/** A row of a table of such columns; what is not known before it is read is unknown. */
export type RowOf<Known extends Kinds> = string extends keyof Known
  ? Record<string, unknown>
  : { [Name in keyof Known]: CellOf<Known[Name]> | null };

const previewRows = 10;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

let opening: Promise<DuckDBConnection> | null = null;

/** The session's one DuckDB, in memory, spilling into the session's own folder. */
export const database = (): Promise<DuckDBConnection> => {
  opening ??= (async () => {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const folder = session()?.workDir ?? tmpdir();
    mkdirSync(folder, { recursive: true });
    return (await DuckDBInstance.create(":memory:", { memory_limit: "1GB", threads: "2", temp_directory: folder })).connect();
  })();
  return opening;
};

const kindOf = (type: string): ColumnKind => {
  if (/^(U?TINYINT|U?SMALLINT|U?INTEGER|U?BIGINT|U?HUGEINT|FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) return "number";
  if (type === "BOOLEAN") return "boolean";
  return /^(DATE|TIMESTAMP.*)$/.test(type) ? "date" : "string";
};

type Facts = { columns: TableColumn[]; rowCount: number; rows: unknown[][]; looks: Look[] };
type Look = { summary?: string; bars?: number[]; parts?: number[] };

const jsonRows = async (db: DuckDBConnection, statement: string): Promise<unknown[][]> =>
  (await db.runAndReadAll(statement)).getRowsJson() as unknown[][];

const short = (value: number): string =>
  Math.abs(value) >= 1e6
    ? `${(value / 1e6).toFixed(1)}M`
    : Math.abs(value) >= 1e4
      ? `${Math.round(value / 1e3)}k`
      : String(Math.round(value * 100) / 100);

const lookAtNumber = async (db: DuckDBConnection, view: string, name: string): Promise<Look> => {
  const column = `${quoted(name)}::double`;
  const [[low, high]] = (await jsonRows(db, `select min(${column}), max(${column}) from ${view}`)) as [[number | null, number | null]];
  if (low === null || high === null) return { summary: "empty" };
  if (low === high) return { summary: `all ${short(Number(low))}` };
  const rows = (await jsonRows(
    db,
    `select least(floor((${column} - ${low}) / ${(Number(high) - Number(low)) / 12}), 11)::integer as bin, count(*)::double from ${view} where ${quoted(name)} is not null group by bin`,
  )) as [number, number][];
  const bars = Array.from({ length: 12 }, () => 0);
  for (const [bin, count] of rows) bars[Math.max(0, bin)] = count;
  const tallest = Math.max(...bars);
  return { summary: `${short(Number(low))} – ${short(Number(high))}`, bars: bars.map((count) => count / tallest) };
};

const lookAtLevels = async (db: DuckDBConnection, view: string, name: string, rowCount: number): Promise<Look> => {
  const rows = (await jsonRows(
    db,
    `select ${quoted(name)}::varchar, count(*)::double as n from ${view} where ${quoted(name)} is not null group by 1 order by n desc limit 5`,
  )) as [string, number][];
  const [[distinct]] = (await jsonRows(db, `select approx_count_distinct(${quoted(name)})::double from ${view}`)) as [[number]];
  const parts = rows.map(([, n]) => n / Math.max(1, rowCount));
  const last = rows.at(-1);
  const summary =
    rows.length === 2 && last ? `${last[0].slice(0, 12)} ${((100 * last[1]) / Math.max(1, rowCount)).toFixed(1)} %` : `${distinct} values`;
  return { summary, parts };
};

const factsOf = async (db: DuckDBConnection, view: string): Promise<Facts> => {
  const described = (await jsonRows(db, `describe ${view}`)) as string[][];
  const columns = described.map(([name, type]) => ({ name: name!, type: kindOf(type!) }));
  const [[rowCount]] = (await jsonRows(db, `select count(*)::double from ${view}`)) as [[number]];
  const rows = await jsonRows(
    db,
    `select ${columns.map((column) => (column.type === "number" ? `${quoted(column.name)}::double` : column.type === "string" ? `${quoted(column.name)}::varchar` : quoted(column.name))).join(", ")} from ${view} limit ${previewRows}`,
  );
  const looks: Look[] = [];
  for (const column of columns.slice(0, 30))
    looks.push(column.type === "number" ? await lookAtNumber(db, view, column.name) : await lookAtLevels(db, view, column.name, rowCount));
  return { columns, rowCount, rows, looks };
};

const readColumn = async (db: DuckDBConnection, view: string, column: TableColumn): Promise<Float64Array | string[]> => {
  const isNumber = column.type === "number" || column.type === "boolean";
  const expression = isNumber ? `coalesce(${quoted(column.name)}::double, 'NaN'::double)` : `coalesce(${quoted(column.name)}::varchar, '')`;
  const result = await db.stream(`select ${expression} as v from ${view}`);
  const numbers: Float64Array[] = [];
  const texts: string[] = [];
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    if (isNumber) numbers.push(Float64Array.from(chunk.getColumnValues(0) as number[]));
    else for (const value of chunk.getColumnValues(0)) texts.push(String(value));
  }
  if (!isNumber) return texts;
  const whole = new Float64Array(numbers.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of numbers) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const bundle = (facts: Facts, source: string): Record<string, unknown> => ({
  "application/vnd.atelier.table+json": {
    columns: facts.columns.map((column, i) => ({ ...column, ...facts.looks[i] })),
    rows: facts.rows,
    rowCount: facts.rowCount,
    columnCount: facts.columns.length,
    source,
  },
  "text/plain": `${source}: ${facts.rowCount} rows × ${facts.columns.length} columns (${facts.columns
    .slice(0, 8)
    .map((column) => column.name)
    .join(", ")}${facts.columns.length > 8 ? ", …" : ""})`,
});

export type Table<Known extends Kinds = Kinds> = {
  /** Name of the view in the session's DuckDB, for use in SQL. */
  readonly view: string;
  readonly source: string;
  readonly columns: TableColumn[];
  readonly rowCount: number;
  /** SQL over this table under the name `this`; answers a new table. */
  sql: (query: string) => Promise<Table>;
  /** One column as a typed array; throws when there is no such column. */
  column<Name extends keyof Known & string>(name: Name): Promise<ColumnOf<Known[Name]>>;
  /** Several or all columns, for `learn`. */
  toColumns<Name extends keyof Known & string>(names?: Name[]): Promise<{ [One in Name]: ColumnOf<Known[One]> }>;
  /** Plain objects, at most `limit` (1,000); where the columns are not known, the caller says their shape. */
  rows<Row extends Record<string, unknown> = RowOf<Known>>(limit?: number): Promise<Row[]>;
  [display: symbol]: () => Record<string, unknown>;
};

/** Makes a table of a view that exists in the session's DuckDB. */
export const tableOf = async (view: string, source: string): Promise<Table> => {
  const db = await database();
  const facts = await factsOf(db, view);
  const find = (name: string): TableColumn => {
    const found = facts.columns.find((column) => column.name === name);
    if (!found) throw new Error(`${source} has no column ${name}. It has: ${facts.columns.map((column) => column.name).join(", ")}.`);
    return found;
  };
  const table: Table = {
    view,
    source,
    columns: facts.columns,
    rowCount: facts.rowCount,
    sql: (query) => tableFrom(query.replaceAll(/\bthis\b/g, view), `query on ${source}`),
    column: (name) => readColumn(db, view, find(name)),
    toColumns: async <Name extends string>(names = facts.columns.map((column) => column.name) as Name[]) => {
      const all = {} as Record<Name, Float64Array | string[]>;
      for (const name of names) all[name] = await readColumn(db, view, find(name));
      return all;
    },
    rows: async <Row extends Record<string, unknown>>(limit = 1000) => {
      const cells = await jsonRows(
        db,
        `select ${facts.columns.map((column) => (column.type === "number" ? `${quoted(column.name)}::double` : quoted(column.name))).join(", ")} from ${view} limit ${Math.floor(limit)}`,
      );
      return cells.map((row) => Object.fromEntries(facts.columns.map((column, i) => [column.name, row[i]])) as Row);
    },
    [Symbol.for("Jupyter.display")]: () => bundle(facts, source),
  };
  return table;
};

/** Runs a query and keeps its result as a table of its own, so that it does not change when its sources do. */
export const tableFrom = async (query: string, source: string): Promise<Table> => {
  const db = await database();
  const view = `result_${randomUUID().slice(0, 8)}`;
  await db.run(`create table ${view} as ${query.trim().replace(/;$/, "")}`);
  return tableOf(view, source);
};

const chunkRows = 2048; // what a chunk of DuckDB holds

/** Makes a table of columns in memory: a number that is not there (NaN) and a text that is not there ("") become null. */
export const tableOfColumns = async (columns: Columns, source: string): Promise<Table> => {
  const { DOUBLE, VARCHAR, DuckDBDataChunk } = await import("@duckdb/node-api");
  const all = Object.entries(columns);
  const count = rowCount(columns);
  if (all.length === 0) throw new Error("A table has at least one column.");
  const db = await database();
  const view = `columns_${randomUUID().slice(0, 8)}`;
  await db.run(`create table ${view} (${all.map(([name, one]) => `${quoted(name)} ${isNumeric(one) ? "double" : "varchar"}`).join(", ")})`);
  const appender = await db.createAppender(view);
  for (let from = 0; from < count; from += chunkRows) {
    const to = Math.min(count, from + chunkRows);
    const chunk = DuckDBDataChunk.create(
      all.map(([, one]) => (isNumeric(one) ? DOUBLE : VARCHAR)),
      to - from,
    );
    chunk.setColumns(
      all.map(([, one]) =>
        isNumeric(one)
          ? Array.from(one.subarray(from, to), (value) => (Number.isNaN(value) ? null : value))
          : one.slice(from, to).map((value) => (value === "" ? null : value)),
      ),
    );
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  return tableOf(view, source);
};

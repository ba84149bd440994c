// The profile of a table: per column what a person looks at first. One pass of SQL for the moments and deciles of all columns, one
// small query a column for its histogram or its levels.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Column, ColumnType } from "#lib/datasets/contract.ts";
import { query, type Rows } from "#lib/datasets/reader.ts";

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const isNumeric = (type: ColumnType): boolean => type === "number" || type === "integer";
const bins = 24;

const moments = (name: string, type: ColumnType, index: number): string => {
  const column = quoted(name);
  const common = `count(*) - count(${column}) as nulls${index}, approx_count_distinct(${column}) as distinct${index}, min(${column}) as min${index}, max(${column}) as max${index}`;
  return isNumeric(type)
    ? `${common}, avg(${column}) as mean${index}, stddev_pop(${column}) as sd${index}, quantile_cont(${column}::double, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]) as deciles${index}`
    : common;
};

const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

const histogramOf = async (db: DuckDBConnection, name: string, min: number, max: number): Promise<Column["histogram"]> => {
  if (min === max)
    return { edges: [min, max], counts: [Number((await query(db, `select count(${quoted(name)}) as n from data`))[0]?.n ?? 0)] };
  const width = (max - min) / bins;
  const rows = await query(
    db,
    `select least(greatest(floor((${quoted(name)}::double - ${min}) / ${width}), 0), ${bins - 1})::integer as bin, count(*) as n from data where ${quoted(name)} is not null group by bin`,
  );
  const counts = Array.from({ length: bins }, () => 0);
  for (const row of rows) counts[Number(row.bin)] = Number(row.n);
  return { edges: Array.from({ length: bins + 1 }, (_, i) => min + i * width), counts };
};

const levelsOf = async (db: DuckDBConnection, name: string): Promise<NonNullable<Column["levels"]>> => {
  const rows = await query(
    db,
    `select ${quoted(name)}::varchar as value, count(*) as n from data where ${quoted(name)} is not null group by value order by n desc, value limit 50`,
  );
  return rows.map((row) => ({ value: String(row.value).slice(0, 200), count: Number(row.n) }));
};

const columnOf = async (db: DuckDBConnection, name: string, type: ColumnType, index: number, row: Rows[number]): Promise<Column> => {
  const [min, max] = [row[`min${index}`], row[`max${index}`]];
  const isNumbers = isNumeric(type);
  const isEmpty = min === null || min === undefined;
  const text = (value: unknown) => String(value).slice(0, 200);
  return {
    name,
    type,
    nulls: Number(row[`nulls${index}`]),
    distinct: Number(row[`distinct${index}`]),
    min: isEmpty ? null : isNumbers ? Number(min) : text(min),
    max: isEmpty ? null : isNumbers ? Number(max) : text(max),
    mean: isNumbers ? number(row[`mean${index}`]) : null,
    sd: isNumbers ? number(row[`sd${index}`]) : null,
    deciles: isNumbers && !isEmpty ? (row[`deciles${index}`] as unknown[]).map(Number) : null,
    histogram: isNumbers && !isEmpty ? await histogramOf(db, name, Number(min), Number(max)) : null,
    levels: isNumbers || type === "date" ? null : await levelsOf(db, name),
  };
};

/** Profiles the table `data`; columns in order. */
export const profileData = async (
  db: DuckDBConnection,
  names: string[],
  types: ColumnType[],
): Promise<{ rowCount: number; columns: Column[] }> => {
  const [row] = await query(
    db,
    `select count(*) as rows, ${names.map((name, index) => moments(name, types[index]!, index)).join(", ")} from data`,
  );
  const columns: Column[] = [];
  for (const [index, name] of names.entries()) columns.push(await columnOf(db, name, types[index]!, index, row!));
  return { rowCount: Number(row!.rows), columns };
};

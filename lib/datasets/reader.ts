// Reads a file into a typed table with DuckDB, in a process of its own (read-main.ts). CSV is first loaded as text, whole: rows the fast
// reader refuses (too many or too few cells) are taken apart here and loaded too, so DS2 holds. Types are then chosen by looking at every
// value, not at a sample. Prose is loaded line by line and left as it is.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { ColumnType, Report } from "#lib/datasets/contract.ts";
import { type Counts, cleanNames, isProse, missingSigns, splitLine, typeOf } from "#lib/datasets/rules.ts";

export type Rows = Record<string, unknown>[];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** All rows of a query as JSON-safe objects. */
export const query = async (db: DuckDBConnection, statement: string): Promise<Rows> =>
  (await db.runAndReadAll(statement)).getRowObjectsJson() as Rows;

/** The lines at a file's head, of at most a megabyte. */
const firstLines = async (path: string): Promise<string[]> => {
  const file = await open(path);
  const bytes = Buffer.alloc(1_000_000);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  await file.close();
  return bytes
    .subarray(0, bytesRead)
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/);
};

/** Whether every byte is UTF-8; files from old spreadsheets are not. */
export const isUtf8 = async (path: string): Promise<boolean> => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) decoder.decode(part as Buffer, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
};

type Shape = { delimiter: string; quote: string; hasHeader: boolean; names: string[] };

const shapeOf = async (db: DuckDBConnection, path: string): Promise<Shape> => {
  const [found] = await query(
    db,
    `select Delimiter as delimiter, Quote as quote, HasHeader as header, len(Columns) as width from sniff_csv(${literal(path)}, ignore_errors=true, null_padding=true)`,
  );
  const delimiter = String(found?.delimiter ?? ",");
  const quote = String(found?.quote ?? '"').length === 1 ? String(found?.quote) : '"';
  const cells = splitLine((await firstLines(path))[0] ?? "", delimiter, quote);
  const isAllText = cells.every((cell) => cell.trim() !== "" && Number.isNaN(Number(cell)));
  const hasHeader = found?.header === true || isAllText;
  return { delimiter, quote, hasHeader, names: cleanNames(hasHeader ? cells : cells.map((_, index) => `column_${index + 1}`)) };
};

const loadRefused = async (
  db: DuckDBConnection,
  shape: Shape,
): Promise<{ ragged: Report["ragged"]; raggedCount: number; notes: string[] }> => {
  const refused = await query(
    db,
    "select line::bigint as line, any_value(csv_line) as text from reject_errors group by line order by line",
  );
  const appender = refused.length > 0 ? await db.createAppender("raw") : null;
  const ragged: Report["ragged"] = [];
  const width = shape.names.length;
  let extra = 0;
  for (const row of refused) {
    const text = String(row.text ?? "").replace(/\r?\n$/, "");
    const cells = splitLine(text, shape.delimiter, shape.quote);
    if (ragged.length < 100) ragged.push({ line: Number(row.line), cells: cells.length, text: text.slice(0, 300) });
    if (cells.length > width) extra += 1;
    for (let index = 0; index < width; index++) {
      const cell = cells[index];
      if (cell === undefined) appender!.appendNull();
      else appender!.appendVarchar(cell);
    }
    appender!.endRow();
  }
  appender?.closeSync();
  const notes =
    extra > 0
      ? [`${extra} rows have more cells than the ${width} columns; the cells beyond stand in this report and in the original file.`]
      : [];
  return { ragged, raggedCount: refused.length, notes };
};

/** Loads a CSV file as the text table `raw`; every row of the file is in it. */
export const loadCsv = async (
  db: DuckDBConnection,
  path: string,
): Promise<Pick<Report, "ragged" | "raggedCount" | "notes"> & { names: string[] }> => {
  const shape = await shapeOf(db, path);
  const columns = `{${shape.names.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ")}}`;
  await db.run(
    `create table raw as select * from read_csv(${literal(path)}, auto_detect=false, columns=${columns}, header=${shape.hasHeader}, delim=${literal(shape.delimiter)}, quote=${literal(shape.quote)}, escape=${literal(shape.quote)}, store_rejects=true, rejects_limit=0, max_line_size=16000000)`,
  );
  return { ...(await loadRefused(db, shape)), names: shape.names };
};

/** Whether a .txt file, by the first thousand of its lines, is prose. */
export const holdsProse = async (path: string): Promise<boolean> => isProse((await firstLines(path)).slice(0, 1000));

/** Loads prose as the table `data` with one column: every line as it stands, the empty ones and leading spaces too. */
export const loadProse = async (db: DuckDBConnection, path: string): Promise<{ names: string[]; types: ColumnType[] }> => {
  await db.run("create table data (text varchar)");
  const appender = await db.createAppender("data");
  let isFirst = true;
  for await (const line of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Number.POSITIVE_INFINITY })) {
    appender.appendVarchar(isFirst ? line.replace(/^\uFEFF/, "") : line);
    appender.endRow();
    isFirst = false;
  }
  appender.closeSync();
  return { names: ["text"], types: ["text"] };
};

const isMissing = (column: string): string => `(${column} is null or lower(trim(${column})) in (${missingSigns.map(literal).join(", ")}))`;
const filledOf = (column: string): string => `case when ${isMissing(column)} then null else trim(${column}) end`;
const isDate = (value: string): string =>
  `(${value} similar to '\\d{4}-\\d{2}-\\d{2}([ T].*)?' and try_cast(${value} as timestamp) is not null)`;

const countColumn = (name: string, index: number): string => {
  const value = filledOf(quoted(name));
  return [
    `count(${value}) as f${index}`,
    `count(*) filter (try_cast(${value} as bigint) is not null and ${value} not similar to '[+-]?0\\d+' and ${value} not like '%.%' and ${value} not ilike '%e%') as i${index}`,
    `count(*) filter (isfinite(try_cast(${value} as double)) and ${value} not similar to '[+-]?0\\d+') as n${index}`,
    `count(*) filter (lower(${value}) in ('true', 'false')) as b${index}`,
    `count(*) filter (${isDate(value)}) as d${index}`,
  ].join(", ");
};

const castOf: Record<ColumnType, (value: string) => string> = {
  integer: (value) => `try_cast(${value} as bigint)`,
  number: (value) => `case when isfinite(try_cast(${value} as double)) then try_cast(${value} as double) end`,
  boolean: (value) => `try_cast(lower(${value}) as boolean)`,
  date: (value) => `try_cast(${value} as timestamp)`,
  text: (value) => value,
};

/** Chooses a type for every text column of `raw` by all its values and makes the typed table `data`. */
export const typeText = async (db: DuckDBConnection, names: string[]): Promise<{ types: ColumnType[]; coerced: Report["coerced"] }> => {
  const [row] = await query(db, `select ${names.map(countColumn).join(", ")} from raw`);
  const count = (key: string) => Number(row?.[key] ?? 0);
  const chosen = names.map((_, i) => {
    const counts: Counts = {
      filled: count(`f${i}`),
      integer: count(`i${i}`),
      number: count(`n${i}`),
      boolean: count(`b${i}`),
      date: count(`d${i}`),
    };
    return typeOf(counts);
  });
  const coerced: Report["coerced"] = [];
  for (const [index, { type, strays }] of chosen.entries()) {
    if (strays === 0) continue;
    const value = filledOf(quoted(names[index]!));
    const examples = await query(
      db,
      `select distinct ${value} as v from raw where ${value} is not null and (${castOf[type](value)}) is null limit 5`,
    );
    coerced.push({
      column: names[index]!,
      count: strays,
      to: "null, because the column is numbers",
      examples: examples.map((one) => String(one.v)),
    });
  }
  const columns = names.map((name, index) => `${castOf[chosen[index]!.type](filledOf(quoted(name)))} as ${quoted(name)}`);
  await db.run(`create table data as select ${columns.join(", ")} from raw`);
  return { types: chosen.map((one) => one.type), coerced };
};

const typeOfSql = (type: string): { type: ColumnType; cast: string } => {
  if (/^(U?TINYINT|U?SMALLINT|U?INTEGER|BIGINT)$/.test(type)) return { type: "integer", cast: "bigint" };
  if (/^(UBIGINT|U?HUGEINT|FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) return { type: "number", cast: "double" };
  if (type === "BOOLEAN") return { type: "boolean", cast: "boolean" };
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) return { type: "date", cast: "timestamp" };
  return { type: "text", cast: "varchar" };
};

/** Loads a Parquet file as the typed table `data`; nested values become their JSON text. */
export const loadParquet = async (db: DuckDBConnection, path: string): Promise<{ names: string[]; types: ColumnType[] }> => {
  const described = await query(db, `describe select * from read_parquet(${literal(path)})`);
  const names = described.map((row) => String(row.column_name));
  const found = described.map((row) => typeOfSql(String(row.column_type)));
  const columns = names.map((name, index) => `cast(${quoted(name)} as ${found[index]!.cast}) as ${quoted(name)}`);
  await db.run(`create table data as select ${columns.join(", ")} from read_parquet(${literal(path)})`);
  return { names, types: found.map((one) => one.type) };
};

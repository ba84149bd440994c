// `datasets` in a cell: the workspace's tables, read over the session's door once and then at DuckDB's speed from the session's folder.
import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as contract from "#lib/datasets/contract.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { callFromCell, sendFromCell, session } from "#lib/sdk/door.ts";
import { type Columns, database, type KindsOf, type KnownTables, type Table, tableFrom, tableOf, tableOfColumns } from "#lib/sdk/table.ts";

const opened = new Map<string, Promise<Table>>();
const folder = (): string => session()?.workDir ?? tmpdir();

const findReady = async (name: string, version: string): Promise<contract.Version> => {
  for (;;) {
    const found = await callFromCell(contract.readVersion, { dataset: name, version });
    if (found.status === "failed") throw new Error(`${name} version ${found.number}: ${found.failure}`);
    if (found.status === "ready") return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
};

const fetchTable = async (name: string, version: string): Promise<{ path: string; number: number }> => {
  const found = await findReady(name, version);
  const path = join(folder(), `${found.id}.parquet`);
  if (!existsSync(path)) {
    const answer = await sendFromCell(contract.downloadTable, { dataset: name, version: String(found.number) });
    await pipeline(Readable.fromWeb(answer.body as never), createWriteStream(`${path}.part`));
    await rename(`${path}.part`, path);
  }
  return { path, number: found.number };
};

const openView = async (name: string, version: string): Promise<Table> => {
  const { path, number } = await fetchTable(name, version);
  const db = await database();
  const view = version === "latest" ? name : `${name}_v${number}`;
  await db.run(`create or replace view "${view}" as select * from read_parquet('${path.replaceAll("'", "''")}')`);
  return tableOf(`"${view}"`, `${name} version ${number}`);
};

/**
 * Opens a data set: `name` for its newest version, `name@3` for a pinned one. The table is then known to SQL under its name.
 *
 * @example
 * const loans = await datasets.open("lending_club");
 * const rate = await loans.column("int_rate"); // Float64Array
 */
export const open = <Name extends (keyof KnownTables & string) | (string & {})>(name: Name): Promise<Table<KindsOf<Name>>> => {
  const [base, version = "latest"] = name.split("@") as [string, string?];
  const key = `${base}@${version}`;
  const known = opened.get(key);
  if (known && version !== "latest") return known as Promise<Table<KindsOf<Name>>>;
  const table = openView(base, version);
  opened.set(key, table);
  table.catch(() => opened.delete(key));
  return table as Promise<Table<KindsOf<Name>>>;
};

/**
 * SQL over the workspace's data sets, named as they are; what a query names is opened by itself.
 *
 * @example
 * const bySubGrade = await datasets.sql("select sub_grade, count(*) as n from lending_club group by 1 order by 1");
 */
export const sql = async (query: string): Promise<Table> => {
  const db = await database();
  for (const name of db.getTableNames(query, false)) {
    if (opened.has(`${name}@latest`)) await opened.get(`${name}@latest`);
    else await open(name).catch((error: unknown) => ignoreMissing(error));
  }
  return tableFrom(query, "query");
};

/** A name in a query that is no data set may be a table of the session; DuckDB then says what is wrong. */
const ignoreMissing = (error: unknown): void => {
  if (!isProblem(error) || (error.kind !== "missing" && error.kind !== "invalid")) throw error;
};

/**
 * The workspace's data sets by name.
 *
 * @example
 * for (const one of await datasets.list()) console.log(one.name, one.description);
 */
export const list = async (): Promise<contract.Dataset[]> => (await callFromCell(contract.listDatasets, {})).items;

const isTable = (source: Table | Columns): source is Table => typeof (source as Table).toColumns === "function";

/**
 * Saves a table, or columns as `learn` has them, as a new version of a data set, made when absent; answers the number of the version
 * once it can be opened.
 *
 * @example
 * const clean = await datasets.sql("select * from lending_club where annual_inc < 1e6");
 * await datasets.save("loans_clean", clean);
 */
export const save = async (name: string, source: Table | Columns): Promise<{ name: string; version: number }> => {
  const table = isTable(source) ? source : await tableOfColumns(source, name);
  const path = join(folder(), `save-${randomUUID()}.parquet`);
  await (await database()).run(`copy (select * from ${table.view}) to '${path.replaceAll("'", "''")}' (format parquet, compression zstd)`);
  await callFromCell(contract.createDataset, { name }).catch((error: unknown) => {
    if (!isProblem(error) || error.code !== "datasets.name_taken") throw error;
  });
  const made = await callFromCell(
    contract.uploadVersion,
    { dataset: name, fileName: `${name}.parquet` },
    { body: Readable.toWeb(createReadStream(path)) as never },
  );
  await rm(path, { force: true });
  return { name, version: (await findReady(name, String(made.number))).number };
};

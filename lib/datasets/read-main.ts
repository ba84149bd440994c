// One file, one process: the worker forks this, sends a path, and hears back what was found. A file that crashes the native reader or
// eats its memory ends this process and nothing else.

import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Column, Report } from "#lib/datasets/contract.ts";
import { profileData } from "#lib/datasets/profiler.ts";
import { holdsProse, isUtf8, loadCsv, loadParquet, loadProse, query, typeText } from "#lib/datasets/reader.ts";

export type Task = { path: string; format: "csv" | "text" | "parquet"; tablePath: string; spillPath: string };
export type Found = { rowCount: number; columns: Column[]; preview: unknown[][]; report: Report };
export type Answer = { found: Found } | { failure: string };

const inUtf8 = async (task: Task): Promise<{ path: string; notes: string[] }> => {
  if (await isUtf8(task.path)) return { path: task.path, notes: [] };
  const path = `${task.tablePath}.utf8`;
  await writeFile(path, readFileSync(task.path, "latin1"), "utf8");
  return { path, notes: ["The file is not UTF-8; it was read as Latin-1."] };
};

/** Loads a file of cells and tells the report what was odd about it. */
const loadCells = async (db: DuckDBConnection, path: string, report: Report): Promise<{ names: string[]; types: Column["type"][] }> => {
  const { names, ragged, raggedCount, notes } = await loadCsv(db, path);
  const { types, coerced } = await typeText(db, names);
  Object.assign(report, { ragged, raggedCount, coerced });
  report.notes.push(...notes);
  return { names, types };
};

const read = async (task: Task): Promise<Found> => {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "1500MB",
    threads: "2",
    temp_directory: task.spillPath,
    preserve_insertion_order: "true",
  });
  const db = await instance.connect();
  const report: Report = { coerced: [], ragged: [], raggedCount: 0, notes: [] };
  let shape: { names: string[]; types: Column["type"][] };
  if (task.format === "parquet") shape = await loadParquet(db, task.path);
  else {
    const { path, notes } = await inUtf8(task);
    report.notes.push(...notes);
    const isText = task.format === "text" && (await holdsProse(path));
    shape = isText ? await loadProse(db, path) : await loadCells(db, path, report);
    if (path !== task.path) await rm(path, { force: true });
  }
  const profile = await profileData(db, shape.names, shape.types);
  const preview = (await db.runAndReadAll("select * from data limit 100")).getRowsJson() as unknown[][];
  const numbers = shape.types.map((type) => type === "integer");
  await query(db, `copy data to '${task.tablePath.replaceAll("'", "''")}' (format parquet, compression zstd)`);
  return {
    ...profile,
    preview: preview.map((cells) => cells.map((cell, index) => (numbers[index] && cell !== null ? Number(cell) : cell))),
    report,
  };
};

const sentence = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  return `The file could not be read: ${text.split("\n")[0]?.slice(0, 300)}. Check the file, then upload it again.`;
};

process.once("disconnect", () => process.exit(0));
process.once("message", async (task: Task) => {
  const answer: Answer = await read(task).then(
    (found) => ({ found }),
    (error: unknown) => ({ failure: sentence(error) }),
  );
  process.send!(answer, () => process.exit(0));
});

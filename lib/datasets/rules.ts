// Decisions of the datasets room: formats by file name, which type a column of text becomes, and what the report says of it.

import type { ColumnType } from "#lib/datasets/contract.ts";
import { Problem } from "#lib/kit/problem.ts";

/** The format a file name promises; refuses what we cannot read. */
export const formatOf = (fileName: string): "csv" | "text" | "parquet" => {
  const ending = fileName.toLowerCase().split(".").at(-1) ?? "";
  if (["csv", "tsv"].includes(ending)) return "csv";
  if (ending === "txt") return "text";
  if (ending === "parquet") return "parquet";
  throw new Problem("invalid", "datasets.format", `fileName: .${ending} is not read here. Upload .csv, .tsv, .txt or .parquet.`);
};

/** How many of a text column's values could be read as each type; `filled` counts values that are not a sign for "missing". */
export type Counts = { filled: number; integer: number; number: number; boolean: number; date: number };

/** Signs for "missing" in files from the field, compared trimmed and in lower case. Each becomes null and is not a coercion. */
export const missingSigns = ["", "na", "n/a", "nan", "null", "none", "?"];

/** A column becomes a number when at least this share of its values reads as one; the rest is null and in the report. */
export const coercionShare = 0.98;

/** The type of a text column: the narrowest that every value reads as; numbers tolerate strays up to `coercionShare`. */
export const typeOf = (counts: Counts): { type: ColumnType; strays: number } => {
  const { filled } = counts;
  if (filled === 0) return { type: "text", strays: 0 };
  if (counts.integer === filled) return { type: "integer", strays: 0 };
  if (counts.number === filled) return { type: "number", strays: 0 };
  if (counts.boolean === filled) return { type: "boolean", strays: 0 };
  if (counts.date === filled) return { type: "date", strays: 0 };
  if (counts.number >= filled * coercionShare && filled >= 20) return { type: "number", strays: filled - counts.number };
  return { type: "text", strays: 0 };
};

/** Cells of a delimited line, quotes undone; for the few lines the fast reader refused. */
export const splitLine = (line: string, delimiter: string, quote = '"'): string[] => {
  const cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (isQuoted && char === quote && line[i + 1] === quote) {
      cell += quote;
      i += 1;
    } else if (char === quote && (isQuoted || cell === "")) isQuoted = !isQuoted;
    else if (char === delimiter && !isQuoted) {
      cells.push(cell);
      cell = "";
    } else cell += char;
  }
  return [...cells, cell];
};

/** Column names made usable: trimmed, never empty, never twice. */
export const cleanNames = (names: string[]): string[] => {
  const seen = new Map<string, number>();
  return names.map((name, index) => {
    const plain = name.trim() || `column_${index + 1}`;
    const times = seen.get(plain.toLowerCase()) ?? 0;
    seen.set(plain.toLowerCase(), times + 1);
    return times === 0 ? plain : `${plain}_${times + 1}`;
  });
};

/**
 * Whether lines of a .txt file are prose and no table: no separator parts nine in ten of them into equally many cells, and they are not
 * all numbers.
 */
export const isProse = (lines: readonly string[]): boolean => {
  const filled = lines.filter((line) => line.trim() !== "");
  if (filled.length === 0 || filled.every((line) => Number.isFinite(Number(line)))) return false;
  return [",", ";", "\t", "|"].every((separator) => {
    const widths = new Map<number, number>();
    for (const line of filled) {
      const cells = splitLine(line, separator).length;
      if (cells > 1) widths.set(cells, (widths.get(cells) ?? 0) + 1);
    }
    return Math.max(0, ...widths.values()) < 0.9 * filled.length;
  });
};

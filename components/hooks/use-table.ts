"use client";
// Columns of a data set for forms that ask about one of them.
import { useEffect, useState } from "react";
import { type Column, readVersion } from "#lib/datasets/contract.ts";
import { call } from "#lib/kit/call.ts";

export type ReadTable = { number: number; columns: Column[]; rows: number };

/** The newest version of a data set; null while it is read, and for no name. */
export const useTable = (workspace: string, dataset: string): ReadTable | null => {
  const [table, setTable] = useState<ReadTable | null>(null);
  useEffect(() => {
    let isGone = false;
    setTable(null);
    if (dataset === "") return;
    void call(readVersion, { workspace, dataset, version: "latest" })
      .then((found) => !isGone && setTable({ number: found.number, columns: found.columns ?? [], rows: found.rowCount ?? 0 }))
      .catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [workspace, dataset]);
  return table;
};

/** What a column could count as positive by: its words, or the two values of a number; empty for columns of many values. */
export const levelsOf = (column: Column | undefined): string[] => {
  if (!column || column.distinct > 20) return [];
  if (column.type === "number") return column.distinct === 2 ? [column.min, column.max].map(String) : [];
  return (column.levels ?? []).map((one) => one.value);
};

/** A level as cells hold it: numbers as numbers, and truth values, which columns of a session hold as 1 and 0. */
export const cellOf = (column: Column | undefined, level: string): string | number =>
  column?.type === "number" ? Number(level) : column?.type === "boolean" ? Number(level === "true") : level;

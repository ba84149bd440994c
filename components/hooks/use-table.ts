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

/** What a column could count as positive by; empty for numbers and for columns of many values. */
export const levelsOf = (column: Column | undefined): string[] =>
  column && column.type !== "number" && column.distinct <= 20 ? (column.levels ?? []).map((one) => one.value) : [];

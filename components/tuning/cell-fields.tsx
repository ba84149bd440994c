"use client";
// Which function of which notebook is the objective. Functions are found by the first words of their lines; whether one takes a trial and
// answers a number shows when it runs.
import { useEffect, useState } from "react";
import { call } from "#lib/kit/call.ts";
import { type Cell, type Notebook, readNotebook } from "#lib/notebooks/contract.ts";

export type Found = { key: string; name: string; cellId: string; position: number };
export type CellForm = { notebook: string; key: string; goal: string; direction: "minimize" | "maximize" };

const definition =
  /^(?:export )?(?:(?:async )?function\s+([A-Za-z_$][\w$]*)|(?:const|let)\s+([A-Za-z_$][\w$]*)\s*=\s*(?:async\s*)?(?:\([^\n]*\)|[A-Za-z_$][\w$]*)\s*(?::[^=\n]*)?=>)/gm;

/** Functions at the outermost level of code cells, last cell first. */
export const functionsIn = (cells: readonly Pick<Cell, "id" | "cellType" | "source">[]): Found[] =>
  cells
    .filter((cell) => cell.cellType === "code")
    .flatMap((cell, i) =>
      [...cell.source.matchAll(definition)].map((match) => {
        const name = match[1] ?? match[2]!;
        return { key: `${cell.id} ${name}`, name, cellId: cell.id, position: i + 1 };
      }),
    )
    .reverse();

export const useFunctions = (workspace: string, notebook: string): Found[] => {
  const [found, setFound] = useState<Found[]>([]);
  useEffect(() => {
    let isGone = false;
    setFound([]);
    if (notebook === "") return;
    void call(readNotebook, { workspace, notebook })
      .then(({ cells }) => !isGone && setFound(functionsIn(cells)))
      .catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [workspace, notebook]);
  return found;
};

type Props = { notebooks: Pick<Notebook, "id" | "title">[]; functions: Found[]; form: CellForm; onChange: (form: CellForm) => void };

export const CellFields = ({ notebooks, functions, form, onChange }: Props) => (
  <>
    <div className="two">
      <label className="field">
        <span>Notebook</span>
        <select value={form.notebook} onChange={(event) => onChange({ ...form, notebook: event.target.value, key: "" })}>
          {notebooks.map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Function</span>
        <select value={form.key || functions[0]?.key || ""} onChange={(event) => onChange({ ...form, key: event.target.value })}>
          {functions.map((one) => (
            <option key={one.key} value={one.key}>
              {one.name}, cell {one.position}
            </option>
          ))}
        </select>
        <small>
          {functions.length > 0 ? "takes a trial, answers its value; the cells up to it run first" : "its cells define no function"}
        </small>
      </label>
    </div>
    <div className="two">
      <label className="field">
        <span>Its value is called</span>
        <input value={form.goal} maxLength={100} onChange={(event) => onChange({ ...form, goal: event.target.value })} />
      </label>
      <label className="field">
        <span>Better is</span>
        <select value={form.direction} onChange={(event) => onChange({ ...form, direction: event.target.value as CellForm["direction"] })}>
          <option value="minimize">less</option>
          <option value="maximize">more</option>
        </select>
      </label>
    </div>
  </>
);

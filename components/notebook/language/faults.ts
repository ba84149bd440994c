"use client";
// What is wrong: in the cell that is being edited, asked a moment after its text, or that of any other cell, stood still; and in all cells,
// a while after, for what rests.
import type { editor as MonacoEditor } from "monaco-editor";
import { useEffect, useState } from "react";
import type { Monaco } from "#components/notebook/editor-setup.ts";
import { cellOf, type Notebook } from "#components/notebook/language/cell-models.ts";
import { call } from "#lib/kit/call.ts";
import type { CallInputOf, OutputOf } from "#lib/kit/operation.ts";
import { Problem } from "#lib/kit/problem.ts";
import { idOf, orderedCells, typeOf } from "#lib/notebooks/document.ts";
import { diagnoseCells, type Fault } from "#lib/sessions/language/contract.ts";

const afterOwnMs = 300;
const afterOthersMs = 900;
const afterAllMs = 1500;
/** The language service may be starting again, or the line be gone for a moment: what was not answered is asked again. */
const againMs = 3000;
/** All cells are asked about a few at a time, so that a completion in between need not wait for all. */
const atOnce = 12;
const owner = "atelier";

/** What is wrong, "later" when nobody can say at this moment, null when the question is refused. */
const faultsOf = (question: CallInputOf<typeof diagnoseCells>): Promise<OutputOf<typeof diagnoseCells> | "later" | null> =>
  call(diagnoseCells, question).catch((error) =>
    error instanceof Problem && error.kind !== "unavailable" && error.kind !== "limit" ? null : ("later" as const),
  );

const markerOf = (monaco: Monaco, model: MonacoEditor.ITextModel, fault: Fault): MonacoEditor.IMarkerData => {
  const [from, to] = [model.getPositionAt(fault.start), model.getPositionAt(fault.start + fault.length)];
  const severities = { error: monaco.MarkerSeverity.Error, warning: monaco.MarkerSeverity.Warning, hint: monaco.MarkerSeverity.Hint };
  return {
    startLineNumber: from.lineNumber,
    startColumn: from.column,
    endLineNumber: to.lineNumber,
    endColumn: to.column,
    severity: severities[fault.severity],
    message: fault.message,
    code: String(fault.code),
    ...(fault.isDeprecated ? { tags: [monaco.MarkerTag.Deprecated] } : {}),
  };
};

/** What is wrong in every cell, asked again a while after anything changed and after a cell has run, whose variables are names too; empty
 * for whom the page gives no language. `lastRun` is when the last run ended. */
export const useFaults = (around: Notebook | null, lastRun: string): ReadonlyMap<string, Fault[]> => {
  const [faults, setFaults] = useState<ReadonlyMap<string, Fault[]>>(new Map());
  useEffect(() => {
    if (!around) return;
    const { workspace, notebook, shared, afterRun } = around;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let last = "";
    let turn = 0;
    const look = async (): Promise<void> => {
      const mine = ++turn;
      const ids = orderedCells(shared.doc).flatMap((cell) => (typeOf(cell) === "code" ? [idOf(cell)] : []));
      const wrong: (readonly [string, Fault[]])[] = [];
      for (let at = 0; at < ids.length; at += atOnce) {
        const answer = await faultsOf({ workspace, notebook, cells: ids.slice(at, at + atOnce) });
        if (mine !== turn) return;
        if (answer === "later") timer = setTimeout(() => void look(), againMs);
        if (!answer || answer === "later") return;
        for (const { cellId, faults } of answer.cells) {
          const errors = faults.filter((one) => one.severity === "error");
          if (errors.length > 0) wrong.push([cellId, errors]);
        }
      }
      const now = JSON.stringify(wrong);
      if (now === last) return;
      last = now;
      setFaults(new Map(wrong));
    };
    const soon = (): void => {
      turn += 1;
      if (timer) clearTimeout(timer);
      timer = setTimeout(() => void look(), afterAllMs);
    };
    shared.doc.on("update", soon);
    afterRun.add(soon);
    void look();
    return () => {
      turn += 1;
      shared.doc.off("update", soon);
      afterRun.delete(soon);
      if (timer) clearTimeout(timer);
    };
  }, [around]);
  useEffect(() => {
    if (lastRun) for (const hear of around?.afterRun ?? []) hear();
  }, [around, lastRun]);
  return faults;
};

/** Keeps a model's marks true until what it answers is called. */
export const watchFaults = (monaco: Monaco, model: MonacoEditor.ITextModel): (() => void) => {
  const cell = cellOf(model);
  if (!cell) return () => {};
  const { workspace, notebook, cellId, shared, afterRun } = cell;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let due = Number.POSITIVE_INFINITY;
  let isOver = false;

  const look = async (): Promise<void> => {
    timer = null;
    due = Number.POSITIVE_INFINITY;
    const seen = model.getVersionId();
    const source = model.getValue();
    const answer = await faultsOf({ workspace, notebook, cellId, source, cells: [cellId] });
    if (isOver || model.isDisposed()) return;
    if (answer === "later") return soon(againMs, false);
    if (!answer || model.getVersionId() !== seen) return;
    const faults = answer.cells.find((one) => one.cellId === cellId)?.faults ?? [];
    monaco.editor.setModelMarkers(
      model,
      owner,
      faults.map((fault) => markerOf(monaco, model, fault)),
    );
  };
  const soon = (ms: number, mayMove: boolean): void => {
    const at = Date.now() + ms;
    if (timer && !mayMove && at >= due) return;
    if (timer) clearTimeout(timer);
    due = at;
    timer = setTimeout(() => void look(), ms);
  };

  const own = model.onDidChangeContent(() => soon(afterOwnMs, true));
  const others = (): void => soon(afterOthersMs, false);
  shared.doc.on("update", others);
  afterRun.add(others);
  soon(0, true);
  return () => {
    isOver = true;
    own.dispose();
    shared.doc.off("update", others);
    afterRun.delete(others);
    if (timer) clearTimeout(timer);
    if (!model.isDisposed()) monaco.editor.setModelMarkers(model, owner, []);
  };
};

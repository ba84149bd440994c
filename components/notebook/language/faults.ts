"use client";
// What is wrong: in the cell that is being edited, asked a moment after its text, or that of any other cell, stood still; and in all cells,
// a while after, for what rests.
import type { editor as MonacoEditor } from "monaco-editor";
import { useEffect, useState } from "react";
import type { Monaco } from "#components/notebook/editor-setup.ts";
import { cellOf, type Notebook } from "#components/notebook/language/cell-models.ts";
import { quietly } from "#components/notebook/language/completion.ts";
import { call } from "#lib/kit/call.ts";
import { diagnoseCells, type Fault } from "#lib/sessions/language/contract.ts";

const afterOwnMs = 300;
const afterOthersMs = 900;
const afterAllMs = 1500;
const owner = "atelier";

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

/** What is wrong in every cell, asked again a while after anything changed; empty for whom the page gives no language. */
export const useFaults = (around: Notebook | null): ReadonlyMap<string, Fault[]> => {
  const [faults, setFaults] = useState<ReadonlyMap<string, Fault[]>>(new Map());
  useEffect(() => {
    if (!around) return;
    const { workspace, notebook, shared } = around;
    let isGone = false;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let last = "";
    const look = async (): Promise<void> => {
      const answer = await quietly(call(diagnoseCells, { workspace, notebook }));
      if (isGone || !answer) return;
      const wrong = answer.cells
        .map((cell) => ({ ...cell, faults: cell.faults.filter((one) => one.severity === "error") }))
        .filter((cell) => cell.faults.length > 0);
      const now = JSON.stringify(wrong);
      if (now === last) return;
      last = now;
      setFaults(new Map(wrong.map((cell) => [cell.cellId, cell.faults])));
    };
    const soon = (): void => {
      if (timer) clearTimeout(timer);
      timer = setTimeout(() => void look(), afterAllMs);
    };
    shared.doc.on("update", soon);
    void look();
    return () => {
      isGone = true;
      shared.doc.off("update", soon);
      if (timer) clearTimeout(timer);
    };
  }, [around]);
  return faults;
};

/** Keeps a model's marks true until what it answers is called. */
export const watchFaults = (monaco: Monaco, model: MonacoEditor.ITextModel): (() => void) => {
  const cell = cellOf(model);
  if (!cell) return () => {};
  const { workspace, notebook, cellId, shared } = cell;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let due = Number.POSITIVE_INFINITY;

  const look = async (): Promise<void> => {
    timer = null;
    due = Number.POSITIVE_INFINITY;
    const seen = model.getVersionId();
    const source = model.getValue();
    const answer = await quietly(call(diagnoseCells, { workspace, notebook, cellId, source, cells: [cellId] }));
    if (!answer || model.isDisposed() || model.getVersionId() !== seen) return;
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
  soon(0, true);
  return () => {
    own.dispose();
    shared.doc.off("update", others);
    if (timer) clearTimeout(timer);
    if (!model.isDisposed()) monaco.editor.setModelMarkers(model, owner, []);
  };
};

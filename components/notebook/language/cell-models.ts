"use client";
// Which cell an editor's model is: Monaco asks its providers by model, the language service answers by cell. Registered while the editor
// lives.
import type { editor as MonacoEditor } from "monaco-editor";
import { createContext, useMemo, useRef } from "react";
import type { Shared } from "#components/notebook/use-document.ts";

/** What the page gives to its editors: where they are, and how to get into another cell. */
export type Notebook = {
  workspace: string;
  notebook: string;
  shared: Shared;
  /** Opens a cell's editor with a stretch selected. */
  go: (cellId: string, offset: number, length: number) => void;
  /** The stretch that the cell opened last is to select, until its editor is there. */
  jump: { current: { cellId: string; offset: number; length: number } | null };
  /** Who wants to hear that a cell has run. */
  afterRun: Set<() => void>;
};
export type CellModel = Notebook & { cellId: string };

export const NotebookContext = createContext<Notebook | null>(null);

/** The context of a page; `edit` opens a cell's editor. */
export const useNotebook = (
  workspace: string,
  notebook: string,
  shared: Shared | null,
  edit: (cellId: string) => void,
): Notebook | null => {
  const jump = useRef<Notebook["jump"]["current"]>(null);
  return useMemo(
    () =>
      shared && {
        workspace,
        notebook,
        shared,
        jump,
        afterRun: new Set<() => void>(),
        go: (cellId, offset, length) => {
          jump.current = { cellId, offset, length };
          edit(cellId);
          requestAnimationFrame(() => document.getElementById(cellId)?.scrollIntoView({ block: "nearest" }));
        },
      },
    [workspace, notebook, shared, edit],
  );
};

const cells = new Map<string, CellModel>();

/** Ties a model to its cell until what it answers is called. */
export const tieModel = (model: MonacoEditor.ITextModel, cell: CellModel): (() => void) => {
  const key = model.uri.toString();
  cells.set(key, cell);
  return () => void cells.delete(key);
};

export const cellOf = (model: MonacoEditor.ITextModel): CellModel | null => cells.get(model.uri.toString()) ?? null;

/** Input of every question about a place in a cell, with the text as the editor has it. */
export const placeIn = (cell: CellModel, model: MonacoEditor.ITextModel, position: { lineNumber: number; column: number }) => ({
  workspace: cell.workspace,
  notebook: cell.notebook,
  cellId: cell.cellId,
  source: model.getValue(),
  offset: model.getOffsetAt(position),
});

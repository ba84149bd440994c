"use client";
// Rename and formatting. A rename changes many cells, of which one has an editor: it is applied to the co-edited document in one step, so
// that others see it at once and one undo takes it back.
import type { languages, editor as MonacoEditor } from "monaco-editor";
import type { Monaco } from "#components/notebook/editor-setup.ts";
import { type CellModel, cellOf, placeIn } from "#components/notebook/language/cell-models.ts";
import { quietly, signalOf } from "#components/notebook/language/completion.ts";
import type { Shared } from "#components/notebook/use-document.ts";
import { call } from "#lib/kit/call.ts";
import { cellById, textOf } from "#lib/notebooks/document.ts";
import { type Edit, formatCell, renameAt, type Span } from "#lib/sessions/language/contract.ts";

/** Applies edits to the document; false, and nothing is done, when a cell no longer has the text they were made for. */
export const applyEdits = ({ doc, undo, origin }: Shared, edits: readonly Edit[], was: string): boolean => {
  const placed = edits.map((edit) => {
    const cell = cellById(doc, edit.cellId);
    return { edit, text: cell && textOf(cell) };
  });
  const isSame = placed.every(({ edit, text }) => text?.toString().slice(edit.start, edit.start + edit.length) === was);
  if (!isSame) return false;
  undo.stopCapturing();
  doc.transact(() => {
    for (const { edit, text } of placed.sort((a, b) => b.edit.start - a.edit.start)) {
      text!.delete(edit.start, edit.length);
      text!.insert(edit.start, edit.text);
    }
  }, origin);
  undo.stopCapturing();
  return true;
};

const moved = "A cell changed meanwhile. Look at it and rename again.";

export const renameProvider = (monaco: Monaco): languages.RenameProvider => ({
  resolveRenameLocation: async (model, position, token) => {
    const cell = cellOf(model);
    const answer = cell && (await quietly(call(renameAt, placeIn(cell, model, position), { signal: signalOf(token) })));
    const nowhere = new monaco.Range(position.lineNumber, position.column, position.lineNumber, position.column);
    if (!answer?.span || answer.refusal)
      return { range: nowhere, text: "", rejectReason: answer?.refusal ?? "The language service does not answer. Ask again in a moment." };
    const { start, length } = answer.span;
    const range = monaco.Range.fromPositions(model.getPositionAt(start), model.getPositionAt(start + length));
    return { range, text: model.getValueInRange(range) };
  },
  provideRenameEdits: async (model, position, name, token) => {
    const cell = cellOf(model);
    const at = cell && placeIn(cell, model, position);
    const answer = at && (await quietly(call(renameAt, { ...at, name }, { signal: signalOf(token) })));
    if (!cell || !answer?.span) return { edits: [], rejectReason: "The language service does not answer. Ask again in a moment." };
    if (answer.refusal) return { edits: [], rejectReason: answer.refusal };
    const was = at!.source.slice(answer.span.start, answer.span.start + answer.span.length);
    return applyEdits(cell.shared, answer.edits, was) ? { edits: [] } : { edits: [], rejectReason: moved };
  },
});

const formatted = async (
  monaco: Monaco,
  model: MonacoEditor.ITextModel,
  cell: CellModel | null,
  span: Span | undefined,
  signal: AbortSignal,
): Promise<languages.TextEdit[]> => {
  if (!cell) return [];
  const { offset: _, ...at } = placeIn(cell, model, { lineNumber: 1, column: 1 });
  const answer = await quietly(call(formatCell, { ...at, ...(span ? { span } : {}) }, { signal }));
  if (!answer || model.isDisposed() || model.getValue() !== at.source) return [];
  return answer.edits.map(({ start, length, text }) => ({
    range: monaco.Range.fromPositions(model.getPositionAt(start), model.getPositionAt(start + length)),
    text,
  }));
};

export const formatProvider = (
  monaco: Monaco,
): languages.DocumentFormattingEditProvider & languages.DocumentRangeFormattingEditProvider => ({
  displayName: "Atelier",
  provideDocumentFormattingEdits: (model, _options, token) => formatted(monaco, model, cellOf(model), undefined, signalOf(token)),
  provideDocumentRangeFormattingEdits: (model, range, _options, token) => {
    const start = model.getOffsetAt(range.getStartPosition());
    const span = { start, length: model.getOffsetAt(range.getEndPosition()) - start };
    return formatted(monaco, model, cellOf(model), span, signalOf(token));
  },
});

"use client";
// Hover and go-to-definition in a cell. A definition in another cell has no editor yet: Monaco gets a copy of that cell's text to look at,
// and opening it opens the cell.
import type { languages, editor as MonacoEditor } from "monaco-editor";
import type { Monaco } from "#components/notebook/editor-setup.ts";
import { type CellModel, cellOf, placeIn } from "#components/notebook/language/cell-models.ts";
import { quietly, signalOf } from "#components/notebook/language/completion.ts";
import { call } from "#lib/kit/call.ts";
import { cellById, textOf } from "#lib/notebooks/document.ts";
import { definitionAt, hoverAt } from "#lib/sessions/language/contract.ts";

export const hoverProvider = (monaco: Monaco): languages.HoverProvider => ({
  provideHover: async (model, position, token) => {
    const cell = cellOf(model);
    const answer = cell && (await quietly(call(hoverAt, placeIn(cell, model, position), { signal: signalOf(token) })));
    if (!answer?.info) return null;
    const { span, signature, documentation } = answer.info;
    return {
      range: monaco.Range.fromPositions(model.getPositionAt(span.start), model.getPositionAt(span.start + span.length)),
      contents: [signature && `\`\`\`typescript\n${signature}\n\`\`\``, documentation].filter(Boolean).map((value) => ({ value })),
    };
  },
});

const copies = new Map<string, { cell: CellModel; cellId: string }>();

/** A model with the present text of a cell that has no editor. */
const copyOf = (monaco: Monaco, from: CellModel, cellId: string): MonacoEditor.ITextModel | null => {
  const cell = cellById(from.shared.doc, cellId);
  if (!cell) return null;
  for (const [key, copy] of copies)
    if (copy.cell.notebook !== from.notebook) {
      monaco.editor.getModel(monaco.Uri.parse(key))?.dispose();
      copies.delete(key);
    }
  const uri = monaco.Uri.from({ scheme: "cell", path: `/${cellId}.ts` });
  const text = textOf(cell).toString();
  const model = monaco.editor.getModel(uri) ?? monaco.editor.createModel(text, "typescript", uri);
  if (model.getValue() !== text) model.setValue(text);
  copies.set(uri.toString(), { cell: from, cellId });
  return model;
};

export const definitionProvider = (monaco: Monaco): languages.DefinitionProvider => ({
  provideDefinition: async (model, position, token) => {
    const cell = cellOf(model);
    const answer = cell && (await quietly(call(definitionAt, placeIn(cell, model, position), { signal: signalOf(token) })));
    if (!cell || !answer) return [];
    return answer.places.flatMap(({ cellId, start, length }) => {
      const target = cellId === cell.cellId ? model : copyOf(monaco, cell, cellId);
      if (!target) return [];
      const range = monaco.Range.fromPositions(target.getPositionAt(start), target.getPositionAt(start + length));
      return [{ uri: target.uri, range }];
    });
  },
});

/** Opening a copy opens its cell. */
export const cellOpener = (monaco: Monaco): MonacoEditor.ICodeEditorOpener => ({
  openCodeEditor: (_source, resource, selection) => {
    const copy = copies.get(resource.toString());
    const model = monaco.editor.getModel(resource);
    if (!copy || !model) return false;
    const range = selection && "startLineNumber" in selection ? selection : null;
    const start = range ? model.getOffsetAt({ lineNumber: range.startLineNumber, column: range.startColumn }) : 0;
    const end = range ? model.getOffsetAt({ lineNumber: range.endLineNumber, column: range.endColumn }) : start;
    copy.cell.go(copy.cellId, start, end - start);
    return true;
  },
});

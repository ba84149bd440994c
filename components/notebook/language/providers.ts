"use client";
// Puts the house's language service in the place of Monaco's own, which knows one file at a time and would call every name of another cell
// unknown. Its worker never starts.
import type { editor as MonacoEditor } from "monaco-editor";
import type { Monaco } from "#components/notebook/editor-setup.ts";
import { type CellModel, type Notebook, tieModel } from "#components/notebook/language/cell-models.ts";
import { formatProvider, renameProvider } from "#components/notebook/language/changing.ts";
import { completionProvider, signatureProvider } from "#components/notebook/language/completion.ts";
import { watchFaults } from "#components/notebook/language/faults.ts";
import { cellOpener, definitionProvider, hoverProvider } from "#components/notebook/language/reading.ts";

/** Once a page, right after Monaco is loaded. */
export const installLanguage = (monaco: Monaco): void => {
  monaco.typescript.typescriptDefaults.setModeConfiguration({});
  monaco.typescript.javascriptDefaults.setModeConfiguration({});
  const language = "typescript";
  monaco.languages.registerCompletionItemProvider(language, completionProvider(monaco));
  monaco.languages.registerSignatureHelpProvider(language, signatureProvider);
  monaco.languages.registerHoverProvider(language, hoverProvider(monaco));
  monaco.languages.registerDefinitionProvider(language, definitionProvider(monaco));
  monaco.languages.registerRenameProvider(language, renameProvider(monaco));
  monaco.languages.registerDocumentFormattingEditProvider(language, formatProvider(monaco));
  monaco.languages.registerDocumentRangeFormattingEditProvider(language, formatProvider(monaco));
  // A notebook on a kernel of others is completed and explained by that kernel.
  for (const { id } of monaco.languages.getLanguages())
    if (id !== language && id !== "markdown") {
      monaco.languages.registerCompletionItemProvider(id, completionProvider(monaco));
      monaco.languages.registerHoverProvider(id, hoverProvider(monaco));
    }
  monaco.editor.registerEditorOpener(cellOpener(monaco));
};

/** Gives an editor's cell its language until what it answers is called. */
export const speak = (monaco: Monaco, editor: MonacoEditor.IStandaloneCodeEditor, cell: CellModel): (() => void) => {
  const model = editor.getModel()!;
  const untie = tieModel(model, cell);
  const rest = model.getLanguageId() === "typescript" ? watchFaults(monaco, model) : null;
  return () => {
    rest?.();
    untie();
  };
};

/** Selects what a definition led to, when it led into this cell. */
export const landIn = (editor: MonacoEditor.IStandaloneCodeEditor, cellId: string, jump: Notebook["jump"]): void => {
  const model = editor.getModel()!;
  const to = jump.current;
  if (to?.cellId !== cellId) return;
  jump.current = null;
  const [from, end] = [model.getPositionAt(to.offset), model.getPositionAt(to.offset + to.length)];
  const range = { startLineNumber: from.lineNumber, startColumn: from.column, endLineNumber: end.lineNumber, endColumn: end.column };
  editor.setSelection(range);
  editor.revealRange(range);
};

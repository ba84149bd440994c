"use client";
// The binding of one Monaco editor to one Y.Text: edits both ways, carets of others as decorations, our own caret into presence. Every
// listener is disposed with the editor.
import type { IDisposable, editor as MonacoEditor } from "monaco-editor";
import * as Y from "yjs";
import type { Monaco } from "#components/notebook/editor-setup.ts";
import type { Person, Shared } from "#components/notebook/use-document.ts";

type Editor = MonacoEditor.IStandaloneCodeEditor;

const remoteEdits = (
  monaco: Monaco,
  model: MonacoEditor.ITextModel,
  event: Y.YTextEvent,
): MonacoEditor.IIdentifiedSingleEditOperation[] => {
  const edits: MonacoEditor.IIdentifiedSingleEditOperation[] = [];
  let offset = 0; // in the text before the change, which the model still holds
  for (const part of event.delta) {
    if (part.retain !== undefined) offset += part.retain;
    else if (part.insert !== undefined) {
      const at = model.getPositionAt(offset);
      edits.push({
        range: new monaco.Range(at.lineNumber, at.column, at.lineNumber, at.column),
        text: String(part.insert),
        forceMoveMarkers: true,
      });
    } else if (part.delete !== undefined) {
      const [from, to] = [model.getPositionAt(offset), model.getPositionAt(offset + part.delete)];
      edits.push({ range: new monaco.Range(from.lineNumber, from.column, to.lineNumber, to.column), text: "" });
      offset += part.delete;
    }
  }
  return edits;
};

/** Ties an editor to a text until `dispose`. */
export const bindEditor = (
  monaco: Monaco,
  editor: Editor,
  text: Y.Text,
  cellId: string,
  shared: Shared,
): { showPeople: (people: Person[]) => void; dispose: () => void } => {
  const model = editor.getModel()!;
  const { doc, provider, origin } = shared;
  const disposables: IDisposable[] = [];
  let isRemote = false;
  model.setEOL(0);
  if (model.getValue() !== text.toString()) model.setValue(text.toString());

  const hearText = (event: Y.YTextEvent): void => {
    if (event.transaction.origin === origin && event.transaction.local && isOurs) return;
    isRemote = true;
    model.applyEdits(remoteEdits(monaco, model, event));
    if (model.getValue() !== text.toString()) model.setValue(text.toString());
    isRemote = false;
  };
  let isOurs = false;
  text.observe(hearText);
  disposables.push(
    model.onDidChangeContent((event) => {
      if (isRemote) return;
      isOurs = true;
      doc.transact(() => {
        for (const change of [...event.changes].sort((a, b) => b.rangeOffset - a.rangeOffset)) {
          if (change.rangeLength > 0) text.delete(change.rangeOffset, change.rangeLength);
          if (change.text !== "") text.insert(change.rangeOffset, change.text);
        }
      }, origin);
      isOurs = false;
    }),
  );

  const sayCaret = (): void => {
    const selection = editor.getSelection();
    if (!selection || !editor.hasTextFocus()) return;
    const relative = (line: number, column: number) =>
      Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, model.getOffsetAt({ lineNumber: line, column })));
    provider.awareness.setLocalStateField("caret", {
      cellId,
      anchor: relative(selection.selectionStartLineNumber, selection.selectionStartColumn),
      head: relative(selection.positionLineNumber, selection.positionColumn),
    });
  };
  disposables.push(editor.onDidChangeCursorSelection(sayCaret), editor.onDidFocusEditorText(sayCaret));

  const decorations = editor.createDecorationsCollection();
  const offsetOf = (json: unknown): number | null =>
    json ? (Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json), doc)?.index ?? null) : null;
  const showPeople = (people: Person[]): void => {
    decorations.set(
      people
        .filter((one) => one.cellId === cellId)
        .flatMap((one) => {
          const [anchor, head] = [offsetOf(one.anchor), offsetOf(one.head)];
          if (head === null) return [];
          const from = model.getPositionAt(Math.min(anchor ?? head, head));
          const to = model.getPositionAt(Math.max(anchor ?? head, head));
          const at = model.getPositionAt(head);
          return [
            {
              range: new monaco.Range(from.lineNumber, from.column, to.lineNumber, to.column),
              options: { className: `caretsel p${one.pencil}` },
            },
            {
              range: new monaco.Range(at.lineNumber, at.column, at.lineNumber, at.column),
              options: { beforeContentClassName: `caret p${one.pencil} person-${one.client}`, hoverMessage: { value: one.name } },
            },
          ];
        }),
    );
  };

  return {
    showPeople,
    dispose: () => {
      text.unobserve(hearText);
      decorations.clear();
      for (const one of disposables) one.dispose();
    },
  };
};

"use client";
// One live editor, as tall as its text: mounted for the cell that is being edited, and only for that one. Until it is there, a hidden field
// has the focus and keeps what is typed, so that nobody waits and no letter becomes a command.
import type { editor as MonacoEditor } from "monaco-editor";
import { type KeyboardEvent, type RefObject, useContext, useEffect, useRef, useState } from "react";
import type * as Y from "yjs";
import { bindEditor } from "#components/notebook/bind-editor.ts";
import { loadMonaco } from "#components/notebook/editor-setup.ts";
import { NotebookContext } from "#components/notebook/language/cell-models.ts";
import { landIn, speak } from "#components/notebook/language/providers.ts";
import { StaticCode } from "#components/notebook/static-code.tsx";
import type { Person, Shared } from "#components/notebook/use-document.ts";

type Props = {
  cellId: string;
  text: Y.Text;
  /** As Monaco names it. */
  language: string;
  shared: Shared;
  people: Person[];
  hasFocus: boolean;
  onLeave: () => void;
  onRun: (andGoOn: boolean) => void;
  label: string;
  /** Offset of the caret in the text: where editing begins, and where it was left. */
  caret: RefObject<number>;
};

const options: MonacoEditor.IStandaloneEditorConstructionOptions = {
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  lineNumbers: "off",
  folding: false,
  glyphMargin: false,
  lineDecorationsWidth: 0,
  lineNumbersMinChars: 0,
  overviewRulerLanes: 0,
  hideCursorInOverviewRuler: true,
  overviewRulerBorder: false,
  renderLineHighlight: "none",
  scrollbar: { vertical: "hidden", horizontal: "auto", alwaysConsumeMouseWheel: false, handleMouseWheel: false },
  wordWrap: "off",
  fontSize: 13,
  lineHeight: 21,
  fontFamily: '"Spline Sans Mono Variable", monospace',
  fontLigatures: false,
  padding: { top: 9, bottom: 9 },
  automaticLayout: true,
  tabSize: 2,
  fixedOverflowWidgets: true,
  contextmenu: false,
  occurrencesHighlight: "off",
  wordBasedSuggestions: "off",
  accessibilitySupport: "auto",
  theme: "atelier",
};

export const CodeEditor = ({ cellId, text, language, shared, people, hasFocus, onLeave, onRun, label, caret }: Props) => {
  const host = useRef<HTMLDivElement>(null);
  const bound = useRef<ReturnType<typeof bindEditor> | null>(null);
  const editor = useRef<MonacoEditor.IStandaloneCodeEditor | null>(null);
  const around = useContext(NotebookContext);
  const notebook = useRef(around);
  notebook.current = around;
  const early = useRef<HTMLTextAreaElement>(null);
  const act = useRef({ onLeave, onRun });
  act.current = { onLeave, onRun };
  const [isReady, setReady] = useState(false);
  const wantsFocus = useRef(hasFocus);
  wantsFocus.current = hasFocus;

  useEffect(() => {
    let end: (() => void) | null = null;
    let isGone = false;
    loadMonaco().then((monaco) => {
      if (isGone || !host.current) return;
      const made = monaco.editor.create(host.current, { ...options, value: text.toString(), language });
      const grow = (): void => host.current?.style.setProperty("height", `${made.getContentHeight()}px`);
      made.onDidContentSizeChange(grow);
      grow();
      made.addCommand(monaco.KeyMod.Shift | monaco.KeyCode.Enter, () => act.current.onRun(true));
      made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, () => act.current.onRun(false));
      made.addCommand(
        monaco.KeyCode.Escape,
        () => act.current.onLeave(),
        "!suggestWidgetVisible && !parameterHintsVisible && !findWidgetVisible && !renameInputVisible && !referenceSearchVisible",
      );
      made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyZ, () => void shared.undo.undo());
      made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyMod.Shift | monaco.KeyCode.KeyZ, () => void shared.undo.redo());
      bound.current = bindEditor(monaco, made, text, cellId, shared);
      const silence = language !== "markdown" && notebook.current ? speak(monaco, made, { ...notebook.current, cellId }) : null;
      editor.current = made;
      made.setPosition(made.getModel()!.getPositionAt(caret.current));
      if (notebook.current) landIn(made, cellId, notebook.current.jump);
      if (wantsFocus.current) made.focus();
      if (early.current?.value) made.trigger("keyboard", "type", { text: early.current.value });
      setReady(true);
      end = () => {
        caret.current = made.getModel()!.getOffsetAt(made.getPosition()!);
        bound.current?.dispose();
        silence?.();
        const model = made.getModel();
        made.dispose();
        model?.dispose();
      };
    });
    return () => {
      isGone = true;
      end?.();
      bound.current = null;
      editor.current = null;
    };
  }, [cellId, text, language, shared, caret]);

  // The label says how the last run went, and changes at the first letter: the editor must live through that.
  useEffect(() => {
    if (isReady) editor.current?.updateOptions({ ariaLabel: label });
  }, [label, isReady]);
  useEffect(() => {
    if (isReady) bound.current?.showPeople(people);
  }, [people, isReady]);
  useEffect(() => {
    if (isReady && hasFocus) editor.current?.focus();
  }, [hasFocus, isReady]);

  const hearEarly = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    const field = event.currentTarget;
    const isRun = event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey);
    if (event.key !== "Escape" && !isRun) return;
    event.preventDefault();
    shared.doc.transact(() => text.insert(Math.min(caret.current, text.length), field.value), shared.origin);
    caret.current += field.value.length;
    field.value = "";
    if (isRun) act.current.onRun(event.shiftKey);
    else act.current.onLeave();
  };
  return (
    <>
      {isReady ? null : (
        <>
          <StaticCode source={text.toString()} />
          {/* biome-ignore lint/a11y/noAutofocus: the person has just gone into this cell */}
          <textarea ref={early} className="early" aria-label={label} autoFocus={hasFocus} onKeyDown={hearEarly} />
        </>
      )}
      <div ref={host} className="editor" data-cell={cellId} />
    </>
  );
};

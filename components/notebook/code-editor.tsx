"use client";
// One live editor, as tall as its text: mounted for the cell that is being edited, and only for that one.
import type { editor as MonacoEditor } from "monaco-editor";
import { useEffect, useRef, useState } from "react";
import type * as Y from "yjs";
import { bindEditor } from "#components/notebook/bind-editor.ts";
import { loadMonaco } from "#components/notebook/editor-setup.ts";
import { StaticCode } from "#components/notebook/static-code.tsx";
import type { Person, Shared } from "#components/notebook/use-document.ts";

type Props = {
  cellId: string;
  text: Y.Text;
  language: "typescript" | "markdown";
  shared: Shared;
  people: Person[];
  hasFocus: boolean;
  onLeave: () => void;
  onRun: (andGoOn: boolean) => void;
  label: string;
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
  accessibilitySupport: "auto",
  theme: "atelier",
};

export const CodeEditor = ({ cellId, text, language, shared, people, hasFocus, onLeave, onRun, label }: Props) => {
  const host = useRef<HTMLDivElement>(null);
  const bound = useRef<ReturnType<typeof bindEditor> | null>(null);
  const editor = useRef<MonacoEditor.IStandaloneCodeEditor | null>(null);
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
      const made = monaco.editor.create(host.current, { ...options, value: text.toString(), language, ariaLabel: label });
      const grow = (): void => host.current?.style.setProperty("height", `${made.getContentHeight()}px`);
      made.onDidContentSizeChange(grow);
      grow();
      made.addCommand(monaco.KeyMod.Shift | monaco.KeyCode.Enter, () => act.current.onRun(true));
      made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, () => act.current.onRun(false));
      made.addCommand(
        monaco.KeyCode.Escape,
        () => act.current.onLeave(),
        "!suggestWidgetVisible && !parameterHintsVisible && !findWidgetVisible",
      );
      made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyZ, () => void shared.undo.undo());
      made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyMod.Shift | monaco.KeyCode.KeyZ, () => void shared.undo.redo());
      bound.current = bindEditor(monaco, made, text, cellId, shared);
      editor.current = made;
      setReady(true);
      if (wantsFocus.current) made.focus();
      end = () => {
        bound.current?.dispose();
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
  }, [cellId, text, language, shared, label]);

  useEffect(() => {
    if (isReady) bound.current?.showPeople(people);
  }, [people, isReady]);
  useEffect(() => {
    if (isReady && hasFocus) editor.current?.focus();
  }, [hasFocus, isReady]);

  return (
    <>
      {isReady ? null : <StaticCode source={text.toString()} />}
      <div ref={host} className="editor" data-cell={cellId} />
    </>
  );
};

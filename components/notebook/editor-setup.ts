"use client";
// Monaco, once a page: our own copy (nothing from a network), workers bundled, two themes made from the tokens.
import { loader } from "@monaco-editor/react";
import { installLanguage } from "#components/notebook/language/providers.ts";

export type Monaco = typeof import("monaco-editor");
let loading: Promise<Monaco> | null = null;

const workerFor = (): Worker => new Worker(new URL("monaco-editor/editor/editor.worker.js", import.meta.url), { type: "module" });

/** A token's colour as #rrggbb, whatever space it is written in. */
const colour = (name: string): string => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true })!;
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  pen.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return `#${[r!, g!, b!].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
};

const isDark = (): boolean => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

/** What Monaco draws a coloured mark for; here marks are ink. */
const symbols = "class constant enumerator enumeratorMember event field function interface keyword method module property variable".split(
  " ",
);

/** Makes and sets the theme of this moment. */
export const paint = (monaco: Monaco): void => {
  const rule = (token: string, name: string, fontStyle = "") => ({ token, foreground: colour(name).slice(1), fontStyle });
  monaco.editor.defineTheme("atelier", {
    base: isDark() ? "vs-dark" : "vs",
    inherit: true,
    rules: [
      rule("", "ink"),
      rule("keyword", "code-keyword"),
      rule("string", "code-string"),
      rule("number", "code-number"),
      rule("type", "code-type"),
      rule("comment", "code-comment"),
      rule("delimiter", "ink-2"),
    ],
    colors: {
      "editor.background": colour("paper"),
      "editor.foreground": colour("ink"),
      "editorCursor.foreground": colour("accent"),
      "editor.selectionBackground": `${colour("ramp-2")}88`,
      "editorSuggestWidget.background": colour("sheet"),
      "editorWidget.background": colour("sheet"),
      "editor.lineHighlightBackground": "#00000000",
      "editorSuggestWidget.border": colour("line"),
      "editorSuggestWidget.foreground": colour("ink"),
      "editorSuggestWidget.selectedBackground": colour("accent-wash"),
      "editorSuggestWidget.selectedForeground": colour("ink"),
      "editorSuggestWidget.selectedIconForeground": colour("ink-2"),
      "editorSuggestWidget.highlightForeground": colour("accent"),
      "editorSuggestWidget.focusHighlightForeground": colour("accent"),
      "editorWidget.border": colour("line"),
      "editorHoverWidget.background": colour("sheet"),
      "editorHoverWidget.border": colour("line"),
      "editorError.foreground": colour("failed"),
      "editorWarning.foreground": colour("ink-3"),
      "editorHint.foreground": colour("ink-3"),
      "list.highlightForeground": colour("accent"),
      ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((depth) => [`editorBracketHighlight.foreground${depth}`, colour("ink-2")])),
      ...Object.fromEntries(symbols.map((name) => [`symbolIcon.${name}Foreground`, colour("ink-2")])),
    },
  });
  monaco.editor.setTheme("atelier");
};

/** Loads Monaco on first use and keeps its theme with the page's. */
export const loadMonaco = (): Promise<Monaco> => {
  loading ??= (async () => {
    (globalThis as { MonacoEnvironment?: unknown }).MonacoEnvironment = { getWorker: workerFor };
    const monaco = await import("monaco-editor");
    loader.config({ monaco });
    installLanguage(monaco);
    paint(monaco);
    new MutationObserver(() => paint(monaco)).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(monaco));
    return monaco;
  })();
  return loading;
};

// Code that nobody edits at this moment: highlighted text instead of an editor, so that 500 cells open at once. Colours are the editor's.
import type { ReactNode } from "react";

const token =
  /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\b(\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)\b|\b(const|let|var|function|class|return|if|else|for|while|do|await|async|import|from|export|new|typeof|instanceof|in|of|throw|try|catch|finally|switch|case|break|continue|default|extends|yield|true|false|null|undefined|this|type|interface|enum|as|satisfies)\b|\b([A-Z]\w*)\b/g;
const hashToken =
  /(#[^\n]*)|("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\b(\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)\b|\b(def|class|return|if|elif|else|for|while|async|await|import|from|as|with|lambda|try|except|finally|raise|pass|break|continue|in|is|not|and|or|yield|global|nonlocal|del|assert|function|repeat|next|end|True|False|None|TRUE|FALSE|NULL|NA)\b|\b([A-Z]\w*)\b/g;
const kinds = ["", "c", "s", "n", "k", "t"];

/** Highlighted code as React nodes. */
export const highlight = (source: string, language = "typescript"): ReactNode[] => {
  const nodes: ReactNode[] = [];
  let at = 0;
  for (const match of source.matchAll(language === "typescript" || language === "javascript" ? token : hashToken)) {
    if (match.index > at) nodes.push(source.slice(at, match.index));
    const kind = match.slice(1).findIndex((part) => part !== undefined) + 1;
    nodes.push(
      <i key={match.index} className={`tok-${kinds[kind]}`}>
        {match[0]}
      </i>,
    );
    at = match.index + match[0].length;
  }
  nodes.push(source.slice(at));
  return nodes;
};

export const StaticCode = ({ source, language }: { source: string; language?: string }) => (
  <pre className="code">{source === "" ? " " : highlight(source, language)}</pre>
);

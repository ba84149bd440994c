"use client";
// The outline: headings of text cells and code cells with their state, and who is where.
import type { ReactNode } from "react";
import { moodOf } from "#components/notebook/cell-view.tsx";
import { type CellRef, type Person, useText } from "#components/notebook/use-document.ts";
import { StateGlyph } from "#components/ui/state.tsx";
import type { CellState } from "#lib/sessions/contract.ts";

/** What a cell is called: its first comment, else the names it declares, else its first words. */
export const nameOf = (source: string): string => {
  const comment = /^\s*\/\/\s*(?:@cell\s+)?(.+)$/m.exec(source.split("\n")[0] ?? "")?.[1];
  if (comment) return comment.slice(0, 40);
  const names = [...source.matchAll(/^(?:export\s+)?(?:const|let|var|function|class|async function)\s+(?:\{\s*)?([A-Za-z_$][\w$]*)/gm)].map(
    (match) => match[1],
  );
  return names.length > 0 ? names.slice(0, 3).join(", ") : source.trim().split("\n")[0]?.slice(0, 32) || "empty";
};

const Line = ({
  cell,
  number,
  state,
  isAt,
  onGo,
  people,
}: {
  cell: CellRef;
  number: number;
  state: CellState | undefined;
  isAt: boolean;
  onGo: () => void;
  people: Person[];
}) => {
  const source = useText(cell.text);
  if (cell.type === "markdown") {
    const heading = /^#{1,3}\s+(.+)$/m.exec(source)?.[1];
    return heading ? (
      <button type="button" className="oh" onClick={onGo}>
        {heading}
      </button>
    ) : null;
  }
  const mood = moodOf(state, source);
  return (
    <button type="button" className={`oc ${isAt ? "is-at" : ""}`} onClick={onGo}>
      <span className="mono">{number}</span>
      <span className="grow nowrap">{nameOf(source)}</span>
      {people.map((one) => (
        <span key={one.client} className={`dot p${one.pencil}`} title={one.name} />
      ))}
      {mood === "fresh" ? null : <StateGlyph of={mood} />}
    </button>
  );
};

type Props = {
  cells: CellRef[];
  numbers: Map<string, number>;
  states: Record<string, CellState>;
  selected: string | null;
  people: Person[];
  onGo: (id: string) => void;
  /** What stands below the outline. */
  children?: ReactNode;
};

export const Outline = ({ cells, numbers, states, selected, people, onGo, children }: Props) => (
  <aside className="side" aria-label="Outline">
    <h2>Outline</h2>
    {cells.map((cell) => (
      <Line
        key={cell.id}
        cell={cell}
        number={numbers.get(cell.id) ?? 0}
        state={states[cell.id]}
        isAt={cell.id === selected}
        people={people.filter((one) => one.cellId === cell.id)}
        onGo={() => onGo(cell.id)}
      />
    ))}
    {children}
  </aside>
);

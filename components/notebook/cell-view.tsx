"use client";
// One cell: gutter, scribe line, bed, output. The bed is plain highlighted text until somebody goes in; actions stand in the margin.
import { type MouseEvent, memo, type ReactNode, useRef } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { CodeEditor } from "#components/notebook/code-editor.tsx";
import { LogLink } from "#components/notebook/log-link.tsx";
import { Outputs } from "#components/notebook/outputs.tsx";
import { QuestionBox } from "#components/notebook/question-box.tsx";
import { StaticCode } from "#components/notebook/static-code.tsx";
import { type CellRef, type Person, type Shared, useText } from "#components/notebook/use-document.ts";
import { duration } from "#components/ui/figures.tsx";
import { State, type StateName } from "#components/ui/state.tsx";
import { hashSource } from "#lib/notebooks/document.ts";
import { type CellState, hasWholeLog, type Output } from "#lib/sessions/contract.ts";
import type { Fault } from "#lib/sessions/language/contract.ts";

export type CellMood = StateName | "fresh";

/** What a cell's line says: the state of its last run, or stale when the text has moved on since. */
export const moodOf = (state: CellState | undefined, source: string): CellMood => {
  if (!state) return "fresh";
  if (state.status === "queued" || state.status === "running") return state.status;
  if (state.sourceHash !== hashSource(source)) return "stale";
  return state.status === "done" ? "done" : state.status === "failed" ? "failed" : "stale";
};

const Gutter = ({ state, number }: { state: CellState | undefined; number: number }) => {
  const took = state?.startedAt && state.endedAt ? new Date(state.endedAt).getTime() - new Date(state.startedAt).getTime() : null;
  return (
    <div className="gut">
      <span className="mono">{number}</span>
      {state?.status === "running" ? <span>now</span> : took !== null ? <span>{duration(took)}</span> : null}
    </div>
  );
};

const Why = ({ mood, state }: { mood: CellMood; state: CellState | undefined }): ReactNode => {
  if (mood === "queued")
    return (
      <p className="why">
        <State of="queued" /> waits for the cells before it
      </p>
    );
  if (mood === "stale" && state?.message)
    return (
      <p className="why">
        <State of="stale">{state.startedAt ? "Stopped" : "Not run"}</State> {state.message.replace(/^Stopped\. /, "")}
      </p>
    );
  if (mood === "stale")
    return (
      <p className="why">
        <State of="stale" /> the text changed after this ran
      </p>
    );
  if (mood === "failed" && state?.fault && state.fault !== "yours")
    return (
      <p className="why">
        <State of="failed">{state.fault === "limits" ? "Limits" : "Ours"}</State> {state.message}
      </p>
    );
  return null;
};

/** The first fault of a resting cell, in a line; the editor marks them all. */
const Faults = ({ faults, source }: { faults: readonly Fault[]; source: string }) => {
  const [first] = faults;
  if (!first) return null;
  const line = source.slice(0, first.start).split("\n").length;
  return (
    <p className="why">
      Line {line}: {first.message.split("\n")[0]!.slice(0, 200)}
      {faults.length > 1 ? <span className="dim"> And {faults.length - 1} more.</span> : null}
    </p>
  );
};

type Props = {
  cell: CellRef;
  number: number;
  state: CellState | undefined;
  outputs: readonly Output[] | undefined;
  /** Where it is and who looks at it: for what is asked and fetched beneath it. */
  under: { workspace: string; notebook: string; personId: string | null; language: string };
  /** What the language service finds wrong in the text. */
  faults: readonly Fault[] | undefined;
  shared: Shared;
  people: Person[];
  isSelected: boolean;
  isEditing: boolean;
  canWrite: boolean;
  isFolded: boolean;
  onSelect: (id: string) => void;
  onEdit: (id: string) => void;
  onLeave: () => void;
  onRun: (id: string, andGoOn: boolean) => void;
  margin: ReactNode;
};

/** The offset in an element's text that a point of the screen is nearest to; 0 where the browser cannot say. */
const offsetAt = (element: Element, x: number, y: number): number => {
  const at = document.caretPositionFromPoint?.(x, y);
  if (!at || !element.contains(at.offsetNode)) return element.textContent?.length ?? 0;
  const before = document.createRange();
  before.setStart(element, 0);
  before.setEnd(at.offsetNode, at.offset);
  return before.toString().length;
};

const Bed = ({
  cell,
  under,
  shared,
  people,
  isEditing,
  canWrite,
  source,
  onEdit,
  onLeave,
  onRun,
  label,
}: Props & { source: string; label: string }) => {
  const isCode = cell.type === "code";
  const caret = useRef(0);
  if (isEditing && canWrite) {
    return (
      <div className="bed is-live">
        <CodeEditor
          cellId={cell.id}
          text={cell.text}
          language={isCode ? under.language : "markdown"}
          shared={shared}
          people={people}
          hasFocus
          onLeave={onLeave}
          onRun={(andGoOn) => onRun(cell.id, andGoOn)}
          label={label}
          caret={caret}
        />
      </div>
    );
  }
  const open = (): void => {
    if (canWrite) onEdit(cell.id);
  };
  if (!isCode) {
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: Enter does the same from the keyboard
      <div className="md prose" onDoubleClick={open}>
        {source.trim() === "" ? (
          <p className="dim">An empty note. Enter to write.</p>
        ) : (
          <Markdown remarkPlugins={[remarkGfm]}>{source}</Markdown>
        )}
      </div>
    );
  }
  const here = people.filter((one) => one.cellId === cell.id);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter does the same from the keyboard
    // biome-ignore lint/a11y/noStaticElementInteractions: a bed becomes an editor
    <div
      className="bed"
      onClick={(event: MouseEvent<HTMLElement>) => {
        const code = event.currentTarget.querySelector("pre");
        if (code && source !== "") caret.current = offsetAt(code, event.clientX, event.clientY);
        open();
      }}
    >
      <StaticCode source={source} language={under.language} />
      {here.map((one) => (
        <span key={one.client} className={`flag p${one.pencil}`}>
          {one.name}
        </span>
      ))}
    </div>
  );
};

/** A cell; redrawn only when something of its own changes. */
export const CellView = memo((props: Props) => {
  const { cell, number, state, outputs, under, faults, isSelected, isEditing, isFolded, onSelect, margin } = props;
  const source = useText(cell.text);
  const isCode = cell.type === "code";
  const mood = isCode ? moodOf(state, source) : "fresh";
  const label = `Cell ${number}, ${isCode ? (mood === "fresh" ? "not run yet" : mood) : "text"}`;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: arrows select from the keyboard
    <section
      className={`cell ${isCode ? "is-code" : "is-text"} ${isSelected ? "is-selected" : ""} mood-${mood}`}
      aria-label={label}
      id={cell.id}
      onClick={() => onSelect(cell.id)}
    >
      {isCode ? <Gutter state={state} number={number} /> : null}
      {isCode ? <span className={`scribe scribed is-${mood}`} /> : null}
      <Bed {...props} source={source} label={label} />
      {isCode ? <Why mood={mood} state={state} /> : null}
      {isCode && faults && !isEditing && mood !== "failed" && mood !== "running" ? <Faults faults={faults} source={source} /> : null}
      {outputs && outputs.length > 0 ? (
        isFolded ? (
          <p className="why dim">{outputs.length} outputs folded, O opens them</p>
        ) : (
          <div className={mood === "stale" ? "is-old" : ""}>
            <Outputs outputs={outputs} />
          </div>
        )
      ) : null}
      {outputs?.some((one) => one && hasWholeLog(one)) ? <LogLink {...under} cell={cell.id} /> : null}
      {state?.question ? (
        <QuestionBox key={state.question.prompt} {...under} cell={cell.id} question={state.question} runBy={state.runBy} />
      ) : null}
      {isSelected ? (
        <aside className="tools" aria-label="Actions on this cell">
          {margin}
        </aside>
      ) : null}
    </section>
  );
});

"use client";
// The notebook: many people, one document, one session. Structure and text come from the document, state and outputs from the server.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLive } from "#components/hooks/use-live.ts";
import { CellView } from "#components/notebook/cell-view.tsx";
import { KernelChoice } from "#components/notebook/kernel-choice.tsx";
import { NotebookContext, useNotebook } from "#components/notebook/language/cell-models.ts";
import { useFaults } from "#components/notebook/language/faults.ts";
import { Outline } from "#components/notebook/outline.tsx";
import { PackagesButton } from "#components/notebook/packages-dialog.tsx";
import { Resting } from "#components/notebook/resting.tsx";
import { TitleBlock } from "#components/notebook/title-block.tsx";
import { type Actions, useActions } from "#components/notebook/use-actions.ts";
import { type Commands, useCommandKeys } from "#components/notebook/use-command-keys.ts";
import { type CellRef, useCells, useDocument, usePeople } from "#components/notebook/use-document.ts";
import { lastEndOf, type Outputs, useSession } from "#components/notebook/use-session.ts";
import { Variables } from "#components/notebook/variables.tsx";
import { type PromotableCell, PromoteDialog } from "#components/pipelines/promote-dialog.tsx";
import { Frame } from "#components/shell/frame.tsx";
import { Face, pencilOf } from "#components/ui/figures.tsx";
import { Icon } from "#components/ui/icon.tsx";
import type { Cell, Notebook } from "#lib/notebooks/contract.ts";
import type { CellState, Session } from "#lib/sessions/contract.ts";
import { packageEvents } from "#lib/sessions/packages/contract.ts";
import type { Offered } from "#lib/sessions/remote/contract.ts";
import "#components/notebook/notebook.css";

type Can = { write: boolean; run: boolean; operate: boolean };
type Props = {
  workspace: string;
  person: string;
  personId: string | null;
  kernel: Offered;
  can: Can;
  notebook: Notebook & { cells: Cell[] };
  outputs: { seq: number; session: Session; cells: CellState[]; outputs: Outputs };
};

const Margin = ({
  cell,
  can,
  actions,
  isRunning,
  onRun,
  onPromote,
}: {
  cell: CellRef;
  can: Can;
  actions: Actions;
  isRunning: boolean;
  onRun: () => void;
  onPromote: () => void;
}) => (
  <>
    {cell.type === "code" && can.run ? (
      <button type="button" className="btn primary" onClick={onPromote}>
        <Icon name="promote" />
        Promote to stage <kbd>P</kbd>
      </button>
    ) : null}
    {cell.type === "code" && can.run && isRunning ? (
      <button type="button" className="btn quiet" onClick={() => actions.interrupt()}>
        <Icon name="stop" />
        Stop, keep variables <kbd>I</kbd>
        <kbd>I</kbd>
      </button>
    ) : null}
    {cell.type === "code" && can.run && !isRunning ? (
      <button type="button" className="btn quiet" onClick={onRun}>
        <Icon name="play" />
        Run <kbd>⌘↵</kbd>
      </button>
    ) : null}
    {can.write ? (
      <button type="button" className="btn quiet" onClick={() => actions.moveUp(cell.id)}>
        <Icon name="up" />
        Move up <kbd>⌥↑</kbd>
      </button>
    ) : null}
    {can.write ? (
      <button type="button" className="btn quiet" onClick={() => actions.moveDown(cell.id)}>
        <Icon name="down" />
        Move down <kbd>⌥↓</kbd>
      </button>
    ) : null}
    {can.write ? (
      <button type="button" className="btn quiet" onClick={() => actions.convert(cell.id, cell.type === "code" ? "markdown" : "code")}>
        <Icon name={cell.type === "code" ? "text" : "code"} />
        {cell.type === "code" ? "Make it text" : "Make it code"} <kbd>{cell.type === "code" ? "M" : "Y"}</kbd>
      </button>
    ) : null}
    {can.write ? (
      <button type="button" className="btn quiet" onClick={() => actions.remove(cell.id)}>
        <Icon name="bin" />
        Delete <kbd>D</kbd>
        <kbd>D</kbd>
      </button>
    ) : null}
  </>
);

/** Says run states to readers, at most one message every two seconds; failures at once. */
const Announcer = ({ states, numbers }: { states: Record<string, CellState>; numbers: Map<string, number> }) => {
  const last = useRef("");
  const [text, setText] = useState("");
  const running = Object.values(states).find((one) => one.status === "running");
  const failed = Object.values(states).find((one) => one.status === "failed");
  const sentence = running
    ? `Cell ${numbers.get(running.cellId)} is running.`
    : failed
      ? `Cell ${numbers.get(failed.cellId)} failed.`
      : "Nothing is running.";
  useEffect(() => {
    if (sentence === last.current) return;
    const timer = setTimeout(() => {
      last.current = sentence;
      setText(sentence);
    }, 2000);
    return () => clearTimeout(timer);
  }, [sentence]);
  return (
    <p className="sr" role="status" aria-live="polite">
      {text}
    </p>
  );
};

/** When the run that ended last did. */
const lastEnd = (cells: Record<string, CellState>): string =>
  Object.values(cells).reduce((last, { endedAt }) => (endedAt && endedAt > last ? endedAt : last), "");

export const NotebookPage = ({ workspace, person, personId, kernel, can, notebook, outputs }: Props) => {
  const me = useMemo(() => ({ name: person, pencil: pencilOf(person) }), [person]);
  const { shared, isSynced, saved } = useDocument(notebook.id, notebook.epoch, notebook.revision, me);
  const cells = useCells(isSynced ? shared : null);
  const people = usePeople(shared);
  const running = useSession(workspace, notebook.id, outputs);
  const actions = useActions(workspace, notebook.id, shared, cells);
  const [selected, setSelected] = useState<string | null>(notebook.cells[0]?.id ?? null);
  const [editing, setEditing] = useState<string | null>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [promoting, setPromoting] = useState<{ cells: PromotableCell[]; first: string } | null>(null);

  const numbers = useMemo(() => new Map(cells.filter((cell) => cell.type === "code").map((cell, i) => [cell.id, i + 1])), [cells]);
  const index = cells.findIndex((cell) => cell.id === selected);
  const current = cells[index];

  const go = useCallback((id: string | null | undefined): void => {
    if (!id) return;
    setSelected(id);
    requestAnimationFrame(() => document.getElementById(id)?.scrollIntoView({ block: "nearest" }));
  }, []);
  const edit = useCallback((id: string) => {
    setSelected(id);
    setEditing(id);
  }, []);
  const leave = useCallback(() => setEditing(null), []);
  const language = useNotebook(workspace, notebook.id, can.write && isSynced ? shared : null, edit);
  const [packagesChanged, setPackagesChanged] = useState(0);
  useLive(workspace, [packageEvents.changed], (news) => {
    if (news.subject === notebook.id) setPackagesChanged((n) => n + 1);
  });
  const faults = useFaults(kernel.language === "typescript" ? language : null, `${lastEnd(running.cells)} ${packagesChanged}`);
  const addAnd = (after: string | null): void => {
    const id = actions.add(after);
    if (id) {
      go(id);
      setEditing(id);
    }
  };
  const runFrom = useCallback(
    (id: string, andGoOn: boolean): void => {
      const at = cells.findIndex((cell) => cell.id === id);
      const cell = cells[at];
      if (!cell) return;
      if (can.run) void actions.run([cell]);
      if (!andGoOn) return;
      setEditing(null);
      const next = cells[at + 1]?.id ?? (can.write ? actions.add(id) : null);
      go(next);
    },
    [cells, actions, can.run, can.write, go],
  );
  const promote = (cell: CellRef | undefined): void => {
    if (cell?.type !== "code") return;
    const code = cells.filter((one) => one.type === "code");
    setPromoting({ first: cell.id, cells: code.map((one, i) => ({ id: one.id, number: i + 1, source: one.text.toString() })) });
  };

  const commands: Commands = {
    up: () => go(cells[Math.max(0, index - 1)]?.id),
    leave,
    down: () => go(cells[Math.min(cells.length - 1, index + 1)]?.id),
    fold: () =>
      current && setFolded((now) => new Set(now.has(current.id) ? [...now].filter((id) => id !== current.id) : [...now, current.id])),
    ...(can.write && current
      ? {
          edit: () => setEditing(current.id),
          above: () => addAnd(cells[index - 1]?.id ?? null),
          below: () => addAnd(current.id),
          markdown: () => actions.convert(current.id, "markdown"),
          code: () => actions.convert(current.id, "code"),
          remove: () => {
            actions.remove(current.id);
            go(cells[index + 1]?.id ?? cells[index - 1]?.id);
          },
          undo: () => void actions.undo(),
          moveUp: () => actions.moveUp(current.id),
          moveDown: () => actions.moveDown(current.id),
        }
      : {}),
    ...(can.run
      ? {
          run: () => current && void actions.run([current]),
          runOn: () => current && runFrom(current.id, true),
          stop: () => void actions.interrupt(),
          restart: () => void actions.restart(),
          promote: () => promote(current),
        }
      : {}),
  };
  useCommandKeys(commands);

  const under = useMemo(
    () => ({ workspace, notebook: notebook.id, personId, language: kernel.language }),
    [workspace, notebook.id, personId, kernel.language],
  );
  const isBusy =
    running.session.status === "busy" || Object.values(running.cells).some((one) => one.status === "running" || one.status === "queued");
  const top = can.run ? (
    <div className="row">
      <KernelChoice
        workspace={workspace}
        notebook={notebook.id}
        chosen={kernel}
        isRunning={!["none", "lost"].includes(running.session.status)}
      />
      {kernel.server === null ? <PackagesButton workspace={workspace} notebook={notebook.id} /> : null}
      {isBusy ? (
        <button type="button" className="btn" onClick={() => actions.interrupt()}>
          <Icon name="stop" />
          Stop <kbd>I I</kbd>
        </button>
      ) : null}
      <button type="button" className="btn quiet" onClick={() => actions.restart()}>
        <Icon name="restart" />
        {running.session.status === "none" || running.session.status === "lost" ? "Start" : "Restart"}
      </button>
      <button type="button" className="btn" onClick={() => actions.runAll()} disabled={!isSynced}>
        <Icon name="play" />
        Run all
      </button>
    </div>
  ) : (
    <span className="dim dense">You may read here</span>
  );
  const faces = (
    <span className="faces">
      <Face name={person} pencil={me.pencil} />
      {people.map((one) => (
        <Face key={one.client} name={one.name} pencil={one.pencil} />
      ))}
    </span>
  );

  return (
    <Frame
      workspace={workspace}
      person={person}
      room="notebooks"
      isClosed
      crumbs={[
        { word: workspace, href: `/${workspace}` },
        { word: "Notebooks", href: `/${workspace}/notebooks` },
        { word: notebook.title },
      ]}
      faces={faces}
      actions={top}
      block={
        <TitleBlock
          workspace={workspace}
          notebook={notebook.id}
          session={running.session}
          saved={saved}
          onKeep={can.run ? actions.keep : null}
        />
      }
    >
      <div className="nb">
        <style>
          {people.map((one) => `.person-${one.client}::after{content:${JSON.stringify(one.name.replaceAll(/[<\\]/g, ""))}}`).join("")}
        </style>
        <Outline cells={cells} numbers={numbers} states={running.cells} selected={selected} people={people} onGo={go}>
          {can.run ? (
            <Variables
              workspace={workspace}
              notebook={notebook.id}
              session={running.session}
              numbers={numbers}
              lastEnd={lastEndOf(running.cells)}
              onGo={go}
            />
          ) : null}
        </Outline>
        <main className="sheet" aria-label={notebook.title} data-ready={isSynced}>
          <Announcer states={running.cells} numbers={numbers} />
          {isSynced && shared ? (
            <NotebookContext value={language}>
              {cells.map((cell) => (
                <CellView
                  key={cell.id}
                  cell={cell}
                  number={numbers.get(cell.id) ?? 0}
                  state={running.cells[cell.id]}
                  outputs={running.outputs[cell.id]}
                  under={under}
                  faults={faults.get(cell.id)}
                  shared={shared}
                  people={people}
                  isSelected={cell.id === selected}
                  isEditing={cell.id === editing}
                  canWrite={can.write}
                  isFolded={folded.has(cell.id)}
                  onSelect={setSelected}
                  onEdit={edit}
                  onLeave={leave}
                  onRun={runFrom}
                  margin={
                    cell.id === selected ? (
                      <Margin
                        cell={cell}
                        can={can}
                        actions={actions}
                        isRunning={running.cells[cell.id]?.status === "running"}
                        onRun={() => actions.run([cell])}
                        onPromote={() => promote(cell)}
                      />
                    ) : null
                  }
                />
              ))}
            </NotebookContext>
          ) : (
            <Resting language={kernel.language} cells={notebook.cells} outputs={outputs.outputs} />
          )}
          {isSynced && can.write ? (
            <div className="addrow">
              <button type="button" className="btn quiet" onClick={() => addAnd(cells.at(-1)?.id ?? null)}>
                <Icon name="add" />
                Code <kbd>B</kbd>
              </button>
              <button type="button" className="btn quiet" onClick={() => go(actions.add(cells.at(-1)?.id ?? null, "markdown"))}>
                <Icon name="text" />
                Text
              </button>
            </div>
          ) : null}
        </main>
      </div>
      {promoting ? (
        <PromoteDialog
          workspace={workspace}
          notebook={{ id: notebook.id, title: notebook.title }}
          canOperate={can.operate}
          cells={promoting.cells}
          first={promoting.first}
          onClose={() => setPromoting(null)}
        />
      ) : null}
    </Frame>
  );
};

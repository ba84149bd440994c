"use client";
// From cells to a stage: which cells, which pipeline, under what name, how long it may take, and when it runs. The text that is pinned is
// the text the person saw; when it moved on, the server says so and nothing is promoted.
import { useEffect, useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { nameOf } from "#components/notebook/outline.tsx";
import { ScheduleFields } from "#components/pipelines/schedule-fields.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { useToast } from "#components/ui/toast.tsx";
import { call } from "#lib/kit/call.ts";
import { hashSource } from "#lib/notebooks/document.ts";
import { listPipelines, promoteCells, type Schedule } from "#lib/pipelines/contract.ts";
import "#components/pipelines/pipelines.css";

export type PromotableCell = { id: string; number: number; source: string };

type Props = {
  workspace: string;
  notebook: { id: string; title: string };
  /** Every code cell of the notebook in its order; `first` is the one that was selected. */
  cells: PromotableCell[];
  first: string;
  canOperate: boolean;
  onClose: () => void;
};

/** The name a cell gives itself in its first line (`// @cell train`), or its first sentence of comment. */
const nameIn = (source: string): string => /^\s*\/\/\s*(?:@cell\s+)?([^\n]{1,60})/.exec(source)?.[1]?.trim() ?? "";

const usePipelines = (workspace: string): string[] => {
  const [names, setNames] = useState<string[]>([]);
  useEffect(() => {
    call(listPipelines, { workspace, limit: 200 }).then(
      ({ items }) => setNames(items.map((one) => one.name)),
      () => {}, // the list only helps with typing; a new name works without it
    );
  }, [workspace]);
  return names;
};

type ChoiceProps = { cells: PromotableCell[]; chosen: ReadonlySet<string>; onChoose: (chosen: ReadonlySet<string>) => void };

const CellChoice = ({ cells, chosen, onChoose }: ChoiceProps) => (
  <fieldset className="cellchoice">
    <legend>Cells of the stage, in the order of the notebook</legend>
    {cells.map((cell) => (
      <label key={cell.id}>
        <input
          type="checkbox"
          checked={chosen.has(cell.id)}
          disabled={cell.source.trim() === ""}
          onChange={({ target }) => onChoose(new Set(target.checked ? [...chosen, cell.id] : [...chosen].filter((id) => id !== cell.id)))}
        />
        <span className="mono dim">{cell.number}</span>
        <span className="nowrap">{nameOf(cell.source)}</span>
      </label>
    ))}
  </fieldset>
);

export const PromoteDialog = ({ workspace, notebook, cells: all, first, canOperate, onClose }: Props) => {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set([first]));
  const cells = all.filter((cell) => chosen.has(cell.id));
  const known = usePipelines(workspace);
  const [pipeline, setPipeline] = useState(notebook.title);
  const [stage, setStage] = useState(nameIn(all.find((cell) => cell.id === first)?.source ?? ""));
  const [limitMinutes, setLimit] = useState(60);
  const [schedule, setSchedule] = useState<Schedule | null>(null);
  const promote = useCall(promoteCells);
  const say = useToast();
  const isKnown = known.includes(pipeline.trim());
  const lines = cells.map((cell) => cell.source.trimEnd()).join("\n\n");

  const send = async (): Promise<void> => {
    const made = await promote.run({
      workspace,
      pipeline,
      notebook: notebook.id,
      cells: cells.map((cell) => ({ cell: cell.id, sourceHash: hashSource(cell.source) })),
      limitMinutes,
      ...(stage.trim() ? { stage } : {}),
      ...(schedule ? { schedule } : {}),
    });
    if (!made) return;
    const words = made.hasChanged ? `${made.name} is at revision ${made.revision}.` : `${made.name} has this text already.`;
    say({
      text: words,
      action: { label: "Open pipeline", run: () => location.assign(`/${workspace}/pipelines/${encodeURIComponent(made.name)}`) },
    });
    onClose();
  };

  return (
    <Dialog
      title={cells.length <= 1 ? "Promote this cell to a stage?" : `Promote ${cells.length} cells to a stage?`}
      verb="Promote"
      isWide
      isBusy={promote.isPending}
      isDisabled={pipeline.trim() === "" || cells.length === 0}
      problem={promote.problem}
      onClose={onClose}
      onVerb={send}
    >
      {all.length > 1 ? <CellChoice cells={all} chosen={chosen} onChoose={setChosen} /> : null}
      <pre className="pinned">
        {lines.split("\n").slice(0, 7).join("\n")}
        {lines.split("\n").length > 7 ? `\n… ${lines.split("\n").length - 7} more lines` : ""}
      </pre>
      <div className="two">
        <label className="field">
          <span>Pipeline</span>
          <input value={pipeline} list="known-pipelines" onChange={(event) => setPipeline(event.target.value)} />
          <datalist id="known-pipelines">
            {known.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <small>{isKnown ? "The stage joins this pipeline, after its others." : "A new pipeline."}</small>
        </label>
        <label className="field">
          <span>Stage</span>
          <input value={stage} placeholder="named after the cell" onChange={(event) => setStage(event.target.value)} />
          <small>A stage of this name gets the new text.</small>
        </label>
      </div>
      <div className="two">
        <label className="field">
          <span>Time limit, minutes</span>
          <input
            type="number"
            min={1}
            max={1440}
            value={limitMinutes}
            onChange={(event) => setLimit(Math.max(1, event.target.valueAsNumber || 1))}
          />
        </label>
        {canOperate ? null : (
          <p className="dense soft">A schedule needs the right to operate. Promote without one and ask an operator to set it.</p>
        )}
      </div>
      {canOperate ? <ScheduleFields workspace={workspace} value={schedule} onChange={setSchedule} /> : null}
      <p className="dense">
        The text above is pinned: the stage runs it in a fresh session, with your rights, whatever happens to the notebook. A cell that
        needs another cell's variables needs that cell too, here or as an earlier stage.
      </p>
    </Dialog>
  );
};

"use client";
// From a cell to a stage: which pipeline, under what name, how long it may take, and when it runs. The text that is pinned is the text
// the person saw; when it moved on, the server says so and nothing is promoted.
import { useEffect, useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { ScheduleFields } from "#components/pipelines/schedule-fields.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { useToast } from "#components/ui/toast.tsx";
import { call } from "#lib/kit/call.ts";
import { hashSource } from "#lib/notebooks/document.ts";
import { listPipelines, promoteCells, type Schedule } from "#lib/pipelines/contract.ts";

type Props = {
  workspace: string;
  notebook: { id: string; title: string };
  cells: { id: string; source: string }[];
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

export const PromoteDialog = ({ workspace, notebook, cells, canOperate, onClose }: Props) => {
  const known = usePipelines(workspace);
  const [pipeline, setPipeline] = useState(notebook.title);
  const [stage, setStage] = useState(nameIn(cells[0]?.source ?? ""));
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
      title={cells.length === 1 ? "Promote this cell to a stage?" : `Promote ${cells.length} cells to a stage?`}
      verb="Promote"
      isWide
      isBusy={promote.isPending}
      isDisabled={pipeline.trim() === ""}
      problem={promote.problem}
      onClose={onClose}
      onVerb={send}
    >
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
        needs another cell's variables needs that cell as an earlier stage.
      </p>
    </Dialog>
  );
};

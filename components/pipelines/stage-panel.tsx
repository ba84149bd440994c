"use client";
// What one stage of one run does and says, followed to its end.
import Anser from "anser";
import { useEffect, useMemo, useRef, useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { linesOf, markOf, stateOf, wordOf } from "#components/pipelines/run-state.ts";
import { useLog } from "#components/pipelines/use-log.ts";
import { Steel } from "#components/ui/figures.tsx";
import { Icon } from "#components/ui/icon.tsx";
import { State } from "#components/ui/state.tsx";
import { call } from "#lib/kit/call.ts";
import { cancelPipelineRun, hasEnded, readPipelineRun, type Stage, type WholeRun } from "#lib/pipelines/contract.ts";

type Props = {
  workspace: string;
  pipeline: string;
  run: WholeRun;
  name: string;
  canRun: boolean;
  onClose: () => void;
};

const faultWords = { yours: "Yours", limits: "Limits", ours: "Ours" } as const;

/** The stage as it was pinned for this run, which may be an older text than the pipeline has now. */
const usePinned = (workspace: string, pipeline: string, number: number, name: string): Stage | undefined => {
  const [stage, setStage] = useState<Stage>();
  useEffect(() => {
    let isGone = false;
    call(readPipelineRun, { workspace, pipeline, number }).then(
      ({ pinned }) => isGone || setStage(pinned.find((one) => one.name === name)),
      () => {}, // the log stands without it
    );
    return () => {
      isGone = true;
    };
  }, [workspace, pipeline, number, name]);
  return stage;
};

export const StagePanel = ({ workspace, pipeline, run, name, canRun, onClose }: Props) => {
  const stage = usePinned(workspace, pipeline, run.number, name);
  const [showsText, setShowsText] = useState(false);
  const { entries, problem, isWhole } = useLog(workspace, pipeline, run.number, name);
  const lines = useMemo(() => linesOf(entries), [entries]);
  const [follows, setFollows] = useState(true);
  const end = useRef<HTMLDivElement>(null);
  const stop = useCall(cancelPipelineRun);
  const stageRun = run.stages.find((one) => one.stage === name);
  const mark = markOf(stageRun);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines move the end
  useEffect(() => {
    if (follows && end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [follows, lines]);

  return (
    <aside className="panel" aria-label={`${name}, run ${run.number}`}>
      <header>
        <div className="row">
          <h2 className="grow">{name}</h2>
          <button type="button" className="btn quiet icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <p className="row">
          {mark === "unreached" ? (
            <span className="dim">Not reached</span>
          ) : (
            <State of={stateOf(stageRun!.status)}>{wordOf[stageRun!.status]}</State>
          )}
          <span className="soft">
            run {run.number}
            {stageRun && run.attempt > 1 ? `, attempt ${stageRun.attempt}` : ""}
            {stageRun?.progress && stageRun.status === "running" ? `, ${Math.round(stageRun.progress.fraction * 100)} %` : ""}
          </span>
        </p>
        {stageRun?.progress ? (
          <Steel
            fraction={stageRun.progress.fraction}
            sentence={stageRun.progress.sentence}
            state={stageRun.status === "failed" ? "failed" : stageRun.status === "done" ? "done" : "running"}
          />
        ) : null}
        {stage ? (
          <dl className="pairs">
            <dt>Cell</dt>
            <dd>
              {stage.cells.map((cell) => (
                <span key={cell.cellId}>
                  cell {cell.position}, text <span className="mono">{cell.hash.slice(0, 6)}</span>{" "}
                </span>
              ))}
              by {stage.promotedBy}
            </dd>
            <dt>From</dt>
            <dd>
              {stage.notebook.title}, revision {stage.notebook.revision}
            </dd>
            <dt>Limit</dt>
            <dd>{stage.limitMinutes} min</dd>
            {run.runId ? (
              <>
                <dt>Writes</dt>
                <dd>
                  <a className="lk" href={`/${workspace}/experiments/runs/${run.runId}`}>
                    its run
                  </a>{" "}
                  in {pipeline}
                </dd>
              </>
            ) : null}
          </dl>
        ) : null}
        {stageRun?.message ? (
          <p className="problem">
            {stageRun.fault ? `${faultWords[stageRun.fault]}: ` : ""}
            {stageRun.message}
          </p>
        ) : null}
      </header>
      {showsText && stage ? <pre className="source">{stage.cells.map((cell) => cell.source.trimEnd()).join("\n\n")}</pre> : null}
      <div className="lines" ref={end} role="log" aria-label="Log">
        {lines.map((line) => (
          <div
            key={line.key}
            className={line.kind === "error" || line.kind === "stderr" ? "is-error" : line.kind === "note" ? "strong" : ""}
          >
            <span className="dim">{line.at.slice(11, 19)}</span>
            <span>{Anser.ansiToText(line.text)}</span>
          </div>
        ))}
        {problem ? <div className="is-error">The log cannot be read just now: {problem}</div> : null}
        {lines.length === 0 && isWhole ? <div className="dim">It said nothing.</div> : null}
        {isWhole ? null : <i className="cursor" aria-hidden="true" />}
      </div>
      <footer>
        {canRun && !hasEnded(run.status) ? (
          <button
            type="button"
            className="btn"
            disabled={stop.isPending || run.stopAskedBy !== null}
            onClick={() => stop.run({ workspace, pipeline, number: run.number })}
          >
            <Icon name="stop" />
            {run.stopAskedBy ? `Stopping for ${run.stopAskedBy}` : "Stop run"}
          </button>
        ) : null}
        {stage ? (
          <button type="button" className="btn quiet" aria-pressed={showsText} onClick={() => setShowsText(!showsText)}>
            {showsText ? "Hide text" : "Show text"}
          </button>
        ) : null}
        {stage ? (
          <a className="btn quiet" href={`/${workspace}/notebooks/${stage.notebook.id}#${stage.cells[0]?.cellId ?? ""}`}>
            Open cell
          </a>
        ) : null}
        <span className="grow" />
        <label className="row soft dense">
          <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.target.checked)} />
          Follow
        </label>
      </footer>
    </aside>
  );
};

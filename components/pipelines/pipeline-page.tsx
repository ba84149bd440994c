"use client";
// One pipeline: when it runs, the course of the run in view, the last thirty runs as a grid, and at the right the stage somebody chose.
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { Course } from "#components/pipelines/course.tsx";
import { Nights } from "#components/pipelines/nights.tsx";
import { tally, tookMs, typicalMs, wordOf } from "#components/pipelines/run-state.ts";
import { ScheduleDialog } from "#components/pipelines/schedule-dialog.tsx";
import { StagePanel } from "#components/pipelines/stage-panel.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { duration, Time } from "#components/ui/figures.tsx";
import { Icon } from "#components/ui/icon.tsx";
import {
  hasEnded,
  pausePipeline,
  pipelineEvents,
  resumePipeline,
  runPipeline,
  trashPipeline,
  type WholePipeline,
  type WholeRun,
} from "#lib/pipelines/contract.ts";
import "#components/pipelines/pipelines.css";

type Can = { write: boolean; run: boolean; operate: boolean };
type Props = { workspace: string; pipeline: WholePipeline; can: Can; readAt: number };
/** `run` is null while the newest is looked at, whichever that is. */
type Choice = { run: number | null; stage: string };

/** Ticks and looks again while something runs; the clock begins with the server's, so that both draw the same page. */
const useClock = (isRunning: boolean, readAt: number): number => {
  const router = useRouter();
  const [now, setNow] = useState(readAt);
  useEffect(() => {
    setNow(Date.now());
    if (!isRunning) return;
    const tick = setInterval(() => setNow(Date.now()), 1000);
    const look = setInterval(() => router.refresh(), 2000); // progress is not news; it is looked at
    return () => {
      clearInterval(tick);
      clearInterval(look);
    };
  }, [isRunning, router]);
  return now;
};

const Actions = ({ workspace, pipeline, can, onSchedule }: Omit<Props, "readAt"> & { onSchedule: () => void }) => {
  const run = useCall(runPipeline);
  const pause = useCall(pipeline.isPaused ? resumePipeline : pausePipeline);
  const trash = useCall(trashPipeline);
  const of = { workspace, pipeline: pipeline.id };
  if (pipeline.trashedAt) return <span className="soft">In the trash; it runs no more.</span>;
  return (
    <>
      {run.problem || pause.problem || trash.problem ? (
        <span className="problem">{run.problem ?? pause.problem ?? trash.problem}</span>
      ) : null}
      {can.write ? (
        <button
          type="button"
          className="btn quiet"
          onClick={async () => (await trash.run(of)) && location.assign(`/${workspace}/pipelines`)}
        >
          Move to trash
        </button>
      ) : null}
      {can.operate && pipeline.schedule ? (
        <button type="button" className="btn quiet" disabled={pause.isPending} onClick={() => pause.run(of)}>
          {pipeline.isPaused ? "Resume" : "Pause"}
        </button>
      ) : null}
      {can.operate ? (
        <button type="button" className="btn quiet" onClick={onSchedule}>
          {pipeline.schedule ? "Change schedule" : "Set schedule"}
        </button>
      ) : null}
      {can.run ? (
        <button type="button" className="btn" disabled={run.isPending} onClick={() => run.run(of)}>
          <Icon name="play" />
          Run now
        </button>
      ) : null}
    </>
  );
};

const Facts = ({ workspace, pipeline }: { workspace: string; pipeline: WholePipeline }) => {
  const typical = typicalMs(pipeline.runs);
  const { schedule, stages } = pipeline;
  const [from] = stages;
  return (
    <dl className="facts">
      <div>
        <dt>Schedule</dt>
        <dd>{schedule ? `${schedule.words}${pipeline.isPaused ? ", paused" : ""}` : "By hand"}</dd>
      </div>
      <div>
        <dt>Next, UTC</dt>
        <dd>{schedule?.next[0] ? <Time at={schedule.next[0]} /> : "–"}</dd>
      </div>
      <div>
        <dt>{pipeline.runs.length > 1 ? `Last ${pipeline.runs.length} runs` : "Runs"}</dt>
        <dd>{tally(pipeline.runs)}</dd>
      </div>
      <div>
        <dt>Typical run</dt>
        <dd>{typical === null ? "–" : duration(typical)}</dd>
      </div>
      {from ? (
        <div>
          <dt>Made from</dt>
          <dd>
            <a className="lk" href={`/${workspace}/notebooks/${from.notebook.id}`}>
              {from.notebook.title}
            </a>
            , revision {from.notebook.revision}
          </dd>
        </div>
      ) : null}
      <div>
        <dt>Revision</dt>
        <dd>{pipeline.revision}</dd>
      </div>
    </dl>
  );
};

const sentenceOf = (run: WholeRun, now: number): string => {
  const done = run.stages.filter((stage) => stage.status === "done").length;
  const how = run.trigger === "schedule" ? "by its schedule" : `by ${run.startedBy}`;
  const took = tookMs(run, now);
  const time = took === null ? "" : `, ${duration(took)}`;
  return `${wordOf[run.status].toLowerCase()}, started ${how}, ${done} of ${run.stages.length} stages done${time}`;
};

export const PipelinePage = ({ workspace, pipeline, can, readAt }: Props) => {
  const [choice, setChoice] = useState<Choice | null>(null);
  const [isScheduling, setScheduling] = useState(false);
  const { runs, stages } = pipeline;
  const now = useClock(
    runs.some((run) => !hasEnded(run.status)),
    readAt,
  );
  const run = runs.find((one) => one.number === choice?.run) ?? runs[0] ?? null;
  const names = [...new Set([...stages.map((stage) => stage.name), ...runs.flatMap((one) => one.stages.map((stage) => stage.stage))])];
  return (
    <div className={`lay ${choice && run ? "has-panel" : ""}`}>
      <main className="page">
        <Live workspace={workspace} topics={Object.values(pipelineEvents)} />
        <PageHead
          title={pipeline.name}
          actions={<Actions workspace={workspace} pipeline={pipeline} can={can} onSchedule={() => setScheduling(true)} />}
        />
        <Facts workspace={workspace} pipeline={pipeline} />
        <div className="sectionhead">
          <h2>{run ? `Run ${run.number}` : "Stages"}</h2>
          <span className="soft dense">{run ? sentenceOf(run, now) : "it has not run yet"}</span>
        </div>
        {run?.message && !choice ? (
          <p className="problem">
            {run.fault ? `${{ yours: "Yours", limits: "Limits", ours: "Ours" }[run.fault]}: ` : ""}
            {run.message}
          </p>
        ) : null}
        <Course
          stages={stages}
          run={run}
          chosen={choice?.stage ?? null}
          now={now}
          onChoose={(stage) => setChoice({ run: choice?.run ?? null, stage })}
        />
        {runs.length > 0 ? (
          <>
            <div className="sectionhead">
              <h2>{runs.length >= 30 ? "Last 30 pipeline runs" : "Pipeline runs"}</h2>
              <span className="soft dense">columns are runs, bars are how long they took; choose a square to read its log</span>
            </div>
            <Nights
              runs={runs}
              stages={names}
              chosen={choice && run ? { run: run.number, stage: choice.stage } : null}
              now={now}
              onChoose={(number, stage) => setChoice({ run: number, stage })}
            />
          </>
        ) : (
          <p className="soft nothing-yet">
            {can.run
              ? "Press Run now to see it work: the stages run in order in one fresh session, and their log appears here."
              : "Nobody has run it yet."}
          </p>
        )}
      </main>
      {choice && run ? (
        <StagePanel
          key={`${run.number} ${choice.stage}`}
          workspace={workspace}
          pipeline={pipeline.name}
          run={run}
          name={choice.stage}
          canRun={can.run}
          onClose={() => setChoice(null)}
        />
      ) : null}
      {isScheduling ? <ScheduleDialog workspace={workspace} pipeline={pipeline} onClose={() => setScheduling(false)} /> : null}
    </div>
  );
};

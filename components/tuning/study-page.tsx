"use client";
// A study as it goes: how far it is with Stop and Resume, the best value, figures, parameters, trials. Looks again at every news.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import type { DrawnStudy } from "#components/tuning/drawn.ts";
import { Hands, isAtWork, WorkDialog, workOf } from "#components/tuning/hands.tsx";
import { Origin } from "#components/tuning/origin.tsx";
import { Parameters } from "#components/tuning/parameters.tsx";
import { RegisterDialog } from "#components/tuning/register-dialog.tsx";
import { CourseFigures, SpaceFigures } from "#components/tuning/study-figures.tsx";
import { TrialTable } from "#components/tuning/trial-table.tsx";
import { endedOf, prunerOf, samplerOf, sentenceOf, stateOf } from "#components/tuning/words.ts";
import { Empty } from "#components/ui/empty.tsx";
import { metric, Steel, Time } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import { resumeStudy, stopStudy } from "#lib/tuning/contract.ts";
import "#components/tuning/tuning.css";

type Props = { workspace: string; study: DrawnStudy; models: string[]; canRun: boolean };

/** Stop while it may go on, Resume when it was stopped. */
const Switch = ({ workspace, study }: Pick<Props, "workspace" | "study">) => {
  const stop = useCall(stopStudy);
  const resume = useCall(resumeStudy);
  const isStopped = study.status === "stopped";
  const { run, isPending, problem } = isStopped ? resume : stop;
  return (
    <>
      {problem ? (
        <span className="problem" role="alert">
          {problem}
        </span>
      ) : null}
      <button type="button" className="btn" disabled={isPending} onClick={() => void run({ workspace, study: study.id })}>
        {isStopped ? "Resume" : "Stop"}
      </button>
    </>
  );
};

const Progress = ({ study }: { study: DrawnStudy }) => {
  const state = stateOf(study);
  const sentence = `${sentenceOf(study)}.`;
  const next =
    study.status === "stopped"
      ? study.work
        ? "Resume puts the worker's sessions back to it."
        : "Resume lets sessions ask for trials again."
      : study.counts.running > 0 || study.hands.some(isAtWork)
        ? ""
        : workOf(study)
          ? "No session works on it now. Put some to it, or run its cell again."
          : "No session works on it now. Whoever asks it for trials takes it on.";
  return (
    <section className={`studynow scribed is-${state.of}`} aria-live="polite">
      <Steel fraction={endedOf(study) / study.plan.trials} sentence={sentence} />
      <p>
        {sentence} <span className="soft">{next}</span>
      </p>
    </section>
  );
};

const factsOf = (study: DrawnStudy): [string, string][] => [
  ["Sampler", samplerOf(study.plan)],
  ["Pruner", prunerOf(study.plan)],
  ["Complete", String(study.counts.complete)],
  ["Pruned", String(study.counts.pruned)],
  ["Failed", String(study.counts.failed)],
  ...(study.counts.lost > 0 ? [["Lost", `${study.counts.lost}, tried again`] as [string, string]] : []),
];

const Facts = ({ workspace, study }: { workspace: string; study: DrawnStudy }) => (
  <dl className="facts studyfacts">
    {study.plan.objectives.map((one, i) => (
      <div key={one.name}>
        <dt>
          {one.name}, {one.direction === "maximize" ? "greatest" : "least"}
          {study.best ? `, trial ${study.best.number}` : ""}
        </dt>
        <dd className="figure">{metric(study.best?.values[i])}</dd>
      </div>
    ))}
    {factsOf(study).map(([word, value]) => (
      <div key={word}>
        <dt>{word}</dt>
        <dd>{value}</dd>
      </div>
    ))}
    <div>
      <dt>From</dt>
      <dd>
        <Origin workspace={workspace} study={study} />
      </dd>
    </div>
    <div>
      <dt>Begun</dt>
      <dd>
        <Time at={study.createdAt} /> by {study.createdBy}
      </dd>
    </div>
  </dl>
);

/** What may be done with a study now: stop it, resume it, put sessions to it, register what it found. */
const Actions = ({ workspace, study, models }: Omit<Props, "canRun">) => {
  const [open, setOpen] = useState<"work" | "register" | null>(null);
  const isOver = endedOf(study) >= study.plan.trials;
  const canWork = !isOver && study.status === "open" && workOf(study) !== null && !study.hands.some(isAtWork);
  const close = (): void => setOpen(null);
  return (
    <>
      {canWork ? (
        <button type="button" className="btn" onClick={() => setOpen("work")}>
          Put sessions to it
        </button>
      ) : null}
      {isOver ? null : <Switch workspace={workspace} study={study} />}
      {study.best && study.keepsModel ? (
        <button type="button" className="btn primary" onClick={() => setOpen("register")}>
          Register the best model
        </button>
      ) : null}
      {open === "work" ? <WorkDialog workspace={workspace} study={study} onClose={close} /> : null}
      {open === "register" ? <RegisterDialog workspace={workspace} study={study} models={models} onClose={close} /> : null}
    </>
  );
};

export const StudyPage = ({ workspace, study, models, canRun }: Props) => {
  const state = stateOf(study);
  const isOver = endedOf(study) >= study.plan.trials;
  return (
    <main className="page">
      <Live workspace={workspace} topics={["tuning.changed", "tuning.hands"]} />
      <PageHead
        title={study.name}
        sentence={
          <span className="row">
            <State of={state.of}>{state.word}</State>
            {isOver ? `${sentenceOf(study)}.` : null}
          </span>
        }
        actions={canRun ? <Actions workspace={workspace} study={study} models={models} /> : null}
      />
      {isOver ? null : <Progress study={study} />}
      {isOver ? null : <Hands study={study} />}
      <Facts workspace={workspace} study={study} />
      {study.trials.length === 0 ? (
        <Empty title="No trial yet.">
          The study is open for {study.plan.trials} trials. Sessions that work on it take them, and what comes of each is drawn here as it
          happens.
        </Empty>
      ) : (
        <CourseFigures study={study} />
      )}
      <Parameters study={study} />
      <SpaceFigures study={study} />
      {study.trials.length > 0 ? <TrialTable workspace={workspace} study={study} /> : null}
    </main>
  );
};

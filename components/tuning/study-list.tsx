"use client";
// Studies with their state, their best value and how they came to it.
import { useState } from "react";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { NewStudy } from "#components/tuning/new-study.tsx";
import { Origin } from "#components/tuning/origin.tsx";
import { endedOf, stateOf } from "#components/tuning/words.ts";
import { Empty } from "#components/ui/empty.tsx";
import { metric, Spark, Steel, Time } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import type { Study } from "#lib/tuning/contract.ts";
import "#components/tuning/tuning.css";

const Row = ({ workspace, study }: { workspace: string; study: Study }) => {
  const state = stateOf(study);
  const ended = endedOf(study);
  const [first] = study.plan.objectives;
  return (
    <tr>
      <td className={`cut scribed is-${state.of}`}>
        <a className="name" title={study.name} href={`/${workspace}/tuning/${encodeURIComponent(study.name)}`}>
          {study.name}
        </a>
      </td>
      <td>
        <State of={state.of}>{state.word}</State>
      </td>
      <td>
        <span className="trialrule">
          <Steel
            fraction={ended / study.plan.trials}
            sentence={`${ended} of ${study.plan.trials} trials have ended`}
            state={state.of === "done" ? "done" : "running"}
          />
          <span>
            {ended} of {study.plan.trials}
          </span>
        </span>
      </td>
      <td className="num">{study.counts.pruned}</td>
      <td className="num">{study.counts.failed}</td>
      <td>
        {first!.name} <span className="dim">{first!.direction === "maximize" ? "greatest" : "least"}</span>
        {study.plan.objectives.length > 1 ? <span className="dim"> +{study.plan.objectives.length - 1}</span> : null}
      </td>
      <td className="num strong">{study.best ? metric(study.best.values[0]) : "–"}</td>
      <td className="soft">
        <Spark values={study.course} label={`Best ${first!.name} so far in ${study.name}`} />
      </td>
      <td className="cut from">
        <Origin workspace={workspace} study={study} />
      </td>
      <td title={`Begun by ${study.createdBy}`}>
        <Time at={study.changedAt} />
      </td>
    </tr>
  );
};

type Props = {
  workspace: string;
  items: Study[];
  datasets: string[];
  notebooks: { id: string; title: string }[];
  can: { write: boolean; run: boolean };
};

export const StudyList = ({ workspace, items, datasets, notebooks, can }: Props) => {
  const [isOpen, setOpen] = useState(false);
  const begin =
    can.write && can.run && datasets.length + notebooks.length > 0 ? (
      <button type="button" className="btn primary" onClick={() => setOpen(true)}>
        New study
      </button>
    ) : null;
  return (
    <main className="page">
      <Live workspace={workspace} topics={["tuning.changed"]} />
      <PageHead
        title="Tuning"
        sentence="Searches for the parameters that make an objective best"
        actions={items.length > 0 ? begin : null}
      />
      {items.length === 0 ? (
        <Empty
          title="No study yet."
          action={
            begin ?? (
              <a className="btn primary" href={`/${workspace}/datasets`}>
                Upload a data set
              </a>
            )
          }
        >
          A study tries parameters in several sessions at once and learns from each trial. It searches for the best estimator of a table, or
          for what makes a function of a notebook best; a cell that calls <span className="mono">tuning.tune</span> opens one too.
        </Empty>
      ) : (
        <div className="wide">
          <table className="t studies">
            <thead>
              <tr>
                <th>Study</th>
                <th>State</th>
                <th>Trials</th>
                <th className="num">Pruned</th>
                <th className="num">Failed</th>
                <th>Objective</th>
                <th className="num">Best</th>
                <th>Best so far</th>
                <th>From</th>
                <th>Changed</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <Row key={one.id} workspace={workspace} study={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isOpen ? <NewStudy workspace={workspace} datasets={datasets} notebooks={notebooks} onClose={() => setOpen(false)} /> : null}
    </main>
  );
};

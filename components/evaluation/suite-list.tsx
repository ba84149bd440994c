"use client";
// Suites with their newest evaluation, and a new one.
import { useState } from "react";
import { Verdict, wordOf } from "#components/evaluation/evaluation-rows.tsx";
import { SuiteDialog } from "#components/evaluation/suite-dialog.tsx";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { metric, Time } from "#components/ui/figures.tsx";
import type { listSuites } from "#lib/evaluation/contract.ts";
import type { OutputOf } from "#lib/kit/operation.ts";
import type { Model } from "#lib/models/contract.ts";
import "#components/evaluation/evaluation.css";

type Item = OutputOf<typeof listSuites>["items"][number];
type Props = { workspace: string; items: Item[]; models: Model[]; datasets: string[]; canWrite: boolean };

const Row = ({ workspace, one }: { workspace: string; one: Item }) => (
  <tr>
    <td>
      <a className="name" href={`/${workspace}/evaluation/${one.name}`}>
        {one.name}
      </a>
    </td>
    <td>
      <span className="mono">{one.target}</span> of {one.dataset}
    </td>
    <td className="num">{one.gates.length}</td>
    <td className="num">{one.evaluationCount}</td>
    <td>
      {one.latest ? (
        <a className="lk" href={`/${workspace}/evaluation/${one.name}/${one.latest.number}`}>
          {one.latest.judged ? `${one.latest.judged.model} version ${one.latest.judged.version}` : "the table's answers"}
        </a>
      ) : (
        <span className="dim">not run yet</span>
      )}
    </td>
    <td>{one.latest ? <Verdict of={one.latest} /> : null}</td>
    <td className="num">
      {one.latest?.headline ? `${wordOf(one.latest, one.latest.headline.name)} ${metric(one.latest.headline.value)}` : "–"}
    </td>
    <td>
      <Time at={one.latest?.queuedAt ?? one.updatedAt} />
    </td>
  </tr>
);

export const SuiteList = ({ workspace, items, models, datasets, canWrite }: Props) => {
  const [isOpen, setOpen] = useState(false);
  const create = canWrite ? (
    <button type="button" className="btn primary" onClick={() => setOpen(true)}>
      New suite
    </button>
  ) : null;
  return (
    <main className="page">
      <Live workspace={workspace} topics={["evaluation.changed", "evaluation.queued"]} />
      <PageHead
        title="Evaluation"
        sentence="How models are judged before anybody relies on them"
        actions={items.length > 0 ? create : null}
      />
      {items.length === 0 ? (
        <Empty title="No suite yet." action={create}>
          A suite names a table, the column with the truth, groups to look at and gates that must hold. Any model version can then be judged
          by it, the same way each time.
        </Empty>
      ) : (
        <div className="wide">
          <table className="t">
            <thead>
              <tr>
                <th>Suite</th>
                <th>Judges by</th>
                <th className="num">Gates</th>
                <th className="num">Evaluations</th>
                <th>Last judged</th>
                <th>State</th>
                <th className="num">Metric</th>
                <th>When</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <Row key={one.id} workspace={workspace} one={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isOpen ? <SuiteDialog workspace={workspace} models={models} datasets={datasets} onClose={() => setOpen(false)} /> : null}
    </main>
  );
};

// A run as people read it.
import { VegaChart } from "#components/chart/vega-chart.tsx";
import { Lineage } from "#components/experiments/lineage.tsx";
import { stateOf } from "#components/experiments/run-state.ts";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { bytes, duration, metric, Time } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import type { Artefact, LogLine, Run } from "#lib/experiments/contract.ts";
import "#components/experiments/experiments.css";

type Point = { step: number; value: number };
type Props = { workspace: string; run: Run & { artefacts: Artefact[] }; curves: Record<string, Point[]>; log: LogLine[] };

const curveSpec = (key: string, points: Point[]) => ({
  data: { values: points },
  height: 140,
  mark: { type: "line" },
  encoding: { x: { field: "step", type: "quantitative" }, y: { field: "value", type: "quantitative", title: key, scale: { zero: false } } },
});

const Table = ({ title, entries }: { title: string; entries: [string, string][] }) =>
  entries.length === 0 ? null : (
    <section>
      <div className="sectionhead">
        <h2>{title}</h2>
      </div>
      <table className="t compact">
        <tbody>
          {entries.map(([key, value]) => (
            <tr key={key}>
              <td className="mono dim">{key}</td>
              <td className="num">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );

const stations = (workspace: string, run: Run) => [
  run.source
    ? {
        title: (
          <a className="lk" href={`/${workspace}/notebooks/${run.source.notebookId}#${run.source.cellId}`}>
            cell
          </a>
        ),
        lines: [
          <span key="t">
            text <span className="mono">{run.source.cellHash.slice(0, 6)}</span>
          </span>,
          `revision ${run.source.revision}`,
        ],
      }
    : { title: "outside a notebook", lines: ["started over the API"] },
  ...(run.pipelineRunId
    ? [
        {
          title: "pipeline run",
          lines: [
            <span key="p" className="mono">
              {run.pipelineRunId}
            </span>,
          ],
        },
      ]
    : []),
  {
    title: `run ${run.number}`,
    isHere: true,
    lines: [
      Object.entries(run.metrics)
        .slice(0, 2)
        .map(([key, value]) => `${key} ${metric(value)}`)
        .join(", ") || "no metrics yet",
    ],
  },
];

export const RunPage = ({ workspace, run, curves, log }: Props) => {
  const drawn = Object.entries(curves).filter(([, points]) => points.length > 1);
  return (
    <main className="page">
      <Live workspace={workspace} topics={["run.changed"]} />
      <PageHead
        title={`Run ${run.number}`}
        sentence={run.name}
        actions={<State of={stateOf(run)}>{run.status === "cancelled" ? "Cancelled" : undefined}</State>}
      />
      <dl className="facts">
        <div>
          <dt>Experiment</dt>
          <dd>
            <a className="lk" href={`/${workspace}/experiments/${run.experiment.id}`}>
              {run.experiment.name}
            </a>
          </dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <Time at={run.startedAt} /> by {run.by}
          </dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>{run.endedAt ? duration(new Date(run.endedAt).getTime() - new Date(run.startedAt).getTime()) : "still running"}</dd>
        </div>
        <div>
          <dt>Data</dt>
          <dd>
            {run.datasets.length > 0
              ? run.datasets.map((one) => (
                  <a key={one.name} className="lk mono" href={`/${workspace}/datasets/${one.name}?version=${one.version}`}>
                    {one.name}@{one.version}
                  </a>
                ))
              : "–"}
          </dd>
        </div>
      </dl>
      {run.status === "failed" ? (
        <p className="problem">
          {run.fault === "limits" ? "Limits" : run.fault === "ours" ? "Ours" : "Yours"}: {run.message}
        </p>
      ) : null}
      <div className="columns">
        <Table title="Metrics" entries={Object.entries(run.metrics).map(([key, value]) => [key, metric(value)])} />
        <Table title="Parameters" entries={Object.entries(run.params).map(([key, value]) => [key, String(value)])} />
      </div>
      {drawn.length > 0 ? (
        <>
          <div className="sectionhead">
            <h2>Curves</h2>
            <span className="dim">by step</span>
          </div>
          <div className="columns">
            {drawn.map(([key, points]) => (
              <VegaChart
                key={key}
                spec={curveSpec(key, points)}
                label={`${key} ends at ${metric(points.at(-1)!.value)} after ${points.length} points`}
              />
            ))}
          </div>
        </>
      ) : null}
      {run.artefacts.length > 0 ? (
        <>
          <div className="sectionhead">
            <h2>Artefacts</h2>
          </div>
          <table className="t compact">
            <tbody>
              {run.artefacts.map((one) => (
                <tr key={one.name}>
                  <td>
                    <a
                      className="name mono"
                      href={`/api/v1/workspaces/${workspace}/runs/${run.id}/artefact?name=${encodeURIComponent(one.name)}`}
                    >
                      {one.name}
                    </a>
                  </td>
                  <td className="num">{bytes(one.size)}</td>
                  <td className="mono dim">{one.digest.slice(0, 12)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      ) : null}
      {log.length > 0 ? (
        <>
          <div className="sectionhead">
            <h2>Log</h2>
          </div>
          <div className="log" role="log">
            {log.map((line) => (
              <div key={line.seq} className={line.isError ? "is-error" : ""}>
                <span className="dim">{line.at.slice(11, 19)} </span>
                {line.text}
              </div>
            ))}
          </div>
        </>
      ) : null}
      <Lineage stations={stations(workspace, run)} />
    </main>
  );
};

"use client";
// The runs of an experiment: state by scribe line and word, parameters and metrics side by side, the best in bold, and a tray that shows
// curves and only what differs as soon as one run is selected.
import { useMemo, useState } from "react";
import { CompareTray } from "#components/experiments/compare-tray.tsx";
import { isLowBetter, stateOf } from "#components/experiments/run-state.ts";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { duration, metric, Spark, Time } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import type { Experiment, Run } from "#lib/experiments/contract.ts";
import "#components/experiments/experiments.css";

export type Curves = Record<string, Record<string, { step: number; value: number }[]>>;

const keysOf = (runs: Run[], part: "params" | "metrics", limit: number): string[] => {
  const counts = new Map<string, number>();
  for (const run of runs) for (const key of Object.keys(run[part])) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, limit)
    .map(([key]) => key);
};

const bestOf = (runs: Run[], key: string): number | null => {
  const values = runs.map((run) => run.metrics[key]).filter((value): value is number => value !== undefined);
  return values.length === 0 ? null : isLowBetter(key) ? Math.min(...values) : Math.max(...values);
};

const Fault = ({ run }: { run: Run }) => (
  <span>
    <b className={run.status === "failed" ? "failed" : "stale"}>
      {run.fault === "limits" ? "Limits" : run.fault === "ours" ? "Ours" : run.status === "failed" ? "Yours" : "Cancelled"}
    </b>{" "}
    {run.message?.slice(0, 90)}
  </span>
);

export const RunTable = ({
  workspace,
  experiment,
  runs,
  curves,
  sort,
}: {
  workspace: string;
  experiment: Experiment;
  runs: Run[];
  curves: Curves;
  sort: string;
}) => {
  const [chosen, setChosen] = useState<string[]>([]);
  const params = useMemo(() => keysOf(runs, "params", 6), [runs]);
  const metrics = useMemo(() => keysOf(runs, "metrics", 5), [runs]);
  const main = metrics[0];
  const best = useMemo(() => new Map(metrics.map((key) => [key, bestOf(runs, key)])), [runs, metrics]);
  const curveKey = (run: Run): string | undefined =>
    Object.entries(curves[run.id] ?? {})
      .filter(([, points]) => points.length > 1)
      .sort((a, b) => b[1].length - a[1].length)[0]?.[0];
  const flip = (id: string): void => setChosen((now) => (now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(-6)));
  const running = runs.filter((run) => run.status === "running").length;
  const sentence = `${runs.length} runs${running > 0 ? `, ${running} running` : ""}${main && best.get(main) !== null ? `. Best ${main} ${metric(best.get(main))}` : ""}.`;
  return (
    <main className={`page runs ${chosen.length > 0 ? "has-tray" : ""}`}>
      <Live workspace={workspace} topics={["run.changed"]} />
      <PageHead title={experiment.name} sentence={sentence} />
      <div className="wide">
        <table className="t compact">
          <thead>
            <tr className="groups">
              <th colSpan={6} />
              {params.length > 0 ? (
                <th colSpan={params.length} className="group">
                  Parameters
                </th>
              ) : null}
              {metrics.length > 0 ? (
                <th colSpan={metrics.length + 1} className="group">
                  Metrics
                </th>
              ) : null}
              <th colSpan={2} className="group">
                Data and time
              </th>
            </tr>
            <tr>
              <th aria-label="Select" />
              <th className="num">Run</th>
              <th>What</th>
              <th>State</th>
              <th>Started</th>
              <th>By</th>
              {params.map((key, i) => (
                <th key={key} className={`num ${i === 0 ? "group" : ""}`}>
                  {key}
                </th>
              ))}
              {metrics.map((key, i) => (
                <th key={key} className={`num ${i === 0 ? "group" : ""}`}>
                  <a href={`?sort=metric:${isLowBetter(key) ? "-" : ""}${encodeURIComponent(key)}`} aria-label={`Sort by ${key}`}>
                    {key}
                    {sort.endsWith(key) ? " ↓" : ""}
                  </a>
                </th>
              ))}
              {metrics.length > 0 ? <th>Curve</th> : null}
              <th className="group">data set</th>
              <th className="num">time</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => {
              const at = chosen.indexOf(run.id);
              const curve = curveKey(run);
              const hasFailed = run.status === "failed" || run.status === "cancelled";
              return (
                <tr key={run.id} className={at >= 0 ? "is-chosen" : ""}>
                  <td className={`scribed is-${stateOf(run)}`}>
                    <input
                      type="checkbox"
                      checked={at >= 0}
                      onChange={() => flip(run.id)}
                      aria-label={`Select run ${run.number}`}
                      style={at >= 0 ? { accentColor: `var(--series-${at + 1})` } : {}}
                    />
                  </td>
                  <td className="num mono">{run.number}</td>
                  <td>
                    <a className="name" href={`/${workspace}/experiments/runs/${run.number}`}>
                      {run.name}
                    </a>
                  </td>
                  <td>
                    <State of={stateOf(run)}>{run.status === "cancelled" ? "Cancelled" : undefined}</State>
                  </td>
                  <td>
                    <Time at={run.startedAt} />
                  </td>
                  <td>{run.by}</td>
                  {params.map((key, i) => (
                    <td key={key} className={`num ${i === 0 ? "group" : ""}`}>
                      {run.params[key] === undefined ? <span className="dim">–</span> : String(run.params[key]).slice(0, 24)}
                    </td>
                  ))}
                  {hasFailed && metrics.length > 0 ? (
                    <td colSpan={metrics.length + 1} className="group">
                      <Fault run={run} />
                    </td>
                  ) : (
                    metrics.map((key, i) => (
                      <td
                        key={key}
                        className={`num ${i === 0 ? "group" : ""} ${run.metrics[key] !== undefined && run.metrics[key] === best.get(key) ? "best" : ""}`}
                      >
                        {metric(run.metrics[key])}
                      </td>
                    ))
                  )}
                  {!hasFailed && metrics.length > 0 ? (
                    <td style={{ color: at >= 0 ? `var(--series-${at + 1})` : "var(--ink-3)" }}>
                      {curve ? (
                        <Spark values={curves[run.id]![curve]!.map((point) => point.value)} label={`${curve} of run ${run.number}`} />
                      ) : null}
                    </td>
                  ) : null}
                  <td className="group">
                    {run.datasets[0] ? (
                      <span>
                        {run.datasets[0].name} <span className="dim">{run.datasets[0].version}</span>
                      </span>
                    ) : (
                      <span className="dim">–</span>
                    )}
                  </td>
                  <td className="num">
                    {run.endedAt ? duration(new Date(run.endedAt).getTime() - new Date(run.startedAt).getTime()) : "–"}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {chosen.length > 0 ? (
        <CompareTray
          workspace={workspace}
          runs={chosen.map((id) => runs.find((run) => run.id === id)!).filter(Boolean)}
          curves={curves}
          onClear={() => setChosen([])}
        />
      ) : null}
    </main>
  );
};

"use client";
// Runs side by side: the curves of their common metric, and a table of only what differs.
import { VegaChart } from "#components/chart/vega-chart.tsx";
import type { Curves } from "#components/experiments/run-table.tsx";
import { metric } from "#components/ui/figures.tsx";
import type { Run } from "#lib/experiments/contract.ts";

const facts = (run: Run): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(run.params).map(([key, value]) => [key, String(value)])),
  ...Object.fromEntries(Object.entries(run.metrics).map(([key, value]) => [key, metric(value)])),
  "data set": run.datasets.map((one) => `${one.name} ${one.version}`).join(", ") || "–",
  "cell text": run.source?.cellHash.slice(0, 6) ?? "–",
});

export const CompareTray = ({
  workspace,
  runs,
  curves,
  onClear,
}: {
  workspace: string;
  runs: Run[];
  curves: Curves;
  onClear: () => void;
}) => {
  const all = runs.map(facts);
  const keys = [...new Set(all.flatMap((one) => Object.keys(one)))].filter(
    (key) => runs.length === 1 || new Set(all.map((one) => one[key])).size > 1,
  );
  const common = Object.keys(curves[runs[0]!.id] ?? {}).find((key) => (curves[runs[0]!.id]?.[key]?.length ?? 0) > 1);
  const values = common
    ? runs.flatMap((run) =>
        (curves[run.id]?.[common] ?? []).map((point) => ({ run: `run ${run.number}`, step: point.step, value: point.value })),
      )
    : [];
  const spec = {
    data: { values },
    height: 120,
    mark: { type: "line" },
    encoding: {
      x: { field: "step", type: "quantitative" },
      y: { field: "value", type: "quantitative", title: common, scale: { zero: false } },
      color: { field: "run", type: "nominal", sort: null, scale: { domain: runs.map((run) => `run ${run.number}`) } },
    },
  };
  return (
    <section className="tray" aria-label="Runs side by side">
      <div>
        <h3>
          {runs.length === 1 ? `Run ${runs[0]!.number}` : `${runs.length} runs side by side`}{" "}
          {common ? <span className="dim">{common}</span> : null}
        </h3>
        {values.length > 0 ? (
          <VegaChart spec={spec} label={`${common} of ${runs.length} runs`} />
        ) : (
          <p className="dim">No metric of these runs has a curve.</p>
        )}
      </div>
      <div className="wide">
        <table className="t compact">
          <thead>
            <tr>
              <th>{runs.length === 1 ? "Facts" : "What differs"}</th>
              {runs.map((run, i) => (
                <th key={run.id}>
                  <span className="swatch" style={{ background: `var(--series-${i + 1})` }} /> run {run.number}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {keys.slice(0, 8).map((key) => (
              <tr key={key}>
                <td className="dim">{key}</td>
                {all.map((one, i) => (
                  <td key={runs[i]!.id}>{one[key] ?? "–"}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="trayactions">
        <a className="btn" href={`/${workspace}/experiments/runs/${runs[0]!.number}`}>
          Open run {runs[0]!.number}
        </a>
        <button type="button" className="btn quiet" onClick={onClear}>
          Clear selection
        </button>
      </div>
    </section>
  );
};

// Latency and requests over a range, as charts; without any request, a sentence that says what to do.
import { VegaChart } from "#components/chart/vega-chart.tsx";
import { latencySpec, requestsSpec } from "#components/monitoring/charts.ts";
import { whole } from "#components/ui/figures.tsx";
import type { MonitorPage, Range } from "#lib/monitoring/contract.ts";

export const rangeWords: Record<Range, string> = { "1h": "last hour", "24h": "last 24 h", "7d": "last 7 days" };

/** A latency with the digits that mean something. */
export const ms = (value: number | null): string =>
  value === null ? "–" : `${value >= 100 ? Math.round(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;

/** A share of requests, as percent with two digits. */
export const share = (part: number, of: number): string => (of === 0 ? "–" : `${((100 * part) / of).toFixed(2)} %`);

export const Latency = ({ monitor }: { monitor: MonitorPage }) => {
  const { traffic } = monitor;
  return (
    <section>
      <div className="sectionhead">
        <h2>Latency</h2>
        <span className="soft dense">milliseconds in the serving process, log scale, {rangeWords[monitor.range]}</span>
      </div>
      {traffic.requests === 0 ? (
        <p className="soft">No request in this time. Try one, or send a table's rows from a cell.</p>
      ) : (
        <VegaChart
          spec={latencySpec(monitor.points, monitor.range)}
          label={`Latency, ${rangeWords[monitor.range]}: p50 ${ms(traffic.latencyMsP50)}, p95 ${ms(traffic.latencyMsP95)}, p99 ${ms(traffic.latencyMsP99)}`}
        />
      )}
    </section>
  );
};

export const Requests = ({ monitor }: { monitor: MonitorPage }) => {
  const { traffic } = monitor;
  return (
    <section>
      <div className="sectionhead">
        <h2>Requests</h2>
        <span className="soft dense">
          {whole(traffic.requests)} in the {rangeWords[monitor.range]}, {whole(traffic.refused)} refused, {whole(traffic.failed)} failed
        </span>
      </div>
      {traffic.requests === 0 ? (
        <p className="soft">None yet.</p>
      ) : (
        <VegaChart
          spec={requestsSpec(monitor.points, monitor.range)}
          label={`Requests, ${rangeWords[monitor.range]}: ${whole(traffic.requests)}, ${whole(traffic.refused)} refused, ${whole(traffic.failed)} failed`}
        />
      )}
    </section>
  );
};

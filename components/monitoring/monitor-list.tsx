"use client";
// Every endpoint on a line: traffic, latency, errors, drift. What needs a person stands out by its words.
import { Live } from "#components/hooks/use-live.ts";
import { RangeTabs } from "#components/monitoring/monitor-view.tsx";
import { ms, rangeWords, share } from "#components/monitoring/traffic.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Spark, Time, whole } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import { type Monitor, monitoringEvents, type Range } from "#lib/monitoring/contract.ts";
import "#components/monitoring/monitoring.css";

/** What a monitor says of drift, in words. */
export const DriftWords = ({ one }: { one: Monitor }) => {
  if (one.drifted.length > 0)
    return (
      <State of="drifted">
        {one.drifted.slice(0, 2).join(", ")}
        {one.drifted.length > 2 ? ` and ${one.drifted.length - 2} more` : ""}
      </State>
    );
  if (one.measured > 0) return <span className="dim">none of {one.measured}</span>;
  return <span className="dim">{one.waiting > 0 ? "too few rows" : "not measured"}</span>;
};

export const MonitorList = ({ workspace, items, range }: { workspace: string; items: Monitor[]; range: Range }) => {
  const drifted = items.filter((one) => one.drifted.length > 0).length;
  const tallest = Math.max(1, ...items.flatMap((one) => one.spark));
  return (
    <main className="page">
      <Live workspace={workspace} topics={Object.values(monitoringEvents)} />
      <PageHead
        title="Monitoring"
        sentence={`${items.length} ${items.length === 1 ? "endpoint" : "endpoints"}${drifted > 0 ? `, ${drifted} with drift` : ""}`}
      />
      <RangeTabs range={range} />
      {items.length === 0 ? (
        <Empty
          title="Nothing is served yet."
          action={
            <a className="btn primary" href={`/${workspace}/models`}>
              Choose a model
            </a>
          }
        >
          Deploy a model version: from then on its requests, latency, errors and drift stand here.
        </Empty>
      ) : (
        <div className="wide">
          <table className="t">
            <thead>
              <tr>
                <th>Endpoint</th>
                <th className="num">Version</th>
                <th>Requests, {rangeWords[range]}</th>
                <th className="num">Count</th>
                <th className="num">p50</th>
                <th className="num">p95</th>
                <th className="num">p99</th>
                <th className="num">Refused</th>
                <th className="num">Failed</th>
                <th>Drifted</th>
                <th>Last request, UTC</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.endpointId}>
                  <td>
                    <a className="name" href={`/${workspace}/monitoring/${one.endpoint}?range=${range}`}>
                      {one.endpoint}
                    </a>
                  </td>
                  <td className="num">{one.version ?? "–"}</td>
                  <td>
                    <Spark values={one.spark} width={120} low={0} high={tallest} label={`${one.traffic.requests} requests`} />
                  </td>
                  <td className="num">{whole(one.traffic.requests)}</td>
                  <td className="num">{ms(one.traffic.latencyMsP50)}</td>
                  <td className="num">{ms(one.traffic.latencyMsP95)}</td>
                  <td className="num">{ms(one.traffic.latencyMsP99)}</td>
                  <td className="num">{share(one.traffic.refused, one.traffic.requests)}</td>
                  <td className="num">
                    {one.traffic.failed > 0 ? (
                      <span className="failed strong">{share(one.traffic.failed, one.traffic.requests)}</span>
                    ) : (
                      share(one.traffic.failed, one.traffic.requests)
                    )}
                  </td>
                  <td>
                    <DriftWords one={one} />
                  </td>
                  <td>
                    <Time at={one.lastRequestAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </main>
  );
};

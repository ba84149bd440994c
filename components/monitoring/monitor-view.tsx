"use client";
// One endpoint over a range that somebody chooses, live.
import { Live } from "#components/hooks/use-live.ts";
import { DriftByFeature } from "#components/monitoring/drift.tsx";
import { Latency, ms, Requests, rangeWords, share } from "#components/monitoring/traffic.tsx";
import { WhatHappened } from "#components/monitoring/what-happened.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Time, whole } from "#components/ui/figures.tsx";
import { type MonitorPage, monitoringEvents, type Range, ranges } from "#lib/monitoring/contract.ts";
import { endpointEvents } from "#lib/serving/contract.ts";
import "#components/monitoring/monitoring.css";

/** The ranges as tabs; the address holds the choice. */
export const RangeTabs = ({ range }: { range: Range }) => (
  <nav className="tabs" aria-label="Range">
    {ranges.map((one) => (
      <a key={one} href={`?range=${one}`} {...(one === range ? { "aria-current": "page" as const } : {})}>
        {rangeWords[one][0]!.toUpperCase() + rangeWords[one].slice(1)}
      </a>
    ))}
  </nav>
);

const Facts = ({ monitor }: { monitor: MonitorPage }) => {
  const { traffic } = monitor;
  return (
    <dl className="facts">
      <div>
        <dt>Requests</dt>
        <dd>{whole(traffic.requests)}</dd>
      </div>
      <div>
        <dt>Rows</dt>
        <dd>{whole(traffic.rows)}</dd>
      </div>
      <div>
        <dt>p50</dt>
        <dd>{ms(traffic.latencyMsP50)}</dd>
      </div>
      <div>
        <dt>p95</dt>
        <dd>{ms(traffic.latencyMsP95)}</dd>
      </div>
      <div>
        <dt>p99</dt>
        <dd>{ms(traffic.latencyMsP99)}</dd>
      </div>
      <div>
        <dt>Refused</dt>
        <dd>{share(traffic.refused, traffic.requests)}</dd>
      </div>
      <div>
        <dt>Failed</dt>
        <dd>{share(traffic.failed, traffic.requests)}</dd>
      </div>
      <div>
        <dt>Last request, UTC</dt>
        <dd>
          <Time at={monitor.lastRequestAt} />
        </dd>
      </div>
    </dl>
  );
};

export const MonitorView = ({ workspace, monitor }: { workspace: string; monitor: MonitorPage }) => (
  <main className="page">
    <Live workspace={workspace} topics={[...Object.values(monitoringEvents), endpointEvents.changed]} />
    <PageHead
      title={monitor.endpoint}
      sentence={monitor.version === null ? "nothing answers here" : `version ${monitor.version} answers`}
      actions={
        <a className="btn" href={`/${workspace}/serving/${monitor.endpoint}`}>
          Open endpoint
        </a>
      }
    />
    <RangeTabs range={monitor.range} />
    <Facts monitor={monitor} />
    <div className="columns watch">
      <Requests monitor={monitor} />
      <Latency monitor={monitor} />
    </div>
    <DriftByFeature workspace={workspace} endpoint={monitor.endpoint} drift={monitor.drift} />
    <WhatHappened workspace={workspace} monitor={monitor} />
  </main>
);

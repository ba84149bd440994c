"use client";
// The list of endpoints: which version answers at each, what it answered today, and a way to serve the next.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { DriftWords } from "#components/monitoring/monitor-list.tsx";
import { ms, share } from "#components/monitoring/traffic.tsx";
import { DeployDialog } from "#components/serving/deploy-dialog.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Time, whole } from "#components/ui/figures.tsx";
import { Role, State } from "#components/ui/state.tsx";
import type { Model } from "#lib/models/contract.ts";
import { type Monitor, monitoringEvents } from "#lib/monitoring/contract.ts";
import { type Endpoint, endpointEvents, startEndpoint } from "#lib/serving/contract.ts";
import "#components/serving/serving.css";

type Can = { operate: boolean };
type Props = { workspace: string; items: Endpoint[]; monitors: Monitor[]; models: Model[]; isTrash: boolean; can: Can };

/** What the newest decision of an endpoint has come to. */
export const EndpointState = ({ one }: { one: Endpoint }) => {
  if (one.trashedAt) return <span className="dim">stopped</span>;
  if (one.latest?.status === "loading") return <State of="running">Version {one.latest.version} loads</State>;
  if (one.latest?.status === "failed") return <State of="failed">Revision {one.latest.number} failed</State>;
  return one.current ? <Role of="champion">Serving</Role> : <span className="dim">serves nothing</span>;
};

const Row = ({ workspace, one, monitor, can }: { workspace: string; one: Endpoint; monitor: Monitor | undefined; can: Can }) => {
  const start = useCall(startEndpoint);
  return (
    <tr>
      <td>
        <a className="name" href={`/${workspace}/serving/${one.name}`}>
          {one.name}
        </a>
      </td>
      <td>
        <EndpointState one={one} />
      </td>
      <td>
        {one.current ? (
          <a className="lk" href={`/${workspace}/models/${one.current.model}/versions/${one.current.version}`}>
            {one.current.model} version {one.current.version}
          </a>
        ) : (
          <span className="dim">–</span>
        )}
      </td>
      <td className="num">{one.current?.number ?? "–"}</td>
      <td className="num">{monitor ? whole(monitor.traffic.requests) : "–"}</td>
      <td className="num">{ms(monitor?.traffic.latencyMsP99 ?? null)}</td>
      <td className="num">{monitor ? share(monitor.traffic.failed, monitor.traffic.requests) : "–"}</td>
      <td>{monitor ? <DriftWords one={monitor} /> : <span className="dim">–</span>}</td>
      <td>
        <Time at={one.current?.servingAt ?? null} />
      </td>
      <td className="num">
        {one.trashedAt && can.operate ? (
          <button type="button" className="btn quiet" onClick={() => start.run({ workspace, endpoint: one.id })}>
            Start again
          </button>
        ) : null}
      </td>
    </tr>
  );
};

export const EndpointList = ({ workspace, items, monitors, models, isTrash, can }: Props) => {
  const [isDeploying, setDeploying] = useState(false);
  const mayDeploy = can.operate && models.length > 0;
  const action = mayDeploy ? (
    <button type="button" className="btn primary" onClick={() => setDeploying(true)}>
      Serve a version
    </button>
  ) : null;
  return (
    <main className="page">
      <Live workspace={workspace} topics={[endpointEvents.changed, monitoringEvents.counted]} />
      <PageHead
        title="Serving"
        sentence={
          isTrash
            ? "Stopped. These answer 404; their revisions and logs are kept."
            : `${items.length} ${items.length === 1 ? "endpoint" : "endpoints"}`
        }
        actions={items.length > 0 ? action : null}
      />
      <nav className="tabs">
        <a href="?" {...(isTrash ? {} : { "aria-current": "page" as const })}>
          Endpoints
        </a>
        <a href="?trash=1" {...(isTrash ? { "aria-current": "page" as const } : {})}>
          Stopped
        </a>
      </nav>
      {items.length === 0 ? (
        <Empty
          title={isTrash ? "Nothing is stopped." : "No endpoint serves a model yet."}
          action={
            isTrash
              ? null
              : (action ?? (
                  <a className="btn" href={`/${workspace}/${models.length > 0 ? "models" : "notebooks"}`}>
                    {models.length > 0 ? "Look at models" : "Open a notebook"}
                  </a>
                ))
          }
        >
          {isTrash
            ? "An endpoint that you stop can be started again with the revision it had."
            : models.length > 0
              ? "Choose a registered version: it loads, answers its sample, and then answers requests at /v2."
              : "Register a model from a notebook first; then it can be served here or from a cell."}
        </Empty>
      ) : (
        <div className="wide">
          <table className="t">
            <thead>
              <tr>
                <th>Endpoint</th>
                <th>State</th>
                <th>Answers with</th>
                <th className="num">Revision</th>
                <th className="num">Requests, 24 h</th>
                <th className="num">p99</th>
                <th className="num">Failed</th>
                <th>Drifted</th>
                <th>Serving since, UTC</th>
                <th aria-label="Actions" />
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <Row
                  key={one.id}
                  workspace={workspace}
                  one={one}
                  monitor={monitors.find((other) => other.endpointId === one.id)}
                  can={can}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isDeploying ? <DeployDialog workspace={workspace} models={models} onClose={() => setDeploying(false)} /> : null}
    </main>
  );
};

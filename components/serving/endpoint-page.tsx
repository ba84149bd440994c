"use client";
// One endpoint: the bar of what takes the traffic and the table that says it in words, latency and drift, what happened, what was asked.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { DriftByFeature } from "#components/monitoring/drift.tsx";
import { TimeStrip } from "#components/monitoring/time-strip.tsx";
import { Latency } from "#components/monitoring/traffic.tsx";
import { WhatHappened } from "#components/monitoring/what-happened.tsx";
import { DeployDialog } from "#components/serving/deploy-dialog.tsx";
import { RequestsTable } from "#components/serving/requests-table.tsx";
import { RevisionTable, TrafficBar } from "#components/serving/revision-table.tsx";
import { TryDialog } from "#components/serving/try-dialog.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { Time } from "#components/ui/figures.tsx";
import { Icon } from "#components/ui/icon.tsx";
import type { Model } from "#lib/models/contract.ts";
import { type MonitorPage, monitoringEvents } from "#lib/monitoring/contract.ts";
import {
  type EndpointPage as Endpoint,
  endpointEvents,
  hasServed,
  type Prediction,
  type Revision,
  rollBack,
  startEndpoint,
  stopEndpoint,
} from "#lib/serving/contract.ts";
import "#components/monitoring/monitoring.css";
import "#components/serving/serving.css";

type Can = { operate: boolean };
type Props = {
  workspace: string;
  endpoint: Endpoint;
  monitor: MonitorPage;
  log: { items: Prediction[]; next?: string | undefined };
  models: Model[];
  can: Can;
};
type Open = "nothing" | "try" | "deploy" | "rollBack" | "stop";

/** The revision that rolling back goes to: the newest that served before with another version. */
const beforeOf = ({ revisions, current }: Endpoint): Revision | undefined =>
  revisions.find((one) => hasServed(one.status) && one.number < (current?.number ?? 0) && one.version !== current?.version);

const RollBackDialog = ({
  workspace,
  endpoint,
  to,
  onClose,
}: {
  workspace: string;
  endpoint: Endpoint;
  to: Revision;
  onClose: () => void;
}) => {
  const back = useCall(rollBack);
  return (
    <Dialog
      title={`Roll back to revision ${to.number}?`}
      verb="Roll back"
      isBusy={back.isPending}
      problem={back.problem}
      onClose={onClose}
      onVerb={async () => (await back.run({ workspace, endpoint: endpoint.id, revision: to.number })) && onClose()}
    >
      <p>
        Version {to.version} takes all traffic as a new revision, once it has loaded. Version {endpoint.current?.version} stays and can be
        deployed again.
      </p>
    </Dialog>
  );
};

const StopDialog = ({ workspace, endpoint, onClose }: { workspace: string; endpoint: Endpoint; onClose: () => void }) => {
  const stop = useCall(stopEndpoint);
  return (
    <Dialog
      title={`Stop ${endpoint.name}?`}
      verb="Stop endpoint"
      isBusy={stop.isPending}
      problem={stop.problem}
      onClose={onClose}
      onVerb={async () => (await stop.run({ workspace, endpoint: endpoint.id })) && onClose()}
    >
      <p>Every request gets 404 from now on. Revisions and log are kept, and it can be started again.</p>
    </Dialog>
  );
};

export const EndpointPage = ({ workspace, endpoint, monitor, log, models, can }: Props) => {
  const [open, setOpen] = useState<Open>("nothing");
  const start = useCall(startEndpoint);
  const close = (): void => setOpen("nothing");
  const before = beforeOf(endpoint);
  const { current, latest, trashedAt } = endpoint;
  const sentence = trashedAt ? (
    "stopped"
  ) : current ? (
    <>
      Revision {current.number}, serving since <Time at={current.servingAt} />
    </>
  ) : (
    "serves nothing yet"
  );
  return (
    <main className="page">
      <Live workspace={workspace} topics={[...Object.values(monitoringEvents), endpointEvents.changed]} />
      <PageHead
        title={endpoint.name}
        sentence={sentence}
        actions={
          <>
            {start.problem ? <span className="problem">{start.problem}</span> : null}
            {trashedAt ? null : (
              <button type="button" className="btn quiet" disabled={!current} onClick={() => setOpen("try")}>
                Try a request
              </button>
            )}
            <a className="btn quiet" href={`/${workspace}/monitoring/${endpoint.name}`}>
              Traffic
            </a>
            {can.operate && !trashedAt ? (
              <>
                <button type="button" className="btn quiet" onClick={() => setOpen("stop")}>
                  Stop
                </button>
                {before ? (
                  <button type="button" className="btn" onClick={() => setOpen("rollBack")}>
                    <Icon name="back" />
                    Roll back to revision {before.number}
                  </button>
                ) : null}
                <button type="button" className="btn" onClick={() => setOpen("deploy")}>
                  Deploy a version
                </button>
              </>
            ) : null}
            {can.operate && trashedAt ? (
              <button type="button" className="btn" onClick={() => start.run({ workspace, endpoint: endpoint.id })}>
                Start again
              </button>
            ) : null}
          </>
        }
      />
      {latest && latest.id !== current?.id && latest.status === "failed" ? (
        <p className="problem">
          Revision {latest.number} with version {latest.version} did not come up: {latest.message}{" "}
          {current ? `Version ${current.version} goes on.` : ""}
        </p>
      ) : null}
      <TrafficBar endpoint={endpoint} />
      <RevisionTable workspace={workspace} endpoint={endpoint} monitor={monitor} />
      <div className="columns watch">
        <Latency monitor={monitor} />
        <DriftByFeature workspace={workspace} endpoint={endpoint.name} drift={monitor.drift} most={12} />
      </div>
      <WhatHappened workspace={workspace} monitor={monitor} strip={<TimeStrip endpoint={endpoint} monitor={monitor} />} />
      <RequestsTable workspace={workspace} endpoint={endpoint.name} first={log} />
      {open === "try" ? <TryDialog workspace={workspace} endpoint={endpoint} onClose={close} /> : null}
      {open === "deploy" ? (
        <DeployDialog
          workspace={workspace}
          models={models}
          endpoint={endpoint.name}
          {...(current ? { model: current.model } : {})}
          onClose={close}
        />
      ) : null}
      {open === "rollBack" && before ? <RollBackDialog workspace={workspace} endpoint={endpoint} to={before} onClose={close} /> : null}
      {open === "stop" ? <StopDialog workspace={workspace} endpoint={endpoint} onClose={close} /> : null}
    </main>
  );
};

"use client";
// What happened at an endpoint, newest first: revisions, drift, failures, each with a way to look closer.
import { type ReactNode, useState } from "react";
import { DistributionDialog } from "#components/monitoring/drift.tsx";
import { Time } from "#components/ui/figures.tsx";
import { Role, State } from "#components/ui/state.tsx";
import type { Happening, MonitorPage } from "#lib/monitoring/contract.ts";

const Kind = ({ of }: { of: Happening["kind"] }) =>
  of === "champion" ? (
    <Role of="champion" />
  ) : (
    <State of={of === "loading" ? "running" : of}>{of === "loading" ? "Loading" : undefined}</State>
  );

export const WhatHappened = ({ workspace, monitor, strip }: { workspace: string; monitor: MonitorPage; strip?: ReactNode }) => {
  const { endpoint, happenings } = monitor;
  const [open, setOpen] = useState<Happening | null>(null);
  const openCount = happenings.filter((one) => one.note === "open").length;
  return (
    <section>
      <div className="sectionhead">
        <h2>What happened</h2>
        <span className="soft dense">{openCount > 0 ? `${openCount} open` : "nothing open"}</span>
      </div>
      {strip}
      <div className="wide">
        <table className="t happenings">
          <tbody>
            {happenings.map((one) => (
              <tr key={one.id}>
                <td className="dim">
                  <Time at={one.at} />
                </td>
                <td>
                  <Kind of={one.kind} />
                </td>
                <td className="what">
                  {one.subject ? <span className="mono">{one.subject} </span> : null}
                  {one.sentence}{" "}
                  {one.kind === "drifted" && one.subject ? (
                    <button type="button" className="lk soft plainlink" onClick={() => setOpen(one)}>
                      Open the two distributions
                    </button>
                  ) : null}
                </td>
                <td className="dim">{one.note}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {open?.subject && open.version ? (
        <DistributionDialog
          workspace={workspace}
          endpoint={endpoint}
          feature={open.subject}
          version={open.version}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </section>
  );
};

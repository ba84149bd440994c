"use client";
// Machines that run sessions: what is free on each, and the owner's decisions. Draining is taken back by a click, removing is asked.
import { useState } from "react";
import { DeviceTable, memory, Waiting } from "#components/devices/device-table.tsx";
import { useCall } from "#components/hooks/use-call.ts";
import { Refresh } from "#components/hooks/use-refresh.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Time } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import { drainMachine, type Lease, type ListedDevice, type Machine, openMachine, removeMachine } from "#lib/devices/contract.ts";

const states: Record<Machine["state"], React.ReactNode> = {
  open: <State of="done">Takes sessions</State>,
  draining: <State of="stale">Draining</State>,
  silent: <State of="failed">Not heard</State>,
};

type Props = { workspace: string; canDecide: boolean; machines: Machine[]; devices: ListedDevice[]; leases: Lease[] };

export const Machines = ({ workspace, canDecide, machines, devices, leases }: Props) => {
  const drain = useCall(drainMachine);
  const open = useCall(openMachine);
  const remove = useCall(removeMachine);
  const [leaving, setLeaving] = useState<Machine | null>(null);
  const problem = drain.problem ?? open.problem;
  return (
    <main className="page">
      <Refresh everyMs={3000} />
      <PageHead
        title="Machines"
        sentence={`${machines.length === 1 ? "One machine runs" : `${machines.length} machines run`} the sessions of this installation`}
      />
      {problem ? (
        <p className="problem" role="alert">
          {problem}
        </p>
      ) : null}
      {machines.length === 0 ? (
        <Empty title="No machine has been heard yet.">
          A kernel service tells of itself within seconds of its start. Start one with ATELIER_SERVICES=kernel and the installation's
          secret.
        </Empty>
      ) : (
        <div className="wide">
          <table className="t">
            <thead>
              <tr>
                <th>Machine</th>
                <th>State</th>
                <th className="num">Sessions</th>
                <th className="num">Processors used</th>
                <th className="num">Unreserved</th>
                <th className="num">Memory used</th>
                <th className="num">Unreserved</th>
                <th>Walls</th>
                <th>Started, UTC</th>
                <th aria-label="Actions" />
              </tr>
            </thead>
            <tbody>
              {machines.map((one) => (
                <tr key={one.id}>
                  <td>
                    <span className="strong">{one.name}</span> <span className="mono dim">{one.id.slice(-5)}</span>
                  </td>
                  <td>{states[one.state]}</td>
                  <td className="num">{one.sessions}</td>
                  <td className="num">
                    {one.usedCpus.toFixed(1)} <span className="dim">of {one.cpus}</span>
                  </td>
                  <td className="num">{one.freeCpus}</td>
                  <td className="num">
                    {memory(one.usedMemoryMb)} <span className="dim">of {memory(one.memoryMb)}</span>
                  </td>
                  <td className="num">{memory(Math.max(0, one.freeMemoryMb))}</td>
                  <td>{one.isSandboxed ? <span className="dim">sandboxed</span> : <State of="stale">Not sandboxed</State>}</td>
                  <td>
                    <Time at={one.startedAt} />
                  </td>
                  <td className="num nowrap">
                    {canDecide && one.state === "open" ? (
                      <button type="button" className="btn quiet" onClick={() => drain.run({ workspace, machine: one.id })}>
                        Drain
                      </button>
                    ) : null}
                    {canDecide && one.state === "draining" ? (
                      <button type="button" className="btn quiet" onClick={() => open.run({ workspace, machine: one.id })}>
                        Open
                      </button>
                    ) : null}
                    {canDecide && one.state !== "open" ? (
                      <button type="button" className="btn quiet" onClick={() => setLeaving(one)}>
                        Remove
                      </button>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <section>
        <div className="sectionhead">
          <h2>Devices</h2>
          <span className="dim">found by trying, when the machine started</span>
        </div>
        <DeviceTable workspace={workspace} devices={devices} />
      </section>
      <Waiting workspace={workspace} leases={leases} />
      {leaving ? (
        <Dialog
          title={`Remove ${leaving.name}?`}
          verb="Remove"
          safe="Keep"
          isBusy={remove.isPending}
          problem={remove.problem}
          onClose={() => setLeaving(null)}
          onVerb={async () => (await remove.run({ workspace, machine: leaving.id })) && setLeaving(null)}
        >
          <p>
            {leaving.state === "silent"
              ? "It has not been heard; sessions it had are reported lost."
              : "It takes no session from now on, and is removed only when it has none."}{" "}
            When its kernel service starts anew it is here again.
          </p>
        </Dialog>
      ) : null}
    </main>
  );
};

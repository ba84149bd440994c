// Every device with who holds it, and who waits for one. A device that is held is not news; who waits is.
import { Time } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import type { Lease, ListedDevice } from "#lib/devices/contract.ts";

/** Memory as people say it. */
export const memory = (mb: number): string => (mb >= 1024 ? `${(mb / 1024).toFixed(mb >= 10_240 ? 0 : 1)} GB` : `${Math.round(mb)} MB`);

const Holder = ({ workspace, lease }: { workspace: string; lease: Lease }) =>
  lease.isOurs ? (
    <>
      {lease.notebookId ? (
        <a className="name" href={`/${workspace}/notebooks/${lease.notebookId}`}>
          {lease.notebook ?? "a notebook"}
        </a>
      ) : (
        "a session"
      )}{" "}
      <span className="dim">{lease.person}</span>
    </>
  ) : (
    <span className="dim">a session of another workspace</span>
  );

const stateOf = (one: ListedDevice) => {
  if (one.state === "silent") return <State of="failed">Not heard</State>;
  if (one.state === "draining") return <State of="stale">Draining</State>;
  if (one.kind === "cpu") return <span className="dim">shared</span>;
  return one.holder ? <State of="running">Held</State> : <State of="done">Free</State>;
};

const sizeOf = (one: ListedDevice): string =>
  [one.cores === null ? null : `${one.cores} ${one.cores === 1 ? "core" : "cores"}`, one.memoryMb === null ? null : memory(one.memoryMb)]
    .filter(Boolean)
    .join(", ") || "–";

export const DeviceTable = ({ workspace, devices }: { workspace: string; devices: ListedDevice[] }) => (
  <div className="wide">
    <table className="t">
      <thead>
        <tr>
          <th>Device</th>
          <th>Machine</th>
          <th>Size</th>
          <th>Runs graphs by</th>
          <th className="num">Busy</th>
          <th>State</th>
          <th>Held by</th>
          <th>Since, UTC</th>
        </tr>
      </thead>
      <tbody>
        {devices.map((one) => (
          <tr key={`${one.machineId} ${one.id}`}>
            <td>
              <span className="strong">{one.name}</span> {one.isSoftware ? <span className="dim">in software</span> : null}
            </td>
            <td>{one.machine}</td>
            <td>{sizeOf(one)}</td>
            <td className="mono">{one.providers.join(", ")}</td>
            <td className="num">{one.utilisation === null ? "–" : `${Math.round(one.utilisation * 100)} %`}</td>
            <td>{stateOf(one)}</td>
            <td>{one.holder ? <Holder workspace={workspace} lease={one.holder} /> : <span className="dim">–</span>}</td>
            <td>
              <Time at={one.holder?.grantedAt ?? null} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
    {devices
      .filter((one) => one.note)
      .map((one) => (
        <p key={`${one.machineId} ${one.id}`} className="dim dense" style={{ paddingTop: 6 }}>
          {one.machine}: {one.note}
        </p>
      ))}
  </div>
);

const asks = (one: Lease): string =>
  [one.gpu ? "a graphics card" : null, one.cpus > 0 ? `${one.cpus} processors` : null, one.memoryMb > 0 ? memory(one.memoryMb) : null]
    .filter(Boolean)
    .join(", ") || "a machine";

/** Who waits, in turn; nothing when nobody does. */
export const Waiting = ({ workspace, leases }: { workspace: string; leases: Lease[] }) => {
  const waiting = leases.filter((one) => one.place !== null);
  if (waiting.length === 0) return null;
  return (
    <section>
      <div className="sectionhead">
        <h2>Waiting</h2>
        <span className="dim">in the order they asked</span>
      </div>
      <table className="t compact">
        <tbody>
          {waiting.map((one) => (
            <tr key={`${one.session} ${one.askedAt}`}>
              <td style={{ width: 120 }}>
                <State of="queued">Place {one.place}</State>
              </td>
              <td>
                <Holder workspace={workspace} lease={one} />
              </td>
              <td>{asks(one)}</td>
              <td>
                <Time at={one.askedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

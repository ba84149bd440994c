// What each revision takes and how it did, and beneath the bar of traffic the same in words.
import { ms, share } from "#components/monitoring/traffic.tsx";
import { Time, whole } from "#components/ui/figures.tsx";
import { Role, State } from "#components/ui/state.tsx";
import type { MonitorPage } from "#lib/monitoring/contract.ts";
import type { EndpointPage, Revision } from "#lib/serving/contract.ts";

type Props = { workspace: string; endpoint: EndpointPage; monitor: MonitorPage };

/** The bar of who takes the traffic; widths are shares. */
export const TrafficBar = ({ endpoint }: { endpoint: EndpointPage }) => (
  <section className="traffic" aria-label="Who takes the traffic">
    {endpoint.current && !endpoint.trashedAt ? (
      <div className="is-champion">
        <Role of="champion">Champion {endpoint.current.version}</Role> 100 %
      </div>
    ) : (
      <div className="is-nobody">{endpoint.trashedAt ? "Stopped: it answers 404" : "Nothing answers here yet"}</div>
    )}
  </section>
);

const StateOf = ({ one, isCurrent, isStopped }: { one: Revision; isCurrent: boolean; isStopped: boolean }) => {
  if (isCurrent && isStopped) return <span className="soft">stopped</span>;
  if (isCurrent) return <Role of="champion">Champion</Role>;
  if (one.status === "loading") return <State of="running">Loads</State>;
  if (one.status === "failed") return <State of="failed">Failed</State>;
  return <span className="dim">replaced</span>;
};

const Row = ({ workspace, endpoint, monitor, one }: Props & { one: Revision }) => {
  const isCurrent = one.id === endpoint.current?.id;
  const isNewestOfVersion = !endpoint.revisions.some(
    (other) => other.version === one.version && other.number > one.number && other.servingAt !== null,
  );
  const traffic = one.servingAt && isNewestOfVersion ? monitor.versions.find((other) => other.version === one.version) : undefined;
  return (
    <tr>
      <td>
        <StateOf one={one} isCurrent={isCurrent} isStopped={endpoint.trashedAt !== null} />
      </td>
      <td className="num">{one.number}</td>
      <td>
        <a className="lk" href={`/${workspace}/models/${one.model}/versions/${one.version}`}>
          {one.model} version {one.version}
        </a>
      </td>
      <td className="num">{traffic ? whole(traffic.requests) : "–"}</td>
      <td className="num">{ms(traffic?.latencyMsP50 ?? null)}</td>
      <td className="num">{ms(traffic?.latencyMsP95 ?? null)}</td>
      <td className="num">{ms(traffic?.latencyMsP99 ?? null)}</td>
      <td className="num">{traffic ? share(traffic.refused, traffic.requests) : "–"}</td>
      <td className="num">{traffic ? share(traffic.failed, traffic.requests) : "–"}</td>
      <td>
        <Time at={one.servingAt} />
      </td>
      <td className="soft cut why-cell" title={one.message ?? ""}>
        {one.message ?? `by ${one.by}`}
      </td>
    </tr>
  );
};

/** The newest eight revisions; a version's numbers stand at the newest revision that served it. */
export const RevisionTable = ({ workspace, endpoint, monitor }: Props) => (
  <div className="wide">
    <table className="t">
      <thead>
        <tr>
          <th>Takes</th>
          <th className="num">Revision</th>
          <th>Version</th>
          <th className="num">Requests, {monitor.range.replace(/\d+/, "$& ")}</th>
          <th className="num">p50</th>
          <th className="num">p95</th>
          <th className="num">p99</th>
          <th className="num">Refused</th>
          <th className="num">Failed</th>
          <th>Served from, UTC</th>
          <th>Why</th>
        </tr>
      </thead>
      <tbody>
        {endpoint.revisions.slice(0, 8).map((one) => (
          <Row key={one.id} workspace={workspace} endpoint={endpoint} monitor={monitor} one={one} />
        ))}
      </tbody>
    </table>
  </div>
);

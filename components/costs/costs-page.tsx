// What sessions used: in sum, by day, by person and by notebook, and the devices with their holders.
import { VegaChart } from "#components/chart/vega-chart.tsx";
import { daysSpec, unitOf } from "#components/costs/charts.ts";
import { DeviceTable, Waiting } from "#components/devices/device-table.tsx";
import { Refresh } from "#components/hooks/use-refresh.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Face, pencilOf } from "#components/ui/figures.tsx";
import { type CostRange, costRanges, type NamedUse, type Usage, type Used } from "#lib/costs/contract.ts";
import type { Lease, ListedDevice } from "#lib/devices/contract.ts";
import "#components/costs/costs.css";

const rangeWords: Record<CostRange, string> = { "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days" };

/** Seconds as hours with the digits that mean something; below a minute in seconds. */
const hours = (seconds: number): string => {
  if (seconds === 0) return "–";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3600) return `${(seconds / 60).toFixed(seconds < 600 ? 1 : 0)} min`;
  return `${(seconds / 3600).toFixed(seconds < 36_000 ? 2 : 1)} h`;
};

const gbHours = (gbSeconds: number): string =>
  gbSeconds === 0 ? "–" : gbSeconds < 360 ? `${gbSeconds.toFixed(gbSeconds < 10 ? 1 : 0)} GB s` : `${(gbSeconds / 3600).toFixed(2)} GB h`;

const Facts = ({ total }: { total: Used }) => (
  <dl className="facts">
    {[
      ["Processor time", hours(total.cpuSeconds)],
      ["Memory × time", gbHours(total.gbSeconds)],
      ["Graphics cards held", hours(total.deviceSeconds)],
      ["Sessions alive", hours(total.seconds)],
    ].map(([word, value]) => (
      <div key={word}>
        <dt>{word}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

const UseTable = ({ head, rows, name }: { head: string; rows: NamedUse[]; name: (one: NamedUse) => React.ReactNode }) => {
  const most = Math.max(...rows.map((one) => one.cpuSeconds), Number.MIN_VALUE);
  return (
    <div className="wide">
      <table className="t compact">
        <thead>
          <tr>
            <th>{head}</th>
            <th className="num">Sessions</th>
            <th className="num">Processor</th>
            <th aria-label="Share of the most" />
            <th className="num">Memory</th>
            <th className="num">Card</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.id || "none"}>
              <td>{name(one)}</td>
              <td className="num">{one.sessions}</td>
              <td className="num">{hours(one.cpuSeconds)}</td>
              <td className="usebar">
                <i style={{ width: `${(100 * one.cpuSeconds) / most}%` }} />
              </td>
              <td className="num">{gbHours(one.gbSeconds)}</td>
              <td className="num">{hours(one.deviceSeconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const Sessions = ({ workspace, sessions }: { workspace: string; sessions: Usage["sessions"] }) => (
  <section>
    <div className="sectionhead">
      <h2>Sessions</h2>
      <span className="soft dense">{sessions.length === 50 ? "the 50 that used most processor time" : "most processor time first"}</span>
    </div>
    <div className="wide">
      <table className="t compact">
        <thead>
          <tr>
            <th>Session</th>
            <th>Notebook</th>
            <th>First day, UTC</th>
            <th className="num">Alive</th>
            <th className="num">Processor</th>
            <th className="num">Memory</th>
            <th className="num">Card</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((one) => (
            <tr key={one.id}>
              <td className="mono">{one.id}</td>
              <td>
                {one.notebookId && one.name ? (
                  <a className="name" href={`/${workspace}/notebooks/${one.notebookId}`}>
                    {one.name}
                  </a>
                ) : (
                  <span className="dim">–</span>
                )}
              </td>
              <td>{one.startedDay}</td>
              <td className="num">{hours(one.seconds)}</td>
              <td className="num">{hours(one.cpuSeconds)}</td>
              <td className="num">{gbHours(one.gbSeconds)}</td>
              <td className="num">{hours(one.deviceSeconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </section>
);

const Days = ({ usage, range }: { usage: Usage; range: CostRange }) => (
  <div className="columns watch">
    <section>
      <div className="sectionhead">
        <h2>Processor</h2>
        <span className="soft dense">{unitOf(usage.days, "cpuSeconds").word} a day, UTC</span>
      </div>
      <VegaChart
        spec={daysSpec(usage.days, "cpuSeconds")}
        label={`Processor time by day, ${rangeWords[range]}: ${hours(usage.total.cpuSeconds)} in all`}
      />
    </section>
    <section>
      <div className="sectionhead">
        <h2>Memory</h2>
        <span className="soft dense">GB {unitOf(usage.days, "gbSeconds").word} a day, UTC</span>
      </div>
      <VegaChart
        spec={daysSpec(usage.days, "gbSeconds")}
        label={`Memory held by day, ${rangeWords[range]}: ${gbHours(usage.total.gbSeconds)} in all`}
      />
    </section>
  </div>
);

type Props = { workspace: string; range: CostRange; usage: Usage; devices: ListedDevice[]; leases: Lease[] };

export const CostsPage = ({ workspace, range, usage, devices, leases }: Props) => (
  <main className="page">
    <Refresh everyMs={5000} />
    <PageHead title="Costs" sentence="What sessions used, measured from outside every quarter second" />
    <nav className="tabs" aria-label="Range">
      {costRanges.map((one) => (
        <a key={one} href={`?range=${one}`} {...(one === range ? { "aria-current": "page" as const } : {})}>
          {rangeWords[one]}
        </a>
      ))}
    </nav>
    {usage.people.length === 0 ? (
      <Empty
        title="No session has run in this time."
        action={
          <a className="btn primary" href={`/${workspace}/notebooks`}>
            Open a notebook
          </a>
        }
      >
        Run a cell: from then on processor time, memory and graphics cards stand here by day, person and notebook.
      </Empty>
    ) : (
      <>
        <Facts total={usage.total} />
        <Days usage={usage} range={range} />
        <div className="columns watch">
          <section>
            <div className="sectionhead">
              <h2>People</h2>
              <span className="soft dense">whose cell ran last</span>
            </div>
            <UseTable
              head="Person"
              rows={usage.people}
              name={(one) => (
                <span className="row">
                  <Face name={one.name} pencil={pencilOf(one.name)} />
                  {one.name}
                </span>
              )}
            />
          </section>
          <section>
            <div className="sectionhead">
              <h2>Notebooks</h2>
              <span className="soft dense">pipeline runs count to the notebook their cells come from</span>
            </div>
            <UseTable
              head="Notebook"
              rows={usage.notebooks}
              name={(one) =>
                one.id ? (
                  <a className="name" href={`/${workspace}/notebooks/${one.id}`}>
                    {one.name}
                  </a>
                ) : (
                  <span className="dim">{one.name}</span>
                )
              }
            />
          </section>
        </div>
      </>
    )}
    <section>
      <div className="sectionhead">
        <h2>Devices</h2>
        <span className="soft dense">
          a graphics card has one holder at a time;{" "}
          <a className="lk" href={`/${workspace}/settings/machines`}>
            machines
          </a>
        </span>
      </div>
      {devices.length === 0 ? (
        <p className="soft">No machine has told yet what it has.</p>
      ) : (
        <DeviceTable workspace={workspace} devices={devices} />
      )}
    </section>
    <Waiting workspace={workspace} leases={leases} />
    {usage.sessions.length > 0 ? <Sessions workspace={workspace} sessions={usage.sessions} /> : null}
  </main>
);

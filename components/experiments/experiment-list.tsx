// The list of experiments.
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Time, whole } from "#components/ui/figures.tsx";
import type { Experiment } from "#lib/experiments/contract.ts";

export const ExperimentList = ({ workspace, items }: { workspace: string; items: Experiment[] }) => (
  <main className="page">
    <Live workspace={workspace} topics={["run.changed"]} />
    <PageHead
      title="Experiments"
      sentence={`${items.length} questions, ${whole(items.reduce((sum, one) => sum + one.runCount, 0))} runs`}
      actions={
        <a className="btn quiet" href={`/${workspace}/experiments/automl`}>
          Look for a model of a table
        </a>
      }
    />
    {items.length === 0 ? (
      <Empty
        title="No runs yet."
        action={
          <a className="btn primary" href={`/${workspace}/notebooks`}>
            Open a notebook
          </a>
        }
      >
        A cell starts one with <span className="mono">await runs.start({'{ experiment: "…" }'})</span>; where it came from is kept by
        itself.
      </Empty>
    ) : (
      <table className="t">
        <thead>
          <tr>
            <th>Experiment</th>
            <th className="num">Runs</th>
            <th>Last run</th>
            <th>Made by</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <td>
                <a className="name" href={`/${workspace}/experiments/${one.id}`}>
                  {one.name}
                </a>
              </td>
              <td className="num">{whole(one.runCount)}</td>
              <td>
                <Time at={one.lastRunAt} />
              </td>
              <td className="dim">{one.createdBy}</td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </main>
);

"use client";
// The list of pipelines: when each runs, how the last fourteen went, and a trash that gives back.
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { stateOf, wordOf } from "#components/pipelines/run-state.ts";
import { Squares } from "#components/pipelines/squares.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { Time } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import { deletePipeline, type ListedPipeline, pipelineEvents, restorePipeline } from "#lib/pipelines/contract.ts";
import "#components/pipelines/pipelines.css";

type Props = { workspace: string; items: ListedPipeline[]; isTrash: boolean; can: { write: boolean; own: boolean } };

const When = ({ one }: { one: ListedPipeline }) => {
  if (!one.schedule) return <span className="dim">by hand</span>;
  return one.isPaused ? <span className="dim">{one.schedule.words}, paused</span> : one.schedule.words;
};

const Row = ({ workspace, one, isTrash, can }: Props & { one: ListedPipeline }) => {
  const restore = useCall(restorePipeline);
  const remove = useCall(deletePipeline);
  const [last] = one.lastRuns;
  return (
    <tr>
      <td>
        {isTrash ? (
          one.name
        ) : (
          <a className="name" href={`/${workspace}/pipelines/${encodeURIComponent(one.name)}`}>
            {one.name}
          </a>
        )}
      </td>
      <td>{one.stageNames.join(" → ")}</td>
      <td>
        <When one={one} />
      </td>
      <td>{one.schedule?.next[0] ? <Time at={one.schedule.next[0]} /> : <span className="dim">–</span>}</td>
      <td>
        <Squares runs={one.lastRuns} />
      </td>
      <td>{last ? <State of={stateOf(last.status)}>{wordOf[last.status]}</State> : <span className="dim">never ran</span>}</td>
      <td>{last ? <Time at={last.startedAt ?? last.queuedAt} /> : null}</td>
      <td className="num">
        {isTrash && can.write ? (
          <button type="button" className="btn quiet" onClick={() => restore.run({ workspace, pipeline: one.id })}>
            Restore
          </button>
        ) : null}
        {isTrash && can.own ? (
          <button type="button" className="btn quiet" onClick={() => remove.run({ workspace, pipeline: one.id })}>
            Delete for good
          </button>
        ) : null}
      </td>
    </tr>
  );
};

export const PipelineList = (props: Props) => {
  const { workspace, items, isTrash } = props;
  const running = items.filter((one) => one.lastRuns[0]?.status === "running").length;
  return (
    <main className="page">
      <Live workspace={workspace} topics={Object.values(pipelineEvents)} />
      <PageHead
        title="Pipelines"
        sentence={
          isTrash
            ? "In the trash. These run no more; their runs are kept."
            : `${items.length} ${items.length === 1 ? "pipeline" : "pipelines"}${running > 0 ? `, ${running} running` : ""}`
        }
      />
      <nav className="tabs">
        <a href="?" {...(isTrash ? {} : { "aria-current": "page" as const })}>
          Pipelines
        </a>
        <a href="?trash=1" {...(isTrash ? { "aria-current": "page" as const } : {})}>
          Trash
        </a>
      </nav>
      {items.length === 0 ? (
        <Empty
          title={isTrash ? "The trash is empty." : "Nothing runs by itself yet."}
          action={
            isTrash ? null : (
              <a className="btn primary" href={`/${workspace}/notebooks`}>
                Open a notebook
              </a>
            )
          }
        >
          {isTrash
            ? "What you move here can be restored."
            : "Select a cell that does what you want and press P: its text is pinned as a stage, and runs by hand or by schedule."}
        </Empty>
      ) : (
        <div className="wide">
          <table className="t">
            <thead>
              <tr>
                <th>Pipeline</th>
                <th>Stages</th>
                <th>Schedule</th>
                <th>Next, UTC</th>
                <th>Last runs</th>
                <th>State</th>
                <th>Started</th>
                <th aria-label="Actions" />
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <Row key={one.id} {...props} one={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </main>
  );
};

"use client";
// The newest logged predictions: when, by which version, how long, what came in and went out, and why one was refused.
import { useState } from "react";
import { ms } from "#components/monitoring/traffic.tsx";
import { Time, whole } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import { call } from "#lib/kit/call.ts";
import { listPredictions, type Prediction } from "#lib/serving/contract.ts";

type Page = { items: Prediction[]; next?: string | undefined };

const firstOf = (columns: Prediction["outputs"]): string =>
  Object.entries(columns ?? {})
    .slice(0, 3)
    .map(([name, values]) => `${name} ${typeof values[0] === "number" ? Number(values[0].toPrecision(4)) : JSON.stringify(values[0])}`)
    .join(", ");

const Row = ({ one }: { one: Prediction }) => (
  <tr>
    <td className="dim">
      <Time at={one.at} />
    </td>
    <td>{one.status < 400 ? <State of="done">Answered</State> : <State of="failed">{one.status < 500 ? "Refused" : "Failed"}</State>}</td>
    <td className="num">{one.version ?? "–"}</td>
    <td className="num">{ms(one.latencyMs)}</td>
    <td className="num">{whole(one.rows)}</td>
    <td className="mono what">{one.error ? <span className="soft">{one.error}</span> : firstOf(one.outputs)}</td>
    <td className="dim" title={one.caller}>
      {one.callerName}
    </td>
  </tr>
);

const pageSize = 20;

export const RequestsTable = ({ workspace, endpoint, first }: { workspace: string; endpoint: string; first: Page }) => {
  const [page, setPage] = useState<Page | null>(null);
  const [isOnly, setOnly] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const load = (onlyFailed: boolean, after?: string): void => {
    setProblem(null);
    const before = after ? (page ?? first).items : [];
    const filter = { ...(onlyFailed ? { failed: "true" as const } : {}), ...(after ? { after } : {}) };
    call(listPredictions, { workspace, endpoint, limit: pageSize, ...filter }).then(
      ({ items, next }) => setPage({ items: [...before, ...items], next }),
      (error: Error) => setProblem(error.message),
    );
  };
  const toggle = (isOn: boolean): void => {
    setOnly(isOn);
    if (isOn) return load(true);
    setProblem(null);
    setPage(null);
  };
  const { items: shown, next } = page ?? first;
  return (
    <section>
      <div className="sectionhead">
        <h2>Requests</h2>
        <span className="soft dense">
          {shown.length > 0 ? `the newest ${shown.length}, every one is logged; values are of the first row` : "every one is logged"}
        </span>
        <span className="grow" />
        <label className="row soft dense">
          <input type="checkbox" checked={isOnly} onChange={(event) => toggle(event.target.checked)} />
          Only refused and failed
        </label>
      </div>
      {problem ? <p className="problem">{problem}</p> : null}
      {shown.length === 0 ? (
        <p className="soft">{isOnly ? "None was refused, none failed." : "None yet. Try a request, or send a table's rows from a cell."}</p>
      ) : (
        <div className="wide">
          <table className="t compact">
            <thead>
              <tr>
                <th>At, UTC</th>
                <th>State</th>
                <th className="num">Version</th>
                <th className="num">Took</th>
                <th className="num">Rows</th>
                <th>Answer</th>
                <th>Asked by</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <Row key={one.id} one={one} />
              ))}
            </tbody>
          </table>
          {next ? (
            <button type="button" className="btn quiet" onClick={() => load(isOnly, next)}>
              Older
            </button>
          ) : null}
        </div>
      )}
    </section>
  );
};

"use client";
// Every trial of a study: sorted by any column, filtered by state, fifty at a time.
import { useState } from "react";
import type { DrawnStudy, DrawnTrial } from "#components/tuning/drawn.ts";
import { shownValue, trialStates } from "#components/tuning/words.ts";
import { duration, metric, whole } from "#components/ui/figures.tsx";
import { State } from "#components/ui/state.tsx";
import type { TrialState } from "#lib/tuning/contract.ts";

const pageSize = 50;
type Key = number | string | null;
type Column = { id: string; head: string; isNumber: boolean; of: (trial: DrawnTrial) => Key };
type Sort = { id: string; isDown: boolean };

const tookMs = (trial: DrawnTrial): number | null => (trial.endedAt ? Date.parse(trial.endedAt) - Date.parse(trial.startedAt) : null);

/** What one may sort by: number, objectives, parameters, time. */
const columnsOf = (study: DrawnStudy): Column[] => [
  { id: "trial", head: "Trial", isNumber: true, of: (one) => one.number },
  { id: "state", head: "State", isNumber: false, of: (one) => one.state },
  ...study.plan.objectives.map(({ name }, i) => ({
    id: `value ${i}`,
    head: name,
    isNumber: true,
    of: (one: DrawnTrial) => one.values[i] ?? null,
  })),
  ...Object.entries(study.plan.space).map(([name, dimension]) => ({
    id: `param ${name}`,
    head: name,
    isNumber: dimension.type !== "categorical",
    of: (one: DrawnTrial): Key => {
      const value = one.params[name];
      return value === undefined ? null : typeof value === "boolean" ? String(value) : value;
    },
  })),
  { id: "reports", head: "Reports", isNumber: true, of: (one) => one.reported },
  { id: "took", head: "Took", isNumber: true, of: tookMs },
];

/** Rows in order; what has no value comes last either way. */
const sorted = (trials: DrawnTrial[], column: Column, isDown: boolean): DrawnTrial[] =>
  trials.toSorted((a, b) => {
    const [x, y] = [column.of(a), column.of(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.number - b.number;
    const order = x < y ? -1 : x > y ? 1 : 0;
    return (isDown ? -order : order) || a.number - b.number;
  });

const Row = ({ workspace, study, trial }: { workspace: string; study: DrawnStudy; trial: DrawnTrial }) => {
  const state = trialStates[trial.state];
  const isBest = trial.number === study.best?.number;
  const took = tookMs(trial);
  return (
    <tr className={isBest ? "is-chosen" : ""}>
      <td className={`num mono scribed is-${state.of ?? "over"}`}>{trial.number}</td>
      <td>{state.of ? <State of={state.of}>{state.word}</State> : <span className="soft">{state.word}</span>}</td>
      {study.plan.objectives.map(({ name }, i) => (
        <td key={name} className={`num ${isBest ? "best" : ""}`}>
          {metric(trial.values[i])}
        </td>
      ))}
      {Object.entries(study.plan.space).map(([name, dimension], i) => (
        <td key={name} className={`${dimension.type === "categorical" ? "" : "num"} ${i === 0 ? "group" : ""}`}>
          {shownValue(trial.params[name])}
        </td>
      ))}
      <td className="num group">{whole(trial.reported)}</td>
      <td className="num">{took === null ? "–" : duration(took)}</td>
      <td>
        {trial.runNumber === null ? null : (
          <a className="lk" href={`/${workspace}/experiments/runs/${trial.runNumber}`}>
            run {trial.runNumber}
          </a>
        )}
        {trial.retryOf === null ? null : <span className="dim"> again after {trial.retryOf}</span>}
        {trial.message ? <span className="soft"> {trial.message.slice(0, 120)}</span> : null}
      </td>
    </tr>
  );
};

const Pages = ({ page, count, onPage }: { page: number; count: number; onPage: (page: number) => void }) => {
  const last = Math.max(0, Math.ceil(count / pageSize) - 1);
  if (last === 0) return null;
  return (
    <p className="row dense trialpages">
      <button type="button" className="btn quiet" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Earlier
      </button>
      <span className="soft">
        {page * pageSize + 1} to {Math.min(count, (page + 1) * pageSize)} of {count}
      </span>
      <button type="button" className="btn quiet" disabled={page >= last} onClick={() => onPage(page + 1)}>
        Later
      </button>
    </p>
  );
};

export const TrialTable = ({ workspace, study }: { workspace: string; study: DrawnStudy }) => {
  const [sort, setSort] = useState<Sort>({ id: "trial", isDown: true });
  const [state, setState] = useState<TrialState | "">("");
  const [page, setPage] = useState(0);
  const columns = columnsOf(study);
  const column = columns.find((one) => one.id === sort.id) ?? columns[0]!;
  const wanted = study.trials.filter((one) => state === "" || one.state === state);
  const rows = sorted(wanted, column, sort.isDown);
  const at = Math.min(page, Math.max(0, Math.ceil(rows.length / pageSize) - 1));
  const states = (Object.keys(trialStates) as TrialState[]).filter((one) => study.counts[one] > 0);
  return (
    <section>
      <div className="sectionhead">
        <h2>Trials</h2>
        <label className="dense soft">
          <span className="sr">Show trials</span>
          <select className="plain trialfilter" value={state} onChange={(event) => setState(event.target.value as TrialState | "")}>
            <option value="">all {study.trials.length}</option>
            {states.map((one) => (
              <option key={one} value={one}>
                {trialStates[one].word.toLowerCase()} {study.counts[one]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div className="wide">
        <table className="t compact trials">
          <thead>
            <tr>
              {columns.map((one) => (
                <th
                  key={one.id}
                  className={`${one.isNumber ? "num" : ""} ${one.id.startsWith("param ") ? "mono" : ""}`}
                  aria-sort={one.id === sort.id ? (sort.isDown ? "descending" : "ascending") : "none"}
                >
                  <button
                    type="button"
                    className="plainlink"
                    onClick={() => setSort({ id: one.id, isDown: one.id === sort.id ? !sort.isDown : one.isNumber })}
                  >
                    {one.head}
                    {one.id === sort.id ? (sort.isDown ? " ↓" : " ↑") : ""}
                  </button>
                </th>
              ))}
              <th>Run</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(at * pageSize, (at + 1) * pageSize).map((one) => (
              <Row key={one.number} workspace={workspace} study={study} trial={one} />
            ))}
          </tbody>
        </table>
      </div>
      <Pages page={at} count={rows.length} onPage={setPage} />
    </section>
  );
};

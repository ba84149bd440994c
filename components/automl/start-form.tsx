"use client";
// Starts AutoML without code: table, target, what counts as positive, minutes, name of the model.
import { useState } from "react";
import { type AutoForm, cellsFor, titleOf } from "#components/automl/cells.ts";
import { cellOf, levelsOf, useTable } from "#components/hooks/use-table.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { call } from "#lib/kit/call.ts";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { runCells } from "#lib/sessions/contract.ts";
import "#components/automl/automl.css";

type Props = { workspace: string; datasets: string[]; chosen: string; canRun: boolean };

/** Makes the notebook, queues its cells, and answers its id. */
const start = async (workspace: string, form: AutoForm): Promise<string> => {
  const { id } = await call(createNotebook, { workspace, title: titleOf(form), cells: cellsFor(form) });
  const { cells } = await call(readNotebook, { workspace, notebook: id });
  const code = cells.filter((cell) => cell.cellType === "code").map((cell) => ({ cellId: cell.id, sourceHash: cell.hash }));
  await call(runCells, { workspace, notebook: id, cells: code, requestId: `automl-${id}` });
  return id;
};

const asModel = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);

export const StartForm = ({ workspace, datasets, chosen, canRun }: Props) => {
  const [dataset, setDataset] = useState(chosen);
  const [target, setTarget] = useState("");
  const [positive, setPositive] = useState("");
  const [minutes, setMinutes] = useState(5);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const table = useTable(workspace, dataset);
  const column = table?.columns.find((one) => one.name === target);
  const levels = levelsOf(column);
  const model = asModel(`${dataset} ${target}`);
  const go = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const chosenLevel = levels.includes(positive) ? cellOf(column, positive) : null;
      const form = { dataset, version: table!.number, target, positive: chosenLevel, minutes, model };
      location.assign(`/${workspace}/experiments/automl/${await start(workspace, form)}`);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  if (datasets.length === 0)
    return (
      <main className="page">
        <PageHead title="AutoML" />
        <Empty
          title="There is no table to learn from."
          action={
            <a className="btn primary" href={`/${workspace}/datasets`}>
              Upload a data set
            </a>
          }
        >
          AutoML looks for a model that predicts one column of a table from the others.
        </Empty>
      </main>
    );
  return (
    <main className="page">
      <PageHead title="AutoML" sentence="Looks for a model of one column, within a budget of time, and writes down how" />
      <form
        className="automl"
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <label className="field">
          <span>Data set</span>
          <select
            value={dataset}
            onChange={(event) => {
              setDataset(event.target.value);
              setTarget("");
            }}
          >
            {datasets.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <small>
            {table
              ? `version ${table.number}, ${table.rows.toLocaleString("en-US")} rows, ${table.columns.length} columns`
              : "reading its columns"}
          </small>
        </label>
        <label className="field">
          <span>Column to predict</span>
          <select value={target} onChange={(event) => setTarget(event.target.value)}>
            <option value="">choose</option>
            {table?.columns.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
          {column ? (
            <small>
              {column.type}, {column.distinct} values
              {column.nulls > 0 ? `; ${column.nulls.toLocaleString("en-US")} rows without it are left out` : ""}
            </small>
          ) : null}
        </label>
        {levels.length > 0 ? (
          <label className="field">
            <span>Counts as positive</span>
            <select value={positive} onChange={(event) => setPositive(event.target.value)}>
              {levels.length === 2 ? <option value="">choose</option> : <option value="">none: tell all {levels.length} apart</option>}
              {levels.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        ) : null}
        <label className="field">
          <span>Budget</span>
          <select value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
            {[1, 2, 5, 10, 30, 60].map((one) => (
              <option key={one} value={one}>
                {one} {one === 1 ? "minute" : "minutes"}
              </option>
            ))}
          </select>
          <small>of a session with the limits of any notebook; it goes on when this page is closed</small>
        </label>
        {problem ? (
          <p className="problem" role="alert">
            {problem}
          </p>
        ) : null}
        <span>
          <button
            type="submit"
            className="btn primary"
            disabled={!canRun || isBusy || !table || !target || (levels.length === 2 && !levels.includes(positive))}
          >
            Look for a model
          </button>
        </span>
      </form>
    </main>
  );
};

"use client";
// Which column of which table an estimator is to predict, and what is measured.
import { levelsOf, type ReadTable } from "#components/hooks/use-table.ts";
import { estimators, measures, type Task } from "#components/tuning/study-cells.ts";
import type { Column } from "#lib/datasets/contract.ts";

type EstimatorName = keyof typeof estimators;
export type TableChoice = { dataset: string; target: string; positive: string; estimator: EstimatorName };

const isNumeric = (column: Column | undefined): boolean => column?.type === "number" || column?.type === "integer";

/** What the estimator learns to tell: one level from the rest, all levels, or a number; null until everything is chosen. */
export const taskOf = (table: ReadTable | null, { target, positive, estimator }: TableChoice): Task | null => {
  const column = table?.columns.find((one) => one.name === target);
  if (!column) return null;
  const levels = levelsOf(column);
  if (levels.length === 2 && !levels.includes(positive)) return null;
  const task = levels.includes(positive) ? "binary" : isNumeric(column) ? "number" : "classes";
  return (estimators[estimator].tasks as readonly Task[]).includes(task) ? task : null;
};

type Props = { datasets: string[]; table: ReadTable | null; chosen: TableChoice; onChange: (chosen: TableChoice) => void };

export const TableFields = ({ datasets, table, chosen, onChange }: Props) => {
  const column = table?.columns.find((one) => one.name === chosen.target);
  const levels = levelsOf(column);
  const kind: Task = isNumeric(column) && levels.length !== 2 && chosen.positive === "" ? "number" : "classes";
  const task = taskOf(table, chosen);
  const offered = (Object.keys(estimators) as EstimatorName[]).filter(
    (one) => !column || (estimators[one].tasks as readonly Task[]).includes(kind),
  );
  return (
    <>
      <div className="two">
        <label className="field">
          <span>Data set</span>
          <select value={chosen.dataset} onChange={(event) => onChange({ ...chosen, dataset: event.target.value, target: "" })}>
            {datasets.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <small>{table ? `version ${table.number}, ${table.rows.toLocaleString("en-US")} rows` : "reading its columns"}</small>
        </label>
        <label className="field">
          <span>Column to predict</span>
          <select
            value={chosen.target}
            onChange={(event) => {
              const next = table?.columns.find((one) => one.name === event.target.value);
              const fits = chosen.estimator === "boostedTrees" || chosen.estimator === "randomForest" || !next;
              onChange({ ...chosen, target: event.target.value, positive: "", estimator: fits ? chosen.estimator : "boostedTrees" });
            }}
          >
            <option value="">choose</option>
            {table?.columns.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
          {task ? <small>judged by {measures[task].word}, in 3 folds</small> : null}
        </label>
      </div>
      <div className="two">
        <label className="field">
          <span>Estimator</span>
          <select value={chosen.estimator} onChange={(event) => onChange({ ...chosen, estimator: event.target.value as EstimatorName })}>
            {offered.map((one) => (
              <option key={one} value={one}>
                {estimators[one].word}
              </option>
            ))}
          </select>
        </label>
        {levels.length > 0 ? (
          <label className="field">
            <span>Counts as positive</span>
            <select value={chosen.positive} onChange={(event) => onChange({ ...chosen, positive: event.target.value })}>
              {levels.length === 2 ? (
                <option value="">choose</option>
              ) : (
                <option value="">none: {isNumeric(column) ? "a number" : `tell all ${levels.length} apart`}</option>
              )}
              {levels.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        ) : null}
      </div>
    </>
  );
};

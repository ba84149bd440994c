"use client";
// A new study without writing one: of a table and an estimator, for which a notebook is written, or of a function that a notebook's cells define.
// Either way the study is opened, and the worker puts sessions to it.
import { useState } from "react";
import { useTable } from "#components/hooks/use-table.ts";
import { CellFields, type CellForm, useFunctions } from "#components/tuning/cell-fields.tsx";
import { counts } from "#components/tuning/hands.tsx";
import { isWhole, rowsOf, SpaceFields, type SpaceRow, spaceOf } from "#components/tuning/space-fields.tsx";
import { cellsFor, estimators, measures, type TableForm } from "#components/tuning/study-cells.ts";
import { type TableChoice, TableFields, taskOf } from "#components/tuning/table-fields.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { call } from "#lib/kit/call.ts";
import { createNotebook, type Notebook, readNotebook } from "#lib/notebooks/contract.ts";
import { openStudy, type Plan, workStudy } from "#lib/tuning/contract.ts";

type Settings = { sampler: "tpe" | "random"; pruner: Plan["pruner"]["type"]; trials: number; seed: number; parallel: number };
type Props = { workspace: string; datasets: string[]; notebooks: Pick<Notebook, "id" | "title">[]; onClose: () => void };
type Goal = { name: string; direction: "minimize" | "maximize" };
type Where = { notebook: string; cell: string; objective: string };

const planOf = (rows: SpaceRow[], goal: Goal, { sampler, pruner, trials, seed }: Settings) => ({
  space: spaceOf(rows),
  objectives: [goal],
  sampler: sampler === "tpe" ? ({ type: "tpe" } as const) : ({ type: "random" } as const),
  // Folds are few steps: one in two goes on at each of them.
  pruner: (pruner === "asha" || pruner === "hyperband"
    ? { type: pruner, minResource: 1, reduction: 2 }
    : { type: pruner }) as Plan["pruner"],
  trials,
  seed,
});

/** Writes the notebook of a table's study; answers where its objective stands. */
const writeNotebook = async (workspace: string, form: TableForm): Promise<Where> => {
  const { id } = await call(createNotebook, { workspace, title: `Tuning: ${form.name}`, cells: cellsFor(form) });
  const { cells } = await call(readNotebook, { workspace, notebook: id });
  return { notebook: id, cell: cells.at(-1)!.id, objective: "objective" };
};

const SettingFields = ({ settings, onChange }: { settings: Settings; onChange: (settings: Settings) => void }) => {
  const whole = (key: "trials" | "seed", word: string, max: number) => (
    <label className="field">
      <span>{word}</span>
      <input
        type="number"
        min={key === "trials" ? 1 : 0}
        max={max}
        value={settings[key]}
        onChange={(event) => onChange({ ...settings, [key]: Number(event.target.value) })}
      />
    </label>
  );
  return (
    <div className="settings">
      <label className="field">
        <span>Sampler</span>
        <select
          value={settings.sampler}
          onChange={(event) => onChange({ ...settings, sampler: event.target.value as Settings["sampler"] })}
        >
          <option value="tpe">TPE, learns from trials</option>
          <option value="random">random</option>
        </select>
      </label>
      <label className="field">
        <span>Pruner</span>
        <select value={settings.pruner} onChange={(event) => onChange({ ...settings, pruner: event.target.value as Settings["pruner"] })}>
          <option value="median">median of others</option>
          <option value="asha">ASHA</option>
          <option value="hyperband">Hyperband</option>
          <option value="none">none</option>
        </select>
      </label>
      {whole("trials", "Trials", 2000)}
      <label className="field">
        <span>At once</span>
        <select value={settings.parallel} onChange={(event) => onChange({ ...settings, parallel: Number(event.target.value) })}>
          {counts.map((one) => (
            <option key={one} value={one}>
              {one} {one === 1 ? "session" : "sessions"}
            </option>
          ))}
        </select>
      </label>
      {whole("seed", "Seed", 4_294_967_295)}
    </div>
  );
};

/** Levels of a number or a boolean column, as its cells hold them. */
const asNumber = (level: string): string | number => {
  if (level === "true" || level === "false") return Number(level === "true");
  return Number.isFinite(Number(level)) ? Number(level) : level;
};

const firstTable: TableChoice = { dataset: "", target: "", positive: "", estimator: "boostedTrees" };
const firstSettings: Settings = { sampler: "tpe", pruner: "median", trials: 40, seed: 0, parallel: 2 };
const firstRow: SpaceRow = { name: "", type: "float", low: "0", high: "1", isLog: false, choices: "" };

export const NewStudy = ({ workspace, datasets, notebooks, onClose }: Props) => {
  const [name, setName] = useState("");
  const [of, setOf] = useState<"table" | "cell">(datasets.length > 0 ? "table" : "cell");
  const [chosen, setChosen] = useState<TableChoice>({ ...firstTable, dataset: datasets[0] ?? "" });
  const [cellForm, setCellForm] = useState<CellForm>({ notebook: notebooks[0]?.id ?? "", key: "", goal: "value", direction: "minimize" });
  const [rows, setRows] = useState<SpaceRow[]>(rowsOf(estimators.boostedTrees.space));
  const [settings, setSettings] = useState(firstSettings);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const table = useTable(workspace, of === "table" ? chosen.dataset : "");
  const functions = useFunctions(workspace, of === "cell" ? cellForm.notebook : "");
  const task = taskOf(table, chosen);
  const found = functions.find((one) => one.key === cellForm.key) ?? functions[0];
  const wanted = [
    ...(name.trim() === "" ? ["a name"] : []),
    ...(of === "table" && chosen.target === "" ? ["the column to predict"] : []),
    ...(of === "table" && chosen.target !== "" && task === null ? ["what counts as positive"] : []),
    ...(of === "cell" && !found ? ["a notebook with a function"] : []),
    ...(isWhole(rows) ? [] : ["every parameter with a name of its own and its values"]),
  ];

  const rename = (next: string): void => {
    setName(next);
    setProblem(null);
  };
  const change = (next: "table" | "cell"): void => {
    setOf(next);
    setProblem(null);
    setRows(next === "table" ? rowsOf(estimators[chosen.estimator].space) : [firstRow]);
  };
  const go = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const goal = of === "table" ? measures[task!] : { name: cellForm.goal, direction: cellForm.direction };
      const plan = planOf(rows, { name: goal.name, direction: goal.direction }, settings);
      const study = await call(openStudy, { workspace, name: name.trim(), ...plan });
      const form = { ...chosen, name: study.name, version: table?.number ?? 0, task: task!, folds: 3 };
      const isText = table?.columns.find((one) => one.name === chosen.target)?.type === "text";
      const positive = task !== "binary" ? null : isText ? chosen.positive : asNumber(chosen.positive);
      const where: Where =
        of === "table"
          ? await writeNotebook(workspace, { ...form, positive })
          : { notebook: cellForm.notebook, cell: found!.cellId, objective: found!.name };
      await call(workStudy, { workspace, study: study.id, ...where, parallel: settings.parallel });
      location.assign(`/${workspace}/tuning/${encodeURIComponent(study.name)}`);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="New study"
      verb="Begin"
      isWide
      isBusy={isBusy}
      isDisabled={wanted.length > 0 || (of === "table" && table === null)}
      problem={problem}
      onClose={onClose}
      onVerb={() => void go()}
    >
      <div className="two">
        <label className="field">
          <span>Name</span>
          <input value={name} placeholder="credit boosting" onChange={(event) => rename(event.target.value)} />
        </label>
        <label className="field">
          <span>What is made best</span>
          <select value={of} onChange={(event) => change(event.target.value as "table" | "cell")}>
            <option value="table" disabled={datasets.length === 0}>
              an estimator of a table
            </option>
            <option value="cell" disabled={notebooks.length === 0}>
              a function in a notebook
            </option>
          </select>
        </label>
      </div>
      {of === "table" ? (
        <TableFields
          datasets={datasets}
          table={table}
          chosen={chosen}
          onChange={(next) => {
            setChosen(next);
            if (next.estimator !== chosen.estimator) setRows(rowsOf(estimators[next.estimator].space));
          }}
        />
      ) : (
        <CellFields notebooks={notebooks} functions={functions} form={cellForm} onChange={setCellForm} />
      )}
      <SpaceFields rows={rows} onChange={setRows} />
      <SettingFields settings={settings} onChange={setSettings} />
      {wanted.length > 0 ? <p className="soft dense">Still to give: {wanted.join(", ")}.</p> : null}
    </Dialog>
  );
};

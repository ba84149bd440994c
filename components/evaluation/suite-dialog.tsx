"use client";
// A suite as a form: table, truth, what counts as positive, groups, baseline and gates. Changing one makes its next revision.
import { useEffect, useState } from "react";
import { GateFields } from "#components/evaluation/gate-fields.tsx";
import { useCall } from "#components/hooks/use-call.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { type Column, readVersion } from "#lib/datasets/contract.ts";
import { type Kind, kinds, type Plan, planSchema, type Suite, saveSuite } from "#lib/evaluation/contract.ts";
import { call } from "#lib/kit/call.ts";
import type { Model } from "#lib/models/contract.ts";

type Props = { workspace: string; models: Model[]; datasets: string[]; suite?: Suite; onClose: () => void };
const kindWords: Record<Kind, string> = {
  binary: "yes or no",
  number: "a number",
  classes: "one of several classes",
  ranking: "an order of rows",
  text: "a text",
};

const useColumns = (workspace: string, dataset: string): Column[] => {
  const [columns, setColumns] = useState<Column[]>([]);
  useEffect(() => {
    let isGone = false;
    setColumns([]);
    if (dataset)
      void call(readVersion, { workspace, dataset, version: "latest" })
        .then((found) => !isGone && setColumns(found.columns ?? []))
        .catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [workspace, dataset]);
  return columns;
};

const Choice = ({
  word,
  value,
  options,
  onChange,
}: {
  word: string;
  value: string;
  options: [string, string][];
  onChange: (value: string) => void;
}) => (
  <label className="field">
    <span>{word}</span>
    <select value={value} onChange={(event) => onChange(event.target.value)}>
      {options.some(([key]) => key === value) ? null : <option value={value}>{value || "choose"}</option>}
      {options.map(([key, shown]) => (
        <option key={key} value={key}>
          {shown}
        </option>
      ))}
    </select>
  </label>
);

export const SuiteDialog = ({ workspace, models, datasets, suite, onClose }: Props) => {
  const [name, setName] = useState(suite?.name ?? "");
  const [plan, setPlan] = useState<Plan>(
    () => planSchema.safeParse(suite).data ?? planSchema.parse({ dataset: datasets[0] ?? "-", kind: "binary", target: "-", gates: [] }),
  );
  const save = useCall(saveSuite);
  const columns = useColumns(workspace, plan.dataset);
  const put = (change: Partial<Plan>): void => setPlan((before) => ({ ...before, ...change }));
  const target = columns.find((one) => one.name === plan.target);
  const levels = target?.levels?.map((one) => one.value) ?? [];
  const names = columns.map((one): [string, string] => [one.name, one.name]);
  const needsColumn = plan.kind === "text";
  const go = async (): Promise<void> => {
    if (!(await save.run({ workspace, suite: name, ...plan }))) return;
    if (suite) onClose();
    else location.assign(`/${workspace}/evaluation/${name}`);
  };
  return (
    <Dialog
      title={suite ? `Change ${suite.name}?` : "How should models be judged?"}
      verb="Save"
      isWide
      isBusy={save.isPending}
      isDisabled={name === "" || !target}
      problem={save.problem}
      onClose={onClose}
      onVerb={go}
    >
      <div className="two">
        <label className="field">
          <span>Name</span>
          <input
            value={name}
            disabled={suite !== undefined}
            placeholder="credit-quality"
            spellCheck={false}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <Choice
          word="Data set"
          value={plan.dataset}
          options={datasets.map((one) => [one, one])}
          onChange={(dataset) => put({ dataset, target: "-", groups: [] })}
        />
        <Choice
          word="The model answers"
          value={plan.kind}
          options={kinds.map((one) => [one, kindWords[one]])}
          onChange={(kind) => put({ kind: kind as Kind, metrics: [], gates: [] })}
        />
        <Choice
          word="Column with the truth"
          value={plan.target}
          options={names}
          onChange={(chosen) => put({ target: chosen, positive: null })}
        />
        {plan.kind === "binary" ? (
          <Choice
            word="Counts as positive"
            value={plan.positive ?? ""}
            options={levels.map((one) => [one, one])}
            onChange={(positive) => put({ positive })}
          />
        ) : null}
        {plan.kind === "ranking" ? (
          <Choice word="Rows are ranked within" value={plan.query ?? ""} options={names} onChange={(query) => put({ query })} />
        ) : null}
        <Choice
          word="Answers come from"
          value={plan.answerColumn ?? ""}
          options={[
            ...(needsColumn ? [] : ([["", "a model version"]] as [string, string][])),
            ...names.map(([one]): [string, string] => [one, `column ${one}`]),
          ]}
          onChange={(chosen) => put({ answerColumn: chosen || null })}
        />
        <Choice
          word="Baseline"
          value={plan.baseline ? `${plan.baseline.model} ${plan.baseline.version}` : ""}
          options={[
            ["", "none"],
            ...models.flatMap((one) => [
              ...one.aliases.map(({ alias }): [string, string] => [`${one.name} ${alias}`, `${one.name}, ${alias}`]),
              ...(one.latest ? [[`${one.name} ${one.latest}`, `${one.name} version ${one.latest}`] as [string, string]] : []),
            ]),
          ]}
          onChange={(chosen) => {
            const [model, version] = chosen.split(" ");
            put(
              model && version
                ? { baseline: { model, version } }
                : { baseline: null, gates: plan.gates.filter((gate) => gate.kind !== "baseline") },
            );
          }}
        />
      </div>
      <div className="field">
        <span>Judge by group</span>
        <div className="checks">
          {columns
            .filter((one) => one.name !== plan.target)
            .map((one) => (
              <label key={one.name}>
                <input
                  type="checkbox"
                  checked={plan.groups.includes(one.name)}
                  disabled={!plan.groups.includes(one.name) && plan.groups.length >= 6}
                  onChange={(event) =>
                    put({ groups: event.target.checked ? [...plan.groups, one.name] : plan.groups.filter((other) => other !== one.name) })
                  }
                />
                <span className="mono">{one.name}</span>
              </label>
            ))}
        </div>
      </div>
      <GateFields
        kind={plan.kind}
        groups={plan.groups}
        hasBaseline={plan.baseline !== null}
        gates={plan.gates}
        onChange={(gates) => put({ gates })}
      />
    </Dialog>
  );
};

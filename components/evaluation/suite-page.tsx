"use client";
// A suite: what it asks, its evaluations, and a new evaluation of any version.
import { useState } from "react";
import { EvaluationRows } from "#components/evaluation/evaluation-rows.tsx";
import { SuiteDialog } from "#components/evaluation/suite-dialog.tsx";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { Empty } from "#components/ui/empty.tsx";
import { type Evaluation, runSuite, type Suite } from "#lib/evaluation/contract.ts";
import type { Model } from "#lib/models/contract.ts";
import "#components/evaluation/evaluation.css";

type Props = {
  workspace: string;
  suite: Suite & { evaluations: Evaluation[] };
  models: Model[];
  datasets: string[];
  canWrite: boolean;
  canRun: boolean;
};

const RunDialog = ({ workspace, suite, models, onClose }: { workspace: string; suite: Suite; models: Model[]; onClose: () => void }) => {
  const [model, setModel] = useState(models[0]?.name ?? "");
  const [version, setVersion] = useState("latest");
  const run = useCall(runSuite);
  const needsModel = suite.answerColumn === null;
  const chosen = models.find((one) => one.name === model);
  return (
    <Dialog
      title={`Judge by ${suite.name}?`}
      verb="Judge"
      isBusy={run.isPending}
      isDisabled={needsModel && model === ""}
      problem={run.problem}
      onClose={onClose}
      onVerb={async () => {
        const made = await run.run({ workspace, suite: suite.name, model: needsModel ? model : null, version });
        if (made) location.assign(`/${workspace}/evaluation/${suite.name}/${made.number}`);
      }}
    >
      {needsModel ? (
        <div className="two">
          <label className="field">
            <span>Model</span>
            <select value={model} onChange={(event) => setModel(event.target.value)}>
              {models.map((one) => (
                <option key={one.id}>{one.name}</option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>Version or alias</span>
            <input value={version} list="versions" onChange={(event) => setVersion(event.target.value)} />
            <datalist id="versions">
              {["latest", ...(chosen?.aliases.map((one) => one.alias) ?? [])].map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          </label>
        </div>
      ) : null}
      <p>
        {needsModel ? "The version answers every row" : `The answers in ${suite.answerColumn} are judged`} of {suite.dataset}{" "}
        {suite.datasetVersion === "latest" ? "as it is now" : `version ${suite.datasetVersion}`}. The report is kept as it comes out.
      </p>
    </Dialog>
  );
};

const factsOf = (suite: Suite): [string, string][] => [
  ["Table", `${suite.dataset} ${suite.datasetVersion === "latest" ? "as it is when run" : `version ${suite.datasetVersion}`}`],
  ["Truth", suite.positive ? `${suite.target} is ${suite.positive}` : suite.target],
  ["Groups", suite.groups.join(", ") || "none"],
  ["Baseline", suite.baseline ? `${suite.baseline.model} ${suite.baseline.version}` : "none"],
  ["Gates", String(suite.gates.length)],
  ["Revision", `${suite.revision}, by ${suite.updatedBy}`],
];

export const SuitePage = ({ workspace, suite, models, datasets, canWrite, canRun }: Props) => {
  const [open, setOpen] = useState<"change" | "run" | null>(null);
  const judge = canRun ? (
    <button type="button" className="btn primary" onClick={() => setOpen("run")}>
      {suite.answerColumn === null ? "Judge a version" : "Judge the answers"}
    </button>
  ) : null;
  return (
    <main className="page">
      <Live workspace={workspace} topics={["evaluation.changed", "evaluation.queued"]} />
      <PageHead
        title={suite.name}
        sentence={suite.evaluations.length === 1 ? "1 evaluation" : `${suite.evaluations.length} evaluations`}
        actions={
          <>
            {canWrite ? (
              <button type="button" className="btn quiet" onClick={() => setOpen("change")}>
                Change
              </button>
            ) : null}
            {suite.evaluations.length > 0 ? judge : null}
          </>
        }
      />
      <dl className="facts">
        {factsOf(suite).map(([word, value]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {suite.evaluations.length === 0 ? (
        <Empty title="Nothing was judged by this suite yet." action={judge}>
          The worker judges the whole table; some ten thousand rows take seconds.
        </Empty>
      ) : (
        <EvaluationRows workspace={workspace} items={suite.evaluations} />
      )}
      {open === "change" ? (
        <SuiteDialog workspace={workspace} models={models} datasets={datasets} suite={suite} onClose={() => setOpen(null)} />
      ) : null}
      {open === "run" ? <RunDialog workspace={workspace} suite={suite} models={models} onClose={() => setOpen(null)} /> : null}
    </main>
  );
};

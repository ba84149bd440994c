"use client";
// An evaluation: what was judged by what, progress with Stop while it runs, then gates in words and the report.
import { EvaluationRows, Verdict, wordOf } from "#components/evaluation/evaluation-rows.tsx";
import { Figures, Groups, Metrics } from "#components/evaluation/report.tsx";
import { useCall } from "#components/hooks/use-call.ts";
import { Live } from "#components/hooks/use-live.ts";
import { PageHead } from "#components/shell/frame.tsx";
import { metric, Steel, whole } from "#components/ui/figures.tsx";
import { hasEnded, stopEvaluation, type WholeEvaluation } from "#lib/evaluation/contract.ts";
import "#components/evaluation/evaluation.css";

const Running = ({ workspace, evaluation, canRun }: { workspace: string; evaluation: WholeEvaluation; canRun: boolean }) => {
  const stop = useCall(stopEvaluation);
  const fraction = evaluation.rowsTotal > 0 ? evaluation.rowsDone / evaluation.rowsTotal : 0;
  return (
    <section className="runs-now" aria-live="polite">
      <Steel fraction={fraction} sentence={evaluation.sentence} />
      <span className="row">
        <span>{evaluation.sentence}</span>
        {canRun ? (
          <button
            type="button"
            className="btn quiet"
            disabled={stop.isPending}
            onClick={() => stop.run({ workspace, evaluation: evaluation.number })}
          >
            Stop
          </button>
        ) : null}
      </span>
      {stop.problem ? <p className="problem">{stop.problem}</p> : null}
    </section>
  );
};

const Gates = ({ findings }: { findings: NonNullable<WholeEvaluation["findings"]> }) => {
  const held = findings.filter((one) => !one.isPassed).length;
  return (
    <section>
      <div className="sectionhead">
        <h2>Gates</h2>
        <span className="soft dense">
          {held === 0 ? (findings.length === 1 ? "passed" : `all ${findings.length} passed`) : `${held} of ${findings.length} held it`}
        </span>
      </div>
      <ul className="gates">
        {findings.map((one) => (
          <li key={one.sentence} className={one.isPassed ? "" : "is-held"}>
            <span className="word">{one.isPassed ? "passed" : "not passed"}</span>
            <span>{one.sentence}</span>
          </li>
        ))}
      </ul>
    </section>
  );
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const testSentence = ({ report, plan, baseline }: WholeEvaluation): string | null => {
  if (!report?.test || !baseline) return null;
  const { modelOnly, baselineOnly, p } = report.test;
  const chance = p < 0.05 ? "more than luck would make" : "no more than luck makes";
  return `At the threshold ${plan.threshold} the model alone is right on ${whole(modelOnly)} rows and the baseline alone on ${whole(baselineOnly)}: ${chance} (McNemar, p ${p < 0.001 ? "below 0.001" : metric(p)}).`;
};

const subject = (one: WholeEvaluation): string =>
  one.judged ? `${one.judged.model} version ${one.judged.version}` : `the answers in ${one.plan.answerColumn}`;

export const EvaluationPage = ({ workspace, evaluation, canRun }: { workspace: string; evaluation: WholeEvaluation; canRun: boolean }) => {
  const { report, findings } = evaluation;
  const test = testSentence(evaluation);
  const first = report?.metrics[0];
  return (
    <main className="page">
      {hasEnded(evaluation.status) ? null : <Live workspace={workspace} topics={["evaluation.changed", "evaluation.queued"]} />}
      <PageHead
        title={`Evaluation ${evaluation.number}`}
        sentence={
          <span className="row">
            <Verdict of={evaluation} />
            {subject(evaluation)} on {evaluation.dataset.name} version {evaluation.dataset.version}, by {evaluation.suite} revision{" "}
            {evaluation.suiteRevision}
          </span>
        }
        actions={
          evaluation.judged ? (
            <a className="btn quiet" href={`/${workspace}/models/${evaluation.judged.model}/versions/${evaluation.judged.version}`}>
              Open the version
            </a>
          ) : null
        }
      />
      {hasEnded(evaluation.status) ? null : <Running workspace={workspace} evaluation={evaluation} canRun={canRun} />}
      {evaluation.status === "failed" ? <p className="problem">{evaluation.sentence}</p> : null}
      {evaluation.status === "stopped" ? <p className="soft">{evaluation.sentence}</p> : null}
      {findings ? <Gates findings={findings} /> : null}
      {report ? (
        <>
          <section>
            <div className="sectionhead">
              <h2>{first ? `${capital(wordOf(evaluation, first.name))} ${metric(first.value)}` : "Metrics"}</h2>
              <span className="soft dense">
                {whole(report.rows)} rows{report.skipped > 0 ? `, ${whole(report.skipped)} without a target left out` : ""}
                {report.sampledFrom ? `, drawn from ${whole(report.sampledFrom)}` : ""}; {report.draws} bootstrap draws
                {report.units === report.rows ? "" : ` of ${whole(report.units)} queries`}
              </span>
            </div>
            <Metrics evaluation={evaluation} report={report} />
            {test ? (
              <p className="soft" style={{ marginTop: 8 }}>
                {test}
              </p>
            ) : null}
          </section>
          <Figures evaluation={evaluation} report={report} />
          <Groups evaluation={evaluation} report={report} />
        </>
      ) : (
        <EvaluationRows workspace={workspace} items={[evaluation]} />
      )}
    </main>
  );
};

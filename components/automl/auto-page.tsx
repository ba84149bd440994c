"use client";
// AutoML under way or done, read from the outputs of its notebook: so it survives a reload, and what is shown is what the cells said.
import { VegaChart } from "#components/chart/vega-chart.tsx";
import { useCall } from "#components/hooks/use-call.ts";
import { Refresh } from "#components/hooks/use-refresh.tsx";
import { PageHead } from "#components/shell/frame.tsx";
import { duration, metric, Steel } from "#components/ui/figures.tsx";
import { interruptSession } from "#lib/sessions/contract.ts";
import "#components/automl/automl.css";

export type ListedTrial = {
  code: string;
  score: number | null;
  seconds: number;
  share: number;
  folds: number;
  isDefault: boolean;
  error: string | null;
};
export type AutoState = {
  notebook: string;
  title: string;
  isRunning: boolean;
  failure: string | null;
  fraction: number;
  sentence: string;
  findings: string[];
  trials: ListedTrial[];
  links: { word: string; href: string }[];
};

/** Best so far by trial, of those judged on all folds. */
const bestSoFar = (full: readonly ListedTrial[]) => {
  let best = Number.NEGATIVE_INFINITY;
  return full.map((one, i) => {
    best = Math.max(best, one.score!);
    return { trial: i + 1, best: Math.abs(best), score: Math.abs(one.score!) };
  });
};

const curveSpec = (full: readonly ListedTrial[]): Record<string, unknown> => ({
  height: 190,
  data: { values: bestSoFar(full) },
  layer: [
    {
      mark: { type: "point", filled: true, size: 18, opacity: 0.4 },
      encoding: { y: { field: "score", type: "quantitative", scale: { zero: false } } },
    },
    {
      mark: { type: "line", interpolate: "step-after", strokeWidth: 1.75 },
      encoding: {
        y: { field: "best", type: "quantitative", scale: { zero: false }, axis: { title: "score, and best so far", tickCount: 5 } },
      },
    },
  ],
  encoding: {
    x: { field: "trial", type: "quantitative", axis: { title: "candidates judged on all folds", tickMinStep: 1, tickCount: 8 } },
  },
});

const Leaders = ({ full, early }: { full: ListedTrial[]; early: number }) => (
  <section>
    <div className="sectionhead">
      <h2>Candidates</h2>
      <span className="soft dense">
        {full.length} judged on all folds{early > 0 ? `, ${early} looks at a part that went no further or on` : ""}
      </span>
    </div>
    <div className="wide">
      <table className="t compact">
        <thead>
          <tr>
            <th className="num">Score</th>
            <th>Candidate</th>
            <th />
            <th className="num">Took</th>
          </tr>
        </thead>
        <tbody>
          {[...full]
            .sort((a, b) => b.score! - a.score!)
            .slice(0, 15)
            .map((one, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the same settings may be judged twice
              <tr key={i}>
                <td className={`num ${i === 0 ? "best" : ""}`}>{metric(Math.abs(one.score!))}</td>
                <td className="mono cut" style={{ width: "70%" }}>
                  {one.code}
                </td>
                <td className="dim">{one.isDefault ? "a default" : ""}</td>
                <td className="num">{duration(one.seconds * 1000)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  </section>
);

export const AutoPage = ({ workspace, state, canRun }: { workspace: string; state: AutoState; canRun: boolean }) => {
  const stop = useCall(interruptSession);
  const folds = Math.max(0, ...state.trials.map((one) => one.folds));
  const full = state.trials.filter((one) => one.share === 1 && one.folds === folds && one.score !== null);
  const broken = state.trials.filter((one) => one.error !== null);
  return (
    <main className="page">
      {state.isRunning ? <Refresh everyMs={1500} /> : null}
      <PageHead
        title={state.title}
        actions={
          <a className="btn quiet" href={`/${workspace}/notebooks/${state.notebook}`}>
            Open the notebook it runs in
          </a>
        }
      />
      <section className={`automl-now ${state.isRunning ? "" : "is-ended"}`} aria-live="polite">
        {state.isRunning ? <Steel fraction={state.fraction} sentence={state.sentence} /> : null}
        <span className="row">
          <span>{state.sentence}</span>
          {state.isRunning && canRun ? (
            <button
              type="button"
              className="btn quiet"
              disabled={stop.isPending}
              onClick={() => stop.run({ workspace, notebook: state.notebook })}
            >
              Stop
            </button>
          ) : null}
        </span>
        {state.failure ? <p className="problem">{state.failure}</p> : null}
        {stop.problem ? <p className="problem">{stop.problem}</p> : null}
        {state.links.length > 0 ? (
          <span className="row">
            {state.links.map((one) => (
              <a key={one.href} className="lk" href={one.href}>
                {one.word}
              </a>
            ))}
          </span>
        ) : null}
      </section>
      {state.findings.length > 0 ? (
        <section>
          <div className="sectionhead">
            <h2>Seen in the table</h2>
            <span className="soft dense">what would cheat is left out</span>
          </div>
          <ul className="findings">
            {state.findings.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </section>
      ) : null}
      {full.length > 1 ? <VegaChart spec={curveSpec(full)} label={`Best score so far over ${full.length} candidates`} /> : null}
      {full.length > 0 ? <Leaders full={full} early={state.trials.length - full.length - broken.length} /> : null}
      {broken.length > 0 ? (
        <p className="soft dense">
          {broken.length === 1 ? "1 candidate" : `${broken.length} candidates`} ended early; the last: {broken.at(-1)!.error}
        </p>
      ) : null}
    </main>
  );
};

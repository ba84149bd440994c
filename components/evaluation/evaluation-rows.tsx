// Evaluations as rows: what was judged, how it went, the first number with its interval.
import { Range } from "#components/evaluation/range.tsx";
import { metric, Time } from "#components/ui/figures.tsx";
import { State, type StateName } from "#components/ui/state.tsx";
import { type Evaluation, wordOfMetric } from "#lib/evaluation/contract.ts";

/** The state of an evaluation in words: a gate that did not hold is a finding, not a fault. */
export const Verdict = ({ of }: { of: Evaluation }) => {
  if (of.status === "done" && of.isPassed === false) return <b>Held by a gate</b>;
  const words: Record<Evaluation["status"], { state: StateName; word: string }> = {
    queued: { state: "queued", word: "Waits" },
    running: { state: "running", word: "Running" },
    failed: { state: "failed", word: "Failed" },
    stopped: { state: "stale", word: "Stopped" },
    done: { state: "done", word: of.isPassed === null ? "Done" : "Gates passed" },
  };
  const { state, word } = words[of.status];
  return <State of={state}>{word}</State>;
};

export const wordOf = (one: Pick<Evaluation, "plan">, name: string): string => wordOfMetric(one.plan, name);

export const EvaluationRows = ({ workspace, items, withSuite }: { workspace: string; items: Evaluation[]; withSuite?: boolean }) => {
  const ends = items
    .flatMap((one) => [one.headline?.low, one.headline?.high, one.headline?.value])
    .filter((one) => typeof one === "number");
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return (
    <div className="wide">
      <table className="t compact">
        <thead>
          <tr>
            <th className="num">Evaluation</th>
            {withSuite ? <th>Suite</th> : <th>Judged</th>}
            <th>State</th>
            <th>Metric</th>
            <th className="num">Value</th>
            <th>95 % interval</th>
            <th>Table</th>
            <th>What came of it</th>
            <th>When</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <td className="num">
                <a className="name" href={`/${workspace}/evaluation/${one.suite}/${one.number}`}>
                  {one.number}
                </a>
              </td>
              {withSuite ? (
                <td>
                  <a className="lk" href={`/${workspace}/evaluation/${one.suite}`}>
                    {one.suite}
                  </a>
                </td>
              ) : (
                <td>
                  {one.judged ? (
                    <a className="lk" href={`/${workspace}/models/${one.judged.model}/versions/${one.judged.version}`}>
                      {one.judged.model} version {one.judged.version}
                    </a>
                  ) : (
                    <span className="mono">{one.plan.answerColumn}</span>
                  )}
                </td>
              )}
              <td>
                <Verdict of={one} />
              </td>
              <td>{one.headline ? wordOf(one, one.headline.name) : <span className="dim">–</span>}</td>
              <td className="num">{metric(one.headline?.value)}</td>
              <td>{one.headline ? <Range of={one.headline} low={low} high={high} /> : <span className="dim">–</span>}</td>
              <td>
                {one.dataset.name} version {one.dataset.version}
              </td>
              <td className="dim">{one.sentence}</td>
              <td>
                <Time at={one.queuedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

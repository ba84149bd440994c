"use client";
// The last thirty pipeline runs: bars of minutes over a grid of stages, each square a door to its log.
import { markOf, tookMs, watch, wordOf } from "#components/pipelines/run-state.ts";
import { Square, SquareLegend } from "#components/pipelines/squares.tsx";
import type { StageRun, WholeRun } from "#lib/pipelines/contract.ts";

type Props = {
  runs: WholeRun[];
  stages: string[];
  chosen: { run: number; stage: string } | null;
  now: number;
  onChoose: (run: number, stage: string) => void;
};

const barHeight = 46;
const stageOf = (run: WholeRun, name: string): StageRun | undefined => run.stages.find((stage) => stage.stage === name);
const dayOf = (run: WholeRun): string =>
  new Date(run.startedAt ?? run.queuedAt).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** The scale's top as people say it: 5 s, 30 s, 1 min, 5 min, 1 h. */
const topOf = (tallest: number): { ms: number; word: string } =>
  [
    { ms: 1000, word: "1 s" },
    { ms: 5000, word: "5 s" },
    { ms: 15_000, word: "15 s" },
    { ms: 30_000, word: "30 s" },
    { ms: 60_000, word: "1 min" },
    { ms: 300_000, word: "5 min" },
    { ms: 900_000, word: "15 min" },
    { ms: 3_600_000, word: "1 h" },
    { ms: 14_400_000, word: "4 h" },
  ].find((one) => one.ms >= tallest) ?? { ms: tallest, word: `${Math.ceil(tallest / 3_600_000)} h` };

const Bar = ({ run, top, now }: { run: WholeRun; top: number; now: number }) => {
  const took = tookMs(run, now) ?? 0;
  const fill =
    run.status === "failed"
      ? "var(--failed-fill)"
      : run.status === "running"
        ? "var(--running-fill)"
        : "color-mix(in oklab, var(--ink) 26%, var(--paper))";
  return (
    <i style={{ height: took > 0 ? Math.max(2, (took / top) * barHeight) : 0, background: fill }} title={took > 0 ? watch(took) : ""} />
  );
};

export const Nights = ({ runs, stages, chosen, now, onChoose }: Props) => {
  const shown = [...runs].reverse();
  const top = topOf(Math.max(1, ...shown.map((run) => tookMs(run, now) ?? 0)));
  const days = shown.map(dayOf);
  return (
    <div className="nights">
      <table>
        <thead>
          <tr className="bars">
            <th scope="row">
              <span>{top.word}</span>
              <span>0</span>
            </th>
            {shown.map((run) => (
              <td key={run.id} className={chosen?.run === run.number ? "is-chosen" : ""}>
                <Bar run={run} top={top.ms} now={now} />
              </td>
            ))}
            <td className="passed">passed</td>
          </tr>
        </thead>
        <tbody>
          {stages.map((name) => {
            const reached = shown.map((run) => stageOf(run, name)).filter((stage) => markOf(stage) !== "unreached");
            return (
              <tr key={name}>
                <th scope="row" className={chosen?.stage === name ? "strong" : ""}>
                  {name}
                </th>
                {shown.map((run) => {
                  const stage = stageOf(run, name);
                  const isChosen = chosen?.run === run.number && chosen.stage === name;
                  return (
                    <td key={run.id} className={chosen?.run === run.number ? "is-chosen" : ""}>
                      <button
                        type="button"
                        aria-pressed={isChosen}
                        aria-label={`Run ${run.number}, ${name}: ${markOf(stage) === "unreached" ? "not reached" : wordOf[stage!.status]}`}
                        onClick={() => onChoose(run.number, name)}
                      >
                        <Square of={markOf(stage)} />
                      </button>
                    </td>
                  );
                })}
                <td className="passed">
                  {reached.filter((stage) => stage!.status === "done").length} of {reached.length}
                </td>
              </tr>
            );
          })}
        </tbody>
        <tfoot aria-hidden="true">
          <tr>
            <th />
            {shown.map((run, i) => (
              <td key={run.id}>
                {days[i] !== days[i - 1] && (i === 0 || days.slice(i - 3, i).every((day) => day === days[i - 1])) ? (
                  <span>{days[i]}</span>
                ) : null}
              </td>
            ))}
            <td />
          </tr>
        </tfoot>
      </table>
      <SquareLegend />
    </div>
  );
};

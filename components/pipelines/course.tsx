"use client";
// The stages of one run in their order, joined by the line that runs through them.
import { markOf, tookMs, watch } from "#components/pipelines/run-state.ts";
import { StateGlyph } from "#components/ui/state.tsx";
import type { Stage, WholeRun } from "#lib/pipelines/contract.ts";

type Props = { stages: Stage[]; run: WholeRun | null; chosen: string | null; now: number; onChoose: (stage: string) => void };

const cellWord = (stage: Stage): string =>
  stage.cells.length === 1 ? `cell ${stage.cells[0]!.position}` : `cells ${stage.cells.map((cell) => cell.position).join(", ")}`;

export const Course = ({ stages, run, chosen, now, onChoose }: Props) => (
  <ol className="course">
    {stages.map((stage) => {
      const stageRun = run?.stages.find((one) => one.stage === stage.name);
      const mark = run ? markOf(stageRun) : "unreached";
      const took = stageRun ? tookMs(stageRun, now) : null;
      return (
        <li key={stage.id} className={`is-${mark}`}>
          <button
            type="button"
            className={`node scribed is-${mark}`}
            aria-pressed={chosen === stage.name}
            onClick={() => onChoose(stage.name)}
          >
            <b>{stage.name}</b>
            <span className="row">
              {mark === "unreached" ? null : <StateGlyph of={mark} />}
              {mark === "unreached" ? (run ? "not reached" : "never ran") : mark === "queued" ? "waits" : took === null ? "" : watch(took)}
              <span className="dim">{cellWord(stage)}</span>
            </span>
          </button>
        </li>
      );
    })}
  </ol>
);

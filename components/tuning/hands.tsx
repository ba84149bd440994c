"use client";
// The worker's sessions at a study: what each does now or why it ended, and the dialog that puts some to it.
import { useState } from "react";
import { useCall } from "#components/hooks/use-call.ts";
import type { DrawnStudy } from "#components/tuning/drawn.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { Time } from "#components/ui/figures.tsx";
import { State, type StateName } from "#components/ui/state.tsx";
import { type Hand, workStudy } from "#lib/tuning/contract.ts";

const states: Record<Hand["status"], { of: StateName; word: string }> = {
  queued: { of: "queued", word: "Waits" },
  running: { of: "running", word: "At work" },
  done: { of: "done", word: "Ended" },
  failed: { of: "failed", word: "Failed" },
};

export const isAtWork = (hand: Hand): boolean => hand.status === "queued" || hand.status === "running";

/** Those at work, else those of the last start. */
const shownOf = (hands: readonly Hand[]): Hand[] => {
  const living = hands.filter(isAtWork);
  return living.length > 0 ? living : hands.filter((one) => one.queuedAt === hands[0]?.queuedAt);
};

export const Hands = ({ study }: { study: DrawnStudy }) => {
  const shown = shownOf(study.hands);
  if (shown.length === 0) return null;
  const count = shown.filter(isAtWork).length;
  return (
    <section className="handlist">
      <div className="sectionhead">
        <h2>Sessions</h2>
        <span className="soft dense">
          {count > 0 ? `${count} at work, kept by the worker for ${study.work?.startedBy ?? "nobody"}` : "none at work now"}
        </span>
      </div>
      <div className="wide">
        <table className="t compact hands">
          <tbody>
            {shown.map((hand, i) => {
              const state = states[hand.status];
              return (
                <tr key={hand.id}>
                  <td className={`scribed is-${state.of}`}>Session {i + 1}</td>
                  <td>
                    <State of={state.of}>{state.word}</State>
                  </td>
                  <td className="cut">{hand.sentence}</td>
                  <td className="soft">{hand.attempt > 1 ? `${hand.attempt - 1} lost before this one` : ""}</td>
                  <td>
                    <Time at={hand.endedAt ?? hand.queuedAt} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
};

/** What sessions of the worker would run: what they ran last, else the cell that opened the study. */
export const workOf = (study: DrawnStudy): { notebook: string; cell: string; objective: string | null } | null => {
  if (study.work) return { notebook: study.work.notebookId, cell: study.work.cellId, objective: study.work.objective };
  return study.source?.title ? { notebook: study.source.notebookId, cell: study.source.cellId, objective: null } : null;
};

export const counts = [1, 2, 3, 4, 6, 8, 12, 16];

export const WorkDialog = ({ workspace, study, onClose }: { workspace: string; study: DrawnStudy; onClose: () => void }) => {
  const [parallel, setParallel] = useState(study.work?.parallel ?? 2);
  const start = useCall(workStudy);
  return (
    <Dialog
      title={`Put sessions to ${study.name}?`}
      verb="Put to work"
      isBusy={start.isPending}
      problem={start.problem}
      onClose={onClose}
      onVerb={async () => {
        if (await start.run({ workspace, study: study.id, ...workOf(study)!, parallel })) onClose();
      }}
    >
      <p>
        Each runs the notebook's cells up to the one with the objective, as they are now, and then trials until there are none. They go on
        when this page is closed, and count as sessions of yours.
      </p>
      <label className="field">
        <span>Sessions at once</span>
        <select value={parallel} onChange={(event) => setParallel(Number(event.target.value))}>
          {counts.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
        <small>those that find no room on a machine wait for it</small>
      </label>
    </Dialog>
  );
};

// One run or stage run as a square: filled when done, crossed when it failed, hollow while it waits, a dot when it was not reached.
import { type Mark, stateOf } from "#components/pipelines/run-state.ts";
import type { PipelineRun } from "#lib/pipelines/contract.ts";

const signs: Record<Mark, React.ReactNode> = {
  done: <rect width="14" height="14" rx="2" fill="color-mix(in oklab, var(--done-fill) 55%, var(--paper))" />,
  failed: (
    <>
      <rect width="14" height="14" rx="2" fill="var(--failed-fill)" />
      <path d="m4.500 4.500 5 5M9.500 4.500l-5 5" stroke="var(--paper)" strokeWidth="1.8" strokeLinecap="round" />
    </>
  ),
  running: (
    <>
      <rect x="0.75" y="0.75" width="12.500" height="12.500" rx="2" fill="none" stroke="var(--running-fill)" strokeWidth="1.5" />
      <rect x="4" y="4" width="6" height="6" fill="var(--running-fill)" />
    </>
  ),
  queued: (
    <rect
      x="0.75"
      y="0.75"
      width="12.500"
      height="12.500"
      rx="2"
      fill="none"
      stroke="var(--queued-fill)"
      strokeWidth="1.2"
      strokeDasharray="2 2"
    />
  ),
  stale: (
    <>
      <rect x="0.75" y="0.75" width="12.500" height="12.500" rx="2" fill="none" stroke="var(--ink-2)" strokeWidth="1.2" />
      <path d="M4.500 7h5" stroke="var(--ink-2)" strokeWidth="1.5" />
    </>
  ),
  drifted: null,
  unreached: <circle cx="7" cy="7" r="1.100" fill="var(--ink-3)" />,
};

export const Square = ({ of }: { of: Mark }) => (
  <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
    {signs[of]}
  </svg>
);

/** The last runs of a pipeline, oldest at left. */
export const Squares = ({ runs }: { runs: PipelineRun[] }) => (
  <span className="squares" role="img" aria-label={runs.map((run) => `run ${run.number} ${run.status}`).join(", ") || "no runs"}>
    {[...runs].reverse().map((run) => (
      <Square key={run.id} of={stateOf(run.status)} />
    ))}
  </span>
);

/** What the squares mean. */
export const SquareLegend = () => (
  <p className="squarelegend" aria-hidden="true">
    {(["done", "failed", "running", "queued", "stale", "unreached"] as const).map((mark) => (
      <span key={mark}>
        <Square of={mark} />
        {mark === "stale" ? "stopped" : mark === "unreached" ? "not reached" : mark}
      </span>
    ))}
  </p>
);

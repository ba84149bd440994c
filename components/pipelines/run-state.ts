// How runs and stages of a pipeline are drawn and put in words, for server and client alike.
import type { StateName } from "#components/ui/state.tsx";
import type { LogEntry, PipelineRunStatus, StageRun, WholeRun } from "#lib/pipelines/contract.ts";

export type Mark = StateName | "unreached";

/** A stage that never began in a run that ended was not reached; a stopped one is drawn stale. */
export const markOf = (stage: Pick<StageRun, "status" | "startedAt"> | undefined): Mark =>
  !stage || (stage.status === "cancelled" && !stage.startedAt) ? "unreached" : stateOf(stage.status);

export const stateOf = (status: PipelineRunStatus): StateName => (status === "cancelled" ? "stale" : status);

export const wordOf: Record<PipelineRunStatus, string> = {
  queued: "Queued",
  running: "Running",
  done: "Done",
  failed: "Failed",
  cancelled: "Stopped",
};

const ms = (at: string | null): number | null => (at ? new Date(at).getTime() : null);

/** Milliseconds a run or a stage took, or has taken until `now`; null when it has not begun. */
export const tookMs = (one: { startedAt: string | null; endedAt: string | null }, now: number): number | null => {
  const started = ms(one.startedAt);
  return started === null ? null : Math.max(0, (ms(one.endedAt) ?? now) - started);
};

/** Minutes and seconds as on a watch: 0:14, 1:08, 62:05; what took less than a second says so. */
export const watch = (milliseconds: number): string => {
  if (milliseconds < 1000) return "under 1 s";
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

/** The middle duration of runs that got through, or null. */
export const typicalMs = (runs: WholeRun[]): number | null => {
  const took = runs
    .filter((run) => run.status === "done")
    .map((run) => tookMs(run, 0)!)
    .sort((a, b) => a - b);
  return took.length > 0 ? took[Math.floor(took.length / 2)]! : null;
};

/** "19 done, 2 failed", for those that ended. */
export const tally = (runs: Pick<WholeRun, "status">[]): string =>
  (["done", "failed", "cancelled", "running", "queued"] as const)
    .map((status) => [runs.filter((run) => run.status === status).length, wordOf[status].toLowerCase()] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ") || "none yet";

export type Line = { at: string; text: string; kind: LogEntry["kind"]; key: number };

/** Pieces of a log as lines: a stream goes on in its next piece, and of a progress bar only the last word stays. */
export const linesOf = (entries: LogEntry[]): Line[] => {
  const lines: Line[] = [];
  let isOpen = false;
  for (const entry of entries) {
    const last = lines.at(-1);
    const goesOn =
      last !== undefined && last.kind === entry.kind && ((isOpen && entry.kind.startsWith("std")) || entry.kind === "progress");
    const parts = entry.text.replace(/\n$/, "").split("\n");
    if (goesOn) last.text = entry.kind === "progress" ? parts[0]! : last.text + parts[0]!;
    for (const [i, text] of parts.entries())
      if (i > 0 || !goesOn) lines.push({ at: entry.at, text, kind: entry.kind, key: entry.seq * 1000 + i });
    isOpen = !entry.text.endsWith("\n");
  }
  return lines;
};

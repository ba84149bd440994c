// How a run's status is drawn, for server and client pages alike.
import type { StateName } from "#components/ui/state.tsx";
import type { Run } from "#lib/experiments/contract.ts";

export const stateOf = (run: Pick<Run, "status">): StateName => (run.status === "cancelled" ? "stale" : run.status);
export const isLowBetter = (key: string): boolean => /loss|error|mae|rmse|brier|latency|seconds/i.test(key);

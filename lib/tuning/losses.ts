// What is done with trials whose session is gone: they are lost (or, where memory ran out, failed), and the runs that logged them end with them.
import { endOpenRun } from "#lib/experiments/service.ts";
import type { Scope } from "#lib/kit/verb.ts";
import { type StoredTrial, silent } from "#lib/tuning/rules.ts";
import * as store from "#lib/tuning/store.ts";

type Loss = { state: "lost" | "failed"; fault: "ours" | "limits"; message: string };

/** Ends these running trials; answers how many. The caller holds the study's row. */
export const loseTrials = async (scope: Scope, studyId: string, trials: readonly StoredTrial[], loss: Loss): Promise<number> => {
  for (const one of trials) {
    await store.updateTrial(scope, studyId, one.number, { state: loss.state, message: loss.message, endedAt: scope.now, leaseUntil: null });
    if (one.runNumber !== null) await endOpenRun(scope, one.runNumber, { status: "failed", fault: loss.fault, message: loss.message });
  }
  return trials.length;
};

/** Ends trials whose session has been silent for longer than the lease (TU3). */
export const loseSilent = (scope: Scope, studyId: string, trials: readonly StoredTrial[]): Promise<number> =>
  loseTrials(scope, studyId, silent(trials, scope.now), { state: "lost", fault: "ours", message: "Its session fell silent." });

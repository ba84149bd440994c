// A study and its trials in words: state, sentence, numbers of parameters, ranges of a space.
import { metric } from "#components/ui/figures.tsx";
import type { StateName } from "#components/ui/state.tsx";
import type { Plan, Study, TrialState } from "#lib/tuning/contract.ts";

type Dimension = Plan["space"][string];

/** Trials that count against the budget and have ended. */
export const endedOf = ({ counts }: Pick<Study, "counts">): number => counts.complete + counts.pruned + counts.failed;

export const stateOf = (
  study: Pick<Study, "status" | "counts" | "plan"> & { hands?: { status: string }[] },
): { of: StateName; word: string } => {
  const ended = endedOf(study);
  if (ended >= study.plan.trials) return { of: "done", word: "Done" };
  if (study.status === "stopped") return { of: "stale", word: "Stopped" };
  if (study.counts.running > 0 || study.hands?.some((one) => one.status === "running")) return { of: "running", word: "Running" };
  return { of: "queued", word: ended === 0 ? "Not begun" : "Waits for a session" };
};

/** `of` is null for ends that are neither a fault nor a result. */
export const trialStates: Record<TrialState, { of: StateName | null; word: string }> = {
  running: { of: "running", word: "Running" },
  complete: { of: "done", word: "Complete" },
  pruned: { of: null, word: "Pruned" },
  failed: { of: "failed", word: "Failed" },
  lost: { of: null, word: "Lost" },
};

/** A parameter's value with the digits that matter. */
export const shownValue = (value: string | number | boolean | undefined): string => {
  if (value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return Math.abs(value) < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
};

/** What a dimension is searched in: `0.01 to 0.3, in logarithms`. */
export const rangeOf = (one: Dimension): string => {
  if (one.type === "categorical") return one.choices.map(shownValue).join(", ");
  const steps = one.step ? `, in steps of ${shownValue(one.step)}` : "";
  return `${shownValue(one.low)} to ${shownValue(one.high)}${one.log ? ", in logarithms" : steps}`;
};

/** When a dimension is searched at all; empty when always. */
export const conditionOf = (one: Dimension): string =>
  Object.entries(one.when ?? {})
    .map(([name, wanted]) => `${name} is ${[wanted].flat().map(shownValue).join(" or ")}`)
    .join(" and ");

/** `34 of 60 trials have ended, 8 of them pruned.` */
export const sentenceOf = (study: Pick<Study, "counts" | "plan">): string => {
  const { pruned, failed, running } = study.counts;
  const parts = [pruned > 0 ? `${pruned} pruned` : "", failed > 0 ? `${failed} failed` : ""].filter(Boolean).join(", ");
  const now = running > 0 ? `; ${running} running` : "";
  return `${endedOf(study)} of ${study.plan.trials} trials have ended${parts ? `, ${parts}` : ""}${now}`;
};

/** The best value with its objective: `auc 0.7312`. */
export const bestSentence = (study: Pick<Study, "best" | "plan">): string =>
  study.best ? study.plan.objectives.map((one, i) => `${one.name} ${metric(study.best!.values[i])}`).join(", ") : "no trial is complete";

export const samplerOf = ({ sampler, seed }: Plan): string => `${sampler.type === "tpe" ? "TPE" : "random"}, seed ${seed}`;
export const prunerOf = ({ pruner }: Plan): string =>
  ({ none: "none", asha: "ASHA", hyperband: "Hyperband", median: "median" })[pruner.type] +
  ("reduction" in pruner ? `, one in ${pruner.reduction} goes on` : "");

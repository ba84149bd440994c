// How much each parameter matters, kept by study and number of complete trials: what is complete never changes (TU2), so the forest is grown once
// for every trial that completes, however many people look.
import { forestImportance } from "#lib/learn/search/importance.ts";
import type { Space } from "#lib/learn/search/space.ts";
import type { Plan } from "#lib/tuning/contract.ts";
import { type StoredTrial, toSearch } from "#lib/tuning/rules.ts";

type Shares = { name: string; share: number }[];

const most = 200;
const kept = new Map<string, { complete: number; shares: Shares }>();

/** Shares that sum to 1, the greatest first; empty below ten complete trials. The studies looked at last are kept. */
export const importanceOf = (studyId: string, plan: Plan, trials: readonly StoredTrial[]): Shares => {
  const complete = trials.filter((one) => one.state === "complete").length;
  const known = kept.get(studyId);
  const shares =
    known?.complete === complete ? known.shares : forestImportance(plan.space as Space, toSearch("", plan, plan.pruner, trials).trials);
  kept.delete(studyId);
  kept.set(studyId, { complete, shares });
  if (kept.size > most) kept.delete(kept.keys().next().value!);
  return shares;
};

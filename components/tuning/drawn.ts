// A study as its page draws it: every trial with what the table says, reports thinned to what a curve can show. A study of two thousand
// trials with ten thousand reports each must not travel to a browser at every look.
import type { WholeStudy } from "#lib/tuning/contract.ts";

const curves = 120;
const points = 60;

export type Report = { step: number; value: number };
export type DrawnTrial = Omit<WholeStudy["trials"][number], "reports"> & { reports: Report[]; reported: number };
export type DrawnStudy = Omit<WholeStudy, "trials"> & { trials: DrawnTrial[] };

const thin = (reports: readonly Report[]): Report[] => {
  const step = Math.max(1, Math.ceil(reports.length / points));
  return reports.filter((_, i) => (reports.length - 1 - i) % step === 0);
};

/** Keeps the curves of the newest trials and of the best one; `reported` says how many reports there were. */
export const drawnOf = (study: WholeStudy): DrawnStudy => {
  const first = study.trials.length - curves;
  const trials = study.trials.map((one) => {
    const isDrawn = one.number >= first || one.number === study.best?.number;
    const sorted = isDrawn ? one.reports.toSorted((a, b) => a.step - b.step) : [];
    return { ...one, reports: thin(sorted), reported: one.reports.length };
  });
  return { ...study, trials };
};

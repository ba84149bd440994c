// The notebooks that ship: a file each, a line here, and outputs recorded by `npm run seed -- record <key>`. They are put into a workspace
// in this order, so that the last one, which runs on a first start, stands at the top of the list.
import { cardFraud } from "#drizzle/seed/card-fraud.ts";
import { churnByAutoml } from "#drizzle/seed/churn-by-automl.ts";
import { creditDefault } from "#drizzle/seed/credit-default.ts";
import { networkFromScratch } from "#drizzle/seed/network-from-scratch.ts";
import type { SeedNotebook } from "#drizzle/seed/notebook.ts";
import { readmission } from "#drizzle/seed/readmission.ts";
import { recommendations } from "#drizzle/seed/recommendations.ts";
import { smallLanguageModel } from "#drizzle/seed/small-language-model.ts";

/** Shown with their recorded outputs; they run when somebody runs them. */
export const readers: readonly SeedNotebook[] = [
  smallLanguageModel,
  networkFromScratch,
  readmission,
  recommendations,
  churnByAutoml,
  cardFraud,
];
/** The one that runs on a first start and furnishes every room. */
export const furnishing: SeedNotebook = creditDefault;
export const library: readonly SeedNotebook[] = [...readers, furnishing];

// The notebooks that ship, in the order in which they are put into a workspace; the last one is the one that runs on a first start.
import { cardFraud } from "#drizzle/seed/card-fraud.ts";
import { churnByAutoml } from "#drizzle/seed/churn-by-automl.ts";
import { creditDefault } from "#drizzle/seed/credit-default.ts";
import type { SeedNotebook } from "#drizzle/seed/notebook.ts";
import { readmission } from "#drizzle/seed/readmission.ts";
import { recommendations } from "#drizzle/seed/recommendations.ts";

export const readers: readonly SeedNotebook[] = [readmission, recommendations, churnByAutoml, cardFraud];
export const library: readonly SeedNotebook[] = [...readers, creditDefault];

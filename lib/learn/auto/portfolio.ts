// What AutoML tries: defaults of every family first, because one of them is often hard to beat, then drawn settings of the families that
// have something to tune. Each candidate is a line of code as well, so that what won can be written into a notebook.
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import type { Estimator, Task } from "#lib/learn/estimators/estimator.ts";
import { ridge } from "#lib/learn/estimators/linear.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { naiveBayes } from "#lib/learn/estimators/naive-bayes.ts";
import { neighbours } from "#lib/learn/estimators/neighbours.ts";
import { randomForest } from "#lib/learn/estimators/random-forest.ts";
import type { Preprocess } from "#lib/learn/preprocess/pipeline.ts";

/** A family's function by its name in a cell, with options that are plain numbers and texts. */
export type Candidate = { family: keyof typeof families; options: Record<string, number | string>; isDefault: boolean };

const families = { logisticRegression, ridge, naiveBayes, neighbours, randomForest, boostedTrees } as const;

/** The estimator of a candidate, with columns left out. */
export const estimatorFor = ({ family, options }: Candidate, preprocess: Preprocess): Estimator =>
  (families[family] as (given: object) => Estimator)({ ...options, ...(Object.keys(preprocess).length > 0 ? { preprocess } : {}) });

/** The candidate as code: `learn.boostedTrees({ depth: 4 })`. */
export const codeFor = ({ family, options }: Candidate, dropped: readonly string[]): string => {
  const pairs = Object.entries(options).map(([name, value]) => `${name}: ${typeof value === "string" ? JSON.stringify(value) : value}`);
  if (dropped.length > 0) pairs.push(`preprocess: { ${dropped.map((name) => `${JSON.stringify(name)}: "drop"`).join(", ")} }`);
  return `learn.${family}(${pairs.length > 0 ? `{ ${pairs.join(", ")} }` : ""})`;
};

const fixed = (family: Candidate["family"], options: Candidate["options"] = {}): Candidate => ({ family, options, isDefault: true });

/** The defaults for a task. Neighbours keep their training rows, so they are left to small tables. */
export const defaultsFor = (task: Task, rows: number): Candidate[] => [
  ...(task === "number" ? [fixed("ridge")] : [fixed("logisticRegression"), fixed("naiveBayes")]),
  fixed("boostedTrees"),
  fixed("randomForest"),
  ...(rows <= 5000 ? [fixed("neighbours", { k: 15, by: "distance" })] : []),
];

const short = (value: number): number => Number(value.toPrecision(2));
const between = (random: () => number, low: number, high: number): number => short(low * (high / low) ** random());

/** One drawn candidate; boosting most often, because its settings matter most. */
export const drawCandidate = (task: Task, random: () => number): Candidate => {
  const dice = random();
  if (dice < 0.65)
    return {
      family: "boostedTrees",
      isDefault: false,
      options: {
        trees: Math.round(between(random, 60, 500)),
        depth: 2 + Math.floor(random() * 6),
        rate: between(random, 0.02, 0.2),
        minLeaf: Math.round(between(random, 5, 80)),
        lambda: between(random, 0.1, 20),
        rowShare: short(0.5 + 0.5 * random()),
        columnShare: short(0.4 + 0.6 * random()),
      },
    };
  if (dice < 0.8) return { family: "randomForest", isDefault: false, options: { trees: 150, minLeaf: Math.round(between(random, 1, 20)) } };
  if (task === "number") return { family: "ridge", isDefault: false, options: { l2: between(random, 0.01, 1000) } };
  return {
    family: "logisticRegression",
    isDefault: false,
    options: random() < 0.5 ? { l1: between(random, 0.05, 30) } : { l2: between(random, 0.01, 100) },
  };
};

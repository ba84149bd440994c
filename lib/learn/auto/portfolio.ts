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

/** The defaults for a task, those first that are best most often: a short budget may end before the last. Neighbours keep their training rows, so they are left to small tables. */
export const defaultsFor = (task: Task, rows: number): Candidate[] => [
  fixed(task === "number" ? "ridge" : "logisticRegression"),
  fixed("boostedTrees"),
  fixed("randomForest"),
  ...(task === "number" ? [] : [fixed("naiveBayes")]),
  ...(rows <= 5000 ? [fixed("neighbours", { k: 15, by: "distance" })] : []),
];

/** Settings that are good on most tables, beside the defaults: slow small trees, wide shallow ones, a forest with fuller leaves, lines that bend. */
export const startersFor = (task: Task, rows: number): Candidate[] => {
  const boosted = (options: Candidate["options"]): Candidate => ({ family: "boostedTrees", isDefault: false, options });
  return [
    ...defaultsFor(task, rows),
    boosted({ trees: 300, depth: 3, rate: 0.05, minLeaf: 40, rowShare: 0.7, columnShare: 0.7 }),
    boosted({ trees: 250, depth: 5, rate: 0.04, minLeaf: 15, rowShare: 0.8, columnShare: 0.6, lambda: 3 }),
    boosted({ trees: 150, depth: 2, rate: 0.1, minLeaf: 20, rowShare: 0.8, columnShare: 0.8 }),
    { family: "randomForest", isDefault: false, options: { trees: 200, minLeaf: 4 } },
    ...(task === "number" ? [] : [{ family: "logisticRegression", isDefault: false, options: { bins: 8, l2: 10 } } as const]),
  ];
};

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
    options: {
      ...(random() < 0.5 ? { l1: between(random, 0.05, 30) } : { l2: between(random, 0.01, 100) }),
      ...(random() < 0.6 ? { bins: Math.round(between(random, 4, 25)) } : {}),
    },
  };
};

const steps: Record<string, { low: number; high: number; isWhole: boolean }> = {
  trees: { low: 40, high: 900, isWhole: true },
  depth: { low: 2, high: 9, isWhole: true },
  rate: { low: 0.01, high: 0.3, isWhole: false },
  minLeaf: { low: 1, high: 200, isWhole: true },
  lambda: { low: 0.05, high: 50, isWhole: false },
  rowShare: { low: 0.4, high: 1, isWhole: false },
  columnShare: { low: 0.2, high: 1, isWhole: false },
  bins: { low: 3, high: 40, isWhole: true },
  l1: { low: 0.01, high: 100, isWhole: false },
  l2: { low: 0.001, high: 1000, isWhole: false },
};

/** Whether another seed makes another model of the same settings. */
export const isRandom = ({ family, options }: Candidate): boolean =>
  family === "randomForest" || (family === "boostedTrees" && (Number(options.rowShare ?? 1) < 1 || Number(options.columnShare ?? 1) < 1));

/** The same settings with another seed. */
export const reseeded = (one: Candidate, seed: number): Candidate => ({ ...one, options: { ...one.options, seed } });

/** What candidates have in common: lines with steps are another kind of model than lines. */
export const kindOf = ({ family, options }: Candidate): string => (options.bins === undefined ? family : `${family}, bins`);

/** A candidate a small step from another: each number moved by up to a third on a log scale; null where there is nothing to move. */
export const nearby = ({ family, options }: Candidate, random: () => number): Candidate | null => {
  let hasMoved = false;
  const moved = Object.entries(options).map(([name, value]) => {
    const step = steps[name];
    if (!step || typeof value !== "number") return [name, value] as const;
    hasMoved = true;
    const to = Math.min(step.high, Math.max(step.low, value * 1.4 ** (2 * random() - 1)));
    return [name, step.isWhole ? Math.round(to) : short(to)] as const;
  });
  return hasMoved ? { family, isDefault: false, options: Object.fromEntries(moved) } : null;
};

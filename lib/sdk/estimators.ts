// Estimators in a cell: those of lib/learn, with a progress rule under the running cell while they are fitted and a Stop that works.
import { boostedTrees as boosted } from "#lib/learn/estimators/boosted-trees.ts";
import { clusters as kMeans } from "#lib/learn/estimators/clusters.ts";
import { components as principal } from "#lib/learn/estimators/components.ts";
import type { Estimator, FitOptions, Fitted } from "#lib/learn/estimators/estimator.ts";
import { isolationForest as isolation } from "#lib/learn/estimators/isolation-forest.ts";
import { linearRegression as linear, ridge as ridged } from "#lib/learn/estimators/linear.ts";
import { logisticRegression as logistic } from "#lib/learn/estimators/logistic.ts";
import { naiveBayes as bayes } from "#lib/learn/estimators/naive-bayes.ts";
import { neighbours as nearest } from "#lib/learn/estimators/neighbours.ts";
import { randomForest as forest, decisionTree as tree } from "#lib/learn/estimators/random-forest.ts";
import type { Columns } from "#lib/learn/tables/table.ts";
import { session } from "#lib/sdk/door.ts";
import { type Progress, progress } from "#lib/sdk/progress.ts";

/**
 * `run`, from `runs.start`, gets the validation metric of every step as its curve. `isQuiet` leaves out the progress rule: for one fit of
 * many, in a loop that tells its own.
 */
export type CellFitOptions = FitOptions & { run?: { metric: (key: string, value: number, step?: number) => void }; isQuiet?: boolean };
export type CellEstimator = Omit<Estimator, "fit"> & { fit: (table: Columns, options?: CellFitOptions) => Promise<Fitted> };

const silence: Progress = { tell: () => {}, done: () => {}, failed: () => {} };

const shown = (estimator: Estimator): CellEstimator => ({
  ...estimator,
  fit: async (table: Columns, { run, isQuiet, ...options }: CellFitOptions = {}): Promise<Fitted> => {
    let step = 0;
    const rule = isQuiet ? silence : progress(`Fitting ${estimator.kind}`, options.positive === undefined ? "loss" : "AUC");
    const startedAt = Date.now();
    try {
      const model = await estimator.fit(table, {
        ...options,
        signal: options.signal ?? session()?.signal(),
        onProgress: (fraction, sentence, value) => {
          rule.tell(fraction, sentence, value);
          if (value !== undefined) run?.metric(options.positive === undefined ? "loss" : "validation_auc", value, step++);
          options.onProgress?.(fraction, sentence, value);
        },
      });
      rule.done(
        `Fitted ${estimator.kind} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s${model.validationAuc === null ? "" : `, validation AUC ${model.validationAuc.toFixed(4)}`}.`,
      );
      return model;
    } catch (error) {
      rule.failed(`${estimator.kind}: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  },
});

const showing =
  <O>(make: (options?: O) => Estimator) =>
  (options?: O): CellEstimator =>
    shown(make(options));

/**
 * Ordinary least squares for a number.
 * @example
 * const model = await learn.linearRegression().fit(train, { target: "price" });
 * model.evaluate(test).rmse;
 */
export const linearRegression = showing(linear);
/**
 * Least squares with an L2 penalty.
 * @example
 * const model = await learn.ridge({ l2: 10 }).fit(train, { target: "price" });
 */
export const ridge = showing(ridged);
/**
 * Logistic regression with L2, L1 or both penalties; one probability with `positive`, else one for each class.
 * @example
 * const model = await learn.logisticRegression({ l1: 1 }).fit(train, { target: "Class", positive: "bad", validation: test });
 * model.predict(test); // Float64Array of probabilities
 */
export const logisticRegression = showing(logistic);
/**
 * Naive Bayes for mixed columns and words.
 * @example
 * const model = await learn.naiveBayes({ preprocess: { message: learn.tfidf() } }).fit(train, { target: "kind" });
 */
export const naiveBayes = showing(bayes);
/**
 * The k nearest training rows.
 * @example
 * const model = await learn.neighbours({ k: 15, by: "distance" }).fit(train, { target: "price" });
 */
export const neighbours = showing(nearest);
/**
 * k-means clusters.
 * @example
 * const model = await learn.clusters({ k: 4 }).fit(customers);
 * model.predict(customers); // numbers of clusters
 */
export const clusters = showing(kMeans);
/**
 * Principal components.
 * @example
 * const model = await learn.components({ k: 2 }).fit(table);
 * model.answer(table).components; // row-major, two numbers a row
 */
export const components = showing(principal);
/**
 * Anomaly scores without a target, near 1 for odd rows.
 * @example
 * const model = await learn.isolationForest().fit(transactions);
 */
export const isolationForest = showing(isolation);
/**
 * One decision tree.
 * @example
 * const model = await learn.decisionTree({ depth: 3 }).fit(train, { target: "isFraud", positive: 1 });
 */
export const decisionTree = showing(tree);
/**
 * A random forest.
 * @example
 * const model = await learn.randomForest({ trees: 200 }).fit(train, { target: "isFraud", positive: 1 });
 */
export const randomForest = showing(forest);
/**
 * Gradient-boosted trees, with losses for classes, numbers, quantiles and counts.
 * @example
 * const model = await learn.boostedTrees({ trees: 300, depth: 4, rate: 0.05, earlyStopping: 30 })
 *   .fit(train, { target: "Class", positive: "bad", validation: test });
 */
export const boostedTrees = showing(boosted);

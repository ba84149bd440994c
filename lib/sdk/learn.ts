// `learn` in a cell: splits, estimators and metrics of lib/learn, with a progress rule under the running cell while something is fitted.
import { type BoostOptions, boostedTrees as boosted } from "#lib/learn/estimators/boosted-trees.ts";
import type { Estimator, FitOptions, Fitted } from "#lib/learn/estimators/estimator.ts";
import { logisticRegression as logistic } from "#lib/learn/estimators/logistic.ts";
import type { Columns } from "#lib/learn/tables/table.ts";
import { session } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";

export {
  atThreshold,
  averagePrecision,
  brier,
  calibrationBins,
  ksStatistic,
  logLoss,
  prCurve,
  rocAuc,
  rocCurve,
} from "#lib/learn/metrics/classification.ts";
export { ksTest } from "#lib/learn/stats/kolmogorov-smirnov.ts";
export { profileTable as profile } from "#lib/learn/stats/profile.ts";
export { psiAgainst, psiDeciles, psiEvidently } from "#lib/learn/stats/psi.ts";
export { dropColumns, labelsOf, rowCount, stratifiedFolds, takeRows, trainTestSplit } from "#lib/learn/tables/table.ts";

/** An estimator that shows how far it is under the running cell and stops when the cell is stopped. */
const shown = (estimator: Estimator): Estimator => ({
  ...estimator,
  fit: async (table: Columns, options: FitOptions): Promise<Fitted> => {
    const rule = progress(`Fitting ${estimator.kind}`, "AUC");
    const startedAt = Date.now();
    try {
      const model = await estimator.fit(table, {
        ...options,
        signal: options.signal ?? session()?.signal(),
        onProgress: (fraction, sentence, value) => {
          rule.tell(fraction, sentence, value);
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

/** Logistic regression; see lib/learn/estimators/logistic.ts. */
export const logisticRegression = (options?: { l2?: number; maxIterations?: number }): Estimator => shown(logistic(options));
/** Gradient-boosted trees; see lib/learn/estimators/boosted-trees.ts. */
export const boostedTrees = (options?: BoostOptions): Estimator => shown(boosted(options));

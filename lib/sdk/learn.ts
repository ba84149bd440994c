// `learn` in a cell: splits, encodings, estimators and metrics of lib/learn.

export { blend } from "#lib/learn/auto/blend.ts";
export { calibrate } from "#lib/learn/estimators/calibration.ts";
export { forecast } from "#lib/learn/estimators/forecast.ts";
export { importance, partialDependence, permutationImportance } from "#lib/learn/explain/importance.ts";
export { treeShap } from "#lib/learn/explain/tree-shap.ts";
export { cardFeatures, cardPrecision, fraudWeeks } from "#lib/learn/generators/card-features.ts";
export { cardTransactions } from "#lib/learn/generators/card-transactions.ts";
export { itemEvents } from "#lib/learn/generators/item-events.ts";
export { readmissionCohort } from "#lib/learn/generators/readmission.ts";
export type { Graph, Tensor } from "#lib/learn/graph/graph.ts";
export * as optimisers from "#lib/learn/graph/optimisers.ts";
export { atBudget } from "#lib/learn/metrics/budget.ts";
export { expectedCalibrationError, recalibration } from "#lib/learn/metrics/calibration.ts";
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
export { byGroup } from "#lib/learn/metrics/groups.ts";
export { confusionMatrix, labelScores } from "#lib/learn/metrics/labels.ts";
export {
  hitRateAtK,
  meanAveragePrecision,
  meanReciprocalRank,
  ndcgAtK,
  precisionAtK,
  rankByScore,
  recallAtK,
} from "#lib/learn/metrics/ranking.ts";
export {
  meanAbsoluteError,
  meanAbsolutePercentageError,
  medianAbsoluteError,
  pinballLoss,
  poissonDeviance,
  rootMeanSquaredError,
  rSquared,
} from "#lib/learn/metrics/regression.ts";
export { levelCodes, levelOrder, oneHot, targetEncoding } from "#lib/learn/preprocess/categories.ts";
export { dates } from "#lib/learn/preprocess/dates.ts";
export { inspect } from "#lib/learn/preprocess/findings.ts";
export { numberTexts } from "#lib/learn/preprocess/number-texts.ts";
export { numbers, quantileBins } from "#lib/learn/preprocess/numbers.ts";
export { scaled } from "#lib/learn/preprocess/scaled.ts";
export { hashing, textHashing, tfidf } from "#lib/learn/preprocess/text.ts";
export { basketRules } from "#lib/learn/recommend/basket-rules.ts";
export { alternatingLeastSquares, itemNeighbours, popularItems } from "#lib/learn/recommend/factors.ts";
export { cohenKappa, fleissKappa, itemAgreement, krippendorffAlpha } from "#lib/learn/stats/agreement.ts";
export { bradleyTerry, positionBias } from "#lib/learn/stats/bradley-terry.ts";
export { benjaminiHochberg, columnDrift, tableDrift } from "#lib/learn/stats/drift.ts";
export { ksTest } from "#lib/learn/stats/kolmogorov-smirnov.ts";
export { profileTable as profile } from "#lib/learn/stats/profile.ts";
export { psiAgainst, psiDeciles, psiEvidently } from "#lib/learn/stats/psi.ts";
export { hospitalEncounters } from "#lib/learn/tables/hospital-encounters.ts";
export {
  dropColumns,
  labelsOf,
  numbersOf,
  rowCount,
  rowsWith,
  sampleRows,
  stratifiedFolds,
  takeRows,
  trainTestSplit,
} from "#lib/learn/tables/table.ts";
export { corpusBleu, sentenceBleu } from "#lib/learn/text/bleu.ts";
export { corpusChrf } from "#lib/learn/text/chrf.ts";
export { rouge } from "#lib/learn/text/rouge.ts";
export { corpusTer } from "#lib/learn/text/ter.ts";
export { bootstrap, pairedBootstrap } from "#lib/learn/validation/bootstrap.ts";
export { crossValidate, groupFolds, randomFolds, stratifiedGroupFolds, timeFolds } from "#lib/learn/validation/folds.ts";
export { judgeChallenger, mcNemar } from "#lib/learn/validation/paired.ts";
export { hasDecided, sequentialP, sequentialStart, sequentialStep } from "#lib/learn/validation/sequential.ts";
export { auto } from "#lib/sdk/auto.ts";
export {
  boostedTrees,
  clusters,
  components,
  decisionTree,
  isolationForest,
  linearRegression,
  logisticRegression,
  naiveBayes,
  neighbours,
  randomForest,
  ridge,
} from "#lib/sdk/estimators.ts";
export * as layers from "#lib/sdk/layers.ts";
export {
  adaptGpt,
  encode,
  exportNetwork,
  fit,
  gpt,
  imageClassifier,
  matrixFactorisation,
  mlpClassifier,
  mlpRegressor,
  sequenceForecaster,
  trainer,
  twoTower,
} from "#lib/sdk/networks.ts";
export * as ops from "#lib/sdk/ops.ts";

// The notebook that a study of a table runs: read the table, fit the estimator on folds, keep the model. Written from a form, then an ordinary
// notebook that can be read, changed and promoted.
import type { Plan } from "#lib/tuning/contract.ts";

type Space = Plan["space"];
export type Task = "binary" | "classes" | "number";
export type TableForm = {
  name: string;
  dataset: string;
  version: number;
  target: string;
  positive: string | number | null;
  task: Task;
  estimator: keyof typeof estimators;
  folds: number;
};

/** Estimators with the space that is searched unless it is changed. */
export const estimators = {
  boostedTrees: {
    word: "Boosted trees",
    tasks: ["binary", "classes", "number"],
    space: {
      trees: { type: "int", low: 50, high: 400 },
      rate: { type: "float", low: 0.01, high: 0.3, log: true },
      depth: { type: "int", low: 2, high: 8 },
      minLeaf: { type: "int", low: 5, high: 100, log: true },
      lambda: { type: "float", low: 0.01, high: 100, log: true },
      rowShare: { type: "float", low: 0.4, high: 1 },
    },
  },
  randomForest: {
    word: "Random forest",
    tasks: ["binary", "classes", "number"],
    space: {
      trees: { type: "int", low: 50, high: 300 },
      depth: { type: "int", low: 4, high: 24 },
      minLeaf: { type: "int", low: 1, high: 50, log: true },
    },
  },
  logisticRegression: {
    word: "Logistic regression",
    tasks: ["binary", "classes"],
    space: {
      l2: { type: "float", low: 0.001, high: 1000, log: true },
      l1: { type: "float", low: 0.001, high: 100, log: true },
    },
  },
  ridge: { word: "Ridge regression", tasks: ["number"], space: { l2: { type: "float", low: 0.001, high: 10_000, log: true } } },
} satisfies Record<string, { word: string; tasks: Task[]; space: Space }>;

/** What is made best for each task, as `evaluate` calls it. */
export const measures: Record<Task, { name: string; direction: "minimize" | "maximize"; word: string }> = {
  binary: { name: "auc", direction: "maximize", word: "area under the curve" },
  classes: { name: "logLoss", direction: "minimize", word: "log loss" },
  number: { name: "rmse", direction: "minimize", word: "root mean squared error" },
};

type Cell = { cellType: "code" | "markdown"; source: string };
const text = JSON.stringify;
const quoted = (column: string): string => `"${column.replaceAll('"', '""')}"`;

/** The cells; the last one defines `objective`. */
export const cellsFor = (form: TableForm): Cell[] => {
  const { name, direction } = measures[form.task];
  const positive = form.positive === null ? "" : `, positive: ${text(form.positive)}`;
  const goal = `{ target: ${text(form.target)}${positive} }`;
  const folds =
    form.task === "number"
      ? `Array.from({ length: ${form.folds} }, (_, at) => {
  const rows = [...Array(learn.rowCount(table)).keys()];
  return { trainRows: rows.filter((row) => row % ${form.folds} !== at), testRows: rows.filter((row) => row % ${form.folds} === at) };
})`
      : `learn.stratifiedFolds(table, ${text(form.target)}, ${form.folds}, 7)`;
  return [
    {
      cellType: "markdown",
      source: `# ${form.name}\nA search for the ${estimators[form.estimator].word.toLowerCase()} that predict \`${form.target}\` of ${form.dataset} version ${form.version} best: ${direction === "maximize" ? "greatest" : "least"} ${measures[form.task].word}, mean of ${form.folds} folds. The study of this name asks the function below for every trial, and the model of each trial, fitted on all rows, stays with its run.`,
    },
    {
      cellType: "code",
      source: `import { datasets, learn, models } from "atelier";

const data = await datasets.open(${text(`${form.dataset}@${form.version}`)});
const table = await (await data.sql(
  ${text(`select * from this where ${quoted(form.target)} is not null`)})).toColumns();
const folds = ${folds};`,
    },
    {
      cellType: "code",
      source: `const objective = async ({ params, run, report }) => {
  const goal = ${goal};
  const scores = [];
  for (const [i, fold] of folds.entries()) {
    const model = await learn.${form.estimator}(params).fit(learn.takeRows(table, fold.trainRows), goal);
    scores.push(model.evaluate(learn.takeRows(table, fold.testRows)).${name});
    await report(i + 1, scores.reduce((sum, one) => sum + one, 0) / scores.length);
  }
  const model = await learn.${form.estimator}(params).fit(table, goal);
  await models.keep(run, { model, trainedOn: table });
  return scores.reduce((sum, one) => sum + one, 0) / scores.length;
};`,
    },
  ];
};

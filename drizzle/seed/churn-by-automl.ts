// The notebook "Churn by AutoML": a real table, a small budget, and the result as cells that can be read and changed.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";
import { churn } from "#drizzle/seed/tables.ts";

export const churnByAutoml: SeedNotebook = {
  key: "churn-by-automl",
  title: "Churn by AutoML",
  tables: [churn],
  smaller: { "const seconds = 20": "const seconds = 3" },
  cells: [
    text(`# Who is about to leave, in twenty seconds
Five thousand customers of a telephone company, a real and public table; one in seven left. Before anybody tunes anything, let the machine
try: \`learn.auto\` looks the table over, races a portfolio of models within a budget of time, and hands back **cells**, not a black box.`),
    code(`
// @cell read
import { chart, datasets, learn, models, runs } from "atelier";

const churn = await datasets.open("churn");
churn`),
    text(`## Two things to see first
The charts that an analyst would draw in the first five minutes. Whatever the machine finds has to agree with them.`),
    code(`
const byCalls = await (await churn.sql(\`
  select least(number_customer_service_calls, 6)::int as calls,
    count(*) as n, count(*) filter (churn = 'yes') as hits
  from this group by 1 order by 1\`))
  .rows<{ calls: number; n: number; hits: number }>();
const all = byCalls.reduce((sum, row) => sum + row.n, 0);
const rate = byCalls.reduce((sum, row) => sum + row.hits, 0) / all;
const percent = (share: number) => \`\${(100 * share).toFixed(1)} %\`;
const shareFrom = (least: number) => {
  const rows = byCalls.filter((row) => row.calls >= least);
  return rows.reduce((sum, row) => sum + row.hits, 0) /
    rows.reduce((sum, row) => sum + row.n, 0);
};

chart.rates(byCalls.map((row) =>
  ({ ...row, calls: row.calls === 6 ? "6+" : String(row.calls) })),
  "calls", {
    title: \`Of those who called four times or more, \` +
      \`\${percent(shareFrom(4))} left\`,
    sentence: "share that left, with its 95 % interval",
    baseline: rate, y: "left",
    x: \`calls to customer service; dotted: all, \${percent(rate)}\` })`),
    code(`
const byPlan = await (await churn.sql(\`
  select concat(
      if(international_plan = 'yes', 'international', 'national'),
      if(voice_mail_plan = 'yes', ' and voice mail', '')) as plans,
    count(*) as n, count(*) filter (churn = 'yes') as hits
  from this group by 1 order by 1\`))
  .rows<{ plans: string; n: number; hits: number }>();

chart.rates(byPlan, "plans", {
  title: "Who pays for the international plan leaves most often",
  sentence: "share that left, with its 95 % interval",
  baseline: rate, x: \`plans; dotted: all, \${percent(rate)}\`, y: "left" })`),
    text(`## Keep a verdict that nobody touches
AutoML keeps rows aside for itself; choosing among many candidates by them flatters the winner. So a quarter is taken away *before* it
starts.`),
    code(`
// @cell split
const table = await churn.toColumns();
const { train, test } = learn.trainTestSplit(table,
  { test: 0.25, seed: 5, stratify: "churn" });
const truth = learn.labelsOf(test, "churn", "yes");
console.log(\`\${learn.rowCount(train)} to learn from, \` +
  \`\${truth.length} for the verdict\`);`),
    code(`
// @cell search
const seconds = 20;
const found = await learn.auto(train, {
  target: "churn", positive: "yes", budget: { seconds }, seed: 1 });
found`),
    text(`## What was tried
Defaults run on all rows first; drawn candidates must earn more rows and more folds. Each dot is one that got to all rows.`),
    code(`
const family = (code: string) =>
  code.slice("learn.".length, code.indexOf("("));
const finished = found.trials
  .filter((one) => one.share === 1 && one.error === null)
  .map(({ code, score, seconds }) =>
    ({ family: family(code), score, seconds }));

chart({
  title: { text: \`\${found.trials.length} trials, \` +
    \`\${finished.length} of them on all rows\`,
    subtitle: "AUC in cross-validation, by the time the trial took" },
  width: "container", height: 220, data: { values: finished },
  mark: { type: "point", filled: true, size: 60 },
  encoding: {
    x: { field: "seconds", type: "quantitative", title: "seconds" },
    y: { field: "score", type: "quantitative", title: "AUC",
      scale: { zero: false } },
    color: { field: "family", type: "nominal", title: "" },
    shape: { field: "family", type: "nominal", title: "" } } })`),
    text(`## The verdict
On the quarter that nothing has seen, beside the plain defaults anybody would have tried.`),
    code(`
// @cell verdict
const run = await runs.start({
  experiment: "Churn", name: "AutoML", params: { seconds } });
const how = { target: "churn", positive: "yes" };
const contestants = {
  "logistic, default": await learn.logisticRegression().fit(train, how),
  "boosting, default": await learn.boostedTrees().fit(train, how),
  AutoML: found.model };
const scored = Object.entries(contestants).map(([name, model]) => {
  const scores = model.predict(test);
  return { name, scores, auc: learn.rocAuc(truth, scores),
    ap: learn.averagePrecision(truth, scores),
    log_loss: learn.logLoss(truth, scores) };
});
const [line, trees, won] = scored;
run.metrics({ auc: won.auc, ap: won.ap, log_loss: won.log_loss });
await run.end();
display(scored.map(({ name, auc, ap, log_loss }) => ({ name,
  AUC: auc.toFixed(3), AP: ap.toFixed(3),
  "log loss": log_loss.toFixed(3) })));`),
    code(`
chart.line(scored.flatMap(({ name, scores }) =>
  learn.rocCurve(truth, scores, 100)
    .map(({ fpr, tpr }) => ({ model: name, fpr, tpr }))), "fpr", "tpr", {
  title: \`AUC \${won.auc.toFixed(3)} by AutoML, \` +
    \`\${trees.auc.toFixed(3)} and \${line.auc.toFixed(3)} by defaults\`,
  sentence: \`ROC on \${truth.length} customers; \` +
    "differences of a hundredth are within luck",
  color: "model", height: 260, x: "stayers bothered", y: "leavers found" })`),
    text(`## Read what it wrote
This is the whole result: code that does it again without any search. \`await found.toNotebook({ load: … })\` writes it into a notebook of
its own, to change and to promote.`),
    code(`
console.log(found.cells.filter((one) => one.kind === "code")
  .map((one) => one.source).join("\\n\\n// next cell\\n"));`),
    code(`
const some = learn.takeRows(test, Array.from({ length: 400 }, (_, i) => i));
const lost = learn.permutationImportance(found.model, some,
  { metric: "auc", repeats: 2 }).slice(0, 8);
const readable = lost.map(({ column, mean }) =>
  ({ column: column.replaceAll("_", " "), mean })).reverse();

chart({
  title: { text: "What the winner cannot do without",
    subtitle: "AUC lost on 400 verdict rows when a column is shuffled" },
  width: "container", height: 240, data: { values: readable },
  mark: "bar",
  encoding: {
    x: { field: "mean", type: "quantitative", title: "AUC lost" },
    y: { field: "column", type: "nominal", sort: "-x", title: "",
      axis: { labelLimit: 220 } } } })`),
    text(`## Keep it
The version takes the raw columns of the table, texts included: what prepares them is inside the file. Promote the cells
*read*, *split*, *search*, *verdict* and *register*, and every night looks for a model anew.`),
    code(`
// @cell register
const version = await models.register("churn", {
  model: found.model, trainedOn: train, run,
  metrics: { auc: won.auc, ap: won.ap, log_loss: won.log_loss },
  description: "Probability that a customer leaves, by learn.auto." });
version`),
    text(`## What to take from it
- Twenty seconds give a baseline that is hard to beat by hand. Spend the hours on the *table* instead: a column about last month's quarrel
  is worth more than a thousand trials.
- The budget of time makes the list of trials depend on the machine; the verdict on untouched rows is what to compare.
- Day charge and day minutes say the same thing twice (one is a price times the other). Importance is then shared between them: read the
  pair, not the bar.`),
  ],
};

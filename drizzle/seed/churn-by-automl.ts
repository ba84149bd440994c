// The notebook "Churn by AutoML": a real table, a small budget, and the result as cells that can be read and changed.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";

export const churnByAutoml: SeedNotebook = {
  key: "churn-by-automl",
  title: "Churn by AutoML",
  smaller: { "const seconds = 20": "const seconds = 4" },
  cells: [
    text(`# Who is about to leave, in twenty seconds
Five thousand customers of a telephone company; one in seven left. Before anybody tunes anything, let the machine try: \`learn.auto\` looks
the table over, races a portfolio within a budget of time, and hands back **cells**, not a black box.`),
    code(`
import { chart, datasets, learn, models } from "atelier";

const churn = await datasets.open("churn");
churn`),
    code(`
const byCalls = await (await churn.sql(\`
  select least(number_customer_service_calls, 6)::int as calls,
    count(*) as n, count(*) filter (churn = 'yes') as hits
  from this group by 1 order by 1\`)).rows<{ calls: number; n: number; hits: number }>();

chart.rates(byCalls.map((row) => ({ ...row, calls: row.calls === 6 ? "6+" : String(row.calls) })), "calls", {
  title: "After the fourth call to the service, half are gone",
  sentence: "share that left, with its 95 % interval",
  baseline: 0.141, x: "calls to customer service; dotted: all, 14.1 %", y: "left" })`),
    code(`
const byPlan = await (await churn.sql(\`
  select concat('international ', international_plan, ', voice mail ', voice_mail_plan) as plans,
    count(*) as n, count(*) filter (churn = 'yes') as hits
  from this group by 1 order by 1\`)).rows<{ plans: string; n: number; hits: number }>();

chart.rates(byPlan, "plans", {
  title: "The international plan drives people away; voice mail keeps them",
  sentence: "share that left, with its 95 % interval", baseline: 0.141, x: "plans", y: "left" })`),
    text(`## Keep a verdict that nobody touches
AutoML keeps rows aside for itself; choosing among many candidates by them flatters the winner. So a quarter is taken away *before* it
starts.`),
    code(`
const table = await churn.toColumns();
const { train, test } = learn.trainTestSplit(table, { test: 0.25, seed: 5, stratify: "churn" });
const truth = learn.labelsOf(test, "churn", "yes");
console.log(\`\${learn.rowCount(train)} to learn from, \${truth.length} for the verdict\`);`),
    code(`
const seconds = 20;
const found = await learn.auto(train, {
  target: "churn", positive: "yes", budget: { seconds }, seed: 1 });
found`),
    text(`## What was tried
Defaults run on all rows first; drawn candidates must earn more rows, a sixteenth, a quarter, all. Each dot is one that got to the end.`),
    code(`
const family = (code: string) => code.slice("learn.".length, code.indexOf("("));
const finished = found.trials.filter((one) => one.share === 1 && one.error === null);
chart({
  title: { text: \`\${found.trials.length} trials, \${finished.length} of them on all rows\`,
    subtitle: "AUC on the rows AutoML kept aside, by the time a trial took" },
  width: "container", height: 200,
  data: { values: finished.map(({ code, score, seconds }) => ({ family: family(code), score, seconds })) },
  mark: { type: "point", filled: true, size: 60 },
  encoding: {
    x: { field: "seconds", type: "quantitative", title: "seconds" },
    y: { field: "score", type: "quantitative", title: "AUC", scale: { zero: false } },
    color: { field: "family", type: "nominal", title: "" } } })`),
    text(`## The verdict
On the quarter that nothing has seen, beside the plain defaults anybody would have tried.`),
    code(`
const how = { target: "churn", positive: "yes" };
const line = await learn.logisticRegression().fit(train, how);
const trees = await learn.boostedTrees().fit(train, how);
const scored = ([["logistic, default", line], ["boosting, default", trees], ["AutoML", found.model]] as const)
  .map(([name, model]) => ({ name, scores: model.predict(test) }))
  .map(({ name, scores }) => ({ name, scores, auc: learn.rocAuc(truth, scores),
    ap: learn.averagePrecision(truth, scores), loss: learn.logLoss(truth, scores) }));
for (const { name, auc, ap, loss } of scored)
  console.log(name.padEnd(18), "AUC", auc.toFixed(3), " AP", ap.toFixed(3), " log loss", loss.toFixed(3));

chart.line(scored.flatMap(({ name, scores }) =>
  learn.rocCurve(truth, scores, 100).map(({ fpr, tpr }) => ({ model: name, fpr, tpr }))), "fpr", "tpr", {
  title: \`AUC \${scored[2].auc.toFixed(3)} by AutoML, \${scored[1].auc.toFixed(3)} by boosting as it comes\`,
  sentence: \`ROC on \${truth.length} customers; differences of a hundredth are within luck\`,
  color: "model", height: 240, x: "stayers bothered", y: "leavers found" })`),
    text(`## Read what it wrote
This is the whole result: code that does it again without any search. \`await found.toNotebook({ load: … })\` writes it into a notebook of
its own, to change and to promote.`),
    code(`
console.log(found.cells.filter((one) => one.kind === "code").map((one) => one.source).join("\\n\\n// next cell\\n"));`),
    code(`
const reasons = learn.permutationImportance(found.model, test).slice(0, 8);
chart.bar(reasons.map(({ column, mean }) => ({ column: column.replaceAll("_", " "), mean })), "column", "mean", {
  title: "What the winner cannot do without", sentence: "loss of AUC on the verdict rows when a column is shuffled",
  x: "", y: "loss" })`),
    code(`
const version = await models.register("churn", {
  model: found.model, trainedOn: train,
  metrics: { auc: scored[2].auc, ap: scored[2].ap, log_loss: scored[2].loss },
  description: "Probability that a customer leaves, found by learn.auto." });
version`),
    text(`## What to take from it
- Twenty seconds give a baseline that is hard to beat by hand. Spend the hours on the *table* instead: a column about last month's quarrel
  is worth more than a thousand trials.
- The time budget makes the list of trials depend on the machine; the verdict on untouched rows is what to compare.
- Day charge and day minutes say the same thing twice (one is a price times the other). Importance is then shared between them: read the
  pair, not the bar.`),
  ],
};

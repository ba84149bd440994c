// The notebook "Credit default, end to end": one table, from a first look to a watched endpoint. Plain data, so that the same cells are
// put into an installation, run by a test, and recorded with their outputs.

import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";
import { lendingClub } from "#drizzle/seed/tables.ts";

export const creditDefault: SeedNotebook = {
  key: "credit-default",
  title: "Credit default, end to end",
  tables: [lendingClub],
  cells: [
    text(`# Who defaults, and can we know early?
Of 9,857 loans one in nineteen went bad. What can be known on the day a loan is granted, and how does that knowledge get to the desk where
the next one is decided? Every cell below runs on this machine; *Run all* does it again in less than a minute.`),
    code(`
// @cell read
import { chart, datasets, endpoints, evaluation, learn, models, pipelines, runs }
  from "atelier";

const loans = await datasets.open("lending_club");
loans`),
    text(`## What the lender's own grade knows
The lender sorts loans into sub-grades from A1 to G5 before anybody borrows. Whatever a model learns has to add to that.`),
    code(`
const bySubGrade = await (await loans.sql(\`
  select sub_grade, count(*) as n, count(*) filter (Class = 'bad') as hits
  from this group by 1 having count(*) >= 100 order by 1\`))
  .rows<{ sub_grade: string; n: number; hits: number }>();
const badShare = (row: { n: number; hits: number }) => row.hits / row.n;
const percent = (share: number) => \`\${(100 * share).toFixed(1)} %\`;
const [safest, riskiest] = [bySubGrade[0], bySubGrade.at(-1)];

chart.rates(bySubGrade, "sub_grade", {
  title: \`From \${percent(badShare(safest))} bad in \${safest.sub_grade} to \` +
    \`\${percent(badShare(riskiest))} in \${riskiest.sub_grade}\`,
  sentence: "share of bad loans with its 95 % interval; sub-grades of 100 or more",
  baseline: 0.052, x: "sub-grade; dotted: all loans, 5.2 %", y: "bad" })`),
    text(`One would think that checking an income makes a loan safer. Among these loans the checked ones went bad more often: the lender
checks where it already doubts. That is a fact about the lender, not about checking, and a model will use it all the same.`),
    code(`
const byCheck = await (await loans.sql(\`
  select concat(right(term, 2), ', ',
      lower(replace(verification_status, '_', ' '))) as loan,
    count(*) as n, count(*) filter (Class = 'bad') as hits
  from this group by term, verification_status
  order by term, verification_status\`))
  .rows<{ loan: string; n: number; hits: number }>();

chart.rates(byCheck, "loan", {
  title: "Checked incomes go with more bad loans, at either term",
  sentence: "share of bad loans with its 95 % interval; " +
    byCheck.map((row) => row.n).join(", ") + " loans",
  baseline: 0.052, x: "months, income; dotted: all loans, 5.2 %", y: "bad" })`),
    text(`## Clean and split
Incomes above a million a year and credit lines used far beyond their limit are left out, and counted. A quarter of the rows is kept for
the verdict; a part of the rest decides when the trees stop growing.`),
    code(`
// @cell clean
const clean = await loans.sql(\`
  select * from this
  where annual_inc < 1000000 and (revol_util is null or revol_util <= 120)\`);
const leftOut = loans.rowCount - clean.rowCount;
console.log(\`\${leftOut} of \${loans.rowCount} loans left out\`);`),
    code(`
// @cell split
const everything = await clean.toColumns();
const { train: known, test } = learn.trainTestSplit(everything,
  { test: 0.25, seed: 7, stratify: "Class" });
const { train, test: validation } = learn.trainTestSplit(known,
  { test: 0.2, seed: 8, stratify: "Class" });
const truth = learn.labelsOf(test, "Class", "bad");
const judge = (scores: Float64Array) => ({
  auc: learn.rocAuc(truth, scores),
  ap: learn.averagePrecision(truth, scores),
  log_loss: learn.logLoss(truth, scores) });
const bad = truth.reduce((sum, label) => sum + label, 0);
console.log(\`\${learn.rowCount(train)} to learn from, \` +
  \`\${learn.rowCount(validation)} to stop by, \` +
  \`\${truth.length} to judge by, of which \${bad} went bad\`);`),
    text(`## Two models
A logistic regression says what a straight line can; boosted trees say what bends. Both are runs, so their numbers and curves stay.`),
    code(`
// @cell logistic
const straightRun = await runs.start({
  experiment: "Credit default", name: "logistic", params: { l2: 10 } });
const straight = await learn.logisticRegression({ l2: 10 }).fit(train, {
  target: "Class", positive: "bad", validation, run: straightRun });
const straightScores = judge(straight.predict(test));
straightRun.metrics(straightScores);
await straightRun.end();
straightRun`),
    code(`
// @cell trees
const shape = {
  trees: 300, depth: 3, rate: 0.05, minLeaf: 40,
  rowShare: 0.7, columnShare: 0.7, earlyStopping: 60 };
const treesRun = await runs.start({
  experiment: "Credit default", name: "trees", params: shape });
const trees = await learn.boostedTrees(shape).fit(train, {
  target: "Class", positive: "bad", validation, run: treesRun });
const treesScores = judge(trees.predict(test));
treesRun.metrics(treesScores);
await treesRun.end();
treesRun`),
    code(`
const curve = (model: string, scores: Float64Array) =>
  learn.rocCurve(truth, scores, 120).map(({ fpr, tpr }) => ({ model, fpr, tpr }));

chart.line([
  ...curve("logistic", straight.predict(test)),
  ...curve("trees", trees.predict(test)),
], "fpr", "tpr", {
  title: \`AUC \${straightScores.auc.toFixed(3)} for the line, \` +
    \`\${treesScores.auc.toFixed(3)} for the trees\`,
  sentence: \`ROC on \${truth.length} loans that neither model saw\`,
  color: "model", height: 240,
  x: "good loans refused", y: "bad loans refused" })`),
    text(`The test rows hold few bad loans, so the difference may be luck. Drawing the same rows again and again, for both models alike, says how
far it would wander: where the interval holds zero, these rows do not tell the two apart.`),
    code(`
const wander = (a: Float64Array, b: Float64Array, times = 500) => {
  let state = 7; // a fixed seed: the same rows are drawn every time
  const draw = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from({ length: times }, () => {
    const rows = Array.from(truth, () => Math.floor(draw() * truth.length));
    const aucOf = (scores: Float64Array) =>
      learn.rocAuc(rows.map((i) => truth[i]), rows.map((i) => scores[i]));
    return aucOf(a) - aucOf(b);
  }).sort((x, y) => x - y);
};
const drawn = wander(straight.predict(test), trees.predict(test));
const [least, most] = [drawn[12], drawn[487]].map((one) => one.toFixed(3));
console.log(\`line minus trees: \${(straightScores.auc - treesScores.auc).toFixed(3)}, \` +
  \`95 % interval \${least} to \${most} (\${bad} bad loans, 500 draws)\`);`),
    text(`## Keep the better one
The version carries its signature, a sample, the profile of the rows it learned from, its run and the text of the cell that made it. With no
clear winner the higher number decides; the file is small either way.`),
    code(`
const better = straightScores.auc >= treesScores.auc
  ? { model: straight, run: straightRun, scores: straightScores }
  : { model: trees, run: treesRun, scores: treesScores };
const version = await models.register("credit-default", {
  model: better.model, trainedOn: train,
  run: better.run, metrics: better.scores,
  description: "Probability that a loan goes bad, as known on its first day." });
await models.setAlias("credit-default", "champion", version.number);
version`),
    text(`## Judge it before it serves
So far only its maker has judged it. A suite says what is asked of any version, runs it as the endpoint will, and keeps the report: on the
loans that no model saw, beside the lender's own grade, with gates that were set before anybody looked.`),
    code(`
await datasets.save("loans_held_out", test);
const graded = { sub_grade: train.sub_grade, Class: train.Class };
const grade = await learn.logisticRegression({ l2: 10 }).fit(graded, {
  target: "Class", positive: "bad" });
await models.register("lender-grade", { model: grade, trainedOn: graded,
  description: "What the lender's sub-grade alone says of a loan." });

await evaluation.save("credit-quality", {
  dataset: "loans_held_out", kind: "binary", target: "Class", positive: "bad",
  groups: ["term", "verification_status"], threshold: 0.1,
  baseline: { model: "lender-grade", version: "latest" },
  gates: [
    { kind: "value", metric: "auc", bound: "least", value: 0.65, isCertain: true },
    { kind: "value", metric: "calibrationError", bound: "most", value: 0.02 },
    { kind: "group", column: "term", metric: "auc", bound: "least", value: 0.6 },
    { kind: "baseline", metric: "auc", margin: 0.02 } ] });
await evaluation.run("credit-quality",
  { model: "credit-default", version: version.number });`),
    text(`## Serve it, and watch
The same file now answers over the Open Inference Protocol. What it answers is what this session computes.`),
    code(`
const credit = await endpoints.deploy("credit-default",
  { model: "credit-default", version: version.number });
const asked = learn.takeRows(test, [0, 1, 2, 3, 4, 5, 6, 7]);
const { probability } = await credit.predict(asked);
const own = better.model.predict(asked);
const apart = own.map((p, i) => Math.abs(p - Number(probability[i])));
console.log("largest difference", Math.max(...apart).toExponential(1));
credit`),
    code(`
await credit.send(test, { requests: 400, batch: 4, connections: 4 });`),
    text(`Then the world moves: the new branch form asks for *household* income. The same customers now state 1.6 times as much, and the monitor
compares what it hears with what the model learned from. PSI is its measure; above 0.20 it speaks up.`),
    code(`
const stated = learn.numbersOf(test, "annual_inc");
const household = { ...test, annual_inc: stated.map((income) => income * 1.6) };
await credit.send(household, { requests: 400, batch: 4, connections: 4 });

const learned = learn.numbersOf(train, "annual_inc");
const before = learn.psiDeciles(learned, stated);
const after = learn.psiDeciles(learned, household.annual_inc);
console.log(\`PSI of annual_inc: \${before.toFixed(2)} before, \${after.toFixed(2)} after\`);`),
    text(`## Every night
Cells become stages: their text is pinned, so whatever happens to this notebook, the night runs what you read here.`),
    code(`
const pipeline = "Nightly credit";
await pipelines.promote({ name: pipeline, stage: "Read and split",
  cells: ["read", "clean", "split"] });
const nightly = await pipelines.promote({ name: pipeline, stage: "Train trees",
  cells: ["trees"], schedule: "30 2 * * *" });
const first = await pipelines.run(pipeline);
const ended = await pipelines.finished(pipeline, first.number);
const course = ended.stages.map(({ stage, status }) => \`\${stage} \${status}\`);
console.log(\`pipeline run \${first.number} \${ended.status}: \${course.join(", ")}\`);
nightly`),
  ],
};

// The notebook "Credit default, end to end": one table, from a first look to a watched endpoint. Plain data, so that the same cells are
// put into an installation, run by a test, and recorded with their outputs.

export type SeedCell = { cellType: "code" | "markdown"; source: string };

const text = (source: string): SeedCell => ({ cellType: "markdown", source });
const code = (source: string): SeedCell => ({ cellType: "code", source: source.trim() });

export const title = "Credit default, end to end";

export const cells: SeedCell[] = [
  text(`# Who defaults, and can we know early?
Of 9,857 loans one in nineteen went bad. What can be known on the day a loan is granted, and how does that knowledge get to the desk where
the next one is decided? Every cell below runs on this machine; *Run all* does it again in seconds.`),
  code(`
// @cell read
import { chart, datasets, endpoints, learn, models, pipelines, runs } from "atelier";

const loans = await datasets.open("lending_club");
loans`),
  text(`## What the lender's own grade knows
The lender sorts loans into sub-grades from A1 to G5 before anybody borrows. Whatever a model learns has to add to that.`),
  code(`
const bySubGrade = await loans.sql(\`
  select sub_grade, count(*) as n, count(*) filter (Class = 'bad') as hits
  from this group by 1 having count(*) >= 100 order by 1\`);

chart.rates((await bySubGrade.rows()) as { n: number; hits: number }[], "sub_grade", {
  title: "Bad loans by the lender's sub-grade",
  sentence: "share with its 95 % interval; sub-grades with 100 loans or more; dotted: all loans, 5.2 %",
  baseline: 0.052, x: "sub-grade", y: "bad" })`),
  code(`
const byTerm = await loans.sql(\`
  select term, verification_status as verified, count(*) as n, count(*) filter (Class = 'bad') as hits
  from this group by all order by all\`);
byTerm`),
  text(`## Clean and split
Incomes above a million a year and credit lines used far beyond their limit are left out, and counted. A quarter of the rows is kept for
the verdict; a part of the rest decides when the trees stop growing.`),
  code(`
// @cell clean
const clean = await loans.sql("select * from this where annual_inc < 1000000 and (revol_util is null or revol_util <= 120)");
console.log(\`\${loans.rowCount - clean.rowCount} of \${loans.rowCount} loans left out\`);`),
  code(`
// @cell split
const { train: known, test } = learn.trainTestSplit(await clean.toColumns(), { test: 0.25, seed: 7, stratify: "Class" });
const { train, test: validation } = learn.trainTestSplit(known, { test: 0.2, seed: 8, stratify: "Class" });
const truth = learn.labelsOf(test, "Class", "bad");
const judge = (scores: Float64Array) => ({
  auc: learn.rocAuc(truth, scores),
  ap: learn.averagePrecision(truth, scores),
  log_loss: learn.logLoss(truth, scores) });
({ train: learn.rowCount(train), validation: learn.rowCount(validation), test: truth.length, badInTest: truth.reduce((a, b) => a + b, 0) })`),
  text(`## Two models
A logistic regression says what a straight line can; boosted trees say what bends. Both are runs, so their numbers stay.`),
  code(`
// @cell logistic
const goal = { target: "Class", positive: "bad", validation };
const straightRun = await runs.start({ experiment: "Credit default", name: "logistic", params: { l2: 10 } });
const straight = await learn.logisticRegression({ l2: 10 }).fit(train, goal);
const straightScores = judge(straight.predict(test));
straightRun.metrics(straightScores);
await straightRun.end();
straightRun`),
  code(`
// @cell trees
const shape = { trees: 300, depth: 3, rate: 0.05, minLeaf: 40, rowShare: 0.7, columnShare: 0.7, earlyStopping: 60 };
const treesRun = await runs.start({ experiment: "Credit default", name: "trees", params: shape });
let tree = 0;
const trees = await learn.boostedTrees(shape).fit(train, {
  target: "Class", positive: "bad", validation,
  onProgress: (_fraction, _sentence, auc) => auc !== undefined && treesRun.metric("validation_auc", auc, tree++) });
const treesScores = judge(trees.predict(test));
treesRun.metrics(treesScores);
await treesRun.end();
treesRun`),
  code(`
const curve = (model: string, scores: Float64Array) =>
  learn.rocCurve(truth, scores, 120).map(({ fpr, tpr }) => ({ model, fpr, tpr }));

chart.line([...curve("logistic", straight.predict(test)), ...curve("trees", trees.predict(test))], "fpr", "tpr", {
  title: \`AUC \${straightScores.auc.toFixed(3)} for the line, \${treesScores.auc.toFixed(3)} for the trees\`,
  sentence: \`ROC on \${truth.length} loans that neither model saw\`,
  color: "model", x: "good loans refused", y: "bad loans refused", height: 240 })`),
  text(`## Keep the better one
The version carries its signature, a sample, the profile of the rows it learned from, its run and the text of the cell that made it.`),
  code(`
const better = straightScores.auc >= treesScores.auc
  ? { model: straight, run: straightRun, scores: straightScores }
  : { model: trees, run: treesRun, scores: treesScores };
const version = await models.register("credit-default", {
  model: better.model, trainedOn: train, run: better.run, metrics: better.scores,
  description: "Probability that a loan goes bad, from what is known on the day it is granted." });
await models.setAlias("credit-default", "champion", version.number);
version`),
  text(`## Serve it, and watch
The same file now answers over the Open Inference Protocol. What it answers is what this session computes.`),
  code(`
const credit = await endpoints.deploy("credit-default", { model: "credit-default", version: version.number });
const asked = learn.takeRows(test, [0, 1, 2, 3, 4, 5, 6, 7]);
const { probability } = await credit.predict(asked);
const own = better.model.predict(asked);
console.log("largest difference", Math.max(...own.map((p, i) => Math.abs(p - Number(probability![i])))).toExponential(1));
credit`),
  code(`
await credit.send(test, { requests: 400, batch: 4, connections: 4 });`),
  text(`Then the world moves: the new branch form asks for *household* income. The same customers now state 1.6 times as much, and the monitor
compares what it hears with what the model learned from.`),
  code(`
const household = { ...test, annual_inc: (test.annual_inc as Float64Array).map((income) => income * 1.6) };
await credit.send(household, { requests: 400, batch: 4, connections: 4 });`),
  text(`## Every night
Cells become stages: their text is pinned, so whatever happens to this notebook, the night runs what you read here.`),
  code(`
await pipelines.promote({ name: "Nightly credit", stage: "Read and split", cells: ["read", "clean", "split"] });
const nightly = await pipelines.promote({ name: "Nightly credit", stage: "Train trees", cells: ["trees"], schedule: "30 2 * * *" });
const first = await pipelines.run("Nightly credit");
const { status, stages } = await pipelines.finished("Nightly credit", first.number);
console.log(\`pipeline run \${first.number} \${status}: \${stages.map((stage) => \`\${stage.stage} \${stage.status}\`).join(", ")}\`);
nightly`),
];

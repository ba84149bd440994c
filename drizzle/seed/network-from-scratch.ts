// The notebook "A network from scratch": layers written by hand, a gradient checked, a network trained on a real table beside a line, and one
// file that takes the raw columns.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";
import { churn } from "#drizzle/seed/tables.ts";

export const networkFromScratch: SeedNotebook = {
  key: "network-from-scratch",
  title: "A network from scratch",
  tables: [churn],
  smaller: { "const epochs = 40": "const epochs = 3", "const draws = 500": "const draws = 20" },
  cells: [
    text(`# A network from scratch
A network is two things in turn: a weighted sum, and a bend. This notebook writes one layer by layer, watches it become a list of
operations, checks its slope by hand, and trains it on five thousand real customers of a telephone company. At the end a straight line and
the network are asked the same question, and the better answer becomes a model.

What is written here in TypeScript is compiled into one standard graph, loss, gradients and optimiser together. What was trained is what is
served.`),
    code(`
// @cell read
import { chart, datasets, learn, models, runs } from "atelier";

const customers = await datasets.open("churn");
customers`),
    text(`## A layer
A layer takes each row *x* of numbers to new numbers. Every one of them is a weighted sum of all the old ones, and a shift:

    y = x·W + b

Two sums in a row are only another sum. What lets a network say more than a line is the bend between them, \`relu(y) = max(0, y)\`: it lets
nothing through below zero. The weights begin small and random, of deviation √(2 / inputs), so that signals neither die nor explode on their
way through (He et al. 2015).`),
    code(`
// @cell layers
const { layers, ops } = learn;
type Tensor = learn.Tensor;

const layer = (x: Tensor, width: number) =>
  ops.layer(x.graph, "layer", () => {
    const inputs = x.shape.at(-1)!;
    const W = ops.parameter(x.graph, "W", [inputs, width], layers.he(inputs));
    const b = ops.parameter(x.graph, "b", [width], layers.zeros);
    return ops.add(ops.matmul(x, W), b);
  });

const network = (x: Tensor) => {
  const first = ops.relu(layer(x, 64));
  const second = ops.relu(layer(layers.dropout(first, 0.3), 32));
  return layer(layers.dropout(second, 0.3), 1);
};`),
    text(`Nothing has been computed yet. Calling \`network\` *writes a graph*: each function adds an operation and knows the shape of what it
makes, so a mistake is found here, with the line it was made in. \`dropout\` silences three in ten signals at random while training, and
is nothing at all in a network that predicts, as here.`),
    code(`
const page = ops.openGraph({ mode: "predict" });
const eight = { dtype: "float32", shape: [8, 73] } as const;
network(ops.input(page, "x", eight));

display(page.nodes.map(({ layer, operator, outputs }) => ({
  operator: operator.name, "written in": layer,
  makes: outputs[0].shape.join(" × ") })));
const weights = [...page.parameters.values()]
  .reduce((sum, { tensor }) => sum + tensor.shape.reduce((a, b) => a * b), 0);
console.log(\`\${weights.toLocaleString("en")} weights to find\`);`),
    text(`## The slope of everything
To learn is to go downhill. For that the slope of the loss *L* by each weight is needed, and the chain rule gives all of them in one walk
backwards through the graph, each operation passing on what it owes its inputs:

    ∂L/∂x = ∂L/∂y · ∂y/∂x

\`ops.gradients\` takes that walk, and what it writes down is graph again. Is it right? A slope can also be measured: nudge one weight up and
down by *h* and see what the loss does, *(L(w + h) − L(w − h)) / 2h*. The two must agree.`),
    code(`
const sums = ops.openGraph();
const w = ops.input(sums, "w", { dtype: "float32", shape: [3, 1] });
const x = ops.constant(sums, [1, 2, -1, 0.5, -2, 1, 3, 0, 2, -1, 1, 0], [4, 3]);
const y = ops.constant(sums, [0.5, -0.2, 0.9, 0], [4, 1]);
const loss = layers.squaredError(ops.tanh(ops.matmul(x, w)), y);
const [slope] = ops.gradients(loss, [w]);

const at = (values: number[]) =>
  ops.evaluate({ loss, slope }, { w: Float32Array.from(values) });
const point = [0.3, -0.1, 0.2];
const walked = (await at(point)).slope;
const h = 0.01;
const rows: Record<string, string>[] = [];
for (const i of point.keys()) {
  const nudged = async (by: number) => Number(
    (await at(point.map((one, j) => (i === j ? one + by : one)))).loss[0]);
  const measured = (await nudged(h) - await nudged(-h)) / (2 * h);
  rows.push({ weight: \`w\${i + 1}\`, "by the chain rule":
    Number(walked[i]).toFixed(4), "by nudging": measured.toFixed(4) });
}
display(rows);`),
    text(`## From a table to numbers
A network eats numbers of about the same size. \`learn.encode\` looks at the training rows alone: a missing number becomes their median, every
number becomes *(x − mean) / deviation*, every level of a text a column of 0 and 1. Half of the rows are learned from, a quarter says when to
stop, and a quarter is kept for the verdict.`),
    code(`
// @cell encode
const everything = await customers.toColumns();
const { train: known, test } = learn.trainTestSplit(everything,
  { test: 0.25, seed: 7, stratify: "churn" });
const { train, test: validation } = learn.trainTestSplit(known,
  { test: 1 / 3, seed: 8, stratify: "churn" });

const how = { target: "churn", positive: "yes" };
const encoded = learn.encode(train, how);
const truth = learn.labelsOf(test, "churn", "yes");
console.log(\`\${encoded.width} numbers a customer, from \` +
  \`\${Object.keys(train).length - 1} columns\`);
console.log(\`\${learn.rowCount(train)} customers to learn from, \` +
  \`\${learn.rowCount(validation)} to stop by, \${truth.length} to judge by\`);`),
    text(`## Downhill
The network answers one number *z* a customer, and *p = 1 / (1 + e⁻ᶻ)* is the probability that they leave. The loss is the surprise at what
really happened, in nats: *−log p* of a customer who left, *−log(1 − p)* of one who stayed. Written so that no logarithm of zero is ever
taken, with *y* = 1 for those who left:

    L = mean( softplus(z) − y·z )

AdamW goes downhill by it, 64 customers a step, at a rate that rises at first and then falls along half a cosine. After each pass over the
rows the loss is taken on customers the network does not learn from. When it has not fallen for eight passes, training stops, and the best
weights are kept: what is learned beyond that point is these rows by heart.`),
    code(`
// @cell train
const epochs = 40;
const steps = epochs * Math.floor(learn.rowCount(train) / 64);

const run = await runs.start({ experiment: "A network from scratch",
  name: "network", params: { hidden: "64, 32", dropout: 0.3, epochs } });
const trained = await learn.fit({
  data: encoded.rows(train),
  validation: encoded.rows(validation),
  loss: ({ x, y }) => layers.binaryCrossEntropy(network(x), y),
  optimiser: learn.optimisers.adamW({ decay: 0.1 }),
  rate: learn.optimisers.cosine({ rate: 3e-3, steps, warmup: 50 }),
  batchSize: 64, steps, validateEvery: Math.floor(steps / epochs),
  patience: 8, seed: 1, run,
});`),
    text(`The curve of training falls on; that of validation is the one that counts. The same numbers are in the run, step by step.

## Is it better than a line?
A logistic regression is this network without its hidden layers: *z = x·w + b*. It sees the same rows, and both are judged on the quarter
that neither has seen.`),
    code(`
// @cell verdict
const model = encoded.model(network, trained, { kind: "network" });
const line = await learn.logisticRegression().fit(train, how);
const scores = {
  network: await model.predict(test),
  line: line.predict(test) };
const judged = Object.entries(scores).map(([name, p]) => ({ name,
  auc: learn.rocAuc(truth, p), ap: learn.averagePrecision(truth, p),
  log_loss: learn.logLoss(truth, p) }));
const [{ name: _, ...metrics }] = judged;
run.metrics(metrics);
await run.end();
display(judged.map(({ name, auc, ap, log_loss }) => ({ name,
  AUC: auc.toFixed(3), AP: ap.toFixed(3),
  "log loss": log_loss.toFixed(3) })));
run`),
    code(`
chart.line(Object.entries(scores).flatMap(([name, p]) =>
  learn.rocCurve(truth, p, 120)
    .map(({ fpr, tpr }) => ({ model: name, fpr, tpr }))), "fpr", "tpr", {
  title: \`AUC \${judged[0].auc.toFixed(3)} for the network, \` +
    \`\${judged[1].auc.toFixed(3)} for the line\`,
  sentence: \`ROC on \${truth.length} customers that neither has seen\`,
  color: "model", height: 260, x: "stayers bothered", y: "leavers found" })`),
    text(`Might that be luck? The same customers drawn again and again, for both models alike, say how far the difference would wander.`),
    code(`
const draws = 500;
let state = 7; // a fixed seed: the same customers are drawn every time
const draw = () => (state = (state * 48271) % 2147483647) / 2147483647;
const gains = Array.from({ length: draws }, () => {
  const who = Array.from(truth, () => Math.floor(draw() * truth.length));
  const aucOf = (p: Float64Array) =>
    learn.rocAuc(who.map((i) => truth[i]), who.map((i) => p[i]));
  return aucOf(scores.network) - aucOf(scores.line);
}).sort((a, b) => a - b);
const [least, most] = [0.025, 0.975]
  .map((share) => gains[Math.floor(share * draws)].toFixed(3));
console.log(\`network minus line: \` +
  \`\${(judged[0].auc - judged[1].auc).toFixed(3)} AUC, \` +
  \`95 % interval \${least} to \${most}\`);`),
    text(`## What a line cannot say
Take the customers of the verdict, and let all of them have talked for 0, 20, 40 … 340 minutes a day, everything else as it is. A line can
only tilt. The network has learned that little changes up to some four hours, and very much beyond: the bend that \`relu\` made possible. (That it
rises again towards zero is less certain: few customers talk so little.)`),
    code(`
const minutes = Array.from({ length: 18 }, (_, i) => 20 * i);
const bends: { minutes: number; model: string; p: number }[] = [];
for (const each of minutes) {
  const all = (value: number) => new Float64Array(truth.length).fill(value);
  const asked = { ...test, total_day_minutes: all(each),
    total_day_charge: all(0.17 * each) };
  const mean = (p: Float64Array) => p.reduce((a, b) => a + b) / p.length;
  bends.push({ minutes: each, model: "network",
    p: mean(await model.predict(asked)) });
  bends.push({ minutes: each, model: "line", p: mean(line.predict(asked)) });
}
chart({
  title: { text: "The line tilts, the network bends",
    subtitle: \`mean probability to leave, of \${truth.length} customers, \` +
      "by minutes a day; the day's charge is 17 cents a minute" },
  width: "container", height: 240, data: { values: bends },
  mark: { type: "line", point: true },
  encoding: {
    x: { field: "minutes", type: "quantitative", title: "minutes a day" },
    y: { field: "p", type: "quantitative", title: "leave",
      axis: { format: ".0%" } },
    color: { field: "model", type: "nominal", title: "" } } })`),
    text(`## Keep it
The version is one ONNX file. Medians, scales, levels and the network are all in it, so it takes the *raw* columns of the table by name,
and whoever calls it needs to know nothing of 73 numbers. Promote the cells *read* to *register*, and a new network learns every night.`),
    code(`
// @cell register
const version = await models.register("churn-network", {
  model, trainedOn: train, run, metrics,
  description: "Probability that a customer leaves, " +
    "by a network of two hidden layers." });
version`),
    code(`
const kept = await models.load("churn-network", version.number);
const [someone] = await customers.rows();
const [answer] = await kept.predict([someone]);
console.log(\`\${someone.state}, \${someone.total_day_minutes} minutes a day: \` +
  \`leaves with \${(100 * answer).toFixed(1)} %\`);`),
    text(`## What to take from it
- A network is a function you write. Change a width, add a layer, put \`layers.layerNorm\` between two: the graph, its gradient and the file
  follow.
- Look at **validation** alone. A network of seven thousand weights can learn 2,500 customers by heart; stopping early, dropout and decay are
  three ways of not letting it.
- Compare with a **line** first. Where it does as well, keep it: it is faster, and it can be read.
- On tables of this size boosted trees are hard to beat, as *Churn by AutoML* shows. Networks come into their own where rows are many, or are
  pictures, sounds and text: see *A small language model*.`),
  ],
};

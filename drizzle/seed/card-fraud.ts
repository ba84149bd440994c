// The notebook "Card fraud": synthetic transactions by a published design, judged as a fraud desk would be, and two kinds of drift.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";

export const cardFraud: SeedNotebook = {
  key: "card-fraud",
  title: "Card fraud",
  smaller: {
    "const size = { days: 157 }": "const size = { days: 67, customers: 1200, terminals: 2400, radius: 10 }",
    "const week = 115": "const week = 25",
    "const changeDay = 136": "const changeDay = 46",
  },
  cells: [
    text(`# Which card was stolen?
A bank sees ten thousand payments a day, fewer than one in a hundred of them fraud, and learns which only a week later. The payments here
are **synthetic**: made from a seed by the published design of the fraud-detection handbook (Le Borgne, Siblini, Lebichot, Bontempi 2022),
5,000 customers who pay at terminals near them. So the truth is known: it comes beside the payments, and says when the world changes. Fraud
of a new kind begins on day 136.`),
    code(`
// @cell payments
import { chart, learn, models, runs } from "atelier";

const size = { days: 157 };
const changeDay = 136;
const { transactions, truth } = learn.cardTransactions({ ...size,
  seed: 1, drift: [{ day: changeDay, kind: "scenario" }] });
const percent = (share: number) => \`\${(100 * share).toFixed(2)} %\`;
const shareOf = (flags: ArrayLike<number>) =>
  Array.from(flags).reduce((sum, one) => sum + one, 0) / flags.length;
const count = transactions.time.length.toLocaleString("en");
console.log(\`\${count} payments, \` +
  \`\${percent(shareOf(transactions.isFraud))} of them fraud\`);
console.log("the truth beside them:", JSON.stringify(truth));`),
    code(`
const kinds = ["", "large amount", "bad terminal", "leaked card",
  "small amounts (new)"];
const perDay = new Map<string, number>();
for (const [i, scenario] of transactions.scenario.entries()) {
  if (scenario === 0) continue;
  const key = \`\${transactions.day[i]} \${scenario}\`;
  perDay.set(key, (perDay.get(key) ?? 0) + 1);
}
const daily = [...perDay].map(([key, payments]) => {
  const [day, scenario] = key.split(" ").map(Number);
  return { day, kind: kinds[scenario], payments };
}).sort((a, b) => a.day - b.day);

chart.line(daily, "day", "payments", {
  title: \`Three kinds of fraud, and a fourth from day \${changeDay} on\`,
  sentence: "fraudulent payments a day; " +
    "a terminal stays bad for 28 days, so the first month fills up",
  color: "kind", height: 240 })`),
    text(`## Fifteen features and an honest split
What a payment is compared with: the customer's own count and mean amount over 1, 7 and 30 days, and the terminal's count and share of
fraud over the same spans, **delayed by a week**, because nobody knows earlier. Training takes one week, the test the week after the next;
cards known to be compromised by then are left out, since they are blocked already.`),
    code(`
// @cell split
const features = learn.cardFeatures(transactions);
const week = 115;
const { trainRows, testRows } = learn.fraudWeeks(transactions, week);
const train = learn.takeRows(features, trainRows);
const test = learn.takeRows(features, testRows);
const labels = learn.labelsOf(test, "isFraud", 1);
console.log(\`\${trainRows.length.toLocaleString("en")} to learn from, \` +
  \`\${testRows.length.toLocaleString("en")} to judge by, \` +
  \`\${percent(shareOf(labels))} of those fraud\`);`),
    text(`## A line, a forest, and boosting
AUC asks whether fraud is ranked above honest payments anywhere; **average precision** asks it where it counts, at the top of the list;
**card precision@100** is what a desk lives by: of the hundred cards it can call a day, how many were stolen. Each model is a run, and keeps
the truth as a file.`),
    code(`
// @cell models
const how = { target: "isFraud", positive: 1 };
const estimators = {
  logistic: learn.logisticRegression(),
  forest: learn.randomForest({ trees: 100, seed: 0 }),
  boosting: learn.boostedTrees(
    { trees: 100, depth: 4, rate: 0.1, minLeaf: 10 }) };

const judge = async (name: keyof typeof estimators) => {
  const run = await runs.start({ experiment: "Card fraud", name,
    params: { week, payments: trainRows.length } });
  const model = await estimators[name].fit(train, how);
  const scores = model.predict(test);
  const metrics = {
    auc: learn.rocAuc(labels, scores),
    ap: learn.averagePrecision(labels, scores),
    card_precision: learn.cardPrecision(
      transactions, testRows, scores, 100) };
  run.metrics(metrics);
  await run.artefact("drift-truth.json", JSON.stringify(truth));
  await run.end();
  return { name, model, run, scores, metrics };
};
const tried = [await judge("logistic"), await judge("forest"),
  await judge("boosting")];
display(tried.map(({ name, metrics }) => ({ name,
  AUC: metrics.auc.toFixed(3), AP: metrics.ap.toFixed(3),
  "card precision@100": metrics.card_precision.toFixed(3) })));`),
    code(`
const [line, forest] = tried;
const points = tried.flatMap(({ name, scores }) =>
  learn.prCurve(labels, scores)
    .map(({ recall, precision }) => ({ model: name, recall, precision })));

chart.line(points, "recall", "precision", {
  title: \`AUC \${line.metrics.auc.toFixed(2)} and \` +
    \`\${forest.metrics.auc.toFixed(2)}, line and forest; \` +
    \`AP \${line.metrics.ap.toFixed(2)} and \${forest.metrics.ap.toFixed(2)}\`,
  sentence: \`precision and recall on \` +
    \`\${labels.length.toLocaleString("en")} payments\`,
  color: "model", height: 260,
  x: "share of fraud found", y: "share of alarms that are right" })`),
    code(`
const looksAt = learn.importance(forest.model).slice(0, 8);

chart({
  title: { text: "What the forest looks at",
    subtitle: "share of the impurity that its splits take away" },
  width: "container", height: 240, data: { values: looksAt }, mark: "bar",
  encoding: {
    x: { field: "share", type: "quantitative", title: "share" },
    y: { field: "column", type: "nominal", sort: "-x", title: "" } } })`),
    text(`## Keep the best
The one with the greatest average precision is registered with its signature, a sample and the profile of the week it learned from. The
cells *payments*, *split*, *models* and *register* can be promoted to a nightly stage; there the payments would come from a data set.`),
    code(`
// @cell register
const [best] = [...tried].sort((a, b) => b.metrics.ap - a.metrics.ap);
const version = await models.register("card-fraud", {
  model: best.model, trainedOn: train,
  run: best.run, metrics: best.metrics,
  description: "Probability that a payment is fraud. " +
    "Learned from synthetic payments." });
version`),
    text(`## The world changes: a new kind of fraud
From day 136 on leaked cards are used for *small* amounts. Nothing in the inputs looks odd: small amounts have always been there. A monitor
of inputs stays quiet, and rightly so by its measure; only labels, a week late, tell that the model misses what is new.`),
    code(`
const later = learn.fraudWeeks(transactions, changeDay);
const fresh = learn.takeRows(features, later.testRows);
const freshLabels = learn.labelsOf(fresh, "isFraud", 1);
const retrained = await learn.randomForest({ trees: 100, seed: 0 })
  .fit(learn.takeRows(features, later.trainRows), how);
const apOf = (model: typeof retrained) =>
  learn.averagePrecision(freshLabels, model.predict(fresh));
const weeks = [
  { forest: "before the change", ap: forest.metrics.ap },
  { forest: "after it, the same", ap: apOf(forest.model) },
  { forest: "after it, retrained", ap: apOf(retrained) }];
const amountsIn = (table: typeof train) =>
  learn.numbersOf(table, "amount");
const unseen = learn.psiDeciles(amountsIn(train), amountsIn(fresh));
console.log(\`PSI of amount: \${unseen.toFixed(3)}; a monitor is quiet\`);

chart.bar(weeks, "forest", "ap", {
  title: \`AP \${weeks.map(({ ap }) => ap.toFixed(2)).join(", then ")}\`,
  sentence: "average precision of a forest of 100 trees; the retrained " +
    "one learned from the first week of the new fraud",
  x: "", y: "average precision" })`),
    text(`## The world changes: prices rise
The other switch multiplies all amounts by 1.6 from a day on. This one a monitor of inputs must see, on that day and not before.`),
    code(`
const riseDay = 35;
const risen = learn.cardTransactions({
  customers: 1500, terminals: 3000, radius: 9, days: 50, seed: 2,
  drift: [{ day: riseDay, kind: "amounts", factor: 1.6 }] });
const { amount, day: dayOf } = risen.transactions;
const amountsOn = (from: number, to: number) =>
  amount.filter((_, i) => dayOf[i] >= from && dayOf[i] < to);
const reference = amountsOn(0, 21);
const watched = Array.from({ length: 29 }, (_, i) => {
  const psi = learn.psiDeciles(reference, amountsOn(21 + i, 22 + i));
  return { day: 21 + i, psi };
});
const calm = Math.max(...watched
  .filter(({ day }) => day < riseDay).map(({ psi }) => psi));
const moved = watched.find(({ day }) => day === riseDay)!.psi;

chart({
  title: { text: \`PSI of amount: at most \${calm.toFixed(3)} before day \` +
    \`\${riseDay}, \${moved.toFixed(2)} on it\`,
    subtitle: "each day against the first three weeks; dotted: the limit " +
      "at which a monitor speaks up" },
  width: "container", height: 220,
  layer: [
    { data: { values: watched }, mark: "line", encoding: {
      x: { field: "day", type: "quantitative", scale: { zero: false } },
      y: { field: "psi", type: "quantitative", title: "PSI" } } },
    { data: { values: [{ limit: 0.2 }] },
      mark: { type: "rule", strokeDash: [2, 3] },
      encoding: { y: { field: "limit", type: "quantitative" } } }] })`),
    text(`## What to take from it
- Judge fraud by **average precision** and by cards a day. AUC hides the difference that matters.
- Let labels arrive late in the *evaluation* too. A split that forgets the delay promises what no desk will see.
- Watch inputs **and** outcomes: each of the two changes above is invisible to one of the two.
- The original design does not drift, and retraining gains nothing there; here it does because the fraud changed, not because time passed.`),
  ],
};

// The notebook "Card fraud": synthetic transactions by a published design, judged as a fraud desk would be, and two kinds of drift.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";

export const cardFraud: SeedNotebook = {
  key: "card-fraud",
  title: "Card fraud",
  smaller: {
    "days: 157": "days: 67, customers: 1200, terminals: 2400, radius: 10",
    "const week = 115": "const week = 25",
    "day: 136": "day: 46",
  },
  cells: [
    text(`# Which card was stolen?
A bank sees ten thousand payments a day, fewer than one in a hundred of them fraud, and learns which only a week later. The payments here
are **synthetic**: made from a seed by the published design of the fraud-detection handbook (Le Borgne, Siblini, Lebichot, Bontempi 2022).
So the truth is known, and it is known when the world changes: fraud of a new kind begins on day 136.`),
    code(`
import { chart, learn, models, runs } from "atelier";

const { transactions, truth } = learn.cardTransactions({
  days: 157, seed: 1, drift: [{ day: 136, kind: "scenario" }] });
const frauds = transactions.isFraud.reduce((sum, one) => sum + one, 0);
const percent = (share: number) => \`\${(100 * share).toFixed(2)} %\`;
console.log(\`\${transactions.time.length.toLocaleString("en")} payments, \` +
  \`\${percent(frauds / transactions.time.length)} of them fraud\`);
console.log("written beside them:", JSON.stringify(truth));`),
    code(`
const perDay = new Map<string, number>();
for (const [i, scenario] of transactions.scenario.entries()) {
  if (scenario === 0) continue;
  const key = \`\${transactions.day[i]} \${scenario}\`;
  perDay.set(key, (perDay.get(key) ?? 0) + 1);
}
const kinds = ["", "large amount", "bad terminal", "leaked card", "small amounts (new)"];
const daily = [...perDay].map(([key, payments]) => {
  const [day, scenario] = key.split(" ").map(Number);
  return { day, kind: kinds[scenario], payments };
}).sort((a, b) => a.day - b.day);

chart.line(daily, "day", "payments", {
  title: \`Three kinds of fraud, and from day \${truth[0].day} a fourth\`,
  sentence: "fraudulent payments a day; terminals stay bad for 28 days, so the first month still fills up",
  color: "kind", height: 220 })`),
    text(`## Fifteen features and an honest split
What a payment is compared with: the customer's own count and mean amount over 1, 7 and 30 days, and the terminal's count and share of
fraud over the same spans, **delayed by a week**, because nobody knows earlier. Training takes one week, the test the week after the next;
cards known to be compromised by then are left out, since they are blocked already.`),
    code(`
const features = learn.cardFeatures(transactions);
const week = 115;
const { trainRows, testRows } = learn.fraudWeeks(transactions, week);
const train = learn.takeRows(features, trainRows);
const test = learn.takeRows(features, testRows);
const labels = learn.labelsOf(test, "isFraud", 1);
const baseRate = labels.reduce((sum, one) => sum + one, 0) / labels.length;
console.log(\`\${trainRows.length.toLocaleString("en")} payments to learn from, \` +
  \`\${testRows.length.toLocaleString("en")} to judge by, \${percent(baseRate)} fraud\`);`),
    text(`## A line, a forest, and boosting
AUC asks whether fraud is ranked above honest payments anywhere; **average precision** asks it where it counts, at the top of the list;
**card precision@100** is what a desk lives by: of the hundred cards it can call a day, how many were stolen.`),
    code(`
const how = { target: "isFraud", positive: 1 };
const judged = async (name: string, estimator: ReturnType<typeof learn.randomForest>) => {
  const run = await runs.start({ experiment: "Card fraud", name });
  const model = await estimator.fit(train, how);
  const scores = model.predict(test);
  const metrics = {
    auc: learn.rocAuc(labels, scores),
    ap: learn.averagePrecision(labels, scores),
    card_precision: learn.cardPrecision(transactions, testRows, scores, 100) };
  run.metrics(metrics);
  await run.end();
  console.log(name.padEnd(9), "AUC", metrics.auc.toFixed(3), " AP", metrics.ap.toFixed(3),
    " card precision@100", metrics.card_precision.toFixed(3));
  return { name, model, scores, metrics, run };
};
const line = await judged("logistic", learn.logisticRegression());
const forest = await judged("forest", learn.randomForest({ trees: 100, seed: 0 }));
const boosted = await judged("boosting",
  learn.boostedTrees({ trees: 100, depth: 4, rate: 0.1, minLeaf: 10 }));`),
    code(`
const points = [line, forest, boosted].flatMap(({ name, scores }) => {
  const whole = learn.prCurve(labels, scores);
  const step = Math.max(1, Math.floor(whole.length / 150));
  return whole.filter((_, i) => i % step === 0)
    .map(({ recall, precision }) => ({ model: name, recall, precision }));
});

chart.line(points, "recall", "precision", {
  title: \`AUC \${line.metrics.auc.toFixed(2)} sounds fine for the line; \` +
    \`AP says \${line.metrics.ap.toFixed(2)} against the forest's \${forest.metrics.ap.toFixed(2)}\`,
  sentence: \`precision and recall on \${labels.length.toLocaleString("en")} payments\`,
  color: "model", height: 240, x: "share of fraud found", y: "share of alarms that are right" })`),
    code(`
chart.bar(learn.importance(forest.model).slice(0, 8), "column", "share", {
  title: "What the forest looks at",
  sentence: "share of the impurity its splits take away", x: "", y: "share" })`),
    code(`
const version = await models.register("card-fraud", {
  model: forest.model, trainedOn: train, run: forest.run, metrics: forest.metrics,
  description: "Probability that a payment is fraud. Learned from synthetic payments." });
version`),
    text(`## The world changes: a new kind of fraud
From day 136 leaked cards are used for *small* amounts. Nothing in the inputs looks odd: small amounts have always been there. A monitor
of inputs stays quiet, and rightly so by its measure; only labels, a week late, tell that the model misses what is new.`),
    code(`
const changedOn = truth[0].day;
const later = learn.fraudWeeks(transactions, changedOn);
const fresh = learn.takeRows(features, later.testRows);
const freshLabels = learn.labelsOf(fresh, "isFraud", 1);
const retrained = await learn.randomForest({ trees: 100, seed: 0 })
  .fit(learn.takeRows(features, later.trainRows), how);
const apOf = (model: typeof retrained) => learn.averagePrecision(freshLabels, model.predict(fresh));
const weeks = [
  { model: "before the change", ap: forest.metrics.ap },
  { model: "after it, same model", ap: apOf(forest.model) },
  { model: "after it, retrained", ap: apOf(retrained) }];
const psi = learn.psiDeciles(train.amount as Float64Array, fresh.amount as Float64Array);
console.log(\`PSI of amount: \${psi.toFixed(3)}; nothing to see\`);

chart.bar(weeks, "model", "ap", {
  title: \`Average precision falls from \${weeks[0].ap.toFixed(2)} to \${weeks[1].ap.toFixed(2)}; \` +
    \`retraining gives \${weeks[2].ap.toFixed(2)}\`,
  sentence: "a forest of 100 trees; the retrained one learned from the first week of the new fraud",
  x: "", y: "average precision" })`),
    text(`## The world changes: prices rise
The other switch multiplies all amounts by 1.6 from a day on. This one a monitor of inputs must see, on that day and not before.`),
    code(`
const smaller = { customers: 1500, terminals: 3000, radius: 9, days: 50, seed: 2 };
const risen = learn.cardTransactions({ ...smaller,
  drift: [{ day: 35, kind: "amounts", factor: 1.6 }] });
const amountsOn = (from: number, to: number) =>
  risen.transactions.amount.filter((_, i) =>
    risen.transactions.day[i] >= from && risen.transactions.day[i] < to);
const reference = amountsOn(0, 21);
const watched = Array.from({ length: 29 }, (_, i) => ({
  day: 21 + i, psi: learn.psiDeciles(reference, amountsOn(21 + i, 22 + i)) }));
const calm = Math.max(...watched.filter(({ day }) => day < 35).map(({ psi }) => psi));
const moved = watched.find(({ day }) => day === 35)!.psi;

chart.line(watched, "day", "psi", {
  title: \`PSI of amount: at most \${calm.toFixed(3)} before day 35, \${moved.toFixed(2)} on it\`,
  sentence: "each day against the first three weeks; above 0.20 a monitor speaks up", y: "PSI" })`),
    text(`## What to take from it
- Judge fraud by **average precision** and by cards a day. AUC hides the difference that matters.
- Let labels arrive late in the *evaluation* too. A split that forgets the delay promises what no desk will see.
- Watch inputs **and** outcomes: each of the two changes above is invisible to one of the two.
- In the original design, which does not drift, retraining gains nothing; here it does because the fraud changed, not because time passed.`),
  ],
};

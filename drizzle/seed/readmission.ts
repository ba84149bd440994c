// The notebook "Readmission": a synthetic cohort, risk as a calibrated probability, and who is called by group.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";

export const readmission: SeedNotebook = {
  key: "readmission",
  title: "Readmission",
  smaller: { "patients: 20_000": "patients: 4000", "resamples: 100": "resamples: 20" },
  cells: [
    text(`# Who comes back within thirty days?
A nurse can call one patient in five after they leave. Whom? The cohort is **synthetic**, made from a seed; no person is in it. It has what
hospital exports have: several encounters a patient, coded gaps (\`?\`), and an outcome that is rare and mostly chance.

Your own export fits too. Upload a CSV of encounters in the layout of the public *130 US hospitals* table as the data set \`encounters\`,
and make the cohort of it by \`learn.hospitalEncounters\`, as the comment in the first cell shows: the same columns come out, or a sentence
that says which are missing.`),
    code(`
// @cell cohort
import { chart, learn, models, progress, runs } from "atelier";

// Of your own: learn.hospitalEncounters(
//   await (await datasets.open("encounters")).toColumns())
const cohort = learn.readmissionCohort({ patients: 20_000, seed: 1 });
const back = learn.labelsOf(cohort, "readmitted", "yes");
const rate = back.reduce((sum, one) => sum + one, 0) / back.length;
const patients = cohort.patient as Float64Array;
const percent = (share: number) => \`\${(100 * share).toFixed(1)} %\`;
console.log(\`\${back.length.toLocaleString("en")} encounters of \` +
  \`\${new Set(patients).size.toLocaleString("en")} patients, \` +
  \`\${percent(rate)} readmitted\`);
for (const name of ["weight", "a1c", "payer"]) {
  const gaps = (cohort[name] as string[]).filter((one) => one === "?");
  console.log(\`\${name}: \${percent(gaps.length / back.length)} unknown\`);
}`),
    code(`
const counted = (label: string, isIn: (row: number) => boolean) => {
  const rows = Array.from(back.keys()).filter(isIn);
  const hits = rows.filter((i) => back[i]).length;
  return { label, n: rows.length, hits };
};
const prior = cohort.priorInpatient as Float64Array;
const byPrior = [0, 1, 2, 3, 4, 5].map((visits) => visits < 5
  ? counted(String(visits), (i) => prior[i] === visits)
  : counted("5 and more", (i) => prior[i] >= visits));
const often = byPrior[5].hits / byPrior[5].n;
const never = byPrior[0].hits / byPrior[0].n;

chart.rates(byPrior, "label", {
  title: \`From \${percent(never)} without an earlier stay \` +
    \`to \${percent(often)} after five\`,
  sentence: "share readmitted, with its 95 % interval",
  baseline: rate, y: "readmitted",
  x: \`inpatient stays before; dotted: all, \${percent(rate)}\` })`),
    text(`## Split by patient, not by row
The same person on both sides of a split would let a model recognise people instead of risk. So a fold is the patient's number modulo
five: each model is fitted five times and judged on people it has never met.`),
    code(`
// @cell folds
const inputs = learn.dropColumns(cohort, ["patient", "encounter"]);
const rowsOf = (...folds: number[]) => Array.from(patients.keys())
  .filter((i) => folds.includes(patients[i] % 5));
const how = { target: "readmitted", positive: "yes", isQuiet: true };
const candidates = {
  logistic: learn.logisticRegression(),
  trees: learn.boostedTrees(
    { trees: 120, depth: 3, rate: 0.05, minLeaf: 40 }) };
const mean = (values: number[]) =>
  values.reduce((sum, one) => sum + one, 0) / values.length;

const judge = async (name: keyof typeof candidates) => {
  const estimator = candidates[name];
  const rule = progress(\`\${name}: five folds\`);
  const run = await runs.start({ experiment: "Readmission", name });
  const folds: { auc: number; ap: number; brier: number }[] = [];
  for (const fold of [0, 1, 2, 3, 4]) {
    const others = [0, 1, 2, 3, 4].filter((one) => one !== fold);
    const model = await estimator.fit(
      learn.takeRows(inputs, rowsOf(...others)), how);
    const held = learn.takeRows(inputs, rowsOf(fold));
    const [y, p] = [learn.labelsOf(held, "readmitted", "yes"),
      model.predict(held)];
    const scores = { auc: learn.rocAuc(y, p), brier: learn.brier(y, p),
      ap: learn.averagePrecision(y, p) };
    run.metrics(scores, fold);
    folds.push(scores);
    rule.tell(folds.length / 5, \`\${name}: fold \${folds.length} of 5\`);
  }
  await run.end();
  rule.done(\`\${name}: each fold judged on patients it never met.\`);
  return { name, estimator, run, aucs: folds.map((one) => one.auc),
    auc: mean(folds.map((one) => one.auc)),
    ap: mean(folds.map((one) => one.ap)),
    brier: mean(folds.map((one) => one.brier)) };
};
const tried = [await judge("logistic"), await judge("trees")];
display(tried.map(({ name, auc, ap, brier }) => ({ name,
  auc: +auc.toFixed(3), ap: +ap.toFixed(3), brier: +brier.toFixed(4) })));`),
    code(`
// @cell best
const best = tried.reduce((a, b) => (b.auc > a.auc ? b : a));

chart({
  title: { text: \`AUC \${best.auc.toFixed(3)} by \${best.name}\`,
    subtitle: "a dot for each fifth of patients, a stroke at the mean" },
  width: "container", height: 150,
  data: { values: tried.flatMap(({ name, aucs, auc }) =>
    aucs.map((one) => ({ name, one, auc }))) },
  encoding: { y: {
    field: "name", type: "nominal", sort: null, title: "" } },
  layer: [
    { mark: { type: "point", filled: true, size: 46 }, encoding: { x: {
      field: "one", type: "quantitative", title: "AUC",
      scale: { zero: false } } } },
    { mark: { type: "tick", thickness: 2 }, encoding: { x: {
      field: "auc", type: "quantitative" } } }] })`),
    text(`An AUC below 0.7 is what such tables give, in the literature as here: most of who comes back is not written in the record of the
stay. A model that promises 0.9 has probably seen the answer. The folds differ more than the models do; where that is so, take the simpler.`),
    text(`## Does 20 % mean 20 %?
A threshold is set on a probability, so the probability must mean what it says. Three fifths of the patients teach, one fifth is kept for
Platt scaling, which shifts and stretches the scores until they are right, and the last fifth judges. The slope of a logistic recalibration
should be near 1: below it a model is too sure of itself.`),
    code(`
// @cell calibrated
const train = learn.takeRows(inputs, rowsOf(0, 1, 2));
const aside = learn.takeRows(inputs, rowsOf(3));
const test = learn.takeRows(inputs, rowsOf(4));
const truth = learn.labelsOf(test, "readmitted", "yes");
const fitted = await best.estimator.fit(train, how);
const honest = learn.calibrate(fitted, aside, { by: "platt" });

type Bin = { model: string; predicted: number; observed: number };
const curves: Bin[] = [];
const said = [["as fitted", fitted], ["calibrated", honest]] as const;
for (const [model, one] of said) {
  const scores = one.predict(test);
  const { slope } = learn.recalibration(truth, scores);
  const error = learn.expectedCalibrationError(truth, scores);
  console.log(model.padEnd(11), "slope", slope.toFixed(2),
    " calibration error", error.toFixed(4));
  for (const bin of learn.calibrationBins(truth, scores, 20))
    if (bin.n >= 40) curves.push({ ...bin, model });
}
const top = Math.max(...curves.map((bin) => bin.predicted));
for (const p of [0, top])
  curves.push({ model: "as said", predicted: p, observed: p });

chart.line(curves, "predicted", "observed", {
  title: "What was said, and what came of it",
  sentence: "share readmitted by predicted risk; 40 encounters or more",
  color: "model", height: 220, x: "risk as predicted", y: "readmitted" })`),
    text(`## Whom would the nurse call?
The fifth with the greatest risk. And is the call given alike? For every group: what share is called, with an interval, because a small
group makes a wide guess; and how many of those who do come back were among the called.`),
    code(`
const risk = honest.predict(test);
const threshold = Float64Array.from(risk).sort()[
  Math.floor(0.8 * risk.length)];
const called = learn.atThreshold(truth, risk, threshold);
console.log(\`Calling from a risk of \${percent(threshold)} on reaches \` +
  \`\${percent(called.recall)} of those who return;\`);
console.log(\`\${percent(called.precision)} of calls go to one of them.\`);

const years = (test.age as string[]).map((band) =>
  parseInt(band.slice(1)));
const groups = {
  sex: test.sex as string[],
  age: years.map((from) => from < 50 ? "20 to 49"
    : from < 70 ? "50 to 69" : "70 and older") };
const fairness = Object.entries(groups).map(([by, group]) => ({ by,
  ...learn.byGroup(truth, risk, group,
    { threshold, resamples: 100, seed: 1 }) }));
const shown = fairness.flatMap(({ by, groups }) => groups
  .map(({ group, n, recall, selectionRate, selection }) => ({
    by, group, n, called: selectionRate, low: selection.low,
    high: selection.high, recall })));
display(shown.map(({ group, n, called, recall }) => ({ group,
  encounters: n, called: percent(called), "found of those who return":
  percent(recall) })));`),
    code(`
const place = { field: "group", type: "nominal", sort: null, title: "",
  axis: { labelAngle: 0 } };
const apart = fairness.map(({ by, demographicParityDifference: gap }) =>
  \`\${(100 * gap).toFixed(1)} points by \${by}\`).join(", ");

chart({
  title: { text: \`The share called differs by \${apart}\`,
    subtitle: "share called in each group, with its 95 % interval" },
  width: "container", height: 180, data: { values: shown },
  layer: [
    { mark: { type: "rule", strokeWidth: 2, strokeDash: [1, 0] },
      encoding: { x: place, y2: { field: "high" }, y: {
        field: "low", type: "quantitative", title: "called",
        axis: { format: ".0%" } } } },
    { mark: { type: "point", filled: true, size: 46 },
      encoding: { x: place, y: { field: "called", type: "quantitative" },
        tooltip: [{ field: "group" }, { field: "n" },
          { field: "called", format: ".1%" }] } }] })`),
    text(`## Keep it
The version carries its signature, a sample and the profile of the patients it learned from, so that what it is asked later can be compared
with them. Promote the cells *cohort*, *folds*, *best*, *calibrated* and *register* to a nightly stage once the cohort is your own.`),
    code(`
// @cell register
const judged = honest.predict(test);
const version = await models.register("readmission", {
  model: honest, trainedOn: train, run: best.run,
  metrics: { auc: learn.rocAuc(truth, judged),
    brier: learn.brier(truth, judged) },
  description: "Risk of readmission within thirty days. " +
    "Learned from a synthetic cohort: not for patients." });
version`),
    text(`## What to take from it
- Group by patient before anything else; the rest of the evaluation rests on it.
- Calibrate on people the model has not seen, and set the threshold by what the ward can do, not by 0.5.
- A group that is called more often may simply return more often. Compare the share *found* before calling it unfair, and do not read
  much into a difference whose intervals overlap.
- The cohort is made up. Nothing here says how *your* patients behave: load your own, and read the same charts again.`),
  ],
};

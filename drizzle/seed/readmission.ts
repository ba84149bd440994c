// The notebook "Readmission": a synthetic cohort, risk as a calibrated probability, and who is called by group.
import { code, type SeedNotebook, text } from "#drizzle/seed/notebook.ts";

export const readmission: SeedNotebook = {
  key: "readmission",
  title: "Readmission",
  smaller: { "patients: 12_000": "patients: 4000", "resamples: 300": "resamples: 60" },
  cells: [
    text(`# Who comes back within thirty days?
A nurse can call one patient in five after they leave. Whom? The cohort is **synthetic**, made from a seed; no person is in it. It has what
hospital exports have: several encounters a patient, coded gaps (\`?\`), and an outcome that is rare and mostly chance.

Your own export fits too. Upload a CSV of encounters in the layout of the public *130 US hospitals* table as a data set, and read it with
\`learn.hospitalEncounters(await (await datasets.open("encounters")).toColumns())\`: the same columns come out, or a sentence that says
which are missing.`),
    code(`
import { chart, learn, models, runs } from "atelier";

const cohort = learn.readmissionCohort({ patients: 12_000, seed: 1 });
const back = learn.labelsOf(cohort, "readmitted", "yes");
const rate = back.reduce((sum, one) => sum + one, 0) / back.length;
const patients = cohort.patient as Float64Array;
console.log(\`\${back.length.toLocaleString("en")} encounters of \${new Set(patients).size.toLocaleString("en")} patients, \` +
  \`\${(100 * rate).toFixed(1)} % readmitted\`);
for (const name of ["weight", "a1c", "payer"]) {
  const unknown = (cohort[name] as string[]).filter((one) => one === "?").length;
  console.log(\`\${name}: \${Math.round((100 * unknown) / back.length)} % unknown\`);
}`),
    code(`
const prior = cohort.priorInpatient as Float64Array;
const byPrior = [0, 1, 2, 3, 4, 5].map((visits) => {
  const rows = Array.from(prior.keys()).filter((i) => (visits === 5 ? prior[i] >= 5 : prior[i] === visits));
  return { visits: visits === 5 ? "5+" : String(visits), n: rows.length, hits: rows.filter((i) => back[i]).length };
});

chart.rates(byPrior, "visits", {
  title: "Every earlier stay raises the risk of the next",
  sentence: "share readmitted with its 95 % interval",
  baseline: rate, x: \`inpatient stays before; dotted: all, \${(100 * rate).toFixed(1)} %\`, y: "readmitted" })`),
    text(`## Split by patient, not by row
The same person on both sides of a split would let a model recognise people instead of risk. Three fifths of the *patients* teach, one
fifth calibrates, one fifth judges.`),
    code(`
const inputs = learn.dropColumns(cohort, ["patient", "encounter"]);
const part = (places: number[]) => Array.from(patients.keys()).filter((i) => places.includes(patients[i] % 5));
const testRows = part([4]);
const train = learn.takeRows(inputs, part([0, 1, 2]));
const aside = learn.takeRows(inputs, part([3]));
const test = learn.takeRows(inputs, testRows);
const truth = learn.labelsOf(test, "readmitted", "yes");

const how = { target: "readmitted", positive: "yes" };
const run = await runs.start({ experiment: "Readmission", name: "trees" });
const straight = await learn.logisticRegression().fit(train, how);
const trees = await learn.boostedTrees({ trees: 150, depth: 3, rate: 0.05, minLeaf: 40 })
  .fit(train, { ...how, run });
for (const [name, model] of [["logistic", straight], ["trees", trees]] as const) {
  const scores = model.predict(test);
  console.log(name.padEnd(9), "AUC", learn.rocAuc(truth, scores).toFixed(3),
    " AP", learn.averagePrecision(truth, scores).toFixed(3), " Brier", learn.brier(truth, scores).toFixed(4));
}`),
    text(`An AUC near 0.7 is what such tables give, in the literature as here: most of who comes back is not written in the chart of the
first stay. Be wary of a model that promises 0.9; it has probably seen the answer.`),
    code(`
chart.bar(learn.importance(trees).slice(0, 7), "column", "share", {
  title: "Earlier inpatient stays say most", sentence: "share of what the trees' splits gain", x: "", y: "share" })`),
    text(`## Does 20 % mean 20 %?
A threshold is set on a probability, so the probability must mean what it says. Platt scaling on the patients kept aside shifts the
scores until it does; the slope of a logistic recalibration should be near 1.`),
    code(`
const honest = learn.calibrate(trees, aside, { by: "platt" });
const curves = ([["as fitted", trees], ["calibrated", honest]] as const).flatMap(([model, one]) => {
  const scores = one.predict(test);
  const { slope, intercept } = learn.recalibration(truth, scores);
  console.log(model.padEnd(11), "calibration error", learn.expectedCalibrationError(truth, scores).toFixed(4),
    " slope", slope.toFixed(2), " intercept", intercept.toFixed(2));
  return learn.calibrationBins(truth, scores, 20).filter((bin) => bin.n >= 30)
    .map(({ predicted, observed }) => ({ model, predicted, observed }));
});
const diagonal = [0, 0.4].map((p) => ({ model: "perfect", predicted: p, observed: p }));

chart.line([...curves, ...diagonal], "predicted", "observed", {
  title: "Said and seen", sentence: "share readmitted by predicted risk; bins with 30 encounters or more",
  color: "model", height: 220, x: "risk as predicted", y: "readmitted" })`),
    text(`## Whom would the nurse call?
The fifth with the greatest risk. The question after that: is the call given alike? For every group, how many are called, and how many of
those who do come back are among them, with intervals, because a small group makes a wide guess.`),
    code(`
const risk = honest.predict(test);
const threshold = Float64Array.from(risk).sort()[Math.floor(0.8 * risk.length)];
const called = learn.atThreshold(truth, risk, threshold);
console.log(\`calling from a risk of \${(100 * threshold).toFixed(1)} %: \` +
  \`\${Math.round(100 * called.recall)} % of those who return are called, \` +
  \`\${Math.round(100 * called.precision)} % of calls reach one of them\`);

const groupsOf = (column: string) => learn.byGroup(truth, risk, test[column] as string[],
  { threshold, resamples: 300, seed: 1 });
const fairness = { sex: groupsOf("sex"), age: groupsOf("age") };
for (const [name, found] of Object.entries(fairness))
  console.log(\`\${name}: selection \${found.demographicParityDifference.toFixed(2)} apart, \` +
    \`recall \${found.equalOpportunityDifference.toFixed(2)} apart\`);`),
    code(`
const shown = Object.values(fairness).flatMap((found) => found.groups).filter((one) => one.n >= 100);
const span = { x: { field: "group", type: "nominal", sort: null, title: "", axis: { labelAngle: 0 } } };

chart({
  title: { text: "Older patients are called more often; the sexes alike",
    subtitle: "share called, with its 95 % interval; groups of 100 encounters or more" },
  width: "container", height: 200,
  data: { values: shown.map(({ group, n, selectionRate, selection }) =>
    ({ group, n, rate: selectionRate, low: selection.low, high: selection.high })) },
  layer: [
    { mark: { type: "rule", strokeWidth: 2, strokeDash: [1, 0] }, encoding: { ...span,
      y: { field: "low", type: "quantitative", title: "called", axis: { format: ".0%" } }, y2: { field: "high" } } },
    { mark: { type: "point", filled: true, size: 46 }, encoding: { ...span,
      y: { field: "rate", type: "quantitative" }, tooltip: [{ field: "group" }, { field: "rate", format: ".1%" }, { field: "n" }] } }] })`),
    code(`
await run.end();
const version = await models.register("readmission", {
  model: honest, trainedOn: train, run,
  metrics: { auc: learn.rocAuc(truth, risk), brier: learn.brier(truth, risk) },
  description: "Risk of readmission within thirty days. Learned from a synthetic cohort: not for patients." });
version`),
    text(`## What to take from it
- Group by patient before anything else; the rest of the evaluation rests on it.
- Calibrate on people the model has not seen, and set the threshold by what the ward can do, not by 0.5.
- That older patients are called more often is the base rate at work, not yet unfairness; compare **recall** before deciding. Where its
  intervals overlap, this cohort does not tell the groups apart.
- The cohort is made up. Nothing here says how *your* patients behave: load your own, and read the same charts again.`),
  ],
};

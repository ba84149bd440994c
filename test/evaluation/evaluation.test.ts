// The evaluation room over HTTP: suites, an evaluation by a real process, gates in words, death of workers, refusals.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as datasets from "#lib/datasets/contract.ts";
import * as contract from "#lib/evaluation/contract.ts";
import { judgeGates } from "#lib/evaluation/rules.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { labelsOf } from "#lib/learn/tables/table.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";
import { applicants, fitCredit, registerModel } from "#test/kit/serving.ts";

let house: House;
let credit: Awaited<ReturnType<typeof fitCredit>>;
let jobs: typeof import("#lib/evaluation/jobs.ts");
const main = { workspace: "main" };
const query = async (text: string, values: unknown[] = []) => (await import("#db")).pool().query(text, values);
const table = applicants(900, 21);

const asCsv = (columns: Record<string, ArrayLike<unknown>>): string => {
  const names = Object.keys(columns);
  const rows = Array.from({ length: columns[names[0]!]!.length }, (_, i) =>
    names.map((name) => (Number.isNaN(columns[name]![i]) ? "" : String(columns[name]![i]))).join(","),
  );
  return [names.join(","), ...rows].join("\n");
};

const bring = async (name: string, columns: Record<string, ArrayLike<unknown>>): Promise<void> => {
  const { readNext } = await import("#lib/datasets/jobs.ts");
  await house.as("editor")(datasets.createDataset, { ...main, name });
  await house.as("editor")(datasets.uploadVersion, { ...main, dataset: name, fileName: `${name}.csv` }, { body: asCsv(columns) });
  while (await readNext());
};

const suite = {
  ...main,
  suite: "credit-quality",
  dataset: "applicants",
  kind: "binary",
  target: "outcome",
  positive: "bad",
  groups: ["grade", "income"],
  draws: 100,
  baseline: { model: "credit", version: "1" },
  gates: [
    { kind: "value", metric: "auc", bound: "least", value: 0.55 },
    { kind: "value", metric: "brier", bound: "most", value: 0.01, isCertain: true },
    { kind: "baseline", metric: "auc", margin: 0.05 },
    { kind: "gap", column: "grade", metric: "selectionRate", value: 1 },
    { kind: "group", column: "grade", metric: "accuracy", bound: "least", value: 0.99 },
  ],
} as const;
const save = (more: object = {}) => house.as("editor")(contract.saveSuite, { ...suite, ...more } as never);
const run = (more: object = {}) =>
  house.as("editor")(contract.runSuite, { ...main, suite: "credit-quality", model: "credit", version: "latest", ...more });
const read = (evaluation: number) => house.as("viewer")(contract.readEvaluation, { ...main, evaluation });
const work = async (): Promise<void> => {
  while (await jobs.evaluateNext());
};

beforeAll(async () => {
  house = await openHouse();
  jobs = await import("#lib/evaluation/jobs.ts");
  credit = await fitCredit(1);
  await registerModel(house, "credit", credit);
  await registerModel(house, "credit", await fitCredit(2));
  await bring("applicants", { ...table });
  await save();
});
afterAll(() => house.close());

describe("refusals", () => {
  const at = () => house;
  refusals(at, contract.listSuites, () => main, { minimumRole: "viewer" });
  refusals(at, contract.saveSuite, () => ({ ...suite, suite: "other" }) as never, { minimumRole: "editor", bad: { threshold: 2 } });
  refusals(at, contract.readSuite, () => ({ ...main, suite: "credit-quality" }), { minimumRole: "viewer" });
  refusals(at, contract.runSuite, () => ({ ...main, suite: "credit-quality", model: "credit" }), {
    minimumRole: "editor",
    bad: { version: 5 },
  });
  refusals(at, contract.listEvaluations, () => main, { minimumRole: "viewer" });
  refusals(at, contract.readEvaluation, () => ({ ...main, evaluation: 1 }), { minimumRole: "viewer", bad: { evaluation: -1 } });
  refusals(at, contract.stopEvaluation, () => ({ ...main, evaluation: 1 }), { minimumRole: "editor", bad: { evaluation: 0 } });
  it("a suite that does not fit its table names what is wrong", async () => {
    expect((await refusal(save({ target: "verdict" }))).message).toContain("target: applicants has no column verdict");
    expect((await refusal(save({ positive: null }))).message).toContain("positive:");
    expect((await refusal(save({ groups: [], gates: suite.gates.slice(3, 4) }))).message).toContain("grade is not among the groups");
    expect((await refusal(save({ metrics: ["bleu"] }))).message).toContain("bleu is not measured for binary");
    expect((await refusal(save({ kind: "ranking" }))).message).toContain("query:");
    expect((await refusal(save({ dataset: "absent" }))).status).toBe(404);
  });
  it("a model that takes a column the table has not is refused before anything waits", async () => {
    await bring("narrow", { rate: table.rate!, outcome: table.outcome! });
    await save({ suite: "narrow", dataset: "narrow", groups: [], gates: [], baseline: null });
    expect((await refusal(run({ suite: "narrow" }))).message).toContain("takes income, which narrow has not");
    expect((await refusal(run({ version: "99" }))).status).toBe(404);
    expect((await refusal(run({ model: null }))).message).toContain("model:");
  });
});

describe("an evaluation", () => {
  it("EV3 judges with the numbers the model gives in its notebook, and says each gate in words", async () => {
    const { number } = await run({ version: "1" });
    await work();
    const done = await read(number);
    expect(done).toMatchObject({
      status: "done",
      judged: { model: "credit", version: 1 },
      dataset: { name: "applicants", version: 1 },
      isPassed: false,
    });
    const report = done.report!;
    const own = rocAuc(labelsOf(table, "outcome", "bad"), credit.fitted.predict(table));
    expect(Math.abs(report.metrics[0]!.value! - own)).toBeLessThan(1e-6);
    expect(report).toMatchObject({ rows: 900, skipped: 0, sampledFrom: null });
    expect(report.metrics[0]!.low).toBeLessThan(own);
    expect(report.metrics[0]!.difference).toEqual({ value: 0, low: 0, high: 0 });
    expect(report.groups.map((one) => [one.column, one.levels.length])).toEqual([
      ["grade", 6],
      ["income", 4],
    ]);
    expect(report.figures.curves!.roc.length).toBeGreaterThan(20);
    expect(done.findings!.map((one) => one.isPassed)).toEqual([true, false, true, true, false]);
    expect(done.findings![0]!.sentence).toMatch(/^AUC is 0\.\d+, 95 % interval 0\.\d+ to 0\.\d+; asked for is at least 0\.55\.$/);
    expect(done.findings![4]!.sentence).toMatch(/the worst group; asked for is at least 0\.99 in every group\.$/);
    expect(done.sentence).toBe("3 of 5 gates passed.");
  });
  it("EV1 keeps the plan it was queued with when the suite changes; the same suite again makes no revision", async () => {
    expect((await save()).revision).toBe(1);
    const { number } = await run();
    expect((await save({ gates: suite.gates.slice(0, 1) })).revision).toBe(2);
    await work();
    expect((await read(number)).findings).toHaveLength(5);
    expect(await read(number)).toMatchObject({ suiteRevision: 1, judged: { version: 2 }, baseline: { version: 1 } });
    const { evaluations } = await house.as("viewer")(contract.readSuite, { ...main, suite: "credit-quality" });
    expect(evaluations.map((one) => one.number)).toEqual([...evaluations.map((one) => one.number)].sort((a, b) => b - a));
    const ofVersion = await house.as("viewer")(contract.listEvaluations, { ...main, model: "credit", version: 2 });
    expect(ofVersion.items.map((one) => one.number)).toEqual([number]);
    expect(
      (await house.as("viewer")(contract.listSuites, main)).items.find((one) => one.name === "credit-quality")!.latest!.headline!.name,
    ).toBe("auc");
  });
  it("EV2 one that a dead worker left is begun again and ends once", async () => {
    const { number } = await run();
    const { claimEvaluation } = await import("#lib/evaluation/store.ts");
    const dead = await claimEvaluation("a worker that is gone", new Date(Date.now() - 1), new Date());
    expect(dead!.number).toBe(number);
    await Promise.all([work(), work()]);
    const done = await read(number);
    expect(done.status).toBe("done");
    const { finishEvaluation } = await import("#lib/evaluation/store.ts");
    const { sql } = await import("#db");
    const late = await finishEvaluation({ sql: sql(), workspaceId: house.workspaceId }, done.id, "a worker that is gone", {
      status: "failed",
      sentence: "late",
    });
    expect(late).toBe(false);
    expect((await query("select count(*) as n from audit where action = 'evaluation.done' and subject = $1", [done.id])).rows[0].n).toBe(
      "1",
    );
    expect(await read(number)).toEqual(done);
  });
  it("EV2 after three dead workers it has failed and says so", async () => {
    const { number, id } = await run();
    await query("update evaluation set status = 'running', attempts = 3 where id = $1", [id]);
    await work();
    expect(await read(number)).toMatchObject({ status: "failed", report: null });
    expect((await read(number)).sentence).toContain("ended 3 times");
  });
  it("one that waits is stopped at once and never runs; one that has ended stays", async () => {
    const { number } = await run();
    const stop = () => house.as("editor")(contract.stopEvaluation, { ...main, evaluation: number });
    expect((await stop()).status).toBe("stopped");
    await work();
    expect(await read(number)).toMatchObject({ status: "stopped", report: null });
    expect(await stop()).toEqual(await stop());
  });
  it("EV3 a damaged model file fails the evaluation with a sentence and nothing else", async () => {
    await registerModel(house, "damaged", { ...credit, onnx: new Uint8Array(2000).fill(7) });
    const { number } = await run({ model: "damaged" });
    await work();
    const failed = await read(number);
    expect(failed).toMatchObject({ status: "failed", report: null });
    expect(failed.sentence).not.toContain("/");
  });
  it("numbers, ranked lists and texts that a table holds are judged without a model", async () => {
    await bring("answers", {
      query: ["a", "a", "b", "b"],
      gain: [1, 0, 2, 0],
      score: [0.9, 0.2, 0.1, 0.7],
      reference: ["the cat sat on the mat", "a dog ran home", "it rains today", "we go out"],
      answer: ["the cat sat on the mat", "the dog runs home", "it rains", "we went out"],
    });
    let figures: contract.Report["figures"] | null = null;
    const units = () => figures!.units!.filter((one) => one.count > 0);
    const judged = async (name: string, more: object) => {
      await save({ suite: name, dataset: "answers", positive: null, groups: [], gates: [], baseline: null, ...more });
      const { number } = await run({ suite: name, model: null });
      await work();
      const done = await read(number);
      expect(done, done.sentence).toMatchObject({ status: "done", judged: null, isPassed: null });
      figures = done.report!.figures;
      return Object.fromEntries(done.report!.metrics.map((one) => [one.name, one.value]));
    };
    const number = await judged("numbers", { kind: "number", target: "gain", answerColumn: "score" });
    expect(number.mae).toBeCloseTo((0.1 + 0.2 + 1.9 + 0.7) / 4, 9);
    const ranked = await judged("ranked", { kind: "ranking", target: "gain", answerColumn: "score", query: "query" });
    expect(ranked.mrr).toBe(0.75);
    // one query is in its best order, the other upside down: 1 and 1/log2(3) = 0.63
    expect(units()).toEqual([
      { from: 0.6, to: 0.65, count: 1 },
      { from: 0.95, to: 1, count: 1 },
    ]);
    const text = await judged("texts", { kind: "text", target: "reference", answerColumn: "answer", metrics: ["ter", "bleu"] });
    expect(Object.keys(text)).toEqual(["ter", "bleu"]);
    expect(text.bleu).toBeGreaterThan(20);
    expect(units().reduce((sum, one) => sum + one.count, 0)).toBe(4);
    expect(units().at(-1)).toEqual({ from: 0.95, to: 1, count: 1 });
  });
});

describe("gates", () => {
  it("EV6 what could not be measured has not passed", () => {
    const plan = contract.planSchema.parse({
      dataset: "a",
      kind: "binary",
      target: "y",
      positive: "1",
      groups: ["g"],
      baseline: { model: "m", version: "1" },
      gates: [
        { kind: "value", metric: "auc", bound: "most", value: 1 },
        { kind: "group", column: "g", metric: "auc", bound: "least", value: 0 },
        { kind: "gap", column: "g", metric: "auc", value: 1 },
        { kind: "baseline", metric: "auc", margin: 1 },
      ],
    });
    const nothing = { value: null, low: null, high: null };
    const report = {
      metrics: [{ name: "auc", ...nothing, baseline: null, difference: nothing }],
      groups: [{ column: "g", others: 0, levels: [{ level: "x", n: 3, metrics: { auc: nothing } }] }],
    } as unknown as contract.Report;
    const judged = judgeGates(plan, report)!;
    expect(judged.findings.map((one) => one.isPassed)).toEqual([false, false, false, false]);
    expect(judgeGates({ ...plan, gates: [] }, report)).toBeNull();
  });
});

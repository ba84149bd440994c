// AutoML: beats the best default on real tables with a small budget, keeps its time, leaves out what cheats and says so, and writes cells
// that are code.
import { describe, expect, it } from "vitest";
import { auto } from "#lib/learn/auto/auto.ts";
import { blend, greedyWeights } from "#lib/learn/auto/blend.ts";
import { partsOf, runRace } from "#lib/learn/auto/race.ts";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { type Columns, dropColumns, trainTestSplit } from "#lib/learn/tables/table.ts";
import { randomFolds } from "#lib/learn/validation/folds.ts";
import { customers, distance, readTable, throughOnnx } from "#test/kit/tables.ts";

const real: [string, string, string, string][] = [
  ["churn", "test/learn/data/churn.csv", "churn", "yes"],
  ["credit_data", "test/learn/data/credit_data.csv", "Status", "bad"],
];

describe("learn.auto", () => {
  it.each(real)("%s: on rows it never saw, within .01 of the best single default or better", async (_name, path, target, positive) => {
    const { train, test } = trainTestSplit(readTable(path), { test: 0.25, seed: 5, stratify: target });
    const found = await auto(train, { target, positive, budget: { seconds: 600, trials: 9 } });
    const defaults = [boostedTrees(), logisticRegression()];
    const areas: number[] = [];
    for (const one of defaults) areas.push((await one.fit(train, { target, positive })).evaluate(test).auc!);
    expect(found.model.evaluate(test).auc).toBeGreaterThan(Math.max(...areas) - 0.01);
    expect(found.trials).toHaveLength(9);
    expect(distance(found.model.answer(test).probability!, (await throughOnnx(found.model, test)).probability!)).toBeLessThan(1e-5);
  });
  it("a leak and an identifier are left out and said; the cells name what was done", async () => {
    const table: Columns = { ...customers(500, 1) };
    for (const name of ["tier", "spend", "visits"]) delete table[name];
    table.closedOn = (table.isLost as string[]).map((one) => (one === "yes" ? "2024-01-02" : ""));
    table.id = (table.isLost as string[]).map((_, i) => `customer ${i}`);
    const told: string[] = [];
    const found = await auto(table, {
      target: "isLost",
      positive: "yes",
      budget: { seconds: 4 },
      onProgress: (_f, sentence) => told.push(sentence),
    });
    expect(found.dropped.sort()).toEqual(["closedOn", "id"]);
    expect(found.model.signature.inputs.map((one) => one.name)).not.toContain("closedOn");
    expect(found.cells[0]!.source).toMatch(/closedOn alone tells isLost almost exactly/);
    const code = found.cells.filter((one) => one.kind === "code").map((one) => one.source);
    expect(code.join("\n")).toMatch(/"closedOn": "drop"/);
    expect(code.join("\n")).toMatch(/await learn\.\w+\(/);
    expect(told.at(-1)).toMatch(/trials?, auc 0\.\d{4}/);
  });
  it("numbers and several classes have their own metrics", async () => {
    const { tier: _t, isLost: _l, visits: _v, ...numbers } = customers(400, 1);
    expect((await auto(numbers, { target: "spend", budget: { seconds: 3 } })).metric).toBe("rmse");
    const { spend: _s, isLost: _i, visits: _w, ...classes } = customers(400, 1);
    const found = await auto(classes, { target: "tier", budget: { seconds: 3 } });
    expect(found.metric).toBe("logLoss");
    expect(found.model.evaluate(classes).accuracy).toBeGreaterThan(0.6);
    await expect(auto(classes, { target: "nothing" })).rejects.toThrow(/no column nothing/);
  });
  it("rows without a target are left out, and the cells leave them out too", async () => {
    const table: Columns = { ...dropColumns(customers(300, 1), ["tier", "spend", "visits"]) };
    table.isLost = (table.isLost as string[]).map((one, i) => (i % 10 === 0 ? "" : one));
    const found = await auto(table, { target: "isLost", positive: "yes", budget: { seconds: 600, trials: 1 } });
    expect(found.findings[0]!.sentence).toBe("isLost has no value in 30 rows. Leave these rows out.");
    expect(found.cells[1]!.source).toContain(
      'const rows = learn.rowsWith(table, "isLost");\nconst { train, test } = learn.trainTestSplit(rows,',
    );
    expect(found.cells[1]!.source).toContain('stratify: "isLost"');
  });
  it("a number of two values is learned as yes or no, and that is said", async () => {
    const { isLost, tier: _t, spend: _s, visits: _v, ...rest } = customers(300, 1);
    const table: Columns = { ...rest, left: Float64Array.from(isLost as string[], (one) => Number(one === "yes")) };
    const found = await auto(table, { target: "left", budget: { seconds: 600, trials: 1 } });
    expect([found.metric, found.model.task]).toEqual(["auc", "binary"]);
    expect(found.findings[0]!.sentence).toBe("left is a number of two values. It is learned as yes or no, and 1 counts as yes.");
    expect(found.cells[2]!.source).toContain('{ target: "left", positive: 1 }');
  });
  it("the budget of memory is kept by drawing rows, and both the finding and the cells say so", async () => {
    const table = dropColumns(customers(1500, 1), ["tier", "isLost", "visits"]);
    const width = Object.keys(table).length;
    const found = await auto(table, { target: "spend", budget: { seconds: 600, trials: 1, megabytes: (600 * width * 60) / 1e6 } });
    expect(found.findings[0]!.sentence).toMatch(/^600 of 1500 rows were drawn/);
    expect(found.cells[1]!.source).toContain("learn.sampleRows(table, 600, 0)");
    await expect(auto(table, { target: "spend", budget: { megabytes: 0 } })).rejects.toThrow(/0 megabytes hold no row/);
  });
  it("a fit under way when the time is up ends there; the first default is spared", async () => {
    const table = dropColumns(customers(400, 1), ["tier", "isLost", "visits"]);
    const parts = partsOf(table, randomFolds(400, 4, 0));
    const late = AbortSignal.abort();
    const how = { target: "spend" };
    const race = {
      task: "number",
      parts,
      how,
      preprocess: {},
      seed: 0,
      endsAt: Date.now() + 1e7,
      late,
      trialLimit: 4,
      tell: () => {},
    } as const;
    const { ran, trials } = await runRace(race);
    expect(ran.map((one) => one.candidate.family)).toContain("ridge");
    const cut = trials.filter((one) => one.code.startsWith("learn.boostedTrees"));
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.map((one) => one.error)).toEqual(cut.map(() => "The time was up."));
  });
  it("when the time is up no fit begins; one default is tried in any case", async () => {
    const found = await auto(dropColumns(customers(400, 1), ["tier", "isLost", "visits"]), { target: "spend", budget: { seconds: 0.001 } });
    expect(found.trials.map((one) => [one.isDefault, one.error])).toEqual([[true, null]]);
    expect(found.model.kind).toBe("ridge regression");
  });
  it("stops when told", async () => {
    const stop = new AbortController();
    const running = auto(customers(400, 1), {
      target: "spend",
      budget: { seconds: 60 },
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(running).rejects.toThrow(/stopped/);
  });
});

describe("blends", () => {
  it("are the weighted mean, and one file says so", async () => {
    const [train, test] = [customers(400, 1), customers(200, 2)];
    const how = { target: "isLost", positive: "yes" };
    const [a, b] = [await boostedTrees({ trees: 30 }).fit(train, how), await logisticRegression().fit(train, how)];
    const both = blend([a, b], [3, 1]);
    const [pa, pb] = [a.predict(test), b.predict(test)];
    expect(both.predict(test).every((p, i) => Math.abs(p - (0.75 * pa[i]! + 0.25 * pb[i]!)) < 1e-12)).toBe(true);
    expect(distance(both.answer(test).probability!, (await throughOnnx(both, test)).probability!)).toBeLessThan(1e-5);
    const other = await boostedTrees({ trees: 5 }).fit(train, { target: "spend" });
    expect(() => blend([a, other])).toThrow(/same target and task/);
  });
  it("greedy weights never lose to the best single member", () => {
    const y = Float64Array.from({ length: 40 }, (_, i) => i % 2);
    const noisy = (shift: number) => y.map((one, i) => one + Math.sin(i * 7 + shift) * 1.2);
    const quality = (mean: Float64Array): number => -mean.reduce((sum, one, i) => sum + (one - y[i]!) ** 2, 0);
    const scores = [noisy(0), noisy(2), noisy(4)];
    const weights = greedyWeights(scores, quality);
    const total = weights.reduce((a, b) => a + b);
    const mean = y.map((_, i) => scores.reduce((sum, one, m) => sum + (weights[m]! / total) * one[i]!, 0));
    expect(quality(mean)).toBeGreaterThan(Math.max(...scores.map(quality)));
  });
});

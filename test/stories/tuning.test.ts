// Studies that the worker's sessions search in parallel. One while worker, gateway and a session are killed with -9 in the middle of it: no trial
// that ended is lost or counted twice, what was in a lost session is tried again, and the study goes on to its end. One in a browser, from the
// dialog over Stop and Resume to a version of a model.
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDataset, readVersion, uploadVersion } from "#lib/datasets/contract.ts";
import { listLeases } from "#lib/devices/contract.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { openStudy, readStudy, registerTrial, type WholeStudy, workStudy } from "#lib/tuning/contract.ts";
import { noBrowser, openBrowser, watchPage } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { asking, kill, workspace } from "#test/kit/story.ts";

const name = "falling ridge";
const trials = 36;
const cells = [
  `import { learn, models } from "atelier";
const x = Float64Array.from({ length: 40 }, (_, i) => i / 10);
const table = { x, y: x.map((one, i) => 2 * one + (i % 3)) };`,
  `const objective = async ({ params, run, report }) => {
  const model = await learn.ridge({ l2: params.l2 }).fit(table, { target: "y" });
  const { rmse } = model.evaluate(table);
  for (let step = 1; step <= 6; step++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await report(step, rmse + 1 / step);
  }
  await models.keep(run, { model, trainedOn: table });
  return rmse;
};`,
];

let product: Product;
beforeAll(async () => {
  product = await startProduct();
}, 300_000);
afterAll(() => product.stop(), 60_000);

const read = (): Promise<WholeStudy> => asking(product)(readStudy, { workspace, study: name });
const isEnded = (one: WholeStudy["trials"][number]): boolean => one.state === "complete" || one.state === "pruned";

/** Waits until so many more trials have ended, and answers all that have. */
const after = async (more: number): Promise<WholeStudy["trials"]> => {
  const before = (await read()).trials.filter(isEnded).length;
  return eventually(
    `${more} trials more`,
    async () => {
      const ended = (await read()).trials.filter(isEnded);
      return ended.length >= Math.min(trials - 6, before + more) && ended;
    },
    120_000,
  );
};

const browser = await openBrowser();

it("TU2 TU3 TU4 TU7 TU8 a study of three sessions keeps every ended trial once and goes on to its end", async () => {
  const ask = asking(product);
  const { id } = await ask(createNotebook, {
    workspace,
    title: name,
    cells: cells.map((source) => ({ cellType: "code" as const, source })),
  });
  const code = (await ask(readNotebook, { workspace, notebook: id })).cells;
  await ask(openStudy, {
    workspace,
    name,
    space: { l2: { type: "float", low: 0.001, high: 1000, log: true } },
    objectives: [{ name: "rmse", direction: "minimize" }],
    pruner: { type: "median", startupTrials: 4, warmupSteps: 2 },
    seed: 3,
    trials,
  });
  await ask(workStudy, { workspace, study: name, notebook: id, cell: code[1]!.id, objective: "objective", parallel: 3 });

  const kept: WholeStudy["trials"] = [];
  for (const kind of ["worker", "kernel", "session"]) {
    kept.push(...(await after(4)));
    await kill(product, kind);
  }
  const whole = await eventually(
    "the study ends",
    async () => {
      const now = await read();
      return now.hands.every((one) => one.status === "done") && now;
    },
    180_000,
  );

  expect(whole.counts).toMatchObject({ failed: 0, running: 0 });
  expect(whole.counts.complete + whole.counts.pruned).toBe(trials);
  for (const one of kept) expect(whole.trials[one.number]).toEqual(one);
  const retried = whole.trials.flatMap((one) => (one.retryOf === null ? [] : [one]));
  for (const one of retried) expect(one.params).toEqual(whole.trials[one.retryOf!]!.params);
  const first = whole.trials.filter((one) => one.state === "lost" && one.retryOf === null);
  expect(retried.map((one) => one.retryOf).sort()).toEqual(first.map((one) => one.number).sort());
  expect(whole.hands).toHaveLength(3);

  const { items: runs } = await ask(listRuns, { workspace, experiment: name, limit: 500 });
  const statusOf = new Map(runs.map((run) => [run.number, run.status]));
  const wanted = { complete: "done", pruned: "cancelled", lost: "failed" } as Record<string, string>;
  const logged = whole.trials.filter((one) => one.runNumber !== null);
  expect(new Set(logged.map((one) => one.runNumber)).size).toBe(logged.length);
  for (const one of logged) expect([one.number, statusOf.get(one.runNumber!)]).toEqual([one.number, wanted[one.state]]);
  expect(whole.trials.filter(isEnded).every((one) => one.runNumber !== null)).toBe(true);

  expect(whole.keepsModel).toBe(true);
  const version = await ask(registerTrial, { workspace, study: name, model: "ridge" });
  expect(version.run!.number).toBe(whole.trials[whole.best!.number]!.runNumber);
  expect(version.metrics.rmse).toBeCloseTo(whole.best!.values[0]!, 12);
  expect((await ask(registerTrial, { workspace, study: name, model: "ridge" })).number).toBe(version.number);
  await eventually("no session is left", async () => (await ask(listLeases, { workspace })).items.length === 0);
}, 300_000);

const rows = Array.from({ length: 240 }, (_, i) => {
  const [income, rate] = [(i * 37) % 100, (i * 53) % 17];
  return `${income},${rate},${income * 0.4 + ((i * 29) % 31) < 30 ? "bad" : "good"}`;
});

it.skipIf(!browser)(
  `a study begun on its page stops, resumes, ends, and its best model becomes a version${browser ? "" : `: no browser here (${noBrowser()})`}`,
  async () => {
    const ask = asking(product);
    await ask(createDataset, { workspace, name: "loans", description: "" });
    const csv = `income,rate,outcome\n${rows.join("\n")}\n`;
    await ask(uploadVersion, { workspace, dataset: "loans", fileName: "loans.csv" }, { body: csv as never });
    await eventually(
      "the table is read",
      async () => (await ask(readVersion, { workspace, dataset: "loans", version: "latest" })).status === "ready",
    );
    const page = await (await browser!.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.setDefaultTimeout(90_000);
    const seen = watchPage(page, product.url);
    await signIn(page, product);
    await page.goto(`${product.url}/${workspace}/tuning`);
    await page.getByRole("button", { name: "New study" }).click();
    await page.getByLabel("Name", { exact: true }).fill("loans by logistic");
    await page.getByLabel("Column to predict").selectOption("outcome");
    await page.getByLabel("Counts as positive").selectOption("bad");
    await page.getByRole("combobox", { name: /^Estimator/ }).selectOption("logisticRegression");
    await page.getByRole("spinbutton", { name: "Trials" }).fill("40");
    await page.getByRole("button", { name: "Begin" }).click();
    await page.waitForURL(`${product.url}/${workspace}/tuning/loans%20by%20logistic`);
    const study = () => ask(readStudy, { workspace, study: "loans by logistic" });

    await eventually("first trials", async () => (await study()).counts.complete >= 2, 120_000);
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    const halted = await eventually("its sessions end", async () => {
      const now = await study();
      return now.hands.every((one) => one.status === "done") && now;
    });
    expect(halted.status).toBe("stopped");
    expect(halted.counts.running).toBe(0);
    await page.getByText("Stopped", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    const done = await eventually("every trial has ended", async () => {
      const now = await study();
      return now.counts.complete + now.counts.pruned === 40 && now.keepsModel && now;
    });
    await page.getByText("40 of 40 trials have ended").waitFor();
    expect(await page.getByText("Done", { exact: true }).count()).toBe(1);
    expect(done.hands.length).toBeGreaterThan(halted.hands.length);

    await page.getByRole("button", { name: "Register the best model" }).click();
    await page.getByRole("button", { name: "Register", exact: true }).click();
    await page.waitForURL(`${product.url}/${workspace}/models/loans-by-logistic/versions/1`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const best = done.trials[done.best!.number]!;
    expect(await page.locator("main").textContent()).toContain(`run ${best.runNumber}`);
    expect(seen).toEqual({ complaints: [], foreign: [] });
    await page.close();
    await browser!.close();
  },
  300_000,
);

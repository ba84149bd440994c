// The thread, as a team lives it: from a cell that two people write at once to a watched endpoint and a nightly stage. Real processes, real
// browsers; the example notebook's own cells, with one more that takes its time.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { creditDefault } from "#drizzle/seed/credit-default.ts";
import { bringTable } from "#drizzle/seed/furnish.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import { listModels, readVersion } from "#lib/models/contract.ts";
import { readMonitor } from "#lib/monitoring/contract.ts";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { promoteCells, readPipeline, readPipelineLog, setSchedule } from "#lib/pipelines/contract.ts";
import { deploy, readEndpoint } from "#lib/serving/contract.ts";
import { runCells } from "#lib/sessions/contract.ts";
import { noBrowser, openBrowser } from "#test/kit/browser.ts";
import { eventually, isHealthy, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { refusal } from "#test/kit/refusals.ts";
import { asking, join, outcomeOf, type Person, tokenOf, workspace } from "#test/kit/story.ts";

const browser = await openBrowser();
const epochs = 30;
const slow = `
// @cell epochs
for (let epoch = 1; epoch <= ${epochs}; epoch++) {
  console.log("epoch", epoch, "of", ${epochs});
  await new Promise((resolve) => setTimeout(resolve, 120));
}`.trim();
const compare = `
const rows = learn.takeRows(test, [0, 1, 2, 3, 4, 5, 6, 7]);
console.log("ROWS" + JSON.stringify(Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, [...values]]))));
console.log("OWN" + JSON.stringify([...better.model.predict(rows)]));`.trim();
const story = [
  creditDefault.cells[0]!,
  creditDefault.cells[1]!,
  { cellType: "code" as const, source: slow },
  ...creditDefault.cells.slice(2),
  { cellType: "code" as const, source: compare },
];

describe.skipIf(!browser)(`the thread${browser ? "" : `: no browser here (${noBrowser()})`}`, () => {
  let product: Product;
  let ada: Person;
  let bo: Person;
  let vi: Person;
  let work: string;

  beforeAll(async () => {
    product = await startProduct();
    await bringTable({ url: product.url, token: product.token, workspace });
    const context = await (browser as Browser).newContext({ viewport: { width: 1440, height: 900 } });
    ada = { name: "ada", context, page: await context.newPage() };
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await product.stop();
  });

  it("Ada signs in, invites, and two people join by their links", async () => {
    await signIn(ada.page, product);
    bo = await join(browser as Browser, product, "Bo", "editor");
    vi = await join(browser as Browser, product, "Vi", "viewer");
    expect(await bo.page.locator("h1").textContent()).toContain("Bo");
  });

  it("two people write in one cell at once, see each other's caret with its name, and lose nothing", async () => {
    const { id } = await asking(product)(createNotebook, { workspace, title: "Together" });
    for (const { page } of [ada, bo]) {
      await page.goto(`${product.url}/${workspace}/notebooks/${id}`);
      await page.locator('main[data-ready="true"] .bed').first().click();
      await page.locator(".monaco-editor.focused").waitFor();
    }
    const writeBoth = async (from: number): Promise<void> => {
      const a = ada.page.keyboard.type(`const a${from} = ${from};\n`, { delay: 15 });
      const b = bo.page.keyboard.type(`const b${from} = ${from};\n`, { delay: 17 });
      await Promise.all([a, b]);
    };
    await writeBoth(1);
    await writeBoth(2);
    /** Letters in any order: Monaco draws lines where it likes. */
    const letters = (text: string): string => [...text.replaceAll(/[\s\u00a0]/g, "")].sort().join("");
    const lettersAt = async (page: Person["page"]): Promise<string> =>
      letters((await page.locator(".view-lines").first().textContent()) ?? "");
    const wanted = letters("const a1 = 1; const b1 = 1; const a2 = 2; const b2 = 2;");
    await eventually("both see everything", async () => (await lettersAt(ada.page)) === wanted && (await lettersAt(bo.page)) === wanted);
    const nameBeside = (page: Person["page"]): Promise<string[]> =>
      page.locator(".caret").evaluateAll((carets) => carets.map((caret) => getComputedStyle(caret, "::after").content));
    await eventually("Ada sees Bo's caret", async () => (await nameBeside(ada.page)).some((name) => name.includes("Bo")));
    await eventually("Bo sees Ada's caret", async () => (await nameBeside(bo.page)).some((name) => name.includes("ada")));
  });

  it("what is typed at once after a click is there, where the click was, while the editor is still on its way", async () => {
    const cells = [{ cellType: "code" as const, source: "const first = 1;\nconst last = 2;" }];
    const { id } = await asking(product)(createNotebook, { workspace, title: "At once", cells });
    const page = await bo.context.newPage();
    await page.goto(`${product.url}/${workspace}/notebooks/${id}`);
    const bed = page.locator('main[data-ready="true"] .bed').first();
    const { width } = (await bed.boundingBox())!;
    await bed.click({ position: { x: width - 40, y: 20 } }); // right of the first line
    await page.keyboard.type(" // dd ii 00");
    const source = async () => (await asking(product)(readNotebook, { workspace, notebook: id })).cells.map((cell) => cell.source);
    await eventually("all is there", async () => (await source())[0] === "const first = 1; // dd ii 00\nconst last = 2;");
    await page.keyboard.type("!");
    await eventually("and the caret behind it", async () => (await source())[0]!.startsWith("const first = 1; // dd ii 00!\n"));
    await page.close();
  });

  it("what Bo has seen for a second is on disk: web is killed with -9, and it is there; both write on", async () => {
    const id = ada.page.url().split("/").at(-1)!;
    await ada.page.keyboard.type("// seen by Bo\n");
    await bo.page.getByText("seen by Bo").waitFor();
    await new Promise((resolve) => setTimeout(resolve, 1000)); // the second that the promise speaks of
    const before = product.pids().web![0]!;
    process.kill(before, "SIGKILL");
    await eventually("health", async () => product.pids().web?.some((pid) => pid !== before) && (await isHealthy(product.url)));
    const { cells } = await asking(product)(readNotebook, { workspace, notebook: id });
    expect(cells[0]!.source).toContain("seen by Bo");
    await ada.page.getByText("all changes saved").waitFor();
    await ada.page.locator(".monaco-editor.focused").waitFor();
    await ada.page.keyboard.type("// after the fall\n");
    await bo.page.getByText("after the fall").waitFor({ timeout: 60_000 });
    expect((await asking(product)(readNotebook, { workspace, notebook: id })).cells).toHaveLength(1);
  });

  it("Ada runs all; Bo closes the tab during training and finds the whole output on return", async () => {
    work = (await asking(product)(createNotebook, { workspace, title: "Credit, together", cells: story })).id;
    const address = `${product.url}/${workspace}/notebooks/${work}`;
    await Promise.all([ada.page.goto(address), bo.page.goto(address)]);
    await ada.page.locator('main[data-ready="true"]').waitFor();
    await ada.page.getByRole("button", { name: "Run all" }).click();
    await bo.page.getByText(`epoch 5 of ${epochs}`).waitFor({ timeout: 60_000 });
    await bo.page.close();
    const { states, text } = await outcomeOf(product, work, 240_000);
    expect(states.map((one) => one.status)).toEqual(states.map(() => "done"));
    bo.page = await bo.context.newPage();
    await bo.page.goto(address);
    await bo.page.getByText(`epoch ${epochs} of ${epochs}`).waitFor();
    const output = await bo.page.locator(".stream", { hasText: "epoch 1 of" }).first().textContent();
    expect(output?.match(/epoch \d+/g)).toEqual(Array.from({ length: epochs }, (_, i) => `epoch ${i + 1}`));
    const { entries } = await asking(product)(readPipelineLog, { workspace, pipeline: "Nightly credit", number: 1, limit: 2000 });
    const log = entries.map((entry) => `${entry.kind}: ${entry.text}`).join("\n");
    expect(text, log).toMatch(/pipeline run 1 done: Read and split done, Train trees done/);
  }, 480_000);

  it("run, model version, endpoint, stage and drift chart exist, for the API and on the screen", async () => {
    const runs = (await asking(product)(listRuns, { workspace })).items;
    expect(runs.filter((run) => run.status === "done").length).toBeGreaterThanOrEqual(3);
    const names = (await asking(product)(listModels, { workspace })).items.map((model) => model.name).sort();
    expect(names).toEqual(["credit-default", "lender-grade"]);
    const version = await asking(product)(readVersion, { workspace, model: "credit-default", version: "champion" });
    expect(version.source).toMatchObject({ notebookId: work });
    const monitor = await eventually("drift is measured", async () => {
      const page = await asking(product)(readMonitor, { workspace, endpoint: "credit-default", range: "1h" });
      return page.drifted.includes("annual_inc") && page;
    });
    expect(monitor.traffic.requests).toBeGreaterThanOrEqual(800);
    const { page } = ada;
    await page.goto(`${product.url}/${workspace}/experiments`);
    await page.getByText("Credit default").first().click();
    await page.getByText("trees").first().waitFor();
    await page.goto(`${product.url}/${workspace}/models/credit-default`);
    await page.getByText("champion").first().waitFor();
    await page.goto(`${product.url}/${workspace}/serving/credit-default`);
    await page.getByText("Champion 1").waitFor();
    await page.getByRole("button", { name: /annual_inc: PSI .*drifted/ }).click();
    await page.locator("dialog .chart svg").first().waitFor();
    await page.goto(`${product.url}/${workspace}/pipelines/${encodeURIComponent("Nightly credit")}`);
    await page.getByRole("button", { name: "Run 1, Train trees: Done" }).click();
    await page.getByRole("log").getByText("Fitted boosted trees").waitFor();
  });

  it("a prediction through /v2 equals the session's own to 1e-6", async () => {
    const { text } = await outcomeOf(product, work, 240_000);
    const rows = JSON.parse(/ROWS(\{.*\})/.exec(text)![1]!) as Record<string, unknown[]>;
    const own = JSON.parse(/OWN(\[.*\])/.exec(text)![1]!) as number[];
    const { signature } = await asking(product)(readEndpoint, { workspace, endpoint: "credit-default" });
    const inputs = signature!.inputs.map(({ name, datatype }) => ({ name, datatype, shape: [own.length, 1], data: rows[name] }));
    const answer = await fetch(`${product.url}/v2/models/credit-default/infer`, {
      method: "POST",
      headers: { authorization: `Bearer ${product.token}` },
      body: JSON.stringify({ inputs }),
    });
    const { outputs } = (await answer.json()) as { outputs: { name: string; data: number[] }[] };
    const served = outputs.find((one) => one.name === "probability")!.data;
    expect(served).toHaveLength(8);
    for (const [i, p] of own.entries()) expect(Math.abs(served[i]! - p)).toBeLessThan(1e-6);
  });

  it("the stage runs by its schedule", async () => {
    const of = { workspace, pipeline: "Nightly credit" };
    await asking(product)(setSchedule, { ...of, schedule: { cron: "* * * * *", timeZone: "UTC" } });
    const run = await eventually(
      "a run by its schedule",
      async () => (await asking(product)(readPipeline, of)).runs.find((one) => one.trigger === "schedule" && one.status === "done"),
      150_000,
    );
    expect(run.stages.map((stage) => stage.status)).toEqual(["done", "done"]);
    await asking(product)(setSchedule, { ...of, schedule: null });
  }, 480_000);

  it("a viewer can neither run nor deploy nor promote: 403 by the API, no button on the screen", async () => {
    const viewer = asking(product, await tokenOf(product, "viewer"));
    const { cells } = await asking(product)(readNotebook, { workspace, notebook: work });
    const cell = cells.find((one) => one.cellType === "code")!;
    const refused = [
      () => viewer(runCells, { workspace, notebook: work, cells: [{ cellId: cell.id, sourceHash: cell.hash }] }),
      () => viewer(deploy, { workspace, endpoint: "credit-default", model: "credit-default", version: 1 }),
      () => viewer(promoteCells, { workspace, pipeline: "Mine", notebook: work, cells: [{ cell: cell.id }] }),
    ];
    for (const one of refused) expect((await refusal(one())).status).toBe(403);
    const buttonsAt = async (path: string): Promise<string[]> => {
      await vi.page.goto(`${product.url}/${workspace}/${path}`);
      await vi.page.locator("h1, main").first().waitFor();
      return vi.page.getByRole("button").allInnerTexts();
    };
    const notebook = await buttonsAt(`notebooks/${work}`);
    await vi.page.locator('main[data-ready="true"]').waitFor();
    expect([...notebook, ...(await vi.page.getByRole("button").allInnerTexts())].join(" ")).not.toMatch(/Run|Promote|Restart|Delete/);
    expect((await buttonsAt("serving/credit-default")).join(" ")).not.toMatch(/Deploy|Roll back|Stop/);
    expect((await buttonsAt("pipelines/Nightly%20credit")).join(" ")).not.toMatch(/Run now|Pause|schedule|trash/);
  });
});

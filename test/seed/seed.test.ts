// The shipped notebooks on a real product's first start: their recorded outputs, the one that runs in the background, and what it made.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { furnishing, library, readers } from "#drizzle/seed/library.ts";
import { readRecorded } from "#drizzle/seed/recorded.ts";
import { listDatasets } from "#lib/datasets/contract.ts";
import { listSuites, readEvaluation } from "#lib/evaluation/contract.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import { listModels } from "#lib/models/contract.ts";
import { listMonitors } from "#lib/monitoring/contract.ts";
import { listNotebooks, readNotebook } from "#lib/notebooks/contract.ts";
import { hashSource } from "#lib/notebooks/document.ts";
import { listPipelines } from "#lib/pipelines/contract.ts";
import { listEndpoints } from "#lib/serving/contract.ts";
import { readOutputs } from "#lib/sessions/contract.ts";
import { eventually, isHealthy, type Product, startProduct } from "#test/kit/product.ts";
import { asking, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

const titles = library.map((one) => one.title).sort();
/** What ships, each once, and the rows that the running notebook keeps aside for judging. */
const tables = [...new Set(library.flatMap((one) => (one.tables ?? []).map((table) => table.name))), "loans_held_out"].sort();

describe.each(library)("what ships with $title", ({ key, cells }) => {
  it("the recorded outputs belong to the cells as they are, one for each, and none of them failed", () => {
    const code = cells.filter((cell) => cell.cellType === "code").map((cell) => hashSource(cell.source));
    const recorded = readRecorded(key)!;
    expect(recorded.cells.map((one) => one.hash)).toEqual(code);
    expect(recorded.cells.flatMap((one) => one.outputs).filter((one) => one.output_type === "error")).toEqual([]);
  });
  it("names no machine: no path, no address, no person", () => {
    const text = readFileSync(new URL(`../../drizzle/seed/outputs/${key}.json`, import.meta.url), "utf8");
    expect(text).not.toMatch(/127\.0\.0\.1|localhost|\/home\/|\/work\/|\/tmp\/|\bada\b|\/root/i);
  });
  it("links to nothing that a first start does not make", () => {
    const outputs = readRecorded(key)!.cells.flatMap((one) => one.outputs);
    const links = JSON.stringify(outputs).match(/\]\(\/main\//g) ?? [];
    expect(links.length > 0).toBe(key === furnishing.key);
  });
});

/** The notebook that runs on a first start, once it is there. */
const theOne = async (product: Product) =>
  (await asking(product)(listNotebooks, { workspace })).items.find((one) => one.title === furnishing.title);

describe("a first start", () => {
  let product: Product;
  const ask = () => asking(product);
  beforeAll(async () => {
    product = await startProduct({ environment: { ATELIER_SEED: "1" } });
  }, 480_000);
  afterAll(() => product.stop());

  it("shows every notebook with outputs, and furnishes every room by running one", async () => {
    const items = await eventually("the notebooks", async () => {
      const { items: found } = await ask()(listNotebooks, { workspace });
      return found.length === library.length && found;
    });
    expect(items.map((one) => one.title).sort()).toEqual(titles);
    for (const { key, title } of readers) {
      const { outputs } = await outcomeOf(product, items.find((one) => one.title === title)!.id);
      expect(outputs).toEqual(readRecorded(key)!.cells.map((one) => one.outputs));
    }
    expect((await outcomeOf(product, (await theOne(product))!.id)).outputs.every((one) => one.length > 0)).toBe(true);
    expect(items[0]!.title).toBe(furnishing.title);
    await eventually("the furnishing ends", () => product.said().includes("The example notebook has run."), 240_000);
    const { states } = await outcomeOf(product, items[0]!.id);
    expect(states.map((one) => one.status)).toEqual(states.map(() => "done"));
    await eventually("drift is measured", async () => (await ask()(listMonitors, { workspace })).items[0]?.drifted.includes("annual_inc"));
    expect((await ask()(listDatasets, { workspace })).items.map((one) => one.name).sort()).toEqual(tables);
    expect((await ask()(listRuns, { workspace })).items.length).toBeGreaterThanOrEqual(3);
    const models = (await ask()(listModels, { workspace })).items.sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(models).toMatchObject([
      { name: "credit-default", latest: 1 },
      { name: "lender-grade", latest: 1 },
    ]);
    expect((await ask()(listEndpoints, { workspace })).items).toMatchObject([{ name: "credit-default", current: { version: 1 } }]);
    const [pipeline] = (await ask()(listPipelines, { workspace })).items;
    expect(pipeline).toMatchObject({
      name: "Nightly credit",
      stageNames: ["Read and split", "Train trees"],
      schedule: { cron: "30 2 * * *" },
    });
    expect(pipeline!.lastRuns).toMatchObject([{ number: 1, status: "done" }]);
  }, 480_000);

  it("the version was judged by a saved suite on rows it never saw, beside the lender's grade, and each gate speaks", async () => {
    const { items } = await ask()(listSuites, { workspace });
    expect(items).toMatchObject([
      { name: "credit-quality", dataset: "loans_held_out", evaluationCount: 1, latest: { status: "done", judged: { version: 1 } } },
    ]);
    const { report, findings, judged, baseline } = await ask()(readEvaluation, { workspace, evaluation: items[0]!.latest!.number });
    expect([judged!.model, baseline!.model]).toEqual(["credit-default", "lender-grade"]);
    expect(report).toMatchObject({ rows: 2464, skipped: 0, sampledFrom: null });
    expect(findings).toHaveLength(4);
    const auc = report!.metrics.find((one) => one.name === "auc")!;
    expect(auc.value).toBeGreaterThan(0.68);
    expect(auc.low! < auc.value! && auc.value! < auc.high!).toBe(true);
    expect(report!.figures.curves!.baseline!.roc.length).toBeGreaterThan(10);
    expect(report!.groups.map((one) => one.column)).toEqual(["term", "verification_status"]);
  });

  it("running all again works: a second version answers, and the same text makes no new revision of the pipeline", async () => {
    const notebook = await theOne(product);
    const before = (await ask()(listPipelines, { workspace })).items[0]!.revision;
    await runAll(product, notebook!.id);
    const { states } = await outcomeOf(product, notebook!.id, 240_000);
    expect(states.map((one) => one.status)).toEqual(states.map(() => "done"));
    expect((await ask()(listEndpoints, { workspace })).items[0]!.current).toMatchObject({ version: 2, number: 2 });
    expect((await ask()(listPipelines, { workspace })).items[0]!.revision).toBe(before);
    expect((await ask()(listSuites, { workspace })).items).toMatchObject([{ revision: 1, evaluationCount: 2 }]);
  });

  it("killed with -9 and started again, it is furnished no second time", async () => {
    process.kill(product.supervisor.pid!, "SIGKILL");
    await eventually("nobody answers", async () => !(await isHealthy(product.url)));
    const { home, port } = product;
    product = await startProduct({ home, port, environment: { ATELIER_SEED: "1" } });
    expect(product.said()).not.toContain("The example notebook runs");
    expect((await ask()(listNotebooks, { workspace })).items).toHaveLength(library.length);
    expect((await ask()(listEndpoints, { workspace })).items[0]!.current).toMatchObject({ version: 2 });
  });

  it("killed in the middle of furnishing, it goes on at the next start and ends with each notebook and table once, and one pipeline", async () => {
    const first = await startProduct({ environment: { ATELIER_SEED: "1" } });
    const other = asking(first);
    await eventually("some cells have run", async () => {
      const notebook = await theOne(first);
      if (!notebook) return false;
      const { cells: states } = await other(readOutputs, { workspace, notebook: notebook.id });
      return states.some((one) => one.status === "running");
    });
    process.kill(-first.supervisor.pid!, "SIGKILL");
    const second = await startProduct({ home: first.home, port: first.port, environment: { ATELIER_SEED: "1" } });
    try {
      await eventually("furnished", () => second.said().includes("The example notebook has run."), 240_000);
      const again = asking(second);
      const { items } = await again(listNotebooks, { workspace });
      expect(items.map((one) => one.title).sort()).toEqual(titles);
      const { id } = (await theOne(second))!;
      expect((await again(readNotebook, { workspace, notebook: id })).cells).toHaveLength(furnishing.cells.length);
      expect((await again(listPipelines, { workspace })).items).toHaveLength(1);
      expect((await again(listDatasets, { workspace })).items.map((one) => one.name).sort()).toEqual(tables);
    } finally {
      await second.stop();
    }
  }, 480_000);
});

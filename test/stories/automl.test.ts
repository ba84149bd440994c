// AutoML as somebody without code meets it: a table, a form, a page that follows the search, Stop; and what it leaves behind: a run, a model
// version, and a notebook that does it again, each of whose cells runs as it stands. Real processes, a real browser.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellsFor } from "#components/automl/cells.ts";
import { createDataset, readVersion as readTable, uploadVersion } from "#lib/datasets/contract.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import type { Columns } from "#lib/learn/tables/table.ts";
import { listModels } from "#lib/models/contract.ts";
import { createNotebook, listNotebooks, readNotebook } from "#lib/notebooks/contract.ts";
import { noBrowser, openBrowser } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { asking, outcomeOf, runAll, workspace } from "#test/kit/story.ts";
import { customers } from "#test/kit/tables.ts";

const browser = await openBrowser();

/** Customers of whom some are not known to have left, with a column that was written after they had, and their number. */
const table = (): Columns => {
  const { tier: _t, spend: _s, visits: _v, isLost, ...rest } = customers(400, 1);
  const left = (isLost as string[]).map((one, i) => (i % 9 === 0 ? "" : one));
  return { ...rest, closedOn: left.map((one) => (one === "yes" ? "2024-01-02" : "")), id: left.map((_, i) => `customer ${i}`), left };
};
const asCsv = (columns: Columns): string => {
  const names = Object.keys(columns);
  const quoted = (value: unknown) => (Number.isNaN(value) ? "" : `"${String(value).replaceAll('"', '""')}"`);
  const rows = Array.from({ length: columns[names[0]!]!.length }, (_, i) => names.map((name) => quoted(columns[name]![i])).join(","));
  return [names.join(","), ...rows].join("\n");
};

describe("AutoML", () => {
  let product: Product;
  const ask = () => asking(product);
  const titled = async (title: string) => (await ask()(listNotebooks, { workspace, limit: 200 })).items.find((one) => one.title === title);
  beforeAll(async () => {
    product = await startProduct();
    await ask()(createDataset, { workspace, name: "customers" });
    await ask()(uploadVersion, { workspace, dataset: "customers", fileName: "customers.csv" }, { body: asCsv(table()) });
    await eventually("the table is read", async () => {
      const { status } = await ask()(readTable, { workspace, dataset: "customers", version: "latest" });
      return status === "ready";
    });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await product.stop();
  });

  it("the notebook that the form writes runs to its end, and so does the notebook that it writes, cell by cell", async () => {
    const form = { dataset: "customers", version: 1, target: "left", positive: "yes", minutes: 1, model: "customers-left" };
    const cells = cellsFor(form).map((cell) => ({
      ...cell,
      source: cell.source.replace("{ seconds: 60 } }", "{ seconds: 600, trials: 6 } }"),
    }));
    const search = await ask()(createNotebook, { workspace, title: "Search", cells });
    await runAll(product, search.id);
    const found = await outcomeOf(product, search.id, 240_000);
    expect(
      found.states.map((one) => one.status),
      found.text,
    ).toEqual(["done", "done", "done"]);
    expect((await ask()(listModels, { workspace })).items).toMatchObject([{ name: "customers-left", latest: 1 }]);
    expect((await ask()(listRuns, { workspace })).items[0]).toMatchObject({ name: "left", status: "done" });

    const { id } = (await titled("Predicting left of customers"))!;
    const written = (await ask()(readNotebook, { workspace, notebook: id })).cells.map((one) => one.source).join("\n");
    expect(written).toMatch(/closedOn alone tells left almost exactly/);
    expect(written).toContain('"closedOn": "drop"');
    expect(written).toContain('learn.rowsWith(table, "left")');
    await runAll(product, id);
    const again = await outcomeOf(product, id, 240_000);
    expect(
      again.states.map((one) => one.status),
      again.text,
    ).toEqual(again.states.map(() => "done"));
    expect(JSON.stringify(again.outputs.at(-1))).toMatch(/auc: 0\.[5-9]/);
  }, 600_000);

  it.skipIf(!browser)(
    `from a data set to a running search without code, and Stop ends it${browser ? "" : `: no browser here (${noBrowser()})`}`,
    async () => {
      const page = await (await (browser as Browser).newContext({ viewport: { width: 1280, height: 800 } })).newPage();
      await signIn(page, product);
      await page.goto(`${product.url}/${workspace}/datasets/customers`);
      await page.getByRole("link", { name: "Look for a model" }).click();
      await page.getByLabel("Column to predict").selectOption("left");
      await page.getByLabel("Counts as positive").selectOption("yes");
      await page.getByLabel("Budget").selectOption("60");
      await page.getByRole("button", { name: "Look for a model" }).click();
      await page.waitForURL(/experiments\/automl\/nb_/);
      await page.getByText("closedOn alone tells left almost exactly").first().waitFor();
      await page.getByRole("heading", { name: "Candidates" }).waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page
        .getByText("The notebook says where")
        .or(page.getByText(/stopped/i))
        .first()
        .waitFor();
      await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
      expect(await titled("AutoML: left of customers")).toBeDefined();
      await page.close();
    },
    600_000,
  );
});

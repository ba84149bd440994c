// Writing in the notebook page with the language service behind it, in a real browser: names and columns are completed, a fault is marked,
// a definition leads into another cell, and a rename reaches both cells and is taken back by one undo.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDataset, readDataset, uploadVersion } from "#lib/datasets/contract.ts";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { noBrowser, openBrowser, watchPage } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { asking, workspace } from "#test/kit/story.ts";

const browser = await openBrowser();

describe.skipIf(!browser)(`a cell's editor${browser ? "" : `: no browser here (${noBrowser()})`}`, () => {
  let product: Product;
  let page: Page;
  let seen: ReturnType<typeof watchPage>;
  let notebook: string;
  let cells: string[];
  const ask: ReturnType<typeof asking> = (...all) => asking(product)(...all);

  beforeAll(async () => {
    product = await startProduct();
    await ask(createDataset, { workspace, name: "loans" });
    await ask(uploadVersion, { workspace, dataset: "loans", fileName: "l.csv" }, { body: "int_rate,sub_grade\n13.99,C4\n" });
    await eventually("the table is read", async () => (await ask(readDataset, { workspace, dataset: "loans" })).latest?.status === "ready");
    const sources = ["", 'const rate = await (await datasets.open("loans")).column("int_rate");\nrate.length'];
    const made = await ask(createNotebook, {
      workspace,
      title: "Written",
      cells: sources.map((source) => ({ cellType: "code" as const, source })),
    });
    notebook = made.id;
    cells = (await ask(readNotebook, { workspace, notebook })).cells.map((cell) => cell.id);
    page = await (await (browser as Browser).newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    seen = watchPage(page, product.url);
    await signIn(page, product);
    await page.goto(`${product.url}/${workspace}/notebooks/${notebook}`);
    await page.locator('main[data-ready="true"]').waitFor();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await product?.stop();
  });

  const enter = async (cell: number): Promise<void> => {
    await page.locator(`#${cells[cell]} .bed`).click();
    await page.locator(`#${cells[cell]} .monaco-editor.focused`).waitFor();
  };
  const suggestion = (name: string) => page.locator(".suggest-widget.visible .monaco-list-row", { hasText: name }).first();
  /** Waits until a name is offered; asks for it when what was typed came before the language process was up. */
  const isOffered = (name: string) =>
    eventually(
      `${name} is offered`,
      async () => {
        if (await suggestion(name).isVisible()) return true;
        await page.keyboard.press("Control+Space");
        return suggestion(name)
          .waitFor({ timeout: 1500 })
          .then(
            () => true,
            () => page.keyboard.press("Escape"),
          );
      },
      90_000,
    );
  const textsNow = async (): Promise<string[]> =>
    (await ask(readNotebook, { workspace, notebook })).cells.map((cell) => cell.source.replaceAll("\r", ""));

  it("offers the SDK at its first letters and brings the import along", async () => {
    await enter(0);
    await page.keyboard.type("const loans = await da");
    await isOffered("datasets");
    await eventually("datasets is chosen", async () => (await suggestion("datasets").getAttribute("class"))?.includes("focused"));
    await page.keyboard.press("Enter");
    await eventually("the import is there", async () => (await textsNow())[0]?.startsWith('import { datasets } from "atelier";\n'));
  });

  it("completes the columns of a table by its schema", async () => {
    await page.keyboard.type('.open("loans");');
    await page.keyboard.press("Enter");
    await page.keyboard.type('const grades = await loans.column("');
    await isOffered("sub_grade");
    expect(await suggestion("int_rate").isVisible()).toBe(true);
    await page.keyboard.type("sub");
    await eventually("sub_grade is chosen", async () => (await suggestion("sub_grade").getAttribute("class"))?.includes("focused"));
    await page.keyboard.press("Enter");
    await eventually("the column is written", async () => /loans\.column\("sub_grade"/.test((await textsNow())[0]!));
    await page.keyboard.press("End");
    await page.keyboard.type(";");
  });

  it("marks a fault where it is and takes the mark away when it is gone; Monaco's own worker never runs", async () => {
    await page.keyboard.press("Enter");
    await page.keyboard.type("loans.rowCuont");
    await page.locator(`#${cells[0]} .squiggly-error`).first().waitFor();
    expect(await page.locator(`#${cells[0]} .squiggly-error`).count()).toBe(1);
    for (const _ of "Cuont") await page.keyboard.press("Backspace");
    await page.keyboard.type("Count;");
    await eventually("the mark is gone", async () => (await page.locator(`#${cells[0]} .squiggly-error`).count()) === 0);
    expect(page.workers().filter((worker) => /ts\.worker|tsWorker/.test(worker.url()))).toEqual([]);
  });

  it("renames in both cells at once, and one undo takes all of it back", async () => {
    const before = await textsNow();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowDown");
    for (const _ of "const loa") await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.locator(`#${cells[1]}`).click();
    await page.locator(`#${cells[0]} .bed`).waitFor();
    await enter(1);
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\nloans.view");
    for (const _ of ".view") await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("F2");
    const box = page.locator(".rename-box input");
    await box.waitFor();
    expect(await box.inputValue()).toBe("loans");
    await box.fill("borrowers");
    await page.keyboard.press("Enter");
    await eventually("both cells are renamed", async () => {
      const [first, second] = await textsNow();
      return /const borrowers = await datasets/.test(first!) && /borrowers\.column/.test(first!) && /\nborrowers\.view$/.test(second!);
    });
    expect((await textsNow()).join()).toContain('datasets.open("loans")');
    await page.keyboard.press("Control+z");
    await eventually("both cells have their names again", async () => (await textsNow())[0] === before[0]);
  });

  it("says under a resting cell what is wrong in it since another cell changed", async () => {
    await page.keyboard.press("Control+End");
    await page.keyboard.type(";\nconst grade = 1;");
    await page.keyboard.press("Escape");
    await enter(0);
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\ngrade.big;");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Escape");
    const said = page.locator(`#${cells[0]} .why`, { hasText: "Property 'big' does not exist on type '1'." });
    await said.waitFor();
    expect(await said.textContent()).toMatch(/^Line \d+: /);
    await enter(1);
  });

  it("takes a name for known once a cell has run that made it", async () => {
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Delete");
    await page.keyboard.type("(globalThis as any).found = [1];\nfound.length;");
    await page.locator(`#${cells[1]} .squiggly-error`).first().waitFor();
    await page.keyboard.press("Control+Enter");
    await eventually("the mark is gone", async () => (await page.locator(`#${cells[1]} .squiggly-error`).count()) === 0);
  });

  it("marks a fault later when nobody could say what is wrong at the moment it was written", async () => {
    let refused = 0;
    const away = { error: { kind: "unavailable", code: "sessions.language_away", message: "The language service starts again." } };
    await page.route("**/diagnose*", (route) => {
      refused += 1;
      return route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify(away) });
    });
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\nfound.fast;");
    await eventually("it was asked", () => refused > 0);
    expect(await page.locator(`#${cells[1]} .squiggly-error`).count()).toBe(0);
    await page.unroute("**/diagnose*");
    await page.locator(`#${cells[1]} .squiggly-error`).first().waitFor();
    seen.complaints.length = 0; // the browser complains of each 503 made here
  });

  it("goes to the definition in another cell and opens it there", async () => {
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\nloans;");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("F12");
    await page.locator(`#${cells[0]} .monaco-editor.focused`).waitFor();
    await page.keyboard.type("credits_");
    await eventually("the caret stood at the definition", async () => /const credits_loans = await datasets/.test((await textsNow())[0]!));
    await page.keyboard.press("Control+z");
    expect(seen).toEqual({ complaints: [], foreign: [] });
  });
});

// A cell that asks, and a cell that floods, on the notebook's page in a real browser: answers reach the code, passwords are seen by
// nobody, Stop ends a question; 100 MB of text hold up neither the page nor the server, and the log has every line.
import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { answerQuestion, readOutputs } from "#lib/sessions/contract.ts";
import { noBrowser, openBrowser } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { refusal } from "#test/kit/refusals.ts";
import { asking, join, type Person, tokenOf, workspace } from "#test/kit/story.ts";

const browser = await openBrowser();
mkdirSync("test-results", { recursive: true });
const lineCount = 1_000_000;
const cells = [
  `const who = await input("Who are you?"); "hello " + who`,
  `const secret = await input("Secret word", { password: true }); secret.length`,
  `prompt("Never answered")`,
  "who + '!'",
  `const line = "x".repeat(90); for (let i = 0; i < ${lineCount}; i++) console.log(String(i).padStart(9, "0") + line)`,
  "// type here",
];

describe.skipIf(!browser)(`asking and flooding${browser ? "" : `: no browser here (${noBrowser()})`}`, () => {
  let product: Product;
  let page: Page;
  let bo: Person;
  let notebook: string;
  let ids: string[];
  const address = () => `${product.url}/${workspace}/notebooks/${notebook}`;
  const cell = (index: number, on = page) => on.locator(`section.cell[id="${ids[index]}"]`);
  const open = async (on: Page): Promise<void> => {
    await on.goto(address());
    await on.locator('main[data-ready="true"]').waitFor();
  };
  const run = async (index: number): Promise<void> => {
    await cell(index).locator(".gut").click();
    await cell(index).getByRole("button", { name: /^Run/ }).first().click();
  };
  const now = () => asking(product)(readOutputs, { workspace, notebook });
  const statusOf = async (index: number) => (await now()).cells.find((one) => one.cellId === ids[index])?.status;

  beforeAll(async () => {
    product = await startProduct();
    const made = await asking(product)(createNotebook, {
      workspace,
      title: "Asks",
      cells: cells.map((source) => ({ cellType: "code" as const, source })),
    });
    notebook = made.id;
    ids = (await asking(product)(readNotebook, { workspace, notebook })).cells.map((one) => one.id);
    const context = await (browser as Browser).newContext({ viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await signIn(page, product);
    bo = await join(browser as Browser, product, "Bo", "editor");
    await open(page);
    await open(bo.page);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await product.stop();
  });

  it("S10 what a cell asks stands under it, outlives a reload, and the answer reaches the code", async () => {
    await run(0);
    await page.getByLabel("Who are you?").waitFor();
    await open(page);
    await page.getByLabel("Who are you?").fill("Ada");
    await page.screenshot({ path: "test-results/question.png" });
    await page.getByLabel("Who are you?").press("Enter");
    await cell(0).getByText("hello Ada").waitFor();
    expect(await cell(0).locator(".out").textContent()).toContain("Who are you? Ada");
    expect(await page.getByRole("button", { name: "Answer", exact: true }).count()).toBe(0);
  });

  it("S10 a password is typed unseen and stored nowhere; nobody but who ran the cell can answer", async () => {
    await run(1);
    const box = page.getByLabel("Secret word");
    await box.waitFor();
    expect(await box.getAttribute("type")).toBe("password");
    await cell(1, bo.page).getByText("waits for an answer from").waitFor();
    expect(await bo.page.getByRole("button", { name: "Answer", exact: true }).count()).toBe(0);
    await box.fill("xyzzy-hidden");
    await box.press("Enter");
    await cell(1).locator(".out").getByText("12", { exact: true }).waitFor();
    expect(JSON.stringify(await now())).not.toContain("xyzzy");
    expect(product.said()).not.toContain("xyzzy");
  });

  it("S10 another person's answer is refused, Stop ends the question, and variables stay", async () => {
    await run(2);
    await page.getByLabel("Never answered").waitFor();
    const token = await tokenOf(product, "viewer");
    const answer = { workspace, notebook, cell: ids[2]!, value: "mine" };
    expect(await refusal(asking(product, token)(answerQuestion, answer))).toMatchObject({ kind: "forbidden" });
    const byBo = await bo.page.request.post(`${product.url}/api/v1/workspaces/${workspace}/notebooks/${notebook}/cells/${ids[2]}/answer`, {
      data: { value: "mine" },
      headers: { origin: product.url },
    });
    expect([byBo.status(), ((await byBo.json()) as { error: { code: string } }).error.code]).toEqual([403, "sessions.asks_another"]);
    await page.getByRole("button", { name: /^Stop/ }).first().click();
    await eventually("the cell was stopped", async () => (await statusOf(2)) === "cancelled");
    await page.getByLabel("Never answered").waitFor({ state: "detached" });
    expect(await refusal(asking(product)(answerQuestion, answer))).toMatchObject({ code: "sessions.nothing_asked" });
    await run(3);
    await cell(3).getByText("Ada!").waitFor();
  });

  it("100 MB of text hold up neither page nor server, and the log to download has every line", async () => {
    const editor = cell(5);
    await editor.locator(".bed").click();
    await editor.locator(".monaco-editor.focused").waitFor();
    await run(4);
    await editor.locator(".view-lines").click();
    let typed = 0;
    while ((await statusOf(4)) !== "done" && typed < 400) {
      await page.keyboard.type("ab");
      typed += 2;
      await eventually("what was typed is seen", async () => {
        const text = (await editor.locator(".view-lines").textContent()) ?? "";
        return (text.match(/ab/g)?.length ?? 0) * 2 >= typed;
      });
      expect((await fetch(`${product.url}/api/health`)).status).toBe(200);
    }
    expect(typed).toBeGreaterThan(2);
    await eventually("the flood has ended", async () => (await statusOf(4)) === "done", 240_000);
    await cell(4).getByText("More than 5 MB of output").waitFor();
    const shown = JSON.stringify((await now()).outputs[ids[4]!]).length;
    expect(shown).toBeLessThan(8_000_000);
    const coming = page.waitForEvent("download");
    await cell(4).getByRole("button", { name: "Download the whole log" }).click();
    const stream = await (await coming).createReadStream();
    let next = 0;
    let rest = "";
    let bytes = 0;
    for await (const part of stream) {
      bytes += (part as Buffer).length;
      const lines = (rest + String(part)).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.length !== 99 || Number(line.slice(0, 9)) !== next) throw new Error(`line ${next} is ${line.slice(0, 120)}`);
        next += 1;
      }
    }
    expect([next, bytes]).toEqual([lineCount, lineCount * 100]);
    await page.screenshot({ path: "test-results/flood.png" });
  }, 300_000);
});

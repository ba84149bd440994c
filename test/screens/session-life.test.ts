// The life of a session as its people see it: what it asks for, when it ends, how it is kept, and how it starts again.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { changeWish, readOutputs, readWish } from "#lib/sessions/contract.ts";
import { noBrowser, openBrowser } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { asking, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

const browser = await openBrowser();

describe.skipIf(!browser)(`a session on screen${browser ? "" : `: no browser here (${noBrowser()})`}`, () => {
  let product: Product;
  let page: Page;
  let notebook: string;
  beforeAll(async () => {
    product = await startProduct();
    page = await (browser as Browser).newPage({ viewport: { width: 1280, height: 800 } });
    await signIn(page, product);
    const cells = [{ cellType: "code" as const, source: "globalThis.n = (globalThis.n ?? 0) + 1; console.log('run', globalThis.n)" }];
    notebook = (await asking(product)(createNotebook, { workspace, title: "Life", cells })).id;
    await page.goto(`${product.url}/${workspace}/notebooks/${notebook}`);
    await page.waitForSelector("main[data-ready=true]");
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await product.stop();
  });

  const block = () => page.locator("footer.block");
  const secondsLeft = async (): Promise<number> => {
    const [, minutes, seconds] = /Ends in (\d+):(\d\d)/.exec((await page.getByRole("timer").textContent()) ?? "")!;
    return Number(minutes) * 60 + Number(seconds);
  };

  it("what it asks for is said in a dialog, and kept", async () => {
    await block().getByRole("button", { name: "cpu" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Ends after idle minutes").fill("4");
    await dialog.getByLabel("Memory, GB").fill("1.5");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await asking(product)(readWish, { workspace, notebook })).toMatchObject({ idleMinutes: 4, memoryMb: 1536, gpu: false });
  });

  it("in its last minutes it counts down, and a click keeps it", async () => {
    await runAll(product, notebook);
    await outcomeOf(product, notebook);
    await page.getByRole("timer").waitFor();
    await eventually("it counts", async () => (await secondsLeft()) < 237);
    await page.getByRole("button", { name: "Keep" }).click();
    await eventually("it is kept", async () => (await secondsLeft()) >= 239);
  });

  it("one that was lost with its machine says so in words, keeps its outputs, and starts again by a click", async () => {
    await asking(product)(changeWish, { workspace, notebook, idleMinutes: 0 });
    await page.getByRole("timer").waitFor({ state: "detached" });
    const pid = product.pids().kernel![0]!;
    process.kill(pid, "SIGKILL");
    await eventually("the loss is on screen", async () => (await block().textContent())?.includes("Session lost"), 90_000);
    expect(await block().textContent()).toContain("Variables are gone, outputs are kept");
    expect(await page.getByText("run 1").count()).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await eventually("it is ready", async () => (await asking(product)(readOutputs, { workspace, notebook })).session.status === "idle");
    await eventually("the page says so", async () => (await block().textContent())?.includes("Session ready"));
  });
});

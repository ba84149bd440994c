// Any Jupyter under us: a real jupyter_server with ipykernel, added in Settings by an owner and chosen in a notebook's page; its Python runs
// our cells, with outputs, errors, questions, Stop that keeps variables, a restart that does not, and a server that goes away.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { readOutputs } from "#lib/sessions/contract.ts";
import { completeCell, describeCompletion, hoverAt } from "#lib/sessions/language/contract.ts";
import { addKernelServer, listKernelServers } from "#lib/sessions/remote/contract.ts";
import { readAudit } from "#lib/workspace/contract.ts";
import { noBrowser, openBrowser } from "#test/kit/browser.ts";
import { freePort } from "#test/kit/ports.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { pythonWith } from "#test/kit/python.ts";
import { refusal } from "#test/kit/refusals.ts";
import { asking, tokenOf, workspace } from "#test/kit/story.ts";

const python = pythonWith("jupyter_server", "ipykernel");
const browser = python ? await openBrowser() : null;
const why = python ? noBrowser() : "no Python with jupyter_server and ipykernel here";
const secret = "a-token-of-the-jupyter-server";
const cells = [
  "import sys\nx = 41\nprint('from python', sys.version_info.major)\nx + 1",
  "import time\nfor i in range(100000):\n    x = 7000 + i\n    time.sleep(0.05)",
  "print('kept', x >= 7000)",
  "1 / 0",
  "name = input('Your name?')\nprint('hi ' + name)",
  "from IPython.display import display\nh = display('first', display_id=True)\nh.update('second')",
  "globals()['taxi_' + 'fare'] = 4; '𝒙'; taxi",
];

describe.skipIf(!browser)(`a Jupyter server of others${browser ? "" : `: ${why}`}`, () => {
  let product: Product;
  let page: Page;
  let server: ChildProcess;
  let address: string;
  let notebook: string;
  let ids: string[];
  const folder = mkdtempSync(join(tmpdir(), "atelier-jupyter-"));
  const cell = (index: number) => page.locator(`section.cell[id="${ids[index]}"]`);
  const run = async (index: number): Promise<void> => {
    await cell(index).locator(".gut").click();
    await cell(index).getByRole("button", { name: /^Run/ }).first().click();
  };
  const now = () => asking(product)(readOutputs, { workspace, notebook });
  const stateOf = async (index: number) => (await now()).cells.find((one) => one.cellId === ids[index]);
  const until = (index: number, status: string) =>
    eventually(`cell ${index} is ${status}`, async () => (await stateOf(index))?.status === status, 120_000);

  beforeAll(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    server = spawn(
      python!,
      [
        "-m",
        "jupyter_server",
        "--no-browser",
        "--allow-root",
        `--port=${port}`,
        "--ip=127.0.0.1",
        `--IdentityProvider.token=${secret}`,
        `--ServerApp.root_dir=${folder}`,
      ],
      { stdio: "ignore", env: { ...process.env, JUPYTER_CONFIG_DIR: folder, JUPYTER_RUNTIME_DIR: folder, IPYTHONDIR: folder } },
    );
    product = await startProduct({ environment: { ATELIER_PRIVATE_KERNEL_SERVERS: "1" } });
    await eventually("the Jupyter server answers", async () => (await fetch(`${address}/api`)).ok, 120_000);
    const made = await asking(product)(createNotebook, {
      workspace,
      title: "Python",
      cells: cells.map((source) => ({ cellType: "code" as const, source })),
    });
    notebook = made.id;
    ids = (await asking(product)(readNotebook, { workspace, notebook })).cells.map((one) => one.id);
    page = await (await (browser as Browser).newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await signIn(page, product);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await product?.stop();
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it("an owner adds it in Settings; its token is shown and written nowhere, and a wrong one is refused in words", async () => {
    await page.goto(`${product.url}/${workspace}/settings`);
    await page.getByRole("button", { name: "Add a Jupyter server" }).click();
    await page.getByLabel(/^Name/).fill("Lab");
    await page.getByLabel(/^Address/).fill(address);
    await page.getByLabel(/^Token/).fill("wrong");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("alert").getByText("refuses the token").waitFor();
    await page.getByLabel(/^Token/).fill(secret);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    const section = page.getByRole("region", { name: "Kernel servers" });
    await section.getByRole("cell", { name: "Lab", exact: true }).waitFor();
    await section.getByRole("button", { name: "Test" }).click();
    await section.getByText("answers: Python 3").waitFor();
    await page.screenshot({ path: "test-results/kernel-servers.png" });
    const seen = [
      await asking(product)(listKernelServers, { workspace }),
      await asking(product)(readAudit, { workspace, limit: 100 }),
      await page.content(),
      product.said(),
    ];
    expect(JSON.stringify(seen)).not.toContain(secret);
    const wish = { workspace, name: "Mine", url: address, token: secret };
    expect(await refusal(asking(product, await tokenOf(product, "operator"))(addKernelServer, wish))).toMatchObject({ kind: "forbidden" });
  });

  it("a notebook chooses its Python; cells run there with text, value and count", async () => {
    await page.goto(`${product.url}/${workspace}/notebooks/${notebook}`);
    await page.locator('main[data-ready="true"]').waitFor();
    await page.getByRole("button", { name: "TypeScript", exact: true }).click();
    await page.getByLabel(/^Python 3/).check();
    await page.getByRole("button", { name: "Choose", exact: true }).click();
    await page.getByRole("button", { name: /^Python 3/ }).waitFor();
    await run(0);
    await cell(0).getByText("from python 3").waitFor();
    await cell(0).locator(".out").getByText("42", { exact: true }).waitFor();
    expect(await stateOf(0)).toMatchObject({ status: "done", executionCount: 1 });
    await page
      .getByText(/Python 3.* on Lab/)
      .first()
      .waitFor();
    await page.screenshot({ path: "test-results/python.png" });
  }, 180_000);

  it("Stop ends a sleeping loop and keeps the variables", async () => {
    await run(1);
    await until(1, "running");
    await page.getByRole("button", { name: /^Stop/ }).first().click();
    await until(1, "cancelled");
    await run(2);
    await cell(2)
      .getByText(/kept (True|False)/)
      .waitFor();
    expect(await cell(2).locator(".out").textContent()).toContain("kept True");
  }, 180_000);

  it("an error is shown, a question is answered, a display is updated in place", async () => {
    await run(3);
    await until(3, "failed");
    await cell(3)
      .getByText(/division by zero/)
      .first()
      .waitFor();
    await run(4);
    await page.getByLabel("Your name?").fill("Ada");
    await page.getByLabel("Your name?").press("Enter");
    await cell(4).getByText("hi Ada").waitFor();
    await run(5);
    await until(5, "done");
    expect(JSON.stringify((await now()).outputs[ids[5]!])).toContain("second");
    expect(JSON.stringify((await now()).outputs[ids[5]!])).not.toContain("first");
  }, 180_000);

  it("its live values complete and explain a cell, for those who may run, and not while it runs", async () => {
    const at = { workspace, notebook, cellId: ids[6]! };
    const ask = asking(product);
    const source = cells[6]!;
    expect(await ask(completeCell, { ...at, offset: source.length })).toMatchObject({ items: [] });
    await run(6);
    await until(6, "failed"); // taxi is no name yet; taxi_fare is
    const { items } = await ask(completeCell, { ...at, offset: source.length });
    expect(items.map((one) => one.name)).toEqual(["taxi_fare"]);
    const members = await ask(completeCell, { ...at, source: "sys.version_i", offset: 13 });
    expect(members.items.map((one) => one.name)).toEqual(["version_info"]);
    const { info } = await ask(hoverAt, { ...at, source: "1 + taxi_fare", offset: 6 });
    expect(info).toMatchObject({ span: { start: 4, length: 9 } });
    expect(info!.documentation).toMatch(/int/);
    expect((await ask(describeCompletion, { ...at, source: "sys.exi", offset: 7, name: "exit" })).documentation).toMatch(
      /Exit the interpreter/,
    );
    const viewer = asking(product, await tokenOf(product, "viewer"));
    expect((await viewer(completeCell, { ...at, offset: source.length })).items).toEqual([]);
    await cell(6).locator(".code").first().dblclick();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("_f");
    await eventually("the page offers it", async () => {
      if (await page.locator(".suggest-widget").getByText("taxi_fare").first().isVisible()) return true;
      await page.keyboard.press("Control+Space");
      return false;
    });
    await page.screenshot({ path: "test-results/python-completion.png" });
  }, 180_000);

  it("a server that goes away is named while it is tried again, and the session is then said to be lost", async () => {
    server.kill("SIGKILL");
    await eventually("the page says so", async () => /Lab does not answer/.test((await now()).session.message ?? ""), 120_000);
    await eventually("it is given up", async () => (await now()).session.status === "lost", 120_000);
    expect((await stateOf(0))?.status).toBe("done");
  }, 240_000);
});

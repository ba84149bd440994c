// npm packages in the product as people have it: added in a dialog and from a cell, and whole or not at all when a process is killed meanwhile.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { addPackage, listPackages } from "#lib/sessions/packages/contract.ts";
import { noBrowser, openBrowser } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { openRegistry, type Registry } from "#test/kit/registry.ts";
import { asking, kill, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

const browser = await openBrowser();
let registry: Registry;
let product: Product;
beforeAll(async () => {
  registry = await openRegistry();
  const publish = (name: string, version: string, manifest: Record<string, unknown> = {}) =>
    registry.publish({ name, version, files: { "index.js": `module.exports = () => "${name} ${version}";` }, manifest });
  publish("left-pad", "1.2.0");
  publish("left-pad", "1.3.0");
  publish("@turf/helpers", "7.1.0", { dependencies: { "left-pad": "^1" } });
  publish("sqlite-native", "5.0.2", { scripts: { install: "node-gyp rebuild" } });
  publish("slow", "1.0.0");
  product = await startProduct({ environment: { ATELIER_NPM_REGISTRY: registry.url } });
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await product.stop();
  await registry.close();
});

const write = async (...sources: string[]): Promise<string> => {
  const cells = sources.map((source) => ({ cellType: "code" as const, source }));
  return (await asking(product)(createNotebook, { workspace, title: "Packages", cells })).id;
};
const list = (notebook: string) => asking(product)(listPackages, { workspace, notebook });
/** Begins an installation that hangs at the registry, and waits until it does. */
const begin = async (notebook: string) => {
  registry.hang(/^slow$/);
  const before = registry.asked.length;
  const ended = asking(product)(addPackage, { workspace, notebook, name: "slow", range: "" }).then(
    () => "installed",
    (error: Error) => error.message,
  );
  await eventually("it asks the registry", () => registry.asked.slice(before).includes("slow"));
  return { ended };
};
const halfDone = (): string[] => {
  const folder = join(product.home, "packages");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(".making-")) : [];
};

describe("killed in the middle of an installation", () => {
  it("the kernel service: it is said, nothing is half installed, and the next one goes on", async () => {
    const notebook = await write('import slow from "slow";\nconsole.log(slow());');
    const { ended } = await begin(notebook);
    await kill(product, "kernel");
    registry.hang(null);
    expect(await ended).toMatch(/kernel service was lost.*Nothing was changed/);
    expect((await list(notebook)).items).toEqual([]);
    expect(halfDone()).toEqual([]);
    await asking(product)(addPackage, { workspace, notebook, name: "slow", range: "" });
    await runAll(product, notebook);
    expect((await outcomeOf(product, notebook)).text).toContain("slow 1.0.0");
  }, 180_000);

  it("the web process: the installation ends with it, and another can begin", async () => {
    const notebook = await write("1");
    const { ended } = await begin(notebook);
    await kill(product, "web");
    expect(await ended).not.toBe("installed");
    await eventually("what it made is gone", () => halfDone().length === 0);
    registry.hang(null);
    expect(await list(notebook)).toMatchObject({ items: [], installing: null });
    expect((await asking(product)(addPackage, { workspace, notebook, name: "slow", range: "" })).items).toHaveLength(1);
  }, 180_000);
});

describe.skipIf(!browser)(`on screen${browser ? "" : `: no browser here (${noBrowser()})`}`, () => {
  let page: Page;
  let notebook: string;
  mkdirSync("test-results/packages", { recursive: true });
  beforeAll(async () => {
    notebook = await write(
      'import pad from "left-pad";\nconsole.log(pad());',
      '%npm install @turf/helpers\n(await import("@turf/helpers")).default()',
    );
    page = await (browser as Browser).newPage({ viewport: { width: 1280, height: 800 } });
    await signIn(page, product);
    await page.goto(`${product.url}/${workspace}/notebooks/${notebook}`);
    await page.waitForSelector("main[data-ready=true]");
  }, 120_000);

  const dialog = () => page.getByRole("dialog");
  const add = async (request: string): Promise<void> => {
    await dialog().getByRole("textbox").fill(request);
    await dialog().getByRole("button", { name: "Add" }).click();
  };
  /** Takes pictures by day and by night at both widths, for people to look at. */
  const picture = async (name: string): Promise<void> => {
    for (const width of [1280, 1600])
      for (const theme of ["light", "dark"]) {
        await page.setViewportSize({ width, height: 800 });
        await page.evaluate((value) => document.documentElement.setAttribute("data-theme", value), theme);
        await page.screenshot({ path: `test-results/packages/${name}-${theme}-${width}.png` });
      }
  };

  it("a package is added in a dialog, refused in words, stopped, upgraded and removed", async () => {
    await page.getByRole("button", { name: "Packages" }).click();
    await dialog().getByText("None yet").waitFor();
    await picture("none");
    await add("left-pad@1.2.0");
    await dialog().getByRole("cell", { name: "1.2.0" }).first().waitFor();
    await add("git+ssh://git@github.com/a/b.git");
    await dialog().getByRole("alert").getByText("A package of the npm registry").waitFor();
    await add("nothere");
    await dialog().getByRole("alert").getByText("There is no package nothere").waitFor();
    registry.hang(/^slow$/);
    await add("slow");
    await dialog().getByRole("progressbar").waitFor();
    await eventually("it is under way", async () => (await list(notebook)).installing !== null);
    await picture("installing");
    await dialog().getByRole("button", { name: "Stop" }).click();
    await dialog().getByText("Stopped. Nothing was changed.").waitFor();
    await eventually("it has ended", async () => (await list(notebook)).installing === null);
    registry.hang(null);
    await add("sqlite-native");
    await dialog().getByText("sqlite-native@5.0.2 has an install script, which was not run").waitFor();
    await picture("installed");
    await dialog().getByRole("button", { name: "Remove sqlite-native" }).click();
    await dialog().getByRole("cell", { name: "sqlite-native", exact: true }).waitFor({ state: "detached" });
    await dialog().getByRole("button", { name: "Close" }).click();
    expect((await list(notebook)).items.map((one) => one.name)).toEqual(["left-pad"]);
  }, 180_000);

  it("cells find it, and a cell installs another by %npm with its progress under it", async () => {
    await page.getByRole("button", { name: "Run all" }).click();
    const { text, states } = await outcomeOf(product, notebook);
    expect(states.map((one) => one.status)).toEqual(["done", "done"]);
    expect(text).toContain("left-pad 1.2.0");
    await page.getByText("@turf/helpers 7.1.0 is installed.").first().waitFor();
    await page.getByText("'@turf/helpers 7.1.0'").first().waitFor();
    await page.getByText("Cannot find module").first().waitFor({ state: "detached" });
    await picture("cell");
    await page.getByRole("button", { name: "Packages" }).click();
    await dialog().getByRole("cell", { name: "@turf/helpers" }).first().waitFor();
    await dialog().getByRole("button", { name: "Close" }).click();
  }, 180_000);
});

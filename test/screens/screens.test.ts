// Every page of the product, filled and empty, by day and by night, at two widths: nothing complains, nothing leaves the machine, nothing
// scrolls sideways, everything has a name. Pictures go to test-results/ for people to look at.
import { mkdirSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listExperiments, listRuns } from "#lib/experiments/contract.ts";
import { listNotebooks } from "#lib/notebooks/contract.ts";
import { createInvitation } from "#lib/workspace/contract.ts";
import { noBrowser, openBrowser, watchPage } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { asking, workspace } from "#test/kit/story.ts";
import { furnishFront, furnishStudy } from "#test/kit/tuning.ts";

const browser = await openBrowser();
const sizes = [
  { width: 1280, height: 800 },
  { width: 1600, height: 1000 },
];
const themes = ["light", "dark"] as const;
const rooms = [
  "",
  "/notebooks",
  "/datasets",
  "/experiments",
  "/experiments/automl",
  "/tuning",
  "/evaluation",
  "/models",
  "/pipelines",
  "/serving",
  "/monitoring",
  "/costs",
  "/settings",
  "/settings/machines",
];
mkdirSync("test-results/screens", { recursive: true });

/** Controls and pictures that a reader could not name, and levels of the page that are missing. */
const namelessOn = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const nameOf = (element: Element): string =>
      element.getAttribute("aria-label") ??
      (element as HTMLInputElement).labels?.[0]?.textContent ??
      element.getAttribute("title") ??
      element.getAttribute("placeholder") ??
      element.textContent ??
      "";
    const controls = [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, [role=img]")];
    const nameless = controls
      .filter((one) => !one.closest(".monaco-editor") && (one as HTMLElement).offsetParent !== null && nameOf(one).trim() === "")
      .map((one) => one.outerHTML.slice(0, 120));
    if (document.querySelectorAll("main").length !== 1) nameless.push(`${document.querySelectorAll("main").length} main landmarks`);
    if (document.querySelectorAll("h1").length !== 1) nameless.push(`${document.querySelectorAll("h1").length} first headings`);
    if (!document.title.trim()) nameless.push("no title");
    return nameless;
  });

const isWiderThanScreen = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describe.skipIf(!browser)(`screens${browser ? "" : `: no browser here (${noBrowser()})`}`, () => {
  let product: Product;
  let context: BrowserContext;
  let details: string[];

  beforeAll(async () => {
    product = await startProduct({ environment: { ATELIER_SEED: "1" } });
    const ask = asking(product);
    await furnishStudy(ask, "credit boosting", 38);
    await furnishFront(ask, "small and sharp");
    await eventually("the example notebook has run", () => product.said().includes("The example notebook has run."), 180_000);
    const [notebook] = (await ask(listNotebooks, { workspace })).items;
    const [experiment] = (await ask(listExperiments, { workspace })).items;
    const [run] = (await ask(listRuns, { workspace })).items;
    details = [
      `/notebooks/${notebook!.id}`,
      "/notebooks?trash=1",
      "/datasets/lending_club",
      `/experiments/${experiment!.id}`,
      `/experiments/runs/${run!.number}`,
      "/tuning/credit%20boosting",
      "/tuning/small%20and%20sharp",
      "/evaluation/credit-quality",
      "/evaluation/credit-quality/1",
      "/models/credit-default",
      "/models/credit-default/versions/1",
      "/pipelines/Nightly%20credit",
      "/serving/credit-default",
      "/monitoring/credit-default",
    ];
    context = await (browser as Browser).newContext();
    await signIn(await context.newPage(), product);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await product.stop();
  });

  const visitAll = async (
    paths: string[],
    theme: string,
    size: { width: number; height: number },
    kind: string,
    { as = context, status = 200 } = {},
  ): Promise<void> => {
    await as.addCookies([{ name: "atelier-theme", value: theme, url: product.url }]);
    const page = await as.newPage();
    await page.setViewportSize(size);
    const seen = watchPage(page, product.url);
    for (const path of paths) {
      const answer = await page.goto(product.url + path, { waitUntil: "load" });
      expect([path, answer?.status()]).toEqual([path, status]);
      await page.locator("main").first().waitFor();
      const isNotebook = status === 200 && /\/notebooks\/nb_/.test(path);
      if (isNotebook) await page.locator('main[data-ready="true"]').waitFor();
      await page.evaluate(() => document.fonts.ready);
      const name =
        path
          .replace(/join_\w+/, "open")
          .replaceAll(/[^\w]+/g, "-")
          .replace(/^-/, "") || "root";
      await page.screenshot({ path: `test-results/screens/${name}-${kind}-${theme}-${size.width}.png` });
      expect([path, await namelessOn(page)]).toEqual([path, []]);
      expect([path, await isWiderThanScreen(page)]).toEqual([path, false]);
      expect([path, await page.locator("html").getAttribute("data-theme")]).toEqual([path, theme]);
    }
    // A browser complains of a page's own 404 in these words; every other complaint counts.
    const complaints = seen.complaints.filter((one) => status === 200 || !/server responded with a status of 404/.test(one));
    expect({ ...seen, complaints }).toEqual({ complaints: [], foreign: [] });
    await page.close();
  };

  for (const theme of themes)
    for (const size of sizes)
      it(
        `every page, filled, ${theme}, ${size.width} wide`,
        () =>
          visitAll(
            [...rooms, ...details].map((path) => `/${workspace}${path}`),
            theme,
            size,
            "full",
          ),
        180_000,
      );

  it("every room of an empty workspace says what to do next", async () => {
    const made = await context.request.post(`${product.url}/api/v1/workspaces`, { data: { name: "Bare bench" } });
    const { slug } = (await made.json()) as { slug: string };
    for (const theme of themes)
      await visitAll(
        rooms.map((room) => `/${slug}${room}`),
        theme,
        sizes[0]!,
        "empty",
      );
    const page = await context.newPage();
    for (const room of rooms.filter((one) => one !== "" && !one.startsWith("/settings"))) {
      await page.goto(`${product.url}/${slug}${room}`);
      expect([room, await page.locator("main .empty h2").count()]).toEqual([room, 1]);
    }
    await page.close();
  }, 180_000);

  it("what is not there says so, and how to go on", async () => {
    const absent = ["notebooks/nb_absent", "datasets/absent", "experiments/exp_absent", "experiments/runs/999999", "models/absent"];
    const more = ["models/credit-default/versions/99", "pipelines/absent", "serving/absent", "monitoring/absent", "tuning/absent"];
    const paths = [...[...absent, ...more].map((path) => `/${workspace}/${path}`), "/absent", "/absent/notebooks"];
    for (const theme of themes) await visitAll(paths, theme, sizes[0]!, "absent", { status: 404 });
    const page = await context.newPage();
    await page.goto(`${product.url}/absent`);
    await page.getByRole("link", { name: "Go to your workspaces" }).click();
    await page.waitForURL(`${product.url}/${workspace}`);
    await page.close();
  }, 180_000);

  it("every door, for somebody who is not signed in", async () => {
    const { link } = await asking(product)(createInvitation, { workspace, role: "editor" });
    const invitation = new URL(link);
    const doors = ["/sign-in", invitation.pathname + invitation.search, "/invitation?code=over", "/welcome?code=none"];
    const stranger = await (browser as Browser).newContext();
    for (const theme of themes) for (const size of sizes) await visitAll(doors, theme, size, "door", { as: stranger });
    const page = await stranger.newPage();
    await page.goto(`${product.url}/${workspace}/notebooks`);
    expect(new URL(page.url()).pathname).toBe("/sign-in");
    await stranger.close();
  }, 180_000);
});

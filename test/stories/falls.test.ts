// The thread while the house falls: two people write in one cell, a cell and a stage run, requests come to the endpoint, and each kind of
// process is killed with -9 in turn. The pages stay open and go on by themselves; nothing that was acknowledged is lost.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "#lib/kit/call.ts";
import { registerVersion, uploadFile } from "#lib/models/contract.ts";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { promoteCells, readPipeline, readPipelineLog, runPipeline } from "#lib/pipelines/contract.ts";
import { deploy } from "#lib/serving/contract.ts";
import { noBrowser, openBrowser } from "#test/kit/browser.ts";
import { eventually, type Product, signIn, startProduct } from "#test/kit/product.ts";
import { fitCredit } from "#test/kit/serving.ts";
import { askCredit, asking, join, kill, loggedIncomes, outcomeOf, type Person, workspace } from "#test/kit/story.ts";

const browser = await openBrowser();
const steps = 60;
const upTo = Array.from({ length: steps }, (_, i) => i + 1);
const counting = (word: string): string =>
  `for (let i = 1; i <= ${steps}; i++) { console.log("${word}", i); await new Promise((resolve) => setTimeout(resolve, 150)); }`;
const counted = (word: string, text: string): number[] =>
  [...text.matchAll(new RegExp(`${word} (\\d+)`, "g"))].map((match) => Number(match[1]));

describe.skipIf(!browser)(`while the house falls${browser ? "" : `: no browser here (${noBrowser()})`}`, () => {
  let product: Product;
  let ada: Person;
  let bo: Person;
  let id: string;
  let pipelineRuns = 0;
  let asked = 40_000;
  let written = "// both write here";
  /** Letters in any order: two people's lines may stand in each other. */
  const letters = (text: string): string => [...text.replaceAll(/[\s\u00a0]/g, "")].sort().join("");

  /** Asks the endpoint until told to end; answers the incomes whose prediction came back. */
  const traffic = () => {
    let isOver = false;
    const answered: number[] = [];
    const over = (async () => {
      while (!isOver) {
        const income = ++asked;
        if (await askCredit(product, income)) answered.push(income);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    })();
    const end = (): Promise<void> => {
      isOver = true;
      return over;
    };
    return { answered, end };
  };

  const stageLog = async (number: number): Promise<string> =>
    (await asking(product)(readPipelineLog, { workspace, pipeline: "Falls", number, limit: 2000 })).entries
      .filter((entry) => entry.kind === "stdout")
      .map((entry) => entry.text)
      .join("");
  const stageOf = async (number: number) =>
    (await asking(product)(readPipeline, { workspace, pipeline: "Falls" })).runs.find((run) => run.number === number);

  const sourceOf = async (at: number): Promise<string> =>
    (await asking(product)(readNotebook, { workspace, notebook: id })).cells[at]!.source;
  const writtenOn = async (page: Page): Promise<string> =>
    (await page.locator("section.cell").nth(1).locator(".view-lines").textContent()) ?? "";

  beforeAll(async () => {
    product = await startProduct();
    const credit = await fitCredit();
    const options = { baseUrl: product.url, token: product.token };
    const upload = await send(uploadFile, { workspace }, { ...options, body: credit.onnx as BodyInit });
    const { digest } = (await upload.json()) as { digest: string };
    const { signature, sample, profile } = credit;
    await asking(product)(registerVersion, { workspace, model: "credit", digest, signature, sample, profile: profile as never });
    await asking(product)(deploy, { workspace, endpoint: "credit", model: "credit", version: 1 });
    const cells = [
      { cellType: "code" as const, source: counting("step") },
      { cellType: "code" as const, source: "// both write here\n" },
    ];
    id = (await asking(product)(createNotebook, { workspace, title: "Falls", cells })).id;
    const stage = (
      await asking(product)(createNotebook, { workspace, title: "Stage", cells: [{ cellType: "code", source: counting("stage") }] })
    ).id;
    const [cell] = (await asking(product)(readNotebook, { workspace, notebook: stage })).cells;
    await asking(product)(promoteCells, { workspace, pipeline: "Falls", stage: "Count", notebook: stage, cells: [{ cell: cell!.id }] });
    const context = await (browser as Browser).newContext({ viewport: { width: 1280, height: 900 } });
    ada = { name: "ada", context, page: await context.newPage() };
    await signIn(ada.page, product);
    bo = await join(browser as Browser, product, "Bo", "editor");
    for (const { page } of [ada, bo]) {
      await page.goto(`${product.url}/${workspace}/notebooks/${id}`);
      await page.locator('main[data-ready="true"] .bed').nth(1).click();
      await page.locator(".monaco-editor.focused").waitFor();
    }
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await product.stop();
  });

  for (const kind of ["worker", "serving", "web", "postgres", "kernel"]) {
    it(`${kind}: both write on, the cell and the stage come to their end, and every answered prediction is logged`, async () => {
      const requests = traffic();
      const { number } = await asking(product)(runPipeline, { workspace, pipeline: "Falls" });
      pipelineRuns++;
      expect(number).toBe(pipelineRuns);
      await ada.page.locator("section.cell").first().hover();
      await ada.page.keyboard.press("Escape");
      await ada.page.getByRole("button", { name: "Run all" }).click();
      await ada.page.locator("section.cell").nth(1).locator(".bed").click();
      await bo.page.locator("section.cell").nth(1).locator(".bed").click();
      await eventually("Bo sees this run count, not the one before", async () => {
        const shown = counted("step", (await bo.page.locator("section.cell").first().locator(".stream").allTextContents()).join(""));
        return shown.includes(8) && !shown.includes(steps);
      });
      await eventually("the stage counts", async () => counted("stage", await stageLog(number)).includes(8));
      await Promise.all([
        ada.page.keyboard.type(`// ada during ${kind}\n`, { delay: 40 }),
        bo.page.keyboard.type(`// bo during ${kind}\n`, { delay: 45 }),
        kill(product, kind),
      ]);
      await Promise.all([
        ada.page.keyboard.type(`// ada after ${kind}\n`, { delay: 20 }),
        bo.page.keyboard.type(`// bo after ${kind}\n`, { delay: 25 }),
      ]);
      written += ["ada during", "bo during", "ada after", "bo after"].map((words) => `// ${words} ${kind}`).join("");
      await eventually(
        "both pages and the disk hold every letter",
        async () => {
          const texts = [await sourceOf(1), await writtenOn(ada.page), await writtenOn(bo.page)];
          return texts.every((text) => letters(text) === letters(written));
        },
        60_000,
      );

      const { states, text } = await outcomeOf(product, id);
      const isKernel = kind === "kernel";
      if (isKernel) {
        expect(states[0]).toMatchObject({ status: "failed", fault: "ours" });
        expect(counted("step", text).slice(0, 8)).toEqual(upTo.slice(0, 8));
        await ada.page
          .getByText(/session was lost|Session lost/i)
          .first()
          .waitFor();
      } else {
        expect(states[0]!.status).toBe("done");
        expect(counted("step", text)).toEqual(upTo);
      }
      const run = await eventually(
        "the stage's run ends",
        async () => {
          const now = await stageOf(number);
          return now && ["done", "failed"].includes(now.status) && now;
        },
        120_000,
      );
      expect(run).toMatchObject({ status: "done", attempt: isKernel ? 2 : 1 });
      expect(counted("stage", await stageLog(number)).slice(-steps)).toEqual(upTo);
      if (isKernel) expect(run.attempts[0]).toMatchObject({ status: "failed", fault: "ours" });
      else expect(run.attempts).toHaveLength(1);
      const before = requests.answered.length;
      await eventually("answers go on", () => requests.answered.length > before + 5);
      await requests.end();
      await eventually("all answered are logged", async () => {
        const found = await loggedIncomes(product);
        return requests.answered.every((income) => found.includes(income));
      });
      const found = await loggedIncomes(product);
      expect(found.length).toBe(new Set(found).size);
      if (isKernel) {
        await ada.page.getByRole("button", { name: "Run all" }).click();
        await eventually("a new session runs it", async () => (await outcomeOf(product, id)).states[0]!.status === "done");
      }
    }, 180_000);
  }
});

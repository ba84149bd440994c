// kill -9 of each process in turn while work is under way: the product recovers by itself and nothing acknowledged is lost. No browser is
// needed for this; what a page would show comes from the same operations.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { bringTable } from "#drizzle/seed/furnish.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import { send } from "#lib/kit/call.ts";
import { registerVersion, uploadFile } from "#lib/models/contract.ts";
import { createNotebook, readNotebook } from "#lib/notebooks/contract.ts";
import { orderedCells, textOf } from "#lib/notebooks/document.ts";
import { promoteCells, readPipeline, readPipelineLog, runPipeline } from "#lib/pipelines/contract.ts";
import { deploy } from "#lib/serving/contract.ts";
import { readOutputs } from "#lib/sessions/contract.ts";
import { eventually, isHealthy, type Product, startProduct } from "#test/kit/product.ts";
import { fitCredit } from "#test/kit/serving.ts";
import { askCredit, asking, kill, loggedIncomes, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

let product: Product;
let credit: Awaited<ReturnType<typeof fitCredit>>;

const code = (...sources: string[]) => sources.map((source) => ({ cellType: "code" as const, source }));
const notebook = async (title: string, ...sources: string[]): Promise<string> =>
  (await asking(product)(createNotebook, { workspace, title, cells: code(...sources) })).id;
const counting = (steps: number, pauseMs = 100): string =>
  `for (let step = 1; step <= ${steps}; step++) { console.log("step", step); await new Promise((resolve) => setTimeout(resolve, ${pauseMs})); }`;
const stepsIn = (text: string): number[] => [...text.matchAll(/step (\d+)/g)].map((match) => Number(match[1]));
const upTo = (steps: number): number[] => Array.from({ length: steps }, (_, i) => i + 1);

const heard = (id: string, words: string): Promise<unknown> =>
  eventually(words, async () => {
    const { outputs } = await asking(product)(readOutputs, { workspace, notebook: id });
    return JSON.stringify(outputs).includes(words);
  });

beforeAll(async () => {
  product = await startProduct();
  await bringTable({ url: product.url, token: product.token, workspace });
  credit = await fitCredit();
  const options = { baseUrl: product.url, token: product.token };
  const upload = await send(uploadFile, { workspace }, { ...options, body: credit.onnx as BodyInit });
  const { digest } = (await upload.json()) as { digest: string };
  const { signature, sample, profile } = credit;
  await asking(product)(registerVersion, { workspace, model: "credit", digest, signature, sample, profile: profile as never });
  await asking(product)(deploy, { workspace, endpoint: "credit", model: "credit", version: 1 });
}, 240_000);
afterAll(() => product.stop());

describe("killed with -9 while people work", () => {
  it("web: a running cell goes on, and every line it said is there once", async () => {
    const id = await notebook("web falls", counting(40), "40 + 2");
    await runAll(product, id);
    await heard(id, "step 8");
    await kill(product, "web");
    const { states, outputs, text } = await outcomeOf(product, id);
    expect(states.map((one) => one.status)).toEqual(["done", "done"]);
    expect(stepsIn(text)).toEqual(upTo(40));
    expect(outputs[1]).toMatchObject([{ output_type: "execute_result", data: { "text/plain": "42" } }]);
  });

  it("postgres: a running cell goes on, and every line it said is there once", async () => {
    const id = await notebook("postgres falls", counting(40), "6 * 7");
    await runAll(product, id);
    await heard(id, "step 8");
    await kill(product, "postgres");
    const { states, text } = await outcomeOf(product, id);
    expect(states.map((one) => one.status)).toEqual(["done", "done"]);
    expect(stepsIn(text)).toEqual(upTo(40));
  });

  it("kernel: the cell that ran is said to be lost as ours, its output is kept, and the next run starts afresh", async () => {
    const id = await notebook("kernel falls", counting(200));
    await runAll(product, id);
    await heard(id, "step 8");
    await kill(product, "kernel");
    const { states, text } = await outcomeOf(product, id);
    expect(states[0]).toMatchObject({ status: "failed", fault: "ours" });
    expect(stepsIn(text).slice(0, 8)).toEqual(upTo(8));
    const again = await notebook("kernel stands", "const x = 20; x + 1");
    await runAll(product, again);
    expect((await outcomeOf(product, again)).states[0]!.status).toBe("done");
    await runAll(product, id);
    await heard(id, "step 3");
  });

  it("session: the cell says what became of it, its output is kept, and the next run starts afresh", async () => {
    const id = await notebook("session falls", counting(200));
    await runAll(product, id);
    await heard(id, "step 8");
    for (const pid of product.pids().session!) process.kill(pid, "SIGKILL");
    const { states, text } = await outcomeOf(product, id);
    expect(states[0]!.status).toBe("failed");
    expect(stepsIn(text).slice(0, 8)).toEqual(upTo(8));
    const again = await notebook("session stands", "20 + 1");
    await runAll(product, again);
    expect((await outcomeOf(product, again)).states[0]!.status).toBe("done");
    await runAll(product, id);
    await heard(id, "step 3");
  });

  it("worker: a pipeline run goes on, runs its stage once, and keeps every line once", async () => {
    const stage = `import { runs } from "atelier";\nconst run = await runs.start({ experiment: "Recovery", name: "once" });\n${counting(40)}\nawait run.end();`;
    const id = await notebook("worker falls", stage);
    const { cells } = await asking(product)(readNotebook, { workspace, notebook: id });
    await asking(product)(promoteCells, { workspace, pipeline: "Recovery", stage: "Count", notebook: id, cells: [{ cell: cells[0]!.id }] });
    await asking(product)(runPipeline, { workspace, pipeline: "Recovery" });
    const log = { workspace, pipeline: "Recovery", number: 1, limit: 2000 };
    const said = async (): Promise<string> =>
      (await asking(product)(readPipelineLog, log)).entries
        .filter((entry) => entry.kind === "stdout")
        .map((entry) => entry.text)
        .join("");
    await eventually("step 8", async () => stepsIn(await said()).includes(8));
    await kill(product, "worker");
    const run = await eventually("the run ends", async () => {
      const [last] = (await asking(product)(readPipeline, { workspace, pipeline: "Recovery" })).runs;
      return last && ["done", "failed"].includes(last.status) && last;
    });
    expect(run).toMatchObject({ status: "done", attempt: 1 });
    expect(stepsIn(await said())).toEqual(upTo(40));
    const runs = (await asking(product)(listRuns, { workspace })).items.filter((one) => one.name === "once");
    expect(runs).toHaveLength(1);
  });

  it("serving: every prediction that was answered is in the log, once", async () => {
    let isOver = false;
    const answered: number[] = [];
    const asked = (async () => {
      for (let i = 0; !isOver; i++) if (await askCredit(product, 30_000 + i)) answered.push(30_000 + i);
    })();
    await eventually("answers", () => answered.length > 50);
    await kill(product, "serving");
    const before = answered.length;
    await eventually("answers again", () => answered.length > before + 50);
    isOver = true;
    await asked;
    const incomes = await eventually("all are logged", async () => {
      const found = await loggedIncomes(product);
      return answered.every((income) => found.includes(income)) && found;
    });
    const asksOnly = incomes.filter((income) => income >= 30_000 && income < 60_000);
    expect(asksOnly.length).toBe(new Set(asksOnly).size);
  });

  it("the supervisor: after a new start everything acknowledged is there, and writers go on", async () => {
    const id = await notebook("all falls", "1 + 1");
    await runAll(product, id);
    await outcomeOf(product, id);
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`${product.url.replace("http", "ws")}/sync`, id, doc, {
      params: { token: product.token },
      WebSocketPolyfill: WebSocket as never,
      disableBc: true,
    });
    await eventually("synced", () => provider.synced);
    textOf(orderedCells(doc)[0]!).insert(0, "// before the fall\n");
    await eventually("stored", async () =>
      (await asking(product)(readNotebook, { workspace, notebook: id })).cells[0]!.source.startsWith("// before"),
    );
    process.kill(product.supervisor.pid!, "SIGKILL");
    await eventually("nobody answers", async () => !(await isHealthy(product.url)));
    const { home, port } = product;
    product = await startProduct({ home, port });
    const { cells } = await asking(product)(readNotebook, { workspace, notebook: id });
    expect(cells.map((cell) => cell.source)).toEqual(["// before the fall\n1 + 1"]);
    const { outputs } = await asking(product)(readOutputs, { workspace, notebook: id });
    expect(outputs[cells[0]!.id]).toMatchObject([{ data: { "text/plain": "2" } }]);
    textOf(orderedCells(doc)[0]!).insert(0, "// after the fall\n");
    await eventually("stored again", async () =>
      (await asking(product)(readNotebook, { workspace, notebook: id })).cells[0]!.source.startsWith("// after the fall\n// before"),
    );
    provider.destroy();
    const answer = await fetch(`${product.url}/v2/models/credit/ready`, { headers: { authorization: `Bearer ${product.token}` } });
    expect(answer.status).toBe(200);
  }, 180_000);
});

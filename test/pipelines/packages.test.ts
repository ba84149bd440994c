// Stages and npm packages: a stage runs with the lock its notebook had when it was promoted, whatever the notebook has since.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listMachines } from "#lib/devices/contract.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/pipelines/contract.ts";
import { addPackage, removePackage } from "#lib/sessions/packages/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { type Gateway, startMachine } from "#test/kit/machine.ts";
import { eventually } from "#test/kit/product.ts";
import { openRegistry, type Registry } from "#test/kit/registry.ts";

const main = { workspace: "main" };
let house: House;
let machine: Gateway;
let registry: Registry;
let executors: ReturnType<typeof import("#lib/pipelines/jobs.ts")["openExecutors"]>;
beforeAll(async () => {
  registry = await openRegistry();
  for (const [version, said] of [
    ["1.2.0", "old"],
    ["1.3.0", "new"],
  ] as const)
    registry.publish({ name: "left-pad", version, files: { "index.js": `module.exports = () => ${JSON.stringify(said)};` } });
  process.env.ATELIER_NPM_REGISTRY = registry.url;
  house = await openHouse();
  executors = (await import("#lib/pipelines/jobs.ts")).openExecutors();
  const port = Number(new URL(process.env.ATELIER_KERNEL_URL!).port);
  machine = await startMachine({ webUrl: house.url, secret: process.env.ATELIER_INTERNAL_SECRET!, port });
  await eventually("the machine is known", async () => (await house.as("viewer")(listMachines, main)).items.length === 1);
}, 90_000);
afterAll(async () => {
  await executors.settled();
  await machine.close();
  await house.close();
  await registry.close();
});

const write = async (source: string): Promise<string> =>
  (await house.as("editor")(notebooks.createNotebook, { ...main, title: "Packages", cells: [{ cellType: "code", source }] })).id;
const add = (notebook: string, range: string) => house.as("editor")(addPackage, { ...main, notebook, name: "left-pad", range });
const promote = async (pipeline: string, notebook: string, stage: string): Promise<boolean> => {
  const [cell] = (await house.as("viewer")(notebooks.readNotebook, { ...main, notebook })).cells;
  const cells = [{ cell: cell!.id, sourceHash: cell!.hash }];
  return (await house.as("editor")(contract.promoteCells, { ...main, pipeline, stage, notebook, cells, limitMinutes: 5 })).hasChanged;
};
/** Runs a pipeline to its end; answers how it ended and its log. */
const run = async (pipeline: string): Promise<{ status: string; text: string }> => {
  const { number } = await house.as("editor")(contract.runPipeline, { ...main, pipeline });
  await executors.takeOne();
  const { status, message } = await eventually("it has ended", async () => {
    const found = await house.as("viewer")(contract.readPipelineRun, { ...main, pipeline, number });
    return contract.hasEnded(found.status) && found;
  });
  const { entries } = await house.as("viewer")(contract.readPipelineLog, { ...main, pipeline, number, afterSeq: 0 });
  return { status, text: `${entries.map((one) => one.text).join("\n")}\n${message}` };
};

describe("P10 a stage's packages", () => {
  it("are those of its promotion; promoting again takes those of now, and each stage of a run has its own", async () => {
    const notebook = await write('import pad from "left-pad";\nconsole.log("says", pad());');
    await add(notebook, "1.2.0");
    expect(await promote("Says", notebook, "First")).toBe(true);
    await add(notebook, "1.3.0");
    expect(await run("Says")).toMatchObject({ status: "done", text: expect.stringContaining("says old") });
    expect(await promote("Says", notebook, "Second")).toBe(true);
    const both = await run("Says");
    expect(both.text.indexOf("says old")).toBeGreaterThanOrEqual(0);
    expect(both.text.indexOf("says new")).toBeGreaterThan(both.text.indexOf("says old"));
    expect(await promote("Says", notebook, "First")).toBe(true);
    expect(await promote("Says", notebook, "First")).toBe(false);
    expect((await run("Says")).text).not.toContain("says old");
    await house.as("editor")(removePackage, { ...main, notebook, name: "left-pad" });
    expect((await run("Says")).text).toContain("says new");
  }, 180_000);

  it("a pipeline run installs nothing: %npm install of what is there is well, and of another is refused in words", async () => {
    const notebook = await write('%npm install left-pad\nconsole.log("goes on", (await import("left-pad")).default());');
    await add(notebook, "1.2.0");
    await promote("Installs", notebook, "Only");
    expect(await run("Installs")).toMatchObject({ status: "done", text: expect.stringContaining("goes on old") });
    const other = await write("%npm install right-pad");
    await promote("Installs not", other, "Only");
    const refused = await run("Installs not");
    expect(refused.status).toBe("failed");
    expect(refused.text).toContain("A pipeline run installs nothing");
  }, 180_000);
});

// Where pipeline runs run: placed by what their notebooks ask for, waiting in turn with the place in the log, refused in words when no machine
// could ever hold them, and never ended for idleness.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listMachines } from "#lib/devices/contract.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/pipelines/contract.ts";
import { changeWish, type SessionWish } from "#lib/sessions/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { type Gateway, startMachine } from "#test/kit/machine.ts";
import { eventually } from "#test/kit/product.ts";

const main = { workspace: "main" };
let house: House;
let machine: Gateway;
let executors: ReturnType<typeof import("#lib/pipelines/jobs.ts")["openExecutors"]>;
beforeAll(async () => {
  house = await openHouse();
  executors = (await import("#lib/pipelines/jobs.ts")).openExecutors();
  const port = Number(new URL(process.env.ATELIER_KERNEL_URL!).port);
  machine = await startMachine({ webUrl: house.url, secret: process.env.ATELIER_INTERNAL_SECRET!, port });
  await eventually("the machine is known", async () => (await machines()).length === 1);
});
afterAll(async () => {
  await executors.settled();
  await machine.close();
  await house.close();
});

const machines = async () => (await house.as("viewer")(listMachines, main)).items;
const promote = async (name: string, source: string, wish: Partial<SessionWish>): Promise<void> => {
  const { id } = await house.as("editor")(notebooks.createNotebook, { ...main, title: name, cells: [{ cellType: "code", source }] });
  await house.as("editor")(changeWish, { ...main, notebook: id, ...wish });
  const [cell] = (await house.as("viewer")(notebooks.readNotebook, { ...main, notebook: id })).cells;
  const cells = [{ cell: cell!.id, sourceHash: cell!.hash }];
  await house.as("editor")(contract.promoteCells, { ...main, pipeline: name, stage: "Only", notebook: id, cells, limitMinutes: 5 });
};
const start = async (pipeline: string): Promise<number> => {
  const { number } = await house.as("editor")(contract.runPipeline, { ...main, pipeline });
  await executors.takeOne();
  return number;
};
const look = (pipeline: string, number: number) => house.as("viewer")(contract.readPipelineRun, { ...main, pipeline, number });
const ended = (pipeline: string, number: number) =>
  eventually("it has ended", async () => {
    const found = await look(pipeline, number);
    return contract.hasEnded(found.status) && found;
  });
const logOf = async (pipeline: string, number: number): Promise<string> =>
  (await house.as("viewer")(contract.readPipelineLog, { ...main, pipeline, number, afterSeq: 0 })).entries
    .map((one) => one.text)
    .join("\n");

describe("P9 a pipeline run", () => {
  it("waits in turn for what its notebook asks for, says its place in the log, and runs when it is its turn", async () => {
    const { ask, giveBack } = await import("#lib/devices/leases.ts");
    const { cpus } = (await machines())[0]!;
    const other = { workspaceId: house.workspaceId, notebookId: null, userId: null, person: "somebody", memoryMb: 0, gpu: false };
    await ask({ session: "ses_other", cpus, ...other });
    await promote("Waits", "console.log('at last')", { cpus });
    const number = await start("Waits");
    await eventually("its place is told", async () =>
      (await logOf("Waits", number)).includes("Waits for room on a machine: place 1 of 1."),
    );
    expect((await look("Waits", number)).status).not.toBe("failed");
    await giveBack("ses_other");
    expect(await ended("Waits", number)).toMatchObject({ status: "done", attempt: 1 });
    expect(await logOf("Waits", number)).toContain("at last");
    await executors.settled();
    await eventually("it holds nothing", async () => (await machines())[0]!.freeCpus === cpus);
  });

  it("that waits can be stopped, and leaves the queue", async () => {
    const { ask, giveBack } = await import("#lib/devices/leases.ts");
    const { listLeases } = await import("#lib/devices/contract.ts");
    const { cpus } = (await machines())[0]!;
    const other = { workspaceId: house.workspaceId, notebookId: null, userId: null, person: "somebody", memoryMb: 0, gpu: false };
    await ask({ session: "ses_second", cpus, ...other });
    await promote("Stopped", "console.log('never')", { cpus });
    const number = await start("Stopped");
    await eventually("its place is told", async () => (await logOf("Stopped", number)).includes("place 1 of 1"));
    await house.as("editor")(contract.cancelPipelineRun, { ...main, pipeline: "Stopped", number });
    expect(await ended("Stopped", number)).toMatchObject({ status: "cancelled" });
    await executors.settled();
    const waiting = (await house.as("viewer")(listLeases, main)).items.filter((one) => one.place !== null);
    expect(waiting).toEqual([]);
    await giveBack("ses_second");
  });

  it("that no machine could ever hold fails as yours, in words, and is not tried again", async () => {
    await promote("Huge", "1", { memoryMb: 3_000_000 });
    const found = await ended("Huge", await start("Huge"));
    expect(found).toMatchObject({
      status: "failed",
      fault: "yours",
      attempt: 1,
      message: expect.stringMatching(/No machine here is that large/),
    });
  });

  it("S8 is not ended for idleness, however long its cell waits for something", async () => {
    const { now, setClock } = await import("#lib/kit/clock.ts");
    await promote("Patient", "await new Promise((r) => setTimeout(r, 2500)); console.log('waited')", { idleMinutes: 1 });
    const number = await start("Patient");
    await eventually("it runs", async () => (await look("Patient", number)).status === "running");
    const [at, since] = [now().getTime() + 4 * 60_000, Date.now()];
    setClock(() => at + (Date.now() - since));
    try {
      expect(await ended("Patient", number)).toMatchObject({ status: "done" });
    } finally {
      setClock();
    }
  });
});

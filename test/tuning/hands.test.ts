// The worker's sessions at a study, in this process on a real gateway: what is refused, several at once, a cell that throws, stop and resume,
// and the way from the best trial through its run to a model version.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as experiments from "#lib/experiments/contract.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/tuning/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { eventually, treeOf } from "#test/kit/product.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
let takeHands: (stop: AbortSignal) => Promise<void>;
const main = { workspace: "main" };
const study = "ridge";
let notebook: string;
let cells: notebooks.Cell[];

const sources = [
  `import { learn, models } from "atelier";
const x = Float64Array.from({ length: 40 }, (_, i) => i / 10);
const table = { x, y: x.map((one, i) => 2 * one + (i % 3)) };`,
  `const objective = async ({ params, run, report }) => {
  const model = await learn.ridge({ l2: params.l2 }).fit(table, { target: "y" });
  await report(1, model.evaluate(table).rmse);
  await models.keep(run, { model, trainedOn: table });
  return model.evaluate(table).rmse;
};
const broken = () => { throw new Error("nothing comes of this"); };`,
  `const endless = async ({ number, params, report }) => {
  await report(1, params.l2);
  if (number === 2) await new Promise(() => {});
  return params.l2;
};
const greedy = async () => {
  const all = [];
  for (;;) all.push(new Float64Array(4_000_000).fill(1));
};`,
  `const never = undefinedName;`,
];

beforeAll(async () => {
  house = await openHouse({ kernel: true });
  const store = await import("#lib/tuning/hand-store.ts");
  const { workHand } = await import("#lib/tuning/hands.ts");
  const { leaseEnd, leaseOwner } = await import("#lib/kit/job.ts");
  takeHands = async (stop) => {
    const open: Promise<void>[] = [];
    for (;;) {
      const claimed = await store.claimHand(leaseOwner, leaseEnd(), new Date());
      if (!claimed) break;
      open.push(workHand(claimed, stop));
    }
    await Promise.all(open);
  };
  const made = await house.as("editor")(notebooks.createNotebook, {
    ...main,
    title: study,
    cells: sources.map((source) => ({ cellType: "code" as const, source })),
  });
  notebook = made.id;
  cells = (await house.as("viewer")(notebooks.readNotebook, { ...main, notebook })).cells;
  await open(study, 8);
});
afterAll(() => house.close());

const open = (name: string, trials: number) =>
  house.as("editor")(contract.openStudy, {
    ...main,
    name,
    space: { l2: { type: "float", low: 0.001, high: 1000, log: true } },
    objectives: [{ name: "rmse", direction: "minimize" }],
    seed: 1,
    trials,
  });
const read = (name: string) => house.as("viewer")(contract.readStudy, { ...main, study: name });
const work = (name: string, more: { cell?: string; objective?: string | null; parallel?: number } = {}) =>
  house.as("editor")(contract.workStudy, { ...main, study: name, notebook, cell: cells[1]!.id, objective: "objective", ...more });
const stop = new AbortController();

describe("refusals", () => {
  const one = () => ({ ...main, study, notebook, cell: cells[1]!.id, objective: "objective" });
  refusals(() => house, contract.workStudy, one, { minimumRole: "editor", bad: { parallel: 0 } });
  refusals(
    () => house,
    contract.registerTrial,
    () => ({ ...main, study, model: "ridge" }),
    {
      minimumRole: "editor",
      bad: { model: "Not an address" },
    },
  );
  it("a study without a complete trial has no model, a cell that is not there no objective", async () => {
    expect((await refusal(house.as("editor")(contract.registerTrial, { ...main, study, model: "ridge" }))).code).toBe("tuning.no_best");
    expect((await refusal(work(study, { cell: "cell_absent" }))).code).toBe("tuning.cell_missing");
  });
});

describe("hands", () => {
  it("TU7 TU8 TU9 several sessions search a study to its end, each trial a run, and the best one's model becomes a version once", async () => {
    await open("together", 10);
    await work("together", { parallel: 2 });
    expect((await refusal(work("together"))).code).toBe("tuning.at_work");
    await takeHands(stop.signal);
    const whole = await read("together");
    expect(whole.hands.map((one) => [one.status, one.sentence])).toEqual(Array(2).fill(["done", "Its session ended."]));
    expect(whole.counts).toMatchObject({ complete: 10, running: 0, lost: 0 });
    const best = whole.trials[whole.best!.number]!;
    const { artefacts, ...run } = await house.as("viewer")(experiments.readRun, { ...main, run: String(best.runNumber) });
    expect(run).toMatchObject({ status: "done", experiment: { name: "together" }, params: best.params, source: { notebookId: notebook } });
    expect(artefacts.map((one) => one.name)).toEqual(["model.json", "model.onnx"]);
    expect(whole.keepsModel).toBe(true);
    const register = () => house.as("editor")(contract.registerTrial, { ...main, study: "together", model: "ridge" });
    const version = await register();
    expect(version).toMatchObject({
      number: 1,
      kind: "ridge regression",
      run: { number: best.runNumber },
      source: { notebookId: notebook },
    });
    expect(version.sample).toHaveLength(5);
    expect((await register()).id).toBe(version.id);
    expect((await refusal(work("together"))).code).toBe("tuning.budget");
  }, 120_000);

  it("a cell that throws ends its hand in words, and an objective that throws fails its trials only", async () => {
    await open("broken", 3);
    await work("broken", { cell: cells[3]!.id, objective: null, parallel: 1 });
    await takeHands(stop.signal);
    const [hand] = (await read("broken")).hands;
    expect(hand).toMatchObject({ status: "failed", sentence: expect.stringMatching(/^Cell 4\. .*undefinedName/) });
    await work("broken", { objective: "broken", parallel: 1 });
    await takeHands(stop.signal);
    const whole = await read("broken");
    expect(whole.counts).toMatchObject({ failed: 3, complete: 0 });
    expect(whole.trials[0]!.message).toContain("nothing comes of this");
  }, 120_000);

  it("TU3 TU7 TU8 a trial whose session is killed is tried again once with the same parameters, and no trial that ended is lost", async () => {
    await open("felled", 5);
    await work("felled", { cell: cells[2]!.id, objective: "endless", parallel: 1 });
    const taken = takeHands(stop.signal);
    const before = await eventually("the endless trial has reported", async () => {
      const now = await read("felled");
      return now.trials[2]?.reports.length === 1 && now;
    });
    for (const pid of treeOf(process.pid).session!) process.kill(pid, "SIGKILL");
    await taken;
    const whole = await read("felled");
    expect(whole.hands).toMatchObject([{ status: "done", attempt: 2 }]);
    expect(whole.counts).toMatchObject({ complete: 5, lost: 1, failed: 0, running: 0 });
    expect(whole.trials.slice(0, 2)).toEqual(before.trials.slice(0, 2));
    const lost = whole.trials[2]!;
    expect(lost.message).toContain("killed from outside");
    expect(whole.trials.filter((one) => one.retryOf !== null)).toMatchObject([
      { retryOf: lost.number, params: lost.params, state: "complete" },
    ]);
    const run = await house.as("viewer")(experiments.readRun, { ...main, run: String(lost.runNumber) });
    expect([run.status, run.fault]).toEqual(["failed", "ours"]);
  }, 120_000);

  it("TU7 a trial whose session was stopped for memory has failed for memory, and is not tried again", async () => {
    await open("greedy", 1);
    await work("greedy", { cell: cells[2]!.id, objective: "greedy", parallel: 1 });
    await takeHands(stop.signal);
    const whole = await read("greedy");
    expect(whole.trials).toMatchObject([{ state: "failed", retryOf: null, message: expect.stringMatching(/memory passed 1200 MB/) }]);
    const run = await house.as("viewer")(experiments.readRun, { ...main, run: String(whole.trials[0]!.runNumber) });
    expect([run.status, run.fault]).toEqual(["failed", "limits"]);
  }, 120_000);

  it("TU6 a stopped study lets its sessions go, and resuming puts them back", async () => {
    await open("halted", 400);
    await work("halted", { parallel: 1 });
    const taken = takeHands(stop.signal);
    await eventually("some trials", async () => (await read("halted")).counts.complete > 2);
    await house.as("editor")(contract.stopStudy, { ...main, study: "halted" });
    await taken;
    const halted = await read("halted");
    expect(halted.hands.map((one) => one.status)).toEqual(["done"]);
    expect(halted.counts.running).toBe(0);
    await house.as("editor")(contract.resumeStudy, { ...main, study: "halted" });
    expect((await read("halted")).hands.map((one) => one.status).sort()).toEqual(["done", "queued"]);
    const again = takeHands(stop.signal);
    await eventually("more trials", async () => (await read("halted")).counts.complete > halted.counts.complete);
    await house.as("editor")(contract.stopStudy, { ...main, study: "halted" });
    await again;
  }, 120_000);
});

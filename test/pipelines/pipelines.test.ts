// The verbs of pipelines over real HTTP: refusals, promotion and its pinned text, schedules, the trash. No kernel: nothing is executed here.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "#db";
import { setClock } from "#lib/kit/clock.ts";
import { systemIn, within } from "#lib/kit/verb.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/pipelines/contract.ts";
import { queueAllDue } from "#lib/pipelines/jobs.ts";
import { insertServer, putChoice } from "#lib/sessions/remote/store.ts";
import * as workspace from "#lib/workspace/contract.ts";
import { findWorkspace } from "#lib/workspace/store.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
let notebook: string;
let cells: notebooks.Cell[];
const main = { workspace: "main" };
const base = { ...main, pipeline: "Nightly" };

beforeAll(async () => {
  house = await openHouse();
  notebook = await makeNotebook(["// @cell read\nlet x = 1", "// @cell train\nx + 1"]);
  cells = (await house.as("viewer")(notebooks.readNotebook, { ...main, notebook })).cells;
  await promote("Nightly", ["read"], "Read");
  await house.as("editor")(contract.runPipeline, base);
});
afterAll(async () => {
  setClock();
  await house.close();
});

const makeNotebook = async (sources: string[]): Promise<string> =>
  (
    await house.as("editor")(notebooks.createNotebook, {
      ...main,
      title: "Credit",
      cells: sources.map((source) => ({ cellType: "code" as const, source })),
    })
  ).id;

const promote = (pipeline: string, names: string[], stage?: string, schedule?: contract.Schedule) =>
  house.as(schedule ? "operator" : "editor")(contract.promoteCells, {
    ...main,
    pipeline,
    notebook,
    cells: names.map((cell) => ({ cell })),
    stage,
    schedule,
  });

describe("refusals", () => {
  const owes = (
    operation: Parameters<typeof refusals>[1],
    minimumRole: workspace.Role,
    more: Record<string, unknown> = {},
    bad?: Record<string, unknown>,
  ) =>
    refusals(
      () => house,
      operation,
      () => ({ ...base, ...more }),
      { minimumRole, ...(bad ? { bad } : {}) },
    );
  const schedule = { cron: "30 2 * * *", timeZone: "Europe/Madrid" };
  owes(contract.listPipelines, "viewer", {}, { limit: 0 });
  owes(contract.readPipeline, "viewer");
  owes(contract.removeStage, "editor", { stage: "Read" });
  owes(contract.setSchedule, "operator", { schedule }, { schedule: { cron: "" } });
  owes(contract.previewSchedule, "viewer", schedule, { cron: "61 * * * *" });
  owes(contract.pausePipeline, "operator");
  owes(contract.resumePipeline, "operator");
  owes(contract.trashPipeline, "editor");
  owes(contract.restorePipeline, "editor");
  owes(contract.deletePipeline, "owner");
  owes(contract.runPipeline, "editor");
  owes(contract.listPipelineRuns, "viewer", {}, { limit: 1000 });
  owes(contract.readPipelineRun, "viewer", { number: 1 }, { number: "x" });
  owes(contract.readPipelineLog, "viewer", { number: 1 }, { afterSeq: -1 });
  owes(contract.cancelPipelineRun, "editor", { number: 1 }, { number: 0 });
  refusals(
    () => house,
    contract.promoteCells,
    () => ({ ...base, notebook, cells: [{ cell: "read" }], stage: "Read" }),
    { minimumRole: "editor", bad: { cells: [] } },
  );

  it("unknown pipelines, pipeline runs, stages, notebooks and cells are missing", async () => {
    const absent = { ...main, pipeline: "Absent" };
    const missing = [
      house.as("owner")(contract.readPipeline, absent),
      house.as("owner")(contract.runPipeline, absent),
      house.as("owner")(contract.readPipelineRun, { ...base, number: 99 }),
      house.as("owner")(contract.readPipelineLog, { ...base, number: 99 }),
      house.as("owner")(contract.cancelPipelineRun, { ...base, number: 99 }),
      house.as("owner")(contract.removeStage, { ...base, stage: "Absent" }),
      house.as("owner")(contract.promoteCells, { ...base, notebook: "nb_absent", cells: [{ cell: "read" }] }),
      promote("Nightly", ["absent"]),
    ];
    expect((await Promise.all(missing.map(refusal))).map((problem) => problem.status)).toEqual(missing.map(() => 404));
  });

  it("an editor promotes without a schedule only, and text that moved on is a conflict", async () => {
    const input = { ...main, pipeline: "Other", notebook, cells: [{ cell: cells[0]!.id }] };
    const wider = await refusal(house.as("editor")(contract.promoteCells, { ...input, schedule }));
    expect([wider.status, wider.message.includes("right to operate")]).toEqual([403, true]);
    const moved = { ...input, cells: [{ cell: cells[0]!.id, sourceHash: "0".repeat(64) }] };
    expect((await refusal(house.as("editor")(contract.promoteCells, moved))).code).toBe("pipelines.moved_on");
    expect((await refusal(house.as("viewer")(contract.readPipeline, { ...main, pipeline: "Other" }))).status).toBe(404);
  });
});

describe("promoting", () => {
  it("cells of a notebook that runs on another kernel are refused by its name", async () => {
    const elsewhere = await makeNotebook(["print(1)"]);
    const [cell] = (await house.as("viewer")(notebooks.readNotebook, { ...main, notebook: elsewhere })).cells;
    const workspaceId = (await findWorkspace(sql(), "main"))!.id;
    await within(systemIn(workspaceId), workspaceId, async (scope) => {
      const server = {
        id: "ks_lab",
        name: "Lab",
        url: "https://lab.example.test",
        sealedToken: "",
        createdBy: "ada",
        createdAt: scope.now,
      };
      await insertServer(scope, server);
      await putChoice(scope, { notebookId: elsewhere, serverId: "ks_lab", kernel: "python3", title: "Python 3", language: "python" });
    });
    const input = { ...main, pipeline: "Python", notebook: elsewhere, cells: [{ cell: cell!.id }] };
    const said = await refusal(house.as("editor")(contract.promoteCells, input));
    expect([said.code, said.message.includes("Python 3 of Lab")]).toEqual(["pipelines.other_kernel", true]);
    expect((await refusal(house.as("viewer")(contract.readPipeline, { ...main, pipeline: "Python" }))).status).toBe(404);
  });

  it("P1 appends stages in revisions, replaces a stage of the same name, and the same text again changes nothing", async () => {
    const first = await promote("Growing", ["read"], "Read");
    expect([first.revision, first.hasChanged, first.stages[0]!.cells[0]!.hash]).toEqual([1, true, cells[0]!.hash]);
    const second = await promote("Growing", ["train"], "Train");
    expect(second.stages.map((stage) => [stage.name, stage.dependsOn])).toEqual([
      ["Read", []],
      ["Train", ["Read"]],
    ]);
    const again = await promote("Growing", ["train"], "Train");
    expect([again.revision, again.hasChanged]).toEqual([2, false]);
    const replaced = await promote("Growing", ["read", "train"], "Read");
    expect([replaced.revision, replaced.stageNames]).toEqual([3, ["Read", "Train"]]);
    expect(replaced.stages[0]!.cells.map((cell) => cell.source)).toEqual(cells.map((cell) => cell.source));
    const removed = await house.as("editor")(contract.removeStage, { ...main, pipeline: "Growing", stage: "Read" });
    expect([removed.revision, removed.stageNames]).toEqual([4, ["Train"]]);
    const last = await refusal(house.as("editor")(contract.removeStage, { ...main, pipeline: "Growing", stage: "Train" }));
    expect(last.code).toBe("pipelines.last_stage");
  });

  it("P1 a pipeline run that waits keeps the revision it was started with", async () => {
    await promote("Waiting", ["read"], "Only");
    const run = await house.as("editor")(contract.runPipeline, { ...main, pipeline: "Waiting" });
    await promote("Waiting", ["train"], "Only");
    const found = await house.as("viewer")(contract.readPipelineRun, { ...main, pipeline: "Waiting", number: run.number });
    expect([found.revision, found.pinned[0]!.cells[0]!.source]).toEqual([1, cells[0]!.source]);
  });

  it("two people promoting at once make one pipeline with both stages", async () => {
    await Promise.all([promote("Both", ["read"], "A"), promote("Both", ["train"], "B")]);
    const both = await house.as("viewer")(contract.readPipeline, { ...main, pipeline: "Both" });
    expect([both.revision, [...both.stageNames].sort()]).toEqual([2, ["A", "B"]]);
  });

  it("writes the trail: who promoted which text", async () => {
    const trail = await house.as("owner")(workspace.readAudit, { ...main, limit: 500 });
    const entry = trail.items.find((one) => one.action === "pipeline.promoted" && one.detail.stage === "Train");
    expect(entry).toMatchObject({ actor: { name: "editor" }, detail: { cells: [cells[1]!.hash] } });
  });
});

describe("schedules", () => {
  const hourly = { cron: "0 * * * *", timeZone: "UTC" };
  const runsOf = async (pipeline: string) => (await house.as("viewer")(contract.listPipelineRuns, { ...main, pipeline })).items;
  const standAt = (time: string): void => setClock(() => Date.parse(time));

  it("says the words and the next three times before anything is set", async () => {
    const preview = await house.as("viewer")(contract.previewSchedule, { ...main, cron: "30 2 * * *", timeZone: "Europe/Madrid" });
    expect([preview.words, preview.next.length]).toEqual(["Every night at 02:30, Madrid", 3]);
  });

  it("P2 a due time makes exactly one pipeline run, however many workers look", async () => {
    standAt("2027-01-01T00:30:00Z");
    await promote("Hourly", ["read"], "Read", hourly);
    expect(await queueAllDue()).toBe(0);
    standAt("2027-01-01T01:00:00Z");
    const made = await Promise.all(Array.from({ length: 8 }, () => queueAllDue()));
    expect(made.reduce((sum, n) => sum + n)).toBe(1);
    expect((await runsOf("Hourly")).map((run) => [run.trigger, run.scheduledFor])).toEqual([["schedule", "2027-01-01T01:00:00.000Z"]]);
  });

  it("P2 while one still waits the next due time is skipped; times missed while down make one, the most recent", async () => {
    standAt("2027-01-01T02:00:00Z");
    expect(await queueAllDue()).toBe(0);
    await house.as("editor")(contract.cancelPipelineRun, { ...main, pipeline: "Hourly", number: 1 });
    standAt("2027-01-03T07:45:00Z");
    expect(await queueAllDue()).toBe(1);
    const [newest] = await runsOf("Hourly");
    expect([newest!.number, newest!.scheduledFor]).toEqual([2, "2027-01-03T07:00:00.000Z"]);
    const { schedule } = await house.as("viewer")(contract.readPipeline, { ...main, pipeline: "Hourly" });
    expect(schedule!.next[0]).toBe("2027-01-03T08:00:00.000Z");
  });

  it("a paused or trashed pipeline is never due, and goes on from the next time after it is resumed", async () => {
    standAt("2027-02-01T00:30:00Z");
    await promote("Paused", ["read"], "Read", hourly);
    const paused = await house.as("operator")(contract.pausePipeline, { ...main, pipeline: "Paused" });
    expect([paused.isPaused, paused.schedule!.next]).toEqual([true, []]);
    standAt("2027-02-01T05:10:00Z");
    await house.as("editor")(contract.trashPipeline, { ...main, pipeline: "Hourly" });
    await queueAllDue();
    expect(await runsOf("Paused")).toEqual([]);
    await house.as("operator")(contract.resumePipeline, { ...main, pipeline: "Paused" });
    await queueAllDue();
    expect(await runsOf("Paused")).toEqual([]);
    standAt("2027-02-01T06:00:00Z");
    await queueAllDue();
    expect((await runsOf("Paused")).map((run) => run.scheduledFor)).toEqual(["2027-02-01T06:00:00.000Z"]);
    setClock();
  });
});

describe("the trash", () => {
  it("stops what waits, refuses to run, comes back paused, and is deleted by an owner only from the trash", async () => {
    const one = { ...main, pipeline: "Thrown" };
    await promote("Thrown", ["read"], "Read", { cron: "30 2 * * *", timeZone: "UTC" });
    await house.as("editor")(contract.runPipeline, one);
    expect((await refusal(house.as("owner")(contract.deletePipeline, one))).code).toBe("pipelines.not_trashed");
    await house.as("editor")(contract.trashPipeline, one);
    expect((await house.as("viewer")(contract.readPipelineRun, { ...one, number: 1 })).status).toBe("cancelled");
    expect((await refusal(house.as("editor")(contract.runPipeline, one))).code).toBe("pipelines.trashed");
    expect((await refusal(promote("Thrown", ["train"], "Train"))).code).toBe("pipelines.trashed");
    expect((await house.as("editor")(contract.restorePipeline, one)).isPaused).toBe(true);
    await house.as("editor")(contract.trashPipeline, one);
    await house.as("owner")(contract.deletePipeline, one);
    expect((await refusal(house.as("viewer")(contract.readPipeline, one))).status).toBe(404);
  });

  it("lists by name with the newest pipeline runs first, page after page", async () => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await house.as("viewer")(contract.listPipelines, { ...main, limit: 2, after });
      seen.push(...page.items.map((item) => item.name));
      after = page.next;
    } while (after);
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain("Nightly");
    expect(seen).not.toContain("Hourly");
  });
});

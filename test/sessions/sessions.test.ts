// Running cells through REST and hearing them on the stream, with a real gateway and real session processes.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { send } from "#lib/kit/call.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import type { RunEvent } from "#lib/sessions/contract.ts";
import * as contract from "#lib/sessions/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
let notebook: string;
const main = { workspace: "main" };
const sources = [
  "const a = 20; console.log('one'); a + 1",
  "throw new Error('boom')",
  "for (let i = 0; i < 8; i++) { console.log('tick', i); await new Promise((r) => setTimeout(r, 80)) }",
  "a",
  "await new Promise(() => {})",
];
let cells: notebooks.Cell[];
beforeAll(async () => {
  house = await openHouse({ kernel: true });
  notebook = (
    await house.as("editor")(notebooks.createNotebook, {
      ...main,
      title: "Run me",
      cells: sources.map((source) => ({ cellType: "code" as const, source })),
    })
  ).id;
  cells = (await house.as("editor")(notebooks.readNotebook, { ...main, notebook })).cells;
});
afterAll(() => house.close());

const wanted = (...indexes: number[]) => indexes.map((i) => ({ cellId: cells[i]!.id, sourceHash: cells[i]!.hash }));
const run = (...indexes: number[]) => house.as("editor")(contract.runCells, { ...main, notebook, cells: wanted(...indexes) });
const read = () => house.as("viewer")(contract.readOutputs, { ...main, notebook });
const stateOf = async (index: number) => (await read()).cells.find((one) => one.cellId === cells[index]!.id);
const until = async <T>(what: () => Promise<T | undefined | false | null>, limitMs = 90_000): Promise<T> => {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await what();
    if (found) return found;
    if (Date.now() > end) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
const ended = (index: number) =>
  until(async () => {
    const one = await stateOf(index);
    return one && !contract.isPending(one.status) ? one : null;
  });
const textOf = async (index: number) =>
  ((await read()).outputs[cells[index]!.id] ?? []).map((one) => (one as { text?: string }).text ?? "").join("");

describe("refusals", () => {
  refusals(
    () => house,
    contract.runCells,
    () => ({ ...main, notebook, cells: wanted(0) }),
    { minimumRole: "editor", bad: { cells: [] } },
  );
  refusals(
    () => house,
    contract.readOutputs,
    () => ({ ...main, notebook }),
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.listVariables,
    () => ({ ...main, notebook }),
    { minimumRole: "editor" },
  );
  refusals(
    () => house,
    contract.interruptSession,
    () => ({ ...main, notebook }),
    { minimumRole: "editor" },
  );
  refusals(
    () => house,
    contract.answerQuestion,
    () => ({ ...main, notebook, cell: cells[0]!.id, value: "x" }),
    { minimumRole: "editor" },
  );
  it("S1 a cell that is no longer what the person saw is a conflict, and nothing of the request runs", async () => {
    const before = (await read()).cells.length;
    const stale = [...wanted(0), { cellId: cells[1]!.id, sourceHash: "0".repeat(64) }];
    expect((await refusal(house.as("editor")(contract.runCells, { ...main, notebook, cells: stale }))).code).toBe("sessions.source_moved");
    expect((await read()).cells.length).toBe(before);
  });
});

describe("running", () => {
  it("a cell's outputs and state are stored", async () => {
    await run(0);
    expect(await ended(0)).toMatchObject({ status: "done", executionCount: 1, runBy: "editor" });
    const outputs = (await read()).outputs[cells[0]!.id]!;
    expect(outputs[0]).toMatchObject({ output_type: "stream", name: "stdout", text: "one\n" });
    expect(outputs[1]).toMatchObject({ output_type: "execute_result", data: { "text/plain": "21" } });
  });
  it("S3 a cell read as done is read with its output, however reads and writes fall together", async () => {
    let isOver = false;
    const torn: unknown[] = [];
    const reader = async (): Promise<void> => {
      while (!isOver) {
        const { cells: states, outputs } = await read();
        const state = states.find((one) => one.cellId === cells[0]!.id)!;
        const shown = outputs[cells[0]!.id]?.find((one) => one.output_type === "execute_result");
        if (state.status === "done" && (shown as { execution_count?: number })?.execution_count !== state.executionCount)
          torn.push({ state, shown });
      }
    };
    const readers = [reader(), reader(), reader(), reader()];
    for (let i = 0; i < 25; i++) {
      const { queuedAt } = (await run(0)).queued[0]!;
      await until(async () => {
        const state = (await stateOf(0))!;
        return state.queuedAt === queuedAt && state.status === "done";
      });
    }
    isOver = true;
    await Promise.all(readers);
    expect(torn).toEqual([]);
  });
  it("S4 a failing cell is yours and cancels what waited behind it", async () => {
    await run(1, 3);
    expect(await ended(1)).toMatchObject({ status: "failed", fault: "yours", message: "boom" });
    expect(await ended(3)).toMatchObject({ status: "cancelled" });
  });
  it("S2 the same request sent again runs nothing twice", async () => {
    const input = { ...main, notebook, cells: wanted(3), requestId: "once" };
    const first = await house.as("editor")(contract.runCells, input);
    await ended(3);
    const again = await house.as("editor")(contract.runCells, input);
    expect(again.queued[0]!.queuedAt).toBe(first.queued[0]!.queuedAt);
  });
  it("S3 the output of a run goes on across the death of the web side, whole and once", async () => {
    await run(2);
    await until(async () => (await textOf(2)).includes("tick 1"));
    const { closeRunners, resumeRunners } = await import("#lib/sessions/runners.ts");
    const { openSessions } = await import("#lib/sessions/store.ts");
    await closeRunners(); // what a kill leaves behind: the rows
    await resumeRunners(await openSessions());
    await ended(2);
    expect(await textOf(2)).toBe(Array.from({ length: 8 }, (_, i) => `tick ${i}\n`).join(""));
  });
  it("S6 a viewer hears the stream, resumes by number, and a stranger hears nothing", async () => {
    const url = `${house.url.replace("http", "ws")}${contract.streamPath("main", notebook)}`;
    const heard: RunEvent[] = [];
    const socket = new WebSocket(`${url}?token=${house.tokens.viewer}`);
    socket.on("message", (data) => heard.push(...(JSON.parse(data.toString()) as RunEvent[])));
    await until(async () => heard.some((one) => one.type === "snapshot"));
    await run(0);
    await until(async () => heard.some((one) => one.type === "cell" && one.cell.status === "done" && one.cell.cellId === cells[0]!.id));
    expect(heard.some((one) => one.type === "output" && one.cellId === cells[0]!.id)).toBe(true);
    socket.close();
    const foreign = new WebSocket(`${url}?token=${house.tokens.stranger}`);
    expect(await new Promise((resolve) => foreign.once("close", resolve))).toBe(4404);
  });
  it("S4 Stop keeps the variables", async () => {
    await run(4);
    await until(async () => (await stateOf(4))?.status === "running");
    await house.as("editor")(contract.interruptSession, { ...main, notebook });
    expect(await ended(4)).toMatchObject({ status: "cancelled", message: "Stopped. Variables are kept." });
    await run(3);
    await ended(3);
    expect((await read()).outputs[cells[3]!.id]![0]).toMatchObject({ data: { "text/plain": "20" } });
  });
  it("variables are listed with the cell that made them, and one is shown without running anything", async () => {
    const { items } = await house.as("editor")(contract.listVariables, { ...main, notebook });
    expect(items).toContainEqual(expect.objectContaining({ name: "a", type: "number", preview: "20", cellId: cells[0]!.id }));
    expect((await house.as("editor")(contract.readVariable, { ...main, notebook, name: "a" })).data).toEqual({ "text/plain": "20" });
    expect((await refusal(house.as("editor")(contract.readVariable, { ...main, notebook, name: "absent" }))).code).toBe("variable.missing");
    expect((await refusal(house.as("viewer")(contract.listVariables, { ...main, notebook }))).kind).toBe("forbidden");
  });
  it("output past the cap on screen says so, and the whole log is there to download", async () => {
    const made = await house.as("editor")(notebooks.createNotebook, {
      ...main,
      title: "Long",
      cells: [{ cellType: "code", source: "for (let i = 0; i < 120_000; i++) console.log(i, 'x'.repeat(60))" }],
    });
    const [cell] = (await house.as("editor")(notebooks.readNotebook, { ...main, notebook: made.id })).cells;
    await house.as("editor")(contract.runCells, { ...main, notebook: made.id, cells: [{ cellId: cell!.id, sourceHash: cell!.hash }] });
    const outputs = () => house.as("viewer")(contract.readOutputs, { ...main, notebook: made.id });
    await until(async () => (await outputs()).cells[0]?.status === "done", 60_000);
    const shown = (await outputs()).outputs[cell!.id]!.map((one) => String((one as { text?: string }).text)).join("");
    expect(shown.length).toBeLessThan(5_200_000);
    expect(shown).toMatch(/The whole log can be downloaded/);
    const log = await send(
      contract.downloadLog,
      { ...main, notebook: made.id, cell: cell!.id },
      { baseUrl: house.url, token: house.tokens.viewer },
    );
    const text = await log.text();
    expect(text.split("\n").length).toBe(120_001);
    expect(text.endsWith(`119999 ${"x".repeat(60)}\n`)).toBe(true);
  });
  it("S7 a cell reaches the product through the door as the person who ran it", async () => {
    const made = await house.as("editor")(notebooks.createNotebook, {
      ...main,
      title: "Door",
      cells: [{ cellType: "code", source: "import { datasets } from 'atelier'\n(await datasets.list()).length" }],
    });
    const [cell] = (await house.as("editor")(notebooks.readNotebook, { ...main, notebook: made.id })).cells;
    await house.as("editor")(contract.runCells, { ...main, notebook: made.id, cells: [{ cellId: cell!.id, sourceHash: cell!.hash }] });
    const outputs = await until(
      async () => (await house.as("viewer")(contract.readOutputs, { ...main, notebook: made.id })).outputs[cell!.id],
    );
    expect(outputs[0]).toMatchObject({ data: { "text/plain": "0" } });
  });
  it("S5 a kernel lost with its machine ends what ran as ours, and outputs stay", async () => {
    await run(4);
    await until(async () => (await stateOf(4))?.status === "running");
    const session = await house.as("editor")(contract.startSession, { ...main, notebook });
    expect(session.status).toBe("busy");
    const { findSession } = await import("#lib/sessions/store.ts");
    const { sql } = await import("#db");
    const row = await findSession(sql(), notebook);
    const { closeRunners, resumeRunners } = await import("#lib/sessions/runners.ts");
    const { deleteKernel } = await import("#lib/sessions/kernel-client.ts");
    await closeRunners();
    await deleteKernel(row!.kernelId!);
    await resumeRunners([row!]);
    expect(await ended(4)).toMatchObject({ status: "failed", fault: "ours" });
    expect((await read()).session.status).toBe("lost");
    await run(0);
    expect(await ended(0)).toMatchObject({ status: "done" });
  });
});

// What kernel messages mean for a notebook, without a kernel.
import { describe, expect, it } from "vitest";
import { hasWholeLog, isCutNotice, type StreamOutput } from "#lib/sessions/contract.ts";
import { dismiss, emptyState, type Run, take, textLimit } from "#lib/sessions/rules.ts";

const at = "2026-03-01T10:00:00Z";
const run = (status: Run["status"]): Run => ({
  id: "cr_1",
  cellId: "cell_1",
  status,
  executionCount: null,
  sourceHash: "",
  queuedAt: at,
  startedAt: null,
  endedAt: null,
  runBy: "Ada",
  fault: null,
  message: null,
});
const told = (text: string) => ({
  seq: 1,
  channel: "iopub",
  msg: { header: { msg_type: "stream" }, parent_header: { msg_id: "cr_1" }, metadata: {}, content: { name: "stdout", text } },
});

describe("the cap on a cell's text", () => {
  it.each([1000, 60_000, 66_000, 700_000])("is said exactly once, however the text came in pieces of %i", (piece) => {
    const state = { ...emptyState(), runs: new Map([["cr_1", run("running")]]) };
    for (let sent = 0; sent < textLimit * 1.3; sent += piece) take(state, told("x".repeat(piece)), at);
    const texts = state.cells.get("cell_1")!.outputs.map((one) => (one as StreamOutput).text);
    expect(texts.filter((text) => text.includes("The whole log can be downloaded"))).toHaveLength(1);
    expect(texts.join("").length).toBeLessThanOrEqual(textLimit + 200);
  });

  it("S11 on a Jupyter server of others promises no log, for none is kept", () => {
    const state = { ...emptyState(true), runs: new Map([["cr_1", run("running")]]) };
    for (let sent = 0; sent < textLimit * 1.3; sent += 700_000) take(state, told("x".repeat(700_000)), at);
    const last = state.cells.get("cell_1")!.outputs.at(-1)!;
    expect((last as StreamOutput).text).toContain("keeps no log of it");
    expect([isCutNotice(last), hasWholeLog(last)]).toEqual([true, false]);
  });
});

describe("a session that ends before its kernel told so", () => {
  it("S8 leaves nothing queued, keeps what was done, and says why", () => {
    const state = {
      ...emptyState(),
      runs: new Map([
        ["cr_1", run("queued")],
        ["cr_2", { ...run("done"), id: "cr_2", cellId: "cell_2" }],
      ]),
    };
    const changes = dismiss(state, at, "It ended.");
    expect(changes.map((one) => one.type)).toEqual(["run", "session"]);
    expect([state.status, state.message]).toEqual(["none", "It ended."]);
    expect([...state.runs.values()].map((one) => one.status)).toEqual(["cancelled", "done"]);
  });
});

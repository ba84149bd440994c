// The decisions of pipelines without anything real: the course of an attempt under kernel messages, schedules, what a promotion pins.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cell } from "#lib/notebooks/contract.ts";
import { hashSource } from "#lib/notebooks/document.ts";
import { begin, type Course, current, end, executionId, hear, lose } from "#lib/pipelines/course.ts";
import { cellName, pinCells, placeStage, stageNameFor } from "#lib/pipelines/rules.ts";
import { dueTime, nextTime, nextTimes, wordsOf } from "#lib/pipelines/schedule.ts";
import type { Told } from "#lib/sessions/rules.ts";

const at = "2026-11-24T02:30:00.000Z";
const courseOf = (...cellCounts: number[]): Course => ({
  ending: null,
  isLost: false,
  stages: cellCounts.map((count, order) => ({
    id: `sr${order}`,
    name: `Stage ${order}`,
    cells: Array.from({ length: count }, (_, cell) => ({ cellId: `cell_${order}_${cell}`, position: cell + 1 })),
    status: "queued",
    cellIndex: 0,
    startedAt: null,
    endedAt: null,
    fault: null,
    message: null,
    progress: null,
  })),
});

const told = (type: string, content: Record<string, unknown>, parent = "", metadata = {}): Told => ({
  seq: 1,
  channel: "iopub",
  msg: { header: { msg_type: type, date: at }, parent_header: { msg_id: parent }, metadata, content },
});
const reply = (order: number, cell: number, content: Record<string, unknown>, metadata = {}): Told =>
  told("execute_reply", content, executionId(`sr${order}`, cell), metadata);
const step = (course: Course, message: Told) => hear(course, message, at, new Map());
const states = (course: Course): string[] => course.stages.map((stage) => stage.status);

describe("the course of an attempt", () => {
  it("P4 goes on to the next cell only with the reply of the one that runs, and a reply heard twice is nothing", () => {
    let course = begin(courseOf(2, 1), at);
    course = step(course, reply(0, 1, { status: "ok" })).course;
    expect(current(course)?.stage.cellIndex).toBe(0);
    course = step(course, reply(0, 0, { status: "ok" })).course;
    expect(current(course)?.stage.cellIndex).toBe(1);
    expect(step(course, reply(0, 0, { status: "ok" })).course).toBe(course);
    course = step(course, reply(0, 1, { status: "ok" })).course;
    expect(states(course)).toEqual(["done", "running"]);
    course = step(course, reply(1, 0, { status: "ok" })).course;
    expect(course.ending).toEqual({ status: "done", fault: null, message: null });
  });

  it("P5 a throw is yours and what is behind is not reached", () => {
    const course = step(
      begin(courseOf(1, 1, 1), at),
      reply(0, 0, { status: "error", ename: "TypeError", evalue: "x is not a function" }),
    ).course;
    expect(course.ending).toEqual({ status: "failed", fault: "yours", message: "Cell 1. TypeError: x is not a function" });
    expect(states(course)).toEqual(["failed", "cancelled", "cancelled"]);
    expect(course.isLost).toBe(false);
  });

  it("P5 memory is limits, a dead kernel is ours and lost", () => {
    const memory = { status: "error", ename: "SessionEnded", evalue: "The session ended: memory passed 2048 MB." };
    expect(step(begin(courseOf(1), at), reply(0, 0, memory, { atelier: { fault: "limits" } })).course.ending?.fault).toBe("limits");
    const dead = step(begin(courseOf(1), at), reply(0, 0, memory, { atelier: { fault: "ours" } })).course;
    expect([dead.ending?.fault, dead.isLost]).toEqual(["ours", true]);
  });

  it("P5 a session that restarts between two cells is lost: the next cell would not find its variables", () => {
    const between = step(begin(courseOf(2), at), reply(0, 0, { status: "ok" })).course;
    expect(step(between, told("status", { execution_state: "restarting" })).course.isLost).toBe(true);
    expect(step(between, told("status", { execution_state: "idle" })).course).toBe(between);
  });

  it("keeps streams, results, errors without colours, and progress at most every five seconds", () => {
    const course = begin(courseOf(1), at);
    const id = executionId("sr0", 0);
    expect(step(course, told("stream", { name: "stderr", text: "\u001b[31mred\u001b[0m\n" }, id)).entries).toEqual([
      { order: 0, cellId: "cell_0_0", at, kind: "stderr", text: "red\n" },
    ]);
    expect(step(course, told("execute_result", { data: { "text/plain": "42" } }, id)).entries[0]).toMatchObject({
      kind: "result",
      text: "42",
    });
    expect(step(course, told("stream", { name: "stdout", text: "a stranger's" }, "other")).entries).toEqual([]);
    const pace = new Map<string, number>();
    const progress = (fraction: number, state = "running") =>
      told(
        "update_display_data",
        {
          data: { "application/vnd.atelier.progress+json": { state, fraction, sentence: `tree ${fraction}` } },
          transient: { display_id: "p" },
        },
        id,
      );
    const first = hear(course, progress(0.1), "2026-11-24T02:30:00.000Z", pace);
    const second = hear(first.course, progress(0.2), "2026-11-24T02:30:01.000Z", pace);
    const last = hear(second.course, progress(1, "done"), "2026-11-24T02:30:02.000Z", pace);
    expect([first.entries.length, second.entries.length, last.entries.length]).toEqual([1, 0, 1]);
    expect(second.course.stages[0]!.progress).toEqual({ fraction: 0.2, sentence: "tree 0.2" });
  });

  it("once ended stays ended, whatever comes", () => {
    const message = fc.oneof(
      fc
        .record({ order: fc.nat(3), cell: fc.nat(3), ok: fc.boolean() })
        .map((one) => reply(one.order, one.cell, one.ok ? { status: "ok" } : { status: "error", ename: "E", evalue: "e" })),
      fc.constantFrom("restarting", "idle", "busy").map((state) => told("status", { execution_state: state })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        fc.array(message, { maxLength: 60 }),
        (counts, messages) => {
          let course = begin(courseOf(...counts), at);
          for (const one of messages) {
            const next = step(course, one).course;
            if (course.ending) expect(next).toBe(course);
            // at most one stage runs, and none runs behind one that has not ended
            expect(next.stages.filter((stage) => stage.status === "running").length).toBe(next.ending ? 0 : 1);
            const open = next.stages.findIndex((stage) => stage.status !== "done");
            expect(next.stages.slice(open < 0 ? next.stages.length : open).every((stage) => stage.status !== "done")).toBe(true);
            course = next;
          }
          expect(lose(course, at).ending).not.toBeNull();
          expect(
            end(end(course, { status: "cancelled", fault: null, message: "x" }, at), { status: "done", fault: null, message: null }, at)
              .ending?.status,
          ).toBe(course.ending?.status ?? "cancelled");
        },
      ),
    );
  });
});

describe("schedules", () => {
  const madrid = { cron: "30 2 * * *", timeZone: "Europe/Madrid" };
  it("a night whose clock jumps over the time runs right after the jump, one that has it twice runs once", () => {
    expect(nextTime(madrid, new Date("2026-03-28T12:00:00Z")).toISOString()).toBe("2026-03-29T01:00:00.000Z");
    const october = nextTimes(madrid, new Date("2026-10-24T12:00:00Z"), 2).map((time) => time.toISOString());
    expect(october).toEqual(["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]);
  });
  it("P2 of many missed times only the most recent one is due, and the next is in the future", () => {
    const due = dueTime({ cron: "*/10 * * * *", timeZone: "UTC" }, new Date("2026-01-01T00:10:00Z"), new Date("2026-01-02T05:34:00Z"));
    expect(due.scheduledFor.toISOString()).toBe("2026-01-02T05:30:00.000Z");
    expect(due.next.toISOString()).toBe("2026-01-02T05:40:00.000Z");
  });
  it("refuses what is no five-field cron, never comes, or names no time zone", () => {
    for (const cron of ["", "x", "* * * * * *", "61 * * * *", "30 2 * *", "0 0 30 2 *"])
      expect(() => nextTime({ cron, timeZone: "UTC" }, new Date()), cron).toThrow(/^cron: /);
    expect(() => nextTime({ cron: "* * * * *", timeZone: "Mars/Olympus" }, new Date())).toThrow(/^timeZone: .*Europe\/Madrid/);
  });
  it("says common schedules in words and keeps the cron of others", () => {
    const words = (cron: string) => wordsOf({ cron, timeZone: "Europe/Madrid" });
    expect(words("30 2 * * *")).toBe("Every night at 02:30, Madrid");
    expect(words("0 9 * * 1-5")).toBe("Weekdays at 09:00, Madrid");
    expect(words("0 9 * * 1")).toBe("Every Monday at 09:00, Madrid");
    expect(words("*/15 * * * *")).toBe("Every 15 minutes");
    expect(words("5 * * * *")).toBe("Every hour at 05");
    expect(words("0 6 1 * *")).toBe("Day 1 of every month at 06:00, Madrid");
    expect(words("0 6 1 1,7 *")).toBe("At 0 6 1 1,7 *, Madrid");
  });
});

describe("what a promotion pins", () => {
  const cell = (id: string, source: string, cellType: Cell["cellType"] = "code"): Cell => ({
    id,
    cellType,
    source,
    hash: hashSource(source),
    pos: id,
    metadata: {},
  });
  const cells = [
    cell("a", "# text", "markdown"),
    cell("b", "// @cell read\nlet x = 1"),
    cell("c", "// @cell train\nx + 1"),
    cell("d", "  "),
  ];
  it("takes cells by id or name, in the order of the notebook, each once", () => {
    expect(pinCells(cells, [{ cell: "train" }, { cell: "b" }, { cell: "read" }]).map((one) => [one.cellId, one.position])).toEqual([
      ["b", 1],
      ["c", 2],
    ]);
    expect(cellName("  // @cell  train trees \nx")).toBe("train trees");
    expect(cellName("x // @cell no")).toBeNull();
  });
  it("refuses text cells, empty cells, unknown names, names given twice, and text that moved on", () => {
    const kindOf = (wanted: { cell: string; sourceHash?: string }, among = cells): string => {
      try {
        pinCells(among, [wanted]);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "taken";
    };
    expect(kindOf({ cell: "a" })).toBe("pipelines.not_code");
    expect(kindOf({ cell: "d" })).toBe("pipelines.empty_cell");
    expect(kindOf({ cell: "absent" })).toBe("pipelines.cell_missing");
    expect(kindOf({ cell: "read" }, [...cells, cell("e", "// @cell read\n1")])).toBe("pipelines.cell_twice");
    expect(kindOf({ cell: "b", sourceHash: hashSource("older") })).toBe("pipelines.moved_on");
    expect(kindOf({ cell: "b", sourceHash: cells[1]!.hash })).toBe("taken");
  });
  it("P1 the same text again changes nothing; new text replaces its namesake; a new name goes last", () => {
    const stage = (name: string, ...wanted: string[]) => ({
      name,
      notebookId: "nb",
      limitMs: 1,
      cells: pinCells(
        cells,
        wanted.map((one) => ({ cell: one })),
      ),
    });
    const known = [stage("Read", "b"), stage("Train", "c")];
    expect(placeStage(known, stage("Train", "c"))).toBeNull();
    expect(placeStage(known, stage("Read", "b", "c"))).toBe(0);
    expect(placeStage(known, stage("Register", "c"))).toBe(2);
    expect(stageNameFor(known, "nb", known[1]!.cells)).toBe("Train");
    expect(stageNameFor(known, "nb", stage("", "b", "c").cells)).toBe("read");
  });
});

// `datasets.save` and `evaluation` as a cell uses them: through a real door, with a session's token, beside a worker that reads and judges.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Door } from "#kernel/door.ts";
import { listEvaluations } from "#lib/evaluation/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { applicants, fitCredit, registerModel } from "#test/kit/serving.ts";

let house: House;
let door: Door;
let datasets: typeof import("#lib/sdk/datasets.ts");
let evaluation: typeof import("#lib/sdk/evaluation.ts");
let worker: { stop: () => Promise<void> };
let interrupt = new AbortController();
const shown: string[] = [];
const table = applicants(600, 21);
const plan = {
  dataset: "applicants",
  kind: "binary",
  target: "outcome",
  positive: "bad",
  draws: 50,
  gates: [
    { kind: "value", metric: "auc", bound: "least", value: 0.5 },
    { kind: "value", metric: "brier", bound: "most", value: 0 },
  ],
} as const;

/** What the worker does for both rooms, until stopped. */
const startWorker = async (): Promise<{ stop: () => Promise<void> }> => {
  const { readNext } = await import("#lib/datasets/jobs.ts");
  const { evaluateNext } = await import("#lib/evaluation/jobs.ts");
  let isStopped = false;
  const turning = (async () => {
    while (!isStopped) if (!(await readNext()) && !(await evaluateNext())) await new Promise((resolve) => setTimeout(resolve, 30));
  })();
  return {
    stop: () => {
      isStopped = true;
      return turning;
    },
  };
};

beforeAll(async () => {
  house = await openHouse();
  await registerModel(house, "credit", await fitCredit(1));
  door = await (await import("#kernel/door.ts")).openDoor();
  door.setToken(house.tokens.editor);
  (globalThis as Record<symbol, unknown>)[Symbol.for("atelier.session")] = {
    display: (bundle: Record<string, unknown>) => shown.push(String(bundle["text/plain"])),
    doorPath: join(door.folder, "door"),
    workDir: mkdtempSync(join(tmpdir(), "atelier-sdk-")),
    cell: () => null,
    signal: () => interrupt.signal,
  };
  datasets = await import("#lib/sdk/datasets.ts");
  evaluation = await import("#lib/sdk/evaluation.ts");
  worker = await startWorker();
});
afterAll(async () => {
  await worker.stop();
  door.close();
  await house.close();
});

describe("datasets.save", () => {
  it("columns come back as they were, gaps included, and can be opened at once", async () => {
    expect(await datasets.save("applicants", table)).toEqual({ name: "applicants", version: 1 });
    const back = await (await datasets.open("applicants")).toColumns();
    expect(back).toEqual(table);
    expect(Number.isNaN(table.rate![(table.rate as Float64Array).findIndex(Number.isNaN)])).toBe(true);
  });
  it("more rows than one chunk of the database holds keep their order", async () => {
    const n = 5000;
    const long = { at: Float64Array.from({ length: n }, (_, i) => i), word: Array.from({ length: n }, (_, i) => `w${i % 7}`) };
    await datasets.save("long", long);
    expect(await (await datasets.open("long")).toColumns()).toEqual(long);
  });
  it("a table of a query is saved as the next version of a data set that is there", async () => {
    const rich = await datasets.sql("select * from applicants where income > 40000");
    expect(await datasets.save("applicants_rich", rich)).toEqual({ name: "applicants_rich", version: 1 });
    const richer = await datasets.sql("select * from applicants where income > 50000");
    expect(await datasets.save("applicants_rich", richer)).toEqual({ name: "applicants_rich", version: 2 });
    expect((await datasets.open("applicants_rich@2")).rowCount).toBe(richer.rowCount);
  });
  it("columns of different length and a table of none are refused with what to do", async () => {
    await expect(datasets.save("odd", { a: Float64Array.of(1, 2), b: ["x"] })).rejects.toThrow("Give all columns the same length.");
    await expect(datasets.save("odd", {})).rejects.toThrow("at least one column");
  });
});

describe("evaluation in a cell", () => {
  it("saves a suite, judges a version, and shows what came of it with each gate in words", async () => {
    expect((await evaluation.save("credit-quality", plan as never)).revision).toBe(1);
    expect((await evaluation.save("credit-quality", plan as never)).revision).toBe(1);
    const judged = await evaluation.run("credit-quality", { model: "credit", version: 1 });
    expect(judged).toMatchObject({ number: 1, status: "done", isPassed: false, judged: { model: "credit", version: 1 } });
    expect(judged.report).toMatchObject({ rows: 600, skipped: 0 });
    expect(shown.at(-1)).toBe("1 of 2 gates passed.");
    const show = judged[Symbol.for("Jupyter.display")] as () => Record<string, string>;
    expect(show()["text/markdown"]).toMatch(
      /\(\/main\/evaluation\/credit-quality\/1\).*\n\n- passed: AUC .*\n- \*\*not passed\*\*: Brier score/,
    );
    expect((await evaluation.suites()).map((one) => [one.name, one.latest?.number])).toEqual([["credit-quality", 1]]);
  });
  it("an evaluation that fails throws its reason", async () => {
    await registerModel(house, "damaged", { ...(await fitCredit(1)), onnx: new Uint8Array(2000).fill(7) });
    await expect(evaluation.run("credit-quality", { model: "damaged" })).rejects.toThrow(/^Evaluation 2: /);
  });
  it("interrupting the cell stops the evaluation", async () => {
    await worker.stop(); // so that it waits
    interrupt = new AbortController();
    const waiting = evaluation.run("credit-quality", { model: "credit" });
    interrupt.abort();
    await expect(waiting).rejects.toThrow();
    expect((await house.as("viewer")(listEvaluations, { workspace: "main" })).items[0]).toMatchObject({ number: 3, status: "stopped" });
  });
});

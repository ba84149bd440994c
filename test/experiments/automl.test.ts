// AutoML without code: the notebook that a form writes, and the page read back from what its cells said.
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";
import { cellsFor } from "#components/automl/cells.ts";
import { stateOf } from "#components/automl/state.ts";
import { cellOf, levelsOf } from "#components/hooks/use-table.ts";
import type { Column } from "#lib/datasets/contract.ts";
import type { CellState } from "#lib/sessions/contract.ts";

const form = { dataset: "customers", version: 3, target: 'has "left"', positive: "yes`${1}", minutes: 5, model: "customers-has-left" };
const notebook = { id: "nb_1", title: "AutoML", cells: [{ id: "a" }, { id: "b" }] };
const cell = (cellId: string, status: CellState["status"], message: string | null = null) =>
  ({ cellId, status, message }) as unknown as CellState;
const bundle = (data: Record<string, unknown>) => ({ output_type: "display_data", data, metadata: {} });

it("names of columns and levels stand in the cells as texts, whatever is in them", () => {
  const code = cellsFor(form).filter((one) => one.cellType === "code");
  for (const { source } of code) expect(parseSync("cell.ts", source).errors, source).toEqual([]);
  expect(code[0]!.source).toContain('datasets.open("customers@3")');
  expect(code[0]!.source).toContain('target: "has \\"left\\"", positive: "yes`${1}", budget: { seconds: 300 }');
});

it("what may count as positive is asked of words, truth values and numbers of two values, and stands in the cell as columns hold it", () => {
  const column = (more: object) => ({ name: "left", distinct: 2, min: null, max: null, levels: null, ...more }) as unknown as Column;
  const words = column({ type: "text", levels: [{ value: "no" }, { value: "yes" }] });
  const truths = column({ type: "boolean", levels: [{ value: "false" }, { value: "true" }] });
  const numbers = column({ type: "number", min: 0, max: 1 });
  expect([words, truths, numbers].map(levelsOf)).toEqual([
    ["no", "yes"],
    ["false", "true"],
    ["0", "1"],
  ]);
  expect([cellOf(words, "yes"), cellOf(truths, "true"), cellOf(truths, "false"), cellOf(numbers, "1")]).toEqual(["yes", 1, 0, 1]);
  expect(levelsOf(column({ type: "number", distinct: 900, min: 0, max: 1 }))).toEqual([]);
  expect(levelsOf(column({ type: "text", distinct: 21, levels: [{ value: "a" }] }))).toEqual([]);
  expect(cellsFor({ ...form, positive: 1 })[1]!.source).toContain("positive: 1,");
});

it("the page shows what the cells said last, and links into its own workspace only", () => {
  const told = {
    cells: [cell("a", "done"), cell("b", "running"), cell("gone", "failed")],
    outputs: {
      a: [
        bundle({ "application/vnd.atelier.progress+json": { fraction: 0.4, sentence: "12 trials, best 0.8" } }),
        bundle({ "application/vnd.atelier.auto+json": { findings: ["id is an identifier."], trials: [{ code: "x" }] } }),
      ],
      b: [bundle({ "text/markdown": "Model [m version 1](/main/models/m/versions/1) [away](/other/models/m) [out](//example.test/x)" })],
    },
  };
  const state = stateOf("main", notebook, told);
  expect(state).toMatchObject({
    isRunning: true,
    failure: null,
    fraction: 0.4,
    sentence: "12 trials, best 0.8",
    findings: ["id is an identifier."],
  });
  expect(state.trials).toHaveLength(1);
  expect(state.links).toEqual([{ word: "Model m version 1", href: "/main/models/m/versions/1" }]);
  const failed = stateOf("main", notebook, { ...told, cells: [cell("a", "failed", "Memory passed 4 GB."), cell("b", "queued")] });
  expect(failed).toMatchObject({ isRunning: false, failure: "Memory passed 4 GB." });
});

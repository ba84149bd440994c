// A search in a real session: the cell asks the tuning room for trials through the session's door, and what it found stays there.
import { afterAll, beforeAll, expect, it } from "vitest";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as sessions from "#lib/sessions/contract.ts";
import { readStudy } from "#lib/tuning/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { eventually } from "#test/kit/product.ts";

let house: House;
const main = { workspace: "main" };
beforeAll(async () => {
  house = await openHouse({ kernel: true });
});
afterAll(() => house.close());

const source = `import { tuning } from "atelier";
const study = await tuning.tune({
  name: "bowl",
  space: { x: { type: "float", low: -5, high: 5 }, kind: { type: "categorical", choices: ["near", "far"] } },
  objectives: { loss: "minimize" },
  pruner: { type: "median" },
  trials: 24,
  seed: 7,
  objective: async (trial) => {
    const loss = (trial.params.x - 1) ** 2 + (trial.params.kind === "far" ? 10 : 0);
    await trial.report(1, loss + 1);
    return loss;
  },
});
[study.trials.length, study.best.values[0] < 2, (await tuning.best("bowl")).kind].join(" ")`;

it("a cell searches, shows the course, and the study keeps every trial; the same cell again runs no trial more", async () => {
  const made = await house.as("editor")(notebooks.createNotebook, { ...main, title: "Bowl", cells: [{ cellType: "code", source }] });
  const [cell] = (await house.as("editor")(notebooks.readNotebook, { ...main, notebook: made.id })).cells;
  const run = async () => {
    const { queued } = await house.as("editor")(sessions.runCells, {
      ...main,
      notebook: made.id,
      cells: [{ cellId: cell!.id, sourceHash: cell!.hash }],
    });
    return eventually("the cell ends", async () => {
      const now = await house.as("viewer")(sessions.readOutputs, { ...main, notebook: made.id });
      const state = now.cells[0];
      return state?.queuedAt === queued[0]!.queuedAt && !sessions.isPending(state.status) && { state, outputs: now.outputs[cell!.id]! };
    });
  };
  for (const _ of ["first", "again"]) {
    const { state, outputs } = await run();
    expect(state, JSON.stringify(outputs).slice(0, 2000)).toMatchObject({ status: "done" });
    const results = outputs.filter((one) => one.output_type === "execute_result");
    expect(results).toMatchObject([{ data: { "text/plain": "'24 true near'" } }]);
    expect(JSON.stringify(outputs)).toContain("every trial has ended");
    const study = await house.as("viewer")(readStudy, { ...main, study: "bowl" });
    expect(study.trials).toHaveLength(24);
    expect(study.counts.complete + study.counts.pruned).toBe(24);
  }
});

// A cell's way to the product, in a real session: it stays open however long a cell computes between two questions.
import { afterAll, beforeAll, expect, it } from "vitest";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as sessions from "#lib/sessions/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { eventually } from "#test/kit/product.ts";

let house: House;
const main = { workspace: "main" };
beforeAll(async () => {
  house = await openHouse({ kernel: true });
});
afterAll(() => house.close());

const source = `import { runs } from "atelier";
const before = (await runs.list()).length;
for (const end = Date.now() + 8000; Date.now() < end; );
before + (await runs.list()).length`;

it("a cell that computes without a pause for longer than idle connections are usually kept is answered afterwards", async () => {
  const made = await house.as("editor")(notebooks.createNotebook, { ...main, title: "Long", cells: [{ cellType: "code", source }] });
  const [cell] = (await house.as("editor")(notebooks.readNotebook, { ...main, notebook: made.id })).cells;
  await house.as("editor")(sessions.runCells, { ...main, notebook: made.id, cells: [{ cellId: cell!.id, sourceHash: cell!.hash }] });
  const { state, outputs } = await eventually("the cell ends", async () => {
    const now = await house.as("viewer")(sessions.readOutputs, { ...main, notebook: made.id });
    const [found] = now.cells;
    return found && !sessions.isPending(found.status) && { state: found, outputs: now.outputs[cell!.id] };
  });
  expect([state.status, outputs]).toMatchObject(["done", [{ data: { "text/plain": "0" } }]]);
}, 90_000);

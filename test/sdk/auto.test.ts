// AutoML writes its notebook: through a real door, with a session's token, as cells that any reader of the workspace can open.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Door } from "#kernel/door.ts";
import { readNotebook } from "#lib/notebooks/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { customers } from "#test/kit/tables.ts";

let house: House;
let door: Door;
const shown: string[] = [];
beforeAll(async () => {
  house = await openHouse();
  door = await (await import("#kernel/door.ts")).openDoor();
  door.setToken(house.tokens.editor);
  (globalThis as Record<symbol, unknown>)[Symbol.for("atelier.session")] = {
    display: (bundle: Record<string, unknown>) => shown.push(String(bundle["text/plain"])),
    doorPath: join(door.folder, "door"),
    workDir: mkdtempSync(join(tmpdir(), "atelier-sdk-")),
    cell: () => null,
    signal: () => new AbortController().signal,
  };
});
afterAll(async () => {
  door.close();
  await house.close();
});

it("the result becomes a notebook: what was seen, the split, the fit, the judgement", async () => {
  const { auto } = await import("#lib/sdk/auto.ts");
  const { tier: _t, spend: _s, visits: _v, ...table } = customers(300, 1);
  const found = await auto(table, { target: "isLost", positive: "yes", budget: { seconds: 2 } });
  expect(shown.at(-1)).toMatch(/trials?, auc 0\.\d{4} by /);
  const made = await found.toNotebook({ title: "Who leaves", load: `await (await datasets.open("customers")).toColumns()` });
  const read = await house.as("viewer")(readNotebook, { workspace: "main", notebook: made.id });
  expect(read.title).toBe("Who leaves");
  expect(read.cells.map((one) => one.cellType)).toEqual(["markdown", "code", "code", "code"]);
  expect(read.cells[0]!.source).toMatch(/^# Predicting isLost/);
  expect(read.cells[1]!.source).toContain('const table = await (await datasets.open("customers")).toColumns();');
  expect(read.cells[2]!.source).toMatch(/await learn\.\w+\(.*\.fit\(train, \{ target: "isLost", positive: "yes" \}\);/);
});

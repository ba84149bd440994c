// Types of the npm packages a notebook installed: known in its session and without one, and the line that installs is no fault.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as notebooks from "#lib/notebooks/contract.ts";
import { startSession } from "#lib/sessions/contract.ts";
import * as contract from "#lib/sessions/language/contract.ts";
import { addPackage, removePackage } from "#lib/sessions/packages/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { openRegistry, type Registry } from "#test/kit/registry.ts";

const main = { workspace: "main" };
let house: House;
let registry: Registry;
beforeAll(async () => {
  registry = await openRegistry();
  const lamp = (version: string, types: string) =>
    registry.publish({
      name: "lantern",
      version,
      files: { "index.js": "exports.lamp = {};", "index.d.ts": types },
      manifest: { types: "index.d.ts" },
    });
  lamp("1.0.0", "export declare const lamp: { bright: number };");
  lamp("2.0.0", "export declare const lamp: { dim: number };");
  process.env.ATELIER_NPM_REGISTRY = registry.url;
  house = await openHouse({ kernel: true });
}, 60_000);
afterAll(async () => {
  await house.close();
  await registry.close();
});

describe("packages in the editor", () => {
  it("complete by their types for whoever reads, with a session and without, and as they are now", async () => {
    const source = '%npm install lantern\nimport { lamp } from "lantern";\nlamp.';
    const { id: notebook } = await house.as("editor")(notebooks.createNotebook, {
      ...main,
      title: "T",
      cells: [{ cellType: "code", source }],
    });
    const { cells } = await house.as("editor")(notebooks.readNotebook, { ...main, notebook });
    const at = { ...main, notebook, cellId: cells[0]!.id, source };
    const names = async (who: "viewer" | "editor") =>
      (await house.as(who)(contract.completeCell, { ...at, offset: source.length })).items.map((one) => one.name);
    const faults = async (text: string) =>
      (await house.as("viewer")(contract.diagnoseCells, { ...at, source: text })).cells.flatMap((one) =>
        one.faults.map((fault) => fault.message),
      );
    expect(await names("editor")).toEqual([]);
    await house.as("editor")(addPackage, { ...main, notebook, name: "lantern", range: "1" });
    expect(await names("viewer")).toEqual(["bright"]);
    await house.as("editor")(startSession, { ...main, notebook });
    expect(await names("editor")).toEqual(["bright"]);
    await house.as("editor")(addPackage, { ...main, notebook, name: "lantern", range: "2" });
    expect(await names("editor")).toEqual(["dim"]);
    expect(await faults(`${source}dim.toFixed()`)).toEqual([]);
    expect((await faults(`${source}bright`))[0]).toContain("'bright' does not exist");
    await house.as("editor")(removePackage, { ...main, notebook, name: "lantern" });
    expect((await faults(`${source}dim`))[0]).toContain("lantern");
  }, 240_000);
});

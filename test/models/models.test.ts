// The models room over HTTP.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRun, logRun } from "#lib/experiments/contract.ts";
import { send } from "#lib/kit/call.ts";
import * as contract from "#lib/models/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
let digest: string;
const main = { workspace: "main" };
const signature = {
  inputs: [{ name: "x", datatype: "FP32" as const, shape: [-1, 1] }],
  outputs: [{ name: "probability", datatype: "FP32" as const, shape: [-1, 1] }],
};
const bytes = "the bytes of an onnx file, for this room only bytes";
beforeAll(async () => {
  house = await openHouse();
  digest = (await house.as("editor")(contract.uploadFile, main, { body: bytes })).digest;
});
afterAll(() => house.close());
const register = (more: object = {}) =>
  house.as("editor")(contract.registerVersion, { ...main, model: "credit", digest, signature, ...more });

describe("refusals", () => {
  refusals(
    () => house,
    contract.registerVersion,
    () => ({ ...main, model: "credit", digest, signature }),
    { minimumRole: "editor", bad: { model: "Not A Name" } },
  );
  refusals(
    () => house,
    contract.setAlias,
    () => ({ ...main, model: "credit", alias: "champion", version: 1 }),
    { minimumRole: "operator", bad: { alias: "latest" } },
  );
  refusals(
    () => house,
    contract.listModels,
    () => main,
    { minimumRole: "viewer" },
  );
  it("an unknown file, a strange column and an unknown version are refused in words", async () => {
    expect((await refusal(register({ digest: "0".repeat(64) }))).code).toBe("models.digest");
    expect((await refusal(register({ sample: [{ y: 1 }] }))).message).toContain("y is not an input");
    expect((await refusal(house.as("owner")(contract.readVersion, { ...main, model: "credit", version: "99" }))).status).toBe(404);
  });
});

describe("invariants", () => {
  it("M1 M3 versions count up and carry the run they came from with its metrics and source", async () => {
    const source = { notebookId: "nb_1", revision: 4, cellId: "c", cellHash: "h" };
    const run = await house.as("editor")(createRun, { ...main, experiment: "Credit", source });
    await house.as("editor")(logRun, { ...main, run: run.id, metrics: [{ key: "auc", value: 0.74 }] });
    const first = await register({ run: run.id, sample: [{ x: 1 }] });
    const second = await register();
    expect([second.number - first.number, first.metrics.auc, first.run?.number]).toEqual([1, 0.74, run.number]);
    expect(first.source).toEqual(source);
    const file = await send(
      contract.downloadVersion,
      { ...main, model: "credit", version: String(first.number) },
      { baseUrl: house.url, token: house.tokens.viewer },
    );
    expect(await file.text()).toBe(bytes);
  });
  it("M2 an alias names one version, moves, and both numbers are in the trail", async () => {
    const [a, b] = [await register(), await register()];
    await house.as("operator")(contract.setAlias, { ...main, model: "credit", alias: "champion", version: a.number });
    await house.as("operator")(contract.setAlias, { ...main, model: "credit", alias: "champion", version: b.number });
    expect((await house.as("viewer")(contract.readVersion, { ...main, model: "credit", version: "champion" })).number).toBe(b.number);
    const { readAudit } = await import("#lib/workspace/contract.ts");
    expect((await house.as("owner")(readAudit, main)).items[0]).toMatchObject({
      action: "model.alias_moved",
      detail: { from: a.number, to: b.number },
    });
  });
});

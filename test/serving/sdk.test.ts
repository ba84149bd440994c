// `endpoints` as a cell uses it: through a real door, with a session's token.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Door } from "#kernel/door.ts";
import * as contract from "#lib/serving/contract.ts";
import { refusal } from "#test/kit/refusals.ts";
import { applicants, fitCredit, openServingHouse, registerModel, type ServingHouse, until } from "#test/kit/serving.ts";

let house: ServingHouse;
let door: Door;
let endpoints: typeof import("#lib/sdk/endpoints.ts");
let credit: Awaited<ReturnType<typeof fitCredit>>;
const shown: string[] = [];
const main = { workspace: "main" };

beforeAll(async () => {
  house = await openServingHouse();
  credit = await fitCredit(1);
  await registerModel(house, "credit", credit);
  await registerModel(house, "credit", { ...credit, onnx: new TextEncoder().encode("no ONNX file, just words") });
  door = await (await import("#kernel/door.ts")).openDoor();
  door.setToken(house.tokens.operator);
  (globalThis as Record<symbol, unknown>)[Symbol.for("atelier.session")] = {
    display: (bundle: Record<string, unknown>) => shown.push(String(bundle["text/plain"])),
    doorPath: join(door.folder, "door"),
    workDir: mkdtempSync(join(tmpdir(), "atelier-sdk-")),
    cell: () => null,
    signal: () => new AbortController().signal,
  };
  endpoints = await import("#lib/sdk/endpoints.ts");
});
afterAll(async () => {
  door.close();
  await house.close();
});

describe("endpoints in a cell", () => {
  it("deploys, shows how it goes, and predicts what the fitted model predicts", async () => {
    const endpoint = await endpoints.deploy("credit-default", { model: "credit", version: 1 });
    expect(endpoint.revision).toMatchObject({ number: 1, status: "serving" });
    expect(shown.at(-1)).toBe("credit-default answers with version 1, revision 1.");
    const { outcome: _, ...columns } = applicants(40, 5);
    const own = credit.fitted.predict(columns);
    const answers = [
      await endpoint.predict(columns),
      await endpoint.predict(Array.from(own, (_, i) => ({ income: columns.income![i], rate: columns.rate![i], grade: columns.grade![i] }))),
    ];
    for (const { probability } of answers)
      expect(Math.max(...own.map((p, i) => Math.abs(p - (probability![i] as number))))).toBeLessThan(1e-6);
    expect((endpoint[Symbol.for("Jupyter.display") as never] as () => Record<string, string>)()["text/plain"]).toContain("credit-default");
  });
  it("a version that does not come up throws the reason, and a missing column is named", async () => {
    await expect(endpoints.deploy("credit-default", { model: "credit", version: 2 })).rejects.toThrow(/cannot be opened/);
    const endpoint = await endpoints.open("credit-default");
    await expect(endpoint.predict([{ income: 1 }])).rejects.toThrow(/no column rate/);
    await expect(endpoint.predict([{ income: "much", rate: 1, grade: "A" }])).rejects.toThrow(/Tensor income/);
    expect((await refusal(endpoints.open("absent"))).status).toBe(404);
    expect((await endpoints.list()).map((one) => one.name)).toEqual(["credit-default"]);
  });
  it("sends a table as traffic, begins again when the rows run out, and every request is in the log", async () => {
    const endpoint = await endpoints.open("credit-default");
    const { items } = await house.as("viewer")(contract.listPredictions, { ...main, endpoint: "credit-default", limit: 500 });
    const report = await endpoint.send(applicants(30, 8), { requests: 25, batch: 4 });
    expect(report).toMatchObject({ requests: 25, rows: 100, failed: 0 });
    expect(shown.at(-1)).toMatch(/^25 requests of 4 rows answered in/);
    const page = await until(async () => {
      const now = await house.as("viewer")(contract.listPredictions, { ...main, endpoint: "credit-default", limit: 500 });
      return now.items.length >= items.length + 25 && now;
    });
    expect(page.items.slice(0, 25).every((one) => one.rows === 4 && one.status === 200)).toBe(true);
  });
});

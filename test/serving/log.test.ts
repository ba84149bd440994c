// SV3: what was answered is in the log exactly once, whatever is killed.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as contract from "#lib/serving/contract.ts";
import type { PredictionRecord } from "#lib/serving/inference/contract.ts";
import { requestOfColumns } from "#lib/serving/inference/contract.ts";
import { fitCredit, openServingHouse, registerModel, type ServingHouse, until } from "#test/kit/serving.ts";

let house: ServingHouse;
let credit: Awaited<ReturnType<typeof fitCredit>>;
const main = { workspace: "main" };
beforeAll(async () => {
  house = await openServingHouse();
  credit = await fitCredit(1);
  await registerModel(house, "credit", credit);
  await house.as("operator")(contract.deploy, { ...main, endpoint: "credit", model: "credit", version: 1 });
});
afterAll(() => house.close());

const request = (income: number, grade = "B") => requestOfColumns(credit.signature, { income: [income], rate: [null], grade: [grade] });
const query = async (text: string, values: unknown[] = []) => (await import("#db")).pool().query(text, values);
const logged = async (): Promise<number[]> =>
  (await query("select inputs->'income'->>0 as income from prediction where status = 200 order by seq")).rows.map(
    (row: { income: string }) => Number(row.income),
  );

describe("the log", () => {
  it("keeps what was asked and answered, refusals too, and shows them to members only", async () => {
    const answer = await house.v2("/models/credit/infer", request(1000, "\ud800 half a pair"));
    await house.v2("/models/credit/infer", { inputs: [{ name: "\ud83d", datatype: "FP32", shape: [1], data: [1] }] });
    const items = await until(async () => {
      const page = await house.as("viewer")(contract.listPredictions, { ...main, endpoint: "credit" });
      return page.items.length >= 2 && page.items;
    });
    const [refused, answered] = items;
    expect(answered).toMatchObject({
      status: 200,
      version: 1,
      rows: 1,
      inputs: { income: [1000], rate: [null], grade: ["\ufffd half a pair"] },
      error: null,
    });
    expect(answered!.callerName).toBe((await query("select name from token where id = $1", [answered!.caller])).rows[0].name);
    expect(answered!.outputs!.probability).toEqual((answer.body.outputs as { data: number[] }[])[0]!.data);
    expect(answered!.latencyMs).toBeGreaterThan(0);
    expect(refused).toMatchObject({ status: 400, rows: 0, inputs: null, error: expect.stringContaining("no input") });
    const failed = await house.as("viewer")(contract.listPredictions, { ...main, endpoint: "credit", failed: "true" });
    expect(failed.items.map((one) => one.status)).toEqual([400]);
  });
  it("a large batch is answered whole and logged by its first rows", async () => {
    const rows = 5000;
    const columns = {
      income: Array.from({ length: rows }, (_, i) => i),
      rate: Array.from({ length: rows }, () => 9),
      grade: Array.from({ length: rows }, () => "A"),
    };
    const answer = await house.v2("/models/credit/infer", requestOfColumns(credit.signature, columns));
    expect((answer.body.outputs as { shape: number[] }[])[0]!.shape).toEqual([rows, 1]);
    const found = await until(async () =>
      (await house.as("viewer")(contract.listPredictions, { ...main, endpoint: "credit" })).items.find((one) => one.rows === rows),
    );
    expect(found.inputs!.income).toEqual(Array.from({ length: 256 }, (_, i) => i));
  });
  it("SV3 killed with -9 twice under traffic, no answered prediction is missing and none is there twice", async () => {
    const answered: number[] = [];
    let isOn = true;
    let next = 1_000_000;
    const client = async (): Promise<void> => {
      while (isOn) {
        const mine = next++;
        const answer = await house.v2("/models/credit/infer", request(mine)).catch(() => null);
        if (answer?.status === 200) answered.push(mine);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (let round = 0; round < 2; round++) {
      const enough = answered.length + 300;
      await until(async () => answered.length > enough);
      await house.kill();
      await house.revive();
    }
    const enough = answered.length + 100;
    await until(async () => answered.length > enough);
    isOn = false;
    await Promise.all(clients);
    const sent = new Set(answered);
    const found = await until(async () => {
      const all = (await logged()).filter((income) => income >= 1_000_000);
      return new Set(all).size >= sent.size && [...sent].every((one) => all.includes(one)) && all;
    });
    expect(new Set(found).size).toBe(found.length);
    expect(answered.length).toBeGreaterThan(700);
  });
  it("a batch that is shipped twice counts once", async () => {
    const record: PredictionRecord = {
      id: "pred_twice",
      workspace_id: house.workspaceId,
      endpoint_id: "ep_x",
      revision_id: null,
      version: 1,
      at: new Date().toISOString(),
      latency_us: 10,
      status: 200,
      rows: 1,
      inputs: null,
      outputs: null,
      error: null,
      caller: "t",
    };
    const ship = () =>
      fetch(`${house.url}/api/internal/serving/predictions?batch=again`, {
        method: "POST",
        headers: { authorization: "Bearer a-secret-of-this-test" },
        body: JSON.stringify([record, { ...record, id: "pred_gone", workspace_id: "ws_gone" }]),
      });
    expect(await (await ship()).json()).toEqual({ isNew: true });
    expect(await (await ship()).json()).toEqual({ isNew: false });
    expect((await query("select id from prediction where endpoint_id = 'ep_x'")).rows).toEqual([{ id: "pred_twice" }]);
  });
});

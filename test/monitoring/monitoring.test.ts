// The monitor over a real log: counted once through restarts, drift as news once an episode, refusals over HTTP.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as contract from "#lib/monitoring/contract.ts";
import * as serving from "#lib/serving/contract.ts";
import { requestOfColumns } from "#lib/serving/inference/contract.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";
import { applicants, fitCredit, openServingHouse, registerModel, type ServingHouse, until } from "#test/kit/serving.ts";

let house: ServingHouse;
let credit: Awaited<ReturnType<typeof fitCredit>>;
let jobs: typeof import("#lib/monitoring/jobs.ts");
const main = { workspace: "main" };
const query = async (text: string) => (await import("#db")).pool().query(text);
const logged = async (): Promise<number> => Number((await query("select count(*) as n from prediction")).rows[0].n);
const read = (range: contract.Range = "1h") => house.as("viewer")(contract.readMonitor, { ...main, endpoint: "credit", range });
const news = async () => (await query("select subject from outbox where topic = 'drift.detected' order by id")).rows.length;

/** Sends rows in requests of `batch` and waits until all are in the log. */
const send = async (rows: number, seed: number, shift: number, batch = 10): Promise<void> => {
  const { outcome: _, ...columns } = applicants(rows, seed, shift);
  const before = await logged();
  for (let i = 0; i < rows; i += batch) {
    const part = Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name, Array.from(values as ArrayLike<unknown>).slice(i, i + batch)]),
    );
    expect((await house.v2("/models/credit/infer", requestOfColumns(credit.signature, part))).status).toBe(200);
  }
  await until(async () => (await logged()) === before + Math.ceil(rows / batch));
};
const work = async (): Promise<void> => {
  while (await jobs.countPredictions());
  await jobs.measureNext();
};

beforeAll(async () => {
  house = await openServingHouse();
  jobs = await import("#lib/monitoring/jobs.ts");
  credit = await fitCredit(1);
  await registerModel(house, "credit", credit);
  await house.as("operator")(serving.deploy, { ...main, endpoint: "credit", model: "credit", version: 1 });
});
afterAll(() => house.close());

describe("refusals", () => {
  refusals(
    () => house,
    contract.listMonitors,
    () => main,
    { minimumRole: "viewer", bad: { range: "2h" } },
  );
  refusals(
    () => house,
    contract.countDrifted,
    () => main,
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.readMonitor,
    () => ({ ...main, endpoint: "credit" }),
    { minimumRole: "viewer", bad: { range: "2h" } },
  );
  refusals(
    () => house,
    contract.readDistribution,
    () => ({ ...main, endpoint: "credit", feature: "income" }),
    { minimumRole: "viewer", bad: { feature: "x".repeat(300) } },
  );
  it("a feature that the model was not trained on is missing", async () => {
    const asked = house.as("viewer")(contract.readDistribution, { ...main, endpoint: "credit", feature: "height" });
    expect((await refusal(asked)).status).toBe(404);
  });
  it("an unknown endpoint is missing", async () => {
    expect((await refusal(house.as("viewer")(contract.readMonitor, { ...main, endpoint: "absent" }))).status).toBe(404);
  });
});

describe("watching", () => {
  it("before any traffic there is nothing, and no number is made up", async () => {
    expect(await read()).toMatchObject({ traffic: { requests: 0, latencyMsP99: null }, drift: { features: [] }, lastRequestAt: null });
  });
  it("MO4 with few rows every feature says how many it needs", async () => {
    await send(50, 11, 0);
    await work();
    const page = await read();
    expect(page.traffic).toMatchObject({ requests: 5, rows: 50, refused: 0, failed: 0 });
    expect(page.traffic.latencyMsP50).toBeGreaterThan(0);
    expect(page.drift!.features.map(({ feature, status, psi, needed }) => ({ feature, status, psi, needed }))).toEqual([
      { feature: "grade", status: "waiting", psi: null, needed: 100 },
      { feature: "income", status: "waiting", psi: null, needed: 180 },
      { feature: "rate", status: "waiting", psi: null, needed: 180 },
    ]);
  });
  it("live data like the training data has not drifted", async () => {
    await send(600, 12, 0);
    await work();
    const { drift } = await read();
    expect(drift!.features.map((one) => one.status)).toEqual(["steady", "steady", "steady"]);
    expect(drift!.features.every((one) => one.psi! < 0.1 && one.history.length > 0)).toBe(true);
    expect(await news()).toBe(0);
  });
  it("MO5 drift is news once an episode, and the episode closes by itself", async () => {
    await send(1000, 13, 0.9);
    await work();
    const page = await read();
    expect(page.drift!.features[0]).toMatchObject({ feature: "income", status: "drifted" });
    expect(page.drifted).toEqual(["income"]);
    expect(await house.as("viewer")(contract.countDrifted, main)).toEqual({ endpoints: 1 });
    expect(page.happenings[0]).toMatchObject({ kind: "drifted", subject: "income", note: "open", until: null, version: 1 });
    expect(await news()).toBe(1);
    const spread = await house.as("viewer")(contract.readDistribution, { ...main, endpoint: "credit", feature: "income" });
    expect(spread).toMatchObject({ kind: "number", version: 1, trainingRows: 800 });
    const ofVersion = (version: number) =>
      house.as("viewer")(contract.readDistribution, { ...main, endpoint: "credit", feature: "income", version });
    expect(await ofVersion(1)).toEqual(spread);
    expect((await refusal(ofVersion(9))).status).toBe(404);
    expect(spread.bins.at(-1)!.live).toBeGreaterThan(2 * spread.bins.at(-1)!.training);
    await send(100, 14, 0.9);
    await work();
    expect(await news()).toBe(1);
    await send(2000, 15, 0, 50);
    await work();
    const after = await read();
    expect(after.drifted).toEqual([]);
    expect(await house.as("viewer")(contract.countDrifted, main)).toEqual({ endpoints: 0 });
    expect(after.happenings.find((one) => one.kind === "drifted")!.note).toMatch(/^closed by itself after/);
  });
  it("MO1 counters that start over at any moment, or run at once, count every prediction once", async () => {
    const before = (await read()).traffic.requests;
    await send(400, 16, 0, 4);
    const { pool } = await import("#db");
    const client = await pool().connect();
    await client.query("begin");
    await client.query("select * from monitor_cursor for update");
    const waiting = [jobs.countPredictions(), jobs.countPredictions(), jobs.countPredictions()];
    await client.query("rollback");
    client.release();
    await Promise.all(waiting);
    await jobs.countPredictions();
    expect((await read()).traffic.requests).toBe(before + 100);
    const { rows } = await query(
      "select (select sum(requests) from monitor_minute) as counted, (select count(*) from prediction) as logged",
    );
    expect(rows[0].counted).toBe(rows[0].logged);
  });
  it("MO1 a worker that dies between counting and committing has counted nothing", async () => {
    const before = (await read()).traffic.requests;
    await send(40, 18, 0, 4);
    const { countNext } = await import("#lib/monitoring/store.ts");
    const { toMinutes } = await import("#lib/monitoring/rules.ts");
    const dying = countNext(100, (rows) => {
      const minutes = toMinutes(rows);
      return [...minutes, { ...minutes[0]!, requests: Number.NaN }];
    });
    await expect(dying).rejects.toThrow();
    expect((await read()).traffic.requests).toBe(before);
    await jobs.countPredictions();
    expect((await read()).traffic.requests).toBe(before + 10);
  });
  it("the overview has every endpoint, also one nobody asks", async () => {
    await registerModel(house, "quiet", credit);
    await house.as("operator")(serving.deploy, { ...main, endpoint: "quiet", model: "quiet", version: 1 });
    const { items } = await house.as("viewer")(contract.listMonitors, { ...main, range: "1h" });
    expect(items.map((one) => [one.endpoint, one.version, one.traffic.requests > 0, one.spark.length])).toEqual([
      ["credit", 1, true, 60],
      ["quiet", 1, false, 60],
    ]);
  });
  it("a second version has traffic and drift of its own, and what happened tells of both", async () => {
    await registerModel(house, "credit", await fitCredit(7));
    await house.as("operator")(serving.deploy, { ...main, endpoint: "credit", model: "credit", version: 2 });
    await send(20, 17, 0);
    await work();
    const page = await read();
    expect(page.version).toBe(2);
    expect(page.versions.map((one) => one.version).sort()).toEqual([1, 2]);
    expect(page.drift).toMatchObject({ version: 2, convention: "deciles", limit: 0.2 });
    expect(page.drift!.features.every((one) => one.psi === null)).toBe(true);
    expect(page.happenings[0]).toMatchObject({ kind: "champion", sentence: "Revision 2: version 2 took over from version 1." });
  });
});

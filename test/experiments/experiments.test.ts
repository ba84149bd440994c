// The experiments room over HTTP.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as contract from "#lib/experiments/contract.ts";
import { send } from "#lib/kit/call.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
let run: contract.Run;
const main = { workspace: "main" };
beforeAll(async () => {
  house = await openHouse();
  run = await house.as("editor")(contract.createRun, { ...main, experiment: "Credit", params: { depth: 3 } });
});
afterAll(() => house.close());
const log = (input: object) => house.as("editor")(contract.logRun, { ...main, run: run.id, ...input });

describe("refusals", () => {
  refusals(
    () => house,
    contract.createRun,
    () => ({ ...main, experiment: "Credit" }),
    { minimumRole: "editor", bad: { experiment: "" } },
  );
  refusals(
    () => house,
    contract.logRun,
    () => ({ ...main, run: run.id }),
    { minimumRole: "editor", bad: { metrics: [{ key: "", value: "x" }] } },
  );
  refusals(
    () => house,
    contract.readRun,
    () => ({ ...main, run: run.id }),
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.listRuns,
    () => main,
    { minimumRole: "viewer", bad: { limit: 100_000 } },
  );
  it("an unknown run is missing", async () =>
    expect((await refusal(house.as("owner")(contract.readRun, { ...main, run: "run_absent" }))).status).toBe(404));
});

describe("invariants", () => {
  it("E1 a parameter is written once, and a refused call writes nothing", async () => {
    await log({ params: { depth: 3, rate: 0.1 } });
    expect((await refusal(log({ params: { depth: 4 }, metrics: [{ key: "never", value: 1 }] }))).code).toBe("runs.param_written");
    const found = await house.as("viewer")(contract.readRun, { ...main, run: run.id });
    expect(found.params).toEqual({ depth: 3, rate: 0.1 });
    expect(found.metrics.never).toBeUndefined();
  });
  it("E2 the same point twice is one point, and the latest is the greatest step, not the last to arrive", async () => {
    const at = new Date().toISOString();
    await log({
      metrics: [
        { key: "auc", value: 0.7, step: 2, at },
        { key: "auc", value: 0.6, step: 1, at },
      ],
    });
    await log({ metrics: [{ key: "auc", value: 0.7, step: 2, at }] });
    await log({ metrics: [{ key: "auc", value: 0.5, step: 0, at }] });
    const { curves } = await house.as("viewer")(contract.metricHistory, { ...main, run: run.id });
    expect(curves.auc!.map((point) => [point.step, point.value])).toEqual([
      [0, 0.5],
      [1, 0.6],
      [2, 0.7],
    ]);
    expect((await house.as("viewer")(contract.readRun, { ...main, run: String(run.number) })).metrics.auc).toBe(0.7);
  });
  it("a curve of 5,000 points is thinned to about 1,000 and keeps its ends", async () => {
    for (let i = 0; i < 5; i++)
      await log({ metrics: Array.from({ length: 1000 }, (_, j) => ({ key: "loss", value: 1 / (1 + i * 1000 + j), step: i * 1000 + j })) });
    const loss = (await house.as("viewer")(contract.metricHistory, { ...main, run: run.id })).curves.loss!;
    expect(loss.length).toBeLessThanOrEqual(1001);
    expect([loss[0]!.step, loss.at(-1)!.step]).toEqual([0, 4999]);
  });
  it("runs are listed by a metric in either direction, missing last", async () => {
    const other = await house.as("editor")(contract.createRun, { ...main, experiment: "Credit" });
    await house.as("editor")(contract.logRun, { ...main, run: other.id, metrics: [{ key: "auc", value: 0.9 }] });
    const bare = await house.as("editor")(contract.createRun, { ...main, experiment: "Credit" });
    const order = async (sort: string) =>
      (await house.as("viewer")(contract.listRuns, { ...main, experiment: "Credit", sort })).items.map((one) => one.number);
    expect(await order("metric:auc")).toEqual([other.number, run.number, bare.number]);
    expect(await order("metric:-auc")).toEqual([run.number, other.number, bare.number]);
  });
  it("artefacts go in and out byte for byte, as attachments", async () => {
    await house.as("editor")(contract.uploadArtefact, { ...main, run: run.id, name: "plots/a.html" }, { body: "<script>1</script>" });
    const answer = await send(
      contract.downloadArtefact,
      { ...main, run: run.id, name: "plots/a.html" },
      { baseUrl: house.url, token: house.tokens.viewer },
    );
    expect(await answer.text()).toBe("<script>1</script>");
    expect(answer.headers.get("content-disposition")).toContain("attachment");
    expect((await refusal(house.as("editor")(contract.uploadArtefact, { ...main, run: run.id, name: "../x" }, { body: "x" }))).status).toBe(
      400,
    );
  });
  it("E3 what ended stays ended and takes no more numbers; E5 the trash gives it back", async () => {
    expect((await house.as("editor")(contract.endRun, { ...main, run: run.id })).status).toBe("done");
    expect((await house.as("editor")(contract.endRun, { ...main, run: run.id })).status).toBe("done");
    expect((await refusal(house.as("editor")(contract.endRun, { ...main, run: run.id, status: "failed" }))).status).toBe(409);
    expect((await refusal(log({ metrics: [{ key: "auc", value: 1 }] }))).code).toBe("runs.over");
    await house.as("editor")(contract.trashRun, { ...main, run: run.id });
    expect((await house.as("viewer")(contract.listRuns, { ...main, trash: "true" })).items.map((one) => one.id)).toEqual([run.id]);
    await house.as("editor")(contract.restoreRun, { ...main, run: run.id });
  });
});

// Deploying, rolling back and stopping over real HTTP, with a real serving process that proves every revision.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as contract from "#lib/serving/contract.ts";
import { requestOfColumns } from "#lib/serving/inference/contract.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";
import { echoModel, fitCredit, openServingHouse, registerModel, type ServingHouse, until } from "#test/kit/serving.ts";

let house: ServingHouse;
let credit: Awaited<ReturnType<typeof fitCredit>>;
const main = { workspace: "main" };
const deploy = (endpoint: string, model: string, version: number | string, waitMs = 10_000) =>
  house.as("operator")(contract.deploy, { ...main, endpoint, model, version, waitMs });
const read = (endpoint: string) => house.as("viewer")(contract.readEndpoint, { ...main, endpoint });
const one = { income: [40_000], rate: [12], grade: ["B"] };
const versionThatAnswers = async (endpoint: string) =>
  (await house.v2(`/models/${endpoint}/infer`, requestOfColumns(credit.signature, one))).body.model_version;

beforeAll(async () => {
  house = await openServingHouse();
  credit = await fitCredit(1);
  await registerModel(house, "credit", credit);
  await registerModel(house, "credit", await fitCredit(7));
  await registerModel(house, "credit", { ...credit, onnx: new TextEncoder().encode("this is no ONNX file at all") });
  await registerModel(house, "credit", { ...echoModel(), signature: credit.signature });
  await deploy("watched", "credit", 1);
});
afterAll(() => house.close());

describe("refusals", () => {
  const it_ = () => house;
  const endpoint = () => ({ ...main, endpoint: "watched" });
  refusals(it_, contract.listEndpoints, () => main, { minimumRole: "viewer", bad: { limit: 0 } });
  refusals(it_, contract.readEndpoint, endpoint, { minimumRole: "viewer" });
  refusals(it_, contract.deploy, () => ({ ...endpoint(), model: "credit", version: 1 }), {
    minimumRole: "operator",
    bad: { endpoint: "No Spaces" },
  });
  refusals(it_, contract.rollBack, endpoint, { minimumRole: "operator", bad: { revision: -1 } });
  refusals(it_, contract.stopEndpoint, endpoint, { minimumRole: "operator" });
  refusals(it_, contract.startEndpoint, endpoint, { minimumRole: "operator" });
  refusals(it_, contract.tryRequest, () => ({ ...endpoint(), request: requestOfColumns(credit.signature, one) }), {
    minimumRole: "viewer",
    bad: { request: 7 },
  });
  refusals(it_, contract.listPredictions, endpoint, { minimumRole: "viewer", bad: { limit: 0 } });
  it("an unknown model, version or endpoint is missing; there is nothing to roll back to at first", async () => {
    expect((await refusal(deploy("watched", "absent", 1))).status).toBe(404);
    expect((await refusal(deploy("watched", "credit", 99))).status).toBe(404);
    expect((await refusal(read("absent"))).status).toBe(404);
    expect((await refusal(house.as("operator")(contract.rollBack, { ...main, endpoint: "watched", revision: 99 }))).status).toBe(404);
    expect((await refusal(house.as("operator")(contract.rollBack, { ...main, endpoint: "watched" }))).code).toBe("serving.nothing_before");
  });
});

describe("revisions", () => {
  it("SV1 a revision serves when the process answered its sample; the one before is replaced", async () => {
    expect(await deploy("credit", "credit", 1)).toMatchObject({ number: 1, version: 1, status: "serving", message: null });
    expect(await versionThatAnswers("credit")).toBe("1");
    expect(await deploy("credit", "credit", "latest").catch((error) => error)).toBeDefined();
    expect(await deploy("credit", "credit", 2)).toMatchObject({ status: "serving", version: 2 });
    expect(await versionThatAnswers("credit")).toBe("2");
    const page = await read("credit");
    expect(page.current).toMatchObject({ version: 2, status: "serving" });
    expect(page.revisions.find((revision) => revision.number === 1)).toMatchObject({ status: "replaced", replacedAt: expect.any(String) });
    expect(page.signature).toEqual(credit.signature);
  });
  it("SV1 a file that cannot be opened, or differs from its signature, fails with a sentence and the old revision keeps serving", async () => {
    const broken = await deploy("credit", "credit", 3);
    expect(broken.status).toBe("failed");
    expect(broken.message).toMatch(/^The version cannot be opened: [A-Z]/);
    expect(broken.message).not.toMatch(/\/|\.onnx/);
    const strange = await deploy("credit", "credit", 4);
    expect(strange).toMatchObject({ status: "failed", message: expect.stringContaining("differ at input") });
    expect(await versionThatAnswers("credit")).toBe("2");
    expect((await read("credit")).current?.version).toBe(2);
    expect((await house.v2("/models/credit/versions/3/infer", {})).status).toBe(404);
  });
  it("SV8 an endpoint serves versions of one model; another model is a conflict that names both", async () => {
    await registerModel(house, "other", credit);
    const problem = await refusal(deploy("credit", "other", 1));
    expect(problem).toMatchObject({ status: 409, code: "serving.other_model" });
    expect(problem.message).toMatch(/credit.*other/);
    expect(await versionThatAnswers("credit")).toBe("2");
  });
  it("SV2 rolling back is a new revision with the version before", async () => {
    const back = await house.as("operator")(contract.rollBack, { ...main, endpoint: "credit" });
    expect(back).toMatchObject({ version: 1, status: "serving", message: "Rolled back to revision 1." });
    expect(await versionThatAnswers("credit")).toBe("1");
    const forth = await house.as("operator")(contract.rollBack, {
      ...main,
      endpoint: "credit",
      revision: (await read("credit")).revisions.find((one) => one.version === 2 && one.status === "replaced")!.number,
    });
    expect(forth).toMatchObject({ version: 2, status: "serving" });
    expect((await read("credit")).revisions.filter((revision) => revision.status === "serving")).toHaveLength(1);
  });
  it("a revision made while serving is away loads when it comes back, and the answer says so meanwhile", async () => {
    await house.kill();
    const waiting = await deploy("later", "credit", 1, 0);
    expect(waiting.status).toBe("loading");
    expect((await house.v2("/models/later/infer", {})).status).toBe(503);
    await house.revive();
    await until(async () => (await read("later")).current?.version === 1);
    expect(await until(() => versionThatAnswers("later"))).toBe("1"); // the process looks again a moment after it was heard
  });
  it("SV2 of two revisions made at once the newer one answers, whichever loads first", async () => {
    await Promise.all([deploy("twice", "credit", 1), deploy("twice", "credit", 2)]);
    const page = await read("twice");
    const newest = page.revisions[0]!;
    expect(page.revisions.map((one) => one.number)).toEqual([2, 1]);
    expect(page.current?.number).toBe(2);
    expect(await versionThatAnswers("twice")).toBe(String(newest.version));
  });
  it("SV6 killed with -9, the process answers again by itself from its disk", async () => {
    await house.kill();
    await house.revive();
    expect(await until(() => versionThatAnswers("credit"))).toBe("2");
  });
});

describe("stopping", () => {
  it("a stopped endpoint is 404 and takes no deployment; started again it answers with the revision it had", async () => {
    await deploy("pausing", "credit", 1);
    const operator = house.as("operator");
    expect((await operator(contract.stopEndpoint, { ...main, endpoint: "pausing" })).trashedAt).not.toBeNull();
    await until(async () => (await house.v2("/models/pausing")).status === 404);
    expect((await refusal(deploy("pausing", "credit", 2))).code).toBe("serving.stopped");
    expect((await refusal(house.as("viewer")(contract.tryRequest, { ...main, endpoint: "pausing", request: { inputs: [] } }))).status).toBe(
      409,
    );
    expect((await house.as("viewer")(contract.listEndpoints, { ...main, trash: "true" })).items.map((one) => one.name)).toEqual([
      "pausing",
    ]);
    await operator(contract.startEndpoint, { ...main, endpoint: "pausing" });
    await until(async () => (await house.v2("/models/pausing")).status === 200);
    expect(await versionThatAnswers("pausing")).toBe("1");
  });
});

describe("trying a request", () => {
  it("answers the sample the endpoint page shows, and tells which tensor is wrong", async () => {
    const page = await read("credit");
    const request = page.sample!;
    const answer = await house.as("viewer")(contract.tryRequest, { ...main, endpoint: "credit", request });
    expect(answer.outputs[0]).toMatchObject({ name: "probability", shape: [3, 1] });
    const bad = { inputs: request.inputs.filter((one) => one.name !== "rate") };
    expect(await refusal(house.as("viewer")(contract.tryRequest, { ...main, endpoint: "credit", request: bad }))).toMatchObject({
      kind: "invalid",
      message: expect.stringContaining("rate"),
    });
  });
});

// Open Inference V2 as a client sees it: through web, with a token, over a real serving process and real ONNX files.
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as contract from "#lib/serving/contract.ts";
import { columnsOfRows, requestOfColumns } from "#lib/serving/inference/contract.ts";
import { applicants, echoModel, fitCredit, openServingHouse, registerModel, type ServingHouse } from "#test/kit/serving.ts";

let house: ServingHouse;
let first: Awaited<ReturnType<typeof fitCredit>>;
let second: Awaited<ReturnType<typeof fitCredit>>;
const main = { workspace: "main" };
const deploy = (endpoint: string, model: string, version: number) =>
  house.as("operator")(contract.deploy, { ...main, endpoint, model, version });
type Output = { name: string; shape: number[]; datatype: string; data: unknown[] };
const outputsOf = (answer: { body: Record<string, unknown> }) =>
  Object.fromEntries((answer.body.outputs as Output[]).map((one) => [one.name, one]));

beforeAll(async () => {
  house = await openServingHouse();
  [first, second] = [await fitCredit(1), await fitCredit(7)];
  await registerModel(house, "credit", first);
  await registerModel(house, "credit", second);
  await registerModel(house, "echo", echoModel());
  expect((await deploy("credit", "credit", 1)).status).toBe("serving");
  expect((await deploy("credit", "credit", 2)).status).toBe("serving");
  expect((await deploy("echo", "echo", 1)).status).toBe("serving");
});
afterAll(() => house.close());

const sampleRequest = () => requestOfColumns(first.signature, columnsOfRows(first.signature, first.sample));
const echo = (change: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => {
  const given: Record<string, Record<string, unknown>> = {
    number: { datatype: "FP32", shape: [2, 1], data: [1.5, null] },
    whole: { datatype: "INT64", shape: [2, 1], data: [3, "9007199254740993"] },
    truth: { datatype: "BOOL", shape: [2, 1], data: [true, false] },
    words: { datatype: "BYTES", shape: [2, 1], data: ["é\ud83d\ude00x", "zwei\nZeilen"] },
    matrix: { datatype: "FP32", shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
  };
  for (const [name, one] of Object.entries(change)) given[name] = { ...given[name], ...(one as object) };
  return { inputs: Object.entries(given).flatMap(([name, one]) => (one.absent ? [] : [{ name, ...one }])), ...more };
};

describe("describing", () => {
  it("/v2 and health answer without a token, everything else is 401 with one string", async () => {
    expect((await house.v2("", undefined, "nobody")).body).toMatchObject({ name: "atelier", extensions: expect.any(Array) });
    expect((await house.v2("/health/live", undefined, "nobody")).status).toBe(200);
    expect((await house.v2("/health/ready", undefined, "nobody")).status).toBe(200);
    for (const [path, body] of [
      ["/models/credit"],
      ["/models/credit/infer", sampleRequest()],
      ["/repository/index", {}],
      ["/health/other"],
    ] as const) {
      const refused = await house.v2(path, body, "nobody");
      expect([path, refused.status, typeof refused.body.error]).toEqual([path, 401, "string"]);
    }
  });
  it("metadata names tensors and versions, readiness is by model and version", async () => {
    const { body } = await house.v2("/models/credit");
    expect(body).toMatchObject({
      name: "credit",
      versions: ["1", "2"],
      platform: "onnx_onnxv1",
      inputs: first.signature.inputs,
      outputs: first.signature.outputs,
    });
    expect((await house.v2("/models/credit/versions/1")).body.name).toBe("credit");
    expect((await house.v2("/models/credit/ready")).status).toBe(200);
    expect((await house.v2("/models/credit/versions/2/ready")).status).toBe(200);
    expect((await house.v2("/models/credit/versions/9/ready")).status).toBe(404);
  });
  it("the repository index answers by GET and POST", async () => {
    const wanted = [
      { name: "credit", version: "1", state: "READY", reason: "" },
      { name: "credit", version: "2", state: "READY", reason: "" },
      { name: "echo", version: "1", state: "READY", reason: "" },
    ];
    const byName = (list: unknown) =>
      (list as { name: string; version: string }[]).toSorted((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
    expect(byName((await house.v2("/repository/index")).body)).toEqual(wanted);
    expect(byName((await house.v2("/repository/index", { ready: true })).body)).toEqual(wanted);
    expect(byName((await house.v2("/repository/index", "")).body)).toEqual(wanted);
  });
  it("SV4 a stranger's model, an unknown model and an unknown version are 404", async () => {
    for (const [path, who] of [
      ["/models/credit", "stranger"],
      ["/models/absent", "viewer"],
      ["/models/credit/versions/9", "viewer"],
    ] as const) {
      const asked = [await house.v2(path, undefined, who), await house.v2(`${path}/infer`, sampleRequest(), who)];
      for (const answer of asked) expect([path, answer.status, typeof answer.body.error]).toEqual([path, 404, "string"]);
    }
    expect((await house.v2("/repository/index", undefined, "stranger")).body).toEqual([]);
  });
});

describe("predicting", () => {
  it("equals a local onnxruntime session to 1e-6, texts and gaps included, for both versions", async () => {
    const { outcome: _, ...columns } = applicants(60, 99);
    const request = requestOfColumns(first.signature, columns);
    for (const [path, made] of [
      ["/models/credit/versions/1/infer", first],
      ["/models/credit/infer", second],
    ] as const) {
      const session = await ort.InferenceSession.create(made.onnx);
      const feeds = Object.fromEntries(
        made.signature.inputs.map(({ name, datatype }) => [
          name,
          datatype === "BYTES"
            ? new ort.Tensor("string", columns[name] as string[], [60, 1])
            : new ort.Tensor("float32", Float32Array.from(columns[name] as Float64Array), [60, 1]),
        ]),
      );
      const local = (await session.run(feeds)).probability!.data as Float32Array;
      const answer = await house.v2(path, request);
      expect(answer.status).toBe(200);
      const remote = outputsOf(answer).probability!;
      expect(remote).toMatchObject({ datatype: "FP32", shape: [60, 1] });
      expect(Math.max(...remote.data.map((value, i) => Math.abs((value as number) - local[i]!)))).toBeLessThan(1e-6);
      expect(answer.body.model_version).toBe(made === first ? "1" : "2");
    }
  });
  it("every datatype comes back as it went in; null is a missing number; the id is echoed", async () => {
    const answer = await house.v2("/models/echo/infer", echo({}, { id: "mine-7" }));
    expect(answer.body).toMatchObject({ model_name: "echo", model_version: "1", id: "mine-7" });
    const out = outputsOf(answer);
    expect(out.number_out).toEqual({ name: "number_out", datatype: "FP32", shape: [2, 1], data: [1.5, null] });
    expect(out.whole_out!.data).toEqual([3, "9007199254740993"]);
    expect(out.truth_out!.data).toEqual([true, false]);
    expect(out.words_out).toMatchObject({ datatype: "BYTES", data: ["é\ud83d\ude00x", "zwei\nZeilen"] });
    expect(out.matrix_out).toMatchObject({ shape: [2, 3], data: [1, 2, 3, 4, 5, 6] });
  });
  it("nested data is read like flat data, and only the outputs asked for come back", async () => {
    const nested = echo(
      {
        matrix: {
          data: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
        words: { data: [["a"], ["b"]] },
      },
      { outputs: [{ name: "matrix_out" }] },
    );
    const answer = await house.v2("/models/echo/infer", nested);
    expect((answer.body.outputs as Output[]).map((one) => one.name)).toEqual(["matrix_out"]);
    expect(outputsOf(answer).matrix_out!.data).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it("zero rows are zero answers", async () => {
    const none = Object.fromEntries(["number", "whole", "truth", "words"].map((name) => [name, { shape: [0, 1], data: [] }]));
    const answer = await house.v2("/models/echo/infer", echo({ ...none, matrix: { shape: [0, 3], data: [] } }));
    expect([answer.status, outputsOf(answer).number_out?.shape]).toEqual([200, [0, 1]]);
  });
  it("SV5 what does not fit is 400 and names the tensor", async () => {
    const bad: [string, unknown, string?][] = [
      ["not json", "{"],
      ["no inputs", {}],
      ["a list", []],
      ["unknown name", { inputs: [{ name: "nope", datatype: "FP32", shape: [1, 1], data: [1] }] }, "nope"],
      ["missing", echo({ truth: { absent: true } }), "truth"],
      ["datatype", echo({ number: { datatype: "FP64" } }), "number"],
      ["rank", echo({ number: { shape: [2] } }), "number"],
      ["fixed dimension", echo({ matrix: { shape: [2, 2], data: [1, 2, 3, 4] } }), "matrix"],
      ["negative", echo({ matrix: { shape: [-1, 3] } }), "matrix"],
      ["count", echo({ matrix: { data: [1, 2, 3] } }), "matrix"],
      ["rows differ", echo({ truth: { shape: [1, 1], data: [true] } }), "truth"],
      ["text for number", echo({ number: { data: ["1.5", 2] } }), "number"],
      ["fraction for integer", echo({ whole: { data: [1.5, 2] } }), "whole"],
      ["a text the model would cut", echo({ words: { data: ["a\u0000b", "c"] } }), "words"],
      ["number for text", echo({ words: { data: [1, 2] } }), "words"],
      ["too large for 64 bits", echo({ whole: { data: ["9223372036854775808", 1] } }), "whole"],
      ["data absent", echo({ number: { data: undefined } }), "number"],
      ["unknown output", echo({}, { outputs: [{ name: "nope_out" }] }), "nope_out"],
    ];
    for (const [what, body, name = ""] of bad) {
      const answer = await house.v2("/models/echo/infer", body);
      expect([what, answer.status, typeof answer.body.error]).toEqual([what, 400, "string"]);
      expect(answer.body.error, what).toContain(name);
    }
    const twice = echo();
    twice.inputs.push(twice.inputs[0]!);
    expect((await house.v2("/models/echo/infer", twice)).body.error).toContain("number stands twice");
  });
  it("more than 32 MB is 413", async () => {
    const answer = await house.v2("/models/echo/infer", "x".repeat(33_000_000)).catch(() => ({ status: 413 }));
    expect(answer.status).toBe(413);
    expect((await house.v2("/models/echo/infer", echo())).status).toBe(200);
  });
});

describe("the process itself", () => {
  it("answers nobody without the secret of the installation, and web's internal routes do not exist without it", async () => {
    expect((await fetch(`${house.servingUrl}/v2/models/credit`)).status).toBe(401);
    expect(
      (
        await fetch(`${house.servingUrl}/v2/models/credit`, {
          headers: { authorization: "Bearer wrong", "x-atelier-workspace": house.workspaceId },
        })
      ).status,
    ).toBe(401);
    for (const path of ["plan", `models/${"0".repeat(64)}`])
      expect(
        (await fetch(`${house.url}/api/internal/serving/${path}`, { headers: { authorization: `Bearer ${house.tokens.owner}` } })).status,
      ).toBe(404);
  });
  it("a client's own workspace header changes nothing", async () => {
    const answer = await fetch(`${house.url}/v2/models/credit`, {
      headers: { authorization: `Bearer ${house.tokens.stranger}`, "x-atelier-workspace": house.workspaceId },
    });
    expect(answer.status).toBe(404);
  });
});

// Whole networks on data whose answer is known, and the loop that trains them: early stopping, stop, resume, streams.
import { readFileSync } from "node:fs";
import ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import type { Tensor } from "#lib/learn/graph/graph.ts";
import { relu } from "#lib/learn/graph/operators/elementwise.ts";
import { cosine, straight } from "#lib/learn/graph/optimisers.ts";
import { normalOf } from "#lib/learn/graph/seeds.ts";
import { dense, dropout } from "#lib/learn/layers/dense.ts";
import { squaredError } from "#lib/learn/layers/losses.ts";
import { rocAuc } from "#lib/learn/metrics/classification.ts";
import { pickRows, type Rows } from "#lib/learn/networks/batches.ts";
import { type FitOptions, fit, type Progress } from "#lib/learn/networks/fit.ts";
import { sequenceForecaster } from "#lib/learn/networks/forecaster.ts";
import { type Images, imageClassifier } from "#lib/learn/networks/images.ts";
import { mlpClassifier, mlpRegressor, type Table } from "#lib/learn/networks/mlp.ts";
import { matrixFactorisation, type Ratings, twoTower } from "#lib/learn/networks/recommender.ts";
import { mulberry32 } from "#lib/learn/random.ts";

const run = async (onnx: Uint8Array, name: string, x: Float32Array, shape: number[]): Promise<Float32Array> => {
  const session = await ort.InferenceSession.create(onnx);
  const answer = await session.run({ [name]: new ort.Tensor("float32", x, shape) });
  return Object.values(answer)[0]!.data as Float32Array;
};

/** y = sin(x1) + x2² + noise. */
const curve = (seed: number, rows: number): Rows => {
  const random = mulberry32(seed);
  const x = Float32Array.from({ length: rows * 2 }, () => random() * 4 - 2);
  const y = Float32Array.from({ length: rows }, (_, i) => Math.sin(x[2 * i]!) + x[2 * i + 1]! ** 2 + 0.05 * normalOf(random));
  return { x: { data: x, shape: [rows, 2] }, y: { data: y, shape: [rows, 1] } };
};
const network = (x: Tensor): Tensor => dense(dropout(relu(dense(x, 32)), 0.05), 1);
const common: FitOptions = { data: curve(1, 600), validation: curve(2, 200), loss: ({ x, y }) => squaredError(network(x!), y!), seed: 7 };

describe("fit", () => {
  it("learns, logs and tells how far it is", async () => {
    const logged: [Readonly<Record<string, number>>, number][] = [];
    const told: Progress[] = [];
    const trained = await fit({
      ...common,
      epochs: 30,
      rate: cosine({ rate: 0.02, steps: 270, warmup: 10 }),
      log: (values, step) => void logged.push([values, step]),
      onProgress: (progress) => void told.push(progress),
    });
    expect(trained.validationLoss).toBeLessThan(0.12);
    expect(trained.history).toHaveLength(30);
    expect(told).toHaveLength(270);
    expect(logged.at(-1)![0]).toMatchObject({ validation_loss: expect.any(Number), norm: expect.any(Number), rate: expect.any(Number) });
    expect(told[0]!.rate).toBeCloseTo(0.02 / 11, 9);
    expect(told.at(-1)!.rate).toBeLessThan(1e-5);
  });
  it("stops early when validation no longer improves, and keeps the best weights", async () => {
    const trained = await fit({ ...common, epochs: 500, rate: 0.05, patience: 3 });
    expect(trained.steps).toBeLessThan(500 * 9);
    expect(trained.validationLoss).toBe(Math.min(...trained.history.map((one) => one.validationLoss!)));
  });
  it("stops on the signal", async () => {
    const abort = new AbortController();
    const running = fit({ ...common, epochs: 1000, signal: abort.signal, onProgress: ({ step }) => step === 20 && abort.abort() });
    await expect(running).rejects.toThrow("Training was stopped at step 20");
  });
  it("a resumed run ends with the weights of the uninterrupted one, bit for bit", async () => {
    const kept: Uint8Array[] = [];
    const schedule = straight({ rate: 0.2, steps: 54 }); // so wild that the best weights are not the last
    const whole = await fit({ ...common, epochs: 6, rate: schedule, onCheckpoint: (bytes) => kept.push(bytes) });
    const resumed = await fit({ ...common, epochs: 6, rate: schedule, resume: kept[2]! });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.history.at(-1)).toEqual(whole.history.at(-1));
    expect(resumed.validationLoss).toBe(whole.validationLoss);
  });
  it("takes batches from a stream until it ends, and several batches a step", async () => {
    async function* stream() {
      for (let i = 0; i < 40; i++)
        yield pickRows(
          curve(i, 64),
          Uint32Array.from({ length: 64 }, (_, row) => row),
        );
    }
    const trained = await fit({ ...common, data: stream(), steps: 100, accumulate: 2, rate: 0.02 });
    expect(trained.steps).toBe(20);
    expect(trained.validationLoss).toBeLessThan(2);
  });
  it("arrays that do not belong together are refused", async () => {
    const bad = { x: { data: new Float32Array(6), shape: [3, 2] }, y: { data: new Float32Array(2), shape: [2, 1] } };
    await expect(fit({ ...common, data: bad })).rejects.toThrow("x has 3 rows and y has 2");
  });
});

describe("perceptrons", () => {
  const churn = readFileSync("test/learn/data/churn.csv", "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(",").map((one) => one.replaceAll('"', "")));
  const numeric = churn[0]!
    .map((_, j) => j)
    .filter((j) => churn.slice(1, 50).every((row) => row[j] !== "" && Number.isFinite(Number(row[j]))));
  const tableOf = (rows: string[][]): Table => ({
    x: Float32Array.from(rows.flatMap((row) => numeric.map((j) => Number(row[j])))),
    y: rows.map((row) => (row[churn[0]!.indexOf("churn")] === "yes" ? 1 : 0)),
    width: numeric.length,
  });
  it("a classifier finds real churn, and its file answers as it does", async () => {
    const [train, test] = [tableOf(churn.slice(1, 3501)), tableOf(churn.slice(3501))];
    const model = await mlpClassifier(train, test, { seed: 1, epochs: 20, rate: 0.005, dropout: 0.1 });
    const p = await model.predict(test.x);
    expect(rocAuc(Array.from(test.y), Array.from(p))).toBeGreaterThan(0.83);
    const served = await run(model.toOnnx(), "x", test.x.slice(0, 5 * test.width), [5, test.width]);
    for (let i = 0; i < 5; i++) expect(served[i]).toBeCloseTo(p[i]!, 5);
  });
  it("a regressor answers in the units of its target", async () => {
    const { x, y } = curve(3, 800);
    const table: Table = { x: x!.data as Float32Array, y: (y!.data as Float32Array).map((one) => 1000 + 50 * one), width: 2 };
    const model = await mlpRegressor(table, undefined, { epochs: 30, rate: 0.01 });
    const predicted = await model.predict(table.x);
    const error = Math.sqrt(predicted.reduce((sum, one, i) => sum + (one - table.y[i]!) ** 2, 0) / predicted.length);
    expect(error).toBeLessThan(15); // the target's own deviation is 70
    expect((await run(model.toOnnx(), "x", table.x.slice(0, 6), [3, 2]))[2]).toBeCloseTo(predicted[2]!, 2);
  });
  it("classes that are no whole numbers are named", async () => {
    await expect(mlpClassifier({ x: new Float32Array(4), y: [0, 1.5], width: 2 })).rejects.toThrow("Target 1 is 1.5");
  });
});

describe("recommenders", () => {
  it("matrix factorisation recovers ratings better than biases can", async () => {
    const random = mulberry32(5);
    const taste = Array.from({ length: 60 }, () => normalOf(random));
    const kind = Array.from({ length: 40 }, () => normalOf(random));
    const all: Ratings & { users: number[]; items: number[]; ratings: number[] } = { users: [], items: [], ratings: [] };
    for (let u = 0; u < 60; u++)
      for (let i = 0; i < 40; i++) {
        if (random() < 0.4) continue;
        all.users.push(u);
        all.items.push(i);
        all.ratings.push(3 + taste[u]! * kind[i]! + 0.1 * normalOf(random));
      }
    const part = (keep: (i: number) => boolean): Ratings => ({
      users: all.users.filter((_, i) => keep(i)),
      items: all.items.filter((_, i) => keep(i)),
      ratings: all.ratings.filter((_, i) => keep(i)),
    });
    const model = await matrixFactorisation(
      part((i) => i % 5 !== 0),
      part((i) => i % 5 === 0),
      { userCount: 60, itemCount: 40, factors: 4, epochs: 120, batchSize: 128, rate: 0.02 },
    );
    expect(Math.sqrt(model.validationLoss!)).toBeLessThan(0.5); // biases alone leave about 1
    const first = part((i) => i === 0);
    expect(Math.abs(model.predict(first.users[0]!, first.items[0]!) - first.ratings[0]!)).toBeLessThan(1.5);
  });
  it("two towers rank a user's own group first", async () => {
    const random = mulberry32(6);
    const [users, items]: [number[], number[]] = [[], []];
    for (let k = 0; k < 3000; k++) {
      const user = Math.floor(random() * 40);
      users.push(user);
      items.push((user % 4) * 10 + Math.floor(random() * 10));
    }
    const model = await twoTower({ users, items }, { userCount: 40, itemCount: 40, width: 8, epochs: 12, rate: 0.01 });
    const own = Array.from(
      { length: 40 },
      (_, user) => model.recommend(user, 5).filter(({ item }) => Math.floor(item / 10) === user % 4).length / 5,
    );
    expect(own.reduce((a, b) => a + b, 0) / 40).toBeGreaterThan(0.9);
    expect(model.recommend(0, 3, new Set([0, 1, 2])).some(({ item }) => item < 3)).toBe(false);
  });
});

describe("sequences and images", () => {
  it("a forecaster beats repeating the last value", async () => {
    const random = mulberry32(8);
    const series = Float64Array.from({ length: 700 }, (_, t) => 20 + 5 * Math.sin(t / 5) + 0.2 * normalOf(random));
    const model = await sequenceForecaster(series, { past: 24, ahead: 4, width: 16, epochs: 40, rate: 0.01 });
    let [ours, naive] = [0, 0];
    for (let at = 600; at < 690; at += 10) {
      const found = await model.forecast(series.slice(0, at));
      for (let k = 0; k < 4; k++) {
        ours += (found[k]! - series[at + k]!) ** 2;
        naive += (series[at - 1]! - series[at + k]!) ** 2;
      }
    }
    expect(Math.sqrt(ours)).toBeLessThan(0.25 * Math.sqrt(naive));
  });
  it("an image net tells bars from bars, and its file answers as it does", async () => {
    const drawn = (seed: number, count: number): Images => {
      const random = mulberry32(seed);
      const pixels = Float32Array.from({ length: count * 64 }, () => 0.3 * random());
      const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
      for (let i = 0; i < count; i++) {
        const at = Math.floor(random() * 8);
        for (let k = 0; k < 8; k++) pixels[i * 64 + (labels[i] ? at * 8 + k : k * 8 + at)] = 1;
      }
      return { pixels, shape: [1, 8, 8], labels };
    };
    const [train, test] = [drawn(1, 320), drawn(2, 100)];
    const model = await imageClassifier(train, test, { epochs: 6, widths: [8, 8], batchSize: 32 });
    expect(model.metrics.accuracy).toBeGreaterThan(0.95);
    const p = await model.predict(test.pixels);
    const served = await run(model.toOnnx(), "pixels", test.pixels.slice(0, 192), [3, 1, 8, 8]);
    for (let i = 0; i < 6; i++) expect(served[i]).toBeCloseTo(p[i]!, 5);
  });
});

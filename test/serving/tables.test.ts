// Every estimator over the wire: one model file served by /v2 takes raw columns (texts, dates, prose, gaps) and answers exactly what the
// notebook answered, and registering keeps its signature.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blend } from "#lib/learn/auto/blend.ts";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { calibrate } from "#lib/learn/estimators/calibration.ts";
import { clusters } from "#lib/learn/estimators/clusters.ts";
import { components } from "#lib/learn/estimators/components.ts";
import type { Fitted, Output } from "#lib/learn/estimators/estimator.ts";
import { forecast } from "#lib/learn/estimators/forecast.ts";
import { isolationForest } from "#lib/learn/estimators/isolation-forest.ts";
import { linearRegression, ridge } from "#lib/learn/estimators/linear.ts";
import { logisticRegression } from "#lib/learn/estimators/logistic.ts";
import { naiveBayes } from "#lib/learn/estimators/naive-bayes.ts";
import { neighbours } from "#lib/learn/estimators/neighbours.ts";
import { decisionTree, randomForest } from "#lib/learn/estimators/random-forest.ts";
import { itemEvents } from "#lib/learn/generators/item-events.ts";
import { levelCodes } from "#lib/learn/preprocess/categories.ts";
import { hashing } from "#lib/learn/preprocess/text.ts";
import { basketRules } from "#lib/learn/recommend/basket-rules.ts";
import { alternatingLeastSquares, itemNeighbours, popularItems } from "#lib/learn/recommend/factors.ts";
import { type Columns, dropColumns } from "#lib/learn/tables/table.ts";
import type { Signature } from "#lib/models/contract.ts";
import * as contract from "#lib/serving/contract.ts";
import { requestOfColumns } from "#lib/serving/inference/contract.ts";
import { openServingHouse, registerModel, type ServingHouse, until } from "#test/kit/serving.ts";
import { customers, distance, spoiled } from "#test/kit/tables.ts";

let house: ServingHouse;
beforeAll(async () => {
  house = await openServingHouse();
});
afterAll(() => house.close());

const targets = ["isLost", "tier", "spend", "visits"];
const only = (target?: string): Columns =>
  dropColumns(
    customers(600, 1),
    targets.filter((name) => name !== target),
  );
const lost = { target: "isLost", positive: "yes" };
const preprocess = { street: hashing({ width: 16 }) };
// what JSON can say: no infinities, null for a gap
const rows = Object.fromEntries(
  Object.entries(spoiled(customers(120, 2), targets)).map(([name, column]) => [
    name,
    column instanceof Float64Array ? column.map((value) => (Math.abs(value) < 1e30 ? value : Number.NaN)) : column,
  ]),
) as Columns;

const all: [string, () => Promise<Fitted>][] = [
  ["linear-regression", () => linearRegression({ preprocess }).fit(only("spend"), { target: "spend" })],
  ["ridge", () => ridge({ preprocess }).fit(only("spend"), { target: "spend" })],
  ["logistic-regression", () => logisticRegression({ preprocess }).fit(only("isLost"), lost)],
  ["logistic-bins", () => logisticRegression({ bins: 6, preprocess }).fit(only("isLost"), lost)],
  ["logistic-three-classes", () => logisticRegression({ l1: 0.5, preprocess }).fit(only("tier"), { target: "tier" })],
  ["naive-bayes", () => naiveBayes({ preprocess }).fit(only("tier"), { target: "tier" })],
  ["neighbours", () => neighbours({ k: 9, preprocess }).fit(only("isLost"), lost)],
  ["neighbours-number", () => neighbours({ k: 5, by: "distance", preprocess }).fit(only("spend"), { target: "spend" })],
  ["k-means", () => clusters({ k: 4, preprocess }).fit(only())],
  ["components", () => components({ k: 3, preprocess }).fit(only())],
  ["isolation-forest", () => isolationForest({ trees: 30, preprocess }).fit(only())],
  ["decision-tree", () => decisionTree().fit(only("tier"), { target: "tier" })],
  ["decision-tree-number", () => decisionTree({ depth: 5, minLeaf: 5 }).fit(only("spend"), { target: "spend" })],
  ["random-forest", () => randomForest({ trees: 20 }).fit(only("isLost"), lost)],
  ["forest-three-classes", () => randomForest({ trees: 20, minLeaf: 2 }).fit(only("tier"), { target: "tier" })],
  ["forest-number", () => randomForest({ trees: 20 }).fit(only("spend"), { target: "spend" })],
  ["boosted-trees", () => boostedTrees({ trees: 40, preprocess: { place: levelCodes(), street: levelCodes() } }).fit(only("isLost"), lost)],
  ["boosted-three-classes", () => boostedTrees({ trees: 20 }).fit(only("tier"), { target: "tier" })],
  ["boosted-number", () => boostedTrees({ trees: 30 }).fit(only("spend"), { target: "spend" })],
  ["boosted-quantile", () => boostedTrees({ trees: 30, loss: 0.9 }).fit(only("spend"), { target: "spend" })],
  ["boosted-counts", () => boostedTrees({ trees: 30, loss: "poisson" }).fit(only("visits"), { target: "visits" })],
  [
    "blend",
    async () =>
      blend(
        [await boostedTrees({ trees: 20 }).fit(only("isLost"), lost), await logisticRegression({ preprocess }).fit(only("isLost"), lost)],
        [2, 1],
      ),
  ],
  ["calibrated", async () => calibrate(await boostedTrees({ trees: 40 }).fit(only("isLost"), lost), customers(400, 3), { by: "isotonic" })],
];

type Tensor = { name: string; shape: number[]; data: (number | string | null)[] };

/** Registers, deploys and asks. */
const served = async (
  name: string,
  made: { onnx: Uint8Array; signature: Signature },
  columns: Columns,
): Promise<Record<string, Tensor>> => {
  const version = await registerModel(house, name, made);
  const deployed = await house.as("operator")(contract.deploy, { workspace: "main", endpoint: name, model: name, version });
  expect(deployed.status).toBe("serving");
  const answer = await until(async () => {
    const now = await house.v2(`/models/${name}/infer`, requestOfColumns(made.signature, columns));
    return now.status !== 404 && now;
  });
  expect([answer.status, answer.body.error]).toEqual([200, undefined]);
  return Object.fromEntries((answer.body.outputs as Tensor[]).map((one) => [one.name, one]));
};
const numeric = (tensor: Tensor): ArrayLike<number | string> => tensor.data.map((value) => value ?? Number.NaN);

describe("served by /v2 from raw columns with texts and gaps", () => {
  it.each(all)("%s answers exactly as the notebook did", async (name, make) => {
    const model = await make();
    const signature = model.signature as Signature;
    expect(signature.inputs.some((one) => one.datatype === "BYTES")).toBe(true);
    const outputs = await served(name, { onnx: model.toOnnx(), signature }, rows);
    const ours: Record<string, Output> = model.answer(rows);
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(ours).sort());
    for (const [output, own] of Object.entries(ours)) {
      expect(outputs[output]!.shape).toEqual([120, own.width]);
      expect(distance(own, numeric(outputs[output]!) as never), output).toBeLessThan(1e-5);
    }
  });
  it.each([
    ["popular-items", popularItems()],
    ["item-neighbours", itemNeighbours()],
    ["least-squares", alternatingLeastSquares({ factors: 8, rounds: 5 })],
  ])("%s recommends what the notebook recommends", async (name, estimator) => {
    const model = await estimator.fit(itemEvents({ users: 120, items: 60, perUser: 12 }), { user: "user", item: "item" });
    const users = ["user-0001", "user-0044", "nobody", ""];
    const outputs = await served(name, { onnx: model.toOnnx(), signature: model.signature as Signature }, { user: users });
    expect(outputs.items!.data).toEqual(
      model
        .predict(users)
        .flat()
        .map((one) => one.item),
    );
  });
  it("basket rules and forecasts answer too", async () => {
    const rules = basketRules({ support: 0.1, confidence: 0.2 }).fit(
      { items: ["a|b|c", "a|b", "b|c", "a|c|d", "a|b|d"] },
      { basket: "items" },
    );
    const baskets = ["a", "b|c", "", "z"];
    const said = await served("basket-rules", { onnx: rules.toOnnx(), signature: rules.signature as Signature }, { items: baskets });
    expect(said.item!.data).toEqual(rules.predict(baskets).map((one) => one.item));
    const model = forecast({ method: "holt-winters", season: 4 }).fit(Array.from({ length: 40 }, (_, t) => t + 5 * (t % 4)));
    const future = await served(
      "forecast",
      { onnx: model.toOnnx(), signature: model.signature as Signature },
      { step: Float64Array.of(1, 2, 3, 9) },
    );
    const ours = model.predict(9);
    expect([0, 1, 2, 8].every((h, i) => Math.abs((future.prediction!.data[i] as number) - ours[h]!) < 1e-4)).toBe(true);
  });
});

// A network of one's own on a table: what is trained on the encoded matrix is served from raw columns, with the same answers.
import { describe, expect, it } from "vitest";
import { input, openGraph, type Tensor } from "#lib/learn/graph/graph.ts";
import { relu } from "#lib/learn/graph/operators/elementwise.ts";
import { concat, split } from "#lib/learn/graph/operators/shaping.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { dense, dropout } from "#lib/learn/layers/dense.ts";
import { binaryCrossEntropy, crossEntropy, squaredError } from "#lib/learn/layers/losses.ts";
import { encode } from "#lib/learn/networks/encoded.ts";
import { fit } from "#lib/learn/networks/fit.ts";
import { mulberry32 } from "#lib/learn/random.ts";

const random = mulberry32(5);
const count = 600;
const a = Float64Array.from({ length: count }, (_, i) => (i % 17 === 0 ? Number.NaN : 4 * random() - 2));
const colour = Array.from({ length: count }, () => ["red", "green", "blue"][Math.floor(3 * random())]!);
const number = Float64Array.from(a, (one, i) => (Number.isNaN(one) ? 0 : one) * (colour[i] === "red" ? 1 : -1));
const verdict = Array.from(number, (one) => (one > 0 ? "yes" : "no"));
const table = { a, colour, number, verdict };
const without = (name: "number" | "verdict") => Object.fromEntries(Object.entries(table).filter(([one]) => one !== name)) as typeof table;

/** A network with two outputs of one node in it, which the file must keep apart. */
const network =
  (outputs: number) =>
  (x: Tensor): Tensor => {
    const [left, right] = split(dropout(relu(dense(x, 32)), 0.1), 2, 1) as [Tensor, Tensor];
    return dense(concat([right, left], 1), outputs);
  };

describe("a network behind an encoding", () => {
  it("tells two levels apart better than a line can, and its file answers as the network does", async () => {
    const rows = without("number");
    const encoded = encode(rows, { target: "verdict", positive: "yes" });
    expect(encoded.features.map((one) => one.name)).toHaveLength(encoded.width);
    const own = network(1);
    const data = encoded.rows(rows);
    const trained = await fit({ data, loss: ({ x, y }) => binaryCrossEntropy(own(x!), y!), epochs: 60, rate: 0.01, threads: 1 });
    const model = encoded.model(own, trained, { kind: "own network" });
    expect(model.signature).toEqual({
      inputs: [
        { name: "a", datatype: "FP32", shape: [-1, 1] },
        { name: "colour", datatype: "BYTES", shape: [-1, 1] },
      ],
      outputs: [{ name: "probability", datatype: "FP32", shape: [-1, 1] }],
    });
    const answers = await model.predict(rows);
    const graph = openGraph({ mode: "predict" });
    const logits = own(input(graph, "x", { dtype: "float32", shape: [...data.x.shape] }));
    const { z } = await evaluate({ z: logits }, { x: data.x.data }, { weights: trained.weights });
    const apart = Array.from(answers, (p, i) => Math.abs(p - 1 / (1 + Math.exp(-Number(z![i])))));
    expect(Math.max(...apart)).toBeLessThan(1e-4);
    expect((await model.evaluate(rows)).auc).toBeGreaterThan(0.9); // a line: 0.66
    const missing = await model.predict({ a: Float64Array.of(Number.NaN), colour: ["violet"] });
    expect(missing[0]).toBeGreaterThanOrEqual(0);
    expect(missing[0]).toBeLessThanOrEqual(1);
  });

  it("answers classes by name and numbers as they are", async () => {
    const rows = without("number");
    const classes = encode(rows, { target: "verdict" });
    const two = network(2);
    const sorted = await fit({
      data: classes.rows(rows),
      loss: ({ x, y }) => crossEntropy(two(x!), y!),
      epochs: 40,
      rate: 0.01,
      threads: 1,
    });
    const sorter = classes.model(two, sorted);
    expect([classes.levels, sorter.signature.outputs.map((one) => one.name)]).toEqual([
      ["no", "yes"],
      ["probabilities", "label"],
    ]);
    expect((await sorter.evaluate(rows)).accuracy).toBeGreaterThan(0.8);
    const scales = without("verdict");
    const numbers = encode(scales, { target: "number", preprocess: { colour: "drop" } });
    expect(numbers.features.map((one) => one.column)).toEqual(numbers.features.map(() => "a"));
    const one = network(1);
    const levelled = await fit({ data: numbers.rows(scales), loss: ({ x, y }) => squaredError(one(x!), y!), epochs: 2, threads: 1 });
    const [first] = await numbers.model(one, levelled).predict(scales);
    expect(Number.isFinite(first)).toBe(true);
  });

  it("refuses a network that was not the one trained", async () => {
    const rows = without("number");
    const encoded = encode(rows, { target: "verdict", positive: "yes" });
    expect(() => encoded.model(network(1), { weights: new Map() }).toOnnx()).toThrow("There is no weight");
  });
});

// Writing graphs: what is refused and how it is said, weights by name, gradients of gradients, files with their weights inside or beside.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ort from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { gradients } from "#lib/learn/graph/gradient.ts";
import { constant, input, openGraph, parameter, type Tensor } from "#lib/learn/graph/graph.ts";
import { needed, writeModel } from "#lib/learn/graph/model.ts";
import { conv } from "#lib/learn/graph/operators/convolution.ts";
import { add, exp, mul, pow, relu, sin, where } from "#lib/learn/graph/operators/elementwise.ts";
import { gather, scatterElements, scatterND } from "#lib/learn/graph/operators/indexing.ts";
import { einsum, linear, matmul } from "#lib/learn/graph/operators/products.ts";
import { mean } from "#lib/learn/graph/operators/reductions.ts";
import { concat, reshape, slice, split, sum, transpose, zerosLike } from "#lib/learn/graph/operators/shaping.ts";
import { evaluate } from "#lib/learn/graph/program.ts";
import { zeros } from "#lib/learn/graph/seeds.ts";
import { dense, table } from "#lib/learn/layers/dense.ts";
import { exportNetwork } from "#lib/learn/networks/served.ts";
import { mulberry32 } from "#lib/learn/random.ts";

const folder = mkdtempSync(join(tmpdir(), "atelier-graph-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const floats = (graph: ReturnType<typeof openGraph>, name: string, ...shape: number[]): Tensor =>
  input(graph, name, { dtype: "float32", shape });

describe("what does not fit is refused while the graph is written, with both shapes and the line", () => {
  const refusals: [string, (graph: ReturnType<typeof openGraph>) => unknown, RegExp][] = [
    [
      "inner dimensions",
      (g) => matmul(floats(g, "a", 8, 20), floats(g, "b", 64, 32)),
      /MatMul of float32 \[8, 20\] and float32 \[64, 32\]: the inner dimensions 20 and 64 differ/,
    ],
    ["broadcasting", (g) => add(floats(g, "a", 2, 3), floats(g, "b", 4)), /Add of .*axis -1: 3 and 4 are neither equal nor 1/],
    [
      "dtypes",
      (g) => add(floats(g, "a", 2), constant(g, [1, 2], [2], "int64")),
      /Add of float32 \[2\] and int64 \[2\]: the dtypes float32 and int64 differ; cast one/,
    ],
    ["counts", (g) => reshape(floats(g, "a", 2, 3), [4]), /Reshape of .*6 numbers do not make \[4\]/],
    ["axes", (g) => transpose(floats(g, "a", 2, 3), [0, 0]), /Transpose of .*\[0, 0\] is not an order of its 2 axes/],
    [
      "parts",
      (g) => concat([floats(g, "a", 2, 3), floats(g, "b", 2, 4)], 0),
      /Concat of .*part 2 differs from the first on more than axis 0/,
    ],
    ["division", (g) => split(floats(g, "a", 7), 2), /Split of .*axis 0 does not divide by 2/],
    ["bounds", (g) => slice(floats(g, "a", 3), [1], [9]), /Slice of .*1 … 9 is outside axis 0/],
    ["channels", (g) => conv(floats(g, "a", 1, 3, 8, 8), floats(g, "b", 4, 2, 3, 3)), /Conv of .*3 channels do not meet 1 group\(s\) of 2/],
    ["windows", (g) => conv(floats(g, "a", 1, 1, 2, 2), floats(g, "b", 1, 1, 3, 3)), /Conv of .*the window 3 does not fit into 2/],
    ["conditions", (g) => where(floats(g, "a", 2), 1, 0), /Where of .*the condition must be bool/],
    ["positions", (g) => gather(floats(g, "a", 2), floats(g, "b", 2)), /Gather of .*positions must be int64 or int32, not float32/],
    ["formulas", (g) => einsum("ij,jk->ik", floats(g, "a", 2, 3), floats(g, "b", 4, 5)), /Einsum ij,jk->ik of .*j is 3 and 4/],
    ["losses", (g) => gradients(floats(g, "a", 2), []), /A loss is one floating number, not float32 \[2\]/],
    ["names", (g) => [floats(g, "a", 2), floats(g, "a", 2)], /input: the name a is taken/],
  ];
  it.each(refusals)("%s", (_what, write, sentence) => {
    expect(() => write(openGraph())).toThrow(sentence);
  });
  it("the line is the caller's", () => {
    expect(() => matmul(floats(openGraph(), "a", 8, 20), floats(openGraph(), "b", 64, 32))).toThrow(/graph\.test\.ts, line \d+/);
  });
  it("inputs that do not fit a compiled graph are named", async () => {
    const g = openGraph();
    const y = { y: relu(floats(g, "x", 3)) };
    await expect(evaluate(y)).rejects.toThrow("Input x is missing. It is float32 [3].");
    await expect(evaluate(y, { x: new Float32Array(2) })).rejects.toThrow(
      "Input x must be a Float32Array of 3 numbers ([3]), not a Float32Array of 2.",
    );
    await expect(evaluate(y, { x: new BigInt64Array(3) })).rejects.toThrow(/not a BigInt64Array of 3/);
  });
});

describe("gradients", () => {
  it("of gradients are gradients: the second and third derivative of sin and of x³", async () => {
    const g = openGraph();
    const x = floats(g, "x", 1);
    const derive = (y: Tensor): Tensor => gradients(sum(y), [x])[0]!;
    const outputs = { sin2: derive(derive(sin(x))), cube3: derive(derive(derive(pow(x, 3)))), exp2: derive(derive(exp(mul(x, 2)))) };
    const made = await evaluate(outputs, { x: Float32Array.of(0.7) });
    expect(made.sin2![0]).toBeCloseTo(-Math.sin(0.7), 5);
    expect(made.cube3![0]).toBeCloseTo(6, 4);
    expect(made.exp2![0]).toBeCloseTo(4 * Math.exp(1.4), 3);
  });
  it("by what the loss does not depend on is zero", async () => {
    const g = openGraph();
    const [x, z] = [floats(g, "x", 2), floats(g, "z", 3)];
    const { dz } = await evaluate({ dz: gradients(sum(x), [z])[0]! }, {});
    expect([...(dz as Float32Array)]).toEqual([0, 0, 0]);
  });
  it("a tied weight has the sum of its uses' gradients", async () => {
    const g = openGraph();
    const words = table(g, "words", 5, 3);
    expect(table(g, "words", 5, 3)).toBe(words);
    const ids = constant(g, [1, 3], [2], "int64");
    const logits = linear(gather(words, ids), words, undefined, { transB: true });
    const used = gradients(sum(logits), [words])[0]!;
    const w = Float32Array.from({ length: 15 }, (_, i) => i / 10);
    const { used: numbers } = await evaluate({ used }, { words: w });
    const column = (j: number) => [0, 1, 2, 3, 4].reduce((total, row) => total + w[row * 3 + j]!, 0);
    expect(numbers![0]).toBeCloseTo(w[3]! + w[9]!, 5); // row 0: only on top, the sum of rows 1 and 3
    expect(numbers![3]).toBeCloseTo(w[3]! + w[9]! + column(0), 5); // row 1: below as well
    expect(() => table(g, "words", 4, 3)).toThrow(/one name, two shapes/);
  });
  it("adding at repeated positions loses nothing, however many threads", async () => {
    const g = openGraph();
    const rows = 200_000;
    const at = constant(
      g,
      Float64Array.from({ length: rows }, (_, i) => i % 10),
      [rows],
      "int64",
    );
    const ones = floats(g, "ones", rows, 4);
    const flat = scatterElements(zerosLike(floats(g, "x", 10)), at, reshape(slice(ones, [0, 0], [rows, 1]), [rows]), 0, "add");
    const rowsOf = scatterND(zerosLike(floats(g, "z", 10, 4)), reshape(at, [rows, 1]), ones, "add");
    const made = await evaluate({ flat, rowsOf }, { ones: new Float32Array(rows * 4).fill(1) }, { threads: 4 });
    expect(new Set(made.flat as Float32Array)).toEqual(new Set([20_000]));
    expect(new Set(made.rowsOf as Float32Array)).toEqual(new Set([20_000]));
  });
});

describe("files", () => {
  it("hold only what their outputs need, and equal constants once", () => {
    const g = openGraph();
    const x = floats(g, "x", 4);
    const y = mul(add(x, 1), 1);
    gradients(sum(exp(x)), [x]);
    expect(needed(g, [y]).nodes.map((node) => node.operator.name)).toEqual(["Add", "Mul"]);
    expect(writeModel(g, { y }).inputs.size).toBe(1);
    expect(needed(g, [y]).leaves).toHaveLength(2);
  });
  it("larger than the limit keep their weights beside them, and answer the same", async () => {
    const random = mulberry32(4);
    const weights = new Map([
      ["dense/weight", Float32Array.from({ length: 64 * 32 }, () => random())],
      ["dense/bias", new Float32Array(32).fill(0.5)],
    ]);
    const predict = ({ x }: Readonly<Record<string, Tensor>>) => ({ y: relu(dense(x!, 32)) });
    const inputs = { x: { dtype: "float32", shape: [64] } } as const;
    const [whole, parted] = [
      exportNetwork(predict, inputs, weights),
      exportNetwork(predict, inputs, weights, { name: "large", externalPast: 4000 }),
    ];
    expect(whole.external).toBeNull();
    expect(parted.external!.name).toBe("large.data");
    expect(parted.bytes.length).toBeLessThan(2000);
    writeFileSync(join(folder, "large.onnx"), parted.bytes);
    writeFileSync(join(folder, "large.data"), Buffer.concat(parted.external!.parts));
    const x = Float32Array.from({ length: 192 }, () => random());
    const answers: unknown[] = [];
    for (const file of [whole.bytes, join(folder, "large.onnx")]) {
      const session = await ort.InferenceSession.create(file as string);
      answers.push((await session.run({ x: new ort.Tensor("float32", x, [3, 64]) })).y!.data);
    }
    expect(answers[1]).toEqual(answers[0]);
  });
  it("refuse to leave the number of rows open where the network fixes it, and name the layer", () => {
    const predict = ({ x }: Readonly<Record<string, Tensor>>) => ({ y: add(x!, mul(zerosLike(x!), parameter(x!.graph, "w", [1], zeros))) });
    expect(() => exportNetwork(predict, { x: { dtype: "float32", shape: [2] } }, new Map([["w", new Float32Array(1)]]))).toThrow(
      /Expand fixes the number of rows/,
    );
    expect(() => exportNetwork(({ x }) => ({ y: mean(dense(x!, 2)) }), { x: { dtype: "float32", shape: [2] } }, new Map())).toThrow(
      /There is no weight dense\/weight/,
    );
  });
});

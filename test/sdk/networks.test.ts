// Networks as a cell uses them: through what it imports as "atelier".
import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { mulberry32 } from "#lib/learn/random.ts";
import { learn } from "#lib/sdk/index.ts";

describe("networks in a cell", () => {
  it("an own network is trained, exported and answers any number of rows", async () => {
    const { ops, layers } = learn;
    const random = mulberry32(1);
    const x = Float32Array.from({ length: 800 }, () => random() * 2 - 1);
    const y = BigInt64Array.from({ length: 400 }, (_, i) => BigInt(x[2 * i]! * x[2 * i + 1]! > 0 ? 1 : 0));
    const network = (rows: Parameters<typeof layers.dense>[0]) => layers.dense(ops.relu(layers.dense(rows, 24)), 2);
    const logged: number[] = [];
    const trained = await learn.fit({
      loss: (batch) => layers.crossEntropy(network(batch.x!), batch.y!),
      data: { x: { data: x, shape: [400, 2] }, y: { data: y, shape: [400] } },
      optimiser: learn.optimisers.adamW({ rate: 0.02 }),
      epochs: 40,
      log: (values) => void logged.push(values.loss!),
    });
    expect(logged.at(-1)).toBeLessThan(0.15);
    const onnx = learn.exportNetwork((given) => ({ p: ops.softmax(network(given.x!)) }), { x: { dtype: "float32", shape: [2] } }, trained);
    const ort = await import("onnxruntime-node");
    const session = await ort.InferenceSession.create(onnx);
    for (const rows of [1, 7]) {
      const answer = await session.run({ x: new ort.Tensor("float32", x.slice(0, rows * 2), [rows, 2]) });
      expect(answer.p!.dims).toEqual([rows, 2]);
      expect(answer.p!.data[Number(y[0])]).toBeGreaterThan(0.5);
    }
  });
  it("a mistake in a cell names the cell's line", async () => {
    const cell = `(async (learn) => {
      const { layers } = learn;
      return learn.trainer({ loss: ({ x, y }) =>
        layers.squaredError(layers.dense(x, 3), y) }).then((one) => one.step({ x: { data: new Float32Array(4), shape: [2, 2] }, y: { data: new Float32Array(4), shape: [2, 2] } }));
    })`;
    const run = runInThisContext(cell, { filename: "cell-7" }) as (given: typeof learn) => Promise<unknown>;
    await expect(run(learn)).rejects.toThrow(/Sub of float32 \[2, 3\] and float32 \[2, 2\].*at cell 7, line 4/);
  });
});

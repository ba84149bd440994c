// Training with whole graphs: losses fall, seeds repeat, resuming loses no bit, several small batches are one large one.
import { afterAll, describe, expect, it } from "vitest";
import { gradients, recomputed } from "#lib/learn/graph/gradient.ts";
import type { Tensor } from "#lib/learn/graph/graph.ts";
import { log, relu, sub } from "#lib/learn/graph/operators/elementwise.ts";
import { mean } from "#lib/learn/graph/operators/reductions.ts";
import { adamW, lion, sgd } from "#lib/learn/graph/optimisers.ts";
import { type Batch, openTrainer, type Trainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { dense, dropout } from "#lib/learn/layers/dense.ts";
import { accuracy, crossEntropy } from "#lib/learn/layers/losses.ts";
import { batchNorm } from "#lib/learn/layers/norm.ts";
import { mulberry32 } from "#lib/learn/random.ts";

const opened: Trainer[] = [];
const open = async (options: TrainerOptions): Promise<Trainer> => {
  const trainer = await openTrainer(options);
  opened.push(trainer);
  return trainer;
};
afterAll(() => Promise.all(opened.map((one) => one.close())));

/** Points of two rings, which no line separates. */
const rings = (seed: number, rows: number): Batch => {
  const random = mulberry32(seed);
  const x = new Float32Array(rows * 2);
  const y = new BigInt64Array(rows);
  for (let i = 0; i < rows; i++) {
    const [angle, radius] = [random() * 2 * Math.PI, i % 2 === 0 ? 0.5 : 1.5];
    x.set([Math.cos(angle) * radius, Math.sin(angle) * radius], i * 2);
    y[i] = BigInt(i % 2);
  }
  return { x: { data: x, shape: [rows, 2] }, y: { data: y, shape: [rows] } };
};
const network = (x: Tensor): Tensor => dense(dropout(relu(batchNorm(dense(x, 16))), 0.1), 2);
const loss: TrainerOptions["loss"] = ({ x, y }) => {
  const logits = network(x!);
  return { loss: crossEntropy(logits, y!), accuracy: accuracy(logits, y!) };
};
const take = async (trainer: Trainer, from: number, to: number): Promise<number[]> => {
  const losses: number[] = [];
  for (let i = from; i < to; i++) losses.push((await trainer.step(rings(i, 32))).loss);
  return losses;
};

describe("training", () => {
  it.each([
    ["SGD with momentum", sgd({ rate: 0.1, momentum: 0.9 })],
    ["AdamW", adamW({ rate: 0.02 })],
    ["Lion", lion({ rate: 0.005 })],
  ])("%s learns what no line separates", async (_name, optimiser) => {
    const trainer = await open({ loss, optimiser, seed: 1 });
    await take(trainer, 0, 150);
    const { loss: after, metrics } = await trainer.evaluate(rings(9999, 200));
    expect(after).toBeLessThan(0.2);
    expect(metrics.accuracy).toBeGreaterThan(0.95);
  });
  it("the same seed gives the same losses, another seed others", async () => {
    const run = async (seed: number) => take(await open({ loss, seed }), 0, 12);
    expect(await run(3)).toEqual(await run(3));
    expect(await run(3)).not.toEqual(await run(4));
  });
  it("a resumed run is the uninterrupted run, bit for bit", async () => {
    const whole = await open({ loss, seed: 5 });
    const expected = await take(whole, 0, 20);
    const first = await open({ loss, seed: 5 });
    await take(first, 0, 9);
    const bytes = await first.checkpoint({ epoch: "2" });
    const second = await open({ loss, seed: 5 });
    expect((await second.restore(bytes)).facts).toMatchObject({ epoch: "2", step: "9" });
    expect(await take(second, 9, 20)).toEqual(expected.slice(9));
    expect(await second.weights()).toEqual(await whole.weights());
  });
  it("a torn checkpoint is refused with a sentence", async () => {
    const trainer = await open({ loss, seed: 5 });
    await take(trainer, 0, 1);
    const bytes = await trainer.checkpoint();
    await expect(trainer.restore(bytes.slice(0, bytes.length - 5))).rejects.toThrow(/not a whole checkpoint/);
    await expect(trainer.restore(bytes.slice(0, 5))).rejects.toThrow(/not a whole checkpoint/);
  });
  it("the mean gradient of several small batches is the gradient of the large one", async () => {
    const plain: TrainerOptions["loss"] = ({ x, y }) => crossEntropy(dense(relu(dense(x!, 8)), 2), y!);
    const large = rings(1, 32);
    const part = (from: number): Batch => ({
      x: { data: large.x!.data.slice(from * 2, from * 2 + 16) as Float32Array, shape: [8, 2] },
      y: { data: large.y!.data.slice(from, from + 8) as BigInt64Array, shape: [8] },
    });
    const [one, four] = [await open({ loss: plain, clipNorm: 0.5 }), await open({ loss: plain, clipNorm: 0.5 })];
    for (let i = 0; i < 3; i++) {
      const whole = await one.step(large);
      const parts = await four.step([part(0), part(8), part(16), part(24)]);
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      expect(parts.norm).toBeCloseTo(whole.norm, 5);
    }
  });
  it("only what is trainable moves", async () => {
    const trainer = await open({
      loss: ({ x, y }) => crossEntropy(dense(relu(dense(x!, 8)), 2), y!),
      trainable: (name) => name.startsWith("dense_2"),
    });
    await trainer.step(rings(1, 8));
    const before = await trainer.weights();
    await trainer.step(rings(2, 8));
    const after = await trainer.weights();
    expect(after.get("dense/weight")).toEqual(before.get("dense/weight"));
    expect(after.get("dense_2/weight")).not.toEqual(before.get("dense_2/weight"));
  });
  it("recomputing activations changes nothing but memory", async () => {
    const deep =
      (isRecomputed: boolean): TrainerOptions["loss"] =>
      ({ x, y }, graph) => {
        let h = dense(x!, 64);
        for (let i = 0; i < 6; i++) {
          const block = (given: Tensor) => () => relu(dense(relu(dense(given, 256)), 64));
          h = isRecomputed ? recomputed(graph, block(h)) : block(h)();
        }
        return crossEntropy(dense(h, 2), y!);
      };
    const [kept, again] = [await open({ loss: deep(false) }), await open({ loss: deep(true) })];
    for (let i = 0; i < 3; i++) {
      const [a, b] = [await kept.step(rings(i, 64)), await again.step(rings(i, 64))];
      expect(b.loss).toBe(a.loss);
      expect(b.norm).toBeCloseTo(a.norm, 6);
    }
    const kinds = { x: { dtype: "float32", shape: [4096, 2] }, y: { dtype: "int64", shape: [4096] } } as const;
    expect(again.estimate(kinds).activations).toBeLessThan(0.7 * kept.estimate(kinds).activations);
  });
});

describe("what goes wrong is explained", () => {
  it("NaN in the data names input, row and step, and the weights stay", async () => {
    const trainer = await open({ loss });
    await trainer.step(rings(1, 32));
    const before = await trainer.weights();
    const bad = rings(2, 32);
    (bad.x!.data as Float32Array)[7] = Number.NaN;
    await expect(trainer.step(bad)).rejects.toThrow(/Step 2: .*Input x holds NaN at row 3, position 1/);
    expect(await trainer.weights()).toEqual(before);
    await trainer.step(rings(3, 32));
    expect(trainer.stepCount()).toBe(2);
  });
  it("an operation that makes NaN is named with its layer and line", async () => {
    const trainer = await open({ loss: ({ x }) => mean(log(sub(dense(x!, 4, { name: "head" }), 100))) });
    await expect(trainer.step(rings(1, 8))).rejects.toThrow(
      /Step 1: the loss is NaN\. It began at Log \(Log_\d+, at training\.test\.ts, line \d+\)/,
    );
  });
  it("a mismatch names the operation, both shapes and the line", async () => {
    const trainer = await open({ loss: ({ x, y }) => crossEntropy(sub(dense(x!, 3), dense(x!, 4)), y!) });
    await expect(trainer.step(rings(1, 8))).rejects.toThrow(
      /Sub of float32 \[8, 3\] and float32 \[8, 4\]: axis -1: 3 and 4 are neither equal nor 1 \(at training\.test\.ts, line \d+\)/,
    );
  });
  it("too little memory is said before anything is allocated, with what would fit", async () => {
    const trainer = await open({ loss: ({ x, y }) => crossEntropy(dense(relu(dense(x!, 512)), 2), y!), memoryBytes: 1e6 });
    await expect(trainer.step(rings(1, 1024))).rejects.toThrow(/needs about \d+ MB, and 1 MB are free\. Batches of \d+ would fit/);
  });
  it("an operator without a rule is an error that names it", async () => {
    const { emit, input, openGraph } = await import("#lib/learn/graph/graph.ts");
    const graph = openGraph();
    const x = input(graph, "x", { dtype: "float32", shape: [3] });
    const y = emit({ name: "Det", infer: () => ({ dtype: "float32", shape: [] }) }, [x]);
    expect(() => gradients(y, [x])).toThrow(/Det of float32 \[3\] has no gradient rule/);
  });
});

// What boosted trees promise beyond a good area: losses that mean what they say, weights, sets of levels, informative gaps, early stopping.
import { describe, expect, it } from "vitest";
import { boostedTrees } from "#lib/learn/estimators/boosted-trees.ts";
import { levelCodes } from "#lib/learn/preprocess/categories.ts";
import { mulberry32 } from "#lib/learn/random.ts";
import { type Columns, takeRows } from "#lib/learn/tables/table.ts";
import { binMatrix } from "#lib/learn/trees/bins.ts";
import { openCrew } from "#lib/learn/trees/crew.ts";
import type { Ensemble } from "#lib/learn/trees/ensemble.ts";
import { growTree, sumsOf } from "#lib/learn/trees/grower.ts";
import { derive, type Loss, meanLoss } from "#lib/learn/trees/losses.ts";
import { customers } from "#test/kit/tables.ts";

const random = mulberry32(11);
const uniform = (n: number): Float64Array => Float64Array.from({ length: n }, () => random());
const normal = (): number => Math.sqrt(-2 * Math.log(Math.max(random(), 1e-12))) * Math.cos(2 * Math.PI * random());

describe("losses", () => {
  it.each<[string, Loss, number]>([
    ["logistic", { name: "logistic", level: 0, width: 1 }, 1],
    ["softmax", { name: "softmax", level: 0, width: 3 }, 2],
    ["poisson", { name: "poisson", level: 0, width: 1 }, 4],
  ])("%s: gradient and hessian are the derivatives of the loss", (_name, loss, most) => {
    const n = 12;
    const y = Float64Array.from({ length: n }, (_, i) => i % (most + 1));
    const weights = uniform(n);
    const scores = Float64Array.from({ length: n * loss.width }, normal);
    const total = weights.reduce((a, b) => a + b);
    const at = (moved: Float64Array): number => meanLoss(loss, { y, weights, scores: moved }) * total;
    for (let k = 0; k < loss.width; k++) {
      const out = new Float64Array(2 * n);
      derive(loss, { y, weights, scores }, k, out, 0, n);
      for (let i = 0; i < n; i++) {
        const step = 1e-4;
        const [up, down] = [scores.slice(), scores.slice()];
        up[i * loss.width + k]! += step;
        down[i * loss.width + k]! -= step;
        expect(out[2 * i]).toBeCloseTo((at(up) - at(down)) / (2 * step), 5);
        expect(out[2 * i + 1]).toBeCloseTo((at(up) - 2 * at(scores) + at(down)) / step ** 2, 3);
      }
    }
  });
  it("a quantile of .1 and of .9 hold eight of ten new rows between them", async () => {
    const make = (n: number): Columns => {
      const x = uniform(n);
      return { x, t: x.map((one) => 5 * one + normal() * (0.2 + one)) };
    };
    const [train, fresh] = [make(3000), make(2000)];
    const [low, high] = await Promise.all(
      [0.1, 0.9].map((loss) => boostedTrees({ trees: 120, depth: 3, loss }).fit(train, { target: "t" })),
    );
    const [l, h] = [low!.predict(fresh), high!.predict(fresh)];
    const inside = Array.from(fresh.t as Float64Array).filter((t, i) => t >= l[i]! && t <= h[i]!).length / 2000;
    expect(Math.abs(inside - 0.8)).toBeLessThan(0.04);
  });
  it("counts: the mean prediction is the mean count, and never below 0", async () => {
    const table = customers(1500, 4);
    for (const name of ["isLost", "tier", "spend"]) delete table[name];
    const model = await boostedTrees({ trees: 100, loss: "poisson" }).fit(table, { target: "visits" });
    const said = model.predict(table);
    const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b) / values.length;
    expect(mean(said) / mean(table.visits as Float64Array)).toBeCloseTo(1, 2);
    expect(said.every((one) => one >= 0)).toBe(true);
    await expect(
      boostedTrees({ loss: "poisson" }).fit({ x: uniform(20), t: uniform(20).map((one) => one - 2) }, { target: "t" }),
    ).rejects.toThrow(/counts are not negative/);
  });
});

describe("rows and columns", () => {
  it("a row of weight 2 counts as two rows", async () => {
    const n = 400;
    const x = Float64Array.from({ length: n }, (_, i) => i % 20);
    const z = Float64Array.from({ length: n }, (_, i) => (i * 7) % 13);
    const t = x.map((one, i) => Math.sin(one) + z[i]! / 10 + normal() * 0.1);
    const w = Float64Array.from({ length: n }, (_, i) => 1 + (i % 2));
    const twice = takeRows({ x, z, t }, Array.from({ length: n }, (_, i) => (i % 2 ? [i, i] : [i])).flat());
    const options = { trees: 20, minLeaf: 1, depth: 3 };
    const weighted = (await boostedTrees(options).fit({ x, z, t, w }, { target: "t", weight: "w" })).predict({ x, z });
    const doubled = (await boostedTrees(options).fit(twice, { target: "t" })).predict({ x, z });
    expect(weighted.every((one, i) => Math.abs(one - doubled[i]!) < 1e-4)).toBe(true);
  });
  it("one split takes half of forty levels from the other half, and unseen levels go with the many", async () => {
    const names = Array.from({ length: 40 }, (_, k) => `level ${k}`);
    const good = new Set(names.filter((_, k) => (k * 17) % 40 < 20));
    const level = Array.from({ length: 4000 }, () => names[Math.floor(random() * 40)]!);
    const y = level.map((one) => (good.has(one) ? "yes" : "no"));
    const model = await boostedTrees({ trees: 1, depth: 1, rate: 1, preprocess: { level: levelCodes() } }).fit(
      { level, y },
      { target: "y", positive: "yes" },
    );
    expect(model.evaluate({ level, y }).auc).toBe(1);
    const trees = model.inside.head.more!.trees as Ensemble;
    expect(trees.feature.filter((f) => f >= 0)).toHaveLength(1);
  });
  it("a gap that means something is a branch of its own", async () => {
    const x = uniform(1000).map((one, i) => (i % 3 === 0 ? Number.NaN : one));
    const y = Array.from(x, (one) => (Number.isNaN(one) ? "yes" : "no"));
    const model = await boostedTrees({ trees: 5, depth: 1 }).fit({ x, y }, { target: "y", positive: "yes" });
    expect(model.evaluate({ x, y }).auc).toBe(1);
  });
  it("early stopping keeps the number of trees that was best aside, for classes and numbers", async () => {
    const [train, validation] = [customers(600, 1), customers(400, 2)];
    for (const how of [{ target: "isLost", positive: "yes" }, { target: "tier" }, { target: "spend" }]) {
      const model = await boostedTrees({ trees: 400, rate: 0.3, depth: 6, earlyStopping: 10 }).fit(train, { ...how, validation });
      expect(model.params.trees).toBeLessThan(400);
      expect(model.params.trees).toBeGreaterThan(0);
    }
    await expect(boostedTrees({ earlyStopping: 5 }).fit(train, { target: "spend" })).rejects.toThrow(/Give fit a validation table/);
  });
  it.each([
    [1, 5],
    [2, 70],
    [3, 301],
  ])("%i threads count %i columns in WebAssembly bit by bit as in TypeScript", async (threads, width) => {
    const rows = 20_000;
    const x = { rows, width, data: new Float32Array(rows * width).map(() => (random() < 0.1 ? Number.NaN : normal())) };
    const y = Float64Array.from({ length: rows }, (_, i) => (x.data[i * width]! > 0.3 ? 1 : 0) + normal());
    const features = Array.from({ length: width }, (_, f) => ({ name: `x${f}`, column: `x${f}`, kind: "number" as const }));
    const data = binMatrix(x, features, 40);
    const how = { lambda: 1, minLeaf: 5, minGain: 1e-9 };
    const sample = Uint32Array.from(y.keys());
    const grown = async (isPlain: boolean) => {
      const crew = await openCrew({
        ...{ data, y, how, threads, isPlain, nodeLimit: 64 },
        weights: new Float64Array(rows).fill(1),
        loss: { name: "squares", level: 0, width: 1 },
        monotone: new Int8Array(width),
      });
      try {
        crew.derive(0);
        crew.shared.order.set(sample);
        return { isFast: crew.isFast, ...growTree(crew, data.edges, sumsOf(crew, sample), { depth: 6, minLeaf: 5, lambda: 1 }) };
      } finally {
        crew.close();
      }
    };
    const [fast, plain] = [await grown(false), await grown(true)];
    expect([fast.isFast, plain.isFast]).toEqual([true, false]);
    expect(fast.tree.length).toBeGreaterThan(60);
    expect(fast.tree).toEqual(plain.tree);
    expect(fast.leaves).toEqual(plain.leaves);
  });
  it("threads, tables of one column and columns of many bins change nothing in the trees", async () => {
    const x = uniform(3000);
    const z = uniform(3000);
    const t = x.map((one, i) => one * z[i]!);
    for (const bins of [2, 254]) {
      const said = await Promise.all(
        [1, 2, 3].map(async (threads) =>
          (await boostedTrees({ trees: 15, bins, threads }).fit({ x, z, t }, { target: "t" })).predict({ x, z }),
        ),
      );
      expect(said[1]).toEqual(said[0]);
      expect(said[2]).toEqual(said[0]);
    }
  });
});

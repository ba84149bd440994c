// Learning inside a real session: threads and shared memory work in the sandbox, progress is shown under the cell, Stop ends a fit.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";
import { eventually } from "#test/kit/product.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
let kernel: Awaited<ReturnType<typeof openClient>>;
beforeAll(async () => {
  gateway = await startGateway();
  kernel = await openClient(gateway);
  await kernel.run(`import { learn } from "atelier";
const n = 4000;
const a = Float64Array.from({ length: n }, (_, i) => Math.sin(i * 12.9) * 3);
const b = Float64Array.from({ length: n }, (_, i) => Math.cos(i * 78.2));
const y = Array.from(a, (one, i) => (one + b[i] > 0.4 ? "yes" : "no"));
const table = { a, b, y };`);
});
afterAll(() => gateway.stop());

describe("learn in a cell", () => {
  it("boosting and a forest on two threads answer like those on one, and show how far they are", async () => {
    const { result, reply, messages } = await kernel.run(`const how = { target: "y", positive: "yes" };
const fits = [];
for (const threads of [1, 2]) {
  fits.push(await learn.boostedTrees({ trees: 30, threads }).fit(table, how), await learn.randomForest({ trees: 8, threads }).fit(table, how));
}
const answers = fits.map((one) => one.predict(table).join());
[answers[0] === answers[2], answers[1] === answers[3], fits[0].evaluate(table).auc > 0.99].join(" ")`);
    expect(reply).toMatchObject({ status: "ok" });
    expect(result!["text/plain"]).toBe("'true true true'");
    const shown = messages.filter((one) => "application/vnd.atelier.progress+json" in ((one.msg.content.data as object | undefined) ?? {}));
    expect(shown.length).toBeGreaterThanOrEqual(8);
  });
  it("Stop ends a fit and keeps the variables", async () => {
    const id = kernel.send("await learn.boostedTrees({ trees: 100000, threads: 2 }).fit(table, how)");
    await kernel.until(() =>
      kernel.about(id).some((one) => "application/vnd.atelier.progress+json" in ((one.msg.content.data as object | undefined) ?? {})),
    );
    await kernel.request("/interrupt");
    await kernel.until(() => kernel.about(id).some((one) => one.msg.header.msg_type === "execute_reply"));
    expect((await kernel.run("table.y.length")).text).toBe("4000");
  });
  it("a GPT shows curves as it learns, is stopped, goes on from its checkpoint to its end, and speaks", async () => {
    await kernel.run(`import { existsSync } from "node:fs";
const plays = Array.from({ length: 400 }, (_, i) => "To be, or not to be: " + (i % 7) + " is the question.\\n").join("");
const how2 = { layers: 1, heads: 2, width: 16, context: 16, steps: 1000000, validateEvery: 40, checkpoint: "poet.safetensors" };`);
    const isCurve = (one: { msg: { content: object } }): boolean =>
      "application/vnd.vegalite.v6+json" in ((one.msg.content as { data?: object }).data ?? {});
    const id = kernel.send("await learn.gpt(plays, how2)");
    await kernel.until(() => kernel.about(id).some(isCurve), 120_000);
    await kernel.request("/interrupt");
    await kernel.until(() => kernel.about(id).some((one) => one.msg.header.msg_type === "execute_reply"), 120_000);
    await eventually("the checkpoint is there", async () => (await kernel.run('existsSync("poet.safetensors")')).text === "true");
    const { reply } = await kernel.run(`const seenSteps = [];
const poet = await learn.gpt(plays, { ...how2, signal: AbortSignal.abort() }).catch((error) => error.message);
const stoppedAt = Number(/at step (\\d+)/.exec(poet)[1]);
const whole = await learn.gpt(plays, { ...how2, steps: stoppedAt + 3, onProgress: ({ step }) => seenSteps.push(step) });`);
    expect(reply).toMatchObject({ status: "ok" });
    expect((await kernel.run('[stoppedAt >= 40, seenSteps.join() === [1, 2, 3].map((i) => stoppedAt + i).join()].join(" ")')).text).toBe(
      "'true true'",
    );
    expect((await kernel.run('existsSync("poet.safetensors")')).text).toBe("false");
    expect((await kernel.run('(await whole.sample("To be", 12, { seed: 3 })).length')).text).toBe("17");
  });
  it("Stop in the middle of long steps ends training, and the session lives", async () => {
    await kernel.run(`const wide = (n) => ({ data: new Float32Array(n).fill(0.01), shape: [n / 1024, 1024] });
const batch = { x: wide(2048 * 1024), y: wide(2048 * 1024) };
const { ops, layers } = learn;`);
    for (let i = 0; i < 3; i++) {
      const id = kernel.send(`const slow${i} = await learn.fit({ data: () => batch, steps: 1e6, threads: 1,
  loss: ({ x, y }) => layers.squaredError(layers.dense(ops.tanh(layers.dense(x, 2048)), 1024), y) })`);
      await kernel.until(() => kernel.about(id).some((one) => JSON.stringify(one.msg.content).includes("step 2 of")), 120_000);
      await kernel.request("/interrupt");
      await kernel.until(() => kernel.about(id).some((one) => one.msg.header.msg_type === "execute_reply"), 120_000);
      expect((await kernel.run("batch.y.shape.join()")).text).toBe("'2048,1024'");
    }
  });
  it("auto finds a model and shows what it tried", async () => {
    const { result } = await kernel.run(`const found = await learn.auto(table, { target: "y", positive: "yes", budget: { seconds: 3 } });
found`);
    expect(result!["text/markdown"]).toMatch(/\*\*auc [01]\.\d{4}\*\* by .* in cross-validation/);
    expect(result!["text/markdown"]).toMatch(/learn\.\w+\(/);
  });
});

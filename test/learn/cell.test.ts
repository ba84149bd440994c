// Learning inside a real session: threads and shared memory work in the sandbox, progress is shown under the cell, Stop ends a fit.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openClient, startGateway } from "#test/kit/kernel.ts";

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
  it("auto finds a model and shows what it tried", async () => {
    const { result } = await kernel.run(`const found = await learn.auto(table, { target: "y", positive: "yes", budget: { seconds: 3 } });
found`);
    expect(result!["text/markdown"]).toMatch(/\*\*auc [01]\.\d{4}\*\* by .* in cross-validation/);
    expect(result!["text/markdown"]).toMatch(/learn\.\w+\(/);
  });
});

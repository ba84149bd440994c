// The product in two parts, as on two machines: pages and worker in one start, sessions and models in another, one database between them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { cloneDatabase } from "#test/kit/database.ts";
import { eventually, freePort, isHealthy, type Product, startProduct } from "#test/kit/product.ts";
import { asking, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

describe("two parts of one installation", () => {
  const parts: Product[] = [];
  beforeAll(async () => {
    const { url } = await cloneDatabase();
    const [web, kernel, serving, worker] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const shared = {
      DATABASE_URL: url,
      ATELIER_INTERNAL_SECRET: "known-to-both-parts-of-the-story",
      ATELIER_WEB_URL: `http://127.0.0.1:${web}`,
      ATELIER_KERNEL_PORT: String(kernel),
      ATELIER_KERNEL_URL: `http://127.0.0.1:${kernel}`,
      ATELIER_SERVING_PORT: String(serving),
      ATELIER_SERVING_URL: `http://127.0.0.1:${serving}`,
      ATELIER_WORKER_PORT: String(worker),
      ATELIER_WORKER_URL: `http://127.0.0.1:${worker}`,
    };
    parts.push(await startProduct({ port: web!, waits: false, environment: { ...shared, ATELIER_SERVICES: "web,worker" } }));
    parts.push(await startProduct({ waits: false, environment: { ...shared, ATELIER_SERVICES: "kernel,serving" } }));
    await eventually("both parts are well", () => isHealthy(parts[0]!.url));
  }, 120_000);
  afterAll(() => Promise.all(parts.map((one) => one.stop())));

  it("run a cell together, and neither runs what the other was given", async () => {
    const cells = [
      { cellType: "code" as const, source: 'import { datasets } from "atelier";\nconsole.log((await datasets.list()).length + 41);' },
    ];
    const { id } = await asking(parts[0]!)(createNotebook, { workspace, title: "From afar", cells });
    await runAll(parts[0]!, id);
    expect((await outcomeOf(parts[0]!, id)).text.trim()).toBe("41");
    const kinds = parts.map((one) => Object.keys(one.pids()));
    expect(kinds[0]).not.toContain("kernel");
    expect(kinds[1]).toEqual(expect.arrayContaining(["kernel", "serving", "session"]));
    expect(kinds[1]).not.toContain("web");
  }, 60_000);
});

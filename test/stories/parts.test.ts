// The product in parts, as on three machines: pages and worker in one start, sessions and models in another, sessions alone in a third, one
// database between them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drainMachine, listMachines, type Machine, openMachine, removeMachine } from "#lib/devices/contract.ts";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { changeWish, readOutputs, type SessionWish, startSession, stopSession } from "#lib/sessions/contract.ts";
import { cloneDatabase } from "#test/kit/database.ts";
import { freePort } from "#test/kit/ports.ts";
import { eventually, isHealthy, type Product, startProduct } from "#test/kit/product.ts";
import { asking, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

describe("three parts of one installation", () => {
  const parts: Product[] = [];
  const start = async (more: Record<string, string>, port?: number): Promise<void> => {
    parts.push(await startProduct({ waits: false, environment: more, ...(port ? { port } : {}) }));
  };
  beforeAll(async () => {
    const { url } = await cloneDatabase();
    const [web, first, second, serving, worker] = await Promise.all(Array.from({ length: 5 }, freePort));
    const at = (port: number | undefined) => `http://127.0.0.1:${port}`;
    const shared = {
      DATABASE_URL: url,
      ATELIER_INTERNAL_SECRET: "known-to-all-parts-of-the-story",
      ATELIER_WEB_URL: at(web),
      ATELIER_SERVING_PORT: String(serving),
      ATELIER_SERVING_URL: at(serving),
      ATELIER_WORKER_PORT: String(worker),
      ATELIER_WORKER_URL: at(worker),
    };
    const gateway = (port: number | undefined) => ({ ...shared, ATELIER_KERNEL_PORT: String(port), ATELIER_KERNEL_URL: at(port) });
    await start({ ...gateway(first), ATELIER_SERVICES: "web,worker" }, web);
    await start({ ...gateway(first), ATELIER_SERVICES: "kernel,serving" });
    await start({ ...gateway(second), ATELIER_SERVICES: "kernel" });
    await eventually("all parts are well", () => isHealthy(parts[0]!.url));
    await eventually("both machines are heard", async () => (await machines()).length === 2);
  }, 150_000);
  afterAll(() => Promise.all(parts.map((one) => one.stop())));

  const machines = async (): Promise<Machine[]> => (await asking(parts[0]!)(listMachines, { workspace })).items;
  const write = async (title: string, source: string, wish: Partial<SessionWish> = {}): Promise<string> => {
    const { id } = await asking(parts[0]!)(createNotebook, { workspace, title, cells: [{ cellType: "code", source }] });
    if (Object.keys(wish).length > 0) await asking(parts[0]!)(changeWish, { workspace, notebook: id, ...wish });
    return id;
  };
  const sessionOf = async (notebook: string) => (await asking(parts[0]!)(readOutputs, { workspace, notebook })).session;
  const isReady = (notebook: string) => eventually("it is ready", async () => (await sessionOf(notebook)).status === "idle");

  it("run a cell together, and neither runs what the other was given", async () => {
    const id = await write("From afar", 'import { datasets } from "atelier";\nconsole.log((await datasets.list()).length + 41);');
    await runAll(parts[0]!, id);
    expect((await outcomeOf(parts[0]!, id)).text.trim()).toBe("41");
    const kinds = parts.map((one) => Object.keys(one.pids()));
    expect(kinds[0]).not.toContain("kernel");
    expect(kinds[1]).toEqual(expect.arrayContaining(["kernel", "serving", "session"]));
    expect(kinds[1]).not.toContain("web");
    expect(kinds[2]).toEqual(expect.arrayContaining(["kernel", "session"]));
    await asking(parts[0]!)(stopSession, { workspace, notebook: id });
  });

  it("spread sessions, keep for each what it asked for, and let a third wait in turn", async () => {
    const { cpus } = (await machines())[0]!;
    const ids: string[] = [];
    for (const title of ["one", "two", "three"]) {
      ids.push(await write(title, "1", { cpus }));
      await asking(parts[0]!)(startSession, { workspace, notebook: ids.at(-1)! });
    }
    await isReady(ids[0]!);
    await isReady(ids[1]!);
    await eventually("each machine has one", async () => (await machines()).every((one) => one.sessions === 1 && one.freeCpus === 0));
    expect((await sessionOf(ids[2]!)).message).toBe("Waits for room on a machine: place 1 of 1.");
    await asking(parts[0]!)(stopSession, { workspace, notebook: ids[0]! });
    await isReady(ids[2]!);
    for (const id of ids) await asking(parts[0]!)(stopSession, { workspace, notebook: id });
    await eventually("nothing is held", async () => (await machines()).every((one) => one.freeCpus === cpus));
  });

  it("a machine that drains gets nobody; one that is killed loses its sessions in words, and the next run goes to another", async () => {
    const counts = async () => (await machines()).map((one) => [one.id, one.sessions] as const);
    const lasting = await write("lasting", "globalThis.n = (globalThis.n ?? 0) + 1; console.log('run', globalThis.n)");
    await runAll(parts[0]!, lasting);
    expect((await outcomeOf(parts[0]!, lasting)).text.trim()).toBe("run 1");
    const holder = await eventually("its machine says so", async () => (await counts()).find(([, held]) => held === 1)?.[0]);
    await asking(parts[0]!)(drainMachine, { workspace, machine: holder });
    for (const title of ["a", "b"]) {
      const id = await write(title, "1");
      await asking(parts[0]!)(startSession, { workspace, notebook: id });
      await isReady(id);
    }
    await eventually("both went elsewhere", async () => (await counts()).every(([id, held]) => held === (id === holder ? 1 : 2)));
    await runAll(parts[0]!, lasting);
    await eventually("a session there goes on", async () => (await outcomeOf(parts[0]!, lasting)).text.includes("run 2"));

    const { startedAt } = (await machines()).find((one) => one.id === holder)!;
    const part = parts.slice(1).find((one) => readFileSync(join(one.home, "machine-id"), "utf8") === holder)!;
    await asking(parts[0]!)(openMachine, { workspace, machine: holder });
    const tree = part.pids();
    // the gateway first, which would else end in order when its supervisor goes; the supervisor before it can start another
    for (const pid of [...(tree.kernel ?? []), ...(tree.supervisor ?? [])]) process.kill(pid, "SIGKILL");
    await eventually("the loss is told", async () => (await sessionOf(lasting)).status === "lost", 90_000);
    expect((await sessionOf(lasting)).message).toMatch(/lost with its machine\. Variables are gone, outputs are kept/);
    const silent = await eventually("its silence is seen", async () =>
      (await machines()).find((one) => one.id === holder && one.state === "silent"),
    );
    expect(silent.startedAt).toBe(startedAt);
    await runAll(parts[0]!, lasting);
    await eventually("it runs afresh elsewhere", async () => (await outcomeOf(parts[0]!, lasting)).text.includes("run 1"));
    await asking(parts[0]!)(removeMachine, { workspace, machine: holder });
    expect((await machines()).map((one) => one.id)).not.toContain(holder);
  }, 180_000);
});

// Machines, leases and meters with a real gateway and real sessions: a graphics card in software is listed, leased, computed on inside the
// sandbox, waited for in turn, and given back however its session ends.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readUsage } from "#lib/costs/contract.ts";
import * as devices from "#lib/devices/contract.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as sessions from "#lib/sessions/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { type Gateway, startMachine } from "#test/kit/machine.ts";
import { eventually } from "#test/kit/product.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

const main = { workspace: "main" };
let house: House;
let machine: Gateway;
beforeAll(async () => {
  house = await openHouse();
  const port = Number(new URL(process.env.ATELIER_KERNEL_URL!).port);
  machine = await startMachine({ webUrl: house.url, secret: process.env.ATELIER_INTERNAL_SECRET!, port, withCard: true });
  await eventually("the machine has told what it has", async () => (await machines())[0]?.devices.length);
});
afterAll(async () => {
  await machine.close();
  await house.close();
});

const machines = async () => (await house.as("viewer")(devices.listMachines, main)).items;
const leases = async () => (await house.as("viewer")(devices.listLeases, main)).items;
const card = async () => (await house.as("viewer")(devices.listDevices, main)).items.find((one) => one.kind === "gpu");

const write = async (source: string, wish: Partial<sessions.SessionWish> = {}): Promise<string> => {
  const made = await house.as("editor")(notebooks.createNotebook, { ...main, title: "On a device", cells: [{ cellType: "code", source }] });
  if (Object.keys(wish).length > 0) await house.as("editor")(sessions.changeWish, { ...main, notebook: made.id, ...wish });
  return made.id;
};
const start = (notebook: string) => house.as("editor")(sessions.startSession, { ...main, notebook });
const stop = (notebook: string) => house.as("editor")(sessions.stopSession, { ...main, notebook });
const read = (notebook: string) => house.as("viewer")(sessions.readOutputs, { ...main, notebook });
const becomes = (notebook: string, status: sessions.SessionStatus) =>
  eventually(`the session is ${status}`, async () => {
    const { session } = await read(notebook);
    return session.status === status ? session : null;
  });
const run = async (notebook: string): Promise<string> => {
  const { cells } = await house.as("editor")(notebooks.readNotebook, { ...main, notebook });
  await house.as("editor")(sessions.runCells, {
    ...main,
    notebook,
    cells: cells.map((cell) => ({ cellId: cell.id, sourceHash: cell.hash })),
  });
  const outputs = await eventually("the cell has run", async () => {
    const now = await read(notebook);
    return now.cells.length > 0 && now.cells.every((one) => !sessions.isPending(one.status)) ? now : null;
  });
  return Object.values(outputs.outputs)
    .flat()
    .map((one) => String((one as { text?: string }).text ?? (one as { traceback?: string[] }).traceback?.join("\n") ?? ""))
    .join("");
};

/** Uses so much processor time, however long the machine takes to give it. */
const busy = (seconds: number): string => `const before = process.cpuUsage(); while (process.cpuUsage(before).user < ${seconds * 1e6}); 1`;

const onTheCard = `
import { devices, learn } from "atelier";
const held = devices.mine();
const tried = await devices.probe("webgpu");
const x = { data: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)), shape: [16, 4] };
const y = { data: new Float32Array(16).fill(0.5), shape: [16, 1] };
const loss = ({ x, y }) => learn.layers.squaredError(learn.layers.dense(learn.layers.dense(x, 8), 1), y);
const losses = {};
for (const device of ["cpu", "webgpu"]) {
  const trainer = await learn.trainer({ loss, device, seed: 1 });
  for (let i = 0; i < 5; i++) losses[device] = (await trainer.step({ x, y }, { rate: 0.05 })).loss;
  await trainer.close();
}
console.log(JSON.stringify({ held, answers: tried.answers, losses, best: await devices.best(), uid: process.getuid() }));`;

describe("refusals", () => {
  const one = async () => ({ ...main, machine: (await machines())[0]!.id });
  const known = { ...main, machine: "mc_none" };
  refusals(
    () => house,
    devices.listDevices,
    () => main,
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    devices.listLeases,
    () => main,
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    devices.listMachines,
    () => main,
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    devices.drainMachine,
    () => known,
    { minimumRole: "owner" },
  );
  refusals(
    () => house,
    devices.openMachine,
    () => known,
    { minimumRole: "owner" },
  );
  refusals(
    () => house,
    devices.removeMachine,
    () => known,
    { minimumRole: "owner" },
  );
  refusals(
    () => house,
    readUsage,
    () => ({ ...main, range: "7d" as const }),
    { minimumRole: "viewer", bad: { range: "1y" } },
  );
  it("DV7 an owner of another workspace does not decide about machines", async () => {
    const { machine } = await one();
    const problem = await refusal(house.as("stranger")(devices.drainMachine, { workspace: "other", machine }));
    expect([problem.status, problem.code]).toEqual([403, "devices.not_main"]);
  });
  it("a machine that is not there is missing", async () => {
    expect((await refusal(house.as("owner")(devices.drainMachine, known))).status).toBe(404);
  });
  it("a beat without the installation's secret finds no such address", async () => {
    const answer = await fetch(`${house.url}${devices.beatPath}`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect(answer.status).toBe(404);
  });
  it("what no machine could ever give is refused in words, and no session starts", async () => {
    const notebook = await write("1", { memoryMb: 3_000_000 });
    const problem = await refusal(start(notebook));
    expect([problem.status, problem.message]).toEqual([409, expect.stringMatching(/No machine here is that large/)]);
    expect((await read(notebook)).session.status).not.toBe("idle");
  });
});

describe("a graphics card", () => {
  it("is listed, leased, and a graph runs on it inside the sandbox with the losses of the processor", async (context) => {
    if (!machine.hasCard) return context.skip("This machine cannot have the software card.");
    expect(await card()).toMatchObject({
      state: "free",
      isSoftware: true,
      providers: ["webgpu"],
      name: expect.stringMatching(/SwiftShader/),
    });
    const notebook = await write(onTheCard, { gpu: true });
    const said = JSON.parse(await run(notebook)) as {
      held: { id: string };
      answers: boolean;
      losses: { cpu: number; webgpu: number };
      best: string;
    };
    expect(said).toMatchObject({ held: { id: "gpu0" }, answers: true });
    expect(said.losses.webgpu).toBeCloseTo(said.losses.cpu, 3);
    expect(said.best).toMatch(/^(cpu|webgpu)$/);
    expect((await read(notebook)).session).toMatchObject({
      device: expect.stringMatching(/SwiftShader/),
      isSandboxed: (await machines())[0]!.isSandboxed,
    });
    expect(await card()).toMatchObject({ state: "held", holder: { notebookId: notebook, person: "editor" } });
    await stop(notebook);
    await eventually("it is free again", async () => (await card())?.state === "free");
  });

  it("is not there for a session that holds none", async (context) => {
    if (!machine.hasCard) return context.skip("This machine cannot have the software card.");
    const notebook = await write(
      `import { devices } from "atelier";\nconst tried = await devices.probe("webgpu");\nconsole.log(devices.mine(), tried.answers, tried.message, await devices.best());`,
    );
    expect(await run(notebook)).toMatch(/^null false No WebGPU adapter was found\..* cpu\s*$/s);
    await stop(notebook);
  });

  it("CUDA, which is not here, is probed in a process of its own and says what to install", async () => {
    const notebook = await write(
      'import { devices } from "atelier";\nconst tried = await devices.probe("cuda");\nconsole.log(tried.answers, tried.message);',
    );
    expect(await run(notebook)).toMatch(
      /^false The CUDA provider is not installed\. Install CUDA 12 and cuDNN 9.*ONNXRUNTIME_NODE_INSTALL=cuda12/,
    );
    await stop(notebook);
  });

  it("DV1 has one holder: others wait in turn with their place told, and a dead session gives it back", async (context) => {
    if (!machine.hasCard) return context.skip("This machine cannot have the software card.");
    const [first, second, third] = [await write("1", { gpu: true }), await write("2", { gpu: true }), await write("3", { gpu: true })];
    await start(first);
    await becomes(first, "idle");
    await start(second);
    await start(third);
    await eventually("places are told", async () => {
      const [a, b] = [(await read(second)).session.message, (await read(third)).session.message];
      return a === "Waits for a graphics card: place 1 of 2." && b === "Waits for a graphics card: place 2 of 2.";
    });
    expect((await leases()).map((one) => one.place)).toEqual([null, 1, 2]);
    expect((await house.as("stranger")(devices.listLeases, { workspace: "other" })).items[0]).toMatchObject({
      isOurs: false,
      notebook: null,
      person: null,
      session: "",
    });
    await stop(second);
    expect((await read(second)).session).toMatchObject({
      status: "none",
      message: expect.stringMatching(/stopped before a machine was free/),
    });
    await stop(first);
    await becomes(third, "idle");
    expect(await card()).toMatchObject({ state: "held", holder: { notebookId: third } });
    await stop(third);
    await eventually("it is free again", async () => (await card())?.state === "free");
  });

  it("is waited for across the death of the web side, at the same place", async (context) => {
    if (!machine.hasCard) return context.skip("This machine cannot have the software card.");
    const { closeRunners, resumeRunners } = await import("#lib/sessions/runners.ts");
    const { openSessions } = await import("#lib/sessions/store.ts");
    const [first, second] = [await write("1", { gpu: true }), await write("2", { gpu: true })];
    await start(first);
    await becomes(first, "idle");
    await start(second);
    await closeRunners();
    await resumeRunners(await openSessions());
    await eventually("it waits", async () => (await read(second)).session.message === "Waits for a graphics card: place 1 of 1.");
    await stop(first);
    await becomes(second, "idle");
    await stop(second);
    await eventually("it is free again", async () => (await card())?.state === "free");
  });

  it("DV3 a gateway that is killed leaks no lease: its next beat ends them, and who waits is next", async (context) => {
    if (!machine.hasCard) return context.skip("This machine cannot have the software card.");
    const [first, second] = [await write("1", { gpu: true }), await write("2", { gpu: true })];
    await start(first);
    await becomes(first, "idle");
    await start(second);
    await eventually("it waits", async () => (await read(second)).session.message?.startsWith("Waits for a graphics card"));
    await machine.kill();
    await machine.start();
    await becomes(second, "idle");
    expect((await becomes(first, "lost")).message).toMatch(/lost with its machine/);
    expect(await card()).toMatchObject({ state: "held", holder: { notebookId: second } });
    await stop(second);
  });
});

describe("a machine", () => {
  it("DV5 that drains takes nobody and keeps whom it has; it is removed when empty, and comes back when started anew", async () => {
    const [inside, outside] = [await write("21 * 2"), await write("console.log(6 * 7)")];
    await start(inside);
    await becomes(inside, "idle");
    const { id } = (await machines())[0]!;
    expect(await house.as("owner")(devices.drainMachine, { ...main, machine: id })).toMatchObject({ state: "draining" });
    await start(outside);
    await eventually(
      "it waits",
      async () => (await read(outside)).session.message === "Waits for a machine that takes sessions: place 1 of 1.",
    );
    expect((await read(inside)).session.status).toBe("idle");
    const asClient = { authorization: `Bearer ${process.env.ATELIER_INTERNAL_SECRET}`, "x-atelier-owner": `${house.workspaceId}:somebody` };
    await eventually("stock clients are refused too", async () => {
      const answer = await fetch(`${machine.url}/api/kernels`, { method: "POST", headers: asClient, body: "{}" });
      const made = (await answer.json()) as { id?: string; message?: string };
      if (made.id) await fetch(`${machine.url}/api/kernels/${made.id}`, { method: "DELETE", headers: asClient });
      return answer.status === 503 && made.message?.includes("takes no new sessions");
    });
    const problem = await refusal(house.as("owner")(devices.removeMachine, { ...main, machine: id }));
    expect([problem.status, problem.code]).toEqual([409, "devices.in_use"]);
    await house.as("owner")(devices.openMachine, { ...main, machine: id });
    expect(await run(outside)).toBe("42\n");
    await stop(inside);
    await stop(outside);
    await eventually("nothing is held", async () => (await leases()).length === 0);
    await house.as("owner")(devices.removeMachine, { ...main, machine: id });
    expect(await machines()).toEqual([]);
    await machine.kill();
    await machine.start();
    await eventually("it is there again", async () => (await machines())[0]?.state === "open");
  });
});

describe("a lease", () => {
  it("DV4 that is over ends its session: nothing runs without one", async () => {
    const { giveBack } = await import("#lib/devices/leases.ts");
    const notebook = await write("1");
    await start(notebook);
    const { kernelId } = await becomes(notebook, "idle");
    await eventually("its machine tells of it", async () => (await machines())[0]!.sessions === 1);
    await giveBack(kernelId!, "as if its machine had been silent");
    await eventually("it is ended there", async () => (await machines())[0]!.sessions === 0);
    expect(["none", "lost"]).toContain((await read(notebook)).session.status);
  });
});

describe("what was used", () => {
  it("CO2 CO4 is told by day, person and notebook, as the system measured it", async () => {
    const notebook = await write(busy(1.2));
    await run(notebook);
    const usage = await eventually("it is metered", async () => {
      const now = await house.as("viewer")(readUsage, { ...main, range: "7d" });
      const one = now.notebooks.find((row) => row.id === notebook);
      return one && one.cpuSeconds > 1 && one.seconds > 1 ? now : null;
    });
    await stop(notebook);
    const mine = usage.notebooks.find((row) => row.id === notebook)!;
    expect(mine.gbSeconds).toBeGreaterThan(0.01);
    expect(mine).toMatchObject({ name: "On a device", sessions: 1, deviceSeconds: 0 });
    expect(usage.people.map((one) => one.name)).toContain("editor");
    expect(usage.days).toHaveLength(7);
    expect(usage.days.at(-1)!.cpuSeconds).toBeCloseTo(usage.total.cpuSeconds, 6);
    if (machine.hasCard) expect(usage.total.deviceSeconds).toBeGreaterThan(0);
  });
  it("CO3 what was reported stays when the machine is killed, and later use comes on top", async () => {
    const usedBy = async (notebook: string) =>
      (await house.as("viewer")(readUsage, { ...main, range: "7d" })).notebooks.find((row) => row.id === notebook)?.cpuSeconds ?? 0;
    const notebook = await write(busy(0.8));
    await run(notebook);
    const before = await eventually("it is metered", async () => {
      const used = await usedBy(notebook);
      return used > 0.5 && used;
    });
    await machine.kill();
    await machine.start();
    await becomes(notebook, "lost");
    expect(await usedBy(notebook)).toBeGreaterThanOrEqual(before);
    await run(notebook);
    await eventually("more is metered", async () => (await usedBy(notebook)) > before + 0.5);
    await stop(notebook);
  });
  it("CO5 a workspace sees its own use only", async () => {
    const usage = await house.as("stranger")(readUsage, { workspace: "other" });
    expect([usage.total.cpuSeconds, usage.people, usage.days.length]).toEqual([0, [], 30]);
  });
  it("CO1 a total that is heard twice, late or from yesterday counts once", async () => {
    const { record } = await import("#lib/costs/service.ts");
    const { setClock } = await import("#lib/kit/clock.ts");
    const total = { session: "ses_x", workspaceId: house.workspaceId, notebookId: "nb_x", userId: "usr_x", person: "Xenia", device: null };
    const say = (cpuSeconds: number) => record([{ ...total, seconds: cpuSeconds, cpuSeconds, gbSeconds: 0, deviceSeconds: 0 }]);
    const day = Date.UTC(2026, 0, 10, 23, 59, 59);
    try {
      setClock(() => day);
      await say(5);
      await say(5);
      await say(4);
      setClock(() => day + 5000);
      await say(7);
      await say(7);
      await say(6);
      const usage = await house.as("viewer")(readUsage, { ...main, range: "7d" });
      expect(usage.people.find((one) => one.id === "usr_x")!.cpuSeconds).toBe(7);
      // Only its own rows: sessions of the tests before may tell of themselves at this moment too.
      const { rows } = await (await import("#db"))
        .pool()
        .query("select cpu_seconds::float8 as spent from session_usage where session = 'ses_x' order by day");
      expect(rows.map((row) => row.spent)).toEqual([5, 2]);
      expect(usage.days.map((one) => one.day).slice(-2)).toEqual(["2026-01-10", "2026-01-11"]);
    } finally {
      setClock();
    }
  });
});

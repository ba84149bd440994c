// Who gets what: the decisions of leases without anything real, also for asks and machines drawn at random.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cardsOf } from "#kernel/devices/inventory.ts";
import { openMeter } from "#kernel/devices/meter.ts";
import { failureOf, readCards } from "#kernel/devices/nvidia.ts";
import type { DeviceFound } from "#lib/devices/contract.ts";
import { type Ask, freeOf, grantAll, type Held, type Offer, placeOf, refusalOf } from "#lib/devices/rules.ts";

const gpu = (id: string): DeviceFound => ({
  id,
  kind: "gpu",
  name: id,
  providers: ["webgpu"],
  isSoftware: false,
  cores: null,
  memoryMb: null,
  utilisation: null,
  usedMemoryMb: null,
  note: null,
});
const offer = (id: string, more: Partial<Offer> = {}): Offer => ({
  id,
  isOpen: true,
  cpus: 8,
  memoryMb: 16_000,
  devices: [],
  sessions: 0,
  ...more,
});
let made = 0;
const ask = (more: Partial<Ask> = {}): Ask => {
  made += 1;
  return { session: `s${made}`, order: made, cpus: 0, memoryMb: 0, gpu: false, ...more };
};

const anyOffers = fc
  .array(
    fc.record({
      isOpen: fc.boolean(),
      cpus: fc.integer({ min: 1, max: 8 }),
      memoryMb: fc.integer({ min: 1000, max: 8000 }),
      cards: fc.integer({ min: 0, max: 2 }),
      sessions: fc.nat(9),
    }),
    { maxLength: 4 },
  )
  .map((all) =>
    all.map(({ cards, ...one }, i) => ({ id: `m${i}`, ...one, devices: Array.from({ length: cards }, (_, k) => gpu(`gpu${k}`)) })),
  );
const anyAsks = fc
  .array(fc.record({ cpus: fc.nat(6), memoryMb: fc.nat(6000), gpu: fc.boolean() }), { maxLength: 12 })
  .map((all) => all.map((one, i) => ({ session: `s${i}`, order: i, ...one })));

describe("placing", () => {
  it("DV1 DV6 no device has two holders, and no machine gives more than it has, whatever is asked", () => {
    fc.assert(
      fc.property(anyOffers, anyAsks, (offers, asks) => {
        const grants = grantAll(asks, offers, []);
        const held: Held[] = grants.map((one) => ({ ...asks.find((a) => a.session === one.session)!, ...one }));
        const cards = grants.flatMap((one) => (one.device ? [`${one.machineId} ${one.device}`] : []));
        expect(new Set(cards).size).toBe(cards.length);
        for (const one of offers) {
          const free = freeOf(one, held);
          expect(free.cpus).toBeGreaterThanOrEqual(0);
          expect(free.memoryMb).toBeGreaterThanOrEqual(0);
          if (!one.isOpen) expect(held.some((by) => by.machineId === one.id)).toBe(false);
        }
        for (const one of held) expect(one.device !== null).toBe(one.gpu);
      }),
    );
  });
  it("DV2 nobody is overtaken in what they wait for, whatever is asked", () => {
    fc.assert(
      fc.property(anyOffers, anyAsks, (offers, asks) => {
        const granted = new Set(grantAll(asks, offers, []).map((one) => one.session));
        for (const waiting of asks.filter((one) => !granted.has(one.session)))
          for (const later of asks.filter((one) => one.order > waiting.order && granted.has(one.session))) {
            expect(waiting.gpu && later.gpu).toBe(false);
            expect((waiting.cpus > 0 || waiting.memoryMb > 0) && (later.cpus > 0 || later.memoryMb > 0)).toBe(false);
          }
      }),
    );
  });
  it("DV6 a session that asks for nothing is placed as long as a machine is open", () => {
    const full = offer("full", { cpus: 1, sessions: 60 });
    expect(grantAll([ask({ cpus: 1 }), ask(), ask({ cpus: 1 }), ask()], [full], []).map((one) => one.session)).toHaveLength(3);
  });
  it("goes where there is least of a crowd, and leaves graphics cards to those who ask for one", () => {
    const machines = [offer("busy", { sessions: 9 }), offer("calm", { sessions: 1 }), offer("card", { devices: [gpu("gpu0")] })];
    expect(grantAll([ask()], machines, [])[0]!.machineId).toBe("calm");
    expect(grantAll([ask({ gpu: true })], machines, [])[0]).toMatchObject({ machineId: "card", device: "gpu0" });
  });
  it("DV5 a draining machine is given nothing", () => {
    expect(grantAll([ask()], [offer("a", { isOpen: false })], [])).toEqual([]);
  });
  it("tells the place among those who wait for the same", () => {
    const [first, other, second] = [ask({ gpu: true }), ask({ cpus: 4 }), ask({ gpu: true, cpus: 1 })];
    expect(placeOf(first!, [first!, other!, second!])).toEqual({ place: 1, of: 2 });
    expect(placeOf(second!, [first!, other!, second!])).toEqual({ place: 3, of: 3 });
  });
  it("says in words what no machine could ever give", () => {
    const bare = offer("a", { devices: [{ ...gpu("cpu"), kind: "cpu" }] });
    expect(refusalOf({ cpus: 0, memoryMb: 0, gpu: true }, [bare])).toMatch(/No machine here has a graphics card/);
    expect(refusalOf({ cpus: 0, memoryMb: 0, gpu: true }, [bare, offer("still trying")])).toBeNull();
    expect(refusalOf({ cpus: 64, memoryMb: 0, gpu: false }, [offer("a")])).toMatch(/the largest have 8 processors and 15 GB/);
    expect(refusalOf({ cpus: 64, memoryMb: 0, gpu: true }, [])).toBeNull();
    expect(refusalOf({ cpus: 8, memoryMb: 16_000, gpu: false }, [offer("a")])).toBeNull();
  });
});

describe("inventory", () => {
  const printed = "0, NVIDIA A100-SXM4-80GB, 81920, 1024, 37\n1, NVIDIA T4, 15360, [N/A], [Not Supported]\n\n";
  const no = { answers: false as const, message: "CUDA 12 is missing." };
  const yes = { answers: true as const, productMs: null, libraries: ["/usr/lib/libGLX_nvidia.so.0"] };

  it("reads what nvidia-smi prints, with what a card does not tell", () => {
    expect(readCards(printed)).toEqual([
      { name: "NVIDIA A100-SXM4-80GB", memoryMb: 81_920, usedMemoryMb: 1024, utilisation: 0.37 },
      { name: "NVIDIA T4", memoryMb: 15_360, usedMemoryMb: null, utilisation: null },
    ]);
    expect(readCards("NVIDIA-SMI has failed")).toEqual([]);
  });
  it("passes on why nvidia-smi fails, and is silent where it is not installed", () => {
    const words = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
    expect(failureOf({ code: 9, message: "Command failed" }, `${words}\n`)).toContain(words);
    expect(failureOf({ code: "ENOENT", message: "spawn nvidia-smi ENOENT" }, "")).toBeNull();
  });
  it("lists a card by the providers a graph ran on; one that answers to none is not offered, and the processor says why", () => {
    const nvidia = { cards: readCards(printed), note: null };
    expect(cardsOf(nvidia, { ...yes, libraries: [] }, yes).map((one) => [one.id, one.providers])).toEqual([
      ["gpu0", ["cuda", "webgpu"]],
      ["gpu1", ["cuda"]],
    ]);
    expect(cardsOf(nvidia, no, yes).map((one) => [one.id, one.providers, one.note])).toEqual([["gpu0", ["webgpu"], "CUDA 12 is missing."]]);
    expect(cardsOf(nvidia, no, no)).toEqual([]);
  });
  it("names a software adapter as one", () => {
    const software = { ...yes, libraries: ["/tmp/x/libvk_swiftshader.so", "/tmp/x/libvulkan.so.1"] };
    expect(cardsOf({ cards: [], note: null }, no, software)).toMatchObject(
      [{ id: "gpu0", isSoftware: true, name: /SwiftShader/ }].map((one) => ({ ...one, name: expect.stringMatching(one.name) })),
    );
  });
});

describe("meters", () => {
  const first = { workspaceId: "w", notebookId: "n", userId: "ada", person: "Ada" };
  const at = (pid: number, cpuSeconds: number, rssMb = 1024) => ({ pid, cpuSeconds, rssMb });

  it("CO4 counts to whoever's cell ran last, memory and card by time, processor by what the system says", () => {
    const meter = openMeter("s", "gpu0", first);
    meter.take(at(1, 0.5), 1000);
    meter.take(at(1, 1.5), 3000);
    meter.charge({ userId: "bob", person: "Bob" });
    meter.take(at(1, 1.75, 512), 7000);
    expect(meter.totals()).toMatchObject([
      { userId: "ada", seconds: 2, cpuSeconds: 1.5, gbSeconds: 2, deviceSeconds: 2 },
      { userId: "bob", seconds: 4, cpuSeconds: 0.25, gbSeconds: 2, deviceSeconds: 4 },
    ]);
  });
  it("CO1 totals never fall: a new process begins at nought, a child that is buried is not forgotten", () => {
    const meter = openMeter("s", null, first);
    for (const [pid, cpu] of [
      [1, 2],
      [1, 1.9],
      [1, 2.5],
      [2, 0.5],
    ] as const)
      meter.take(at(pid, cpu), 0);
    expect(meter.totals()).toMatchObject([{ cpuSeconds: 3, deviceSeconds: 0 }]);
  });
});

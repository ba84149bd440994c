// Devices: the same graph on WebGPU (software Vulkan in a child process), and what is said when a device is missing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { canHalve, chooseDevice, resolveDevice } from "#lib/learn/graph/device.ts";
import { Held } from "#lib/learn/graph/program.ts";
import { openTrainer } from "#lib/learn/graph/trainer.ts";
import { dense } from "#lib/learn/layers/dense.ts";
import { squaredError } from "#lib/learn/layers/losses.ts";
import { onSoftwareGpu } from "#test/learn/graph/vulkan.ts";

const folder = mkdtempSync(join(tmpdir(), "atelier-vulkan-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const onGpu = async (context: TestContext, task: string): Promise<Record<string, unknown>[]> => {
  const said = await onSoftwareGpu(task, join(folder, task));
  if (said === "no adapter") return context.skip("There is no WebGPU adapter on this machine, not even in software.");
  return said;
};

describe("WebGPU, in software", () => {
  it("every operator's gradient equals central differences", async (context) => {
    const said = await onGpu(context, "gradients");
    expect(said.length).toBeGreaterThanOrEqual(100);
    expect(said.filter(({ error }) => !(typeof error === "number" && error < 2e-2))).toEqual([]);
  }, 300_000);
  it("a training run has the losses and weights of the CPU's", async (context) => {
    const [{ cpu, gpu, moved, apart, checkpointBytes }] = (await onGpu(context, "parity")) as [
      { cpu: number[]; gpu: number[]; moved: number; apart: number; checkpointBytes: number[] },
    ];
    for (const [i, loss] of cpu.entries()) expect(gpu[i]).toBeCloseTo(loss, 3);
    expect(cpu.at(-1)).toBeLessThan(cpu[0]!);
    expect(moved).toBeGreaterThan(0.1);
    expect(apart).toBeLessThan(moved / 1000);
    expect(checkpointBytes[0]).toBe(checkpointBytes[1]);
  }, 300_000);
  it("the profile shows that nodes ran on the GPU, and which did not", async (context) => {
    const [{ counts, fallen }] = (await onGpu(context, "profiled")) as [{ counts: Record<string, number>; fallen: string[] }];
    const all = Object.values(counts).reduce((a, b) => a + b, 0);
    expect(counts.WebGpuExecutionProvider! / all).toBeGreaterThan(0.85);
    expect(fallen).toEqual(expect.not.arrayContaining(["MatMul", "Gemm", "Add", "Mul", "Softmax", "LayerNormalization"]));
  }, 300_000);
  it("a language model's adapters learn as on the CPU, and it speaks the same tokens", async (context) => {
    const [said] = (await onGpu(context, "speech")) as [
      { losses: { cpu: number[]; gpu: number[] }; tokens: { saying: number[]; cpu: number[]; gpu: number[] }; lead: number; apart: number },
    ];
    const { losses, tokens, lead, apart } = said;
    expect(losses.cpu).toHaveLength(10);
    for (const [i, loss] of losses.cpu.entries()) expect(losses.gpu[i]).toBeCloseTo(loss, 2);
    expect(losses.gpu.at(-1)).toBeLessThan(0.9 * losses.gpu[0]!);
    expect(apart).toBeLessThan(lead / 10); // so the likeliest token cannot be another one by rounding
    expect(tokens.cpu).toEqual(tokens.saying);
    expect(tokens.gpu).toEqual(tokens.cpu);
  }, 300_000);
  it("numbers of a tensor on the device cannot be reached in place, and the process lives", async (context) => {
    const [said] = await onGpu(context, "reading");
    expect(said).toMatchObject({ isHeld: true, names: ["dtype", "shape"], back: [1, 2, 3] });
    expect(said!.tried).toEqual([expect.stringMatching(/lives on the device/), expect.stringMatching(/not on CPU/)]);
    // @ts-expect-error a held tensor has no numbers
    expect((held: Held) => held.data).toBeTypeOf("function");
    expect(Object.getOwnPropertyNames(Held.prototype).sort()).toEqual(["constructor", "dispose"]);
  });
});

describe("a device that is missing says what to install", () => {
  it("CUDA, not bundled, and not verified on hardware", async () => {
    await expect(resolveDevice("cuda")).rejects.toThrow(/CUDA 12 and cuDNN 9.*ONNXRUNTIME_NODE_INSTALL=cuda12/);
  });
  it("WebGPU without an adapter", async () => {
    await resolveDevice("webgpu").then(
      (device) => expect(device).toBe("webgpu"),
      (error: Error) => expect(error.message).toMatch(/libvulkan1 and mesa-vulkan-drivers/),
    );
  });
  it("an unknown device is refused, and auto always finds one", async () => {
    await expect(resolveDevice("tpu" as never)).rejects.toThrow('There is no device "tpu"');
    expect(await chooseDevice()).toMatch(/^(cpu|webgpu|cuda)$/);
  });
  it("mixed precision trains where the device can, within what float16 keeps", async () => {
    expect(await canHalve("cpu")).toBe(true);
    const batch = {
      x: { data: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)), shape: [16, 4] },
      y: { data: new Float32Array(16).fill(0.5), shape: [16, 1] },
    };
    const losses: number[][] = [];
    for (const precision of ["float32", "mixed"] as const) {
      const trainer = await openTrainer({ loss: ({ x, y }) => squaredError(dense(dense(x!, 8), 1), y!), precision });
      const taken: number[] = [];
      for (let i = 0; i < 20; i++) taken.push((await trainer.step(batch, { rate: 0.01 })).loss);
      losses.push(taken);
      await trainer.close();
    }
    for (const [i, loss] of losses[0]!.entries()) expect(Math.abs(losses[1]![i]! - loss)).toBeLessThan(0.02 * Math.max(0.1, loss));
    expect(losses[1]!.at(-1)).toBeLessThan(losses[1]![0]!);
  });
});

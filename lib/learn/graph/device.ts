// Where a graph runs. The same ONNX file runs on every device; only the name of the execution provider differs. onnxruntime is loaded when a
// graph is first run, never when this file is imported, so that pages and workers can import lib/learn freely.
//
// CUDA and real GPUs: written after onnxruntime's documentation, not verified on hardware.
import type * as Ort from "onnxruntime-node";
import { constant, type Device, input, openGraph } from "#lib/learn/graph/graph.ts";
import { writeModel } from "#lib/learn/graph/model.ts";
import { add } from "#lib/learn/graph/operators/elementwise.ts";
import { matmul } from "#lib/learn/graph/operators/products.ts";
import { cast, sum } from "#lib/learn/graph/operators/shaping.ts";

export const loadRuntime = (): Promise<typeof Ort> => import("onnxruntime-node");

/** What a person does when a device cannot be had. */
export const advice: Record<Device, string> = {
  cpu: "onnxruntime-node is not installed for this platform. Run npm install.",
  webgpu:
    "No WebGPU adapter was found. Install a Vulkan driver (Debian: libvulkan1 and mesa-vulkan-drivers, Mesa 23 or newer; NVIDIA and AMD ship " +
    "their own), or choose device cpu.",
  cuda:
    "The CUDA provider is not installed. Install CUDA 12 and cuDNN 9, then run ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node, " +
    "or choose device webgpu or cpu.",
};

/** A device that was asked for is not there; the message says what to install. */
export class DeviceError extends Error {
  override name = "DeviceError";
}

/** The choice of providers for a session. */
export const providersOf = (device: Device): string[] => (device === "cpu" ? ["cpu"] : [device, "cpu"]);

/** A product of two square matrices, to see whether a device answers and how fast. */
const probeModel = (size: number, isHalf: boolean): Uint8Array => {
  const graph = openGraph();
  const x = input(graph, "x", { dtype: "float32", shape: [size, size] });
  const factor = isHalf ? cast(x, "float16") : x;
  const product = cast(matmul(matmul(factor, factor), factor), "float32");
  return writeModel(graph, { y: add(sum(product), constant(graph, [0], [])) }).bytes;
};

const openProbe = async (device: Device, size: number, isHalf = false) => {
  const ort = await loadRuntime();
  const session = await ort.InferenceSession.create(probeModel(size, isHalf), {
    executionProviders: device === "cpu" ? ["cpu"] : [device],
    logSeverityLevel: 4,
  });
  const x = new ort.Tensor("float32", new Float32Array(size * size).fill(1 / size), [size, size]);
  return { run: async () => Number((await session.run({ x })).y!.data[0]), release: () => session.release() };
};

/** Resolves when a device answers; throws a DeviceError that says what to install when it does not. */
export const probe = async (device: Device): Promise<void> => {
  try {
    const session = await openProbe(device, 4);
    const answer = await session.run();
    await session.release();
    if (Math.abs(answer - 4) > 1e-3) throw new Error(`it computed ${answer} where 4 was right`);
  } catch (cause) {
    throw new DeviceError(advice[device], { cause });
  }
};

const answers = (device: Device): Promise<boolean> =>
  probe(device).then(
    () => true,
    () => false,
  );

const hopelessMs = 3000;
/** Milliseconds of three products of 512 × 512 matrices, after one that compiles. */
export const measure = async (device: Device): Promise<number> => {
  const session = await openProbe(device, 512);
  const firstAt = performance.now();
  await session.run(); // the first run compiles
  const startedAt = performance.now();
  const isHopeless = startedAt - firstAt > hopelessMs; // a card in software: three more runs would tell nothing new
  for (let i = 0; i < 3 && !isHopeless; i++) await session.run();
  const took = isHopeless ? 3 * (startedAt - firstAt) : performance.now() - startedAt;
  await session.release();
  return took;
};

let fastest: Promise<Device> | null = null;
/** The device "auto" means here: CUDA when it answers, WebGPU when it answers and beats the CPU on a measured product, else the CPU. */
export const chooseDevice = (): Promise<Device> => {
  fastest ??= (async (): Promise<Device> => {
    if (await answers("cuda")) return "cuda";
    if (!(await answers("webgpu"))) return "cpu";
    return (await measure("webgpu")) < (await measure("cpu")) ? "webgpu" : "cpu";
  })();
  return fastest;
};

/** A device by name, proven to answer. */
export const resolveDevice = async (wanted: Device | "auto"): Promise<Device> => {
  if (wanted === "auto") return chooseDevice();
  if (!(wanted in advice)) throw new DeviceError(`There is no device ${JSON.stringify(wanted)}. Choose cpu, webgpu, cuda or auto.`);
  if (wanted !== "cpu") await probe(wanted);
  return wanted;
};

/** Whether half precision computes on this device; software adapters often cannot. */
export const canHalve = async (device: Device): Promise<boolean> => {
  try {
    const session = await openProbe(device, 4, true);
    const answer = await session.run();
    await session.release();
    return Math.abs(answer - 4) < 0.05;
  } catch {
    return false;
  }
};

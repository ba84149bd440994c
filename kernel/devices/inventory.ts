// What this machine can compute on, found out by trying: the processor, NVIDIA cards by nvidia-smi, and a WebGPU adapter by running a graph on
// it in a process of its own. A card is one device however many providers it answers to. onnxruntime takes the machine's first adapter and
// offers no choice, so WebGPU belongs to the first card.
//
// CUDA is tried like the others and its refusal kept as a note; no real card has been under this code.

import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { basename } from "node:path";
import { type Card, nvidiaCards } from "#kernel/devices/nvidia.ts";
import type { DeviceFound } from "#lib/devices/contract.ts";
import { type Answer, probeApart } from "#lib/learn/graph/apart.ts";

/** Drivers of a card, which a sandboxed session must be able to read. */
export type Inventory = { devices: DeviceFound[]; libraries: string[] };

const drivers: [RegExp, string, boolean][] = [
  [/^libGLX_nvidia/, "NVIDIA", false],
  [/^libvulkan_radeon|^amdvlk/, "AMD Radeon", false],
  [/^libvulkan_intel/, "Intel graphics", false],
  [/^libvulkan_lvp/, "lavapipe", true],
  [/^libvk_swiftshader/, "SwiftShader", true],
];

/** What answers, by the driver that was mapped; hardware first where several were. */
const driverOf = (libraries: string[]): { name: string; isSoftware: boolean } => {
  const found = drivers.find(([pattern]) => libraries.some((path) => pattern.test(basename(path))));
  return found ? { name: found[1], isSoftware: found[2] } : { name: "WebGPU adapter", isSoftware: false };
};

/** A limit of the control group this process is in, such as a container sets; null without one. */
const grouped = (file: string): string | null => {
  const path = `/sys/fs/cgroup/${file}`;
  return existsSync(path) ? readFileSync(path, "utf8").trim() : null;
};

/** Processors and memory this machine may really use. */
export const capacity = (): { cpus: number; memoryMb: number } => {
  const [quota, period] = (grouped("cpu.max") ?? "max").split(" ").map(Number);
  const limit = Number(grouped("memory.max"));
  const bytes = Number.isFinite(limit) && limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const share = quota && period ? Math.max(1, Math.floor(quota / period)) : Number.POSITIVE_INFINITY;
  return { cpus: Math.min(availableParallelism(), share), memoryMb: Math.floor(bytes / 1_048_576) };
};

const processor = (): DeviceFound => {
  const { cpus: cores, memoryMb } = capacity();
  const name = cpus()[0]?.model.trim() || "processor";
  const none = { utilisation: null, usedMemoryMb: null, note: null };
  return { id: "cpu", kind: "cpu", name, providers: ["cpu"], isSoftware: false, cores, memoryMb, ...none };
};

/** The graphics cards, from what was found and what answered. */
export const cardsOf = (nvidia: { cards: Card[]; note: string | null }, cuda: Answer, webgpu: Answer): DeviceFound[] => {
  const cudaNote = cuda.answers ? null : cuda.message;
  const cards = nvidia.cards.map((card, i): DeviceFound => {
    const providers = [...(cuda.answers ? (["cuda"] as const) : []), ...(webgpu.answers && i === 0 ? (["webgpu"] as const) : [])];
    return { id: `gpu${i}`, kind: "gpu", ...card, providers, isSoftware: false, cores: null, note: cudaNote };
  });
  const usable = cards.filter((card) => card.providers.length > 0);
  if (usable.length > 0 || !webgpu.answers) return usable;
  const driver = driverOf(webgpu.libraries);
  const unknown = { cores: null, memoryMb: null, utilisation: null, usedMemoryMb: null };
  return [{ id: "gpu0", kind: "gpu", ...driver, providers: ["webgpu"], ...unknown, note: nvidia.note }];
};

/** Looks once; several seconds where a driver compiles. */
export const takeInventory = async (): Promise<Inventory> => {
  const [nvidia, webgpu] = [await nvidiaCards(), await probeApart("webgpu")];
  const cuda: Answer = nvidia.cards.length > 0 ? await probeApart("cuda") : { answers: false, message: "" };
  const cards = cardsOf(nvidia, cuda, webgpu);
  const cpu = processor();
  const notes = [...new Set([nvidia.note, nvidia.cards.length > 0 && !cuda.answers ? cuda.message : null])].filter(Boolean);
  const without = cards.length === 0 && !webgpu.answers ? webgpu.message : null;
  return {
    devices: [{ ...cpu, note: [...notes, without].filter(Boolean).join(" ") || null }, ...cards],
    libraries: webgpu.answers ? webgpu.libraries : [],
  };
};

/** The same devices with how busy NVIDIA cards are now. */
export const withUse = async (devices: DeviceFound[]): Promise<DeviceFound[]> => {
  if (!devices.some((one) => one.memoryMb !== null && one.kind === "gpu")) return devices;
  const { cards } = await nvidiaCards();
  return devices.map((one) => {
    const card = one.kind === "gpu" ? cards[Number(one.id.slice(3))] : undefined;
    return card ? { ...one, utilisation: card.utilisation, usedMemoryMb: card.usedMemoryMb } : one;
  });
};

// A Vulkan driver in software for tests: SwiftShader and the Vulkan loader, unpacked from the Chromium of the screen tests. The loader's path must
// be known before a process starts, so everything on WebGPU runs in a child (webgpu-child.ts).
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

/** Unpacks every file of a tar into a folder. */
const untar = (tar: Buffer, folder: string): void => {
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString("utf8", at, at + 100).replace(/\0.*$/s, "");
    if (!name) return;
    const size = Number.parseInt(tar.toString("utf8", at + 124, at + 136), 8) || 0;
    if (size > 0) writeFileSync(join(folder, name.split("/").at(-1)!), tar.subarray(at + 512, at + 512 + size), { mode: 0o755 });
    at += 512 + Math.ceil(size / 512) * 512;
  }
};

/** The environment in which a process finds the software driver, unpacked into a folder; null on machines it is not made for. */
export const softwareVulkan = (folder: string): Record<string, string> | null => {
  const packed = fileURLToPath(new URL("../../../node_modules/@sparticuz/chromium/bin/swiftshader.tar.br", import.meta.url));
  if (!existsSync(packed) || process.platform !== "linux" || process.arch !== "x64") return null;
  mkdirSync(folder, { recursive: true });
  untar(brotliDecompressSync(readFileSync(packed)), folder);
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"), XDG_RUNTIME_DIR: folder };
};

/** Runs a task of the child and answers what it said, line by line; an adapter that is not there is the word "no adapter". */
export const onSoftwareGpu = async (task: string, folder: string): Promise<Record<string, unknown>[] | "no adapter"> => {
  const driver = softwareVulkan(folder);
  if (!driver) return "no adapter";
  const child = spawn(process.execPath, [fileURLToPath(new URL("webgpu-child.ts", import.meta.url)), task, folder], {
    env: { ...process.env, ...driver },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [text, noise] = ["", ""];
  child.stdout.on("data", (part: Buffer) => (text += part.toString()));
  child.stderr.on("data", (part: Buffer) => (noise += part.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  const lines = text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  if (lines.some((line) => line.missing)) return "no adapter";
  if (code !== 0) throw new Error(`The child ended with ${code}.\n${noise.slice(-3000)}`);
  return lines;
};

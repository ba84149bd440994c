// A process that tries one device and says on one line of JSON what came of it. It is a process of its own because a driver may abort it.
// Which Vulkan driver answered is read from what the system mapped into this process: the runtime itself does not tell.
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { measure, probe } from "#lib/learn/graph/device.ts";
import type { Device } from "#lib/learn/graph/graph.ts";

const mapped = (): string[] => {
  try {
    const paths = readFileSync("/proc/self/maps", "utf8")
      .split("\n")
      .map((line) => line.slice(line.indexOf("/")))
      .filter((path) => /\/(lib(vk|vulkan|GLX_nvidia|nvidia|cuda)[^/]*\.so[^/]*)$/.test(path));
    return [...new Set(paths)];
  } catch {
    return [];
  }
};

const say = (what: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

const [device, isTimed] = [process.argv[2] as Device, process.argv[3] === "timed"];
try {
  await probe(device);
  say({ answers: true, productMs: isTimed ? await measure(device) : null, libraries: mapped() });
} catch (error) {
  say({ answers: false, message: (error as Error).message });
}
await wait(0); // lets the line leave before the driver's own threads are cut off
process.exit(0);

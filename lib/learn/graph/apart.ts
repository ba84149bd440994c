// Asking a device in a process of its own, because a graphics driver may abort whoever asks it. The process that asks lives on.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { advice } from "#lib/learn/graph/device.ts";
import type { Device } from "#lib/learn/graph/graph.ts";

/** `productMs`: the time of products of matrices, when it was asked for; `libraries`: what the driver mapped. */
export type Answer = { answers: true; productMs: number | null; libraries: string[] } | { answers: false; message: string };

const script = fileURLToPath(new URL("./probe-main.ts", import.meta.url));
const patienceMs = 60_000;

/** Runs a small graph on a device, in a child; answers that it does, with a time when asked, or in words what is missing. Never throws. */
export const probeApart = (device: Device, isTimed = false): Promise<Answer> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, device, isTimed ? "timed" : ""], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.stdout.on("data", (part: Buffer) => (text += part.toString()));
    child.once("error", () => {});
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const line = text.split("\n").find((one) => one.startsWith("{"));
      if (line) return resolve(JSON.parse(line) as Answer);
      resolve({ answers: false, message: `The driver of ${device} ended its process (${signal ?? `code ${code}`}). ${advice[device]}` });
    });
  });

// A gateway in a process of its own that beats to a house, with the software graphics card where the machine can have one.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "#test/kit/ports.ts";
import { eventually } from "#test/kit/product.ts";
import { softwareVulkan } from "#test/learn/graph/vulkan.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export type Gateway = {
  url: string;
  /** Whether a graphics card in software could be put there. */
  hasCard: boolean;
  /** Ends it without a word, sessions included, as a power cut does. */
  kill: () => Promise<void>;
  /** Starts it again on the same home and port. */
  start: () => Promise<void>;
  close: () => Promise<void>;
};

/** Starts a gateway that beats to `webUrl`; its home, and by that its identity, lasts until `close`. */
export const startMachine = async (house: { webUrl: string; secret: string; port?: number; withCard?: boolean }): Promise<Gateway> => {
  const home = mkdtempSync(join(tmpdir(), "atelier-machine-"));
  const port = house.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const drivers = mkdtempSync(join(tmpdir(), "atelier-vulkan-"));
  chmodSync(drivers, 0o755); // sessions run as another user
  const driver = house.withCard ? softwareVulkan(drivers) : null;
  const { LD_LIBRARY_PATH: _, VK_ICD_FILENAMES: __, ...inherited } = process.env;
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "kernel/main.ts"], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...inherited,
        ...driver,
        ATELIER_HOME: home,
        ATELIER_WEB_URL: house.webUrl,
        ATELIER_INTERNAL_SECRET: house.secret,
        ATELIER_KERNEL_PORT: String(port),
        ATELIER_KERNEL_URL: url,
      },
    });
    await eventually("the gateway answers", () => fetch(`${url}/health`).then((answer) => answer.ok));
  };
  const gone = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child!.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  await start();
  return {
    url,
    hasCard: driver !== null,
    kill: () => gone("SIGKILL"),
    start,
    close: async () => {
      await gone("SIGTERM");
      for (const folder of [home, drivers]) rmSync(folder, { recursive: true, force: true });
    },
  };
};

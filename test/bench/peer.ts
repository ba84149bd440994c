// A JavaScript peer of a bench, in a process of its own: another engine's threads and memory must not sit beside ours. Peers are no dependencies of
// the product; they are found in the folder that ATELIER_PEERS names (`npm install --prefix <folder> …`), else where Node finds them.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "#test/bench/figures.ts";

/**
 * What a peer says of itself: its time, its loss at the first step and at the last, since a peer that learns nothing is no peer, and the most memory
 * its process ever had.
 */
export type PeerTime = { version: string; ms: number; losses: [number, number]; bytes: number };

const folder = process.env.ATELIER_PEERS;
const near = createRequire(folder ? join(folder, "package.json") : import.meta.url);

/** A peer's package. */
export const requirePeer = <T>(name: string): T => near(name) as T;

/** The version of a package, or null where it is not installed. */
export const versionOf = (name: string): string | null => {
  const paths = (near.resolve.paths(name) ?? []).map((one) => join(one, name, "package.json"));
  const place = paths.find((one) => existsSync(one));
  return place ? (JSON.parse(readFileSync(place, "utf8")) as { version: string }).version : null;
};

/** Runs a peer's script on one unit; answers its time, or the last thing it said when it failed. */
export const runPeer = (script: string, unit: string): PeerTime | string => {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", path, unit], {
    encoding: "utf8",
    timeout: 600_000,
  });
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!) as PeerTime;
  const said = stderr.split("\n").find((one) => /^(Uncaught )?\w*Error\b.*: /.test(one));
  return said?.trim() ?? (signal ? `ended by ${signal}, after ten minutes or by hand` : `ended with ${status}`);
};

/** Prints what runPeer reads. */
export const say = (version: string, ms: number, losses: [number, number]): void => {
  if (!(losses[1] < losses[0])) throw new Error(`its loss went from ${losses[0]} to ${losses[1]}`);
  const told: PeerTime = { version, ms, losses, bytes: process.resourceUsage().maxRSS * 1024 };
  process.stdout.write(`${JSON.stringify(told)}\n`);
};

/** Times a unit of a peer: some to warm up, then the median of `count`; the unit answers its loss. */
export const tellTime = async (version: string, unit: () => Promise<number>, count: number, warmup = 2): Promise<void> => {
  const [taken, losses]: [number[], number[]] = [[], []];
  for (let i = 0; i < count + warmup; i++) {
    const startedAt = performance.now();
    losses.push(await unit());
    if (i >= warmup) taken.push(performance.now() - startedAt);
  }
  say(version, median(taken), [losses[0]!, losses.at(-1)!]);
};

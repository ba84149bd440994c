// Where the private work folders of sessions are. A session that runs as another user must be able to reach its folder, and the home of
// the product is closed to others: then the folders are beside it, in the machine's own place for long temporary files.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "#lib/kit/env.ts";

const inHome = join(env.home, "sessions");
let shared: string | null = null;

const place = existsSync("/var/tmp") ? "/var/tmp" : tmpdir();
const named = join(place, `atelier-sessions-${createHash("sha256").update(env.home).digest("hex").slice(0, 12)}`);

/** Makes the folder anew under a name only we can have made, so that nobody's link leads elsewhere. */
const openShared = (): string => {
  try {
    rmSync(named, { recursive: true, force: true });
    mkdirSync(named);
    shared = named;
  } catch {
    shared = mkdtempSync(join(place, "atelier-sessions-"));
  }
  chmodSync(shared, 0o711);
  return shared;
};

/** The folder that holds them; `isForOthers` when sessions run as another user. */
export const workRoot = (isForOthers: boolean): string => (isForOthers ? (shared ?? openShared()) : inHome);

/** Whether a folder is one of ours rather than somebody's own. */
export const isPrivateWork = (folder: string): boolean => folder.startsWith(inHome) || (shared !== null && folder.startsWith(shared));

const isOrphan = (pid: string): boolean => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === "1";
};

/** Ends processes of an earlier gateway on this home that lost their parent and still name one of our folders. */
const endStray = (): void => {
  for (const pid of existsSync("/proc") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [])
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const isOurs = words.some((word) => word.startsWith(`${inHome}/`) || word.startsWith(`${named}/`));
      if (isOurs && isOrphan(pid)) process.kill(Number(pid), "SIGKILL");
    } catch {} // gone meanwhile, or not ours to read
};

/** Removes what is left of all sessions. */
export const clearWork = (): void => {
  endStray();
  rmSync(inHome, { recursive: true, force: true });
  if (shared) rmSync(shared, { recursive: true, force: true });
  shared = null;
};

// Where the private work folders of sessions are. A session that runs as another user must be able to reach its folder, and the home of
// the product is closed to others: then the folders are beside it, in the machine's own place for long temporary files.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "#lib/kit/env.ts";

const inHome = join(env.home, "sessions");
let shared: string | null = null;

/** Makes the folder anew under a name only we can have made, so that nobody's link leads elsewhere. */
const openShared = (): string => {
  const place = existsSync("/var/tmp") ? "/var/tmp" : tmpdir();
  const named = join(place, `atelier-sessions-${createHash("sha256").update(env.home).digest("hex").slice(0, 12)}`);
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

/** Removes what is left of all sessions. */
export const clearWork = (): void => {
  rmSync(inHome, { recursive: true, force: true });
  if (shared) rmSync(shared, { recursive: true, force: true });
  shared = null;
};

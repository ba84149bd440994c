// The home folder and its lock: one supervisor a home. The lock is a file with our pid; a file whose process is gone is taken over.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { env } from "#lib/kit/env.ts";

const path = join(env.home, "supervisor.pid");

const startOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";
  } catch {
    return "";
  }
};

const isAlive = (pid: number, started: string): boolean => {
  try {
    process.kill(pid, 0);
    return started === "" || startOf(pid) === started;
  } catch {
    return false;
  }
};

/** Takes the home for this process; answers the pid that holds it already, or null when it is ours now. */
export const takeHome = (): number | null => {
  mkdirSync(env.home, { recursive: true, mode: 0o700 });
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, mine, { flag: "wx" });
      return null;
    } catch {
      const [pid, started] = readFileSync(path, "utf8").trim().split(" ");
      if (isAlive(Number(pid), started ?? "")) return Number(pid);
      rmSync(path, { force: true });
    }
  }
  throw new Error(`The lock ${path} cannot be taken. Remove it and start again.`);
};

export const leaveHome = (): void => rmSync(path, { force: true });

/** The secret that processes of this installation know each other by; kept, so that separate machines can be given the same one. */
export const internalSecret = (): string => {
  if (env.internalSecret) return env.internalSecret;
  const file = join(env.home, "internal-secret");
  try {
    writeFileSync(file, randomBytes(32).toString("base64url"), { flag: "wx", mode: 0o600 });
  } catch {}
  return readFileSync(file, "utf8").trim();
};

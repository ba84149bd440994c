// The supervisor's children: started, watched, started again when they die, ended together. A child holds an IPC channel to the
// supervisor and ends when it closes, so that even a killed supervisor leaves nobody behind.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "#lib/kit/env.ts";
import { log } from "#lib/kit/log.ts";

export type Child = { name: string; file: string; environment: Record<string, string>; arguments?: string[] };
export type Family = { pids: () => Record<string, number | undefined>; stop: (withinMs: number) => Promise<void> };

const root = fileURLToPath(new URL("../..", import.meta.url));

const start = (child: Child): ChildProcess =>
  spawn(process.execPath, ["--disable-warning=ExperimentalWarning", child.file, ...(child.arguments ?? [])], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: childEnvironment(child.environment),
  });

/** Starts all and keeps them up; a child that dies at once waits a little longer each time, at most five seconds. */
export const startFamily = (children: Child[]): Family => {
  const running = new Map<string, ChildProcess>();
  let isStopping = false;

  const keepUp = (child: Child, deaths: number): void => {
    const startedAt = Date.now();
    const process_ = start(child);
    running.set(child.name, process_);
    process_.once("exit", (code, signal) => {
      running.delete(child.name);
      if (isStopping) return;
      const isEarly = Date.now() - startedAt < 10_000;
      const next = isEarly ? deaths + 1 : 0;
      log.warn(`${child.name} ended, starting it again`, { code, signal });
      setTimeout(() => !isStopping && keepUp(child, next), Math.min(5000, 200 * 2 ** next));
    });
  };

  for (const child of children) keepUp(child, 0);
  return {
    pids: () => Object.fromEntries(children.map((child) => [child.name, running.get(child.name)?.pid])),
    stop: async (withinMs) => {
      isStopping = true;
      const all = [...running.values()];
      const gone = all.map((child) => new Promise<void>((resolve) => child.once("exit", () => resolve())));
      for (const child of all) child.kill("SIGTERM");
      const force = setTimeout(() => all.forEach((child) => void child.kill("SIGKILL")), withinMs);
      await Promise.all(gone);
      clearTimeout(force);
    },
  };
};

/** What every child calls first: end when asked, and when the supervisor is gone. `close` gets two seconds less than we promise. */
export const endWithSupervisor = (close: () => Promise<void> | void): void => {
  let isEnding = false;
  const end = async (): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(0), 5000).unref();
    await Promise.resolve(close()).catch(() => {});
    process.exit(0);
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  process.once("disconnect", end);
};

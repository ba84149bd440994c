// One JSON line per event on stderr. Secrets never reach a log: callers pass ids and counts, and keys that look like secrets are struck out.
import { env } from "#lib/kit/env.ts";

const levels = ["debug", "info", "warn", "error"] as const;
type Level = (typeof levels)[number];
const isSecret = /token|password|secret|authorization|cookie/i;

const plain = (key: string, value: unknown): unknown => {
  if (isSecret.test(key) && typeof value === "string") return "[struck]";
  if (value instanceof Error)
    return { name: value.name, message: value.message, stack: value.stack, cause: value.cause ? String(value.cause) : undefined };
  return value;
};

const write = (level: Level, message: string, facts: Record<string, unknown> = {}): void => {
  if (levels.indexOf(level) < levels.indexOf(env.logLevel as Level)) return;
  const line = JSON.stringify({ at: new Date().toISOString(), level, message, ...facts }, plain);
  process.stderr.write(`${line}\n`);
};

/** Structured log of this process. */
export const log = {
  debug: (message: string, facts?: Record<string, unknown>) => write("debug", message, facts),
  info: (message: string, facts?: Record<string, unknown>) => write("info", message, facts),
  warn: (message: string, facts?: Record<string, unknown>) => write("warn", message, facts),
  error: (message: string, facts?: Record<string, unknown>) => write("error", message, facts),
};

// Whether the whole house answers: database, kernel gateway, worker, serving. Asked in parallel, each within two seconds, so that one
// dead service cannot make the answer itself hang.
import { pool } from "#db";
import { gateways } from "#lib/devices/leases.ts";
import { env } from "#lib/kit/env.ts";

export type Health = { status: "ok" | "degraded"; version: string; services: Record<string, "ok" | "down">; sandboxed: boolean | null };

const ask = async (url: string): Promise<Record<string, unknown> | null> =>
  fetch(`${url}/health`, { signal: AbortSignal.timeout(2000), headers: { authorization: `Bearer ${env.internalSecret}` } }).then(
    (answer) => (answer.ok ? (answer.json() as Promise<Record<string, unknown>>) : null),
    () => null,
  );

const askDatabase = (): Promise<boolean> =>
  Promise.race([
    pool()
      .query("select 1")
      .then(
        () => true,
        () => false,
      ),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 2000).unref()),
  ]);

/** One gateway that answers is enough: sessions are placed on those that do. */
const askKernels = async (): Promise<Record<string, unknown> | null> => {
  const urls = await gateways().catch(() => [env.kernelUrl]);
  const answers = await Promise.all([...new Set([...urls, env.kernelUrl])].map(ask));
  return answers.find((one) => one !== null) ?? null;
};

/** The state of every service as seen from here. */
export const health = async (): Promise<Health> => {
  const [database, kernel, worker, serving] = await Promise.all([askDatabase(), askKernels(), ask(env.workerUrl), ask(env.servingUrl)]);
  const services = {
    database: database ? "ok" : "down",
    kernel: kernel ? "ok" : "down",
    worker: worker ? "ok" : "down",
    serving: serving ? "ok" : "down",
  } as const;
  const isWell = Object.values(services).every((state) => state === "ok");
  return {
    status: isWell ? "ok" : "degraded",
    version: "0.1.0",
    services,
    sandboxed: typeof kernel?.sandboxed === "boolean" ? kernel.sandboxed : null,
  };
};

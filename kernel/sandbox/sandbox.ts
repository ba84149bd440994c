// The walls around a session: bubblewrap when it works here, else a plain child that is marked "not sandboxed" on every screen. Inside,
// a session sees a read-only runtime, its own work folder and its door; no network, no other process, no environment, no home folder.
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const node = realpathSync(process.execPath);

export type Cage = {
  command: string;
  args: string[];
  environment: Record<string, string>;
  isSandboxed: boolean;
  workDir: string;
  doorPath: string;
};

const readOnly = (path: string): string[] => (existsSync(path) ? ["--ro-bind", path, path] : []);

/** What a session may read besides its own folder. */
const runtime = (): string[] => [
  ...["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl/openssl.cnf", "/etc/fonts"].flatMap(readOnly),
  ...["lib", "kernel", "node_modules", "package.json"].flatMap((name) => readOnly(join(root, name))),
  ...(node.startsWith("/usr/") || node.startsWith(`${root}/node_modules/`) ? [] : readOnly(node)),
];

const isolation = [
  "--unshare-all",
  "--die-with-parent",
  "--new-session",
  "--clearenv",
  "--cap-drop",
  "ALL",
  "--uid",
  "65534",
  "--gid",
  "65534",
  "--hostname",
  "session",
  "--proc",
  "/proc",
  "--dev",
  "/dev",
  "--tmpfs",
  "/tmp",
];

let probed: boolean | null = null;

/** Whether bubblewrap can build our walls on this machine; asked once, by building them. */
export const canSandbox = (): boolean => {
  probed ??= (() => {
    try {
      execFileSync("bwrap", [...isolation, ...runtime(), node, "--version"], { stdio: "ignore", timeout: 10_000 });
      return true;
    } catch {
      return false;
    }
  })();
  return probed;
};

const environmentInside = (workDir: string): Record<string, string> => ({
  PATH: "/usr/bin:/bin",
  HOME: workDir,
  TMPDIR: "/tmp",
  LANG: "C.UTF-8",
  TZ: "UTC",
  NODE_ENV: "production",
});

/** Limits that hold inside and outside the walls: processes, files, core dumps. Memory is watched by the gateway. */
const limits = (): { command: string; args: string[] } | null => {
  for (const path of ["/usr/bin/prlimit", "/bin/prlimit"])
    if (existsSync(path)) return { command: path, args: ["--core=0", "--nofile=4096:4096", "--fsize=8589934592:8589934592"] };
  return null;
};

/** The command line that starts `script` for a session with its private folder and its door. */
export const cageFor = (session: { workDir: string; doorDir: string; memoryMb: number }, script: string): Cage => {
  const nodeArgs = [
    `--max-old-space-size=${Math.round(session.memoryMb * 0.8)}`,
    "--experimental-async-context-frame",
    "--disable-warning=ExperimentalWarning",
    script,
  ];
  const limit = limits();
  if (!canSandbox()) {
    const [command, args] = limit ? [limit.command, [...limit.args, node, ...nodeArgs]] : [node, nodeArgs];
    return {
      command,
      args: [...args, join(session.doorDir, "door"), session.workDir],
      environment: environmentInside(session.workDir),
      isSandboxed: false,
      workDir: session.workDir,
      doorPath: join(session.doorDir, "door"),
    };
  }
  const variables = Object.entries(environmentInside("/run/session/work")).flatMap(([name, value]) => ["--setenv", name, value]);
  const own = [
    "--bind",
    session.workDir,
    "/run/session/work",
    "--ro-bind",
    session.doorDir,
    "/run/session/door",
    "--chdir",
    "/run/session/work",
  ];
  const wall = [...isolation, ...variables, ...runtime(), ...own];
  const inside = limit ? [limit.command, ...limit.args, node, ...nodeArgs] : [node, ...nodeArgs];
  return {
    command: "bwrap",
    args: [...wall, ...inside, "/run/session/door/door", "/run/session/work"],
    environment: { PATH: "/usr/bin:/bin" },
    isSandboxed: true,
    workDir: "/run/session/work",
    doorPath: "/run/session/door/door",
  };
};

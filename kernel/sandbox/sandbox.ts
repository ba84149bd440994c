// The walls around a session: bubblewrap when it works here, else a plain child that is marked "not sandboxed" on every screen. Inside,
// a session sees a read-only runtime, its own work folder and its door; no network, no other process, no environment, no home folder.
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Reach, reachOf } from "#kernel/devices/reach.ts";
import { root } from "#kernel/plain.js";
import type { Policy } from "#kernel/sandbox/policy.ts";
import { isPrivateWork, workRoot } from "#kernel/sandbox/work.ts";
import type { DeviceFound } from "#lib/devices/contract.ts";

const node = realpathSync(process.execPath);

/** The graphics card a session holds, with the files of its driver. */
export type Card = { device: DeviceFound; libraries: string[] };

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
  "--size",
  "268435456",
  "--tmpfs",
  "/tmp",
  "--size",
  "67108864",
  "--tmpfs",
  "/dev/shm",
];
/** After everything is in place: what is left writable is the work folder and the two bounded ones above. */
const sealed = ["--remount-ro", "/dev", "--remount-ro", "/"];

/** Root is exempt from the kernel's process limit, so a gateway that runs as root starts sessions as this user instead. */
const plainUser = 60_534;
const asUser = (groups: number[]): string[] => [
  "/usr/bin/setpriv",
  `--reuid=${plainUser}`,
  `--regid=${plainUser}`,
  groups.length > 0 ? `--groups=${groups.join(",")}` : "--clear-groups",
];
const asPlainUser = asUser([]);

type Wall = "none" | "own user" | "plain user";
let probed: Wall | null = null;

const canBuild = (prefix: string[]): boolean => {
  const [command, ...args] = [...prefix, "bwrap", ...isolation, ...runtime(), ...sealed, node, "--version"];
  try {
    execFileSync(command!, args, { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
};

const wallHere = (): Wall => {
  const isRoot = process.getuid?.() === 0;
  probed ??= isRoot && existsSync(asPlainUser[0]!) && canBuild(asPlainUser) ? "plain user" : canBuild([]) ? "own user" : "none";
  return probed;
};

/** Whether bubblewrap can build our walls on this machine; asked once, by building them. */
export const canSandbox = (): boolean => wallHere() !== "none";

/** A new session's folder, by the kernel's id. */
export const workFolderFor = (id: string): string => join(workRoot(wallHere() === "plain user"), id.replace(/[^\w-]/g, "_"));

const environmentInside = (workDir: string): Record<string, string> => ({
  PATH: "/usr/bin:/bin",
  HOME: workDir,
  TMPDIR: "/tmp",
  LANG: "C.UTF-8",
  TZ: "UTC",
  NODE_ENV: "production",
});

/** Limits the kernel itself keeps, inside and outside the walls. Memory, disk and time are watched by the gateway. */
const limits = (policy: Policy): { command: string; args: string[] } | null => {
  const size = policy.diskMb * 1_048_576;
  const args = ["--core=0", "--nofile=4096:4096", `--fsize=${size}:${size}`];
  if (canSandbox()) args.push(`--nproc=${policy.processes}:${policy.processes}`); // outside it would count all of a person's processes
  if (policy.cpuSeconds > 0) args.push(`--cpu=${policy.cpuSeconds}:${policy.cpuSeconds + 2}`);
  const path = ["/usr/bin/prlimit", "/bin/prlimit"].find((one) => existsSync(one));
  return path ? { command: path, args } : null;
};

/** Gives the private folder to the user the session runs as; false for a folder that is somebody's own. */
const ownWork = (workDir: string): boolean => {
  if (!isPrivateWork(workDir)) return false;
  chownSync(workDir, plainUser, plainUser);
  return true;
};

const openings = (reach: Reach): string[] => [
  ...reach.files.flatMap((path) => ["--ro-bind", path, path]),
  ...reach.nodes.flatMap((path) => ["--dev-bind", path, path]),
];

/** What the session is told of its card: enough to choose a provider. */
const told = (card: Card | null): string =>
  card ? JSON.stringify({ id: card.device.id, name: card.device.name, providers: card.device.providers }) : "";

/** The command line that starts `script` for a session with its private folder, its door, its packages, and the card it holds. */
export const cageFor = (
  session: { workDir: string; doorDir: string; packagesDir: string; policy: Policy; card?: Card | null },
  script: string,
): Cage => {
  const card = session.card ?? null;
  const reach = reachOf(card?.device ?? null, card?.libraries ?? []);
  const nodeArgs = [
    `--max-old-space-size=${Math.round(session.policy.memoryMb * 0.8)}`,
    "--experimental-async-context-frame",
    "--disable-warning=ExperimentalWarning",
    script,
  ];
  const limit = limits(session.policy);
  if (!canSandbox()) {
    const [command, args] = limit ? [limit.command, [...limit.args, node, ...nodeArgs]] : [node, nodeArgs];
    return {
      command,
      args: [...args, join(session.doorDir, "door"), session.workDir, told(card), session.packagesDir],
      environment: { ...environmentInside(session.workDir), ...reach.environment },
      isSandboxed: false,
      workDir: session.workDir,
      doorPath: join(session.doorDir, "door"),
    };
  }
  const variables = Object.entries({ ...environmentInside("/run/session/work"), ...reach.environment }).flatMap(([name, value]) => [
    "--setenv",
    name,
    value,
  ]);
  const own = [
    "--bind",
    session.workDir,
    "/run/session/work",
    "--ro-bind",
    session.doorDir,
    "/run/session/door",
    "--ro-bind",
    session.packagesDir,
    "/run/session/packages",
    "--chdir",
    "/run/session/work",
  ];
  const wall = [...isolation, ...variables, ...runtime(), ...openings(reach), ...own, ...sealed];
  const inside = limit ? [limit.command, ...limit.args, node, ...nodeArgs] : [node, ...nodeArgs];
  const isPlain = wallHere() === "plain user" && ownWork(session.workDir);
  const [command, ...args] = [...(isPlain ? asUser(reach.groups) : []), "bwrap", ...wall, ...inside];
  return {
    command: command!,
    args: [...args, "/run/session/door/door", "/run/session/work", told(card), "/run/session/packages"],
    environment: { PATH: "/usr/bin:/bin" },
    isSandboxed: true,
    workDir: "/run/session/work",
    doorPath: "/run/session/door/door",
  };
};

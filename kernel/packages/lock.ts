// What a package-lock.json may say here. npm is told to leave out where registry packages came from, so an entry that still names a place came from
// elsewhere; every entry is held by the digest of its bytes, so another machine that installs the lock gets the same or nothing.
import { createHash } from "node:crypto";
import { outside, Unable } from "#kernel/packages/npm.ts";
import { isTag, type Manifest } from "#lib/sessions/packages/contract.ts";

type Entry = {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  inBundle?: boolean;
  hasInstallScript?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  dependencies?: Record<string, string>;
};
export type LockFile = { name?: string; lockfileVersion: number; packages: Record<string, Entry> };

const most = 2000;
const place = /^(?:node_modules\/(?:@[^/\s]+\/)?[^/@\s][^/\s]*)(?:\/node_modules\/(?:@[^/\s]+\/)?[^/@\s][^/\s]*)*$/;

/** The lock in a text; refused unless all of it comes from a registry and is held by its digest. */
export const readLockFile = (text: string): LockFile => {
  const lock = JSON.parse(text) as LockFile;
  const entries = Object.entries(lock.packages ?? {}).filter(([path]) => path !== "");
  if (entries.length > most) throw new Unable(`These packages depend on more than ${most} others, which is the limit here.`);
  for (const [path, entry] of entries) {
    const name = nameAt(path);
    if (entry.resolved !== undefined || entry.link || (!entry.integrity && !entry.inBundle)) throw outside(name);
    if (!place.test(path) || path.split("/").includes(".."))
      throw new Unable(`${name} would be installed outside the notebook's packages.`);
  }
  return lock;
};

/** `node_modules/a/node_modules/@b/c` → `@b/c`. */
export const nameAt = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

/** How many packages of a lock this machine fetches: builds for other systems are left out. */
export const countHere = (lock: LockFile): number =>
  Object.entries(lock.packages).filter(
    ([path, { os, cpu, libc, inBundle }]) =>
      path !== "" &&
      !inBundle &&
      (os?.includes(process.platform) ?? true) &&
      (cpu?.includes(process.arch) ?? true) &&
      (libc?.includes("glibc") ?? true),
  ).length;

/** Digest of a lock's text: by it machines know what they have installed. */
export const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** Ranges as they are kept: who asked for a tag, or for nothing, keeps what was found and what is compatible to it. */
export const settled = (manifest: Manifest, lock: LockFile): { manifest: Manifest; lock: LockFile } => {
  const ranges = Object.fromEntries(
    Object.entries(manifest).map(([name, range]) => {
      const version = lock.packages[`node_modules/${name}`]?.version;
      return [name, version && isTag(range) ? `^${version}` : range];
    }),
  );
  const root = { ...lock.packages[""], dependencies: ranges };
  return { manifest: ranges, lock: { ...lock, packages: { ...lock.packages, "": root } } };
};

/** Whether the whole of an installed tree needs a script that was not run, by `name@version`. */
export const scriptsIn = (lock: LockFile): string[] =>
  [
    ...new Set(
      Object.entries(lock.packages).flatMap(([path, one]) => (path && one.hasInstallScript ? [`${nameAt(path)}@${one.version}`] : [])),
    ),
  ].sort();

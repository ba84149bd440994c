// The packages one kernel's sessions find: a folder that every session process sees read-only from its start, in which what a lock holds appears
// later. The files are those of the machine's library, linked, so a hundred sessions hold them once; where that cannot be, they are copied.
// `current` names the lock that imports look into. A folder on the shelf never changes and stays until the kernel goes: what was imported
// from it may still be read.

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { copyFile, link, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** What whoever waits for packages is told after this long. */
export const installingMs = 1500;
export const installingWords = "The notebook's npm packages are being installed on this machine. The cell runs when they are here.\n";

export type Shelf = ReturnType<typeof openShelf>;

/** Puts all files of a folder into another under the same names, links of the file system left out. */
const mirror = async (from: string, to: string, isLinked: boolean): Promise<void> => {
  await mkdir(to, { recursive: true, mode: 0o755 });
  const entries = await readdir(from, { withFileTypes: true });
  const files = entries.filter((one) => one.isFile());
  await Promise.all(
    files.map(async ({ name }) => {
      const [source, target] = [join(from, name), join(to, name)];
      if (
        !isLinked ||
        !(await link(source, target).then(
          () => true,
          () => false,
        ))
      )
        await copyFile(source, target);
    }),
  );
  for (const { name } of entries.filter((one) => one.isDirectory())) await mirror(join(from, name), join(to, name), isLinked);
};

/** Makes an empty shelf. Files are linked only where walls keep a session from writing them. */
export const openShelf = (folder: string, isWalled: boolean) => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const here = new Set<string>();
  const failures = new Map<string, string>();
  const putting = new Map<string, Promise<void>>();
  let current: string | null = null;
  let busy = 0;
  let isClosed = false;
  let rests: () => void = () => {};

  /** Looks into a lock from now on; one that is not here is none, and says why. */
  const turn = (key: string | null): void => {
    if (isClosed) return;
    current = key && here.has(key) ? key : null;
    const failure = (key && failures.get(key)) ?? null;
    writeFileSync(join(folder, ".current"), JSON.stringify({ key: current, failure }));
    renameSync(join(folder, ".current"), join(folder, "current"));
  };

  const put = (key: string, from: string): Promise<void> => {
    const known = here.has(key) ? Promise.resolve() : putting.get(key);
    if (known) return known;
    const made = (async () => {
      await mirror(from, join(folder, `.${key}`), isWalled);
      if (isClosed) return;
      await rename(join(folder, `.${key}`), join(folder, key));
      here.add(key);
    })().finally(() => putting.delete(key));
    putting.set(key, made);
    return made;
  };

  return {
    folder,
    /** Where a lock's node_modules are on this side of the walls; null without packages. */
    current: (): string | null => (current ? join(folder, current) : null),
    isBusy: (): boolean => busy > 0,
    /** Called when what was being placed is there, or failed. */
    onRest: (work: () => void): void => {
      rests = work;
    },
    /** Looks into another lock from now on; one that is not here, or null, is none. */
    use: (key: string | null): void => {
      if (key === null || key !== current) turn(key);
    },
    /** Places what an installation brings and looks into it from then on; executions wait. A failure is told to whoever imports. */
    place: async (key: string, bring: () => Promise<string>): Promise<void> => {
      busy += 1;
      try {
        await put(key, await bring());
        failures.delete(key);
      } catch (error) {
        failures.set(key, error instanceof Error ? error.message : String(error));
        throw error;
      } finally {
        turn(key);
        busy -= 1;
        if (busy === 0 && !isClosed) rests();
      }
    },
    close: (): void => {
      isClosed = true;
      if (here.size + putting.size === 0) rmSync(folder, { recursive: true, force: true });
      else void Promise.allSettled(putting.values()).then(() => rm(folder, { recursive: true, force: true }));
    },
  };
};

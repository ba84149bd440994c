// What this machine has installed, a folder for each lock: <home>/packages/<digest of the lock>. A folder appears by a rename when all of it is
// there and never changes, so whatever dies meanwhile, nothing half-installed is ever found. What is half done lies beside it under a name
// that starts with a dot and is removed by the next start.
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { countHere, keyOf, type LockFile, nameAt, readLockFile, scriptsIn, settled } from "#kernel/packages/lock.ts";
import { runNpm, Stopped, tooLarge, Unable } from "#kernel/packages/npm.ts";
import { folderMb } from "#kernel/sandbox/usage.ts";
import { env } from "#lib/kit/env.ts";
import { log } from "#lib/kit/log.ts";
import { type Content, emptyContent, type Lock, type Manifest } from "#lib/sessions/packages/contract.ts";

/** What lies beside node_modules: what people are told of it, and what the session needs to know two folders' packages apart. */
export type Card = { content: Content; versions: Record<string, string>; digests: Record<string, string> };
export type Telling = (sentence: string, fraction: number | null) => void;
type Work = { signal: AbortSignal; tell: Telling };

const atOnce = 2;
const keptDays = 30;
const cardName = "atelier.json";
const cacheMb = 2048;

/** Cells import through this file: what it names is looked up in the node_modules beside it. */
const door = "export const load = (specifier) => import(specifier);\n";

export const readCard = (folder: string): Card => JSON.parse(readFileSync(join(folder, cardName), "utf8")) as Card;

export type Library = ReturnType<typeof openLibrary>;

/** Opens the library of this machine's home and removes what is half done or long unused. */
export const openLibrary = (root = join(env.home, "packages")) => {
  const cache = join(root, ".cache");
  const making = new Map<string, Promise<string>>();
  const waiting: (() => void)[] = [];
  const closing = new AbortController();
  let running = 0;

  /** Whoever asked may stop it, and so does the end of the gateway. */
  const untilClosed = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, closing.signal]);

  const folderOf = (key: string): string => join(root, key);
  const has = (key: string): boolean => statSync(join(folderOf(key), cardName), { throwIfNoEntry: false }) !== undefined;
  /** When a folder was last asked for. */
  const usedAt = (name: string): number => statSync(folderOf(name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = (): string[] => {
    try {
      return readdirSync(root);
    } catch {
      return [];
    }
  };

  /** Takes a folder away at once, so that a removal that is cut short leaves nothing that looks whole. */
  const discard = (folder: string): void => {
    const away = join(root, `.making-${randomUUID()}`);
    renameSync(folder, away);
    void rm(away, { recursive: true, force: true }).catch(() => {}); // else by the next start
  };

  /** Removes what no session took for long, and then the oldest until the rest is small enough; running sessions have their own copy. */
  const tidy = async (): Promise<void> => {
    const kept = names()
      .filter((name) => /^[0-9a-f]{32}$/.test(name) && !making.has(name))
      .map((name) => ({ name, at: usedAt(name) }))
      .sort((a, b) => b.at - a.at);
    let mb = 0;
    for (const { name, at } of kept) {
      mb += await folderMb(folderOf(name));
      const isOld = Date.now() - at > keptDays * 86_400_000 || (mb > env.packagesMb * 8 && name !== kept[0]!.name);
      if (isOld && at === usedAt(name)) discard(folderOf(name)); // nobody took it meanwhile
    }
    if ((await folderMb(cache)) > cacheMb) rmSync(cache, { recursive: true, force: true });
  };
  for (const name of names()) if (name.startsWith(".making-")) rmSync(join(root, name), { recursive: true, force: true });
  void tidy().catch((error: unknown) => log.warn("packages could not be tidied", { error: String(error) }));

  /** A few at once on one machine; who waits is told, and is handed the place of the one that ends. */
  const inTurn = async <T>({ signal, tell }: Work, work: () => Promise<T>): Promise<T> => {
    if (running < atOnce) running += 1;
    else {
      tell("Waits for other installations on this machine.", null);
      await turn(untilClosed(signal));
    }
    try {
      if (signal.aborted) throw new Stopped();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };

  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(new Stopped());
      };
      waiting.push(go);
      signal.addEventListener("abort", leave, { once: true });
    });

  const inFolder = async <T>(manifest: Manifest, lock: string | null, work: (folder: string) => Promise<T>): Promise<T> => {
    const folder = join(root, `.making-${randomUUID()}`);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    try {
      writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "notebook", private: true, dependencies: manifest }));
      if (lock) writeFileSync(join(folder, "package-lock.json"), lock);
      return await work(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  const cardOf = async (folder: string, manifest: Manifest): Promise<Card> => {
    const found = JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8")) as LockFile;
    const places = Object.entries(found.packages).filter(([path]) => path !== "");
    const nested = (path: string): boolean => places.some(([other]) => other.startsWith(`${path}/node_modules/`));
    const items = await Promise.all(
      Object.entries(manifest).map(async ([name, range]) => {
        const path = `node_modules/${name}`;
        const entry = found.packages[path];
        const own = await folderMb(join(folder, path));
        const inside = nested(path) ? await folderMb(join(folder, path, "node_modules")) : 0;
        const sizeBytes = Math.round((own - inside) * 1_048_576);
        return { name, range, version: entry?.version ?? "", sizeBytes, needsScript: entry?.hasInstallScript === true };
      }),
    );
    const mb = await folderMb(join(folder, "node_modules"));
    if (mb > env.packagesMb) throw tooLarge();
    return {
      content: {
        items: items.sort((a, b) => a.name.localeCompare(b.name)),
        others: places.length - items.length,
        sizeBytes: Math.round(mb * 1_048_576),
        scripts: scriptsIn(found),
      },
      versions: Object.fromEntries(
        places.filter(([path]) => path === `node_modules/${nameAt(path)}`).map(([path, one]) => [nameAt(path), one.version ?? ""]),
      ),
      digests: Object.fromEntries(places.map(([path, one]) => [path, `${one.version} ${one.integrity ?? ""}`])),
    };
  };

  const install = ({ key, manifest, lock }: Lock, { signal, tell }: Work): Promise<string> =>
    inFolder(manifest, lock, async (folder) => {
      const total = countHere(readLockFile(lock));
      const here = new Set<string>();
      const heard = (line: string): void => {
        const found = /^npm http (?:fetch GET 200|cache) (\S+\.tgz)/.exec(line)?.[1];
        if (!found) return;
        here.add(found.replace(/^.*@(https?:)/, "$1"));
        tell(`${Math.min(here.size, total)} of ${total} packages are here.`, Math.min(1, here.size / total));
      };
      tell(`Fetches ${total} ${total === 1 ? "package" : "packages"}.`, 0);
      await runNpm(["ci"], { folder, cache }, { signal: untilClosed(signal), heard });
      const card = await cardOf(folder, manifest);
      writeFileSync(join(folder, "door.mjs"), door);
      writeFileSync(join(folder, cardName), JSON.stringify(card));
      try {
        renameSync(folder, folderOf(key));
      } catch {
        if (has(key)) return folderOf(key); // another gateway of this home was first
        discard(folderOf(key));
        renameSync(folder, folderOf(key));
      }
      return folderOf(key);
    });

  /** The folder of a lock, installed when it is not here yet; two who ask at once wait for one installation. */
  const ensure = (lock: Lock, work: Work): Promise<string> => {
    if (has(lock.key)) {
      const at = new Date();
      utimesSync(folderOf(lock.key), at, at);
      return Promise.resolve(folderOf(lock.key));
    }
    if (lock.key !== keyOf(lock.lock)) return Promise.reject(new Unable("This lock is not what it is named after."));
    const known = making.get(lock.key);
    if (known)
      return known.catch((error: unknown) => {
        if (error instanceof Stopped && !work.signal.aborted) return ensure(lock, work); // whoever began it no longer wants it
        throw error;
      });
    const made = inTurn(work, () => install(lock, work)).finally(() => making.delete(lock.key));
    making.set(lock.key, made);
    void made.then(tidy, () => {}).catch(() => {});
    return made;
  };

  /** Finds the versions for a manifest, keeping those of an earlier lock that still fit, and installs them. */
  const change = async (manifest: Manifest, earlier: string | null, work: Work): Promise<{ lock: Lock | null; content: Content }> => {
    if (Object.keys(manifest).length === 0) return { lock: null, content: emptyContent };
    const lock = await inTurn(work, () =>
      inFolder(manifest, earlier, async (folder) => {
        let asked = 0;
        work.tell("Asks the registry.", null);
        const heard = (line: string): void => {
          if (/^npm http fetch GET/.test(line)) work.tell(`Asks the registry: ${++asked} answers.`, null);
        };
        await runNpm(["install", "--package-lock-only"], { folder, cache }, { signal: untilClosed(work.signal), heard });
        const found = settled(manifest, readLockFile(readFileSync(join(folder, "package-lock.json"), "utf8")));
        const text = JSON.stringify(found.lock);
        return { key: keyOf(text), manifest: found.manifest, lock: text };
      }),
    );
    const { content } = readCard(await ensure(lock, work));
    return { lock, content };
  };

  /** The folder of a lock that is installed here, or null. */
  const find = (key: string): string | null => (/^[0-9a-f]{32}$/.test(key) && has(key) ? folderOf(key) : null);

  return { ensure, change, find, close: (): void => closing.abort() };
};

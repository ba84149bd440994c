// The notebook's own npm packages, as imports of a cell find them. The gateway puts each lock's packages into a folder of their own, which this
// process sees read-only, and names the one to look into; so what is added while a session runs is found by its next import.
//
// A package that was loaded once stays one: when another lock holds the same package with the same bytes, imports get the instance that is
// there, so that two packages meet in it and `instanceof` holds. Another version is loaded beside it, and the session says so.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

type Card = { versions: Record<string, string>; digests: Record<string, string> };
type Current = { key: string | null; failure: string | null };
type Door = { load: (specifier: string) => Promise<Record<string, unknown>> };

let folder = "";
let base = "";
const cards = new Map<string, Card>();
const doors = new Map<string, Promise<Door>>();
/** Which lock's folder a package was loaded from first, by its place in node_modules and its digest. */
const loaded = new Map<string, string>();
const versionsLoaded = new Map<string, string>();

export const setPackagesDir = (path: string): void => {
  folder = path;
  base = path ? `${pathToFileURL(path).href}/` : "";
};

const current = (): Current => {
  if (!folder) return { key: null, failure: null };
  try {
    return JSON.parse(readFileSync(join(folder, "current"), "utf8")) as Current;
  } catch {
    return { key: null, failure: null };
  }
};

const cardOf = (key: string): Card => {
  const known = cards.get(key) ?? (JSON.parse(readFileSync(join(folder, key, "atelier.json"), "utf8")) as Card);
  cards.set(key, known);
  return known;
};

/** Versions by name of what imports find now. */
export const installed = (): Record<string, string> => {
  const { key } = current();
  return key ? cardOf(key).versions : {};
};

/** Why the notebook's packages are not here, in words; null when they are, or it has none. */
export const whyAbsent = (): string | null => current().failure;

const own = /^([0-9a-f]{32})\/((?:node_modules\/(?:@[^/]+\/)?[^/]+\/)+)/;

/** Leads a file of a package to the folder the package was loaded from before, when it is the same package. */
const sameInstance = (url: string): string => {
  if (!base || !url.startsWith(base)) return url;
  const [, key = "", within = ""] = own.exec(url.slice(base.length)) ?? [];
  if (!key) return url;
  const place = decodeURIComponent(within.slice(0, -1));
  const digest = cardOf(key).digests[place];
  if (digest === undefined) return url;
  const first = loaded.get(`${place} ${digest}`);
  if (first) return first === key ? url : `${base}${first}${url.slice(base.length + key.length)}`;
  loaded.set(`${place} ${digest}`, key);
  noteVersion(place, digest.split(" ")[0]!);
  return url;
};

const noteVersion = (place: string, version: string): void => {
  const before = versionsLoaded.get(place);
  versionsLoaded.set(place, version);
  if (before === undefined || before === version) return;
  const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
  process.stderr.write(
    `${name} ${version} is loaded beside ${before}, which this session imported before. Restart the session to have only the new one.\n`,
  );
};

let isHooked = false;
const hook = (): void => {
  if (isHooked) return;
  isHooked = true;
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const url = sameInstance(found.url);
      return url === found.url ? found : { ...found, url };
    },
  });
};

/** Loads a module of the notebook's packages as Node does from the folder they are in; null when the notebook has no such package. */
export const importOwn = async (specifier: string, name: string): Promise<Record<string, unknown> | null> => {
  const { key } = current();
  if (!key || cardOf(key).versions[name] === undefined) return null;
  hook();
  const door = doors.get(key) ?? (import(`${base}${key}/door.mjs`) as Promise<Door>);
  doors.set(key, door);
  return (await door).load(specifier);
};

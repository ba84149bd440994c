// The promises of npm packages: a notebook has its own, by name and range, and a lock that says of everything installed which version it is
// and what its bytes are. Whoever may run may change them; sessions and pipeline stages find exactly what the lock says.
import { z } from "zod";
import { inWorkspace, operation } from "#lib/kit/operation.ts";

const word = "[A-Za-z0-9~][A-Za-z0-9._~-]*";
/** As the registry names packages, old ones with capitals among them, with or without a scope. */
export const packageName = new RegExp(`^(@${word}/)?${word}$`);

const part = "(?:[xX*]|\\d{1,9})";
const comparator = `(?:[~^]|[<>]=?|=)?\\s?v?${part}(?:\\.${part}){0,2}(?:-[0-9A-Za-z.-]{1,60})?(?:\\+[0-9A-Za-z.-]{1,60})?`;
const set = `${comparator}(?: - ${comparator}|(?: ${comparator})*)`;
const semver = new RegExp(`^${set}(?: ?\\|\\| ?${set})*$`);
const tag = /^[a-z][a-z0-9-]{0,40}$/;

/** Whether a text is a tag such as `latest` rather than a range. */
export const isTag = (range: string): boolean => tag.test(range) && !/^x$/.test(range);
/** A semver range or a tag; nothing that npm would read as an address, a folder, a file or another name. */
export const isRange = (range: string): boolean =>
  range.length <= 100 && !/\.t(ar|gz)|tar\.gz$/.test(range) && (semver.test(range) || isTag(range));

export const nameSchema = z
  .string()
  .max(214)
  .regex(packageName, "A package of the npm registry, such as left-pad or @scope/name: no address, folder or file.");
export const rangeSchema = z
  .string()
  .trim()
  .max(100)
  .refine((range) => range === "" || isRange(range), "A version or range such as 1.3.0, ^1.2 or latest: no address, folder or other name.");

/** `left-pad@^1` and `@scope/name` apart into name and range; what they hold is checked by their schemas. */
export const splitRequest = (text: string): { name: string; range: string } => {
  const at = text.indexOf("@", 1);
  return at < 0 ? { name: text, range: "" } : { name: text.slice(0, at), range: text.slice(at + 1) };
};

export const manifestSchema = z.record(nameSchema, z.string().max(100).refine(isRange));
export type Manifest = z.output<typeof manifestSchema>;

/** What one machine found when it installed a lock. */
export const contentSchema = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      range: z.string(),
      version: z.string(),
      sizeBytes: z.number().describe("Of its own files, without what it depends on"),
      needsScript: z.boolean().describe("Whether it wanted to run a script when installed; scripts are never run"),
    }),
  ),
  others: z.number().int().describe("Packages these depend on"),
  sizeBytes: z.number().describe("Of all of them"),
  scripts: z.array(z.string()).describe("Every package whose install script was not run; native add-ons among them do not work"),
});
export type Content = z.output<typeof contentSchema>;

/** A lock and the manifest it answers; `key` is the lock's digest, by which machines keep what they installed. */
export const lockSchema = z.object({ key: z.string().regex(/^[0-9a-f]{32}$/), manifest: manifestSchema, lock: z.string().max(8_000_000) });
export type Lock = z.output<typeof lockSchema>;

/** What a machine says while it changes packages, line by line. */
export type Change =
  | { type: "progress"; sentence: string; fraction: number | null }
  | { type: "done"; lock: Lock | null; content: Content }
  | { type: "refused"; message: string; mayPass: boolean };

const progressSchema = z.object({
  sentence: z.string(),
  fraction: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe("Of the packages that are here; null while it is not known how many there will be"),
  by: z.string(),
});
export type InstallProgress = z.output<typeof progressSchema>;

export const packagesSchema = contentSchema.extend({
  lock: z.string().nullable().describe("Digest of the lock; null without packages"),
  changedBy: z.string().nullable(),
  changedAt: z.string().nullable(),
  installing: progressSchema.nullable(),
});
export type Packages = z.output<typeof packagesSchema>;

const changedSchema = packagesSchema.extend({
  note: z.string().nullable().describe("What to know about the change, such as that a session keeps an older version it has imported"),
});

/** One change a person asks for. */
export type PackageChange = { verb: "added"; name: string; range: string } | { verb: "removed"; name: string };

export const packageEvents = { changed: "packages.changed" } as const;

const oneNotebook = { ...inWorkspace, notebook: z.string().max(64) };
const base = "/workspaces/{workspace}/notebooks/{notebook}/packages";

export const listPackages = operation({
  id: "packages.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists the npm packages of a notebook with versions and sizes, and how far an installation is that runs.",
  input: z.object(oneNotebook),
  output: packagesSchema,
});

export const addPackage = operation({
  id: "packages.add",
  method: "POST",
  path: base,
  grant: "run",
  summary:
    "Installs an npm package for a notebook, or another version of it; answers when it can be imported. Install scripts are not run. Closing the connection stops it.",
  input: z.object({ ...oneNotebook, name: nameSchema, range: rangeSchema.default("").describe("Empty takes the newest") }),
  output: changedSchema,
});

export const removePackage = operation({
  id: "packages.remove",
  method: "DELETE",
  path: `${base}/{name}`,
  grant: "run",
  summary: "Takes a package, and what only it needs, out of a notebook.",
  input: z.object({ ...oneNotebook, name: nameSchema }),
  output: changedSchema,
});

export const readLock = operation({
  id: "packages.lock",
  method: "GET",
  path: `${base}/lock`,
  grant: "read",
  summary: "Reads the notebook's package.json and package-lock.json, as npm ci takes them.",
  input: z.object(oneNotebook),
  output: z.object({ manifest: z.record(z.string(), z.unknown()), lock: z.record(z.string(), z.unknown()) }),
});

export const emptyContent: Content = { items: [], others: 0, sizeBytes: 0, scripts: [] };

// What a cell may import: `atelier`, Node's own modules, the notebook's packages, packages installed with the product, and files of the session's
// work folder. The notebook's own come before the product's.
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { importOwn, whyAbsent } from "#kernel/session/packages.ts";

const sdk = new URL("../../lib/sdk/index.ts", import.meta.url).href;
let workDir = process.cwd();

export const setWorkDir = (path: string): void => {
  workDir = path;
};

/** `@scope/name/file` → `@scope/name`. */
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

const absent = (name: string): Error => {
  const why = whyAbsent();
  if (why) return new Error(`The notebook's packages are not here, and so neither is ${name}: ${why} Restart the session to try again.`);
  return new Error(
    `There is no package ${name} here. Add it to the notebook by %npm install ${name}, or by Packages above it; or import from "atelier" and Node's own modules.`,
  );
};

/** Loads a module as a cell names it; a package that is not installed is refused in words. */
export const importModule = async (specifier: string): Promise<Record<string, unknown>> => {
  if (specifier === "atelier") return (await import(sdk)) as Record<string, unknown>;
  if (/^\.{0,2}\//.test(specifier)) return (await import(pathToFileURL(join(workDir, specifier)).href)) as Record<string, unknown>;
  const name = packageOf(specifier);
  try {
    const own = isBuiltin(specifier) ? null : await importOwn(specifier, name);
    return own ?? ((await import(specifier)) as Record<string, unknown>);
  } catch (error) {
    const isAbsent =
      (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" && String((error as Error).message).includes(`package '${name}'`);
    throw isAbsent ? absent(name) : error;
  }
};

/** A named import that is absent is an error at once, as in a module, not an undefined later. */
export const pick = (module: Record<string, unknown>, name: string, from: string): unknown => {
  if (name in module) return module[name];
  throw new SyntaxError(`"${from}" has no export ${name}. It has: ${Object.keys(module).slice(0, 30).join(", ")}.`);
};

// What a cell may import: `atelier`, Node's own modules, packages installed with the product, and files of the session's work folder.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const sdk = new URL("../../lib/sdk/index.ts", import.meta.url).href;
let workDir = process.cwd();

export const setWorkDir = (path: string): void => {
  workDir = path;
};

/** Loads a module as a cell names it; a package that is not installed is refused in words. */
export const importModule = async (specifier: string): Promise<Record<string, unknown>> => {
  if (specifier === "atelier") return (await import(sdk)) as Record<string, unknown>;
  if (/^\.{0,2}\//.test(specifier)) return (await import(pathToFileURL(join(workDir, specifier)).href)) as Record<string, unknown>;
  try {
    return (await import(specifier)) as Record<string, unknown>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND" || !String((error as Error).message).includes(`'${specifier}'`))
      throw error;
    throw new Error(
      `There is no package ${specifier} here. Import from "atelier", from Node's own modules, or from a package that is installed with the product.`,
    );
  }
};

/** A named import that is absent is an error at once, as in a module, not an undefined later. */
export const pick = (module: Record<string, unknown>, name: string, from: string): unknown => {
  if (name in module) return module[name];
  throw new SyntaxError(`"${from}" has no export ${name}. It has: ${Object.keys(module).slice(0, 30).join(", ")}.`);
};

// The lines of a cell that are no TypeScript: `%npm install left-pad@1`, `%npm remove left-pad`, `%npm list`. Each stands alone on its line and becomes a
// call of what `packages` of the SDK does, awaited in its place, so that the import below it finds the package.
import { importModule } from "#kernel/session/modules.ts";
import type * as sdk from "#lib/sdk/packages.ts";

const line = /^[ \t]*%npm(?=[ \t]|$)[^\n\r]*$/gm;

/** Whether a source may hold such lines; a text in backticks may look like one. */
export const mayHoldMagic = (source: string): boolean => source.includes("%npm") && source.search(line) >= 0;

/** The lines as calls; every line keeps its number. */
export const callMagic = (source: string, hook: string): string =>
  source.replaceAll(line, (words) => `await ${hook}.npm(${JSON.stringify(words.trim().slice("%npm".length).trim())});`);

/** The lines as comments of the same length, for whoever only reads TypeScript. */
export const muteMagic = (source: string): string =>
  mayHoldMagic(source) ? source.replaceAll(line, (words) => words.replace("%n", "//")) : source;

const usage = "Say %npm install NAME, such as %npm install left-pad@1; %npm remove NAME; or %npm list.";

/** Performs one line. */
export const npm = async (words: string): Promise<void> => {
  const [verb = "", ...names] = words.split(/[ \t]+/);
  const { packages } = (await importModule("atelier")) as unknown as { packages: typeof sdk };
  if (names.some((name) => name.startsWith("-")))
    throw new SyntaxError(`%npm takes no options: scripts are never run, and a lock is always kept. ${usage}`);
  if (/^(ls|list)$/.test(verb) && names.length === 0) {
    const found = await packages.list();
    console.log(found.map((one) => `${one.name} ${one.version}`).join("\n") || "This notebook has no npm packages.");
  } else if (/^(install|i|add)$/.test(verb) && names.length > 0) for (const name of names) await packages.add(name);
  else if (/^(remove|rm|uninstall|un)$/.test(verb) && names.length > 0) for (const name of names) await packages.remove(name);
  else throw new SyntaxError(usage);
};

// `packages` in a cell: the npm packages of its notebook. What is added is found by the next import, in this session and in every later one, by the same
// lock. In a cell, `%npm install left-pad@1` on a line of its own does the same.
import { Problem } from "#lib/kit/problem.ts";
import { callFromCell, session } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";
import { addPackage, listPackages, type Packages, removePackage, splitRequest } from "#lib/sessions/packages/contract.ts";

type Installed = Packages["items"][number];

const askEveryMs = 400;

const notebook = (): string => {
  const id = session()?.cell()?.notebookId;
  if (!id) throw new Problem("unavailable", "sdk.outside", "Packages belong to a notebook of Atelier. Run this in a notebook's cell.");
  return id;
};

/** Shows under the cell how far an installation is, until it has ended. */
const watched = async <T>(sentence: string, work: () => Promise<T>, done: (made: T) => string): Promise<T> => {
  const rule = progress(sentence);
  const id = notebook();
  let isOver = false;
  const look = async (): Promise<void> => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, askEveryMs));
      if (isOver) return;
      const now = (await callFromCell(listPackages, { notebook: id }).catch(() => null))?.installing;
      if (now && !isOver) rule.tell(now.fraction ?? 0, now.sentence);
    }
  };
  void look();
  try {
    const made = await work();
    isOver = true;
    rule.done(done(made));
    return made;
  } catch (error) {
    isOver = true;
    rule.failed(error instanceof Error ? error.message : String(error));
    throw error;
  }
};

/** A pipeline run has the packages its stage was promoted with: one that is there is there, another is not installed. */
const inPipeline = (name: string): boolean => {
  const port = session();
  if (!port?.cell()?.pipelineRunId) return false;
  if (port.installed()[name] !== undefined) return true;
  throw new Problem(
    "conflict",
    "packages.pinned",
    `A pipeline run installs nothing: it has the packages its notebook had when the stage was promoted, and ${name} was not among them. Install it in the notebook and promote the cells again.`,
  );
};

/**
 * Installs a package of the npm registry for this notebook, or another version of it; resolves when it can be imported. Install scripts never run.
 * In a pipeline run it only makes sure that the package is there.
 *
 * @example
 * await packages.add("left-pad@^1");
 * const { default: pad } = await import("left-pad");
 */
export const add = async (request: string): Promise<void> => {
  const { name, range } = splitRequest(request);
  if (inPipeline(name)) return;
  const signal = session()?.signal();
  const ask = () => callFromCell(addPackage, { notebook: notebook(), name, range }, signal ? { signal } : {});
  await watched(`Installing ${request}`, ask, ({ items, note }) => {
    const now = items.find((one) => one.name === name);
    return `${name} ${now?.version} is installed.${note ? ` ${note}` : ""}`;
  });
};

/**
 * Takes a package, and what only it needs, out of this notebook.
 *
 * @example
 * await packages.remove("left-pad");
 */
export const remove = async (name: string): Promise<void> => {
  const signal = session()?.signal();
  const ask = () => callFromCell(removePackage, { notebook: notebook(), name }, signal ? { signal } : {});
  await watched(`Removing ${name}`, ask, ({ note }) => `${name} is removed.${note ? ` ${note}` : ""}`);
};

/**
 * The packages of this notebook, with versions and sizes.
 *
 * @example
 * for (const one of await packages.list()) console.log(one.name, one.version, one.sizeBytes);
 */
export const list = async (): Promise<Installed[]> => (await callFromCell(listPackages, { notebook: notebook() })).items;

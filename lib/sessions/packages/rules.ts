// What a change makes of a notebook's packages, and what is worth saying of it.
import { isBuiltin } from "node:module";
import { missing, Problem } from "#lib/kit/problem.ts";
import type { Content, Manifest, PackageChange } from "#lib/sessions/packages/contract.ts";

type Item = Content["items"][number];

const most = 100;

/** The manifest after a change; refused where a name means something else in a cell, or is not there to be removed. */
export const wanted = (was: Manifest, change: PackageChange): Manifest => {
  const { [change.name]: known, ...rest } = was;
  if (change.verb === "removed") {
    if (known === undefined) throw missing("package", change.name);
    return rest;
  }
  if (change.name === "atelier" || isBuiltin(change.name))
    throw new Problem("conflict", "packages.builtin", `${change.name} is part of every session: import it without installing.`);
  if (Object.keys(rest).length >= most)
    throw new Problem("limit", "packages.many", `A notebook has at most ${most} packages. Remove one first.`);
  return { ...rest, [change.name]: change.range || "latest" };
};

const versionsOf = (items: Item[]): Map<string, string> => new Map(items.map(({ name, version }) => [name, version]));

/** Versions that are another than before, in words: `left-pad 1.2.0 → 1.3.0`. */
export const changesIn = (was: Item[], now: Item[]): string[] => {
  const [before, after] = [versionsOf(was), versionsOf(now)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} ${before.get(name) ?? "–"} → ${after.get(name) ?? "–"}`)
    .sort();
};

/** What to know about a change; `placed`: whether the session that runs has it, null when none runs. */
export const noteOn = ({
  change,
  was,
  now,
  placed,
}: {
  change: PackageChange;
  was: Item[];
  now: Content;
  placed: boolean | null;
}): string | null => {
  const before = versionsOf(was);
  const other = now.items.filter(({ name, version }) => before.has(name) && before.get(name) !== version);
  const asked = now.scripts.filter((one) => !was.some((old) => one === `${old.name}@${old.version}`));
  const sentences = [
    change.verb === "added" && asked.length > 0
      ? `${asked.join(", ")} ${asked.length === 1 ? "has an install script, which was" : "have install scripts, which were"} not run: a native add-on that is built by one does not work.`
      : null,
    placed === false ? "The session that runs could not be given the packages. Restart it." : null,
    placed === true && other.length > 0
      ? `What the session imported of ${other.map(({ name }) => `${name} ${before.get(name)}`).join(", ")} stays until it is restarted; new imports get ${other.map(({ version }) => version).join(", ")}.`
      : null,
    placed === true && change.verb === "removed" ? "What the session imported of it stays until it is restarted." : null,
  ].filter((one) => one !== null);
  return sentences.length > 0 ? sentences.join(" ") : null;
};

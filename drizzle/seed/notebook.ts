// What a shipped notebook is: plain data, so that the same cells are put into an installation, run by a test, and recorded.
import type { SeedTable } from "#drizzle/seed/tables.ts";

export type SeedCell = { cellType: "code" | "markdown"; source: string };
export type SeedNotebook = {
  /** Names the file of its recorded outputs. */
  key: string;
  title: string;
  /** Tables of the workspace that its cells open. */
  tables?: readonly SeedTable[];
  cells: readonly SeedCell[];
  /** Texts to replace in its cells where a smaller run is wanted: what a test runs, not what ships. */
  smaller?: Record<string, string>;
};

export const text = (source: string): SeedCell => ({ cellType: "markdown", source });
export const code = (source: string): SeedCell => ({ cellType: "code", source: source.trim() });

/** The notebook's cells with its `smaller` texts put in; throws when one of them is nowhere, so that none goes stale. */
export const smallerCells = ({ title, cells, smaller = {} }: SeedNotebook): SeedCell[] => {
  const stale = Object.keys(smaller).find((from) => !cells.some((cell) => cell.source.includes(from)));
  if (stale !== undefined) throw new Error(`${title}: no cell holds "${stale}", which a smaller run replaces.`);
  return cells.map((cell) => ({
    ...cell,
    source: Object.entries(smaller).reduce((source, [from, to]) => source.replaceAll(from, to), cell.source),
  }));
};

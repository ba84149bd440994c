// Decisions of a promotion: which cells are meant, whether their text is the one that was seen, and what the next revision holds.
import { Problem } from "#lib/kit/problem.ts";
import type { Cell } from "#lib/notebooks/contract.ts";

export type PinnedCell = { cellId: string; position: number; source: string; hash: string };
export type PinnedStage = { name: string; notebookId: string; cells: PinnedCell[]; limitMs: number; packages?: string | null };

/** The name a cell gives itself in its first line, as in `// @cell train`; null when it has none. */
export const cellName = (source: string): string | null => /^\s*\/\/\s*@cell\s+(\S.*?)\s*(?:\n|$)/.exec(source)?.[1] ?? null;

const findCell = (cells: Cell[], wanted: string): Cell => {
  const byId = cells.find((cell) => cell.id === wanted);
  if (byId) return byId;
  const named = cells.filter((cell) => cell.cellType === "code" && cellName(cell.source) === wanted);
  if (named.length === 1) return named[0]!;
  const message =
    named.length > 1
      ? `${named.length} cells are named ${wanted}. Give each its own name in its first line.`
      : `There is no cell ${wanted} in this notebook. Name one by its id, or write // @cell ${wanted} in its first line.`;
  throw new Problem(
    named.length > 1 ? "conflict" : "missing",
    named.length > 1 ? "pipelines.cell_twice" : "pipelines.cell_missing",
    message,
  );
};

/**
 * The cells a promotion pins, in the order of the notebook, each once, with the number the notebook shows beside them (code cells from 1).
 * 409 when a text is not the one that was seen.
 */
export const pinCells = (cells: Cell[], wanted: { cell: string; sourceHash?: string | undefined }[]): PinnedCell[] => {
  const code = cells.filter((cell) => cell.cellType === "code");
  const chosen = new Set<string>();
  for (const { cell, sourceHash } of wanted) {
    const found = findCell(cells, cell);
    if (found.cellType !== "code")
      throw new Problem("invalid", "pipelines.not_code", `cells: ${cell} is a text cell. Choose code cells for a stage.`);
    const position = code.indexOf(found) + 1;
    if (found.source.trim() === "")
      throw new Problem("invalid", "pipelines.empty_cell", `cells: Cell ${position} is empty. Choose cells with code.`);
    if (sourceHash && sourceHash !== found.hash)
      throw new Problem(
        "conflict",
        "pipelines.moved_on",
        `The text of cell ${position} moved on since you saw it. Look at it and promote again.`,
        {
          detail: { cellId: found.id },
        },
      );
    chosen.add(found.id);
  }
  return code.flatMap((cell, index) =>
    chosen.has(cell.id) ? [{ cellId: cell.id, position: index + 1, source: cell.source, hash: cell.hash }] : [],
  );
};

const isSame = (a: PinnedStage, b: PinnedStage): boolean =>
  a.notebookId === b.notebookId &&
  a.limitMs === b.limitMs &&
  (a.packages ?? null) === (b.packages ?? null) &&
  a.cells.length === b.cells.length &&
  a.cells.every((cell, index) => cell.cellId === b.cells[index]!.cellId && cell.hash === b.cells[index]!.hash);

/** What an unnamed stage is called: as the stage that holds these cells already, else as its first cell. */
export const stageNameFor = (known: PinnedStage[], notebookId: string, cells: PinnedCell[]): string => {
  const ids = cells.map((cell) => cell.cellId).join(" ");
  const same = known.find((stage) => stage.notebookId === notebookId && stage.cells.map((cell) => cell.cellId).join(" ") === ids);
  if (same) return same.name;
  const first = cells[0]!;
  const base = cellName(first.source) ?? `Cell ${first.position}`;
  let name = base;
  for (let n = 2; known.some((stage) => stage.name === name); n++) name = `${base}, ${n}`;
  return name;
};

/** Where a stage goes in the next revision: in place of its namesake, else last; null when nothing would change (P1). */
export const placeStage = (known: PinnedStage[], stage: PinnedStage): number | null => {
  const index = known.findIndex((one) => one.name === stage.name);
  if (index < 0) return known.length;
  return isSame(known[index]!, stage) ? null : index;
};

// The shape of a notebook's document and everything that is done to it; pure, shared by the page, the server and tests. A cell's place is
// a fractional key of its own (`pos`, compared as text, ties by id): moving sets one value, so nobody's concurrent typing is lost.
import { digest } from "lib0/hash/sha256";
import * as Y from "yjs";
import type { Cell, CellType } from "#lib/notebooks/contract.ts";

export type CellMap = Y.Map<unknown>;
const digits = "0123456789abcdefghijklmnopqrstuvwxyz";

/** SHA-256 of a source in hex, the same in a browser and on the server. */
export const hashSource = (source: string): string =>
  Array.from(digest(new TextEncoder().encode(source)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A key strictly between two keys (null: open end). Never ends in the lowest digit, so there is always room before it. */
export const between = (low: string | null, high: string | null): string => {
  let key = "";
  for (let i = 0; ; i++) {
    const a = low !== null && i < low.length ? digits.indexOf(low[i]!) : 0;
    const b = high !== null && i < high.length ? digits.indexOf(high[i]!) : high === null ? digits.length : digits.length;
    if (a === b) {
      key += digits[a];
      continue;
    }
    if (b - a > 1) return key + digits[Math.floor((a + b) / 2)];
    // neighbours: keep the lower digit and go on with the upper end open
    return key + digits[a] + between(low === null ? null : low.slice(i + 1) || null, null);
  }
};

const cellsOf = (doc: Y.Doc): Y.Map<CellMap> => doc.getMap<CellMap>("cells");

/** Cells in order; a broken cell (no text) is left out rather than breaking the page. */
export const orderedCells = (doc: Y.Doc): CellMap[] =>
  [...cellsOf(doc).values()]
    .filter((cell) => cell instanceof Y.Map && cell.get("source") instanceof Y.Text)
    .sort((a, b) => {
      const [p, q] = [String(a.get("pos") ?? ""), String(b.get("pos") ?? "")];
      if (p !== q) return p < q ? -1 : 1;
      return String(a.get("id")) < String(b.get("id")) ? -1 : 1;
    });

export const idOf = (cell: CellMap): string => String(cell.get("id"));
export const typeOf = (cell: CellMap): CellType => (cell.get("cell_type") === "markdown" ? "markdown" : "code");
export const textOf = (cell: CellMap): Y.Text => cell.get("source") as Y.Text;
export const cellById = (doc: Y.Doc, id: string): CellMap | null => cellsOf(doc).get(id) ?? null;

/** Cells as plain data, in order. */
export const readCells = (doc: Y.Doc): Cell[] =>
  orderedCells(doc).map((cell) => {
    const source = textOf(cell).toString();
    const metadata = cell.get("metadata");
    return {
      id: idOf(cell),
      cellType: typeOf(cell),
      source,
      hash: hashSource(source),
      pos: String(cell.get("pos") ?? ""),
      metadata: metadata instanceof Y.Map ? (metadata.toJSON() as Record<string, unknown>) : {},
    };
  });

const keyAfter = (doc: Y.Doc, after: string | null): string => {
  const cells = orderedCells(doc);
  const index = after === null ? -1 : cells.findIndex((cell) => idOf(cell) === after);
  const low = index >= 0 ? String(cells[index]!.get("pos")) : null;
  const high =
    cells
      .slice(index + 1)
      .map((cell) => String(cell.get("pos")))
      .find((pos) => low === null || pos > low) ?? null;
  return between(low, high);
};

/** Adds a cell after another (null: at the top); origin lets undo tell one person's work from another's. */
export const addCell = (
  doc: Y.Doc,
  cell: { id: string; cellType: CellType; source?: string; after: string | null },
  origin: unknown = null,
): void => {
  doc.transact(() => {
    const made: CellMap = new Y.Map();
    made.set("id", cell.id);
    made.set("cell_type", cell.cellType);
    made.set("source", new Y.Text(cell.source ?? ""));
    made.set("metadata", new Y.Map());
    made.set("pos", keyAfter(doc, cell.after));
    cellsOf(doc).set(cell.id, made);
  }, origin);
};

export const deleteCell = (doc: Y.Doc, id: string, origin: unknown = null): void => doc.transact(() => cellsOf(doc).delete(id), origin);

/** Moves a cell behind another (null: to the top). */
export const moveCell = (doc: Y.Doc, id: string, after: string | null, origin: unknown = null): void => {
  const cell = cellById(doc, id);
  if (cell && after !== id) doc.transact(() => cell.set("pos", keyAfter(doc, after)), origin);
};

export const convertCell = (doc: Y.Doc, id: string, cellType: CellType, origin: unknown = null): void => {
  const cell = cellById(doc, id);
  if (cell) doc.transact(() => cell.set("cell_type", cellType), origin);
};

/** Fills an empty document; only the server does this, once in a notebook's life. */
export const seedDocument = (doc: Y.Doc, cells: { id: string; cellType: CellType; source: string }[]): void => {
  doc.transact(() => {
    doc.getMap("meta").set("version", 1);
    let after: string | null = null;
    for (const cell of cells) {
      addCell(doc, { ...cell, after });
      after = cell.id;
    }
  });
};

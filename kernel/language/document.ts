// A notebook as TypeScript sees it: every code cell is a module. Its first line is ours: imports of the names it may take from other cells
// and exports of the names it gives; then comes the cell's own text. So all cells share one scope, any redefinition is legal, and a change
// of one cell is a change of one small file:
//
//   import { loans } from "cell:1"; export { rate };
//   const rate = await loans.column("int_rate");
//
// A name means what the nearest cell above says it is; where no cell above declares it, the nearest below; else the session's variable.

import { type Declared, readNames } from "#kernel/language/names.ts";
import { muteMagic } from "#kernel/session/magic.ts";

export type CellFile = {
  id: string;
  path: string;
  source: string;
  declared: Declared;
  /** The first line, with its line break; empty until it is first asked for. */
  prelude: string;
  /** Where each imported name stands in the prelude and which module it comes from; and where each exported one stands. */
  imports: Map<string, { at: number; from: string }>;
  exports: Map<string, number>;
  version: number;
};

/** The module of variables that no cell declares. */
export const sessionModule = "cell:session";
const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

export type Document = ReturnType<typeof makeDocument>;

/** Makes an empty notebook whose files lie in a folder that exists only here. */
export const makeDocument = (folder: string) => {
  const cells = new Map<string, CellFile>();
  const byPath = new Map<string, CellFile>();
  let order: CellFile[] = [];
  let owners = new Map<string, number[]>();
  let sessionNames: ReadonlySet<string> = new Set();
  let active: CellFile | null = null;
  let made = 0;
  let version = 0;

  const add = (id: string): CellFile => {
    const path = `${folder}/${++made}.ts`;
    const cell: CellFile = {
      id,
      path,
      source: "",
      declared: readNames(""),
      prelude: "",
      imports: new Map(),
      exports: new Map(),
      version: 0,
    };
    cells.set(id, cell);
    byPath.set(path, cell);
    return cell;
  };

  /** Which module a cell takes a name from; null when it has it itself or nobody has. */
  const sourceOf = (cell: CellFile, at: number, name: string): string | null => {
    if (cell.declared.names.includes(name)) return null;
    const places = owners.get(name);
    const index = places?.findLast((place) => place < at) ?? places?.find((place) => place > at);
    if (index !== undefined) return moduleOf(order[index]!);
    return sessionNames.has(name) ? sessionModule : null;
  };

  const moduleOf = (cell: CellFile): string => `cell:${cell.path.slice(folder.length + 1, -3)}`;

  const write = (cell: CellFile, at: number): void => {
    const taken = new Map<string, string[]>();
    const candidates = cell === active ? [...owners.keys(), ...sessionNames] : cell.declared.words;
    for (const name of new Set(candidates)) {
      const from = sourceOf(cell, at, name);
      if (from) taken.set(from, [...(taken.get(from) ?? []), name]);
    }
    const imports: CellFile["imports"] = new Map();
    const exports: CellFile["exports"] = new Map();
    let text = "";
    for (const [from, names] of taken) {
      text += "import {";
      for (const name of names) {
        imports.set(name, { at: text.length + 1, from });
        text += ` ${name},`;
      }
      text += ` } from "${from}"; `;
    }
    text += "export {";
    for (const name of cell.declared.names) {
      if (cell.declared.exported.has(name)) continue;
      exports.set(name, text.length + 1);
      text += ` ${name},`;
    }
    text += " };\n";
    if (text === cell.prelude) return;
    Object.assign(cell, { prelude: text, imports, exports, version: ++version });
  };

  const rewrite = (): void => {
    for (const [at, cell] of order.entries()) write(cell, at);
  };

  const own = (): void => {
    owners = new Map();
    for (const [at, cell] of order.entries())
      for (const name of cell.declared.names) {
        if (!identifier.test(name)) continue;
        const places = owners.get(name);
        if (places) places.push(at);
        else owners.set(name, [at]);
      }
  };

  const isSame = (a: Declared, b: Declared): boolean =>
    a.names.join() === b.names.join() && [...a.exported].join() === [...b.exported].join();

  return {
    folder,
    /** Grows with every change of anything. */
    version: (): number => version,
    cells: (): readonly CellFile[] => order,
    cell: (id: string): CellFile | null => cells.get(id) ?? null,
    at: (path: string): CellFile | null => byPath.get(path) ?? null,
    moduleOf,
    owner: (module: string): CellFile | null => byPath.get(`${folder}/${module.slice("cell:".length)}.ts`) ?? null,
    isDeclared: (name: string): boolean => owners.has(name),
    /** The path a cell module's name leads to. */
    pathOf: (module: string): string => `${folder}/${module.slice("cell:".length)}.ts`,
    /** Takes the cells in the order of the page, and the texts that changed; a cell that is not named is gone. */
    update: (ids: readonly string[], changed: Record<string, string>): void => {
      let isMoved = ids.length !== order.length || ids.some((id, at) => order[at]!.id !== id);
      for (const [id, text] of Object.entries(changed)) {
        if (!ids.includes(id)) continue;
        const source = muteMagic(text);
        const cell = cells.get(id) ?? add(id);
        if (cell.source === source && cell.version > 0) continue;
        const declared = readNames(source);
        isMoved ||= !isSame(declared, cell.declared);
        Object.assign(cell, { source, declared, version: ++version });
      }
      if (isMoved) {
        version += 1;
        order = ids.map((id) => cells.get(id) ?? add(id));
        const kept = new Set(ids);
        for (const [id, cell] of cells)
          if (!kept.has(id)) {
            cells.delete(id);
            byPath.delete(cell.path);
            if (active === cell) active = null;
          }
        own();
        rewrite();
      } else for (const [at, cell] of order.entries()) if (cell.id in changed) write(cell, at);
    },
    /** The cell somebody writes in sees every name, so that all can be completed; the others import what they mention. */
    activate: (id: string): void => {
      const next = cells.get(id) ?? null;
      if (next === active) return;
      const before = active;
      active = next;
      for (const [at, cell] of order.entries()) if (cell === before || cell === next) write(cell, at);
    },
    /** Names of the session's variables. */
    setSession: (names: readonly string[]): void => {
      const next = new Set(names.filter((name) => identifier.test(name)));
      if (next.size === sessionNames.size && [...next].every((name) => sessionNames.has(name))) return;
      sessionNames = next;
      version += 1;
      rewrite();
    },
    touch: (): void => {
      version += 1;
    },
  };
};

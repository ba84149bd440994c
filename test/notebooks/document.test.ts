// The document itself: order keys, moves and concurrent work, without any server.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import {
  addCell,
  between,
  deleteCell,
  hashSource,
  idOf,
  moveCell,
  orderedCells,
  readCells,
  seedDocument,
  textOf,
} from "#lib/notebooks/document.ts";

const seeded = (): Y.Doc => {
  const doc = new Y.Doc();
  seedDocument(
    doc,
    ["a", "b", "c"].map((id) => ({ id, cellType: "code", source: id })),
  );
  return doc;
};
const order = (doc: Y.Doc): string => orderedCells(doc).map(idOf).join("");
const exchange = (a: Y.Doc, b: Y.Doc): void => {
  const [fromA, fromB] = [Y.encodeStateAsUpdate(a), Y.encodeStateAsUpdate(b)];
  Y.applyUpdate(a, fromB);
  Y.applyUpdate(b, fromA);
};
const copyOf = (doc: Y.Doc): Y.Doc => {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
};

describe("order keys", () => {
  it("there is always a key strictly between two, and it never ends in the lowest digit", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 200 }), (places) => {
        const keys: string[] = [];
        for (const place of places) {
          const at = place % (keys.length + 1);
          const key = between(keys[at - 1] ?? null, keys[at] ?? null);
          if (at > 0) expect(key > keys[at - 1]!).toBe(true);
          if (at < keys.length) expect(key < keys[at]!).toBe(true);
          expect(key.endsWith("0")).toBe(false);
          keys.splice(at, 0, key);
        }
      }),
    );
  });
});

describe("N4 concurrent work", () => {
  it("a move never loses what somebody types into the moved cell meanwhile", () => {
    const a = seeded();
    const b = copyOf(a);
    moveCell(a, "c", null);
    textOf(orderedCells(b)[2]!).insert(1, " typed");
    exchange(a, b);
    expect(order(a)).toBe("cab");
    expect(order(b)).toBe("cab");
    expect(readCells(a)[0]!.source).toBe("c typed");
  });
  it("two documents converge after any mix of adds, moves and deletes on both sides", () => {
    const action = fc.record({ kind: fc.constantFrom("add", "move", "delete", "type"), at: fc.nat(20), to: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 20 }), fc.array(action, { maxLength: 20 }), (left, right) => {
        const a = seeded();
        const b = copyOf(a);
        let n = 0;
        const perform = (doc: Y.Doc, name: string, one: { kind: string; at: number; to: number }) => {
          const cells = orderedCells(doc);
          const cell = cells[one.at % Math.max(1, cells.length)];
          const to = cells[one.to % Math.max(1, cells.length)];
          if (one.kind === "add" || !cell) addCell(doc, { id: `${name}${n++}`, cellType: "code", after: to ? idOf(to) : null });
          else if (one.kind === "move") moveCell(doc, idOf(cell), to ? idOf(to) : null);
          else if (one.kind === "delete") deleteCell(doc, idOf(cell));
          else textOf(cell).insert(0, name);
        };
        for (const one of left) perform(a, "l", one);
        for (const one of right) perform(b, "r", one);
        exchange(a, b);
        exchange(a, b);
        expect(readCells(a)).toEqual(readCells(b));
        expect(new Set(readCells(a).map((cell) => cell.id)).size).toBe(readCells(a).length);
      }),
      { numRuns: 60 },
    );
  });
});

it("a source's hash is SHA-256 in hex", () => {
  expect(hashSource("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

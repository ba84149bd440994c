// The cells of a notebook as modules: whose name a name is, and how little changes when somebody types.
import { describe, expect, it } from "vitest";
import { makeDocument, sessionModule } from "#kernel/language/document.ts";
import { isName, readNames } from "#kernel/language/names.ts";

const open = (...sources: string[]) => {
  const document = makeDocument("/cells");
  const ids = sources.map((_, i) => `c${i}`);
  document.update(ids, Object.fromEntries(sources.map((source, i) => [ids[i]!, source])));
  const giver = (cell: string, name: string): string | null => {
    const from = document.cell(cell)?.imports.get(name)?.from;
    return !from ? null : from === sessionModule ? "session" : (document.owner(from)?.id ?? null);
  };
  const versions = () => document.cells().map((cell) => cell.version);
  return { document, ids, giver, versions };
};

describe("whose name a name is", () => {
  it("L1 the nearest cell above gives it, else the nearest below, else the session", () => {
    const { document, giver } = open("a; s", "const a = 1", "a; s", "let a = 2", "a", "const a = a");
    expect(["c0", "c2", "c4", "c5"].map((cell) => giver(cell, "a"))).toEqual(["c1", "c1", "c3", null]);
    expect(giver("c0", "s")).toBeNull();
    document.setSession(["s", "a", "not a name"]);
    expect([giver("c0", "s"), giver("c2", "a")]).toEqual(["session", "c1"]);
  });
  it("moving, deleting and adding cells changes who gives", () => {
    const { document, giver } = open("const a = 1", "const a = 2", "a");
    expect(giver("c2", "a")).toBe("c1");
    document.update(["c1", "c0", "c2"], {});
    expect(giver("c2", "a")).toBe("c0");
    document.update(["c1", "c2"], {});
    expect(giver("c2", "a")).toBe("c1");
    document.update(["c2"], {});
    expect(giver("c2", "a")).toBeNull();
    document.update(["c2", "c9"], { c9: "function a() {}" });
    expect(giver("c2", "a")).toBe("c9");
  });
  it("the cell somebody writes in sees every name, the others only what they mention", () => {
    const { document, giver } = open("const first = 1", "const second = 2", "", "second");
    expect([giver("c2", "first"), giver("c3", "second"), giver("c3", "first")]).toEqual([null, "c1", null]);
    document.activate("c2");
    expect([giver("c2", "first"), giver("c2", "second")]).toEqual(["c0", "c1"]);
    document.activate("c3");
    expect([giver("c2", "first"), giver("c3", "first")]).toEqual([null, "c0"]);
  });
});

describe("how little changes", () => {
  it("a letter in one of two hundred cells changes that one file, and no letter none", () => {
    const sources = Array.from({ length: 200 }, (_, i) => `const v${i} = ${i === 0 ? 0 : `v${i - 1}`}`);
    const { document, ids, versions } = open(...sources);
    document.activate("c150");
    const before = versions();
    document.update(ids, { c150: `${sources[150]} + 1` });
    expect(versions().flatMap((version, i) => (version === before[i] ? [] : [i]))).toEqual([150]);
    const after = document.version();
    document.update(ids, { c150: `${sources[150]} + 1` });
    expect(document.version()).toBe(after);
  });
  it("a new name changes only those that mention it, and the one that is written in", () => {
    const { document, ids, versions } = open("const a = 1", "b", "c", "");
    document.activate("c3");
    const before = versions();
    document.update(ids, { c0: "const a = 1, b = 2" });
    expect(versions().flatMap((version, i) => (version === before[i] ? [] : [i]))).toEqual([0, 1, 3]);
  });
});

describe("what a cell declares", () => {
  it("is every name of its top level: values, types, imports, parts of patterns, and var in blocks", () => {
    const source = `import d, { a as b, type T } from "x"; import * as n from "y";
      const { p, q: [r, ...s], ...rest } = o; let u; function f(inner) { var hidden }
      class C {} interface I {} type A = 1; enum E {} namespace N {}
      if (u) { var deep = 1; let block } for (var i of []) {} export const given = 1; export { p as other };`;
    const { names, exported } = readNames(source);
    expect(names.sort()).toEqual(
      ["A", "C", "E", "I", "N", "T", "b", "d", "deep", "f", "given", "i", "n", "p", "r", "rest", "s", "u"].sort(),
    );
    expect([...exported].sort()).toEqual(["given", "other"]);
  });
  it("is told though the cell is half written", () => {
    expect(readNames("const a = 1\nfunction f(x) { return [x").names).toEqual(["a", "f"]);
    expect(readNames("const { a, b: ").names).toContain("a");
    expect(readNames("").names).toEqual([]);
  });
  it("a name is a word that can name a variable", () => {
    expect(["a", "größe", "$x", "from", "type"].filter(isName)).toHaveLength(5);
    expect(["", "1a", "a b", "await", "class", "yield", "a.b", "😀"].filter(isName)).toEqual([]);
  });
});

// The language service through its operations, on real notebooks, with a real gateway and its language process.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { library } from "#drizzle/seed/library.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/sessions/language/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusals } from "#test/kit/refusals.ts";

let house: House;
const main = { workspace: "main" };
beforeAll(async () => {
  house = await openHouse({ kernel: true });
});
afterAll(() => house.close());

type Written = Awaited<ReturnType<typeof write>>;

/** A notebook of these cells; `|` in a source marks a place to ask about and is taken out. */
const write = async (...sources: string[]) => {
  const ask = house.as("editor");
  const marks = sources.map((source) => source.indexOf("|"));
  const texts = sources.map((source, i) => (marks[i]! < 0 ? source : source.slice(0, marks[i]) + source.slice(marks[i]! + 1)));
  const made = await ask(notebooks.createNotebook, {
    ...main,
    title: "Language",
    cells: texts.map((source) => ({ cellType: "code" as const, source })),
  });
  const { cells } = await ask(notebooks.readNotebook, { ...main, notebook: made.id });
  const at = sources.findIndex((_, i) => marks[i]! >= 0);
  const ids = cells.map((cell) => cell.id);
  return { ...main, notebook: made.id, ids, texts, place: { ...main, notebook: made.id, cellId: ids[at]!, offset: marks[at]! } };
};
const complete = async (...sources: string[]) => {
  const { place } = await write(...sources);
  return (await house.as("viewer")(contract.completeCell, place)).items;
};
const namesAt = async (...sources: string[]) => (await complete(...sources)).map((one) => one.name);
const faults = async (...sources: string[]) => {
  const { workspace, notebook } = await write(...sources);
  const { cells } = await house.as("viewer")(contract.diagnoseCells, { workspace, notebook });
  return cells.map((cell) => cell.faults.map((one) => one.message));
};
/** The texts of all cells after a rename at the mark. */
const renamed = async (name: string, ...sources: string[]) => {
  const { place, ids, texts } = await write(...sources);
  const { edits, refusal } = await house.as("viewer")(contract.renameAt, { ...place, name });
  const after = ids.map((id, i) =>
    edits
      .filter((edit) => edit.cellId === id)
      .sort((a, b) => b.start - a.start)
      .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.start + edit.length), texts[i]!),
  );
  return { refusal, after };
};
const definitionOf = async (...sources: string[]) => {
  const { place, ids, texts } = await write(...sources);
  const { places } = await house.as("viewer")(contract.definitionAt, place);
  return places.map((one) => {
    const cell = ids.indexOf(one.cellId);
    return { cell, line: texts[cell]!.slice(one.start).split("\n")[0] };
  });
};

describe("refusals", () => {
  let one: Written;
  beforeAll(async () => {
    one = await write("const a = 1|");
  });
  for (const operation of [contract.completeCell, contract.hoverAt, contract.definitionAt, contract.renameAt, contract.signatureAt])
    refusals(
      () => house,
      operation,
      () => one.place as never,
      { minimumRole: "viewer", bad: { offset: -1 } as never },
    );
});

describe("completion", () => {
  it("a name of another cell, above or below, can be completed", async () => {
    expect(await namesAt("const loans = 1", "lo|", "const lots = 2")).toEqual(expect.arrayContaining(["loans", "lots"]));
  });
  it("members have the type the cell above gave them", async () => {
    expect(await namesAt("const person = { name: 'Ada', born: 1815 }", "person.|")).toEqual(["born", "name"]);
  });
  it("the SDK is typed, and a cell without its import is offered it", async () => {
    expect(await namesAt('import { datasets } from "atelier"', "datasets.|")).toEqual(
      expect.arrayContaining(["open", "sql", "save", "list"]),
    );
    const offered = (await complete("1", "const x = await da|")).find((item) => item.name === "datasets");
    expect(offered).toMatchObject({ origin: "atelier", edits: [{ start: 0, length: 0, text: 'import { datasets } from "atelier";\n' }] });
    const more = (await complete('import { runs } from "atelier"\nda|')).find((item) => item.name === "datasets");
    expect(more?.edits).toMatchObject([{ start: 13, length: 0, text: ", datasets" }]);
  });
  it("Node's modules, and what every cell has, are known", async () => {
    expect(await namesAt('import { readFile } from "node:fs/promises"', "readF|")).toContain("readFile");
    expect(await namesAt("dis|")).toContain("display");
    expect(await namesAt("docum|")).not.toContain("document");
  });
  it("an awaited value at the top of a cell is itself, not its promise", async () => {
    expect(await namesAt("const text = await Promise.resolve('x')", "text.toUp|")).toContain("toUpperCase");
  });
  it("a cell that is half written still gives its names and can be completed", async () => {
    expect(await namesAt("const half = { a: 1, b: [", "half.|")).toEqual(["a", "b"]);
    expect(await namesAt("const whole = { left: 1 }\nif (whole.|")).toEqual(["left"]);
  });
  it("positions are UTF-16 code units, before and after an emoji", async () => {
    expect(await namesAt("const face = { '😀': 1, smile: 2 }", "const s = '😀😀'; face.|")).toContain("smile");
  });
  it("the text the editor sends is what is asked about, though the document has not got it yet", async () => {
    const { ids, workspace, notebook } = await write("const person = { name: 'Ada' }", "1");
    const asked = { workspace, notebook, cellId: ids[1]!, source: "person.", offset: 7 };
    expect((await house.as("viewer")(contract.completeCell, asked)).items.map((one) => one.name)).toEqual(["name"]);
  });
  it("a completion tells its type and its documentation", async () => {
    const { place } = await write("/** Adds one. */\nfunction more(n: number) { return n + 1 }", "mo|");
    expect(await house.as("viewer")(contract.describeCompletion, { ...place, name: "more" })).toEqual({
      signature: "function more(n: number): number",
      documentation: "Adds one.",
    });
  });
});

describe("shared scope", () => {
  it("any redefinition is legal, and a name means what the nearest cell above says", async () => {
    expect(
      await faults("const x = 1", "let x = 'a'; x.length", "function x() { return 1 }", "x().toFixed()", "class x {}", "new x()"),
    ).toEqual(Array.from({ length: 6 }, () => []));
    expect(await namesAt("const x = 1", "const x = 'text'", "x.toU|", "const x = [1]")).toContain("toUpperCase");
  });
  it("a name of another cell can be assigned and can be made of what it was", async () => {
    expect(await faults("let n = 1", "n = 2; n += 1", "const n = [1].map((one) => one + 1)")).toEqual([[], [], []]);
    expect(await faults("let rows = [3, 1]", "rows = rows.filter((one) => one > 1)", "var rows = rows.slice(1)")).toEqual([[], [], []]);
  });
  it("types, enums and imports are shared as values are", async () => {
    expect(
      await faults(
        "interface Person { name: string }\nenum Mood { good, bad }\ntype Pair = [number, number]",
        'import { basename } from "node:path"\nimport * as fs from "node:fs"',
        "const p: Person = { name: 'a' }; const q: Pair = [1, 2]; Mood.good; basename('x'); fs.existsSync('x')",
      ),
    ).toEqual([[], [], []]);
  });
  it("a name that no cell and no session has is a fault", async () => {
    const { notebook, workspace } = await write("count.toFixed()");
    expect((await house.as("viewer")(contract.diagnoseCells, { workspace, notebook })).cells[0]!.faults.map((one) => one.code)).toEqual([
      2304,
    ]);
  });
});

describe("diagnostics", () => {
  it("a wrong type in another cell's value is found, at its place", async () => {
    const { workspace, notebook, texts } = await write("const n = 1", "const s = '😀'\nn.toUpperCase()");
    const { cells } = await house.as("viewer")(contract.diagnoseCells, { workspace, notebook });
    expect(cells[0]!.faults).toEqual([]);
    expect(cells[1]!.faults).toMatchObject([{ severity: "error", code: 2339, start: texts[1]!.indexOf("toUpperCase"), length: 11 }]);
    expect(cells[1]!.faults[0]!.message).toBe("Property 'toUpperCase' does not exist on type '1'.");
  });
  it("a syntax error is said once, at its place, and does not spread to other cells", async () => {
    const { workspace, notebook } = await write("const ok = 1", "const = 2", "ok + 1");
    const { cells } = await house.as("viewer")(contract.diagnoseCells, { workspace, notebook });
    expect(cells.map((cell) => cell.faults.length > 0)).toEqual([false, true, false]);
    expect(cells[1]!.faults[0]).toMatchObject({ start: 6, code: 1134 });
  });
  it("top-level await, loops over it, and expressions that only show are no faults", async () => {
    expect(await faults("await Promise.resolve(1)\nfor await (const one of [Promise.resolve(1)]) one;\n({ a: 1 })", "[1, 2]")).toEqual([
      [],
      [],
    ]);
  });
  it("what may be missing at run time is a warning, not an error, and advice for projects is left out", async () => {
    const { workspace, notebook } = await write("const rows = [{ n: 1 }]", "rows.at(-1).n + test");
    const { cells } = await house.as("viewer")(contract.diagnoseCells, { workspace, notebook });
    expect(cells[1]!.faults.map((one) => [one.severity, one.message])).toEqual([
      ["warning", "Object is possibly 'undefined'."],
      ["error", "Cannot find name 'test'."],
    ]);
  });
  it.each(library)("the shipped notebook $title has no error", async (shipped) => {
    const code = shipped.cells.filter((cell) => cell.cellType === "code").map((cell) => cell.source);
    const { workspace, notebook } = await write(...code.map((source) => source.replaceAll("|", "¦")));
    const { cells } = await house.as("viewer")(contract.diagnoseCells, { workspace, notebook });
    expect(cells.flatMap((cell, i) => cell.faults.filter((one) => one.severity === "error").map((one) => `${i}: ${one.message}`))).toEqual(
      [],
    );
  });
  it("no file of the machine is read: what a cell names outside of the walls is unknown", async () => {
    const source = fileURLToPath(new URL("../../kernel/process.ts", import.meta.url));
    expect(await namesAt(`import * as inside from "${source}"; inside.|`)).toEqual([]);
    expect(await namesAt('import * as inside from "../../kernel/process.ts"; inside.|')).toEqual([]);
    expect((await faults('import { env } from "#lib/kit/env.ts"'))[0]!.join()).toMatch(/Cannot find module/);
  });
});

describe("reading", () => {
  it("hover tells type and documentation, of other cells' names too", async () => {
    const { place } = await write("/** How many loans. */\nconst total = 9857", "to|tal + 1");
    const { info } = await house.as("viewer")(contract.hoverAt, place);
    expect(info).toEqual({ span: { start: 0, length: 5 }, signature: "const total: 9857", documentation: "How many loans." });
  });
  it("hover names the SDK's types without paths of this machine", async () => {
    const { place } = await write('import { datasets } from "atelier"', "const loans = await datasets.open('x' as string); lo|ans");
    const { info } = await house.as("viewer")(contract.hoverAt, { ...place });
    expect(info?.signature).toMatch(/^const loans: Table/);
    const inside = await write('import { datasets } from "atelier"', "data|sets.list()");
    const found = await house.as("viewer")(contract.hoverAt, inside.place);
    expect(found.info).toMatchObject({ signature: "module datasets", documentation: expect.stringContaining("`open`") });
  });
  it("signature help tells which argument comes next", async () => {
    const { place } = await write("function rate(good: number, bad: number) { return bad / (good + bad) }", "rate(1, |");
    const { help } = await house.as("viewer")(contract.signatureAt, place);
    expect(help).toMatchObject({ argument: 1, signatures: [{ label: "rate(good: number, bad: number): number" }] });
    const [from, to] = help!.signatures[0]!.parameters[1]!.label;
    expect(help!.signatures[0]!.label.slice(from, to)).toBe("bad: number");
  });
  it("a definition is found in the cell that gives the name, by the nearest above", async () => {
    expect(await definitionOf("const x = 1", "const x = 2 // second", "x| + 1")).toEqual([{ cell: 1, line: "x = 2 // second" }]);
    expect(await definitionOf("later|()", "function later() {}")).toEqual([{ cell: 1, line: "later() {}" }]);
    expect(await definitionOf('import { datasets } from "atelier"', "datasets| ")).toEqual([
      { cell: 0, line: 'datasets } from "atelier"' },
    ]);
  });
});

describe("rename", () => {
  it("a name is renamed in the cell that declares it and in all that take it from there", async () => {
    const { after, refusal } = await renamed("total", "let sum = 1", "sum += 2; const o = { sum }", "const t = `${su|m}`; o.sum");
    expect(refusal).toBeNull();
    expect(after).toEqual(["let total = 1", "total += 2; const o = { sum: total }", "const t = `${total}`; o.sum"]);
  });
  it("a redefinition keeps its own name: only those that mean the same are renamed", async () => {
    const { after } = await renamed("y", "const x| = 1", "x + 1", "const x = 'two'", "x.length");
    expect(after).toEqual(["const y = 1", "y + 1", "const x = 'two'", "x.length"]);
  });
  it("a name that is imported gets a name of its own, and the package keeps its", async () => {
    const { after } = await renamed("tables", 'import { datasets } from "atelier"', "await data|sets.list()", "datasets.open('x')");
    expect(after).toEqual(['import { datasets as tables } from "atelier"', "await tables.list()", "tables.open('x')"]);
  });
  it("a local name stays local, and a property is renamed wherever it is used", async () => {
    expect((await renamed("each", "const x = 1", "[1].map((x|) => x + 1)")).after).toEqual(["const x = 1", "[1].map((each) => each + 1)"]);
    expect((await renamed("born", "const ada = { year|: 1815 }", "ada.year")).after).toEqual(["const ada = { born: 1815 }", "ada.born"]);
  });
  it("what has no name of its own, or would fall together with another, is refused in words", async () => {
    expect((await renamed("x", "1 +| 1")).refusal).toMatch(/has a name/);
    expect((await renamed("lift", "'a'.toUpper|Case()")).refusal).toMatch(/keeps its name|has a name/);
    expect((await renamed("b", "const a| = 1", "const b = 2")).refusal).toMatch(/declares b already/);
    expect((await renamed("await", "const a| = 1")).refusal).toMatch(/cannot be a name/);
    expect((await renamed("from", "const a| = 1", "a")).after).toEqual(["const from = 1", "from"]);
    expect((await renamed("not a name", "const a| = 1")).refusal).toMatch(/cannot be a name/);
  });
  it("positions hold after an emoji", async () => {
    expect((await renamed("b", "const s = '😀'; const a| = 1; a", "'😀' + a")).after).toEqual([
      "const s = '😀'; const b = 1; b",
      "'😀' + b",
    ]);
  });
});

describe("formatting", () => {
  it("a cell is formatted by changes of its own text only", async () => {
    const { ids, texts, workspace, notebook } = await write("const other = 1", "const a={b:1,c:[1,2]}\nif(a){\nother\n}");
    const { edits } = await house.as("viewer")(contract.formatCell, { workspace, notebook, cellId: ids[1]! });
    const after = edits
      .sort((a, b) => b.start - a.start)
      .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.start + edit.length), texts[1]!);
    expect(after).toBe("const a = { b: 1, c: [1, 2] }\nif (a) {\n  other\n}");
  });
});

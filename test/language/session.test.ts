// What the language service knows that no cell says: variables of the session, columns of tables, packages of the notebook; and that it
// outlives its process.
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as datasets from "#lib/datasets/contract.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import { isPending, readOutputs, runCells } from "#lib/sessions/contract.ts";
import * as contract from "#lib/sessions/language/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { openSocket, talkOver } from "#test/kit/jupyter.ts";
import { eventually, treeOf } from "#test/kit/product.ts";

let house: House;
const main = { workspace: "main" };
beforeAll(async () => {
  house = await openHouse({ kernel: true });
});
afterAll(() => house.close());

const write = async (...sources: string[]) => {
  const cells = sources.map((source) => ({ cellType: "code" as const, source }));
  const { id } = await house.as("editor")(notebooks.createNotebook, { ...main, title: "Known", cells });
  const made = await house.as("editor")(notebooks.readNotebook, { ...main, notebook: id });
  return { notebook: id, cells: made.cells };
};
type Cells = Awaited<ReturnType<typeof write>>;
/** Names that complete `source`, written at this moment into a cell of the notebook. */
const namesFor = async ({ notebook, cells }: Cells, source: string, who: "viewer" | "editor" = "editor", cell = 0): Promise<string[]> => {
  const asked = { ...main, notebook, cellId: cells[cell]!.id, source, offset: source.length };
  return (await house.as(who)(contract.completeCell, asked)).items.map((one) => one.name);
};
const run = async ({ notebook, cells }: Cells): Promise<void> => {
  const wanted = cells.map((cell) => ({ cellId: cell.id, sourceHash: cell.hash }));
  await house.as("editor")(runCells, { ...main, notebook, cells: wanted });
  await eventually("the cells have run", async () => {
    const { cells: states } = await house.as("viewer")(readOutputs, { ...main, notebook });
    return states.length === wanted.length && states.every((one) => !isPending(one.status));
  });
};
const languagePid = (): number | null => treeOf(process.pid).language?.[0] ?? null;

describe("variables of the session", () => {
  it("a variable whose cell is gone is known with its type, to those who may run", async () => {
    const one = await write(
      "const kept = [1, 2, 3]; const seen = new Map([[1, 'a']]); globalThis.word = 'text'; const shape = { wide: 1, deep: { er: 2 } }",
    );
    await run(one);
    expect(await namesFor(one, "kept.fi")).toEqual(expect.arrayContaining(["filter", "findLast"]));
    expect(await namesFor(one, "seen.")).toEqual(expect.arrayContaining(["get", "size"]));
    expect(await namesFor(one, "word.toUp")).toContain("toUpperCase");
    expect(await namesFor(one, "kept.fi", "viewer")).toEqual([]);
    expect(await namesFor(one, "shape.")).toEqual(["deep", "wide"]);
    expect(await namesFor(one, "shape.deep.")).toEqual(["er"]);
    expect(await namesFor(one, "shape.", "viewer")).toEqual([]);
    const faulty = await house.as("editor")(contract.diagnoseCells, {
      ...main,
      notebook: one.notebook,
      cellId: one.cells[0]!.id,
      source: "kept.length + word.size",
    });
    expect(faulty.cells[0]!.faults.map((fault) => fault.message)).toEqual(["Property 'size' does not exist on type 'string'."]);
  });
});

describe("columns of tables", () => {
  it("a table's columns are typed from its newest version, and a pinned version from its own", async () => {
    await house.as("editor")(datasets.createDataset, { ...main, name: "loans" });
    const { readNext } = await import("#lib/datasets/jobs.ts");
    const upload = async (body: string) => {
      await house.as("editor")(datasets.uploadVersion, { ...main, dataset: "loans", fileName: "l.csv" }, { body });
      await readNext();
    };
    await upload("int_rate,grade\n13.99,C4\n");
    const one = await write('import { datasets } from "atelier";', "1");
    expect(await namesFor(one, 'const t = await datasets.open("', "viewer", 1)).toEqual(["loans", "loans@1"]);
    expect(await namesFor(one, 'const t = await datasets.open("loans"); await t.column("', "viewer", 1)).toEqual(["int_rate", "grade"]);
    expect(await namesFor(one, 'const t = await datasets.open("loans"); (await t.column("int_rate")).byteL', "viewer", 1)).toContain(
      "byteLength",
    );
    expect(await namesFor(one, 'const t = await datasets.open("loans"); (await t.rows())[0].', "viewer", 1)).toEqual(["grade", "int_rate"]);
    await upload("int_rate,grade,bad\n13.99,C4,true\n");
    const rows = 'const t = await datasets.open("loans"); (await t.rows())[0].';
    await eventually("the new version is known", async () => (await namesFor(one, rows, "viewer", 1)).includes("bad"));
    expect(await namesFor(one, 'const t = await datasets.open("loans@1"); await t.column("', "viewer", 1)).toEqual(["int_rate", "grade"]);
  });
  it("a table is named by its data set, not by all its columns", async () => {
    const source = 'const t = await datasets.open("loans"); const u = await datasets.open("loans@1");';
    const one = await write('import { datasets } from "atelier";', source);
    const typeAt = async (offset: number) =>
      (await house.as("viewer")(contract.hoverAt, { ...main, notebook: one.notebook, cellId: one.cells[1]!.id, offset })).info?.signature;
    expect([await typeAt(6), await typeAt(source.indexOf("u ="))]).toEqual(["const t: Table<loans>", "const u: Table<loans_v1>"]);
  });
  it("a column that is not there is a fault, and a table nobody knows takes any column", async () => {
    const source =
      'const t = await datasets.open("loans"); await t.column("grades"); const u = await datasets.open("other"); await u.column("any")';
    const one = await write('import { datasets } from "atelier";', source);
    const { cells } = await house.as("viewer")(contract.diagnoseCells, { ...main, notebook: one.notebook });
    expect(cells.map((cell) => cell.faults.map((fault) => source.slice(fault.start, fault.start + fault.length)))).toEqual([
      [],
      ['"grades"'],
    ]);
  });
  it("another workspace's tables are unknown", async () => {
    const cells = [{ cellType: "code" as const, source: 'import { datasets } from "atelier";' }];
    const { id } = await house.as("stranger")(notebooks.createNotebook, { workspace: "other", title: "Other", cells });
    const made = await house.as("stranger")(notebooks.readNotebook, { workspace: "other", notebook: id });
    const source = 'import { datasets } from "atelier"; datasets.open("';
    const asked = { workspace: "other", notebook: id, cellId: made.cells[0]!.id, source, offset: source.length };
    expect((await house.as("stranger")(contract.completeCell, asked)).items).toEqual([]);
  });
});

describe("packages of the notebook", () => {
  it("types come from its own node_modules, and a link out of the folder leads nowhere", async () => {
    const { openLanguageService } = await import("#kernel/language/service.ts");
    const service = openLanguageService();
    const folder = mkdtempSync(join(tmpdir(), "atelier-packages-"));
    const elsewhere = mkdtempSync(join(tmpdir(), "atelier-elsewhere-"));
    const put = (at: string, text: string): void => {
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, "package.json"), JSON.stringify({ name: "it", version: "1.0.0", types: "index.d.ts" }));
      writeFileSync(join(at, "index.d.ts"), text);
    };
    put(join(folder, "node_modules/lantern"), "export declare const lamp: { bright: number };");
    put(elsewhere, "export declare const hidden: { secret: number };");
    symlinkSync(elsewhere, join(folder, "node_modules/outside"));
    try {
      const namesIn = async (packages: { folder: string; stamp: string } | null, source: string): Promise<string[]> => {
        const ask = { type: "complete" as const, cellId: "a", offset: source.length };
        const reply = await service.ask({
          notebook: "n",
          from: null,
          to: randomUUID(),
          order: ["a"],
          changed: { a: source },
          packages,
          ask,
        });
        return reply.isStale ? [] : (reply.answer as { items: { name: string }[] }).items.map((one) => one.name);
      };
      const lamp = 'import { lamp } from "lantern"; lamp.';
      expect(await namesIn(null, lamp)).toEqual([]);
      expect(await namesIn({ folder, stamp: "1" }, lamp)).toEqual(["bright"]);
      expect(await namesIn({ folder, stamp: "1" }, 'import { hidden } from "outside"; hidden.')).toEqual([]);
      put(join(folder, "node_modules/lantern"), "export declare const lamp: { dim: number };");
      expect(await namesIn({ folder, stamp: "2" }, lamp)).toEqual(["dim"]);
    } finally {
      service.close();
      rmSync(folder, { recursive: true });
      rmSync(elsewhere, { recursive: true });
    }
  });
});

describe("the process", () => {
  it("a hundred cells share their names, and a change in the first reaches the last", async () => {
    const sources = Array.from({ length: 100 }, (_, i) =>
      i === 0 ? "const v0 = 1" : i === 99 ? "v98.toFixed()" : `const v${i} = v${i - 1}`,
    );
    const one = await write(...sources);
    const faultsWith = async (source: string) => {
      const asked = { ...main, notebook: one.notebook, cellId: one.cells[0]!.id, source };
      const { cells } = await house.as("viewer")(contract.diagnoseCells, asked);
      return cells.flatMap((cell, i) => cell.faults.map((fault) => `${i}: ${fault.message}`));
    };
    expect(await faultsWith("const v0 = 1")).toEqual([]);
    expect(await faultsWith("const v0: string = 'text'")).toEqual([
      "99: Property 'toFixed' does not exist on type 'string'. Did you mean 'fixed'?",
    ]);
    expect(await namesFor(one, "v98.toF", "viewer", 99)).toEqual(["toFixed"]);
  });
  it("more notebooks than the process holds take turns, and each keeps its own names", async () => {
    const many = await Promise.all(Array.from({ length: 10 }, (_, i) => write(`const own = { only${i}: ${i} }`, "1")));
    for (const round of [1, 2])
      expect([round, await Promise.all(many.map((one) => namesFor(one, "own.", "viewer", 1)))]).toEqual([
        round,
        many.map((_, i) => [`only${i}`]),
      ]);
  });
  it("killed at work, it is started again and every notebook goes on, whoever asks", async () => {
    const one = await write("const person = { name: 'Ada' }", "1");
    expect(await namesFor(one, "person.", "viewer", 1)).toEqual(["name"]);
    const before = languagePid()!;
    process.kill(before, "SIGKILL");
    const answers = await Promise.all(["person.", "person.na", "person."].map((source) => namesFor(one, source, "viewer", 1)));
    expect(answers).toEqual([["name"], ["name"], ["name"]]);
    expect(languagePid()).not.toBe(before);
  });
  it("a question that never ends is cut off with a sentence, its notebook waits a while, and the others are answered", async () => {
    const { openLanguageService } = await import("#kernel/language/service.ts");
    const service = openLanguageService({ answerMs: 1000 });
    const ask = { type: "hover" as const, cellId: "a", offset: 6 };
    const question = (notebook = "n") => ({ notebook, from: null, to: randomUUID(), order: ["a"], changed: { a: "const a = 1" }, ask });
    try {
      expect((await service.ask(question())).isStale).toBe(false);
      const held = service.pid()!;
      process.kill(held, "SIGSTOP");
      await expect(service.ask(question())).rejects.toThrow("This took too long to work out.");
      expect((await service.ask(question("other"))).isStale).toBe(false);
      expect(service.pid()).not.toBe(held);
      await expect(service.ask(question())).rejects.toThrow("This took too long to work out.");
    } finally {
      service.close();
    }
  });
});

describe("limits of the process", () => {
  it("one that outgrows its memory ends, the gateway lives, and after three in a row it rests instead of dying on", async () => {
    const { openLanguageService } = await import("#kernel/language/service.ts");
    const service = openLanguageService({ memoryMb: 48 });
    const ask = { type: "hover" as const, cellId: "a", offset: 6 };
    const question = { notebook: "n", from: null, to: "1", order: ["a"], changed: { a: 'import { learn } from "atelier"; learn' }, ask };
    try {
      for (const _ of [1, 2, 3]) expect(await service.ask(question)).toEqual({ isStale: true });
      await expect(service.ask(question)).rejects.toThrow("rests a moment");
    } finally {
      service.close();
    }
  });
});

describe("a Jupyter client", () => {
  it("completes what types say beside what lives, and what has not run is known by its text", async () => {
    const headers = { authorization: `token ${house.tokens.editor}`, "content-type": "application/json" };
    const made = (await (await fetch(`${house.url}/api/kernels`, { method: "POST", headers, body: "{}" })).json()) as { id: string };
    const wire = await openSocket(house.url, made.id, { headers });
    const talk = talkOver(wire);
    await talk.run("const point = { across: 1, along: 2 }");
    const matchesOf = async (code: string): Promise<string[]> =>
      (await talk.ask("complete_request", { code, cursor_pos: [...code].length })).reply.matches as string[];
    await eventually("types are known", async () => (await matchesOf("'😀'; const s = point; s.al")).includes("along"));
    const matches = (code: string, names: string[]) =>
      eventually(`${code} is completed`, async () => isDeepStrictEqual(await matchesOf(code), names));
    await matches("point.a", ["across", "along"]);
    await matches('import { datasets } from "atelier"; datasets.op', ["open"]);
    const look = (await talk.ask("inspect_request", { code: "point", cursor_pos: 3, detail_level: 0 })).reply.data as Record<
      string,
      string
    >;
    expect(look["text/plain"]).toMatch(/^const point: \{\n {4}across: number;\n {4}along: number;\n\}\n\npoint: Object\n/);
    wire.close();
  });
});

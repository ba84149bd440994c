// The datasets room over real HTTP, with the real reader process: what is uploaded comes out whole, typed and reported.

import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as contract from "#lib/datasets/contract.ts";
import { readNext } from "#lib/datasets/jobs.ts";
import { send } from "#lib/kit/call.ts";
import { type House, openHouse } from "#test/kit/house.ts";
import { refusal, refusals } from "#test/kit/refusals.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse();
  await house.as("editor")(contract.createDataset, { ...main, name: "trades" });
});
afterAll(() => house.close());
const main = { workspace: "main" };

const upload = async (name: string, fileName: string, body: string | Uint8Array<ArrayBuffer>): Promise<contract.Version> => {
  await house
    .as("editor")(contract.createDataset, { ...main, name })
    .catch(() => {});
  const made = await house.as("editor")(contract.uploadVersion, { ...main, dataset: name, fileName }, { body });
  expect(made.status).toBe("reading");
  await readNext();
  return house.as("viewer")(contract.readVersion, { ...main, dataset: name, version: String(made.number) });
};

const tableOf = async (name: string): Promise<Record<string, unknown>[]> => {
  const answer = await send(
    contract.downloadTable,
    { ...main, dataset: name, version: "latest" },
    { baseUrl: house.url, token: house.tokens.viewer },
  );
  const path = join(tmpdir(), `atelier-test-${name}-${Date.now()}.parquet`);
  await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  const db = await (await DuckDBInstance.create(":memory:")).connect();
  return (await db.runAndReadAll(`select * from '${path}'`)).getRowObjectsJson() as Record<string, unknown>[];
};

describe("refusals", () => {
  refusals(
    () => house,
    contract.listDatasets,
    () => main,
    { minimumRole: "viewer", bad: { limit: 0 } },
  );
  refusals(
    () => house,
    contract.createDataset,
    () => ({ ...main, name: "fresh" }),
    { minimumRole: "editor", bad: { name: "No Spaces" } },
  );
  refusals(
    () => house,
    contract.readDataset,
    () => ({ ...main, dataset: "trades" }),
    { minimumRole: "viewer" },
  );
  refusals(
    () => house,
    contract.uploadVersion,
    () => ({ ...main, dataset: "trades", fileName: "a.csv" }),
    { minimumRole: "editor", bad: { fileName: "a.exe" }, body: "a\n1\n" },
  );
  refusals(
    () => house,
    contract.deleteDataset,
    () => ({ ...main, dataset: "trades" }),
    { minimumRole: "owner" },
  );
  it("an unknown data set and version are missing, a taken name is a conflict, one in use is not deleted", async () => {
    expect((await refusal(house.as("owner")(contract.readDataset, { ...main, dataset: "absent" }))).status).toBe(404);
    expect((await refusal(house.as("owner")(contract.readVersion, { ...main, dataset: "trades", version: "9" }))).status).toBe(404);
    expect((await refusal(house.as("editor")(contract.createDataset, { ...main, name: "trades" }))).code).toBe("datasets.name_taken");
    expect((await refusal(house.as("owner")(contract.deleteDataset, { ...main, dataset: "trades" }))).code).toBe("datasets.not_trashed");
  });
});

describe("reading CSV", () => {
  it("DS2 keeps every ragged row and reports it with its line", async () => {
    const version = await upload("ragged", "r.csv", 'id,name,amount\n1,ann,10.5\n2,bob\n3,"c, d",7,EXTRA\n4,"q""x",1\n');
    expect(version).toMatchObject({ status: "ready", rowCount: 4 });
    expect(version.report).toMatchObject({ raggedCount: 2 });
    expect(version.report!.ragged.map((row) => row.line).sort()).toEqual([3, 4]);
    const rows = await tableOf("ragged");
    expect(rows.map((row) => row.name).sort()).toEqual(["ann", "bob", "c, d", 'q"x']);
    expect(rows.find((row) => row.name === "bob")!.amount).toBeNull();
  });
  it("DS2 reports the values that were not numbers, with examples, and keeps the original byte for byte", async () => {
    const body = `x,code\n${Array.from({ length: 99 }, (_, i) => `${i},0${i}`).join("\n")}\nabout five,099\n`;
    const version = await upload("mixed", "m.csv", body);
    expect(version.report!.coerced).toEqual([
      { column: "x", count: 1, to: "null, because the column is numbers", examples: ["about five"] },
    ]);
    expect(version.columns!.map((column) => column.type)).toEqual(["number", "text"]);
    const original = await send(
      contract.downloadOriginal,
      { ...main, dataset: "mixed", version: "1" },
      { baseUrl: house.url, token: house.tokens.viewer },
    );
    expect(await original.text()).toBe(body);
  });
  it("types dates, booleans, missing signs and Latin-1, and profiles what it typed", async () => {
    const version = await upload(
      "typed",
      "t.csv",
      Buffer.from("day;ok;city;n\n2024-01-01;true;Zürich;1\n2024-01-02;false;NA;2\n2024-02-01;true;Genève;?\n", "latin1"),
    );
    expect(version.columns!.map((column) => column.type)).toEqual(["date", "boolean", "text", "integer"]);
    expect(version.columns![2]).toMatchObject({
      nulls: 1,
      levels: [
        { value: "Genève", count: 1 },
        { value: "Zürich", count: 1 },
      ],
    });
    expect(version.columns![3]).toMatchObject({ nulls: 1, min: 1, max: 2, mean: 1.5 });
    expect(version.report!.notes[0]).toContain("Latin-1");
  });
  it("DS6 prose in a .txt file keeps every line as it stands; a .txt table stays a table", async () => {
    const lines = [
      "First Citizen:",
      "Before we proceed, hear me.",
      "",
      "  NA",
      "None, sir; none",
      '"What, "said he',
      ...Array(20).fill("Speak, speak."),
    ];
    const prose = await upload("prose", "prose.txt", `\uFEFF${lines.join("\r\n")}\r\n`);
    expect(prose).toMatchObject({ status: "ready", rowCount: lines.length });
    expect(prose.columns!.map(({ name, type }) => [name, type])).toEqual([["text", "text"]]);
    expect((await tableOf("prose")).map((row) => row.text)).toEqual(lines);
    const cells = await upload("cells", "cells.txt", "a\tb\n1\t2\n3\t4\n");
    expect(cells.columns!.map(({ name, type }) => [name, type])).toEqual([
      ["a", "integer"],
      ["b", "integer"],
    ]);
    expect((await upload("numbers", "numbers.txt", "1\n2\n3\n")).columns!.map((one) => one.type)).toEqual(["integer"]);
  });
  it("a real table comes out with its published shape", async () => {
    const { readFile } = await import("node:fs/promises");
    const version = await upload("lending_club", "lending_club.csv", await readFile("drizzle/seed/data/lending_club.csv"));
    expect(version.rowCount).toBe(9857);
    expect(version.columns!.length).toBe(23);
    expect(version.columns!.at(-1)!.levels).toEqual([
      { value: "good", count: 9340 },
      { value: "bad", count: 517 },
    ]);
    expect(version.columns![0]!.histogram!.counts.reduce((a, b) => a + b)).toBe(9857);
  });
  it("a file that is no table fails with a sentence, and the reader lives on", async () => {
    const version = await upload("broken", "b.parquet", "this is not parquet");
    expect(version.status).toBe("failed");
    expect(version.failure).toContain("could not be read");
    expect((await refusal(house.as("viewer")(contract.readVersion, { ...main, dataset: "broken", version: "2" }))).status).toBe(404);
    expect((await upload("after", "a.csv", "a\n1\n")).status).toBe("ready");
  });
});

describe("limits and life", () => {
  it("DS5 an empty upload is refused", async () => {
    expect(
      (await refusal(house.as("editor")(contract.uploadVersion, { ...main, dataset: "trades", fileName: "a.csv" }, { body: "" }))).code,
    ).toBe("datasets.empty");
  });
  it("DS1 two uploads are two versions, and the trash gives back what it took", async () => {
    await upload("twice", "a.csv", "a\n1\n");
    expect((await upload("twice", "a.csv", "a\n1\n2\n")).number).toBe(2);
    await house.as("editor")(contract.trashDataset, { ...main, dataset: "twice" });
    expect((await house.as("viewer")(contract.listDatasets, { ...main, trash: "true" })).items.map((one) => one.name)).toEqual(["twice"]);
    expect(
      (await refusal(house.as("editor")(contract.uploadVersion, { ...main, dataset: "twice", fileName: "a.csv" }, { body: "a\n" }))).code,
    ).toBe("datasets.trashed");
    expect((await house.as("editor")(contract.restoreDataset, { ...main, dataset: "twice" })).trashedAt).toBeNull();
  });
});

// The shipped notebooks that do not run on a first start: their cells, in a smaller size, in a real session of a real product.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bringTable } from "#drizzle/seed/furnish.ts";
import { readers } from "#drizzle/seed/library.ts";
import { smallerCells } from "#drizzle/seed/notebook.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import { listModels, readVersion } from "#lib/models/contract.ts";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { stopSession } from "#lib/sessions/contract.ts";
import { type Product, startProduct } from "#test/kit/product.ts";
import { asking, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

describe("the notebooks to read", () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  }, 240_000);
  afterAll(() => product.stop());

  it.each(readers)(
    "all cells of $title run, and it ends with a run and a version to promote",
    async (notebook) => {
      const ask = asking(product);
      for (const table of notebook.tables ?? []) await bringTable({ url: product.url, token: product.token, workspace }, table);
      const known = (await ask(listModels, { workspace })).items.map((one) => one.name);
      const { id } = await ask(createNotebook, { workspace, title: notebook.title, cells: smallerCells(notebook) });
      await runAll(product, id);
      const { states, text } = await outcomeOf(product, id, 180_000);
      expect([states.map((one) => one.status), text]).toEqual([states.map(() => "done"), text]);
      await ask(stopSession, { workspace, notebook: id });
      const [made, ...more] = (await ask(listModels, { workspace })).items.filter((one) => !known.includes(one.name));
      expect([made?.latest, more]).toEqual([1, []]);
      const version = await ask(readVersion, { workspace, model: made!.name, version: "1" });
      const runs = (await ask(listRuns, { workspace })).items;
      expect(runs.map((one) => one.number)).toContain(version.run?.number);
    },
    240_000,
  );
});

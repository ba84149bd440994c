// The shipped notebooks that do not run on a first start: their cells, in a smaller size, in a real session of a real product.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bringTable } from "#drizzle/seed/furnish.ts";
import { readers } from "#drizzle/seed/library.ts";
import { smallerCells } from "#drizzle/seed/notebook.ts";
import { listRuns } from "#lib/experiments/contract.ts";
import { listModels, readVersion } from "#lib/models/contract.ts";
import { createNotebook } from "#lib/notebooks/contract.ts";
import { hasEnded, promoteCells, readPipelineLog, readPipelineRun, runPipeline } from "#lib/pipelines/contract.ts";
import { stopSession } from "#lib/sessions/contract.ts";
import { eventually, type Product, startProduct } from "#test/kit/product.ts";
import { asking, outcomeOf, runAll, workspace } from "#test/kit/story.ts";

describe("the notebooks to read", () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  }, 240_000);
  afterAll(() => product.stop());

  it.each(readers)(
    "all cells of $title run, and its named cells do the same as a stage of a pipeline",
    async (notebook) => {
      const ask = asking(product);
      for (const table of notebook.tables ?? []) await bringTable({ url: product.url, token: product.token, workspace }, table);
      const known = (await ask(listModels, { workspace })).items.map((one) => one.name);
      const { id } = await ask(createNotebook, { workspace, title: notebook.title, cells: smallerCells(notebook) });
      await runAll(product, id);
      const { states, text } = await outcomeOf(product, id, 180_000);
      expect(
        states.map((one) => one.status),
        text,
      ).toEqual(states.map(() => "done"));
      await ask(stopSession, { workspace, notebook: id });
      const [made, ...more] = (await ask(listModels, { workspace })).items.filter((one) => !known.includes(one.name));
      expect([made?.latest, more]).toEqual([1, []]);
      const version = await ask(readVersion, { workspace, model: made!.name, version: "1" });
      const runs = (await ask(listRuns, { workspace })).items;
      expect(runs.map((one) => one.number)).toContain(version.run?.number);

      const pipeline = notebook.title;
      const cells = notebook.cells.flatMap(({ source }) => /^\/\/ @cell (\w+)/.exec(source)?.[1] ?? []).map((cell) => ({ cell }));
      await ask(promoteCells, { workspace, pipeline, stage: "All", notebook: id, cells });
      const { number } = await ask(runPipeline, { workspace, pipeline });
      const ended = await eventually(
        "the pipeline run ends",
        async () => {
          const found = await ask(readPipelineRun, { workspace, pipeline, number });
          return hasEnded(found.status) && found;
        },
        180_000,
      );
      const { entries } = await ask(readPipelineLog, { workspace, pipeline, number });
      expect(ended.status, entries.map((one) => one.text).join("")).toBe("done");
      expect((await ask(listModels, { workspace })).items.find((one) => one.name === made!.name)?.latest).toBe(2);
    },
    480_000,
  );
});

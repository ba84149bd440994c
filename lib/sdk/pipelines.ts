// `pipelines` in a cell: promote cells to stages, start pipeline runs. A cell is named by its id or by its own first line, `// @cell train`:
// a position would move with every cell added above it.

import { Problem } from "#lib/kit/problem.ts";
import * as contract from "#lib/pipelines/contract.ts";
import { type CellSource, callFromCell, session, workspaceSlug } from "#lib/sdk/door.ts";

export type PromotedPipeline = contract.Pipeline & { stages: contract.Stage[]; [display: symbol]: unknown };

const here = (): CellSource => {
  const cell = session()?.cell();
  if (!cell)
    throw new Problem("unavailable", "sdk.outside", "Promoting needs a notebook cell. Run this in one, or promote on the notebook's page.");
  return cell;
};

const withCard = (made: contract.Pipeline & { stages: contract.Stage[] }, slug: string, sentence: string): PromotedPipeline => ({
  ...made,
  [Symbol.for("Jupyter.display")]: () => ({
    "text/markdown": `Pipeline [${made.name}](/${slug}/pipelines/${made.id}) · ${made.stageNames.join(" → ")} · ${made.schedule?.words ?? "by hand"} · ${sentence}`,
    "text/plain": `pipeline ${made.name}, revision ${made.revision}: ${made.stageNames.join(" → ")}; ${sentence}`,
  }),
});

/**
 * Promotes cells of this notebook to a stage of a pipeline, which is made when absent. Their text is pinned as it stands: later edits change
 * nothing until they are promoted again, and promoting the same text again makes no new revision. `cells` are ids or names (the first line
 * `// @cell train` names a cell); "this", the default, is the calling cell. A stage runs in a fresh session with the variables of the
 * stages before it and no others, so promote everything it needs. Inside a pipeline run it changes nothing and answers the pipeline as it is.
 *
 * @example
 * await pipelines.promote({ name: "Nightly credit", stage: "Train", cells: ["read", "train"], schedule: "30 2 * * *" });
 */
export const promote = async (input: {
  name: string;
  stage?: string;
  cells?: "this" | string[];
  /** Five cron fields, in UTC unless a time zone stands beside them; needs the right to operate. */
  schedule?: string | { cron: string; timeZone?: string };
  limitMinutes?: number;
}): Promise<PromotedPipeline> => {
  const cell = here();
  const slug = await workspaceSlug();
  if (cell.pipelineRunId)
    return withCard(await callFromCell(contract.readPipeline, { pipeline: input.name }), slug, "as it is, inside a pipeline run");
  const cells =
    input.cells === undefined || input.cells === "this"
      ? [{ cell: cell.cellId, sourceHash: cell.cellHash }]
      : input.cells.map((name) => ({ cell: name }));
  const made = await callFromCell(contract.promoteCells, {
    pipeline: input.name,
    notebook: cell.notebookId,
    cells,
    stage: input.stage,
    schedule: typeof input.schedule === "string" ? { cron: input.schedule } : input.schedule,
    ...(input.limitMinutes === undefined ? {} : { limitMinutes: input.limitMinutes }),
  });
  return withCard(made, slug, made.hasChanged ? `revision ${made.revision}` : `unchanged at revision ${made.revision}`);
};

/**
 * The workspace's pipelines by name, with their last pipeline runs.
 *
 * @example
 * for (const one of await pipelines.list()) console.log(one.name, one.schedule?.words ?? "by hand", one.lastRuns[0]?.status);
 */
export const list = async (): Promise<contract.ListedPipeline[]> => (await callFromCell(contract.listPipelines, {})).items;

/**
 * Queues a pipeline run; answers at once. Read it again with `pipelines.read`, or wait for it with `pipelines.finished`.
 *
 * @example
 * const started = await pipelines.run("Nightly credit");
 */
export const run = (name: string): Promise<contract.PipelineRun> => callFromCell(contract.runPipeline, { pipeline: name });

/**
 * One pipeline run with its stage runs.
 *
 * @example
 * const { status, stages } = await pipelines.read("Nightly credit", 12);
 */
export const read = (name: string, number: number): Promise<contract.WholeRun> =>
  callFromCell(contract.readPipelineRun, { pipeline: name, number });

/**
 * Waits until a pipeline run has ended; looks once a second, and stops waiting when the cell is interrupted.
 *
 * @example
 * const ended = await pipelines.finished("Nightly credit", (await pipelines.run("Nightly credit")).number);
 */
export const finished = async (name: string, number: number): Promise<contract.WholeRun> => {
  const signal = session()?.signal();
  for (;;) {
    const found = await read(name, number);
    if (contract.hasEnded(found.status)) return found;
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
};

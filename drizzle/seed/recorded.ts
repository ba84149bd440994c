// The outputs that a notebook ships with: what its cells said when they were last recorded, kept with the hash of each cell's text and
// placed as history, so that a reader sees them before anything has run here. A cell whose text has changed since is left without.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { eq } from "drizzle-orm";
import { transaction } from "#db";
import type { Ran } from "#drizzle/seed/furnish.ts";
import { cellOutput, cellRun } from "#drizzle/tables/sessions.ts";
import { newId } from "#lib/kit/ids.ts";
import type { Cell } from "#lib/notebooks/contract.ts";
import type { Output } from "#lib/sessions/contract.ts";

const fileOf = (key: string): URL => new URL(`outputs/${key}.json`, import.meta.url);

export type Recorded = { recordedAt: string; cells: { hash: string; tookMs: number; outputs: Output[] }[] };

export const readRecorded = (key: string): Recorded | null =>
  existsSync(fileOf(key)) ? (JSON.parse(readFileSync(fileOf(key), "utf8")) as Recorded) : null;

const took = (from: string | null, to: string | null): number => (from && to ? new Date(to).getTime() - new Date(from).getTime() : 0);

/** A link in Markdown to a page of the workspace, which is only there where the run was. */
const withoutLinks = (output: Output): Output =>
  JSON.parse(JSON.stringify(output), (key, value: unknown) =>
    key === "text/markdown" && typeof value === "string" ? value.replaceAll(/\[([^\]]*)\]\(\/[^)]*\)/g, "$1") : value,
  ) as Output;

export const writeRecorded = (key: string, ran: Ran, { at, keepsLinks }: { at: Date; keepsLinks: boolean }): void => {
  const recorded: Recorded = {
    recordedAt: at.toISOString(),
    cells: ran.cells.map(({ hash, state, outputs }) => ({
      hash,
      tookMs: took(state.startedAt, state.endedAt),
      outputs: keepsLinks ? outputs : outputs.map(withoutLinks),
    })),
  };
  writeFileSync(fileOf(key), `${JSON.stringify(recorded, null, 1)}\n`);
};

/** Places the recorded outputs under the cells they belong to; does nothing once any cell of the notebook has run. */
export const placeRecorded = async (
  key: string,
  notebook: { id: string; workspaceId: string; revision: number; cells: Cell[] },
): Promise<void> => {
  const recorded = readRecorded(key);
  if (!recorded) return;
  const byHash = new Map(recorded.cells.map((one) => [one.hash, one]));
  const endedAt = new Date(recorded.recordedAt);
  await transaction(async (tx) => {
    const [known] = await tx.select({ id: cellRun.id }).from(cellRun).where(eq(cellRun.notebookId, notebook.id)).limit(1);
    if (known) return;
    for (const [i, cell] of notebook.cells.filter((one) => one.cellType === "code").entries()) {
      const one = byHash.get(cell.hash);
      if (!one) continue;
      await tx.insert(cellRun).values({
        id: newId("cell_run", endedAt.getTime()),
        notebookId: notebook.id,
        workspaceId: notebook.workspaceId,
        cellId: cell.id,
        status: "done",
        source: cell.source,
        sourceHash: cell.hash,
        revision: notebook.revision,
        executionCount: i + 1,
        queuedAt: endedAt,
        startedAt: new Date(endedAt.getTime() - one.tookMs),
        endedAt,
        runBy: "Atelier, when this was made",
        role: "owner",
      });
      for (const [index, output] of one.outputs.entries())
        await tx.insert(cellOutput).values({ notebookId: notebook.id, cellId: cell.id, index, output: output as never });
    }
  });
};

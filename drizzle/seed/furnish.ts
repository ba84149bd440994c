// Furnishing a workspace through the same operations that people use: tables, notebooks, and one run of all cells of a notebook, which
// makes runs, models and what else its cells make. Every step looks first, so that it can be begun again anywhere.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { SeedNotebook } from "#drizzle/seed/notebook.ts";
import { lendingClub, type SeedTable } from "#drizzle/seed/tables.ts";
import { createDataset, readDataset, readVersion, uploadVersion } from "#lib/datasets/contract.ts";
import { type CallOptions, call } from "#lib/kit/call.ts";
import type { CallInputOf, Operation, OutputOf } from "#lib/kit/operation.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { createNotebook, listNotebooks, readNotebook } from "#lib/notebooks/contract.ts";
import { type CellState, isPending, type Output, readOutputs, runCells } from "#lib/sessions/contract.ts";

export type House = { url: string; token: string; workspace: string };
export type Ran = { notebook: string; cells: { hash: string; state: CellState; outputs: Output[] }[] };

const caller =
  ({ url, token }: House) =>
  <O extends Operation>(operation: O, input: CallInputOf<O>, more: CallOptions = {}): Promise<OutputOf<O>> =>
    call(operation, input, { baseUrl: url, token, ...more });

const orNull = async <T>(answer: Promise<T>): Promise<T | null> =>
  answer.catch((error: unknown) => {
    if (isProblem(error) && error.kind === "missing") return null;
    throw error;
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A table, uploaded once and read to its end. */
export const bringTable = async (house: House, { name, file, description }: SeedTable = lendingClub): Promise<void> => {
  const { workspace } = house;
  const ask = caller(house);
  const found = await orNull(ask(readDataset, { workspace, dataset: name }));
  if (!found) await ask(createDataset, { workspace, name, description });
  if (!(await orNull(ask(readVersion, { workspace, dataset: name, version: "latest" }))))
    await ask(uploadVersion, { workspace, dataset: name, fileName: basename(file.pathname) }, { body: readFileSync(file) as never });
  for (;;) {
    const { status, failure } = await ask(readVersion, { workspace, dataset: name, version: "latest" });
    if (status === "ready") return;
    if (status === "failed") throw new Error(`The table ${name} could not be read: ${failure}`);
    await pause(100);
  }
};

/** A notebook's id; made when nobody made it, left alone when somebody changed or trashed it. */
export const bringNotebook = async (house: House, { title, cells }: SeedNotebook): Promise<{ id: string; isNew: boolean }> => {
  const { workspace } = house;
  const ask = caller(house);
  for (const trash of ["false", "true"] as const) {
    const { items } = await ask(listNotebooks, { workspace, limit: 200, trash });
    const known = items.find((one) => one.title === title);
    if (known) return { id: known.id, isNew: false };
  }
  return { id: (await ask(createNotebook, { workspace, title, cells: [...cells] })).id, isNew: true };
};

/** Runs every cell that has not been run to its end, waits, and answers what came of all of them; throws when one failed. */
export const runNotebook = async (house: House, notebook: string, requestId: string): Promise<Ran> => {
  const { workspace } = house;
  const ask = caller(house);
  const read = await ask(readNotebook, { workspace, notebook });
  const code = read.cells.filter((cell) => cell.cellType === "code");
  await ask(runCells, { workspace, notebook, requestId, cells: code.map((cell) => ({ cellId: cell.id, sourceHash: cell.hash })) });
  for (;;) {
    const now = await ask(readOutputs, { workspace, notebook });
    const states = code.map((cell) => now.cells.find((one) => one.cellId === cell.id));
    const failed = states.find((one) => one?.status === "failed" || one?.status === "cancelled");
    if (failed) throw new Error(`A cell of ${read.title} ${failed.status}: ${failed.message ?? "look at the notebook"}`);
    if (states.every((one) => one && !isPending(one.status)))
      return {
        notebook,
        cells: code.map((cell, i) => ({
          hash: cell.hash,
          state: states[i]!,
          outputs: (now.outputs[cell.id] ?? []) as unknown as Output[],
        })),
      };
    await pause(250);
  }
};

// The runners of this web process, one a notebook, made on demand and taken up again after a restart.
import { log } from "#lib/kit/log.ts";
import { openRunner, type Runner } from "#lib/sessions/runner.ts";
import type * as store from "#lib/sessions/store.ts";

const shared = globalThis as { atelierRunners?: Map<string, Promise<Runner>> };
const runners = (): Map<string, Promise<Runner>> => {
  shared.atelierRunners ??= new Map();
  return shared.atelierRunners;
};

/** The runner of a notebook in this process, if there is one. */
export const runnerOf = (notebookId: string): Promise<Runner> | null => runners().get(notebookId) ?? null;

/** Opens a runner for a session row, once. A runner that could not start is forgotten, so that the next try is a new one. */
export const startRunner = (row: store.SessionRow, isFresh: boolean): Promise<Runner> => {
  const opening = openRunner(row, isFresh);
  runners().set(row.notebookId, opening);
  opening.catch(() => runners().delete(row.notebookId));
  return opening;
};

export const forgetRunner = async (notebookId: string): Promise<void> => {
  const opening = runners().get(notebookId);
  runners().delete(notebookId);
  await (await opening?.catch(() => null))?.close();
};

/** After a restart of this process: goes on with every session that should be alive. */
export const resumeRunners = async (rows: store.SessionRow[]): Promise<void> => {
  for (const row of rows)
    await startRunner(row, false).catch((error: unknown) =>
      log.warn("a session could not be taken up again", { notebook: row.notebookId, error: String(error) }),
    );
};

export const closeRunners = async (): Promise<void> => {
  await Promise.all([...runners().keys()].map(forgetRunner));
};

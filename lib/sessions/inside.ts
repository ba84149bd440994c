// Looking into a running session without running anything: its variables, one of them as it would be shown, and the whole text of a run
// that printed more than screens keep.
import { Readable } from "node:stream";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import * as contract from "#lib/sessions/contract.ts";
import { askKernel, streamFromKernel } from "#lib/sessions/kernel-client.ts";
import { runnerOf } from "#lib/sessions/runners.ts";
import * as store from "#lib/sessions/store.ts";

const kernelOf = async (scope: Scope, notebook: string): Promise<string> => {
  if (!(await findNotebook(scope, notebook))) throw missing("notebook", notebook);
  const runner = await runnerOf(notebook)?.catch(() => null);
  if (!runner || ["none", "lost"].includes(runner.session().status))
    throw new Problem("conflict", "sessions.asleep", "No session runs for this notebook. Run a cell first.");
  const { server } = runner.session();
  if (server)
    throw new Problem(
      "conflict",
      "sessions.elsewhere",
      `This session runs on ${server}; what it holds can be looked at from its cells only.`,
    );
  return runner.kernelId();
};

export const listVariables = verb(contract.listVariables, async (scope, { notebook }) => {
  const { variables } = (await askKernel(await kernelOf(scope, notebook), "/variables")) as { variables: contract.Variable[] };
  return { items: variables };
});

export const readVariable = verb(contract.readVariable, async (scope, { notebook, name }) => {
  const found = (await askKernel(await kernelOf(scope, notebook), `/variables/${encodeURIComponent(name)}`)) as {
    found: boolean;
    data?: Record<string, unknown>;
    metadata?: Record<string, unknown>;
  };
  if (!found.found) throw missing("variable", name);
  return { name, data: found.data ?? {}, metadata: found.metadata ?? {} };
});

export const downloadLog = verb(contract.downloadLog, async (scope, { notebook, cell }) => {
  const kernelId = await kernelOf(scope, notebook);
  const run = (await store.lastRuns(scope.sql, notebook)).find((one) => one.cellId === cell);
  if (!run) throw missing("run", cell);
  const body = await streamFromKernel(kernelId, `/logs/${encodeURIComponent(run.id)}`);
  if (!body)
    throw new Problem(
      "missing",
      "sessions.log_missing",
      "There is no longer log than what is on screen, or the session that wrote it has ended.",
    );
  return { stream: Readable.fromWeb(body as never), type: "text/plain; charset=utf-8", name: `${cell}.log` };
});

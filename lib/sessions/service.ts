// The verbs of the sessions room. What is to run is stored before the kernel hears of it; a web process that dies in between finds the
// rows and sends them again, and the kernel runs an id once (S2).
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import { cellsAt } from "#lib/notebooks/service.ts";
import { findNotebook } from "#lib/notebooks/store.ts";
import type { Session } from "#lib/sessions/contract.ts";
import * as contract from "#lib/sessions/contract.ts";
import { chosen } from "#lib/sessions/remote/store.ts";
import type { Runner } from "#lib/sessions/runner.ts";
import { forgetRunner, runnerOf, startRunner } from "#lib/sessions/runners.ts";
import * as store from "#lib/sessions/store.ts";

const find = async (scope: Scope, id: string) => {
  const found = await findNotebook(scope, id);
  if (!found) throw missing("notebook", id);
  if (found.trashedAt)
    throw new Problem("conflict", "notebooks.trashed", `${found.title} is in the trash. Restore it before running cells.`);
  return found;
};

const asleep = (message: string | null, kernel = `TypeScript, Node ${process.versions.node.split(".")[0]}`): Session => ({
  status: "none",
  kernel,
  isSandboxed: false,
  memoryMb: null,
  memoryLimitMb: env.sessionMemoryMb,
  message,
  startedAt: null,
  device: null,
  endsAt: null,
});

/** The runner of a notebook, with a fresh kernel when none lives. Two requests at once get the same one. */
const starting = new Map<string, Promise<Runner>>();
const ensureRunner = (scope: Scope, notebookId: string): Promise<Runner> => {
  const known = starting.get(notebookId);
  if (known) return known;
  const opening = openOrStart(scope, notebookId).finally(() => starting.delete(notebookId));
  starting.set(notebookId, opening);
  return opening;
};

const openOrStart = async (scope: Scope, notebookId: string): Promise<Runner> => {
  const running = await runnerOf(notebookId)?.catch(() => null);
  if (running && !["lost", "none"].includes(running.session().status)) return running;
  await forgetRunner(notebookId);
  const row = await scope.transact(async (inner) => {
    const was = await store.findSession(inner.sql, notebookId);
    const { memoryMb } = await store.wishOf(inner.sql, notebookId);
    const choice = await chosen(inner, notebookId);
    const fresh = {
      notebookId,
      workspaceId: inner.workspaceId,
      kernelId: newId("session", inner.now.getTime()),
      status: "starting",
      kernelSeq: 0,
      seq: (was?.seq ?? 0) + 1,
      isSandboxed: false,
      memoryLimitMb: Math.max(memoryMb, env.sessionMemoryMb),
      message: null,
      startedAt: inner.now,
      activeAt: inner.now,
      userId: inner.caller.userId,
      person: inner.caller.name,
      device: null,
      elsewhere: choice && {
        serverId: choice.server.id,
        serverName: choice.server.name,
        kernel: choice.choice.kernel,
        title: choice.choice.title,
        kernelId: null,
      },
    };
    await store.putSession(inner.sql, fresh);
    await inner.audit("session.started", notebookId, { kernel: fresh.kernelId });
    return fresh;
  });
  return startRunner(row, true);
};

export const runCells = verb(
  contract.runCells,
  async (scope, { notebook, cells, requestId }) => {
    await find(scope, notebook);
    const known = requestId ? await store.runsOfRequest(scope, notebook, requestId) : [];
    if (known.length > 0) return { queued: known.map(store.toCellState) };
    const now = await cellsAt(scope, notebook);
    const chosen = cells.map((wanted) => {
      const cell = now.cells.find((one) => one.id === wanted.cellId);
      if (!cell)
        throw new Problem("conflict", "sessions.cell_gone", "A cell you ran was deleted meanwhile. Look again and run what is left.", {
          detail: { cellId: wanted.cellId },
        });
      if (cell.hash !== wanted.sourceHash)
        throw new Problem(
          "conflict",
          "sessions.source_moved",
          "Somebody changed this cell while you pressed run. Look at it and run it again.",
          { detail: { cellId: cell.id } },
        );
      return cell;
    });
    const code = chosen.filter((cell) => cell.cellType === "code");
    const runner = await ensureRunner(scope, notebook);
    const rows = await scope.transact(async (inner) => {
      const made = await store.insertRuns(
        inner,
        code.map((cell) => ({
          id: newId("cell_run", inner.now.getTime()),
          notebookId: notebook,
          cellId: cell.id,
          status: "queued",
          source: cell.source,
          sourceHash: cell.hash,
          revision: now.revision,
          queuedAt: inner.now,
          runBy: inner.caller.name,
          userId: inner.caller.userId,
          role: inner.place.role,
          requestId: requestId ?? null,
        })),
      );
      await inner.audit("cells.run", notebook, { cells: made.map((row) => row.cellId) });
      return made;
    });
    await runner.submit(rows);
    return { queued: rows.map(store.toCellState) };
  },
  { isUntransacted: true },
);

/** Outputs, states and number are of one moment: a cell that is done has what it showed. */
export const readOutputs = verb(contract.readOutputs, async (scope, { notebook }) => {
  if (!(await findNotebook(scope, notebook))) throw missing("notebook", notebook);
  const live = await runnerOf(notebook)?.catch(() => null);
  const { session, rows, runs } = await scope.snapshot(async ({ sql }) => ({
    session: await store.findSession(sql, notebook),
    rows: await store.outputs(sql, notebook),
    runs: await store.lastRuns(sql, notebook),
  }));
  const outputs: Record<string, (typeof contract.outputSchema)["_output"][]> = {};
  for (const one of rows) {
    outputs[one.cellId] ??= [];
    outputs[one.cellId]![one.index] = one.output as never;
  }
  const choice = await chosen(scope, notebook);
  const kernel = choice ? `${choice.choice.title} on ${choice.server.name}` : undefined;
  const asked: Session =
    live?.session() ??
    (session && !["none"].includes(session.status)
      ? {
          ...asleep(session.message, kernel),
          status: session.status as Session["status"],
          isSandboxed: session.isSandboxed,
          memoryLimitMb: session.memoryLimitMb,
          startedAt: session.startedAt?.toISOString() ?? null,
        }
      : asleep(session?.message ?? null, kernel));
  return { seq: session?.seq ?? 0, session: asked, cells: runs.map(store.toCellState), outputs };
});

export const startSession = verb(
  contract.startSession,
  async (scope, { notebook }) => {
    await find(scope, notebook);
    return (await ensureRunner(scope, notebook)).session();
  },
  { isUntransacted: true },
);

const withKernel = async (scope: Scope, notebook: string, work: (runner: Runner) => Promise<void>): Promise<Session> => {
  await find(scope, notebook);
  const runner = await runnerOf(notebook)?.catch(() => null);
  if (!runner) return asleep("No session runs.");
  await work(runner);
  return runner.session();
};

export const interruptSession = verb(
  contract.interruptSession,
  (scope, { notebook }) => withKernel(scope, notebook, (runner) => runner.interrupt()),
  { isUntransacted: true },
);

export const restartSession = verb(
  contract.restartSession,
  async (scope, { notebook }) => {
    await find(scope, notebook);
    const runner = await runnerOf(notebook)?.catch(() => null);
    if (!runner || ["none", "lost"].includes(runner.session().status)) return (await ensureRunner(scope, notebook)).session();
    await scope.transact((inner) => inner.audit("session.restarted", notebook));
    await runner.restart();
    return runner.session();
  },
  { isUntransacted: true },
);

export const stopSession = verb(
  contract.stopSession,
  async (scope, { notebook }) => {
    await scope.transact((inner) => inner.audit("session.stopped", notebook));
    return withKernel(scope, notebook, (runner) => runner.stop());
  },
  { isUntransacted: true },
);

export const keepSession = verb(contract.keepSession, (scope, { notebook }) => withKernel(scope, notebook, (runner) => runner.keep()), {
  isUntransacted: true,
});

export const answerQuestion = verb(
  contract.answerQuestion,
  async (scope, { notebook, cell, value }) => {
    await find(scope, notebook);
    const runner = await runnerOf(notebook)?.catch(() => null);
    const asking = runner?.asking(cell);
    if (!asking?.question) throw new Problem("conflict", "sessions.nothing_asked", "This cell asks nothing, or no longer.");
    if (asking.question.userId !== scope.caller.userId)
      throw new Problem("forbidden", "sessions.asks_another", `Only ${asking.runBy}, who ran this cell, can answer it.`);
    const answered = await runner!.answer(cell, value);
    if (!answered) throw new Problem("conflict", "sessions.nothing_asked", "This cell asks nothing, or no longer.");
    if (answered === "away")
      throw new Problem("unavailable", "sessions.gateway", "The kernel service does not answer at this moment. Send the answer again.");
    await scope.transact((inner) => inner.audit("cell.answered", notebook, { cell }));
    return answered;
  },
  { isUntransacted: true },
);

const wishFor = async (scope: Scope, notebook: string): Promise<contract.SessionWish> => {
  const { cpus, memoryMb, gpu, ownIdleMinutes } = await store.wishOf(scope.sql, notebook);
  return { cpus, memoryMb, gpu, idleMinutes: ownIdleMinutes, installationIdleMinutes: env.idleMinutes };
};

export const readWish = verb(contract.readWish, async (scope, { notebook }) => {
  if (!(await findNotebook(scope, notebook))) throw missing("notebook", notebook);
  return wishFor(scope, notebook);
});

export const changeWish = verb(contract.changeWish, async (scope, { notebook, workspace: _, ...change }) => {
  await find(scope, notebook);
  const was = await wishFor(scope, notebook);
  const next = { cpus: was.cpus, memoryMb: was.memoryMb, gpu: was.gpu, idleMinutes: was.idleMinutes, ...change };
  await store.putWish(scope, { notebookId: notebook, ...next });
  await scope.audit("session.wished", notebook, next);
  scope.afterCommit(async () => (await runnerOf(notebook)?.catch(() => null))?.setIdle(next.idleMinutes ?? env.idleMinutes));
  return { ...next, installationIdleMinutes: env.idleMinutes };
});

export const clearOutputs = verb(
  contract.clearOutputs,
  async (scope, { notebook, cells }) => {
    await find(scope, notebook);
    const runner = await runnerOf(notebook)?.catch(() => null);
    if (runner) runner.clear(cells ?? null);
    else await store.deleteOutputs(scope, notebook, cells ?? null);
    return { seq: (await store.findSession(scope.sql, notebook))?.seq ?? 0 };
  },
  { isUntransacted: true },
);

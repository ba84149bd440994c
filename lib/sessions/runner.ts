// The product's side of a running session, in the web process. Messages from the kernel are gathered for at most 40 ms, reduced, stored in
// one transaction with the number of the last one, and only then told to people and acknowledged to the kernel (S3).

import { now } from "#lib/kit/clock.ts";
import { log } from "#lib/kit/log.ts";
import { reading } from "#lib/kit/verb.ts";
import type { CellState, Output, RunEvent, Session } from "#lib/sessions/contract.ts";
import { createKernel, findKernel, type Line, openLine } from "#lib/sessions/kernel-client.ts";
import { type Change, emptyState, lose, type State, type Told, take } from "#lib/sessions/rules.ts";
import * as store from "#lib/sessions/store.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { mintSessionToken } from "#lib/workspace/installation.ts";

const gatherMs = 40;
const tokenLifeMs = 24 * 3_600_000;

type Listener = (events: RunEvent[]) => void;

export type Runner = {
  submit: (runs: store.RunRow[]) => Promise<void>;
  listen: (listener: Listener) => () => void;
  snapshot: () => RunEvent;
  session: () => Session;
  kernelId: () => string;
  refresh: () => Promise<void>;
  clear: (cellIds: string[] | null) => void;
  /** Ends this side; resolves when what was being stored is stored. */
  close: () => Promise<void>;
};

const loadState = async (row: store.SessionRow): Promise<State> => {
  const state = emptyState();
  state.status = row.status as State["status"];
  state.message = row.message;
  for (const run of [...(await store.lastRuns(reading(), row.notebookId)), ...(await store.pendingRuns(reading(), row.notebookId))])
    state.runs.set(run.id, store.toRun(run));
  for (const one of await store.outputs(reading(), row.notebookId)) {
    const cell = state.cells.get(one.cellId) ?? { outputs: [], displayIds: [], clearsNext: false, bytes: 0 };
    cell.outputs[one.index] = one.output as unknown as Output;
    cell.displayIds[one.index] = one.displayId;
    cell.bytes += JSON.stringify(one.output).length;
    state.cells.set(one.cellId, cell);
  }
  return state;
};

/** Cell states as people see them: the last run of each cell. */
const cellStates = (state: State): CellState[] => {
  const last = new Map<string, CellState>();
  for (const { id: _, ...run } of state.runs.values()) last.set(run.cellId, run);
  return [...last.values()];
};

const toEvent = (state: State, change: Change, seq: number, session: () => Session): RunEvent => {
  if (change.type === "session") return { type: "session", seq, session: session() };
  if (change.type === "clear") return { type: "clear", seq, cellId: change.cellId };
  if (change.type === "append") return { type: "append", seq, cellId: change.cellId, index: change.index, text: change.text };
  if (change.type === "output")
    return {
      type: "output",
      seq,
      cellId: change.cellId,
      index: change.index,
      output: state.cells.get(change.cellId)!.outputs[change.index]!,
    };
  const { id: _, ...cell } = change.run;
  return { type: "cell", seq, cell };
};

/** Opens the runner of a session row: makes or finds its kernel and goes on where the last runner stopped. */
export const openRunner = async (row: store.SessionRow, isFresh: boolean): Promise<Runner> => {
  const { notebookId, workspaceId } = row;
  const kernelId = row.kernelId!;
  const state = await loadState(row);
  const listeners = new Set<Listener>();
  const tokens = new Map<string, Promise<string>>();
  let { seq } = row;
  let heardSeq = row.kernelSeq;
  let storedSeq = row.kernelSeq;
  let gathered: Told[] = [];
  let isGathering = false;
  let storing: Promise<void> = Promise.resolve();
  let memoryMb: number | null = null;
  let isSandboxed = row.isSandboxed;
  let isClosed = false;
  let line: Line | null = null;

  const session = (): Session => ({
    status: state.status,
    kernel: `TypeScript, Node ${process.versions.node.split(".")[0]}`,
    isSandboxed,
    memoryMb,
    memoryLimitMb: row.memoryLimitMb,
    message: state.message,
    startedAt: row.startedAt?.toISOString() ?? null,
    kernelId,
  });

  const tell = (events: RunEvent[]): void => {
    if (events.length > 0) for (const listener of listeners) listener(events);
  };

  const save = async (changes: Change[], kernelSeq: number): Promise<void> => {
    const keys = new Map<string, { cellId: string; index: number }>();
    const cleared = new Set<string>();
    const runs = new Map<string, Extract<Change, { type: "run" }>["run"]>();
    for (const change of changes) {
      if (change.type === "run") runs.set(change.run.id, change.run);
      else if (change.type === "clear") {
        cleared.add(change.cellId);
        for (const [key, one] of keys) if (one.cellId === change.cellId) keys.delete(key);
      } else if (change.type !== "session") keys.set(`${change.cellId} ${change.index}`, change);
    }
    const changed = [...keys.values()].flatMap(({ cellId, index }) => {
      const cell = state.cells.get(cellId);
      const output = cell?.outputs[index];
      return cell && output ? [{ cellId, index, output, displayId: cell.displayIds[index] ?? null }] : [];
    });
    await store.saveBatch({
      notebookId,
      kernelSeq,
      seq,
      status: state.status,
      message: state.message,
      runs: [...runs.values()],
      cleared: [...cleared],
      outputs: changed,
    });
  };

  /** Applies changes that came from nobody's message, or from a batch; stores, then tells. */
  const commit = (make: () => Change[], lastSeq: number | null = null): Promise<void> => {
    storing = storing.then(async () => {
      const changes = make();
      if (changes.length > 0) seq += 1;
      const at = lastSeq ?? storedSeq;
      const events = changes.map((change) => toEvent(state, change, seq, session));
      for (;;) {
        try {
          await save(changes, at);
          break;
        } catch (error) {
          if (isClosed) return;
          log.warn("outputs could not be stored, trying again", { notebook: notebookId, error: String(error) });
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      }
      storedSeq = at;
      tell(events);
      if (lastSeq !== null) line?.ack(at);
    });
    return storing;
  };

  const drain = (): void => {
    isGathering = false;
    if (isClosed) return;
    const batch = gathered;
    gathered = [];
    void commit(() => batch.flatMap((told) => take(state, told, told.msg.header.date ?? now().toISOString())), batch.at(-1)?.seq ?? null);
  };

  const hear = (told: Told): void => {
    if (told.seq <= heardSeq) return;
    heardSeq = told.seq;
    gathered.push(told);
    if (isGathering) return;
    isGathering = true;
    setTimeout(drain, gatherMs);
  };

  /** One token a person and role, so that a cell acts as whoever ran it (S7). */
  const tokenFor = (run: { userId: string | null; role: string; runBy: string }): Promise<string> => {
    const key = `${run.userId} ${run.role}`;
    const known =
      tokens.get(key) ??
      mintSessionToken({
        workspaceId,
        userId: run.userId,
        role: run.role as Role,
        kind: "session",
        name: run.runBy,
        lifeMs: tokenLifeMs,
      }).then((made) => made.secret);
    tokens.set(key, known);
    return known;
  };

  const send = async (run: store.RunRow): Promise<void> => {
    const token = await tokenFor(run);
    line?.execute({
      id: run.id,
      code: run.source,
      cell: { cellId: run.cellId, cellHash: run.sourceHash, notebookId, revision: run.revision },
      token,
    });
  };

  const opened = async (): Promise<void> => {
    for (const run of await store.pendingRuns(reading(), notebookId)) await send(run);
  };

  const gone = (): void => {
    line?.close();
    void commit(() => lose(state, now().toISOString()), 0);
  };

  const start = async (): Promise<void> => {
    const model = isFresh ? await createKernel({ kernelId, token: "", memoryMb: row.memoryLimitMb }) : await findKernel(kernelId);
    if (!model) return gone();
    isSandboxed = model.atelier.sandboxed;
    line = openLine(kernelId, {
      after: () => heardSeq,
      hear,
      opened: () => void opened().catch((error: unknown) => log.warn("cells could not be sent", { error })),
      gone,
    });
  };
  await start();

  return {
    submit: async (runs) => {
      for (const run of runs) {
        state.runs.delete(run.id);
        state.runs.set(run.id, store.toRun(run));
      }
      await commit(() => runs.map((run) => ({ type: "run" as const, run: state.runs.get(run.id)! })));
      for (const run of runs) await send(run);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    snapshot: () => ({
      type: "snapshot",
      seq,
      session: session(),
      cells: cellStates(state),
      outputs: Object.fromEntries([...state.cells].map(([id, cell]) => [id, cell.outputs])),
    }),
    session,
    kernelId: () => kernelId,
    refresh: async () => {
      const model = await findKernel(kernelId).catch(() => null);
      if (!model || model.atelier.rssMb === memoryMb) return;
      memoryMb = model.atelier.rssMb;
      tell([{ type: "session", seq, session: session() }]);
    },
    clear: (cellIds) => {
      const wanted = cellIds ?? [...state.cells.keys()];
      void commit(() =>
        wanted.map((cellId) => {
          state.cells.delete(cellId);
          return { type: "clear" as const, cellId };
        }),
      );
    },
    close: () => {
      isClosed = true;
      line?.close();
      return storing;
    },
  };
};

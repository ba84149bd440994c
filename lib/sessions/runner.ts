// The product's side of a running session, in the web process. Messages from the kernel are gathered for at most 40 ms, reduced, stored in
// one transaction with the number of the last one, and only then told to people and acknowledged to the kernel (S3).

import { giveBack, standing } from "#lib/devices/leases.ts";
import { now } from "#lib/kit/clock.ts";
import { log } from "#lib/kit/log.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { reading } from "#lib/kit/verb.ts";
import type { CellState, Output, RunEvent, Session } from "#lib/sessions/contract.ts";
import {
  createKernel,
  deleteKernel,
  findKernel,
  interruptKernel,
  type KernelModel,
  type Line,
  openLine,
  restartKernel,
} from "#lib/sessions/kernel-client.ts";
import { locksOfNotebook } from "#lib/sessions/packages/store.ts";
import { hasKernel, interruptAt, removeAt, restartAt, startKernel } from "#lib/sessions/remote/client.ts";
import { openRemoteLine, type RemoteLine } from "#lib/sessions/remote/line.ts";
import { placeFor } from "#lib/sessions/remote/place.ts";
import { putElsewhere } from "#lib/sessions/remote/store.ts";
import { type Change, dismiss, emptyState, endOfIdleness, lose, type State, settleQuestion, type Told, take } from "#lib/sessions/rules.ts";
import * as store from "#lib/sessions/store.ts";
import { askTurn, type Turn, takeTurn } from "#lib/sessions/turn.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { mintSessionToken } from "#lib/workspace/installation.ts";

const gatherMs = 40;
const idleLookMs = 500;
const makePatienceMs = 60_000;
const tokenLifeMs = 24 * 3_600_000;

type Listener = (events: RunEvent[]) => void;

export type Runner = {
  submit: (runs: store.RunRow[]) => Promise<void>;
  listen: (listener: Listener) => () => void;
  /** Answers what the running run of a cell asks; null when it asks nothing, "away" when the kernel cannot be reached to hear it. */
  answer: (cellId: string, value: string) => Promise<CellState | "away" | null>;
  /** The run of a cell that asks something now. */
  asking: (cellId: string) => CellState | null;
  snapshot: () => RunEvent;
  session: () => Session;
  kernelId: () => string;
  refresh: () => Promise<void>;
  clear: (cellIds: string[] | null) => void;
  interrupt: () => Promise<void>;
  restart: () => Promise<void>;
  /** Ends the session, also one that still waits for a machine. */
  stop: () => Promise<void>;
  /** Idle minutes count from now. */
  keep: () => Promise<void>;
  /** Changes after how many idle minutes it ends. */
  setIdle: (minutes: number) => void;
  /** Ends this side; resolves when what was being stored is stored. */
  close: () => Promise<void>;
};

const loadState = async (row: store.SessionRow): Promise<State> => {
  const state = emptyState(row.elsewhere !== null);
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
  for (const { id: _, userId: __, ...run } of state.runs.values()) last.set(run.cellId, run);
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
  const { id: _, userId: __, ...cell } = change.run;
  return { type: "cell", seq, cell };
};

/** Opens the runner of a session row: makes or finds its kernel and goes on where the last runner stopped. */
export const openRunner = async (row: store.SessionRow, isFresh: boolean): Promise<Runner> => {
  const asked = await store.wishOf(reading(), row.notebookId);
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
  let isWaiting = false;
  let isBack = false;
  let device = row.device;
  let activeAt = row.activeAt ?? row.startedAt ?? now();
  let idleMinutes = asked.idleMinutes;
  let line: Line | null = null;
  /** Of a session on a Jupyter server of others: where that is, its kernel there, and the line to it. */
  const { elsewhere } = row;
  const place = elsewhere ? await placeFor(workspaceId, elsewhere.serverId) : null;
  let farId = elsewhere?.kernelId ?? null;
  let farLine: RemoteLine | null = null;

  const endsAt = (): Date | null => endOfIdleness(state, activeAt, idleMinutes);

  const session = (): Session => ({
    status: state.status,
    kernel: elsewhere ? `${elsewhere.title} on ${elsewhere.serverName}` : `TypeScript, Node ${process.versions.node.split(".")[0]}`,
    server: elsewhere?.serverName ?? null,
    isSandboxed,
    memoryMb,
    memoryLimitMb: row.memoryLimitMb,
    message: state.message,
    startedAt: row.startedAt?.toISOString() ?? null,
    kernelId,
    device,
    endsAt: endsAt()?.toISOString() ?? null,
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
      if ((state.status === "none" || state.status === "lost") && !isBack) {
        isBack = true;
        void giveBack(kernelId).catch((error: unknown) => log.warn("a lease could not be given back", { kernel: kernelId, error }));
      }
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
    const token = elsewhere ? "" : await tokenFor(run);
    line?.execute({
      id: run.id,
      code: run.source,
      cell: { cellId: run.cellId, cellHash: run.sourceHash, notebookId, revision: run.revision },
      token,
      canAsk: true,
      isRunning: run.status === "running",
      payer: { userId: run.userId, person: run.runBy },
    });
  };

  const asking = (cellId: string) => [...state.runs.values()].find((run) => run.cellId === cellId && run.question) ?? null;

  const opened = async (): Promise<void> => {
    for (const run of await store.pendingRuns(reading(), notebookId)) await send(run);
  };

  const gone = (): void => {
    line?.close();
    void commit(() => lose(state, now().toISOString()), 0);
  };

  const end = (message: string): Promise<void> => commit(() => dismiss(state, now().toISOString(), message), 0);

  const connect = (model: KernelModel): void => {
    isSandboxed = model.atelier.sandboxed;
    line = openLine(kernelId, {
      after: () => heardSeq,
      hear,
      opened: () => void opened().catch((error: unknown) => log.warn("cells could not be sent", { error })),
      gone,
      isLost: async () => (await standing(kernelId))?.state === "ended",
    });
  };

  const make = async (turn: Turn): Promise<void> => {
    device = turn.device?.name ?? null;
    await store.putDevice(notebookId, device);
    const account = { workspaceId, notebookId, userId: row.userId ?? "", person: row.person };
    const held = turn.device ? { device: turn.device.id } : {};
    const packages = await locksOfNotebook({ sql: reading(), workspaceId }, notebookId);
    connect(await createKernel({ kernelId, token: "", memoryMb: row.memoryLimitMb, account, packages, ...held }));
  };

  /** Who waited for its turn does not lose it to a gateway that is just starting. */
  const patiently = async (work: () => Promise<void>): Promise<void> => {
    for (const until = Date.now() + makePatienceMs; ; ) {
      try {
        return await work();
      } catch (error) {
        const mayPass = isProblem(error) && error.kind === "unavailable" && Date.now() < until && !isClosed;
        if (!mayPass || (await standing(kernelId))?.state !== "held") throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  };

  const say = (sentence: string | null): Promise<void> =>
    commit(() => {
      state.message = sentence;
      return [{ type: "session" }];
    });

  const startElsewhere = async (): Promise<void> => {
    if (!place || !elsewhere) return gone();
    if (isFresh) {
      farId = await startKernel(place, elsewhere.kernel);
      await putElsewhere(notebookId, { ...elsewhere, kernelId: farId });
    } else if (!farId || (await hasKernel(place, farId).catch(() => true)) === false) return gone();
    const told = (sentence: string | null): void => void (sentence !== state.message && say(sentence));
    const failed = (error: unknown): void => log.warn("cells could not be sent", { error });
    const owner = { session: kernelId, after: () => heardSeq, hear, opened: () => void opened().catch(failed), gone, say: told };
    farLine = openRemoteLine(place, farId!, owner);
    line = farLine;
  };

  const remove = (): Promise<void> => (place && farId ? removeAt(place, farId) : deleteKernel(kernelId));

  /** Waits behind others, in the background; the session is "starting" and says its place. */
  const wait = async (): Promise<void> => {
    isWaiting = true;
    const turn = await takeTurn(kernelId, {
      told: (sentence) => void say(sentence),
      isOver: () => isClosed || state.status !== "starting",
    });
    isWaiting = false;
    if (isClosed || state.status !== "starting") return;
    if (!turn) return gone();
    await say(null);
    await patiently(() => make(turn)).catch(async (error: unknown) => {
      log.warn("a session that waited could not be made", { kernel: kernelId, error: String(error) });
      await end(error instanceof Error ? error.message : "The session could not be started. Run the cell again.");
    });
  };

  const start = async (): Promise<void> => {
    if (elsewhere) return startElsewhere();
    if (isFresh) {
      const { userId, person } = row;
      const { cpus, memoryMb, gpu } = asked;
      const turn = await askTurn({ session: kernelId, workspaceId, notebookId, userId, person, cpus, memoryMb, gpu });
      if (turn) return make(turn).catch((error: unknown) => giveBack(kernelId).then(() => Promise.reject(error)));
      return void wait();
    }
    if ((await standing(kernelId))?.state === "waiting") return void wait();
    const model = await findKernel(kernelId);
    if (model) connect(model);
    else gone();
  };
  await start();

  const idleWatch = setInterval(() => {
    const at = endsAt();
    if (!at || at > now() || isClosed) return;
    const minutes = idleMinutes === 1 ? "1 idle minute" : `${idleMinutes} idle minutes`;
    void end(`The session ended after ${minutes}. Variables are gone, outputs are kept. Run a cell to start again.`);
    void remove().catch((error: unknown) => log.warn("an idle session could not be ended", { kernel: kernelId, error }));
  }, idleLookMs);
  idleWatch.unref();

  const stop = async (): Promise<void> => {
    if (isWaiting) return end("The session was stopped before a machine was free.");
    if (state.status === "lost" || state.status === "none") return;
    await remove();
    if (!farLine) return;
    farLine.close();
    await end("The session was ended. Variables are gone, outputs are kept.");
  };

  return {
    submit: async (runs) => {
      for (const run of runs) {
        state.runs.delete(run.id);
        state.runs.set(run.id, store.toRun(run));
      }
      activeAt = now();
      await store.putActive(notebookId, activeAt);
      await commit(() => runs.map((run) => ({ type: "run" as const, run: state.runs.get(run.id)! })));
      for (const run of runs) await send(run);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    asking,
    answer: async (cellId, value) => {
      const run = asking(cellId);
      if (!run) return null;
      if (!line?.answer(run.id, value)) return "away";
      const changes = settleQuestion(state, run, value);
      await commit(() => changes);
      const { id: _, userId: __, ...cell } = run;
      return cell;
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
      if (elsewhere) return;
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
    interrupt: () => {
      if (!place || !farId) return isWaiting ? stop() : interruptKernel(kernelId);
      farLine?.abort();
      return interruptAt(place, farId);
    },
    restart: async () => {
      if (place && farId) {
        await restartAt(place, farId);
        return farLine?.reset("The session was started again. Variables are gone, outputs are kept.");
      }
      if (!isWaiting) await restartKernel(kernelId);
    },
    stop,
    keep: async () => {
      activeAt = now();
      await store.putActive(notebookId, activeAt);
      await commit(() => [{ type: "session" }]);
    },
    setIdle: (minutes) => {
      idleMinutes = minutes;
      activeAt = now();
      void commit(() => [{ type: "session" }]);
    },
    close: () => {
      isClosed = true;
      clearInterval(idleWatch);
      line?.close();
      return storing;
    },
  };
};

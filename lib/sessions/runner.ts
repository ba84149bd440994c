// The product's side of a running session, in the web process. Messages from the kernel are gathered for at most 40 ms, reduced, stored in
// one transaction with the number of the last one, and only then told to people and acknowledged to the kernel (S3).
import { now } from "#lib/kit/clock.ts";
import { log } from "#lib/kit/log.ts";
import { reading } from "#lib/kit/verb.ts";
import type { CellState, Output, RunEvent, Session } from "#lib/sessions/contract.ts";
import type { Kernel, Owner } from "#lib/sessions/kernel.ts";
import { ownKernel } from "#lib/sessions/own-kernel.ts";
import { remoteKernel } from "#lib/sessions/remote/kernel.ts";
import { type Change, dismiss, emptyState, endOfIdleness, lose, type State, settleQuestion, type Told, take } from "#lib/sessions/rules.ts";
import * as store from "#lib/sessions/store.ts";

const gatherMs = 40;
const idleLookMs = 500;

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
  consult: Kernel["consult"];
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
  const { notebookId } = row;
  const kernelId = row.kernelId!;
  const state = await loadState(row);
  const listeners = new Set<Listener>();
  let { seq } = row;
  let heardSeq = row.kernelSeq;
  let storedSeq = row.kernelSeq;
  let gathered: Told[] = [];
  let isGathering = false;
  let storing: Promise<void> = Promise.resolve();
  let memoryMb: number | null = null;
  let isClosed = false;
  let isFreed = false;
  let activeAt = row.activeAt ?? row.startedAt ?? now();
  let idleMinutes = asked.idleMinutes;
  let kernel: Kernel;

  const endsAt = (): Date | null => endOfIdleness(state, activeAt, idleMinutes);

  const session = (): Session => ({
    status: state.status,
    ...kernel.face(),
    memoryMb,
    memoryLimitMb: row.memoryLimitMb,
    message: state.message,
    startedAt: row.startedAt?.toISOString() ?? null,
    kernelId,
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
      if ((state.status === "none" || state.status === "lost") && !isFreed) {
        isFreed = true;
        void kernel.free().catch((error: unknown) => log.warn("a lease could not be given back", { kernel: kernelId, error }));
      }
      tell(events);
      if (lastSeq !== null) kernel.ack(at);
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

  const asking = (cellId: string) => [...state.runs.values()].find((run) => run.cellId === cellId && run.question) ?? null;

  const opened = async (): Promise<void> => {
    for (const run of await store.pendingRuns(reading(), notebookId)) await kernel.execute(run);
  };

  const owner: Owner = {
    after: () => heardSeq,
    hear,
    opened: () => void opened().catch((error: unknown) => log.warn("cells could not be sent", { error })),
    gone: () => void commit(() => lose(state, now().toISOString()), 0),
    say: async (sentence) => {
      if (sentence === state.message) return;
      await commit(() => {
        state.message = sentence;
        return [{ type: "session" }];
      });
    },
    end: (message) => commit(() => dismiss(state, now().toISOString(), message), 0),
    status: () => state.status,
    isClosed: () => isClosed,
  };
  kernel = row.elsewhere ? await remoteKernel(row, row.elsewhere, owner) : ownKernel(row, asked, owner);
  await kernel.start(isFresh);

  const idleWatch = setInterval(() => {
    const at = endsAt();
    if (!at || at > now() || isClosed) return;
    const minutes = idleMinutes === 1 ? "1 idle minute" : `${idleMinutes} idle minutes`;
    void owner.end(`The session ended after ${minutes}. Variables are gone, outputs are kept. Run a cell to start again.`);
    void kernel.remove().catch((error: unknown) => log.warn("an idle session could not be ended", { kernel: kernelId, error }));
  }, idleLookMs);
  idleWatch.unref();

  return {
    submit: async (runs) => {
      for (const run of runs) {
        state.runs.delete(run.id);
        state.runs.set(run.id, store.toRun(run));
      }
      activeAt = now();
      await store.putActive(notebookId, activeAt);
      await commit(() => runs.map((run) => ({ type: "run" as const, run: state.runs.get(run.id)! })));
      for (const run of runs) await kernel.execute(run);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    asking,
    answer: async (cellId, value) => {
      const run = asking(cellId);
      if (!run) return null;
      if (!kernel.answer(run.id, value)) return "away";
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
    consult: (type, content) => kernel.consult(type, content),
    refresh: async () => {
      const mb = await kernel.memoryMb();
      if (mb === null || mb === memoryMb) return;
      memoryMb = mb;
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
    interrupt: () => kernel.interrupt(),
    restart: () => kernel.restart(),
    stop: async () => {
      if (state.status !== "lost" && state.status !== "none") await kernel.stop();
    },
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
      kernel.close();
      return storing;
    },
  };
};

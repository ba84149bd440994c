// The worker's side of one pipeline run: a session, the line to it, and one queue through which everything that happens to the course passes.
// What happened is stored under the lease before anybody is told and before the kernel may forget it (P4); whoever finds the row without a
// living worker calls `execute` again and goes on from what is stored.
import { standing } from "#lib/devices/leases.ts";
import { now } from "#lib/kit/clock.ts";
import { keepLease, leaseEnd, leaseOwner } from "#lib/kit/job.ts";
import { log } from "#lib/kit/log.ts";
import { cleanUp, openAttempt, saveStep } from "#lib/pipelines/attempt.ts";
import { begin, type Course, current, type Entry, end, executionId, hear, lose, type Step } from "#lib/pipelines/course.ts";
import { reachKernel } from "#lib/pipelines/place.ts";
import * as store from "#lib/pipelines/run-store.ts";
import type { StageRow } from "#lib/pipelines/store.ts";
import { type Line, openLine } from "#lib/sessions/kernel-client.ts";
import type { Told } from "#lib/sessions/rules.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { mintSessionToken } from "#lib/workspace/installation.ts";

const gatherMs = 80;
const watchMs = 500;
/** The session lives this much longer, so that what cells send in the background (metrics of a run) arrives. */
const lingerMs = 500;
const waitMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Outcome = Exclude<Awaited<ReturnType<typeof saveStep>>, "stored">;

/** Runs a claimed pipeline run to its end, or until `stop` (the worker goes) or the lease is lost; then the next worker goes on. */
export const execute = async (claimed: store.RunRow, stop: AbortSignal, watchStop: (look: () => void) => () => void): Promise<void> => {
  const held = new AbortController();
  const leave = (): void => held.abort();
  stop.addEventListener("abort", leave, { once: true });
  let stopAskedBy = claimed.stopAskedBy;
  const look = async (): Promise<boolean> => {
    const row = await store.renewRun(claimed.id, leaseOwner, leaseEnd());
    stopAskedBy = row?.stopAskedBy ?? stopAskedBy;
    return row !== null;
  };
  const lease = keepLease(look, leave);
  const unwatch = watchStop(() => void look().catch(() => {}));
  try {
    let outcome: Outcome = "again";
    while (outcome === "again" && !held.signal.aborted) outcome = await runAttempt(claimed, held.signal, () => stopAskedBy);
    if (outcome === "ended") {
      await waitMs(lingerMs);
      await cleanUp(claimed);
    }
  } finally {
    unwatch();
    lease.stop();
    stop.removeEventListener("abort", leave);
    if (stop.aborted) await store.releaseRun(claimed.id, leaseOwner, now()).catch(() => {}); // else a failure waits for the lease to run out
  }
};

/** Tokens of the people who promoted the stages, made when a stage of theirs is about to run (P7). */
const tokensOf = (workspaceId: string) => {
  const made = new Map<string, Promise<string>>();
  return (stage: StageRow): Promise<string> => {
    const known =
      made.get(stage.id) ??
      mintSessionToken({
        workspaceId,
        userId: stage.userId,
        role: stage.role as Role,
        kind: "stage",
        name: stage.promotedBy,
        lifeMs: stage.limitMs + 15 * 60_000,
      }).then((token) => token.secret);
    made.set(stage.id, known);
    known.catch(() => made.delete(stage.id));
    return known;
  };
};

const limitEnding = (stage: StageRow) => ({
  status: "failed" as const,
  fault: "limits" as const,
  message: `Stage ${stage.name} passed its limit of ${stage.limitMs / 60_000} minutes. Raise the limit, or give it less to do.`,
});

/** One attempt from wherever it stands to its end. */
const runAttempt = async (claimed: store.RunRow, left: AbortSignal, stopAskedBy: () => string | null): Promise<Outcome> => {
  const attempt = await openAttempt(claimed);
  if (!attempt) return "left";
  const pace = new Map<string, number>();
  const tokenOf = tokensOf(attempt.run.workspaceId);
  let course = attempt.course;
  let heardSeq = attempt.journalSeq;
  let storedSeq = attempt.journalSeq;
  let sent = "";
  let line: Line | null = null;
  let queue: Promise<void> = Promise.resolve();
  let gathered: Told[] = [];
  let settle: (outcome: Outcome) => void = () => {};
  const settled = new Promise<Outcome>((resolve) => (settle = resolve));

  const sendCurrent = async (isAgain = false): Promise<void> => {
    const at = current(course);
    if (!at || !line || at.stage.status !== "running") return;
    const id = executionId(at.stage.id, at.stage.cellIndex);
    if (id === sent && !isAgain) return;
    const pinned = attempt.stages[at.order]!;
    const cell = pinned.cells[at.stage.cellIndex]!;
    const token = await tokenOf(pinned);
    line.execute({
      id,
      code: cell.source,
      cell: {
        cellId: cell.cellId,
        cellHash: cell.hash,
        notebookId: pinned.notebookId,
        revision: pinned.notebookRevision,
        pipelineRunId: attempt.run.id,
      },
      token,
      packages: pinned.packages,
      payer: { userId: pinned.userId, person: pinned.promotedBy },
    });
    sent = id;
  };

  const commit = async (before: Course, step: Step, seq: number): Promise<void> => {
    let outcome: Outcome | "stored";
    for (;;) {
      try {
        outcome = await saveStep(attempt, before, step, seq);
        break;
      } catch (error) {
        if (left.aborted) return settle("left");
        log.warn("a pipeline run could not be stored, trying again", { pipelineRun: attempt.run.id, error });
        await waitMs(500);
      }
    }
    if (outcome === "left") return settle(outcome);
    course = step.course;
    storedSeq = seq;
    line?.ack(seq);
    if (outcome !== "stored") return settle(outcome);
    await sendCurrent();
  };

  /** Everything that changes the course goes through here, one after the other; a change that finds the course ended is nothing. */
  const apply = (change: (from: Course) => Step, seq?: number): Promise<void> => {
    queue = queue.then(async () => {
      if (course.ending || left.aborted) return;
      const step = change(course);
      if (step.course === course && step.entries.length === 0 && seq === undefined) return;
      await commit(course, step, seq ?? storedSeq);
    });
    queue = queue.catch((error: unknown) => log.warn("a pipeline run step failed", { pipelineRun: attempt.run.id, error }));
    return queue;
  };

  const drain = (): void => {
    const batch = gathered;
    gathered = [];
    const last = batch.at(-1)?.seq;
    void apply((from) => {
      let next = from;
      const entries: Entry[] = [];
      for (const message of batch) {
        const step = hear(next, message, message.msg.header.date ?? now().toISOString(), pace);
        next = step.course;
        entries.push(...step.entries);
      }
      return { course: next, entries };
    }, last);
  };

  const take = (message: Told): void => {
    if (message.seq <= heardSeq) return;
    heardSeq = message.seq;
    if (gathered.push(message) === 1) setTimeout(drain, gatherMs);
  };

  const lost = (): void => void apply((from) => ({ course: lose(from, now().toISOString()), entries: [] }));

  /** What no kernel message tells: somebody pressed Stop, a stage passed its time. */
  const watch = (): void => {
    const by = stopAskedBy();
    const at = now();
    if (by) {
      const ending = { status: "cancelled" as const, fault: null, message: `Stopped by ${by}.` };
      return void apply((from) => ({ course: end(from, ending, at.toISOString()), entries: [] }));
    }
    const running = current(course);
    const pinned = running && attempt.stages[running.order];
    if (!pinned || !running.stage.startedAt || at.getTime() - Date.parse(running.stage.startedAt) < pinned.limitMs) return;
    void apply((from) => ({ course: end(from, limitEnding(pinned), at.toISOString()), entries: [] }));
  };

  const watcher = setInterval(watch, watchMs);
  left.addEventListener("abort", () => settle("left"), { once: true });
  try {
    const note = (text: string) => ({
      at: now().toISOString(),
      order: current(course)?.order ?? 0,
      cellId: null,
      kind: "note" as const,
      text,
    });
    const told = (sentence: string): void => void apply((from) => ({ course: from, entries: [note(sentence)] }));
    const reached = stopAskedBy() ? null : await reachKernel(attempt, { told, isOver: () => left.aborted || course.ending !== null });
    if (!reached) watch();
    else if (reached.state === "lost") lost();
    else if (reached.state === "refused") {
      const ending = { status: "failed" as const, fault: "yours" as const, message: reached.sentence };
      await apply((from) => ({ course: end(from, ending, now().toISOString()), entries: [] }));
    } else {
      await apply((from) => ({ course: begin(from, now().toISOString()), entries: [] }));
      line = openLine(attempt.kernelId, {
        after: () => heardSeq,
        hear: take,
        opened: () => void sendCurrent(true).catch((error: unknown) => log.warn("a cell could not be sent", { error })),
        gone: lost,
        isLost: async () => (await standing(attempt.kernelId))?.state === "ended",
      });
    }
    return await settled;
  } finally {
    clearInterval(watcher);
    line?.close();
  }
};

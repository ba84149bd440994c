// What the worker does for pipelines: looks every second which are due (P2), takes up pipeline runs that wait or whose worker is gone, and
// tidies after those that were killed.
import { now } from "#lib/kit/clock.ts";
import { newId } from "#lib/kit/ids.ts";
import { type Job, leaseEnd, leaseOwner, loop } from "#lib/kit/job.ts";
import { log } from "#lib/kit/log.ts";
import { systemIn, within } from "#lib/kit/verb.ts";
import { sweep } from "#lib/pipelines/attempt.ts";
import { pipelineEvents } from "#lib/pipelines/contract.ts";
import { execute } from "#lib/pipelines/executor.ts";
import * as runs from "#lib/pipelines/run-store.ts";
import { dueTime } from "#lib/pipelines/schedule.ts";
import * as store from "#lib/pipelines/store.ts";

/** Pipeline runs one worker executes at a time; each is mostly waiting for its session. */
const atOnce = 4;

/** Queues one pipeline that may be due, under its row's lock; answers whether a pipeline run was made. */
const queueDue = (pipelineId: string, workspaceId: string): Promise<boolean> =>
  within(systemIn(workspaceId), workspaceId, async (scope) => {
    const row = await store.findPipeline(scope, pipelineId, { lock: true });
    if (!row?.nextAt || row.nextAt > scope.now || row.isPaused || row.trashedAt || !row.cron) return false;
    const schedule = { cron: row.cron, timeZone: row.timeZone ?? "UTC" };
    const { scheduledFor, next } = dueTime(schedule, row.nextAt, scope.now);
    await store.updatePipeline(scope, row.id, { nextAt: next });
    scope.emit(pipelineEvents.changed, row.id);
    if (await runs.hasWaitingScheduled(scope, row.id)) {
      await scope.audit("pipeline_run.skipped", row.id, { scheduledFor: scheduledFor.toISOString(), why: "one still waits" });
      return false;
    }
    const made = await runs.insertRun(scope, {
      id: newId("pipeline_run", scope.now.getTime()),
      pipelineId: row.id,
      revision: row.revision,
      trigger: "schedule",
      scheduledFor,
      startedBy: "schedule",
      queuedAt: scope.now,
    });
    if (!made) return false;
    await scope.audit("pipeline_run.queued", row.id, { number: made.number, scheduledFor: made.scheduledFor });
    scope.emit(pipelineEvents.runChanged, made.id);
    return true;
  });

/** Queues everything that is due now; answers how many pipeline runs were made. */
export const queueAllDue = async (): Promise<number> => {
  let made = 0;
  for (const due of await store.duePipelines(now())) if (await queueDue(due.id, due.workspaceId)) made += 1;
  return made;
};

/** Takes up pipeline runs until `stop`; `poke` makes one that runs look whether somebody pressed Stop. */
export const openExecutors = () => {
  const stop = new AbortController();
  const open = new Map<string, Promise<void>>();
  const looks = new Map<string, () => void>();
  const takeOne = async (): Promise<boolean> => {
    if (stop.signal.aborted || open.size >= atOnce) return false;
    const row = await runs.claimRun(leaseOwner, leaseEnd(), now());
    if (!row) return false;
    const watchStop = (look: () => void) => {
      looks.set(row.id, look);
      return () => void looks.delete(row.id);
    };
    const work = execute(row, stop.signal, watchStop)
      .catch((error: unknown) => log.error("a pipeline run failed inside, another try follows", { pipelineRun: row.id, error }))
      .finally(() => open.delete(row.id));
    open.set(row.id, work);
    return true;
  };
  return {
    takeOne,
    poke: (runId: string): void => looks.get(runId)?.(),
    /** Waits until nothing runs here any more. */
    settled: async (): Promise<void> => {
      while (open.size > 0) await Promise.all(open.values());
    },
    stop: async (): Promise<void> => {
      stop.abort();
      await Promise.all(open.values());
    },
  };
};

export const pipelineJobs: Job = async ({ newsroom }) => {
  const executors = openExecutors();
  const scheduling = loop("pipeline schedules", 1000, async () => void (await queueAllDue()));
  const taking = loop("pipeline runs", 1000, executors.takeOne);
  const sweeping = loop("ending sessions of pipeline runs", 15_000, sweep);
  const stopListening = newsroom.listen((news) => {
    if (news.topic !== pipelineEvents.runChanged) return;
    taking.wake();
    executors.poke(news.subject);
  });
  return {
    stop: async () => {
      stopListening();
      await Promise.all([scheduling.stop(), taking.stop(), sweeping.stop()]);
      await executors.stop();
    },
  };
};

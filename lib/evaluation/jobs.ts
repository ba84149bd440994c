// What the worker does for evaluations: takes one that waits under a lease, has it judged by a process of its own (EV3), writes progress
// and, once, the report with its gates. A process that dies says so in the evaluation; a worker that dies leaves it to the next (EV2).
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { evaluationEvents, planSchema, reportSchema, type Said, type Task } from "#lib/evaluation/contract.ts";
import { judgeGates } from "#lib/evaluation/rules.ts";
import * as store from "#lib/evaluation/store.ts";
import { blobPath } from "#lib/kit/blobs.ts";
import { now } from "#lib/kit/clock.ts";
import { type Job, keepLease, leaseEnd, leaseOwner, loop } from "#lib/kit/job.ts";
import { systemIn, within } from "#lib/kit/verb.ts";

const main = fileURLToPath(new URL("../../kernel/evaluation/main.ts", import.meta.url));
const attemptLimit = 3;
const limitMs = 3_600_000;
const memoryMb = 3000;

type Ended = { report: unknown } | { failure: string };

const judgeIn = (
  task: Task,
  stop: AbortSignal,
  tell: (progress: Extract<Said, { progress: unknown }>["progress"]) => void,
): Promise<Ended> =>
  new Promise((resolve) => {
    const child = fork(main, {
      execArgv: ["--disable-warning=ExperimentalWarning", `--max-old-space-size=${memoryMb}`],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { NODE_ENV: "production", PATH: "/usr/bin:/bin" },
    });
    const timer = setTimeout(() => {
      resolve({ failure: "The evaluation took longer than an hour. Judge fewer rows." });
      child.kill("SIGKILL");
    }, limitMs);
    stop.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
    child.on("message", (said: Said) => ("progress" in said ? tell(said.progress) : resolve(said)));
    child.once("exit", () => {
      clearTimeout(timer);
      resolve({ failure: "The process that ran the model ended without an answer: the file may be damaged, or memory ran out." });
    });
    child.send(task);
  });

/** At most two writes a second, the last one never lost. */
const progressOf = (row: store.EvaluationRow) => {
  let last = 0;
  return (progress: { done: number; total: number; sentence: string }): void => {
    const at = Date.now();
    if (at - last < 500 && progress.done < progress.total) return;
    last = at;
    void within(systemIn(row.workspaceId), row.workspaceId, async (scope) => {
      const change = { rowsDone: progress.done, rowsTotal: progress.total, sentence: progress.sentence };
      if (await store.putProgress(scope, row.id, leaseOwner, change)) scope.emit(evaluationEvents.changed, row.id);
    }).catch(() => undefined); // a lost line of progress changes nothing
  };
};

const change = (row: store.EvaluationRow, ended: Ended) => {
  const endedAt = now();
  if ("failure" in ended) return { status: "failed", sentence: ended.failure, endedAt };
  const report = reportSchema.safeParse(ended.report);
  if (!report.success)
    return { status: "failed", sentence: "The process that ran the model answered something else than a report.", endedAt };
  const judged = judgeGates(planSchema.parse(row.plan), report.data);
  const passed = judged?.findings.filter((one) => one.isPassed).length ?? 0;
  return {
    status: "done",
    report: report.data,
    findings: judged?.findings ?? null,
    isPassed: judged?.isPassed ?? null,
    rowsDone: report.data.rows + report.data.skipped,
    rowsTotal: report.data.rows + report.data.skipped,
    sentence: judged ? `${passed} of ${judged.findings.length} gates passed.` : `${report.data.rows} rows judged.`,
    endedAt,
  };
};

const modelAt = (digest: string | null, signature: unknown): Task["model"] => (digest ? { path: blobPath(digest), signature } : null);

const finish = (row: store.EvaluationRow, ended: Ended): Promise<void> =>
  within(systemIn(row.workspaceId), row.workspaceId, async (scope) => {
    const made = change(row, ended);
    if (!(await store.finishEvaluation(scope, row.id, leaseOwner, made))) return;
    await scope.audit(`evaluation.${made.status}`, row.id, { number: row.number });
    scope.emit(evaluationEvents.changed, row.id);
  });

const evaluate = async (row: store.EvaluationRow): Promise<void> => {
  if (row.attempts > attemptLimit)
    return finish(row, {
      failure: `The worker ended ${attemptLimit} times while it judged this. Look at the model's file and the size of the table.`,
    });
  const abort = new AbortController();
  const lease = keepLease(
    () => store.renewLease(row.id, leaseOwner, leaseEnd()),
    () => abort.abort(),
  );
  try {
    const task: Task = {
      tablePath: blobPath(row.tableDigest),
      plan: planSchema.parse(row.plan),
      model: modelAt(row.digest, row.signature),
      baseline: modelAt(row.baselineDigest, row.baselineSignature),
    };
    const ended = await judgeIn(task, abort.signal, progressOf(row));
    if (!abort.signal.aborted) await finish(row, ended);
  } finally {
    lease.stop();
  }
};

/** Judges what waits, one at a time a worker; answers whether it found anything. */
export const evaluateNext = async (): Promise<boolean> => {
  const row = await store.claimEvaluation(leaseOwner, leaseEnd(), now());
  if (row) await evaluate(row);
  return row !== null;
};

export const evaluationJobs: Job = async ({ newsroom }) => {
  const judging = loop("judging models", 2000, evaluateNext);
  const stopListening = newsroom.listen((news) => void (news.topic === evaluationEvents.queued && judging.wake()));
  return {
    stop: async () => {
      stopListening();
      await judging.stop();
    },
  };
};

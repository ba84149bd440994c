// What the worker does for data sets: reads versions that wait. The wake-up is news of an upload; the truth is the row (DS3, DS4).
import { fork } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { datasetEvents } from "#lib/datasets/contract.ts";
import type { Answer, Task } from "#lib/datasets/read-main.ts";
import * as store from "#lib/datasets/store.ts";
import { blobPath, putBlob } from "#lib/kit/blobs.ts";
import { now } from "#lib/kit/clock.ts";
import { type Job, keepLease, leaseEnd, leaseOwner, loop } from "#lib/kit/job.ts";
import { systemIn, within } from "#lib/kit/verb.ts";

const main = fileURLToPath(new URL("./read-main.ts", import.meta.url));

const readIn = (task: Task, stop: AbortSignal): Promise<Answer> =>
  new Promise((resolve) => {
    const child = fork(main, { execArgv: ["--disable-warning=ExperimentalWarning"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    stop.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
    child.once("message", (answer) => resolve(answer as Answer));
    child.once("exit", () =>
      resolve({ failure: "The reader ended without an answer, most likely out of memory. Split the file, or upload it as Parquet." }),
    );
    child.send(task);
  });

const readVersion = async (row: store.VersionRow): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "atelier-read-"));
  const abort = new AbortController();
  const lease = keepLease(
    () => store.renewLease(row.id, leaseOwner, leaseEnd()),
    () => abort.abort(),
  );
  try {
    const tablePath = join(folder, "table.parquet");
    const answer = await readIn(
      { path: blobPath(row.originalDigest), format: row.format as Task["format"], tablePath, spillPath: folder },
      abort.signal,
    );
    if (abort.signal.aborted) return;
    const change = "found" in answer ? await toReady(answer.found, tablePath) : { status: "failed", failure: answer.failure };
    await within(systemIn(row.workspaceId), row.workspaceId, async (scope) => {
      if (!(await store.finishVersion(scope, row.id, leaseOwner, change))) return;
      await scope.audit(`dataset.${change.status}`, row.datasetId, { version: row.number });
      scope.emit(datasetEvents.changed, row.datasetId);
    });
  } finally {
    lease.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

const toReady = async (found: Extract<Answer, { found: unknown }>["found"], tablePath: string) => {
  const blob = await putBlob(createReadStream(tablePath));
  return {
    status: "ready",
    tableDigest: blob.digest,
    tableSize: blob.size,
    rowCount: found.rowCount,
    columns: found.columns,
    preview: found.preview,
    report: found.report,
    readyAt: now(),
  };
};

/** Reads what waits, one file at a time a worker; answers whether it found anything. */
export const readNext = async (): Promise<boolean> => {
  const row = await store.claimUnread(leaseOwner, leaseEnd(), now());
  if (row) await readVersion(row);
  return row !== null;
};

export const datasetJobs: Job = async ({ newsroom }) => {
  const reading = loop("reading data sets", 2000, readNext);
  const stopListening = newsroom.listen((news) => void (news.topic === datasetEvents.uploaded && reading.wake()));
  return {
    stop: async () => {
      stopListening();
      await reading.stop();
    },
  };
};

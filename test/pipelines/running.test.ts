// Pipeline runs on a real gateway: what a stage prints is kept once, a killed worker process loses and repeats nothing, a lost session is tried
// once more, a throw is yours, limits are limits. Workers are the product's own processes where they are killed, else executors in this one.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as experiments from "#lib/experiments/contract.ts";
import * as notebooks from "#lib/notebooks/contract.ts";
import * as contract from "#lib/pipelines/contract.ts";
import { type House, openHouse } from "#test/kit/house.ts";

const main = { workspace: "main" };
const root = fileURLToPath(new URL("../..", import.meta.url));
let house: House;
// imported once the house stands, because they read the environment it sets
let openExecutors: typeof import("#lib/pipelines/jobs.ts").openExecutors;
let pool: typeof import("#db").pool;
let env: typeof import("#lib/kit/env.ts").env;
const workers: ChildProcess[] = [];
let gateway: ChildProcess;

beforeAll(async () => {
  house = await openHouse();
  ({ openExecutors } = await import("#lib/pipelines/jobs.ts"));
  ({ pool } = await import("#db"));
  ({ env } = await import("#lib/kit/env.ts"));
  gateway = await startGateway();
});
afterAll(async () => {
  for (const child of [...workers, gateway]) child.kill("SIGKILL");
  await house.close();
});

/** Makes a pipeline with one stage a list of sources; answers the notebook's cells. */
const make = async (name: string, stages: Record<string, string[]>, limitMinutes = 60): Promise<notebooks.Cell[]> => {
  const sources = Object.values(stages).flat();
  const made = await house.as("editor")(notebooks.createNotebook, {
    ...main,
    title: name,
    cells: sources.map((source) => ({ cellType: "code" as const, source })),
  });
  const { cells } = await house.as("viewer")(notebooks.readNotebook, { ...main, notebook: made.id });
  const rest = [...cells];
  for (const [stage, its] of Object.entries(stages)) {
    const chosen = rest.splice(0, its.length).map((cell) => ({ cell: cell.id, sourceHash: cell.hash }));
    await house.as("editor")(contract.promoteCells, { ...main, pipeline: name, stage, notebook: made.id, cells: chosen, limitMinutes });
  }
  return cells;
};

const start = async (name: string): Promise<number> => (await house.as("editor")(contract.runPipeline, { ...main, pipeline: name })).number;
const look = (pipeline: string, number: number) => house.as("viewer")(contract.readPipelineRun, { ...main, pipeline, number });

const until = async <T>(find: () => Promise<T | false | null | undefined>, limitMs = 90_000): Promise<T> => {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > end) throw new Error("what was waited for did not come");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const logOf = async (pipeline: string, number: number, stage?: string): Promise<contract.LogEntry[]> => {
  const all: contract.LogEntry[] = [];
  for (let afterSeq = 0; ; ) {
    const page = await house.as("viewer")(contract.readPipelineLog, { ...main, pipeline, number, afterSeq, stage });
    if (page.entries.length === 0) return all;
    all.push(...page.entries);
    afterSeq = page.nextSeq;
  }
};
const stdout = (log: contract.LogEntry[]): string =>
  log
    .filter((entry) => entry.kind === "stdout")
    .map((entry) => entry.text)
    .join("");

/** Runs everything that waits in this process; answers the pipeline run as it ended. */
const run = async (pipeline: string): Promise<contract.WholeRun> => {
  const number = await start(pipeline);
  const executors = openExecutors();
  await executors.takeOne();
  await executors.settled();
  return look(pipeline, number);
};

const kernels = async (): Promise<{ id: string }[]> =>
  (await fetch(`${env.kernelUrl}/api/kernels`, { headers: { authorization: `Bearer ${env.internalSecret}` } })).json() as Promise<
    { id: string }[]
  >;

/** One of the product's own processes, as the supervisor starts it. */
const startChild = (file: string, environment: Record<string, string>): ChildProcess =>
  spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, file)], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...process.env, ATELIER_LOG_LEVEL: "error", ...environment },
  });

const startWorker = (): ChildProcess => {
  const worker = startChild("lib/boot/worker.ts", { DATABASE_URL: pool().options.connectionString!, ATELIER_WORKER_PORT: "0" });
  workers.push(worker);
  return worker;
};

const startGateway = async (): Promise<ChildProcess> => {
  const child = startChild("kernel/main.ts", {});
  await until(() =>
    fetch(`${env.kernelUrl}/health`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  return child;
};
const killed = (worker: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    worker.once("exit", () => resolve());
    worker.kill("SIGKILL");
  });

describe("a pipeline run", () => {
  it("runs its stages in one fresh session, keeps what they print, and is an experiment run with the same end", async () => {
    await make("Whole", {
      Read: ["const rows: number[] = [1, 2, 3];", "console.log(`read ${rows.length} rows`)"],
      Train: ["console.error('slow'); rows.reduce((a, b) => a + b)"],
    });
    const ended = await run("Whole");
    expect(ended).toMatchObject({ status: "done", fault: null, attempt: 1, trigger: "manual", startedBy: "editor" });
    expect(ended.stages.map((stage) => [stage.stage, stage.status])).toEqual([
      ["Read", "done"],
      ["Train", "done"],
    ]);
    expect(ended.stages.every((stage) => stage.startedAt && stage.endedAt && stage.kernelId && stage.journalSeq > 0)).toBe(true);
    const log = await logOf("Whole", ended.number);
    expect(log.filter((entry) => entry.kind !== "note").map((entry) => [entry.stage, entry.kind, entry.text])).toEqual([
      ["Read", "stdout", "read 3 rows\n"],
      ["Train", "stderr", "slow\n"],
      ["Train", "result", "6"],
    ]);
    expect((await logOf("Whole", ended.number, "Train")).map((entry) => entry.text)).toEqual(["slow\n", "6"]);
    const asRun = await house.as("viewer")(experiments.readRun, { ...main, run: ended.runId! });
    expect(asRun).toMatchObject({ status: "done", pipelineRunId: ended.id, experiment: { name: "Whole" } });
    const lines = await house.as("viewer")(experiments.readLog, { ...main, run: ended.runId! });
    expect(lines.items.map((line) => line.text)).toContain("read 3 rows\n");
    expect(await kernels()).toEqual([]);
  });

  it("P5 a throw is yours: it fails with cell and message, what is behind is not reached, nothing is tried again", async () => {
    await make("Throws", { Read: ["let x = 1"], Train: ["null.f", "console.log('never')"], After: ["1"] });
    const ended = await run("Throws");
    expect(ended).toMatchObject({ status: "failed", fault: "yours", attempt: 1 });
    expect(ended.message).toMatch(/^Cell 2\. TypeError: /);
    expect(ended.stages.map((stage) => [stage.status, stage.startedAt !== null])).toEqual([
      ["done", true],
      ["failed", true],
      ["cancelled", false],
    ]);
    expect(stdout(await logOf("Throws", ended.number))).toBe("");
    expect(await house.as("viewer")(experiments.readRun, { ...main, run: ended.runId! })).toMatchObject({
      status: "failed",
      fault: "yours",
    });
    expect(await kernels()).toEqual([]);
  });

  it("P1 runs the pinned text after the notebook has been changed and deleted", async () => {
    const cells = await make("Pinned", { Only: ["console.log('as promoted')"] });
    const { notebookId } = await house.as("viewer")(contract.readPipeline, { ...main, pipeline: "Pinned" });
    await house.as("owner")(notebooks.trashNotebook, { ...main, notebook: notebookId });
    await house.as("owner")(notebooks.deleteNotebook, { ...main, notebook: notebookId });
    const ended = await run("Pinned");
    expect(ended.status).toBe("done");
    expect(stdout(await logOf("Pinned", ended.number))).toBe("as promoted\n");
    const { pinned } = await house.as("viewer")(contract.readPipelineRun, { ...main, pipeline: "Pinned", number: ended.number });
    expect(pinned[0]!.cells[0]!.hash).toBe(cells[0]!.hash);
  });

  it("P5 a stage past its time is limits, and its session is ended", async () => {
    await make("Slow", { Only: ["console.log('begun'); await new Promise(() => {})"] });
    await pool().query("update pipeline_stage set limit_ms = 1500 where pipeline_id = (select id from pipeline where name = 'Slow')");
    const ended = await run("Slow");
    expect(ended).toMatchObject({ status: "failed", fault: "limits", attempt: 1 });
    expect(ended.message).toContain("passed its limit");
    expect(stdout(await logOf("Slow", ended.number))).toBe("begun\n");
    expect(await kernels()).toEqual([]);
  });

  it("stops when asked, keeps what was printed, and ends as cancelled with its experiment run", async () => {
    await make("Stopped", { Only: ["console.log('begun'); for (;;) {}"] });
    const number = await start("Stopped");
    const executors = openExecutors();
    await executors.takeOne();
    await until(async () => stdout(await logOf("Stopped", number)) === "begun\n");
    const asked = await house.as("editor")(contract.cancelPipelineRun, { ...main, pipeline: "Stopped", number });
    expect(asked.stopAskedBy).toBe("editor");
    executors.poke(asked.id);
    await executors.settled();
    const ended = await look("Stopped", number);
    expect(ended).toMatchObject({ status: "cancelled", fault: null, message: "Stopped by editor." });
    expect((await house.as("viewer")(experiments.readRun, { ...main, run: ended.runId! })).status).toBe("cancelled");
    expect(await kernels()).toEqual([]);
  });

  it("P3 a pipeline runs one at a time, the next in order", async () => {
    await make("Queue", { Only: ["console.log(Date.now()); await new Promise((r) => setTimeout(r, 700))"] });
    const numbers = [await start("Queue"), await start("Queue")];
    const executors = [openExecutors(), openExecutors()];
    expect(await Promise.all(executors.map((one) => one.takeOne()))).toContain(false);
    for (const one of executors) await one.settled();
    await executors[0]!.takeOne();
    await executors[0]!.settled();
    const [first, second] = [await look("Queue", numbers[0]!), await look("Queue", numbers[1]!)];
    expect([first.status, second.status]).toEqual(["done", "done"]);
    expect(Date.parse(second.startedAt!)).toBeGreaterThanOrEqual(Date.parse(first.endedAt!));
  });

  it("P7 a stage calls the product as who promoted it, and its runs belong to the pipeline run", async () => {
    await make("Calls", {
      Only: [
        "import { runs } from 'atelier';\nconst own = await runs.start({ experiment: 'Inner' });\nown.metric('auc', 0.7);\nconsole.log(own.number)",
      ],
    });
    const ended = await run("Calls");
    const log = await logOf("Calls", ended.number);
    expect(ended.status, JSON.stringify(log)).toBe("done");
    const inner = await house.as("viewer")(experiments.readRun, { ...main, run: stdout(log).trim() });
    expect(inner).toMatchObject({ pipelineRunId: ended.id, by: "editor", metrics: { auc: 0.7 }, experiment: { name: "Inner" } });
    expect([inner.status, inner.message]).toEqual(["failed", "The pipeline run ended without ending this run."]);
  });
});

describe("what breaks", () => {
  it("P5 a session lost with its gateway is ours and tried once more from the first stage; lost again it fails as ours", async () => {
    const endOnce = async (number: number, attempt: number): Promise<void> => {
      await until(async () => stdout((await logOf("Lost", number)).filter((entry) => entry.attempt === attempt)).includes("waiting"));
      await killed(gateway);
      gateway = await startGateway();
    };
    await make("Lost", { Read: ["let n = 5"], Wait: ["console.log('waiting', n); await new Promise((r) => setTimeout(r, 4000)); n"] });
    const once = await start("Lost");
    const executors = openExecutors();
    await executors.takeOne();
    await endOnce(once, 1);
    await executors.settled();
    const retried = await look("Lost", once);
    expect(retried).toMatchObject({ status: "done", attempt: 2, fault: null });
    expect(retried.attempts.map((stage) => [stage.attempt, stage.stage, stage.status, stage.fault])).toEqual([
      [1, "Read", "done", null],
      [1, "Wait", "failed", "ours"],
      [2, "Read", "done", null],
      [2, "Wait", "done", null],
    ]);
    const twice = await start("Lost");
    await executors.takeOne();
    await endOnce(twice, 1);
    await endOnce(twice, 2);
    await executors.settled();
    expect(await look("Lost", twice)).toMatchObject({ status: "failed", fault: "ours", attempt: 2 });
    expect(await kernels()).toEqual([]);
  });

  it("P4 a worker process killed in the middle of a stage: the next one goes on in the same session, runs no cell twice and keeps every line once", async () => {
    const lines = 60;
    await make("Survives", {
      Count: [
        "globalThis.begun = (globalThis.begun ?? 0) + 1; console.log(`begun ${globalThis.begun}`)",
        `for (let i = 1; i <= ${lines}; i++) { console.log(\`line \${i}\`); await new Promise((r) => setTimeout(r, 60)); }`,
        "console.log(`begun in all ${globalThis.begun}`)",
      ],
      After: ["console.log('after')"],
    });
    const number = await start("Survives");
    const first = startWorker();
    await until(async () => stdout(await logOf("Survives", number)).includes("line 5\n"));
    const before = await look("Survives", number);
    await killed(first);
    const second = startWorker();
    const half = await until(async () => {
      const log = stdout(await logOf("Survives", number));
      return log.includes("line 30\n") && log;
    });
    expect(half).toContain("line 29\n");
    await killed(second);
    startWorker();
    const ended = await until(async () => {
      const found = await look("Survives", number);
      return contract.hasEnded(found.status) && found;
    });
    expect(ended).toMatchObject({ status: "done", attempt: 1 });
    expect(ended.stages[0]!.kernelId).toBe(before.stages[0]!.kernelId);
    const wanted = ["begun 1", ...Array.from({ length: lines }, (_, i) => `line ${i + 1}`), "begun in all 1", "after", ""].join("\n");
    expect(stdout(await logOf("Survives", number))).toBe(wanted);
    await until(async () => (await kernels()).length === 0);
  });

  it("P2 P4 two worker processes on one schedule make one pipeline run and execute it once", async () => {
    await make("Twice", { Only: ["console.log('once')"] });
    await house.as("operator")(contract.setSchedule, { ...main, pipeline: "Twice", schedule: { cron: "0 0 1 1 *", timeZone: "UTC" } });
    startWorker(); // beside the one of the test before
    await pool().query("update pipeline set next_at = now() - interval '1 second' where name = 'Twice'");
    const [made] = await until(async () => {
      const { items } = await house.as("viewer")(contract.listPipelineRuns, { ...main, pipeline: "Twice" });
      return items.length > 0 && items.every((item) => contract.hasEnded(item.status)) && items;
    });
    expect(made).toMatchObject({ trigger: "schedule", status: "done", startedBy: "schedule" });
    expect((await house.as("viewer")(contract.listPipelineRuns, { ...main, pipeline: "Twice" })).items.length).toBe(1);
    expect(stdout(await logOf("Twice", made!.number))).toBe("once\n");
  });
});

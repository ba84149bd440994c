// `runs` in a cell: start a run, log without waiting, end it. Points are gathered and sent at most four times a second in the background,
// so that logging never slows training; `end` sends what is left and waits for it.
import * as contract from "#lib/experiments/contract.ts";
import { callFromCell, callPatiently, workspaceSlug } from "#lib/sdk/door.ts";

type Value = string | number | boolean;
type Point = { key: string; value: number; step: number; at: string };
const gatherMs = 250;
const batch = 1000;

export type LiveRun = {
  readonly id: string;
  readonly number: number;
  /** Adds parameters; a written one cannot change. */
  params: (values: Record<string, Value>) => void;
  /** Logs one number; never blocks. */
  metric: (key: string, value: number, step?: number) => void;
  /** Logs several numbers of one step; never blocks. */
  metrics: (values: Record<string, number>, step?: number) => void;
  /** Keeps a file with the run. */
  artefact: (name: string, bytes: Uint8Array | string) => Promise<void>;
  /** Sends what is gathered and waits until it is stored. */
  sent: () => Promise<void>;
  /** Sends what is gathered and ends the run. */
  end: (status?: "done" | "failed" | "cancelled", message?: string) => Promise<contract.Run>;
  [Symbol.asyncDispose]: () => Promise<void>;
  [display: symbol]: unknown;
};

const open = (made: contract.Run, slug: string): LiveRun => {
  let points: Point[] = [];
  let params: Record<string, Value> = {};
  let timer: NodeJS.Timeout | null = null;
  let sending: Promise<unknown> = Promise.resolve();
  let failure: unknown = null;
  let ended: contract.Run | null = null;

  const send = (): Promise<unknown> => {
    if (timer) clearTimeout(timer);
    timer = null;
    const [metrics, newParams] = [points, params];
    points = [];
    params = {};
    if (metrics.length === 0 && Object.keys(newParams).length === 0) return sending;
    sending = sending
      .then(async () => {
        for (let i = 0; i === 0 || i < metrics.length; i += batch)
          await callPatiently(contract.logRun, {
            run: made.id,
            metrics: metrics.slice(i, i + batch),
            ...(i === 0 ? { params: newParams } : {}),
          });
      })
      .catch((error: unknown) => {
        failure ??= error;
      });
    return sending;
  };
  const later = (): void => {
    if (points.length >= batch) void send();
    else timer ??= setTimeout(send, gatherMs);
  };
  const metric = (key: string, value: number, step = 0): void => {
    points.push({ key, value, step, at: new Date().toISOString() });
    later();
  };
  const sent = async (): Promise<void> => {
    if (ended) return;
    await send();
    if (failure) throw failure;
  };
  const end: LiveRun["end"] = async (status = "done", message) => {
    if (ended) return ended;
    await sent();
    ended = await callPatiently(contract.endRun, { run: made.id, status, message: message ?? null });
    return ended;
  };
  return {
    id: made.id,
    number: made.number,
    params: (values) => {
      Object.assign(params, values);
      later();
    },
    metric,
    metrics: (values, step = 0) => {
      for (const [key, value] of Object.entries(values)) metric(key, value, step);
    },
    artefact: async (name, bytes) => {
      await callFromCell(contract.uploadArtefact, { run: made.id, name }, { body: bytes as BodyInit });
    },
    sent,
    end,
    [Symbol.asyncDispose]: async () => void (await end()),
    [Symbol.for("Jupyter.display")]: () => ({
      "text/markdown": `Run [${made.number}](/${slug}/experiments/runs/${made.number}) · ${made.experiment.name} · ${made.name}`,
      "text/plain": `run ${made.number} in ${made.experiment.name}`,
    }),
  };
};

/**
 * Starts a run; where it comes from (notebook, revision, cell, text) is kept by itself.
 * @example
 * const run = await runs.start({ experiment: "Credit default", name: "logistic", params: { l2: 1 } });
 * run.metric("auc", 0.74);
 * await run.end();
 */
export const start = async (input: {
  experiment: string;
  name?: string;
  params?: Record<string, Value>;
  datasets?: { name: string; version: number }[];
  pipelineRunId?: string;
}): Promise<LiveRun> => {
  const made = await callFromCell(contract.createRun, input);
  return open(made, await workspaceSlug());
};

/**
 * Runs of an experiment, newest first or by a metric (`metric:auc`).
 *
 * @example
 * const [best] = await runs.list("Credit default", "metric:auc");
 */
export const list = async (experiment?: string, sort = "started"): Promise<contract.Run[]> =>
  (await callFromCell(contract.listRuns, { experiment, sort })).items;

/**
 * One run by number.
 *
 * @example
 * const { metrics } = await runs.read(12);
 */
export const read = (run: number | string): Promise<contract.Run> => callFromCell(contract.readRun, { run: String(run) });

// Training, start to end. Read `fit` from top to bottom: it is the whole loop.
import type { Schedule } from "#lib/learn/graph/optimisers.ts";
import { type Batch, openTrainer, type StepReport, type Trainer, type TrainerOptions } from "#lib/learn/graph/trainer.ts";
import { batchesIn, countOf, inOrder, type Rows, shuffledBatches } from "#lib/learn/networks/batches.ts";

/** The run was stopped from outside; a last checkpoint was handed over, when they were asked for. */
export class Stopped extends Error {
  override name = "Stopped";
}

export type Progress = {
  step: number;
  steps: number;
  loss: number;
  validationLoss: number | null;
  rate: number;
  norm: number;
  examplesPerSecond: number;
};
export type FitOptions = TrainerOptions & {
  /** Arrays whose first axis counts examples, a stream of batches, or a rule that gives the batch of any step. */
  data: Rows | AsyncIterable<Batch> | ((step: number) => Batch);
  validation?: Rows | undefined;
  batchSize?: number;
  /** Passes over the rows; ignored when `steps` is given. A stream needs `steps` or its own end, a rule needs `steps`. */
  epochs?: number;
  steps?: number | undefined;
  rate?: number | Schedule | undefined;
  /** Batches whose mean gradient makes one step. */
  accumulate?: number;
  /** Validates after so many steps; every epoch when absent. */
  validateEvery?: number | undefined;
  /** Stops when validation has not improved for so many validations; the best weights are kept. */
  patience?: number | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Numbers to log, by step: training loss, norm and rate now and then, validation whenever it is computed. */
  log?: ((values: Readonly<Record<string, number>>, step: number) => void) | undefined;
  /** Receives a checkpoint after every validation and before `Stopped` is thrown; `resume` takes one back. */
  onCheckpoint?: ((bytes: Uint8Array) => unknown) | undefined;
  resume?: Uint8Array | undefined;
  signal?: AbortSignal | undefined;
};
export type Trained = {
  /** The best weights by validation loss, else the last. */
  weights: Map<string, Float32Array>;
  steps: number;
  loss: number;
  validationLoss: number | null;
  metrics: Record<string, number>;
  /** One entry a validation. */
  history: { step: number; loss: number; validationLoss: number | null }[];
};

const isRows = (data: FitOptions["data"]): data is Rows => typeof data !== "function" && !(Symbol.asyncIterator in data);

/** Means over all validation rows, weighted by the size of their batches. */
const validate = async (trainer: Trainer, rows: Rows, size: number): Promise<{ loss: number; metrics: Record<string, number> }> => {
  const total = { loss: 0, metrics: {} as Record<string, number> };
  const all = countOf(rows);
  for (const batch of inOrder(rows, size)) {
    const share = countOf(batch) / all;
    const { loss, metrics } = await trainer.evaluate(batch);
    total.loss += loss * share;
    for (const [name, value] of Object.entries(metrics)) total.metrics[name] = (total.metrics[name] ?? 0) + value * share;
  }
  return total;
};

/** Where batches come from: any step of shuffled rows or of a rule, or the next of a stream (null at its end). */
const sourceOf = (data: FitOptions["data"], size: number, seed: number): ((step: number) => Promise<Batch | null>) => {
  if (isRows(data) || typeof data === "function") {
    const batch = isRows(data) ? shuffledBatches(data, Math.min(size, countOf(data)), seed) : data;
    return async (step) => batch(step);
  }
  const stream = data[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await stream.next();
    return done ? null : (value as Batch);
  };
};

/** Trains a network; answers its best weights. Throws `Stopped` on the signal, NotFiniteError on NaN. */
export const fit = async (options: FitOptions): Promise<Trained> => {
  const { data, validation, batchSize = 64, epochs = 10, accumulate = 1, seed = 0, signal } = options;
  const perEpoch = isRows(data) ? Math.max(1, Math.floor(batchesIn(countOf(data), batchSize) / accumulate)) : Number.POSITIVE_INFINITY;
  const steps = options.steps ?? perEpoch * epochs;
  const validateEvery = options.validateEvery ?? Math.min(perEpoch, 1000);
  const next = sourceOf(data, batchSize, seed);
  const rateAt = (step: number): number | undefined => (typeof options.rate === "function" ? options.rate(step) : options.rate);

  const trainer = await openTrainer(options);
  const history: Trained["history"] = [];
  let best = { loss: Number.POSITIVE_INFINITY, metrics: {} as Record<string, number>, weights: new Map<string, Float32Array>(), age: 0 };
  let report: StepReport | null = null;
  let [sum, seen, examples] = [0, 0, 0];
  const startedAt = performance.now();

  const keep = async (): Promise<void> => {
    await options.onCheckpoint?.(await trainer.checkpoint({ bestLoss: String(best.loss), age: String(best.age) }, best.weights));
  };

  /** Validates, remembers the best weights, logs, leaves a checkpoint. */
  const judge = async ({ step, rate, norm, metrics }: StepReport): Promise<number | null> => {
    const loss = sum / seen;
    const judged = validation ? await validate(trainer, validation, batchSize) : { loss, metrics };
    const validationLoss = validation ? judged.loss : null;
    const isBetter = !validation || judged.loss < best.loss;
    best = isBetter ? { ...judged, weights: await trainer.weights(), age: 0 } : { ...best, age: best.age + 1 };
    history.push({ step, loss, validationLoss });
    const named = Object.entries(judged.metrics).map(([name, value]) => [validation ? `validation_${name}` : name, value]);
    options.log?.(
      { loss, rate, norm, ...(validationLoss === null ? {} : { validation_loss: validationLoss }), ...Object.fromEntries(named) },
      step,
    );
    await keep();
    [sum, seen] = [0, 0];
    return validationLoss;
  };

  try {
    if (options.resume) {
      const { facts, beside } = await trainer.restore(options.resume);
      best = { ...best, loss: Number(facts.bestLoss), age: Number(facts.age), weights: beside };
    }
    while (trainer.stepCount() < steps) {
      if (signal?.aborted) {
        if (report) await keep();
        throw new Stopped(`Training was stopped at step ${trainer.stepCount()} of ${steps}.`);
      }

      const batches: Batch[] = [];
      for (let i = 0; i < accumulate; i++) {
        const batch = await next(trainer.stepCount() * accumulate + i);
        if (batch) batches.push(batch);
      }
      if (batches.length === 0) break;

      const rate = rateAt(trainer.stepCount());
      report = await trainer.step(batches, rate === undefined ? {} : { rate });
      sum += report.loss;
      seen += 1;
      examples += batches.reduce((total, one) => total + countOf(one), 0);

      const loss = sum / seen;
      const validationLoss = report.step % validateEvery === 0 ? await judge(report) : null;
      const examplesPerSecond = examples / ((performance.now() - startedAt) / 1000);
      options.onProgress?.({ step: report.step, steps, loss, validationLoss, rate: report.rate, norm: report.norm, examplesPerSecond });
      if (options.patience !== undefined && best.age >= options.patience) break;
      await new Promise((resolve) => setImmediate(resolve)); // lets stop signals and displays through
    }
    if (report && seen > 0) await judge(report);
    const loss = history.at(-1)?.loss ?? Number.NaN;
    return {
      weights: best.weights,
      steps: trainer.stepCount(),
      loss,
      validationLoss: validation ? best.loss : null,
      metrics: best.metrics,
      history,
    };
  } finally {
    await trainer.close();
  }
};

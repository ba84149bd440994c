// What a cell shows while a network trains in it: a progress rule with the loss so far, curves of training and validation that grow with every
// validation, a Stop that works, a run that fills, and a checkpoint in a file from which the next try goes on.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { getHeapStatistics } from "node:v8";
import { type FitOptions, type Progress, Stopped, type Trained } from "#lib/learn/networks/fit.ts";
import { chart } from "#lib/sdk/chart.ts";
import { session } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";
import type { LiveRun } from "#lib/sdk/runs.ts";

export type InCell = {
  /** Logs loss, validation and rate by step into a run. */
  run?: LiveRun;
  /**
   * A file in the session's folder that keeps a checkpoint, written at every validation and on Stop. When it is there, training goes on from
   * it; when training is done, it is removed.
   */
  checkpoint?: string;
};
type Watched = Pick<FitOptions, "onProgress" | "onCheckpoint" | "resume" | "log" | "signal" | "memoryBytes">;

/** Bytes a session may still take: the kernel gives JavaScript four fifths of a session's memory as its heap. */
export const sessionBytes = (): number | undefined =>
  session() ? getHeapStatistics().heap_size_limit / 0.8 - process.memoryUsage.rss() : undefined;

/** A file that holds the last checkpoint; it is replaced whole or not at all. */
const keeper = (name: string | undefined) => {
  const path = name === undefined ? null : resolve(session()?.workDir ?? ".", name);
  return {
    isKept: path !== null,
    resume: path && existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined,
    keep: (bytes: Uint8Array): void => {
      if (!path) return;
      writeFileSync(`${path}.new`, bytes);
      renameSync(`${path}.new`, path);
    },
    done: (): void => {
      if (path) rmSync(path, { force: true });
    },
  };
};

/** Training and validation by step, drawn again in place after every validation, from the second on. */
const curves = (title: string) => {
  const port = session();
  const displayId = `curves-${randomUUID()}`;
  const points: { step: number; loss: number; of: "training" | "validation" }[] = [];
  let isOpen = false;
  return ({ step, loss, validationLoss }: Progress): void => {
    if (!port || validationLoss === null) return;
    points.push({ step, loss, of: "training" }, { step, loss: validationLoss, of: "validation" });
    if (points.length < 4) return;
    const lowest = Math.min(...points.flatMap((one) => (one.of === "validation" ? [one.loss] : [])));
    const drawn = chart.line(points, "step", "loss", {
      title,
      sentence: `validation ${validationLoss.toFixed(4)} at step ${step}, lowest ${lowest.toFixed(4)}`,
      color: "of",
      height: 220,
    });
    port.display(drawn[Symbol.for("Jupyter.display")]!(), { displayId, update: isOpen });
    isOpen = true;
  };
};

/** Shows training under the cell: fraction, loss, speed, curves; ends with what was reached, or why not. */
export const watched = async <O extends Partial<Watched> & InCell, T extends Trained>(
  kind: string,
  options: O,
  work: (options: O) => Promise<T>,
): Promise<T> => {
  const rule = progress(`Training ${kind}`, "loss");
  const file = keeper(options.checkpoint);
  const draw = curves(`Training ${kind}`);
  const { run } = options;
  const startedAt = Date.now();
  try {
    const made = await work({
      ...options,
      signal: options.signal ?? session()?.signal(),
      memoryBytes: options.memoryBytes ?? sessionBytes(),
      resume: options.resume ?? file.resume,
      ...(file.isKept || options.onCheckpoint
        ? {
            onCheckpoint: (bytes: Uint8Array) => {
              file.keep(bytes);
              return options.onCheckpoint?.(bytes);
            },
          }
        : {}),
      log: (values, step) => {
        run?.metrics(values, step);
        options.log?.(values, step);
      },
      onProgress: (at) => {
        const judged = at.validationLoss === null ? "" : `, validation ${at.validationLoss.toFixed(4)}`;
        const of = Number.isFinite(at.steps) ? ` of ${at.steps}` : "";
        const sentence = `step ${at.step}${of}, loss ${at.loss.toFixed(4)}${judged}, ${Math.round(at.examplesPerSecond)} examples a second`;
        rule.tell(Number.isFinite(at.steps) ? at.step / at.steps : 0, sentence, at.loss);
        draw(at);
        options.onProgress?.(at);
      },
    } as O);
    file.done();
    const judged = made.validationLoss === null ? "" : `, validation loss ${made.validationLoss.toFixed(4)}`;
    const reached = Number.isFinite(made.loss) ? `loss ${made.loss.toFixed(4)}${judged}` : `it had been finished before${judged}`;
    rule.done(`Trained ${kind} for ${made.steps} steps in ${((Date.now() - startedAt) / 1000).toFixed(1)} s: ${reached}.`);
    return made;
  } catch (error) {
    const goesOn = error instanceof Stopped && file.isKept ? ` Run the cell again to go on from ${options.checkpoint}.` : "";
    rule.failed(`${kind}: ${error instanceof Error ? error.message : String(error)}${goesOn}`);
    throw error;
  }
};

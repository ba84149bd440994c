// Progress in a notebook: one display, updated in place at most ten times a second, with a true fraction, a sentence and the time left.
import { randomUUID } from "node:crypto";
import { session } from "#lib/sdk/door.ts";

export type Progress = {
  /** Tells how far the work is; `value` adds a point to the small curve beside the rule. */
  tell: (fraction: number, sentence: string, value?: number) => void;
  /** Ends the rule; the sentence stays as the record of what was done. */
  done: (sentence: string) => void;
  failed: (sentence: string) => void;
};

const everyMs = 100;

/**
 * Opens a progress rule under the running cell. Outside a cell it is silent.
 *
 * @example
 * const steps = progress("Counting");
 * for (let i = 0; i < 10; i++) steps.tell(i / 10, `step ${i} of 10`);
 * steps.done("Counted to 10.");
 */
export const progress = (sentence: string, curveLabel?: string): Progress => {
  const port = session();
  const displayId = `progress-${randomUUID()}`;
  const startedAt = Date.now();
  const curve: number[] = [];
  let lastShown = 0;
  let isOpen = false;

  const show = (state: "running" | "done" | "failed", fraction: number, text: string): void => {
    if (!port) return;
    const elapsed = (Date.now() - startedAt) / 1000;
    const etaSeconds = state === "running" && fraction > 0.02 ? Math.round((elapsed / fraction) * (1 - fraction)) : null;
    const thin = curve.length > 120 ? curve.filter((_, i) => i % Math.ceil(curve.length / 120) === 0 || i === curve.length - 1) : curve;
    const facts = {
      state,
      fraction,
      sentence: text,
      etaSeconds,
      ...(thin.length > 1 ? { curve: thin, curveLabel: curveLabel ?? "" } : {}),
    };
    port.display({ "application/vnd.atelier.progress+json": facts, "text/plain": text }, { displayId, update: isOpen });
    isOpen = true;
    lastShown = Date.now();
  };

  show("running", 0, sentence);
  return {
    tell: (fraction, text, value) => {
      if (value !== undefined && Number.isFinite(value)) curve.push(value);
      if (Date.now() - lastShown >= everyMs) show("running", Math.min(1, Math.max(0, fraction)), text);
    },
    done: (text) => show("done", 1, text),
    failed: (text) => show("failed", 1, text),
  };
};

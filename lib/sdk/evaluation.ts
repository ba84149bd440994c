// `evaluation` in a cell or a pipeline stage: judge a version by a suite and wait for the report, so that a stage can stop at a gate.

import * as contract from "#lib/evaluation/contract.ts";
import { Problem } from "#lib/kit/problem.ts";
import { callFromCell, session, workspaceSlug } from "#lib/sdk/door.ts";
import { progress } from "#lib/sdk/progress.ts";

export type Judged = contract.WholeEvaluation & { [display: symbol]: unknown };
type Subject = { model?: string; version?: string | number };

const shown = (found: contract.WholeEvaluation, slug: string): Record<string, unknown> => {
  const { headline } = found;
  const figure = headline?.value == null ? "" : `${headline.name} ${headline.value.toFixed(4)}`;
  const gates = (found.findings ?? []).map((one) => `- ${one.isPassed ? "passed" : "**not passed**"}: ${one.sentence}`).join("\n");
  return {
    "text/markdown": `Evaluation [${found.number}](/${slug}/evaluation/${found.suite}/${found.number}) · ${found.sentence} ${figure}\n\n${gates}`,
    "text/plain": `evaluation ${found.number}: ${found.sentence} ${figure}`,
  };
};

/**
 * Saves a suite under its name; the same text again changes nothing.
 *
 * @example
 * await evaluation.save("credit-quality", {
 *   dataset: "lending_club", kind: "binary", target: "Class", positive: "bad", groups: ["term"],
 *   gates: [{ kind: "value", metric: "auc", bound: "least", value: 0.7 }],
 * });
 */
export const save = (
  suite: string,
  plan: Partial<Omit<contract.Plan, "gates">> & Pick<contract.Plan, "dataset" | "kind" | "target"> & { gates?: unknown[] },
): Promise<contract.Suite> => callFromCell(contract.saveSuite, { suite, ...plan } as never);

/**
 * Judges a model version by a suite and waits for the report, with progress in the cell. Interrupting the cell stops the evaluation.
 *
 * @example
 * const judged = await evaluation.run("credit-quality", { model: "credit-default", version: "champion" });
 * if (!judged.isPassed) throw new Error(judged.sentence);
 */
export const run = async (suite: string, { model, version = "latest" }: Subject = {}): Promise<Judged> => {
  const started = await callFromCell(contract.runSuite, { suite, ...(model ? { model } : {}), version: String(version) });
  const signal = session()?.signal();
  const rule = progress(`Evaluation ${started.number} by ${suite}`);
  const evaluation = started.number;
  for (;;) {
    const found = await callFromCell(contract.readEvaluation, { evaluation });
    if (contract.hasEnded(found.status)) {
      if (found.status !== "done") {
        rule.failed(found.sentence);
        throw new Problem("conflict", "evaluation.failed", `Evaluation ${evaluation}: ${found.sentence}`);
      }
      rule.done(found.sentence);
      const slug = await workspaceSlug();
      return Object.assign(found, { [Symbol.for("Jupyter.display")]: () => shown(found, slug) });
    }
    rule.tell(found.rowsTotal > 0 ? found.rowsDone / found.rowsTotal : 0, found.sentence);
    if (signal?.aborted) {
      await callFromCell(contract.stopEvaluation, { evaluation });
      signal.throwIfAborted();
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
};

/**
 * The suites of the workspace.
 *
 * @example
 * for (const one of await evaluation.suites()) console.log(one.name, one.latest?.sentence);
 */
export const suites = async () => (await callFromCell(contract.listSuites, {})).items;

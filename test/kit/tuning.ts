// Studies for pages to show: real trials asked, reported and told over the API, on a function whose best is known.
import type { CallInputOf, Operation, OutputOf } from "#lib/kit/operation.ts";
import * as tuning from "#lib/tuning/contract.ts";

type Ask = <O extends Operation>(operation: O, input: CallInputOf<O>) => Promise<OutputOf<O>>;

const workspace = "main";
const owner = "furnisher-of-studies";

/** A boosting-like objective: rises with the rounds towards a height that rate, depth and sampling decide. */
const heightOf = (params: Record<string, unknown>): number => {
  const rate = Math.log10(Number(params.learningRate));
  const depth = Number(params.depth);
  const l2 = Math.log10(Number(params.l2));
  return 0.76 - 0.05 * (rate + 1.1) ** 2 - 0.004 * (depth - 5) ** 2 - 0.004 * (l2 - 0.3) ** 2 + (params.sampling === "by row" ? 0.01 : 0);
};

/** A study with a median pruner, whose trials reported on the way; `trials` of its 60 are run. */
export const furnishStudy = async (ask: Ask, name: string, trials: number): Promise<void> => {
  await ask(tuning.openStudy, {
    workspace,
    name,
    space: {
      learningRate: { type: "float", low: 0.005, high: 0.5, log: true },
      depth: { type: "int", low: 2, high: 10 },
      l2: { type: "float", low: 0.01, high: 100, log: true },
      sampling: { type: "categorical", choices: ["none", "by row", "by column"] },
      share: { type: "float", low: 0.4, high: 1, when: { sampling: ["by row", "by column"] } },
    },
    objectives: [{ name: "auc", direction: "maximize" }],
    pruner: { type: "median", startupTrials: 6, warmupSteps: 20 },
    seed: 11,
    trials: 60,
  });
  for (let i = 0; i < trials; i++) {
    const { trial } = await ask(tuning.askTrial, { workspace, study: name, owner });
    if (!trial) return;
    const at = { workspace, study: name, trial: trial.number, owner };
    const height = heightOf(trial.params);
    const speed = Number(trial.params.learningRate) * 0.8;
    let isPruned = false;
    for (let step = 20; step <= 80 && !isPruned; step += 20) {
      const value = 0.5 + (height - 0.5) * (1 - Math.exp(-speed * step));
      isPruned = (await ask(tuning.reportTrial, { ...at, step, value })).shouldStop;
    }
    const end = isPruned ? { state: "pruned" as const } : { state: "complete" as const, values: [height] };
    await ask(tuning.tellTrial, { ...at, ...(trial.number === 3 ? { state: "failed", message: "Error: depth 9 needs more rows" } : end) });
  }
};

/** A finished study of two objectives, with a front between them. */
export const furnishFront = async (ask: Ask, name: string): Promise<void> => {
  await ask(tuning.openStudy, {
    workspace,
    name,
    space: { trees: { type: "int", low: 10, high: 500 }, depth: { type: "int", low: 2, high: 12 } },
    objectives: [
      { name: "log_loss", direction: "minimize" },
      { name: "latencyMs", direction: "minimize" },
    ],
    seed: 2,
    trials: 30,
  });
  for (;;) {
    const { trial } = await ask(tuning.askTrial, { workspace, study: name, owner });
    if (!trial) return;
    const [trees, depth] = [Number(trial.params.trees), Number(trial.params.depth)];
    const values = [0.2 + 0.3 * Math.exp(-trees / 120) + 0.004 * (depth - 6) ** 2, 0.2 + (trees * depth) / 900];
    await ask(tuning.tellTrial, { workspace, study: name, trial: trial.number, owner, state: "complete", values });
  }
};

// Where a pipeline run's cells run: a session of its own, placed like a notebook's by what the notebooks of its stages ask for. A run that waits
// for a machine or a graphics card waits as long as it takes; only a kernel service that does not answer has a limit.
import { ask } from "#lib/devices/leases.ts";
import { env } from "#lib/kit/env.ts";
import { log } from "#lib/kit/log.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { reading } from "#lib/kit/verb.ts";
import type { Attempt } from "#lib/pipelines/attempt.ts";
import { createKernel, findKernel } from "#lib/sessions/kernel-client.ts";
import { locks } from "#lib/sessions/packages/store.ts";
import { wishOf } from "#lib/sessions/store.ts";
import { takeTurn } from "#lib/sessions/turn.ts";

const gatewayPatienceMs = 120_000;
const againMs = 1000;

export type Reached = { state: "here" } | { state: "lost" } | { state: "refused"; sentence: string };
type Listening = { isOver: () => boolean; told: (sentence: string) => void };

/** The most any of the run's notebooks asks for. */
const wishOfRun = async (attempt: Attempt) => {
  const notebooks = [...new Set(attempt.stages.map((stage) => stage.notebookId))];
  const wishes = await Promise.all(notebooks.map((id) => wishOf(reading(), id)));
  return {
    cpus: Math.max(0, ...wishes.map((one) => one.cpus)),
    memoryMb: Math.max(0, ...wishes.map((one) => one.memoryMb)),
    gpu: wishes.some((one) => one.gpu),
  };
};

const make = async (attempt: Attempt, listening: Listening): Promise<boolean> => {
  const { workspaceId, startedBy } = attempt.run;
  const [first] = attempt.stages;
  const payer = { workspaceId, notebookId: first?.notebookId ?? "", userId: first?.userId ?? "", person: startedBy };
  const wish = await wishOfRun(attempt);
  const asked = { ...payer, notebookId: payer.notebookId || null, userId: payer.userId || null, ...wish };
  const now = await ask({ session: attempt.kernelId, ...asked });
  const turn = now.state === "held" ? now : await takeTurn(attempt.kernelId, listening);
  if (!turn) return false;
  const memoryMb = Math.max(wish.memoryMb, env.sessionMemoryMb);
  const device = turn.device ? { device: turn.device.id } : {};
  const packages = await locks(
    { sql: reading(), workspaceId },
    attempt.stages.map((stage) => stage.packages),
  );
  await createKernel({ kernelId: attempt.kernelId, token: "", memoryMb, account: payer, packages, ...device });
  return true;
};

/** The attempt's kernel: found again when it was started before, else placed and made; refused when no machine could ever hold it. */
export const reachKernel = async (attempt: Attempt, listening: Listening): Promise<Reached> => {
  const until = Date.now() + gatewayPatienceMs;
  while (!listening.isOver()) {
    try {
      const isHere = attempt.hasKernel ? (await findKernel(attempt.kernelId)) !== null : await make(attempt, listening);
      return { state: isHere ? "here" : "lost" };
    } catch (error) {
      if (isProblem(error) && error.code === "devices.impossible") return { state: "refused", sentence: error.message };
      if (Date.now() > until) break;
      log.warn("a pipeline run waits for the kernel service", { pipelineRun: attempt.run.id, error: String(error) });
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
  return { state: "lost" };
};

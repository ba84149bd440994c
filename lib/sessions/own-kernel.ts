// A kernel of ours: waits its turn for a machine, is made at that machine's gateway, and is found there again by the next web process.
import { giveBack, standing } from "#lib/devices/leases.ts";
import { log } from "#lib/kit/log.ts";
import { isProblem } from "#lib/kit/problem.ts";
import { reading } from "#lib/kit/verb.ts";
import { executionOf, type Kernel, type Owner } from "#lib/sessions/kernel.ts";
import {
  createKernel,
  deleteKernel,
  findKernel,
  interruptKernel,
  type KernelModel,
  type Line,
  openLine,
  restartKernel,
} from "#lib/sessions/kernel-client.ts";
import { locksOfNotebook } from "#lib/sessions/packages/store.ts";
import * as store from "#lib/sessions/store.ts";
import { askTurn, type Turn, takeTurn } from "#lib/sessions/turn.ts";
import type { Role } from "#lib/workspace/contract.ts";
import { mintSessionToken } from "#lib/workspace/installation.ts";

const makePatienceMs = 60_000;
const tokenLifeMs = 24 * 3_600_000;

type Asked = Awaited<ReturnType<typeof store.wishOf>>;

export const ownKernel = (row: store.SessionRow, asked: Asked, owner: Owner): Kernel => {
  const { notebookId, workspaceId, userId, person } = row;
  const kernelId = row.kernelId!;
  const tokens = new Map<string, Promise<string>>();
  let { device, isSandboxed } = row;
  let isWaiting = false;
  let line: Line | null = null;

  /** One token a person and role, so that a cell acts as whoever ran it (S7). */
  const tokenFor = (run: { userId: string | null; role: string; runBy: string }): Promise<string> => {
    const key = `${run.userId} ${run.role}`;
    const role = run.role as Role;
    const known =
      tokens.get(key) ??
      mintSessionToken({ workspaceId, userId: run.userId, role, kind: "session", name: run.runBy, lifeMs: tokenLifeMs }).then(
        (made) => made.secret,
      );
    tokens.set(key, known);
    return known;
  };

  const gone = (): void => {
    line?.close();
    owner.gone();
  };

  const connect = (model: KernelModel): void => {
    isSandboxed = model.atelier.sandboxed;
    const { after, hear, opened } = owner;
    line = openLine(kernelId, { after, hear, opened, gone, isLost: async () => (await standing(kernelId))?.state === "ended" });
  };

  const make = async (turn: Turn): Promise<void> => {
    device = turn.device?.name ?? null;
    await store.putDevice(notebookId, device);
    const account = { workspaceId, notebookId, userId: userId ?? "", person };
    const held = turn.device ? { device: turn.device.id } : {};
    const packages = await locksOfNotebook({ sql: reading(), workspaceId }, notebookId);
    connect(await createKernel({ kernelId, token: "", memoryMb: row.memoryLimitMb, account, packages, ...held }));
  };

  /** Who waited for its turn does not lose it to a gateway that is just starting. */
  const patiently = async (work: () => Promise<void>): Promise<void> => {
    for (const until = Date.now() + makePatienceMs; ; ) {
      try {
        return await work();
      } catch (error) {
        const mayPass = isProblem(error) && error.kind === "unavailable" && Date.now() < until && !owner.isClosed();
        if (!mayPass || (await standing(kernelId))?.state !== "held") throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  };

  /** Waits behind others, in the background; the session is "starting" and says its place. */
  const wait = async (): Promise<void> => {
    isWaiting = true;
    const isOver = (): boolean => owner.isClosed() || owner.status() !== "starting";
    const turn = await takeTurn(kernelId, { told: (sentence) => void owner.say(sentence), isOver });
    isWaiting = false;
    if (isOver()) return;
    if (!turn) return gone();
    await owner.say(null);
    await patiently(() => make(turn)).catch(async (error: unknown) => {
      log.warn("a session that waited could not be made", { kernel: kernelId, error: String(error) });
      await owner.end(error instanceof Error ? error.message : "The session could not be started. Run the cell again.");
    });
  };

  const stop = (): Promise<void> => (isWaiting ? owner.end("The session was stopped before a machine was free.") : deleteKernel(kernelId));

  return {
    face: () => ({ kernel: `TypeScript, Node ${process.versions.node.split(".")[0]}`, server: null, isSandboxed, device }),
    start: async (isFresh) => {
      if (isFresh) {
        const { cpus, memoryMb, gpu } = asked;
        const turn = await askTurn({ session: kernelId, workspaceId, notebookId, userId, person, cpus, memoryMb, gpu });
        if (turn) return make(turn).catch((error: unknown) => giveBack(kernelId).then(() => Promise.reject(error)));
        return void wait();
      }
      if ((await standing(kernelId))?.state === "waiting") return void wait();
      const model = await findKernel(kernelId);
      if (model) connect(model);
      else gone();
    },
    execute: async (run) => {
      const token = await tokenFor(run);
      line?.execute({ ...executionOf(run), token });
    },
    answer: (runId, value) => line?.answer(runId, value) ?? false,
    ack: (seq) => line?.ack(seq),
    interrupt: () => (isWaiting ? stop() : interruptKernel(kernelId)),
    restart: async () => {
      if (!isWaiting) await restartKernel(kernelId);
    },
    stop,
    remove: () => deleteKernel(kernelId),
    free: () => giveBack(kernelId),
    consult: async () => null,
    memoryMb: async () => (await findKernel(kernelId).catch(() => null))?.atelier.rssMb ?? null,
    close: () => line?.close(),
  };
};

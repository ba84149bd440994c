// A kernel on a Jupyter server of others. It has no token of ours, no machine of ours and nothing to wait for.
import { log } from "#lib/kit/log.ts";
import { executionOf, type Kernel, type Owner } from "#lib/sessions/kernel.ts";
import { hasKernel, interruptAt, removeAt, restartAt, startKernel } from "#lib/sessions/remote/client.ts";
import { openRemoteLine, type RemoteLine } from "#lib/sessions/remote/line.ts";
import { placeFor } from "#lib/sessions/remote/place.ts";
import { type Elsewhere, putElsewhere } from "#lib/sessions/remote/store.ts";
import type * as store from "#lib/sessions/store.ts";

export const remoteKernel = async (row: store.SessionRow, elsewhere: Elsewhere, owner: Owner): Promise<Kernel> => {
  const place = await placeFor(row.workspaceId, elsewhere.serverId);
  let { kernelId } = elsewhere;
  let line: RemoteLine | null = null;

  /** Does something to the kernel there, if there is one to do it to. */
  const toIt = async (work: (to: NonNullable<typeof place>, id: string) => Promise<void>): Promise<void> => {
    if (place && kernelId) await work(place, kernelId);
  };
  const face = {
    kernel: `${elsewhere.title} on ${elsewhere.serverName}`,
    server: elsewhere.serverName,
    isSandboxed: row.isSandboxed,
    device: null,
  };

  return {
    face: () => face,
    start: async (isFresh) => {
      if (!place) return owner.gone();
      if (isFresh) {
        kernelId = await startKernel(place, elsewhere.kernel);
        await putElsewhere(row.notebookId, { ...elsewhere, kernelId });
      } else if (!kernelId || (await hasKernel(place, kernelId).catch(() => true)) === false) return owner.gone();
      line = openRemoteLine(place, kernelId, {
        session: row.kernelId!,
        after: owner.after,
        hear: owner.hear,
        opened: owner.opened,
        gone: () => {
          line?.close();
          owner.gone();
        },
        say: (sentence) => void owner.say(sentence).catch((error: unknown) => log.warn("a sentence could not be said", { error })),
      });
    },
    execute: async (run) => line?.execute({ ...executionOf(run), token: "" }),
    answer: (runId, value) => line?.answer(runId, value) ?? false,
    ack: (seq) => line?.ack(seq),
    interrupt: () => {
      line?.abort();
      return toIt(interruptAt);
    },
    restart: async () => {
      await toIt(restartAt);
      line?.reset("The session was started again. Variables are gone, outputs are kept.");
    },
    stop: async () => {
      await toIt(removeAt);
      line?.close();
      await owner.end("The session was ended. Variables are gone, outputs are kept.");
    },
    remove: () => toIt(removeAt),
    free: async () => {}, // it held nothing of ours
    consult: async (type, content) => (await line?.consult(type, content)) ?? null,
    memoryMb: async () => null,
    close: () => line?.close(),
  };
};

// What the worker does for studies: works hands that wait or whose worker is gone, ends sessions that were left, and finds silent trials.

import { now } from "#lib/kit/clock.ts";
import { type Job, leaseEnd, leaseOwner, loop } from "#lib/kit/job.ts";
import { log } from "#lib/kit/log.ts";
import { tuningEvents } from "#lib/tuning/contract.ts";
import { claimHand } from "#lib/tuning/hand-store.ts";
import { sweepHands, sweepSilent, workHand } from "#lib/tuning/hands.ts";

/** Hands one worker works at a time; each is mostly waiting for its session. */
const atOnce = 16;

export const tuningJobs: Job = async ({ newsroom }) => {
  const stop = new AbortController();
  const open = new Map<string, Promise<void>>();
  const takeOne = async (): Promise<boolean> => {
    if (stop.signal.aborted || open.size >= atOnce) return false;
    const claimed = await claimHand(leaseOwner, leaseEnd(), now());
    if (!claimed) return false;
    const { id } = claimed.row;
    const work = workHand(claimed, stop.signal)
      .catch((error: unknown) => log.error("work on a study failed inside, another try follows", { hand: id, error }))
      .finally(() => open.delete(id));
    open.set(id, work);
    return true;
  };
  const taking = loop("sessions of studies", 1000, takeOne);
  const sweeping = loop("ending sessions of studies", 15_000, sweepHands);
  const silence = loop("silent trials", 10_000, sweepSilent);
  const stopListening = newsroom.listen((news) => void (news.topic === tuningEvents.hands && taking.wake()));
  return {
    stop: async () => {
      stopListening();
      await Promise.all([taking.stop(), sweeping.stop(), silence.stop()]);
      stop.abort();
      await Promise.all(open.values());
    },
  };
};

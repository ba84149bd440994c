// The shape of a domain's background work. A job opens its subscriptions and clocks when the worker starts and answers how to stop.
//
// There is no message queue: what is to be done is a row with a status, claimed under a lease that its holder renews. A lost or repeated
// wake-up changes nothing, and work of a worker that was killed is taken up by the next one when the lease runs out.
import { hostname } from "node:os";
import { now } from "#lib/kit/clock.ts";
import { log } from "#lib/kit/log.ts";
import { consumeNews, type News } from "#lib/kit/outbox.ts";

export type Newsroom = { listen: (listener: (news: News) => void) => () => void };
export type Job = (house: { newsroom: Newsroom }) => Promise<{ stop: () => Promise<void> }>;

export const leaseMs = 12_000;
/** Who holds a lease: this process, told apart from an earlier one with the same number. */
export const leaseOwner = `${hostname()}:${process.pid}:${Date.now().toString(36)}`;
/** Until when a lease taken now holds. */
export const leaseEnd = (): Date => new Date(now().getTime() + leaseMs);

/** Renews a lease every third of its life until stopped; `lost` is called once when the row is no longer ours. */
export const keepLease = (renew: () => Promise<boolean>, lost: () => void): { stop: () => void } => {
  const beat = setInterval(async () => {
    const isOurs = await renew().catch(() => true); // an unreachable database: the lease may still be ours, the next beat tells
    if (isOurs) return;
    clearInterval(beat);
    lost();
  }, leaseMs / 3);
  return { stop: () => clearInterval(beat) };
};

/** Does work whenever woken and at least every `everyMs`, never twice at once; a failure is logged and tried again. */
export const loop = (
  name: string,
  everyMs: number,
  work: () => Promise<boolean | void>,
): { wake: () => void; stop: () => Promise<void> } => {
  let isStopped = false;
  let wantsMore = false;
  let current: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    do {
      wantsMore = false;
      try {
        if (await work()) wantsMore = true;
      } catch (error) {
        log.warn(`${name} failed, trying again`, { error });
      }
    } while (wantsMore && !isStopped);
  };
  const wake = (): void => {
    wantsMore = true;
    if (!isStopped) current ??= run().finally(() => (current = null));
  };
  const tick = setInterval(wake, everyMs);
  wake();
  return {
    wake,
    stop: async () => {
      isStopped = true;
      clearInterval(tick);
    },
  };
};

/** Hands a consumer every outbox event at least once, in order, now and whenever news arrives; a handler that throws is tried again. */
export const subscribe = (newsroom: Newsroom, consumer: string, handle: (news: News) => Promise<void>): { stop: () => Promise<void> } => {
  const work = loop(consumer, 5000, async () => (await consumeNews(consumer, handle)) === 500);
  const stopListening = newsroom.listen(work.wake);
  return {
    stop: async () => {
      stopListening();
      await work.stop();
    },
  };
};

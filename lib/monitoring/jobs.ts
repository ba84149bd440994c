// What the worker does for monitoring: counts the log every second, measures drift behind it, forgets what is old once an hour.
import { now } from "#lib/kit/clock.ts";
import { type Job, loop } from "#lib/kit/job.ts";
import { systemIn, within } from "#lib/kit/verb.ts";
import { monitoringEvents } from "#lib/monitoring/contract.ts";
import { toMinutes } from "#lib/monitoring/rules.ts";
import { measureDrift } from "#lib/monitoring/service.ts";
import * as store from "#lib/monitoring/store.ts";
import { forgetPredictions } from "#lib/serving/predictions-store.ts";

const atOnce = 5000;
const day = 86_400_000;

/** Counts what is new in the log; answers whether more waits. */
export const countPredictions = async (): Promise<boolean> => {
  const { counted, hasMore } = await store.countNext(atOnce, toMinutes);
  for (const { workspaceId, endpointId } of counted)
    await within(systemIn(workspaceId), workspaceId, async (scope) => scope.emit(monitoringEvents.counted, endpointId));
  return hasMore;
};

/** Measures every version that has new traffic. */
export const measureNext = async (): Promise<void> => {
  for (const one of await store.unmeasured()) await measureDrift(one);
};

const forget = async (): Promise<void> => {
  await forgetPredictions(new Date(now().getTime() - 30 * day));
  await store.forgetBefore(new Date(now().getTime() - 90 * day));
};

export const monitoringJobs: Job = async () => {
  const loops = [
    loop("counting predictions", 1000, countPredictions),
    loop("measuring drift", 2500, measureNext),
    loop("forgetting old predictions", 3_600_000, forget),
  ];
  return {
    stop: async () => {
      await Promise.all(loops.map((one) => one.stop()));
    },
  };
};

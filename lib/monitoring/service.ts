// The verbs of the monitoring room, both looks; and the measuring of drift, which the worker calls.
import { newId } from "#lib/kit/ids.ts";
import { missing } from "#lib/kit/problem.ts";
import { type Scope, systemIn, verb, within } from "#lib/kit/verb.ts";
import type { Profile } from "#lib/learn/stats/profile.ts";
import { driftLimit } from "#lib/learn/stats/psi.ts";
import * as contract from "#lib/monitoring/contract.ts";
import { type Drift, type DriftStatus, type Monitor, monitoringEvents, type Range } from "#lib/monitoring/contract.ts";
import { happeningsOf } from "#lib/monitoring/happenings.ts";
import {
  compareShares,
  gatherRows,
  type Minute,
  measure,
  nextStatus,
  spanOf,
  sumTraffic,
  thin,
  toPoints,
  windowMs,
  windowRows,
} from "#lib/monitoring/rules.ts";
import * as store from "#lib/monitoring/store.ts";
import type { Endpoint } from "#lib/serving/contract.ts";
import { recentInputs } from "#lib/serving/predictions-store.ts";
import { endpoints, findEndpoint, revisions, toRevision } from "#lib/serving/store.ts";

const historyLimit = 60;
const endpointLimit = 500;

const monitorOf = (endpoint: Endpoint, range: Range, minutes: Minute[], features: store.FeatureRow[], now: Date): Monitor => {
  const version = endpoint.current?.version ?? null;
  const own = features.filter((one) => one.endpointId === endpoint.id && one.version === version);
  const span = spanOf(range, now);
  const last = minutes.at(-1)?.minute;
  return {
    endpointId: endpoint.id,
    endpoint: endpoint.name,
    version,
    range,
    traffic: sumTraffic(minutes),
    drifted: own.filter((one) => one.status === "drifted").map((one) => one.feature),
    measured: own.filter((one) => one.psi !== null).length,
    waiting: own.filter((one) => one.psi === null).length,
    spark: toPoints(minutes, span).map((point) => point.requests),
    lastRequestAt: last?.toISOString() ?? null,
  };
};

export const listMonitors = verb(contract.listMonitors, async (scope, { range }) => {
  const all = await endpoints(scope, { limit: endpointLimit, after: null, isTrash: false });
  const ids = all.map((one) => one.id);
  const [minutes, features] = [await store.minutes(scope, ids, spanOf(range, scope.now).from), await store.allFeatures(scope)];
  return {
    items: all.map((endpoint) =>
      monitorOf(
        endpoint,
        range,
        minutes.filter((one) => one.endpointId === endpoint.id),
        features,
        scope.now,
      ),
    ),
  };
});

export const countDrifted = verb(contract.countDrifted, async (scope) => {
  const drifted = await store.driftedVersions(scope);
  if (drifted.length === 0) return { endpoints: 0 };
  const all = await endpoints(scope, { limit: endpointLimit, after: null, isTrash: false });
  const answering = new Map(all.map((one) => [one.id, one.current?.version]));
  return { endpoints: drifted.filter((one) => answering.get(one.endpointId) === one.version).length };
});

const driftOf = async (scope: Scope, endpointId: string, version: number, features: store.FeatureRow[]): Promise<Drift> => {
  const points = await store.points(scope, endpointId, version, new Date(scope.now.getTime() - 28 * 86_400_000));
  const historyOf = (feature: string) => {
    const own = points.filter((one) => one.feature === feature).map((one) => ({ at: one.at.toISOString(), psi: one.psi }));
    return thin(own, historyLimit);
  };
  return {
    version,
    convention: "deciles",
    limit: driftLimit,
    windowRows,
    features: features
      .map((one) => ({
        feature: one.feature,
        status: one.status as DriftStatus,
        psi: one.psi,
        rows: one.rows,
        needed: one.needed,
        measuredAt: one.measuredAt.toISOString(),
        history: historyOf(one.feature),
      }))
      .sort((a, b) => (b.psi ?? -1) - (a.psi ?? -1) || (a.feature < b.feature ? -1 : 1)),
  };
};

export const readMonitor = verb(contract.readMonitor, async (scope, { endpoint, range }) => {
  const found = await findEndpoint(scope, endpoint);
  if (!found) throw missing("endpoint", endpoint);
  const span = spanOf(range, scope.now);
  const minutes = await store.minutes(scope, [found.id], span.from);
  const version = found.current?.version ?? null;
  const features = version === null ? [] : await store.features(scope, found.id, version);
  const rows = await revisions(scope, found.id);
  const hasProfile = rows.some((row) => row.id === found.current?.id && row.reference !== null);
  const numbers = [...new Set([...(version === null ? [] : [version]), ...minutes.map((one) => one.version)])];
  return {
    ...monitorOf(found, range, minutes, features, scope.now),
    stepMs: span.stepMs,
    points: toPoints(minutes, span),
    versions: numbers.map((number) => ({ version: number, ...sumTraffic(minutes.filter((one) => one.version === number)) })),
    drift: hasProfile && version !== null ? await driftOf(scope, found.id, version, features) : null,
    happenings: happeningsOf(
      rows.map(toRevision),
      await store.episodes(scope, found.id),
      await store.failedMinutes(scope, found.id, new Date(scope.now.getTime() - windowMs)),
      version,
    ),
  };
});

export const readDistribution = verb(contract.readDistribution, async (scope, { endpoint, feature, version }) => {
  const found = await findEndpoint(scope, endpoint);
  if (!found) throw missing("endpoint", endpoint);
  const rows = await revisions(scope, found.id);
  const current = rows.find((row) =>
    version === undefined ? row.id === found.current?.id : row.version === version && row.status !== "failed",
  );
  const profile = (current?.reference as Profile | null | undefined)?.columns[feature];
  if (!current || !profile) throw missing("feature", feature);
  const logged = await recentInputs(scope, {
    endpointId: found.id,
    version: current.version,
    upToSeq: Number.MAX_SAFE_INTEGER,
    since: new Date(scope.now.getTime() - windowMs),
    limit: windowRows,
  });
  const { liveRows, bins } = compareShares(profile, gatherRows(logged, windowRows)[feature] ?? []);
  return { feature, version: current.version, kind: profile.kind, trainingRows: profile.count, liveRows, bins };
});

/** Opens or closes an episode when a measure changed the status of a feature; MO5. */
const judge = async (scope: Scope, of: { endpointId: string; version: number }, measured: ReturnType<typeof measure>): Promise<void> => {
  const before = new Map((await store.features(scope, of.endpointId, of.version)).map((one) => [one.feature, one.status as DriftStatus]));
  for (const one of measured) {
    const was = before.get(one.feature) ?? null;
    const status = nextStatus(was, one.psi);
    await store.putMeasure(scope, of, one, status, scope.now);
    if (status === "drifted" && was !== "drifted") {
      const id = newId("drift_episode", scope.now.getTime());
      await store.insertEpisode(scope, { id, ...of, feature: one.feature, openedAt: scope.now, psi: one.psi!, rows: one.rows });
      scope.emit(monitoringEvents.drifted, id);
    }
    if (status === "steady" && was === "drifted") {
      await store.closeEpisode(scope, { ...of, feature: one.feature }, scope.now);
      scope.emit(monitoringEvents.recovered, of.endpointId);
    }
  }
};

/** Compares the newest logged rows of a version with its training data, once for each number the traffic reached. */
export const measureDrift = (one: store.Unmeasured): Promise<void> =>
  within(systemIn(one.workspaceId), one.workspaceId, async (scope) => {
    if (!(await store.takeMeasurement(scope, one))) return;
    const rows = await revisions(scope, one.endpointId);
    const profile = rows.find((row) => row.version === one.version && row.reference !== null)?.reference as Profile | undefined;
    if (!profile) return;
    const since = new Date(scope.now.getTime() - windowMs);
    const of = { endpointId: one.endpointId, version: one.version };
    const logged = await recentInputs(scope, { ...of, upToSeq: one.seenSeq, since, limit: windowRows });
    await judge(scope, of, measure(profile, gatherRows(logged, windowRows)));
    scope.emit(monitoringEvents.counted, one.endpointId);
  });

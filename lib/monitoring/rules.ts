// Decisions of the monitor without I/O: which minute a prediction belongs to, how many rows a number needs, when a feature has drifted,
// and how minutes become the steps of a chart.

import type { ColumnProfile, Profile } from "#lib/learn/stats/profile.ts";
import { driftLimit, psiAgainst } from "#lib/learn/stats/psi.ts";
import type { Distribution, DriftStatus, Point, Range, Traffic } from "#lib/monitoring/contract.ts";
import { addInto, bucketOf, type Histogram, quantileMs } from "#lib/monitoring/latency.ts";

export type Counted = {
  workspaceId: string;
  endpointId: string;
  version: number;
  at: Date;
  latencyUs: number;
  status: number;
  rows: number;
};
export type Minute = {
  workspaceId: string;
  endpointId: string;
  version: number;
  minute: Date;
  requests: number;
  rows: number;
  refused: number;
  failed: number;
  latency: Histogram;
};

export const windowRows = 2000;
export const windowMs = 7 * 86_400_000;
const closeBelow = 0.9 * driftLimit;

/** Predictions gathered by endpoint, version and minute. */
export const toMinutes = (predictions: readonly Counted[]): Minute[] => {
  const minutes = new Map<string, Minute>();
  for (const { workspaceId, endpointId, version, at, latencyUs, status, rows } of predictions) {
    const minute = new Date(Math.floor(at.getTime() / 60_000) * 60_000);
    const key = `${endpointId} ${version} ${minute.getTime()}`;
    const sum = minutes.get(key) ?? { workspaceId, endpointId, version, minute, requests: 0, rows: 0, refused: 0, failed: 0, latency: {} };
    minutes.set(key, sum);
    sum.requests += 1;
    sum.rows += rows;
    if (status >= 500) sum.failed += 1;
    else if (status >= 400) sum.refused += 1;
    addInto(sum.latency, { [bucketOf(latencyUs)]: 1 });
  }
  return [...minutes.values()];
};

/** MO4: rows that a feature's number needs. */
export const neededRows = (profile: ColumnProfile): number => {
  const bins = profile.kind === "number" ? profile.shares.length : profile.levels.length + (profile.other > 0 ? 1 : 0);
  return Math.max(100, 20 * (bins - 1));
};

/** MO5: open at the limit, close clearly below it. */
export const nextStatus = (before: DriftStatus | null, psi: number | null): DriftStatus => {
  if (psi === null) return before === "drifted" ? "drifted" : "waiting";
  if (before === "drifted") return psi < closeBelow ? "steady" : "drifted";
  return psi >= driftLimit ? "drifted" : "steady";
};

export type Measure = { feature: string; psi: number | null; rows: number; needed: number };

/** MO3 and MO4: PSI of each profiled feature over the logged rows; columns a request did not carry as one value a row are left out. */
export const measure = (profile: Profile, columns: Record<string, unknown[]>): Measure[] =>
  Object.entries(profile.columns)
    .filter(([, column]) => column.count > 0)
    .map(([feature, column]) => {
      const { psi, n } = psiAgainst(column, columns[feature] ?? []);
      const needed = neededRows(column);
      return { feature, rows: n, needed, psi: n >= needed && Number.isFinite(psi) ? psi : null };
    });

const short = (value: number): string => (Math.abs(value) >= 1e4 ? `${Math.round(value / 1e3)}k` : String(Math.round(value * 100) / 100));

/** A feature's bins with the share of training and of live rows in each; values outside the training range count to the outermost bin. */
export const compareShares = (profile: ColumnProfile, values: readonly unknown[]): { liveRows: number; bins: Distribution["bins"] } => {
  if (profile.kind === "category") {
    const live = values.filter((value) => value !== null && value !== undefined && value !== "").map(String);
    const counts = new Map<string, number>();
    for (const value of live) counts.set(value, (counts.get(value) ?? 0) + 1);
    const share = (count: number, of: number): number => (of > 0 ? count / of : 0);
    const bins = profile.levels.slice(0, 20).map(({ value, count }) => ({
      label: value,
      from: null,
      to: null,
      training: share(count, profile.count),
      live: share(counts.get(value) ?? 0, live.length),
    }));
    const rest = (field: "training" | "live"): number => Math.max(0, 1 - bins.reduce((sum, bin) => sum + bin[field], 0));
    const others = { label: "others", from: null, to: null, training: rest("training"), live: live.length > 0 ? rest("live") : 0 };
    return { liveRows: live.length, bins: others.training + others.live > 1e-9 ? [...bins, others] : bins };
  }
  const { edges, counts } = profile.histogram;
  const live = values
    .filter((value) => value !== null && value !== undefined && value !== "")
    .map(Number)
    .filter(Number.isFinite);
  const found = counts.map(() => 0);
  for (const value of live) {
    let bin = 0;
    while (bin < counts.length - 1 && value >= edges[bin + 1]!) bin += 1;
    found[bin]! += 1;
  }
  return {
    liveRows: live.length,
    bins: counts.map((count, i) => ({
      label: `${short(edges[i]!)} – ${short(edges[i + 1]!)}`,
      from: edges[i]!,
      to: edges[i + 1]!,
      training: count / Math.max(1, profile.count),
      live: found[i]! / Math.max(1, live.length),
    })),
  };
};

/** The newest rows by column, at most `limit`, from logged inputs that come newest first. */
export const gatherRows = (logged: readonly Record<string, unknown[]>[], limit: number): Record<string, unknown[]> => {
  const columns: Record<string, unknown[]> = {};
  let rows = 0;
  for (const inputs of logged) {
    const size = Math.max(0, ...Object.values(inputs).map((values) => values.length));
    const room = Math.min(size, limit - rows);
    if (room <= 0) break;
    for (const [name, values] of Object.entries(inputs)) {
      columns[name] ??= [];
      for (let i = 0; i < Math.min(room, values.length); i++) columns[name].push(values[i]);
    }
    rows += room;
  }
  return columns;
};

export const emptyTraffic: Traffic = {
  requests: 0,
  rows: 0,
  refused: 0,
  failed: 0,
  latencyMsP50: null,
  latencyMsP95: null,
  latencyMsP99: null,
};

/** Minutes added up, their percentiles taken from the merged histogram. */
export const sumTraffic = (minutes: readonly Minute[]): Traffic => {
  const latency = minutes.reduce<Histogram>((sum, one) => addInto(sum, one.latency), {});
  const total = (field: "requests" | "rows" | "refused" | "failed") => minutes.reduce((sum, one) => sum + one[field], 0);
  return {
    requests: total("requests"),
    rows: total("rows"),
    refused: total("refused"),
    failed: total("failed"),
    latencyMsP50: quantileMs(latency, 0.5),
    latencyMsP95: quantileMs(latency, 0.95),
    latencyMsP99: quantileMs(latency, 0.99),
  };
};

const spans: Record<Range, { lengthMs: number; stepMs: number }> = {
  "1h": { lengthMs: 3_600_000, stepMs: 60_000 },
  "24h": { lengthMs: 86_400_000, stepMs: 900_000 },
  "7d": { lengthMs: 7 * 86_400_000, stepMs: 7_200_000 },
};

/** Where a range begins when it ends now, on a whole step, and how long its steps are. */
export const spanOf = (range: Range, now: Date): { from: Date; stepMs: number; steps: number } => {
  const { lengthMs, stepMs } = spans[range];
  const end = Math.floor(now.getTime() / stepMs) * stepMs + stepMs;
  return { from: new Date(end - lengthMs), stepMs, steps: lengthMs / stepMs };
};

/** Every step of a span, those without traffic too. */
export const toPoints = (minutes: readonly Minute[], span: { from: Date; stepMs: number; steps: number }): Point[] => {
  const bySteps: Minute[][] = Array.from({ length: span.steps }, () => []);
  for (const minute of minutes) bySteps[Math.floor((minute.minute.getTime() - span.from.getTime()) / span.stepMs)]?.push(minute);
  return bySteps.map((own, i) => ({ at: new Date(span.from.getTime() + i * span.stepMs).toISOString(), ...sumTraffic(own) }));
};

/** At most `limit` of a history, evenly, its last always among them. */
export const thin = <T>(history: readonly T[], limit: number): T[] => {
  if (history.length <= limit) return [...history];
  return Array.from({ length: limit }, (_, i) => history[Math.round((i * (history.length - 1)) / (limit - 1))]!);
};

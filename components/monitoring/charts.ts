// Vega-Lite of the monitor: latency by percentile on a log scale, requests with what was refused and failed, and two distributions.
import type { Spec } from "#components/chart/vega-chart.tsx";
import type { Distribution, Point, Range } from "#lib/monitoring/contract.ts";

const clock: Record<Range, string> = { "1h": "%H:%M", "24h": "%H:%M", "7d": "%-d %b" };

const timeAxis = (range: Range, points: readonly Point[]): Spec => ({
  field: "at",
  type: "temporal",
  scale: { type: "utc", domain: [points[0]?.at, points.at(-1)?.at] },
  axis: { format: clock[range], title: null, grid: false, tickCount: 6 },
});

const percentiles = [
  { field: "latencyMsP99", word: "p99" },
  { field: "latencyMsP95", word: "p95" },
  { field: "latencyMsP50", word: "p50" },
] as const;

/** Five steps of the one ramp; the percentiles take its darker end. */
const shades = ["p5", "p25", "p50", "p95", "p99"];

const latency = (value: number): string => (value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2));

const plotHeight = 220;
const labelPixels = 13;
const rungs = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000];

/** The scale around all values, on whole rungs of a ladder that people read easily. */
const ladder = (points: readonly Point[]): { low: number; high: number; rungs: number[] } => {
  const all = points.flatMap((point) => percentiles.flatMap(({ field }) => (point[field] === null ? [] : [point[field]])));
  const low = rungs.findLast((rung) => rung <= Math.min(...all)) ?? rungs[0]!;
  const high = rungs.find((rung) => rung >= Math.max(...all)) ?? rungs.at(-1)!;
  return { low, high: high > low ? high : low * 2, rungs: rungs.filter((rung) => rung >= low && rung <= high) };
};

/** The last value of each percentile with its name, moved apart where names would cover each other. */
const endLabels = (points: readonly Point[], low: number, high: number) => {
  const step = (high / low) ** (labelPixels / plotHeight);
  let above = Number.POSITIVE_INFINITY;
  return percentiles.flatMap(({ field, word }) => {
    const last = points.findLast((point) => point[field] !== null);
    if (!last) return [];
    above = Math.min(last[field]!, above / step);
    return [{ at: last.at, word, ms: above, label: `${word} ${latency(last[field]!)}` }];
  });
};

/** Lines that break where nothing was asked, each named with its last value at its end. */
export const latencySpec = (points: readonly Point[], range: Range): Spec => {
  const values = points.flatMap((point) => percentiles.map(({ field, word }) => ({ at: point.at, word, ms: point[field] })));
  const scale = ladder(points);
  const color = {
    field: "word",
    type: "ordinal",
    legend: null,
    scale: { domain: shades },
  };
  const x = timeAxis(range, points);
  const y = {
    field: "ms",
    type: "quantitative",
    scale: { type: "log", domain: [scale.low, scale.high] },
    axis: { title: null, values: scale.rungs, format: "~g" },
  };
  return {
    height: plotHeight,
    data: { values },
    layer: [
      { mark: { type: "line", invalid: "break-paths-show-domains" }, encoding: { x, y, color } },
      { mark: { type: "point", filled: true, size: 22, opacity: 1, invalid: "filter" }, encoding: { x, y, color } },
      {
        data: { values: endLabels(points, scale.low, scale.high) },
        mark: { type: "text", align: "left", dx: 8, fontWeight: 500 },
        encoding: { x, y, text: { field: "label" } },
      },
    ],
    padding: { left: 4, right: 64, top: 8, bottom: 4 },
  };
};

const outcomes = ["answered", "refused", "failed"] as const;

/** Requests a step, stacked: answered quiet, refused and failed told apart by more than colour in the tooltip and the table. */
export const requestsSpec = (points: readonly Point[], range: Range): Spec => ({
  height: 220,
  data: {
    values: points.flatMap((point) =>
      outcomes.map((outcome) => ({
        at: point.at,
        outcome,
        requests: outcome === "answered" ? point.requests - point.refused - point.failed : point[outcome],
      })),
    ),
  },
  mark: { type: "bar", width: { band: 0.8 } },
  encoding: {
    x: {
      ...timeAxis(range, points),
      timeUnit:
        range === "1h" ? "utcyearmonthdatehoursminutes" : range === "24h" ? "utcyearmonthdatehoursminutes" : "utcyearmonthdatehours",
    },
    y: { field: "requests", type: "quantitative", axis: { title: null, tickMinStep: 1, tickCount: 5 } },
    color: {
      field: "outcome",
      type: "nominal",
      legend: null,
      scale: { domain: [...outcomes] },
    },
    order: { field: "outcome", sort: "ascending" },
    tooltip: [{ field: "outcome" }, { field: "requests" }],
  },
});

/** Training beside live, bin by bin, as shares. */
export const distributionSpec = (found: Distribution): Spec => ({
  height: 240,
  data: {
    values: found.bins.flatMap((bin) => [
      { bin: bin.label, data: "training", share: bin.training },
      { bin: bin.label, data: "live", share: bin.live },
    ]),
  },
  mark: { type: "bar" },
  encoding: {
    x: { field: "bin", type: "nominal", sort: null, axis: { title: null, labelAngle: found.bins.length > 6 ? -40 : 0, labelLimit: 90 } },
    xOffset: { field: "data", sort: null },
    y: { field: "share", type: "quantitative", axis: { title: null, format: ".0%", tickCount: 5 } },
    color: { field: "data", type: "nominal", scale: { domain: ["live", "training"] }, legend: { title: null } },
    tooltip: [{ field: "bin" }, { field: "data" }, { field: "share", format: ".1%" }],
  },
});

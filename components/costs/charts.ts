// Vega-Lite of the costs: one measure a day as bars, in the unit that fits.
import type { Spec } from "#components/chart/vega-chart.tsx";
import type { Usage } from "#lib/costs/contract.ts";

const x: Spec = {
  field: "day",
  type: "temporal",
  timeUnit: "utcyearmonthdate",
  scale: { type: "utc" },
  axis: { format: "%-d %b", title: null, grid: false, tickCount: 8 },
};

type Measure = "cpuSeconds" | "gbSeconds" | "deviceSeconds";

/** The largest unit in which the busiest day is at least one. */
export const unitOf = (days: Usage["days"], key: Measure): { word: "hours" | "minutes" | "seconds"; seconds: number } => {
  const most = Math.max(0, ...days.map((one) => one[key]));
  if (most >= 3600) return { word: "hours", seconds: 3600 };
  return most >= 60 ? { word: "minutes", seconds: 60 } : { word: "seconds", seconds: 1 };
};

/** One measure by day, from a zero base. */
export const daysSpec = (days: Usage["days"], key: Measure): Spec => ({
  height: 150,
  data: {
    values: days.map((one) => ({ day: `${one.day}T00:00:00Z`, used: Number((one[key] / unitOf(days, key).seconds).toPrecision(4)) })),
  },
  mark: { type: "bar", binSpacing: 2 },
  encoding: {
    x,
    y: { field: "used", type: "quantitative", axis: { title: null, tickCount: 4 }, scale: { zero: true } },
    tooltip: [
      { field: "day", type: "temporal", format: "%-d %b", title: "day" },
      { field: "used", type: "quantitative", title: unitOf(days, key).word },
    ],
  },
});

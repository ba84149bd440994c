// Parallel coordinates of a study: an upright line for each parameter and one for the objective, a thread for each complete trial. Places are
// reckoned here between the ends of each dimension, so that numbers, logarithms and choices stand side by side.

import type { Spec } from "#components/chart/vega-chart.tsx";
import { type Dimension, domainOf, placeOf, valuesOf } from "#components/tuning/axes.ts";
import type { DrawnStudy } from "#components/tuning/drawn.ts";
import { shownValue } from "#components/tuning/words.ts";
import { metric } from "#components/ui/figures.tsx";

const most = 300;

type Mark = { axis: string; at: number; text: string };

const marksOf = (name: string, one: Dimension): Mark[] =>
  one.type === "categorical"
    ? one.choices.map((choice) => ({ axis: name, at: placeOf(one, choice)!, text: shownValue(choice) }))
    : [one.low, one.high].map((end, at) => ({ axis: name, at, text: shownValue(end) }));

/** Trials as threads over `names` and the first objective, the worst drawn first so that the good ones lie on top. */
export const parallelSpec = (study: DrawnStudy, names: readonly string[]): Spec => {
  const objective = study.plan.objectives[0]!;
  const complete = valuesOf(study).slice(-most);
  const [low, high] = domainOf(
    complete.map((one) => one.value),
    objective.direction,
  );
  const sign = objective.direction === "maximize" ? 1 : -1;
  const order = complete.toSorted((a, b) => sign * (a.value - b.value));
  const rows = order.flatMap(({ trial, value }, rank) => [
    ...names.map((axis) => ({
      trial: trial.number,
      axis,
      at: placeOf(study.plan.space[axis]!, trial.params[axis]),
      value: shownValue(trial.params[axis]),
      good: rank,
    })),
    {
      trial: trial.number,
      axis: objective.name,
      at: Math.max(0, Math.min(1, (value - low) / (high - low))),
      value: metric(value),
      good: rank,
    },
  ]);
  const axes = [...names, objective.name];
  const marks = [
    ...names.flatMap((name) => marksOf(name, study.plan.space[name]!)),
    { axis: objective.name, at: 0, text: metric(low) },
    { axis: objective.name, at: 1, text: metric(high) },
  ];
  const x = {
    field: "axis",
    type: "nominal",
    sort: null,
    scale: { type: "point", padding: 0.35, domain: axes },
    axis: { orient: "top", title: null, domain: false, ticks: false, labelAngle: 0, labelPadding: 12, labelLimit: 140 },
  };
  const y = { field: "at", type: "quantitative", axis: null, scale: { domain: [0, 1], nice: false } };
  const best = rows.filter((one) => one.trial === study.best?.number);
  return {
    height: 270,
    data: { values: rows },
    layer: [
      {
        data: { values: axes.map((axis) => ({ axis, at: 0, to: 1 })) },
        mark: { type: "rule", strokeDash: [], strokeWidth: 1, opacity: 0.6 },
        encoding: { x, y, y2: { field: "to" } },
      },
      {
        mark: { type: "line", strokeWidth: 1, opacity: 0.6, interpolate: "monotone" },
        encoding: {
          x,
          y,
          detail: { field: "trial" },
          color: { field: "good", type: "quantitative", legend: null, scale: { range: "ramp" } },
        },
      },
      { data: { values: best }, mark: { type: "line", strokeWidth: 3, interpolate: "monotone" }, encoding: { x, y } },
      {
        data: { values: best },
        mark: { type: "point", filled: true, size: 60 },
        encoding: { x, y, tooltip: [{ field: "axis" }, { field: "value" }] },
      },
      {
        data: { values: marks },
        mark: { type: "text", align: "left", dx: 7, baseline: "middle", fontSize: 11 },
        encoding: { x, y, text: { field: "text" } },
      },
    ],
  };
};

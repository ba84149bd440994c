// Vega-Lite of a study: how the best value came about, what happened on the way, the value over each parameter, and the front of two
// objectives. Axes leave outliers outside; the page says how many.
import type { Spec } from "#components/chart/vega-chart.tsx";
import { type Dimension, domainOf, valuesOf } from "#components/tuning/axes.ts";
import type { DrawnStudy } from "#components/tuning/drawn.ts";

const height = 230;
/** A nominal colour whose sixth word is the theme's grey. */
const kinds = ["best", "second", "third", "fourth", "fifth", "other"];
const kindColor: Spec = { field: "kind", type: "nominal", legend: null, scale: { domain: kinds } };

/** Each complete trial and the best so far; trials that a pruner ended stand at their last report, hollow. */
export const historySpec = (study: DrawnStudy): Spec => {
  const { name, direction } = study.plan.objectives[0]!;
  const complete = valuesOf(study);
  const better = direction === "minimize" ? Math.min : Math.max;
  let best = complete[0]?.value ?? 0;
  const course = complete.map(({ trial, value }) => {
    best = better(best, value);
    return { trial: trial.number, best };
  });
  const last = study.trials.at(-1)!.number;
  if (course.length > 0) course.push({ trial: last, best });
  const rows = study.trials.flatMap((one) => {
    const value = one.state === "complete" ? one.values[0] : one.state === "pruned" ? one.reports.at(-1)?.value : undefined;
    return value === undefined ? [] : [{ trial: one.number, [name]: value, state: one.state }];
  });
  const x = { field: "trial", type: "quantitative", axis: { title: "trial", tickMinStep: 1, format: "d" }, scale: { nice: false } };
  const domain = domainOf(
    complete.map((one) => one.value),
    direction,
  );
  const y = (field: string): Spec => ({ field, type: "quantitative", axis: { title: name }, scale: { domain, zero: false, nice: false } });
  return {
    height,
    data: { values: rows },
    layer: [
      {
        transform: [{ filter: "datum.state === 'pruned'" }],
        mark: { type: "point", filled: false, size: 22, strokeWidth: 1, clip: true, opacity: 0.9 },
        encoding: { x, y: y(name), stroke: { datum: "other", type: "nominal", legend: null, scale: { domain: kinds } } },
      },
      {
        transform: [{ filter: "datum.state === 'complete'" }],
        mark: { type: "point", filled: true, size: 26, opacity: 0.5, strokeWidth: 0, clip: true },
        encoding: { x, y: y(name) },
      },
      { data: { values: course }, mark: { type: "line", interpolate: "step-after", clip: true }, encoding: { x, y: y("best") } },
    ],
  };
};

/** Reports on the way: complete trials in blue, pruned ones in grey to the cross where they ended, the best one thick. */
export const curvesSpec = (study: DrawnStudy): Spec => {
  const { name, direction } = study.plan.objectives[0]!;
  const drawn = study.trials.filter((one) => one.reports.length > 0);
  const kind = (number: number, state: string): string => (state === "pruned" ? "other" : number === study.best?.number ? "top" : "best");
  const rows = drawn.flatMap((one) =>
    one.reports.map((report) => ({
      trial: one.number,
      step: report.step,
      [name]: report.value,
      state: one.state,
      kind: kind(one.number, one.state),
    })),
  );
  const ends = drawn.flatMap((one) => (one.state === "pruned" ? [{ trial: one.number, ...one.reports.at(-1)! }] : []));
  const domain = domainOf(
    rows.map((one) => Number(one[name])),
    direction,
  );
  const y = (field: string): Spec => ({ field, type: "quantitative", axis: { title: name }, scale: { domain, zero: false, nice: false } });
  const x = { field: "step", type: "quantitative", axis: { title: "step", tickMinStep: 1 }, scale: { zero: false, nice: false } };
  const line = (filter: string, mark: Spec): Spec => ({
    transform: [{ filter }],
    mark: { type: "line", clip: true, ...mark },
    encoding: { x, y: y(name), detail: { field: "trial" }, color: kindColor },
  });
  return {
    height,
    data: { values: rows },
    layer: [
      line("datum.kind === 'other'", { strokeWidth: 1, opacity: 0.55 }),
      line("datum.kind === 'best'", { strokeWidth: 1, opacity: 0.5 }),
      { ...line("datum.kind === 'top'", { strokeWidth: 2.25 }), encoding: { x, y: y(name), detail: { field: "trial" } } },
      {
        data: { values: ends },
        mark: { type: "point", shape: "cross", angle: 45, size: 26, filled: true, strokeWidth: 0, clip: true },
        encoding: { x, y: y("value"), color: { datum: "other", type: "nominal", legend: null, scale: { domain: kinds } } },
      },
    ],
  };
};

/** The first objective over one parameter; later trials are stronger, the best one is a diamond. */
export const sliceSpec = (study: DrawnStudy, name: string, dimension: Dimension): Spec => {
  const objective = study.plan.objectives[0]!;
  const complete = valuesOf(study).filter(({ trial }) => name in trial.params);
  const rows = complete.map(({ trial, value }) => ({
    trial: trial.number,
    at: dimension.type === "categorical" ? String(trial.params[name]) : trial.params[name],
    [objective.name]: value,
  }));
  const best = rows.filter((one) => one.trial === study.best?.number);
  const domain = domainOf(
    valuesOf(study).map((one) => one.value),
    objective.direction,
  );
  const x: Spec =
    dimension.type === "categorical"
      ? {
          field: "at",
          type: "nominal",
          sort: null,
          axis: { title: null, labelAngle: 0, labelLimit: 90 },
          scale: { domain: dimension.choices.map(String) },
        }
      : {
          field: "at",
          type: "quantitative",
          axis: { title: null, tickCount: 4, ...(dimension.log ? { format: "~g" } : {}) },
          scale: { domain: [dimension.low, dimension.high], nice: false, zero: false, ...(dimension.log ? { type: "log" } : {}) },
        };
  const y = {
    field: objective.name,
    type: "quantitative",
    axis: { title: null, tickCount: 4 },
    scale: { domain, zero: false, nice: false },
  };
  return {
    height: 150,
    data: { values: rows },
    layer: [
      {
        mark: { type: "point", filled: true, size: 24, strokeWidth: 0, opacity: 0.8, clip: true },
        encoding: {
          x,
          y,
          color: { field: "trial", type: "quantitative", legend: null, scale: { range: "ramp" } },
          tooltip: [{ field: "trial" }, { field: "at", title: name }, { field: objective.name, format: ".4~g" }],
        },
      },
      { data: { values: best }, mark: { type: "point", shape: "diamond", size: 90, filled: true }, encoding: { x, y } },
    ],
  };
};

/** Two objectives against each other: the front joined, everything else grey. */
export const frontSpec = (study: DrawnStudy, a: number, b: number): Spec => {
  const [first, second] = [study.plan.objectives[a]!, study.plan.objectives[b]!];
  const front = new Set(study.front);
  const rows = study.trials
    .filter((one) => one.state === "complete")
    .map((one) => ({
      trial: one.number,
      x: one.values[a]!,
      y: one.values[b]!,
      kind: front.has(one.number) ? "best" : "other",
    }));
  const axis = (field: "x" | "y", one: typeof first): Spec => ({
    field,
    type: "quantitative",
    axis: { title: `${one.name}, ${one.direction === "maximize" ? "more" : "less"} is better` },
    scale: {
      domain: domainOf(
        rows.map((row) => row[field]),
        one.direction,
      ),
      zero: false,
      nice: false,
    },
  });
  const [x, y] = [axis("x", first), axis("y", second)];
  const tooltip = [
    { field: "trial" },
    { field: "x", title: first.name, format: ".4~g" },
    { field: "y", title: second.name, format: ".4~g" },
  ];
  const step = first.direction === "minimize" ? "step-after" : "step-before"; // round what the front is better than
  const points = (filter: string, mark: Spec): Spec => ({
    transform: [{ filter }],
    mark: { type: "point", filled: true, clip: true, ...mark },
    encoding: { x, y, color: kindColor, tooltip },
  });
  return {
    height: 260,
    data: { values: rows },
    layer: [
      points("datum.kind === 'other'", { size: 24, opacity: 0.6, strokeWidth: 0 }),
      ...(study.plan.objectives.length === 2
        ? [
            {
              transform: [{ filter: "datum.kind === 'best'" }],
              mark: { type: "line", interpolate: step, strokeWidth: 1, opacity: 0.7, clip: true },
              encoding: { x, y },
            },
          ]
        : []),
      points("datum.kind === 'best'", { size: 52 }),
    ],
  };
};

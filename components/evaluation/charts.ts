// Vega-Lite of a report: curves of a probability beside those of the baseline, calibration with its diagonal, residuals of a number.
import type { Spec } from "#components/chart/vega-chart.tsx";
import type { Report } from "#lib/evaluation/contract.ts";

type Curves = NonNullable<Report["figures"]["curves"]>;
type Line = { x: number; y: number };

const height = 230;
const axis = (field: string, title: string, most = 1): Spec => ({
  field,
  type: "quantitative",
  scale: { domain: [0, most] },
  axis: { title, tickCount: 5, format: ".2~f" },
});

const lines = (own: readonly Line[], other: readonly Line[] | undefined): Record<string, unknown>[] => [
  ...own.map((point, order) => ({ who: "model", order, ...point })),
  ...(other ?? []).map((point, order) => ({ who: "baseline", order, ...point })),
];

const curveSpec = (
  own: readonly Line[],
  other: readonly Line[] | undefined,
  x: string,
  y: string,
  guide: Line[] | null,
  { legend = "bottom-right", most = 1 }: { legend?: string; most?: number } = {},
): Spec => ({
  height,
  layer: [
    ...(guide
      ? [
          {
            data: { values: guide },
            mark: { type: "line", strokeDash: [1, 3], strokeWidth: 1, opacity: 0.6 },
            encoding: { x: axis("x", x), y: axis("y", y) },
          },
        ]
      : []),
    {
      mark: { type: "line", strokeWidth: 1.75 },
      encoding: {
        x: axis("x", x),
        y: axis("y", y, most),
        order: { field: "order" },
        color: {
          field: "who",
          type: "nominal",
          legend: other ? { title: null, orient: legend } : null,
          scale: { domain: ["model", "baseline"] },
        },
        strokeDash: {
          field: "who",
          type: "nominal",
          legend: null,
          scale: {
            domain: ["model", "baseline"],
            range: [
              [1, 0],
              [5, 3],
            ],
          },
        },
      },
    },
  ],
  data: { values: lines(own, other) },
});

const diagonal = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
];

export const rocSpec = (curves: Curves): Spec =>
  curveSpec(curves.roc, curves.baseline?.roc, "negatives called positive", "positives found", diagonal);

/** The share axis ends at the next tenth above what is reached, so that rare positives are not a line along the floor. */
const tenthAbove = (values: readonly number[]): number => Math.min(1, Math.ceil(Math.max(...values, 0.05) * 10) / 10);

export const prSpec = (curves: Curves): Spec =>
  curveSpec(curves.pr, curves.baseline?.pr, "positives found", "right among those called", null, {
    legend: "top-right",
    most: tenthAbove([...curves.pr, ...(curves.baseline?.pr ?? [])].map((one) => one.y)),
  });
export const gainSpec = (curves: Curves): Spec =>
  curveSpec(curves.gain, curves.baseline?.gain, "share of rows, highest scores first", "positives found", diagonal);

/** Predicted against observed; a point's size is how many rows it stands for. */
export const calibrationSpec = (curves: Curves): Spec => {
  const domain = [0, tenthAbove(curves.calibration.flatMap((one) => [one.predicted, one.observed]))];
  const on = (field: string, title: string): Spec => ({ ...axis(field, title), scale: { domain } });
  const rows = [
    ...curves.calibration.map((one) => ({ who: "model", ...one })),
    ...(curves.baseline?.calibration ?? []).map((one) => ({ who: "baseline", ...one })),
  ];
  return {
    height,
    data: { values: rows },
    layer: [
      {
        data: { values: domain.map((end) => ({ predicted: end, observed: end })) },
        mark: { type: "line", strokeDash: [1, 3], strokeWidth: 1, opacity: 0.6 },
        encoding: { x: on("predicted", "probability said"), y: on("observed", "share that came true") },
      },
      {
        mark: { type: "point", filled: true, opacity: 0.9, clip: true },
        encoding: {
          x: on("predicted", "probability said"),
          y: on("observed", "share that came true"),
          size: { field: "n", type: "quantitative", legend: null, scale: { range: [24, 260] } },
          color: { field: "who", type: "nominal", legend: null, scale: { domain: ["model", "baseline"] } },
          shape: { field: "who", type: "nominal", legend: null, scale: { domain: ["model", "baseline"], range: ["circle", "diamond"] } },
          tooltip: [{ field: "n" }, { field: "predicted", format: ".3f" }, { field: "observed", format: ".3f" }],
        },
      },
    ],
  };
};

type Residuals = NonNullable<Report["figures"]["residuals"]>;

export const fitSpec = ({ sample }: Residuals): Spec => {
  const all = sample.flatMap((one) => [one.truth, one.predicted]);
  const domain = [Math.min(...all), Math.max(...all)];
  const on = (field: string, title: string): Spec => ({
    field,
    type: "quantitative",
    scale: { domain, zero: false },
    axis: { title, tickCount: 5 },
  });
  return {
    height,
    data: { values: sample },
    layer: [
      {
        data: { values: domain.map((end) => ({ truth: end, predicted: end })) },
        mark: { type: "line", strokeDash: [1, 3], strokeWidth: 1, opacity: 0.6 },
        encoding: { x: on("truth", "true"), y: on("predicted", "predicted") },
      },
      {
        mark: { type: "point", filled: true, size: 14, opacity: 0.45 },
        encoding: { x: on("truth", "true"), y: on("predicted", "predicted") },
      },
    ],
  };
};

const histogramSpec = (bins: Residuals["histogram"], x: string, y: string): Spec => ({
  height,
  data: { values: bins },
  mark: { type: "bar", binSpacing: 1 },
  encoding: {
    x: { field: "from", type: "quantitative", bin: { binned: true }, axis: { title: x, tickCount: 6 } },
    x2: { field: "to" },
    y: { field: "count", type: "quantitative", axis: { title: y, tickCount: 5 } },
  },
});

export const residualSpec = ({ histogram }: Residuals): Spec => histogramSpec(histogram, "predicted less true", "rows");
export const unitSpec = (bins: Residuals["histogram"], score: string, of: string): Spec => histogramSpec(bins, score, of);

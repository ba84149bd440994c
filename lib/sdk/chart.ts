// Charts in a cell: Vega-Lite, with the house theme added where they are shown. `chart.*` are short forms for what people draw most;
// `chart({…})` takes any Vega-Lite specification whose data is inline.

export type Row = Record<string, unknown>;
export type Spec = Record<string, unknown>;
export type Chart = { spec: Spec; [display: symbol]: () => Record<string, unknown> };

const displaySymbol = Symbol.for("Jupyter.display");
const v5 = "https://vega.github.io/schema/vega-lite/v5.json";

const plain = (spec: Spec): string => {
  const title = spec.title;
  return typeof title === "string"
    ? `Chart: ${title}`
    : typeof title === "object" && title && "text" in title
      ? `Chart: ${String((title as { text: unknown }).text)}`
      : "Chart";
};

/** A chart whose bundle other Jupyter front ends (which know version 5 at most) can draw too. */
const make = (spec: Spec): Chart => ({
  spec,
  [displaySymbol]: () => ({
    "application/vnd.vegalite.v6+json": spec,
    "application/vnd.vegalite.v5+json": { $schema: v5, ...spec },
    "text/plain": plain(spec),
  }),
});

type Options = { title?: string; sentence?: string; height?: number; width?: number; color?: string; x?: string; y?: string };

const head = (options: Options): Spec => ({
  ...(options.title ? { title: options.sentence ? { text: options.title, subtitle: options.sentence } : options.title } : {}),
  width: options.width ?? "container",
  height: options.height ?? 180,
});

const encode = (x: Spec, y: Spec, options: Options): Spec => ({
  x,
  y,
  ...(options.color ? { color: { field: options.color, type: "nominal" } } : {}),
});

/**
 * Any Vega-Lite specification; data must be inline, since nothing is fetched.
 *
 * @example
 * chart({ data: { values: [{ n: 3 }] }, mark: "bar", encoding: { x: { field: "n", type: "quantitative" } } }).spec.mark; // → "bar"
 */
const any = (spec: Spec): Chart => make(spec);

/**
 * Lines through rows.
 * @example
 * chart.line([{ step: 1, loss: 0.7 }, { step: 2, loss: 0.5 }], "step", "loss", { title: "Loss" });
 */
const line = (rows: readonly Row[], x: string, y: string, options: Options = {}): Chart =>
  make({
    ...head(options),
    data: { values: rows },
    mark: { type: "line" },
    encoding: encode(
      { field: x, type: "quantitative", title: options.x ?? x },
      { field: y, type: "quantitative", title: options.y ?? y, scale: { zero: false } },
      options,
    ),
  });

/**
 * Bars by category, in the order of the rows.
 *
 * @example
 * chart.bar([{ grade: "A", loans: 200 }, { grade: "B", loans: 310 }], "grade", "loans", { title: "Loans by grade" }).spec.title; // → "Loans by grade"
 */
const bar = (rows: readonly Row[], x: string, y: string, options: Options = {}): Chart =>
  make({
    ...head(options),
    data: { values: rows },
    mark: { type: "bar" },
    encoding: encode(
      { field: x, type: "nominal", sort: null, title: options.x ?? x, axis: { labelAngle: 0 } },
      { field: y, type: "quantitative", title: options.y ?? y },
      options,
    ),
  });

/**
 * Points; two numbers a row.
 *
 * @example
 * chart.points([{ income: 52000, rate: 11.9 }], "income", "rate", { title: "Rate by income" }).spec.mark.type; // → "point"
 */
const points = (rows: readonly Row[], x: string, y: string, options: Options = {}): Chart =>
  make({
    ...head(options),
    data: { values: rows },
    mark: { type: "point" },
    encoding: encode(
      { field: x, type: "quantitative", title: options.x ?? x, scale: { zero: false } },
      { field: y, type: "quantitative", title: options.y ?? y, scale: { zero: false } },
      options,
    ),
  });

/**
 * A rate by category with its 95 % Wilson interval; rows carry `n` and `hits`, as SQL counts them.
 * @example
 * chart.rates([{ grade: "A", n: 200, hits: 3 }, { grade: "G", n: 75, hits: 20 }], "grade", { title: "Bad loans by grade" });
 */
const rates = (rows: readonly Row[], x: string, options: Options & { baseline?: number } = {}): Chart => {
  const values = rows.map((row) => {
    if (!Number.isFinite(Number(row.n)) || !Number.isFinite(Number(row.hits)))
      throw new Error(`Each row needs numbers n and hits. This one has: ${Object.keys(row).join(", ")}.`);
    return { ...row, ...wilson(Number(row.hits), Number(row.n)) };
  });
  const shared = { x: { field: x, type: "nominal", sort: null, title: options.x ?? x, axis: { labelAngle: 0 } } };
  const layers: Spec[] = [
    {
      mark: { type: "rule", strokeWidth: 2, strokeDash: [1, 0] },
      encoding: {
        ...shared,
        y: { field: "low", type: "quantitative", title: options.y ?? "share", axis: { format: ".0%" } },
        y2: { field: "high" },
      },
    },
    {
      mark: { type: "point", filled: true, size: 46 },
      encoding: {
        ...shared,
        y: { field: "rate", type: "quantitative" },
        tooltip: [{ field: x }, { field: "rate", format: ".1%" }, { field: "n" }],
      },
    },
  ];
  if (options.baseline !== undefined)
    layers.push({
      data: { values: [{ baseline: options.baseline }] },
      mark: { type: "rule", strokeDash: [2, 3] },
      encoding: { y: { field: "baseline", type: "quantitative" } },
    });
  return make({ ...head(options), data: { values }, layer: layers });
};

const wilson = (hits: number, n: number): { rate: number; low: number; high: number } => {
  const z = 1.959964;
  const rate = n > 0 ? hits / n : 0;
  const centre = (rate + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n));
  return { rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
};

/**
 * How numbers are spread, in at most `bins` equal-width bins.
 *
 * @example
 * chart.histogram([1, 2, 2, 3], { bins: 2 }).spec.data.values.map((bin) => bin.count); // → [1,3]
 */
const histogram = (values: ArrayLike<number>, options: Options & { bins?: number } = {}): Chart => {
  const clean = Array.from(values).filter(Number.isFinite);
  const low = clean.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = clean.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const bins = high > low ? (options.bins ?? 30) : 1;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of clean) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low || 1)) * bins))]! += 1;
  const rows = counts.map((count, i) => ({ from: low + ((high - low) * i) / bins, to: low + ((high - low) * (i + 1)) / bins, count }));
  return make({
    ...head(options),
    data: { values: rows },
    mark: { type: "bar" },
    encoding: {
      x: { field: "from", type: "quantitative", bin: { binned: true }, title: options.x ?? "" },
      x2: { field: "to" },
      y: { field: "count", type: "quantitative", title: options.y ?? "rows" },
    },
  });
};

/** Draws in a cell; the value of a cell's last expression is shown, or pass it to `display`. */
export const chart = Object.assign(any, { line, bar, points, rates, histogram });

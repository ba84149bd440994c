// Calibration: makes a fitted model's probabilities mean what they say, on rows it was not fitted on. Platt's line in the log-odds
// (Platt 1999, with his smoothed targets), a rising step curve joined by lines (isotonic, by pooling adjacent violators), or one
// temperature for all classes (Guo et al. 2017). The calibrated model is one ONNX file again.
import { type Fitted, type Head, sigmoid, softmax } from "#lib/learn/estimators/estimator.ts";
import { fittedOf, truthOf } from "#lib/learn/estimators/recipe.ts";
import { type Builder, castTo } from "#lib/learn/onnx/builder.ts";
import type { Columns } from "#lib/learn/tables/table.ts";

const least = 1e-7;
/** Log-odds of a probability held off 0 and 1, in float32 as in the graph. */
const logit = (p: number): number => {
  const held = Math.min(1 - least, Math.max(least, Math.fround(p)));
  return Math.log(held / (1 - held));
};

const writeLogit = (builder: Builder, p: string): string => {
  const wide = builder.node("Cast", [p], { to: castTo.double });
  const held = builder.node("Min", [builder.node("Max", [wide, builder.doubles([least], [1, 1])]), builder.doubles([1 - least], [1, 1])]);
  return builder.node("Log", [builder.node("Div", [held, builder.node("Sub", [builder.doubles([1], [1, 1]), held])])]);
};

/** Log-loss of a line against smoothed targets. */
const lineLoss = (z: Float64Array, aims: Float64Array, slope: number, shift: number): number =>
  z.reduce((sum, one, i) => {
    const s = slope * one + shift;
    return sum + Math.max(s, 0) - aims[i]! * s + Math.log1p(Math.exp(-Math.abs(s)));
  }, 0);

/** Newton's method for p = σ(slope·z + shift) against smoothed targets; a step that raises the loss is halved. */
export const plattLine = (z: Float64Array, y: ArrayLike<number>): { slope: number; shift: number } => {
  let hits = 0;
  for (let i = 0; i < z.length; i++) hits += y[i]!;
  const aims = Float64Array.from({ length: z.length }, (_, i) => (y[i] ? (hits + 1) / (hits + 2) : 1 / (z.length - hits + 2)));
  let [slope, shift] = [1, 0];
  let loss = lineLoss(z, aims, slope, shift);
  for (let round = 0; round < 100; round++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-9, 0, 1e-9];
    for (let i = 0; i < z.length; i++) {
      const p = sigmoid(slope * z[i]! + shift);
      const weight = Math.max(p * (1 - p), 1e-9);
      ga += (p - aims[i]!) * z[i]!;
      gb += p - aims[i]!;
      haa += weight * z[i]! ** 2;
      hab += weight * z[i]!;
      hbb += weight;
    }
    const determinant = haa * hbb - hab * hab;
    const [da, db] = [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant];
    let share = 1;
    while (share > 1e-10 && !(lineLoss(z, aims, slope - share * da, shift - share * db) <= loss)) share /= 2;
    if (share <= 1e-10) break;
    slope -= share * da;
    shift -= share * db;
    loss = lineLoss(z, aims, slope, shift);
    if (share * (Math.abs(da) + Math.abs(db)) < 1e-10) break;
  }
  return { slope, shift };
};

type Knot = { x: number; y: number };

/** The rising curve of least squares through (x, y), as its corner points (scikit-learn's IsotonicRegression). */
export const isotonicCurve = (x: ArrayLike<number>, y: ArrayLike<number>): Knot[] => {
  const order = Array.from({ length: x.length }, (_, i) => i).sort((a, b) => x[a]! - x[b]!);
  const blocks: { from: number; to: number; sum: number; n: number }[] = [];
  for (let i = 0; i < order.length; ) {
    const own = { from: x[order[i]!]!, to: x[order[i]!]!, sum: 0, n: 0 };
    for (; i < order.length && x[order[i]!] === own.from; i++) {
      own.sum += y[order[i]!]!;
      own.n += 1;
    }
    blocks.push(own);
    for (let last = blocks.length - 1; last > 0; last--) {
      const [before, after] = [blocks[last - 1]!, blocks[last]!];
      if (before.sum / before.n < after.sum / after.n) break;
      blocks.splice(last - 1, 2, { from: before.from, to: after.to, sum: before.sum + after.sum, n: before.n + after.n });
    }
  }
  return blocks.flatMap(({ from, to, sum, n }) =>
    from === to
      ? [{ x: from, y: sum / n }]
      : [
          { x: from, y: sum / n },
          { x: to, y: sum / n },
        ],
  );
};

const steepest = 30;
/** Leaves out corners that would make the curve so steep that float32 shows: slopes stay below 30. */
const gentle = (knots: readonly Knot[]): Knot[] => {
  const kept = [knots[0]!];
  for (const knot of knots.slice(1)) {
    const before = kept.at(-1)!;
    if (knot.x - before.x >= Math.max(1e-4, (knot.y - before.y) / steepest)) kept.push(knot);
  }
  return kept;
};

const along = (knots: readonly Knot[], x: number): number => {
  let y = knots[0]!.y;
  for (let i = 1; i < knots.length; i++) {
    const [a, b] = [knots[i - 1]!, knots[i]!];
    y += ((b.y - a.y) / (b.x - a.x)) * Math.min(b.x - a.x, Math.max(0, x - a.x));
  }
  return y;
};

/** y₀ + Σ slope · clip(x − xᵢ, 0, width), which is the curve with flat ends. */
const writeAlong = (builder: Builder, p: string, knots: readonly Knot[]): string => {
  const pieces = knots.slice(1).map((b, i) => ({ from: knots[i]!.x, width: b.x - knots[i]!.x, rise: b.y - knots[i]!.y }));
  const start = builder.doubles([knots[0]!.y], [1, 1]);
  const x = builder.node("Cast", [p], { to: castTo.double });
  if (pieces.length === 0)
    return builder.node("Cast", [builder.node("Add", [builder.node("Mul", [x, builder.doubles([0], [1, 1])]), start])], {
      to: castTo.float,
    });
  const row = (of: (one: (typeof pieces)[number]) => number) => builder.doubles(pieces.map(of), [1, pieces.length]);
  const off = builder.node("Sub", [x, row((one) => one.from)]);
  const held = builder.node("Min", [builder.node("Max", [off, builder.doubles([0], [1, 1])]), row((one) => one.width)]);
  const parts = builder.node("Mul", [held, row((one) => one.rise / one.width)]);
  const sum = builder.node("ReduceSum", [parts, builder.integers([1])], { keepdims: 1 });
  return builder.node("Cast", [builder.node("Add", [sum, start])], { to: castTo.float });
};

/** The temperature of least log-loss, by golden-section search between 1/20 and 20. */
export const bestTemperature = (logs: Float64Array, y: ArrayLike<number>, width: number): number => {
  const loss = (logTemperature: number): number => {
    const p = softmax(
      logs.map((one) => one / Math.exp(logTemperature)),
      width,
    );
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum -= Math.log(Math.max(1e-300, p[i * width + y[i]!]!));
    return sum;
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [-3, 3];
  while (high - low > 1e-8) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (loss(a) < loss(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
};

const plattHead = (head: Head, p: Float64Array, y: Float64Array): Head => {
  const { slope, shift } = plattLine(p.map(logit), y);
  const write: Head["write"] = (builder, x) => {
    const z = builder.node("Mul", [writeLogit(builder, head.write(builder, x)), builder.doubles([slope], [1, 1])]);
    const both = builder.node("Add", [z, builder.doubles([shift], [1, 1])]);
    return builder.node("Cast", [builder.node("Sigmoid", [both])], { to: castTo.float });
  };
  return {
    ...head,
    scores: (x) => head.scores(x).map((one) => sigmoid(slope * logit(one) + shift)),
    write,
    more: { ...head.more, params: { slope, shift } },
  };
};

const isotonicHead = (head: Head, p: Float64Array, y: Float64Array): Head => {
  const knots = gentle(isotonicCurve(p, y));
  return {
    ...head,
    scores: (x) => head.scores(x).map((one) => along(knots, one)),
    write: (builder, x) => writeAlong(builder, head.write(builder, x), knots),
    more: { ...head.more, params: { corners: knots.length }, knots },
  };
};

const temperatureHead = (head: Head, p: Float64Array, y: Float64Array): Head => {
  const { width } = head;
  const held = (one: number): number => Math.log(Math.max(1e-12, one));
  if (width === 1) {
    const pairs = Float64Array.from({ length: p.length * 2 }, (_, at) => (at % 2 === 1 ? logit(p[at >> 1]!) : 0));
    const temperature = bestTemperature(pairs, y, 2);
    const write: Head["write"] = (builder, x) =>
      builder.node(
        "Cast",
        [
          builder.node("Sigmoid", [
            builder.node("Div", [writeLogit(builder, head.write(builder, x)), builder.doubles([temperature], [1, 1])]),
          ]),
        ],
        { to: castTo.float },
      );
    return {
      ...head,
      scores: (x) => head.scores(x).map((one) => sigmoid(logit(one) / temperature)),
      write,
      more: { ...head.more, params: { temperature } },
    };
  }
  const temperature = bestTemperature(p.map(held), y, width);
  const write: Head["write"] = (builder, x) => {
    const logs = builder.node("Log", [builder.node("Max", [head.write(builder, x), builder.constant([1e-12], [1, 1])])]);
    return builder.node("Softmax", [builder.node("Div", [logs, builder.constant([temperature], [1, 1])])], { axis: 1 });
  };
  return {
    ...head,
    scores: (x) =>
      softmax(
        head.scores(x).map((one) => held(one) / temperature),
        width,
      ),
    write,
    more: { ...head.more, params: { temperature } },
  };
};

/**
 * Calibrates a fitted classifier on rows it has not seen. "platt" and "isotonic" want a model with one probability; "temperature" takes
 * any classifier.
 * @example
 * const honest = calibrate(model, validation, { by: "isotonic" });
 */
export const calibrate = (model: Fitted, table: Columns, options: { by?: "platt" | "isotonic" | "temperature" } = {}): Fitted => {
  const { by = "platt" } = options;
  const { pipeline, head } = model.inside;
  if (model.task !== "binary" && model.task !== "classes") throw new Error(`A model of ${model.task} has no probabilities to calibrate.`);
  if (by !== "temperature" && model.task === "classes")
    throw new Error(`${by} calibrates one probability. Fit with positive, or take "temperature".`);
  const y = truthOf(model, table);
  const p = head.scores(pipeline.encode(table));
  const made = (by === "platt" ? plattHead : by === "isotonic" ? isotonicHead : temperatureHead)(head, p, y);
  const { kind, task, levels, validationAuc } = model;
  const params = { ...model.params, calibration: by, ...((made.more?.params as Record<string, number>) ?? {}) };
  return fittedOf({ kind, params, task, levels, validationAuc }, { ...model.inside, head: made });
};

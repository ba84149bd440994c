// Numbers: fill what is missing, clip what is far out, bring to a common scale, say that something was missing; or cut into quantile bins.
import { castTo } from "#lib/learn/onnx/builder.ts";
import {
  type Encoder,
  type Encoding,
  givenNumbers,
  greatest,
  type PlainNumber,
  plainly,
  seen,
  writeFilled,
  writePlain,
} from "#lib/learn/preprocess/encoder.ts";
import { quantile } from "#lib/learn/stats/profile.ts";
import type { Column } from "#lib/learn/tables/table.ts";

export type NumberOptions = {
  /** What stands for a missing number: a statistic of the training rows, a number, or "keep" for estimators that know missing values. */
  impute?: "median" | "mean" | "keep" | number;
  /** "standard" (mean 0, deviation 1), "robust" (median 0, inter-quartile range 1), "range" (0 to 1), or "none". */
  scale?: "standard" | "robust" | "range" | "none";
  /** Quantiles of the training rows beyond which values are cut off, e.g. [.01, .99]. */
  clip?: readonly [number, number];
  /** Adds a column that is 1 where the number was missing. */
  flag?: boolean;
};

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const fillOf = (impute: NonNullable<NumberOptions["impute"]>, sorted: Float64Array): number => {
  if (impute === "keep") return Number.NaN;
  if (typeof impute === "number") return Math.fround(impute);
  if (sorted.length === 0) return 0;
  return Math.fround(impute === "mean" ? meanOf(sorted) : quantile(sorted, 0.5));
};

const spreadOf = (values: Float64Array): [number, number] => {
  const mean = meanOf(values);
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
};

const scaleOf = (scale: NonNullable<NumberOptions["scale"]>, values: Float64Array): { shift: number; scale: number } => {
  if (scale === "none" || values.length === 0) return { shift: 0, scale: 1 };
  const spreads = {
    standard: () => spreadOf(values),
    robust: (): [number, number] => {
      const sorted = values.slice().sort();
      return [quantile(sorted, 0.5), quantile(sorted, 0.75) - quantile(sorted, 0.25)];
    },
    range: (): [number, number] => {
      const low = values.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
      return [low, values.reduce((most, one) => Math.max(most, one), low) - low];
    },
  };
  const [shift, spread] = spreads[scale]();
  // a column without spread becomes 0 throughout; so does one whose spread is rounding of its own size
  const isFlat = !(spread > 1e-12) || spread < Math.abs(shift) * 1e-7;
  return { shift: Math.fround(shift), scale: isFlat ? 1 : Math.fround(spread) };
};

const flagEncoder = (name: string): Encoder => ({
  features: [{ name: `${name} is missing`, column: name, kind: "indicator" }],
  encode: (column, { data, width, at }) => {
    for (let i = 0; i < column.length; i++) data[i * width + at] = Number.isNaN(seen(column[i] as number)) ? 1 : 0;
  },
  write: (builder, from) => {
    const filled = writeFilled(builder, from, builder.constant([Number.NaN], [1, 1]));
    return builder.node("Cast", [builder.node("IsNaN", [filled])], { to: castTo.float });
  },
});

/** The encoder of one number with known constants. */
export const plainEncoder = (name: string, plain: PlainNumber): Encoder => ({
  features: [{ name, column: name, kind: "number" }],
  plain,
  encode: (column, { data, width, at }) => {
    for (let i = 0; i < column.length; i++) data[i * width + at] = plainly(column[i] as number, plain);
  },
  write: (builder, from) => writePlain(builder, from, [plain]),
});

/** Puts encoders of the same column side by side. */
export const beside = (encoders: readonly Encoder[]): Encoder => ({
  features: encoders.flatMap((one) => one.features),
  encode: (column, place) => {
    let { at } = place;
    for (const one of encoders) {
      one.encode(column, { ...place, at });
      at += one.features.length;
    }
  },
  write: (builder, name) =>
    builder.node(
      "Concat",
      encoders.map((one) => one.write(builder, name)),
      { axis: 1 },
    ),
});

/**
 * A number. Infinite values and those beyond float32 count as missing.
 * @example
 * logisticRegression({ preprocess: { Income: numbers({ impute: "mean", clip: [0.01, 0.99], flag: true }) } });
 */
export const numbers = (options: NumberOptions = {}): Encoding => {
  const { impute = "median", scale = "standard", clip, flag = false } = options;
  if (clip && !(clip[0] >= 0 && clip[0] < clip[1] && clip[1] <= 1))
    throw new Error(`clip: [${clip}] are not two quantiles. Give e.g. [0.01, 0.99].`);
  return {
    takes: "number",
    fit: (column, { name }) => {
      const values = column as Float64Array;
      // sorting a million rows takes longer than much of what follows: only where quantiles are asked for
      const isSorted = impute === "median" || clip !== undefined;
      const given = isSorted || impute === "mean" ? givenNumbers(values) : new Float64Array(0);
      const sorted = isSorted ? given.sort() : given;
      const fill = fillOf(impute, sorted);
      const isClipped = clip !== undefined && sorted.length > 0;
      const low = isClipped ? Math.fround(quantile(sorted, clip[0])) : -greatest;
      const high = isClipped ? Math.fround(quantile(sorted, clip[1])) : greatest;
      const clean = { fill, low, high, shift: 0, scale: 1 };
      const filled = scale === "none" ? given : values.map((value) => plainly(value, clean)).filter((value) => !Number.isNaN(value));
      const encoder = plainEncoder(name, { ...clean, ...scaleOf(scale, filled) });
      return flag ? beside([encoder, flagEncoder(name)]) : encoder;
    },
  };
};

const edgesOf = (column: Column, count: number): number[] => {
  const sorted = givenNumbers(column as Float64Array).sort();
  if (sorted.length === 0) return [];
  const edges = Array.from({ length: count - 1 }, (_, i) => Math.fround(quantile(sorted, (i + 1) / count)));
  return edges.filter((edge, i) => edge !== edges[i - 1] && edge < sorted[sorted.length - 1]!);
};

/**
 * A number cut into quantile bins of the training rows, one column a bin, all zero where it is missing. Equal edges are joined, so a
 * column of few values has few bins.
 * @example
 * logisticRegression({ preprocess: { Income: quantileBins({ count: 8 }) } });
 */
export const quantileBins = (options: { count?: number } = {}): Encoding => {
  const { count = 10 } = options;
  if (!(Number.isInteger(count) && count >= 2 && count <= 100)) throw new Error(`count: ${count} bins cannot be made. Give 2 to 100.`);
  return {
    takes: "number",
    fit: (column, { name }) => {
      const edges = edgesOf(column, count);
      const bins = edges.length + 1;
      const nameOf = (bin: number) =>
        bin === 0
          ? `${name} ≤ ${edges[0] ?? "any"}`
          : bin === bins - 1
            ? `${name} > ${edges[bin - 1]}`
            : `${name} in (${edges[bin - 1]}, ${edges[bin]}]`;
      return {
        features: Array.from({ length: bins }, (_, bin) => ({ name: nameOf(bin), column: name, kind: "indicator" as const })),
        encode: (values, { data, width, at }) => {
          for (let i = 0; i < values.length; i++) {
            const value = seen(values[i] as number);
            if (Number.isNaN(value)) continue;
            let bin = 0;
            while (bin < edges.length && value > edges[bin]!) bin += 1;
            data[i * width + at + bin] = 1;
          }
        },
        write: (builder, from) => {
          const x = writeFilled(builder, from, builder.constant([Number.NaN], [1, 1]));
          // in the bin: above its lower edge and not above its upper one; NaN is in none
          const lower = builder.constant([-greatest, ...edges], [1, bins]);
          const upper = builder.constant([...edges, greatest], [1, bins]);
          const isAbove = builder.node("Or", [
            builder.node("Greater", [x, lower]),
            builder.node("Equal", [x, builder.constant([-greatest], [1, 1])]),
          ]);
          const isBelow = builder.node("LessOrEqual", [x, upper]);
          return builder.node("Cast", [builder.node("And", [isAbove, isBelow])], { to: castTo.float });
        },
      };
    },
  };
};

/** A number as it is and, beside it, in `count` quantile bins: a linear model then bends where the data do. */
export const steppedNumbers = (count: number): Encoding => ({
  takes: "number",
  fit: (column, context) => beside([numbers().fit(column, context), quantileBins({ count }).fit(column, context)]),
});

// Dates from text, inside the model: a served model takes "5 Mar 2024" as it stands. Each format the training rows were written in is a
// regular expression in the graph; the numbers of the text are read as integers, and days since 1970 are counted in whole numbers, so
// that nothing is rounded.
import { type Builder, castTo } from "#lib/learn/onnx/builder.ts";
import {
  type CalendarDate,
  type DateFormat,
  dateFormats,
  daysSince1970,
  formatsOf,
  monthByName,
  readDate,
  tokenPattern,
} from "#lib/learn/preprocess/date-formats.ts";
import type { Encoding } from "#lib/learn/preprocess/encoder.ts";
import { writeRest } from "#lib/learn/preprocess/text.ts";

const partNames = ["day number", "year", "month", "day of month", "weekday", "hour"] as const;
export type DatePart = (typeof partNames)[number];

const partOf = (date: CalendarDate, part: DatePart): number => {
  const days = daysSince1970(date.year, date.month, date.day);
  if (part === "day number") return days;
  if (part === "weekday") return (((days + 3) % 7) + 7) % 7;
  return part === "day of month" ? date.day : date[part];
};

type Wholes = { year: string; month: string; day: string; hour: string; minute: string };

/** Nodes for whole numbers; Div of integers rounds towards zero, and all years here are after 0. */
const arithmetic = (builder: Builder) => {
  const value = (x: string | number): string => (typeof x === "number" ? builder.integers([x], [1, 1]) : x);
  const op = (name: string) => (a: string | number, b: string | number) => builder.node(name, [value(a), value(b)]);
  return { add: op("Add"), sub: op("Sub"), mul: op("Mul"), div: op("Div"), mod: op("Mod") };
};

const writeDays = (builder: Builder, { year, month, day }: Wholes): string => {
  const { add, sub, mul, div, mod } = arithmetic(builder);
  const isEarly = builder.node("Cast", [builder.node("LessOrEqual", [month, builder.integers([2], [1, 1])])], { to: castTo.whole });
  const y = sub(year, isEarly);
  const era = div(y, 400);
  const yearOfEra = sub(y, mul(era, 400));
  const dayOfYear = add(div(add(mul(mod(add(month, 9), 12), 153), 2), 5), sub(day, 1));
  const leaps = sub(div(yearOfEra, 4), div(yearOfEra, 100));
  return sub(add(add(mul(era, 146_097), mul(yearOfEra, 365)), add(leaps, dayOfYear)), 719_468);
};

const writeTokens = (builder: Builder, texts: string, format: DateFormat): string => {
  const pattern = format.hasMonthName ? tokenPattern : "[0-9]+";
  const flat = builder.node("Reshape", [texts, builder.integers([-1])]);
  const rows = builder.node("Concat", [builder.texts([format.example], [1]), flat], { axis: 0 });
  const words = builder.node(
    "Tokenizer",
    [rows],
    { mark: 0, pad_value: "0", tokenexp: pattern, mincharnum: 1 },
    { domain: "com.microsoft" },
  );
  return writeRest(builder, words);
};

/** Year, month, day, hour and minute of texts that are all in one format, as [N, 1] integers. */
const writeNumbers = (builder: Builder, texts: string, format: DateFormat): Wholes => {
  const { div, mod } = arithmetic(builder);
  if (format.isCompact) {
    const all = builder.node("Cast", [texts], { to: castTo.whole });
    const zero = builder.node("Mul", [all, builder.integers([0], [1, 1])]);
    return { year: div(all, 10_000), month: mod(div(all, 100), 100), day: mod(all, 100), hour: zero, minute: zero };
  }
  const words = writeTokens(builder, texts, format);
  const pick = (place: number): string => builder.node("Gather", [words, builder.integers([place])], { axis: 1 });
  const whole = (place: number): string => builder.node("Cast", [pick(place)], { to: castTo.whole });
  const monthOf = (place: number): string =>
    builder.node(
      "LabelEncoder",
      [pick(place)],
      { keys_strings: [...monthByName.keys()], values_int64s: { ints: [...monthByName.values()] }, default_int64: 1 },
      { domain: "ai.onnx.ml" },
    );
  const { places } = format;
  return {
    year: whole(places.year),
    month: format.hasMonthName ? monthOf(places.month) : whole(places.month),
    day: whole(places.day),
    hour: whole(places.hour!),
    minute: whole(places.minute!),
  };
};

const writeParts = (builder: Builder, wholes: Wholes, parts: readonly DatePart[]): string => {
  const { add, mod } = arithmetic(builder);
  const days = writeDays(builder, wholes);
  const columns = parts.map((part) => {
    if (part === "day number") return days;
    if (part === "weekday") return mod(add(days, 3 + 7 * 200_000), 7);
    return part === "day of month" ? wholes.day : wholes[part];
  });
  return builder.node("Cast", [builder.node("Concat", columns, { axis: 1 })], { to: castTo.float });
};

const writeDates = (builder: Builder, from: string, formats: readonly DateFormat[], parts: readonly DatePart[]): string => {
  builder.atLeast(20);
  const flat = builder.node("Reshape", [from, builder.integers([-1])]);
  const padded = builder.node("Concat", [builder.texts(["a"], [1]), flat], { axis: 0 });
  const lowered = builder.node("StringNormalizer", [padded], { case_change_action: "LOWER", is_case_sensitive: 1, locale: "C" });
  const lower = builder.node("Reshape", [writeRest(builder, lowered), builder.integers([-1, 1])]);
  // later formats first, so that the first one has the last word
  let answer = builder.constant([Number.NaN], [1, 1]);
  for (const format of formats.toReversed()) {
    const fits = builder.node("RegexFullMatch", [lower], { pattern: format.pattern });
    const texts = builder.node("Where", [fits, lower, builder.texts([format.example], [1, 1])]);
    answer = builder.node("Where", [fits, writeParts(builder, writeNumbers(builder, texts, format), parts), answer]);
  }
  return answer;
};

/**
 * Parts of a date written as text, NaN where it is missing or no date: "day number" (days since 1970), "year", "month", "day of month",
 * "weekday" (0 is Monday), "hour". Clock times are taken as written; an offset from UTC is read over.
 * @example
 * boostedTrees({ preprocess: { opened: dates({ parts: ["day number", "weekday"] }) } });
 */
export const dates = (options: { parts?: readonly DatePart[]; formats?: readonly string[] } = {}): Encoding => {
  const { parts = ["day number", "month", "weekday"], formats } = options;
  const unknown = formats?.find((name) => !dateFormats.some((format) => format.name === name));
  if (unknown) throw new Error(`formats: ${unknown} is not known. There are: ${dateFormats.map((one) => one.name).join(" · ")}.`);
  const odd = parts.find((part) => !partNames.includes(part));
  if (odd || parts.length === 0) throw new Error(`parts: ${odd ?? "nothing"} is no part of a date. There are: ${partNames.join(", ")}.`);
  return {
    takes: "text",
    fit: (column, { name }) => {
      const found = formats ? dateFormats.filter((format) => formats.includes(format.name)) : formatsOf(column as string[]).formats;
      if (found.length === 0)
        throw new Error(`Column ${name} has no date in a known format (${dateFormats.map((one) => one.name).join(" · ")}).`);
      return {
        features: parts.map((part) => ({ name: `${name}: ${part}`, column: name, kind: "number" as const })),
        encode: (values, { data, width, at }) => {
          for (let i = 0; i < values.length; i++) {
            let date: CalendarDate | null = null;
            for (const format of found) date ??= readDate(values[i] as string, format);
            for (const [k, part] of parts.entries()) data[i * width + at + k] = date ? partOf(date, part) : Number.NaN;
          }
        },
        write: (builder, from) => writeDates(builder, from, found, parts),
      };
    },
  };
};

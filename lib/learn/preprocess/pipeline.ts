// The whole way from a table to a matrix: one encoding a column, chosen by name or by what the column holds, fitted on training rows and
// written into the same ONNX file as the estimator. The file takes the raw columns by name.
import type { Builder } from "#lib/learn/onnx/builder.ts";
import { levelOrder, oneHot } from "#lib/learn/preprocess/categories.ts";
import { formatsOf } from "#lib/learn/preprocess/date-formats.ts";
import { dates } from "#lib/learn/preprocess/dates.ts";
import { type Encoder, type Encoding, type Feature, type Goal, type Matrix, writePlain } from "#lib/learn/preprocess/encoder.ts";
import { numberIn, numberTexts } from "#lib/learn/preprocess/number-texts.ts";
import { numbers, steppedNumbers } from "#lib/learn/preprocess/numbers.ts";
import { scaled } from "#lib/learn/preprocess/scaled.ts";
import { tfidf } from "#lib/learn/preprocess/text.ts";
import { type Columns, columnOf, isNumeric, rowCount } from "#lib/learn/tables/table.ts";

/** What an estimator wants of columns nobody gave an encoding: scaled numbers without gaps, or raw numbers and places of levels. */
export type Appetite = "scaled" | "trees";

/** Encodings by column; "drop" leaves a column out, and what is not named is chosen by the column's content. */
export type Preprocess = Record<string, Encoding | "drop">;

export type Pipeline = {
  inputs: { name: string; isText: boolean }[];
  features: Feature[];
  encode: (table: Columns) => Matrix;
  /** The training table itself, out of fold where an encoding looks at the target. */
  encodeTraining: (table: Columns) => Matrix;
  /** Writes the encoding of declared inputs; answers the name of the [N, features] matrix. */
  write: (builder: Builder) => string;
};

/** What a column of text holds, by its training rows: nearly all dates, mostly numbers, prose of many words, or levels. */
export const textKind = (column: readonly string[]): "dates" | "numbers" | "prose" | "levels" => {
  const given = column.filter((text) => text !== "");
  if (given.length === 0) return "levels";
  const shareOf = (isSuch: (text: string) => boolean): number => given.filter(isSuch).length / given.length;
  if (formatsOf(given.slice(0, 200)).share >= 0.9 && formatsOf(given).share >= 0.9) return "dates";
  if (shareOf((text) => !Number.isNaN(numberIn(text))) >= 0.8) return "numbers";
  const isLong = shareOf((text) => text.trim().split(/\s+/).length >= 4) >= 0.5;
  return isLong && new Set(given).size > Math.max(30, given.length / 5) ? "prose" : "levels";
};

const defaultEncoding = (table: Columns, name: string, appetite: Appetite, bins: number): Encoding => {
  const column = columnOf(table, name);
  const forTrees = appetite === "trees";
  if (isNumeric(column) && bins > 0) return steppedNumbers(bins);
  if (isNumeric(column)) return forTrees ? numbers({ impute: "keep", scale: "none" }) : numbers();
  const kind = textKind(column);
  if (kind === "dates") return forTrees ? dates() : scaled(dates());
  if (kind === "numbers") return forTrees ? numberTexts({ impute: "keep", scale: "none" }) : numberTexts();
  if (kind === "prose") return tfidf({ limit: forTrees ? 100 : 500 });
  return forTrees ? levelOrder() : oneHot();
};

type Part = { names: string[]; encoder: Encoder };

/**
 * Plain numbers become one part, so that the graph works on one matrix and not column by column. It lies column after column, as the inputs
 * do: joining them is copying, and every step on a column is one long loop; the rows are made at the end.
 */
const joinPlain = (parts: Part[]): Part[] => {
  const plain = parts.filter((part) => part.encoder.plain);
  if (plain.length < 2) return parts;
  const constants = plain.map((part) => part.encoder.plain!);
  const joined: Part = {
    names: plain.flatMap((part) => part.names),
    encoder: {
      features: plain.flatMap((part) => part.encoder.features),
      encode: () => {},
      write: (builder, name) => {
        const columns = builder.node("Reshape", [name, builder.integers([plain.length, -1])]);
        return builder.node("Transpose", [writePlain(builder, columns, constants, true)], { perm: { ints: [1, 0] } });
      },
    },
  };
  return [joined, ...parts.filter((part) => !part.encoder.plain)];
};

const writeParts = (builder: Builder, parts: readonly Part[]): string => {
  const written = joinPlain([...parts]).map(({ names, encoder }) =>
    encoder.write(builder, names.length === 1 ? names[0]! : builder.node("Concat", names, { axis: 0 })),
  );
  return written.length === 1 ? written[0]! : builder.node("Concat", written, { axis: 1 });
};

const encodeWith = (table: Columns, parts: readonly Part[], width: number, isTraining: boolean): Matrix => {
  const rows = rowCount(table);
  const data = new Float32Array(rows * width);
  let at = 0;
  for (const { names, encoder } of parts) {
    const column = columnOf(table, names[0]!);
    const encode = (isTraining && encoder.encodeTraining) || encoder.encode;
    encode(column, { data, width, at });
    at += encoder.features.length;
  }
  return { data, rows, width };
};

const checkKind = (table: Columns, name: string, isText: boolean): void => {
  const column = columnOf(table, name);
  if (isNumeric(column) !== isText) return;
  throw new Error(
    `Column ${name} was ${isText ? "text" : "numbers"} when the model was fitted and is ${isText ? "numbers" : "text"} here. Read it in the same way.`,
  );
};

/** Fits the encodings on a table; columns without anything to learn from (all missing) take no place. */
export const fitPipeline = (
  table: Columns,
  names: readonly string[],
  goal: Goal,
  how: { appetite: Appetite; bins?: number; preprocess?: Preprocess; seed?: number },
): Pipeline => {
  const { appetite, bins = 0, preprocess = {}, seed = 0 } = how;
  const unknown = Object.keys(preprocess).find((name) => !names.includes(name));
  if (unknown) throw new Error(`preprocess names ${unknown}, which is no column to learn from. There are: ${names.join(", ")}.`);
  const kept = names.filter((name) => preprocess[name] !== "drop");
  const fitted: Part[] = kept.map((name) => {
    const asked = preprocess[name] as Encoding | undefined;
    if (asked && (asked.takes === "number") !== isNumeric(columnOf(table, name)))
      throw new Error(
        `The encoding of ${name} takes ${asked.takes}s, and the column holds ${asked.takes === "number" ? "text" : "numbers"}.`,
      );
    const encoding = asked ?? defaultEncoding(table, name, appetite, bins);
    return { names: [name], encoder: encoding.fit(columnOf(table, name), { name, goal, seed }) };
  });
  const useful = fitted.filter((part) => part.encoder.features.length > 0);
  const parts = [...useful.filter((part) => part.encoder.plain), ...useful.filter((part) => !part.encoder.plain)];
  if (parts.length === 0) throw new Error("No column has a value to learn from.");
  const features = parts.flatMap((part) => part.encoder.features);
  const inputs = kept
    .filter((name) => useful.some((part) => part.names[0] === name))
    .map((name) => ({ name, isText: !isNumeric(columnOf(table, name)) }));
  const encode = (rows: Columns, isTraining: boolean): Matrix => {
    for (const input of inputs) checkKind(rows, input.name, input.isText);
    return encodeWith(rows, parts, features.length, isTraining);
  };
  return {
    inputs,
    features,
    encode: (rows) => encode(rows, false),
    encodeTraining: (rows) => encode(rows, true),
    write: (builder) => writeParts(builder, parts),
  };
};

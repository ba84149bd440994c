// How a value is shown: its own bundle when it has one (the Jupyter.display symbol), a table for rows, a preview with its shape for what
// is large, and always text/plain.
import { inspect } from "node:util";
import type { Bundle } from "#kernel/session/messages.ts";

const displaySymbol = Symbol.for("Jupyter.display");
const previewRows = 20;

type Shown = { data: Bundle; metadata: Bundle };

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  (typeof value === "object" && value !== null) || typeof value === "function";
const isPlainRow = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value));

const cellText = (value: unknown): unknown =>
  value === null || typeof value === "number" || typeof value === "boolean"
    ? value
    : value === undefined
      ? null
      : typeof value === "string"
        ? value.slice(0, 300)
        : inspect(value, { depth: 1, breakLength: 80 }).slice(0, 300);

const kindOf = (value: unknown): "number" | "boolean" | "date" | "string" =>
  typeof value === "number" || typeof value === "bigint"
    ? "number"
    : typeof value === "boolean"
      ? "boolean"
      : value instanceof Date
        ? "date"
        : "string";

const rowsBundle = (rows: Record<string, unknown>[]): Bundle => {
  const names = [...new Set(rows.slice(0, 200).flatMap((row) => Object.keys(row)))].slice(0, 50);
  const columns = names.map((name) => ({ name, type: kindOf(rows.find((row) => row[name] !== null && row[name] !== undefined)?.[name]) }));
  const shown = rows.slice(0, previewRows).map((row) => names.map((name) => cellText(row[name])));
  return {
    "application/vnd.atelier.table+json": {
      columns,
      rows: shown,
      rowCount: rows.length,
      columnCount: names.length,
      source: "array of rows",
    },
  };
};

const plain = (value: unknown): string =>
  typeof value === "string"
    ? inspect(value, { maxStringLength: 10_000 })
    : inspect(value, { depth: 4, maxArrayLength: 60, maxStringLength: 4000, breakLength: 100 });

/** The bundle of a value; never throws: a value whose own display throws is shown as text with the reason. */
export const show = async (value: unknown): Promise<Shown> => {
  try {
    const own = isObject(value) ? (value as Record<symbol, unknown>)[displaySymbol] : undefined;
    if (typeof own === "function") {
      const data = (await own.call(value)) as Bundle;
      return { data: { "text/plain": plain(value).slice(0, 2000), ...data }, metadata: {} };
    }
  } catch (error) {
    return { data: { "text/plain": `${plain(value).slice(0, 2000)}\n(its display failed: ${String(error)})` }, metadata: {} };
  }
  if (Array.isArray(value) && value.length > 0 && value.slice(0, 50).every(isPlainRow))
    return { data: { ...rowsBundle(value as Record<string, unknown>[]), "text/plain": plain(value) }, metadata: {} };
  if (ArrayBuffer.isView(value) && "length" in value) {
    const view = value as unknown as { length: number };
    const name = value.constructor.name;
    return {
      data: {
        "text/plain":
          view.length > 60
            ? `${name}(${view.length}) ${plain(Array.from((value as unknown as Float64Array).subarray(0, 10)))} …`
            : plain(value),
      },
      metadata: {},
    };
  }
  return { data: { "text/plain": plain(value) }, metadata: {} };
};

const withBundle = (data: Bundle) => ({ [displaySymbol]: () => data });

/** Joins a template literal's parts with its values. */
const joined = (parts: TemplateStringsArray | string, values: unknown[]): string =>
  typeof parts === "string" ? parts : String.raw({ raw: parts }, ...values);

/** The short forms a cell has without importing anything. */
export const markup = {
  html: (parts: TemplateStringsArray | string, ...values: unknown[]) =>
    withBundle({ "text/html": joined(parts, values), "text/plain": "HTML" }),
  md: (parts: TemplateStringsArray | string, ...values: unknown[]) =>
    withBundle({ "text/markdown": joined(parts, values), "text/plain": joined(parts, values) }),
  svg: (parts: TemplateStringsArray | string, ...values: unknown[]) =>
    withBundle({ "image/svg+xml": joined(parts, values), "text/plain": "SVG" }),
  image: (bytes: Uint8Array, type = "image/png") =>
    withBundle({ [type]: Buffer.from(bytes).toString("base64"), "text/plain": `${type}, ${bytes.length} bytes` }),
  json: (value: unknown) => withBundle({ "application/json": value, "text/plain": plain(value) }),
};

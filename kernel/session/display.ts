// How a value is shown: its own bundle when it has one (the Jupyter.display symbol), a picture for the bytes of one, a table for rows, a
// preview with its shape for what is large, a word for what only time will tell, and always text/plain.
import { inspect, types } from "node:util";
import type { Bundle, Shown } from "#kernel/session/messages.ts";
import { previewOf } from "#kernel/session/shape.ts";

export const displaySymbol = Symbol.for("Jupyter.display");
const previewRows = 20;

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

/** Rows as the house's table: the first ones, with the names and kinds of the columns and how many there are in all. */
export const rowsBundle = (rows: Record<string, unknown>[]): Bundle => {
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

/** A value as text, bounded. */
export const plain = (value: unknown): string =>
  typeof value === "string"
    ? inspect(value, { maxStringLength: 10_000 })
    : (previewOf(value) ?? inspect(value, { depth: 4, maxArrayLength: 60, maxStringLength: 4000, breakLength: 100 }));

/** The picture format a byte array starts like, or null. */
export const pictureOf = (bytes: Uint8Array): string | null => {
  const starts = (at: number, ...wanted: number[]): boolean => wanted.every((byte, i) => bytes[at + i] === byte);
  if (starts(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)) return "image/png";
  if (starts(0, 0xff, 0xd8, 0xff)) return "image/jpeg";
  if (starts(0, 0x47, 0x49, 0x46, 0x38)) return "image/gif";
  if (starts(0, 0x52, 0x49, 0x46, 0x46) && starts(8, 0x57, 0x45, 0x42, 0x50)) return "image/webp";
  return null;
};

const isMimeBundle = (value: unknown): value is Bundle =>
  isPlainRow(value) &&
  Object.keys(value).length > 0 &&
  Object.keys(value).every((key) => /^(text|image|application|audio|video)\/[\w.+-]+$/.test(key));

/** A word for values that hold nothing yet. */
const pendingWord = (value: unknown): string | null => {
  if (types.isPromise(value)) return `${inspect(value)}\nA promise. Write await before it to see what comes.`;
  if (!isObject(value)) return null;
  const name = String((value as { constructor?: { name?: string } }).constructor?.name || "Object");
  if (typeof value[Symbol.asyncIterator] === "function") return `${name}: comes in parts. Read it with: for await (const part of it) …`;
  if (types.isGeneratorObject(value)) return "A generator. Spread it to see its values: [...it]";
  return null;
};

const own = (value: Record<PropertyKey, unknown>, bundle: unknown): Shown => {
  const data = isObject(bundle) ? (bundle as Bundle) : {};
  return { data: { "text/plain": plain(value).slice(0, 2000), ...data }, metadata: {} };
};

const failed = (value: unknown, error: unknown): Shown => ({
  data: { "text/plain": `${plain(value).slice(0, 2000)}\n(its display failed: ${String(error)})` },
  metadata: {},
});

const byKind = (value: unknown): Bundle => {
  if (isMimeBundle(value)) return { "text/plain": Object.keys(value).join(", "), ...value };
  if (value instanceof Uint8Array) {
    const type = pictureOf(value);
    if (type) return { [type]: Buffer.from(value).toString("base64"), "text/plain": `${type}, ${value.length} bytes` };
  }
  if (Array.isArray(value) && value.length > 0 && value.slice(0, 50).every(isPlainRow))
    return { ...rowsBundle(value as Record<string, unknown>[]), "text/plain": plain(value) };
  return { "text/plain": pendingWord(value) ?? plain(value) };
};

/** Handles of displays: what `display(x)` answers is for updating, never a result to show. */
export const handles = new WeakSet<object>();

/** The bundle of a value, at once where the value allows; never throws: one whose own display throws is shown as text with the reason. */
export const show = (value: unknown): Shown | Promise<Shown> => {
  try {
    const method = isObject(value) ? value[displaySymbol] : undefined;
    if (typeof method === "function") {
      const made: unknown = method.call(value);
      const owner = value as Record<PropertyKey, unknown>;
      if (!types.isPromise(made)) return own(owner, made);
      return made.then(
        (bundle) => own(owner, bundle),
        (error: unknown) => failed(value, error),
      );
    }
    return { data: byKind(value), metadata: {} };
  } catch (error) {
    try {
      return failed(value, error);
    } catch {
      return { data: { "text/plain": `(this value cannot be shown: ${String(error)})` }, metadata: {} };
    }
  }
};

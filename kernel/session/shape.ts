// What is large is shown by its shape and its beginning: `1,000,000 × 3 array`, never a million numbers. Also the size of a value in bytes,
// estimated by looking at a few elements; exact for typed arrays and text.
import { inspect } from "node:util";

const sampled = 24;

type View = ArrayBufferView & { length: number; subarray: (from: number, to: number) => ArrayLike<unknown> };
const isView = (value: unknown): value is View => ArrayBuffer.isView(value) && !(value instanceof DataView);

/** Lengths along every axis of nested arrays that agree where one looks; null for what has no shape. */
export const shapeOf = (value: unknown): number[] | null => {
  if (isView(value)) return [value.length];
  if (value instanceof Map || value instanceof Set) return [value.size];
  if (!Array.isArray(value)) {
    const own = typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, "shape")?.value : null;
    return Array.isArray(own) && own.every((one) => typeof one === "number") ? own : null;
  }
  const shape: number[] = [value.length];
  let level: unknown[] = value;
  while (level.length > 0 && level.slice(0, sampled).every((one) => Array.isArray(one) || isView(one))) {
    const length = (level[0] as unknown[]).length;
    if (!level.slice(0, sampled).every((one) => (one as unknown[]).length === length)) break;
    shape.push(length);
    level = Array.isArray(level[0]) ? (level[0] as unknown[]) : [];
  }
  return shape;
};

/** Name of a value's type as people say it. */
export const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (typeof value === "function") return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  if (typeof value !== "object") return typeof value;
  if (!Array.isArray(value)) return String(Object.getPrototypeOf(value)?.constructor?.name || "object");
  const kinds = new Set(value.slice(0, sampled).map((one) => (one === null ? "null" : Array.isArray(one) ? "array" : typeof one)));
  return kinds.size === 1 ? `${[...kinds][0]}[]` : "array";
};

/** About how many bytes a value holds; nested values are sampled. */
export const bytesOf = (value: unknown, depth = 0, seen = new Set<unknown>()): number => {
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object" || value === null) return 8;
  if (seen.has(value) || depth > 4) return 8;
  seen.add(value);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return value.byteLength;
  const children = Array.isArray(value)
    ? value
    : value instanceof Map
      ? [...value.entries()].slice(0, sampled)
      : value instanceof Set
        ? [...value].slice(0, sampled)
        : Object.values(Object.getOwnPropertyDescriptors(value)).flatMap((one) => ("value" in one ? [one.value] : []));
  const count = value instanceof Map || value instanceof Set ? value.size : children.length;
  const step = Math.max(1, Math.floor(children.length / sampled));
  let sum = 0;
  let looked = 0;
  for (let at = 0; at < children.length && looked < sampled; at += step) {
    sum += bytesOf(children[at], depth + 1, seen);
    looked += 1;
  }
  return 16 + (looked === 0 ? 0 : Math.round((sum / looked + 8) * count));
};

const firstOf = (value: unknown): unknown => {
  if (isView(value)) return Array.from(value.subarray(0, 8));
  if (Array.isArray(value)) return value.slice(0, 6).map((one) => (Array.isArray(one) || isView(one) ? firstOf(one) : one));
  return value;
};

/** A preview of an array or typed array too large to print, with its shape; null for everything else. */
export const previewOf = (value: unknown): string | null => {
  if (!isView(value) && !Array.isArray(value)) return null;
  const shape = shapeOf(value) ?? [0];
  const elements = shape.reduce((product, one) => product * one, 1);
  if (elements <= 60) return null;
  const name = isView(value) ? value.constructor.name : `${typeOf(value).replace(/\[\]$/, "")} array`.replace("array array", "array");
  const axes = shape.map((one) => one.toLocaleString("en-GB")).join(" × ");
  const text = inspect(firstOf(value), { depth: 3, breakLength: 100, maxStringLength: 200 });
  return `${axes} ${name}\n${text} …`;
};

// Completion and inspection on live values: names in scope, and members of what a dotted path leads to. Getters are not run: looking at a
// value must change nothing.
import { inspect } from "node:util";
import type { Order } from "#kernel/session/messages.ts";

type Consultation = Extract<Order, { type: "complete" | "inspect" }>;

const scope = globalThis as Record<PropertyKey, unknown>;
const keywords =
  "async await break case catch class const continue default delete do else enum export extends false finally for function if implements import in instanceof interface let namespace new null of return satisfies static super switch this throw true try type typeof undefined using var void while yield".split(
    " ",
  );
const matchLimit = 300;

/** The value of a property without running a getter; of a chain of prototypes the nearest. */
const peek = (owner: unknown, name: string): unknown => {
  for (let at = owner; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(Object(at), name);
    if (found) return "value" in found || at === scope ? (at as Record<string, unknown>)[name] : undefined;
  }
  return undefined;
};

const wordOf = (name: string, value: unknown): string =>
  typeof value === "function"
    ? /^class\b/.test(Function.prototype.toString.call(value))
      ? "class"
      : "function"
    : name === name.toUpperCase() && name.length > 1
      ? "constant"
      : "instance";

const namesOf = (target: unknown): string[] => {
  const names = new Set<string>();
  for (let at = target; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype && names.size > 0 && target !== scope) break;
    for (const name of Object.getOwnPropertyNames(Object(at))) if (/^[A-Za-z_$][\w$]*$/.test(name)) names.add(name);
  }
  return [...names];
};

const placeIn = (order: Consultation) => {
  const before = order.code.slice(0, order.cursor);
  const path = /((?:[A-Za-z_$][\w$]*(?:\?)?\.)*)([A-Za-z_$][\w$]*)?$/.exec(before);
  const owner = (path?.[1] ?? "").split(/\??\./).filter(Boolean);
  const isAfterDot = owner.length > 0;
  return { start: path?.[2] ?? "", isAfterDot, target: owner.reduce<unknown>(peek, scope) };
};

const complete = (order: Consultation): Record<string, unknown> => {
  const { start, isAfterDot, target } = placeIn(order);
  const from = order.cursor - start.length;
  const isInText = !isAfterDot && order.code[from - 1] === "."; // a member of something only a run could tell
  const all = isInText || target === null || target === undefined ? [] : [...namesOf(target), ...(isAfterDot ? [] : keywords)];
  const matches = [...new Set(all.filter((name) => name.startsWith(start) && name !== start))].sort().slice(0, matchLimit);
  const own = new Set(all.includes(start) && start ? [start] : []);
  const list = [...own, ...matches];
  return {
    status: "ok",
    matches: list,
    cursor_start: from,
    cursor_end: order.cursor,
    metadata: {
      _jupyter_types_experimental: list.map((text) => ({
        text,
        type: !isAfterDot && keywords.includes(text) ? "keyword" : wordOf(text, peek(target, text)),
        start: from,
        end: order.cursor,
      })),
    },
  };
};

const look = (order: Consultation & { detail?: number }): Record<string, unknown> => {
  const { start, target } = placeIn(order);
  const rest = /^[\w$]*/.exec(order.code.slice(order.cursor))?.[0] ?? "";
  const name = start + rest;
  const value = name === "" || target === null || target === undefined ? undefined : peek(target, name);
  if (value === undefined) return { status: "ok", found: false, data: {}, metadata: {} };
  const head =
    typeof value === "function"
      ? Function.prototype.toString.call(value).split("\n").slice(0, 40).join("\n")
      : inspect(value, { depth: 2, maxArrayLength: 20, maxStringLength: 2000 });
  const type = value === null ? "null" : typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
  return {
    status: "ok",
    found: true,
    data: { "text/plain": `${name}: ${type}\n${head}`, "text/markdown": `\`${name}: ${type}\`\n\n\`\`\`ts\n${head}\n\`\`\`` },
    metadata: {},
  };
};

/** The reply's content for a completion or an inspection. */
export const consult = (order: Consultation): Record<string, unknown> => (order.type === "complete" ? complete(order) : look(order));

// What the language service adds to a Jupyter client's completion and inspection: types and documentation beside the live values, and answers
// while a cell holds the session. What was run before counts as the cells above; what is asked about is the last one.

import type { Answers, Ask } from "#kernel/language/messages.ts";
import type { Completion } from "#lib/sessions/language/contract.ts";

type Content = Record<string, unknown>;
export type Wanted = { type: "complete" | "inspect"; code: string; cursor: number; earlier: readonly string[] };
/** Answers the content of a reply, counted in UTF-16 units; null when it knows nothing, or not in time. */
export type Advise = (kernelId: string, wanted: Wanted) => Promise<Content | null>;
type AskCells = (notebook: string, cells: Map<string, string>, ask: Ask) => Promise<Answers[keyof Answers] | null>;

/** A client waits this long at most for what types say: an answer takes tens of milliseconds, and while the process starts, live values are
 * all there is. */
const patienceMs = 400;
const mostCells = 200;
const asking = "asking";

const wordOf = (kind: string): string =>
  ({ method: "function", construct: "class", const: "instance", let: "instance", var: "instance", alias: "instance" })[kind] ?? kind;

const fromCompletions = (items: readonly Completion[], code: string, cursor: number): Content | null => {
  const plain = items.filter((one) => one.origin === undefined && (one.insert === undefined || one.insert === one.name));
  const span = plain.find((one) => one.span)?.span;
  const typed = /[\p{ID_Continue}$]*$/u.exec(code.slice(0, cursor))?.[0] ?? "";
  const [start, end] = span ? [span.start, Math.max(cursor, span.start + span.length)] : [cursor - typed.length, cursor];
  const begun = code.slice(start, cursor).toLowerCase();
  const fitting = plain.filter((one) => one.name.toLowerCase().startsWith(begun) && (one.span?.start ?? start) === start);
  if (fitting.length === 0) return null;
  return {
    status: "ok",
    matches: fitting.map((one) => one.name),
    cursor_start: start,
    cursor_end: end,
    metadata: { _jupyter_types_experimental: fitting.map((one) => ({ text: one.name, type: wordOf(one.kind), start, end })) },
  };
};

const fromHover = (info: Answers["hover"]["info"]): Content | null => {
  if (!info || info.signature === "" || info.signature === "any") return null;
  const { signature, documentation } = info;
  const plain = documentation ? `${signature}\n${documentation}` : signature;
  const markdown = `\`\`\`ts\n${signature}\n\`\`\`${documentation ? `\n\n${documentation}` : ""}`;
  return { status: "ok", found: true, data: { "text/plain": plain, "text/markdown": markdown }, metadata: {} };
};

/** Makes the adviser of a gateway's kernels. */
export const adviseBy =
  (ask: AskCells): Advise =>
  async (kernelId, { type, code, cursor, earlier }) => {
    const cells = new Map(earlier.slice(-mostCells).map((source, i) => [`in-${Math.max(0, earlier.length - mostCells) + i}`, source]));
    cells.set(asking, code);
    const at = { cellId: asking, offset: cursor };
    const answer = ask(`kernel ${kernelId}`, cells, type === "complete" ? { type, ...at } : { type: "hover", ...at }).catch(() => null);
    const late = new Promise<null>((resolve) => setTimeout(resolve, patienceMs, null).unref());
    const found = await Promise.race([answer, late]);
    if (!found) return null;
    return "items" in found ? fromCompletions(found.items, code, cursor) : "info" in found ? fromHover(found.info) : null;
  };

type Typed = { text: string; type: string };
const typesIn = (content: Content): Typed[] =>
  ((content.metadata as { _jupyter_types_experimental?: Typed[] } | undefined)?._jupyter_types_experimental ?? []) as Typed[];

/** One reply of what the live values say and what the types say; where both complete one stretch, live values come first. */
export const joined = (live: Content | null, typed: Content | null): Content | null => {
  if (!live || !typed) return live ?? typed;
  if ("matches" in live) {
    const [old, more] = [live.matches as string[], typed.matches as string[]];
    if (old.length === 0) return typed;
    if (live.cursor_start !== typed.cursor_start || live.cursor_end !== typed.cursor_end) return live;
    const known = new Set(old);
    const types = [...typesIn(live), ...typesIn(typed).filter((one) => !known.has(one.text))];
    return { ...live, matches: [...old, ...more.filter((name) => !known.has(name))], metadata: { _jupyter_types_experimental: types } };
  }
  if (live.found !== true) return typed;
  const both = (kind: string): string =>
    [typed, live].map((one) => String((one.data as Record<string, unknown> | undefined)?.[kind] ?? "")).join("\n\n");
  return { ...live, data: { "text/plain": both("text/plain"), "text/markdown": both("text/markdown") } };
};

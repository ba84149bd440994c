// What every cell has without importing it, in TypeScript's words: the furniture of a session (kernel/session/furniture.ts, markup.ts).
// Kept as text because the product's own sources must not see these names.

/** The ambient file of every notebook. */
export const globalsText = `
/** What is shown: a value with its own bundle under \`Symbol.for("Jupyter.display")\`. */
interface Shown { readonly [display: symbol]: () => Record<string, unknown>; }
interface DisplayHandle {
  readonly display_id: string;
  /** Shows another value in the same place, in whichever cell it is. */
  update(value: unknown): void | Promise<void>;
}
/** Shows a value under this cell now; the handle's \`update\` replaces it in place. */
declare function display(
  value: unknown,
  options?: { raw?: boolean; display_id?: string; update?: boolean; metadata?: Record<string, unknown> },
): DisplayHandle;
/** HTML to show, in a frame without origin. */
declare function html(parts: TemplateStringsArray | string, ...values: unknown[]): Shown;
/** Markdown to show. */
declare function md(parts: TemplateStringsArray | string, ...values: unknown[]): Shown;
/** An SVG picture to show. */
declare function svg(parts: TemplateStringsArray | string, ...values: unknown[]): Shown;
/** A picture from the bytes of a PNG, JPEG, GIF or WebP; other kinds need their media type. */
declare function image(bytes: Uint8Array | ArrayBuffer, type?: string): Shown;
/** A value as a tree of JSON. */
declare function json(value: unknown): Shown;
/** Rows as a table. */
declare function table(rows: Iterable<Record<string, unknown>>): Shown;
/** Asks the person at the screen and waits for the answer. */
declare function input(prompt?: unknown, options?: { password?: boolean }): Promise<string>;
/** Asks the person at the screen; the whole session waits for the answer. */
declare function prompt(prompt?: unknown): string;
/** Takes the cell's outputs away, now or when the next one comes. */
declare function clear(wait?: boolean): void;
/** Draws a Vega-Lite chart. */
declare const chart: typeof import("atelier").chart;
/** A progress bar with its true fraction. */
declare const progress: typeof import("atelier").progress;
`;

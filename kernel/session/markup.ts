// The short forms a cell has without importing anything: html`…`, md`…`, svg`…`, image(bytes), json(value), table(rows), and chart and
// progress, which are the SDK's, loaded when a cell first names them.
import { createRequire } from "node:module";
import { displaySymbol, pictureOf, plain, rowsBundle } from "#kernel/session/display.ts";
import type { Bundle } from "#kernel/session/messages.ts";

const withBundle = (data: Bundle) => ({ [displaySymbol]: () => data });

/** Joins a template literal's parts with its values. */
const joined = (parts: TemplateStringsArray | string, values: unknown[]): string =>
  typeof parts === "string" ? parts : String.raw({ raw: parts }, ...values);

const imageOf = (bytes: Uint8Array | ArrayBuffer, type?: string) => {
  const all = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  const found = type ?? pictureOf(all);
  if (!found) throw new Error('These bytes start like no PNG, JPEG, GIF or WebP. Say what they are: image(bytes, "image/…").');
  return withBundle({ [found]: Buffer.from(all).toString("base64"), "text/plain": `${found}, ${all.length} bytes` });
};

export const markup = {
  html: (parts: TemplateStringsArray | string, ...values: unknown[]) =>
    withBundle({ "text/html": joined(parts, values), "text/plain": "HTML" }),
  md: (parts: TemplateStringsArray | string, ...values: unknown[]) =>
    withBundle({ "text/markdown": joined(parts, values), "text/plain": joined(parts, values) }),
  svg: (parts: TemplateStringsArray | string, ...values: unknown[]) =>
    withBundle({ "image/svg+xml": joined(parts, values), "text/plain": "SVG" }),
  image: imageOf,
  json: (value: unknown) => withBundle({ "application/json": value, "text/plain": plain(value) }),
  table: (rows: Iterable<Record<string, unknown>>) => {
    const all = [...rows];
    return withBundle({ ...rowsBundle(all), "text/plain": plain(all) });
  },
};

const load = createRequire(import.meta.url);

/** Makes the SDK's `chart` and `progress` global names that load it when they are first used. */
export const offerSdk = (scope: object): void => {
  const parts = { chart: "../../lib/sdk/chart.ts", progress: "../../lib/sdk/progress.ts" };
  for (const [name, path] of Object.entries(parts))
    Object.defineProperty(scope, name, {
      configurable: true,
      enumerable: false,
      get: () => (load(path) as Record<string, unknown>)[name],
      set: (value: unknown) => Object.defineProperty(scope, name, { value, writable: true, configurable: true, enumerable: true }),
    });
};

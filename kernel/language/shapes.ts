// Types that no source says: the columns of the workspace's data sets, and variables that live in the session while no cell declares them.
import type { LiveVariable, Table } from "#kernel/language/messages.ts";
import { isFreeWord } from "#kernel/language/names.ts";

/** The name people see instead of all columns: `Table<loans>`, and `Table<loans_v2>` for a pinned version. */
const shownAs = (name: string): string => name.replace("@", "_v");

/** The SDK's `KnownTables`, filled: `datasets.open("loans")` then knows the columns of loans. */
export const tablesText = (tables: readonly Table[]): string => {
  const used = new Set<string>();
  const types: string[] = [];
  const entries = tables.map(({ name, columns }) => {
    const shape = `{ ${columns.map((column) => `${JSON.stringify(column.name)}: "${column.kind}"`).join("; ")} }`;
    const alias = shownAs(name);
    const isFree = !used.has(alias) && isFreeWord(alias);
    used.add(alias);
    if (isFree) types.push(`  type ${alias} = ${shape};`);
    return `    ${JSON.stringify(name)}: ${isFree ? alias : shape};`;
  });
  return `export {};\ndeclare module "atelier:table" {\n${types.join("\n")}\n  interface KnownTables {\n${entries.join("\n")}\n  }\n}\n`;
};

const global =
  /^(Map|Set|WeakMap|WeakSet|Promise|Date|RegExp|Error|(Type|Range|Syntax)Error|ArrayBuffer|SharedArrayBuffer|DataView|Buffer|URL|URLSearchParams|(Big)?(Uint|Int|Float)(8|16|32|64)(Clamped)?Array)$/;
const generics: Record<string, string> = {
  Map: "<any, any>",
  Set: "<any>",
  WeakMap: "<any, any>",
  WeakSet: "<any>",
  Promise: "<any>",
};

/** What the session says of a value's kind, in TypeScript's words. */
const typeFrom = (said: string): string => {
  if (/^(number|string|boolean|bigint|symbol|null|undefined)$/.test(said)) return said;
  if (/^(number|string|boolean|bigint)\[\]$/.test(said)) return said;
  if (said === "Object" || said === "object") return "Record<string, any>";
  if (said === "object[]") return "Record<string, any>[]";
  if (said === "array" || /\[\]$/.test(said)) return "any[]";
  if (said === "function") return "(...values: any[]) => any";
  if (said === "Table") return 'import("atelier:table").Table';
  return global.test(said) ? `${said}${generics[said] ?? ""}` : "any";
};

/** A module that exports the session's variables. */
export const variablesText = (variables: readonly LiveVariable[]): string =>
  `${variables.map(({ name, type }) => `export declare let ${name}: ${typeFrom(type)};\n`).join("")}export {};\n`;

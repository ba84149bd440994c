// What the editor knows of a workspace's tables before a cell opens them: under their name the newest ready version, and the last three
// versions under name@number.
import type { ColumnType } from "#lib/datasets/contract.ts";
import { knownColumns } from "#lib/datasets/store.ts";
import { reading } from "#lib/kit/verb.ts";
import type { KnownTable } from "#lib/sessions/language/tables.ts";

const kinds: Record<ColumnType, KnownTable["columns"][number]["kind"]> = {
  number: "number",
  integer: "number",
  boolean: "boolean",
  date: "date",
  text: "string",
};

/** The columns of every table of a workspace by the names `datasets.open` takes. */
export const tablesOf = async (workspaceId: string): Promise<KnownTable[]> => {
  const newest = new Set<string>();
  return (await knownColumns(reading(), workspaceId)).flatMap(({ name, number, columns }) => {
    const known = (columns ?? []).map((column) => ({ name: column.name, kind: kinds[column.type] }));
    const isNewest = !newest.has(name);
    newest.add(name);
    return [...(isNewest ? [{ name, columns: known }] : []), { name: `${name}@${number}`, columns: known }];
  });
};

// The workspace's tables as the language service hears of them. The data sets' room lies above this one and says at the start how it is
// asked; what it says is kept until news of a data set comes.
export type KnownTable = { name: string; columns: { name: string; kind: "number" | "boolean" | "date" | "string" }[] };
type Ask = (workspaceId: string) => Promise<KnownTable[]>;

let ask: Ask = async () => [];
let asked = 0;
const known = new Map<string, { key: number; tables: Promise<KnownTable[]> }>();

/** Says who knows the tables; called once at the start. */
export const installTables = (from: Ask): void => {
  ask = from;
};

export const forgetTables = (workspaceId: string): void => void known.delete(workspaceId);

/** A workspace's tables; the key changes when they may have. */
export const tablesIn = async (workspaceId: string): Promise<{ key: number; tables: KnownTable[] }> => {
  const held = known.get(workspaceId) ?? { key: ++asked, tables: ask(workspaceId) };
  known.set(workspaceId, held);
  held.tables.catch(() => forgetTables(workspaceId));
  return { key: held.key, tables: await held.tables };
};

// Paging by opaque cursor. A cursor is the sort key of the last row in base64url, never an offset: rows that arrive meanwhile neither
// repeat nor hide others.

/** Cuts one row more than the limit into a page and the cursor of its last row. */
export const cutPage = <T>(rows: T[], limit: number, keyOf: (row: T) => unknown[]): { items: T[]; next?: string } => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined
    ? { items, next: Buffer.from(JSON.stringify(keyOf(last))).toString("base64url") }
    : { items };
};

/** Reads a cursor back; a damaged one reads as no cursor, so that an old link still opens the first page. */
export const readCursor = (cursor: string | undefined): string[] | null => {
  if (!cursor) return null;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parts) ? parts.map(String) : null;
  } catch {
    return null;
  }
};

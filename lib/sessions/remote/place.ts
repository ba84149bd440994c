// How a session finds its server again: the row of its own workspace, with the token opened for as long as the session's line needs it.
import { reading } from "#lib/kit/verb.ts";
import type { Place } from "#lib/sessions/remote/client.ts";
import { unseal } from "#lib/sessions/remote/seal.ts";
import { findServer } from "#lib/sessions/remote/store.ts";

/** The server, or null when it was removed since. */
export const placeFor = async (workspaceId: string, serverId: string): Promise<Place | null> => {
  const row = await findServer({ sql: reading(), workspaceId }, serverId);
  return row && { name: row.name, url: row.url, token: unseal(row.sealedToken, row.id) };
};

// The audit trail: who changed what, written in the same transaction as the change itself, so that there is never one without the other.

import type { Sql } from "#db";
import { audit } from "#drizzle/tables/house.ts";
import { newId } from "#lib/kit/ids.ts";

export type AuditEntry = {
  workspaceId: string | null;
  at: Date;
  actor: { kind: string; id: string; name: string };
  action: string;
  subject: string;
  detail: Record<string, unknown>;
};

/** Adds one row to the trail inside the given transaction. */
export const writeAudit = async (tx: Sql, entry: AuditEntry): Promise<void> => {
  await tx.insert(audit).values({
    id: newId("audit", entry.at.getTime()),
    workspaceId: entry.workspaceId,
    at: entry.at,
    actorKind: entry.actor.kind,
    actorId: entry.actor.id,
    actorName: entry.actor.name,
    action: entry.action,
    subject: entry.subject,
    detail: entry.detail,
  });
};

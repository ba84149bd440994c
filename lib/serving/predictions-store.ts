// SQL of the prediction log. A batch comes as the bytes the serving process wrote and goes to PostgreSQL unparsed; its id makes it count
// once. An advisory lock orders the writers, so that numbers become visible in order and a reader's cursor misses nothing.
import { and, desc, eq, getTableColumns, gt, gte, isNotNull, lt, lte, sql as raw } from "drizzle-orm";
import { type Scoped, type Sql, sql, transaction } from "#db";
import { prediction, predictionBatch } from "#drizzle/tables/serving.ts";
import { token, user } from "#drizzle/tables/workspace.ts";
import type { Prediction } from "#lib/serving/contract.ts";

const orderLock = 7_302_118;

/** Writes a JSON array of prediction records; answers false when the batch was written before. Records of a vanished workspace are dropped. */
export const insertBatch = (id: string, records: string, at: Date): Promise<boolean> =>
  transaction(async (tx) => {
    await tx.execute(raw`select pg_advisory_xact_lock(${orderLock})`);
    const fresh = await tx.insert(predictionBatch).values({ id, at }).onConflictDoNothing().returning({ id: predictionBatch.id });
    if (fresh.length === 0) return false;
    await tx.execute(raw`
      insert into prediction (id, workspace_id, endpoint_id, revision_id, version, at, latency_us, status, rows, inputs, outputs, error, caller)
      select r.id, r.workspace_id, r.endpoint_id, r.revision_id, r.version, r.at, r.latency_us, r.status, r.rows, r.inputs, r.outputs, r.error, r.caller
      from rows from (json_to_recordset(${records}::json) as (id text, workspace_id text, endpoint_id text, revision_id text, version int,
        at timestamptz, latency_us bigint, status int, rows int, inputs json, outputs json, error text, caller text)) with ordinality r
      where exists (select from workspace w where w.id = r.workspace_id)
      order by r.ordinality`);
    return true;
  });

/** A page of the log, newest first, one row more than asked. */
export const predictions = async (
  at: Scoped,
  endpointId: string,
  page: { limit: number; before: string[] | null; isFailed: boolean },
): Promise<(Prediction & { seq: number })[]> => {
  const rows = await at.sql
    .select({ ...getTableColumns(prediction), callerName: raw<string>`coalesce(${user.name}, ${token.name}, ${prediction.caller})` })
    .from(prediction)
    .leftJoin(user, eq(user.id, prediction.caller))
    .leftJoin(token, and(eq(token.id, prediction.caller), eq(token.workspaceId, prediction.workspaceId)))
    .where(
      and(
        eq(prediction.workspaceId, at.workspaceId),
        eq(prediction.endpointId, endpointId),
        page.isFailed ? gte(prediction.status, 400) : undefined,
        page.before?.[0] ? lt(prediction.seq, Number(page.before[0])) : undefined,
      ),
    )
    .orderBy(desc(prediction.seq))
    .limit(page.limit + 1);
  return rows.map((row) => ({
    seq: row.seq,
    id: row.id,
    at: row.at.toISOString(),
    revisionId: row.revisionId,
    version: row.version,
    status: row.status,
    latencyMs: row.latencyUs / 1000,
    rows: row.rows,
    inputs: row.inputs,
    outputs: row.outputs,
    error: row.error,
    caller: row.caller,
    callerName: row.callerName,
  }));
};

/** Forgets predictions and batch marks older than a moment; answers how many predictions went. */
export const forgetPredictions = async (before: Date): Promise<number> => {
  const gone = await sql().delete(prediction).where(lt(prediction.at, before));
  await sql().delete(predictionBatch).where(lt(predictionBatch.at, before));
  return gone.rowCount ?? 0;
};

/** What the monitor counts: predictions of any workspace after a number, in order. */
export const predictionsAfter = (tx: Sql, seq: number, limit: number) =>
  tx
    .select({
      seq: prediction.seq,
      workspaceId: prediction.workspaceId,
      endpointId: prediction.endpointId,
      version: prediction.version,
      at: prediction.at,
      latencyUs: prediction.latencyUs,
      status: prediction.status,
      rows: prediction.rows,
    })
    .from(prediction)
    .where(gt(prediction.seq, seq))
    .orderBy(prediction.seq)
    .limit(limit);

/** Logged inputs of a version up to a number, newest first; at most `limit` requests since a moment. */
export const recentInputs = async (
  at: Scoped,
  of: { endpointId: string; version: number; upToSeq: number; since: Date; limit: number },
): Promise<Record<string, unknown[]>[]> => {
  const rows = await at.sql
    .select({ inputs: prediction.inputs })
    .from(prediction)
    .where(
      and(
        eq(prediction.workspaceId, at.workspaceId),
        eq(prediction.endpointId, of.endpointId),
        eq(prediction.version, of.version),
        lte(prediction.seq, of.upToSeq),
        gte(prediction.at, of.since),
        isNotNull(prediction.inputs),
      ),
    )
    .orderBy(desc(prediction.seq))
    .limit(of.limit);
  return rows.map((row) => row.inputs!);
};

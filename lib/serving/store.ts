// SQL of the serving room: rows in, nouns out.
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, or, sql as raw } from "drizzle-orm";
import { type Scoped, sql } from "#db";
import { endpoint, endpointRevision } from "#drizzle/tables/serving.ts";
import type { Signature } from "#lib/models/contract.ts";
import type { Endpoint, Revision, RevisionStatus } from "#lib/serving/contract.ts";
import type { InferRequest, ServingPlan } from "#lib/serving/inference/contract.ts";

export type RevisionRow = typeof endpointRevision.$inferSelect;
type EndpointRow = typeof endpoint.$inferSelect;

export const toRevision = (row: RevisionRow): Revision => ({
  id: row.id,
  number: row.number,
  model: row.model,
  version: row.version,
  versionId: row.versionId,
  status: row.status as RevisionStatus,
  message: row.message,
  by: row.by,
  at: row.at.toISOString(),
  servingAt: row.servingAt?.toISOString() ?? null,
  replacedAt: row.replacedAt?.toISOString() ?? null,
});

const toEndpoint = (row: EndpointRow, revisions: RevisionRow[]): Endpoint => {
  const own = revisions.filter((one) => one.endpointId === row.id).sort((a, b) => b.number - a.number);
  const current = own.find((one) => one.id === row.currentRevisionId);
  return {
    id: row.id,
    name: row.name,
    current: current ? toRevision(current) : null,
    latest: own[0] ? toRevision(own[0]) : null,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    trashedAt: row.trashedAt?.toISOString() ?? null,
  };
};

/** The newest and the current revision of each endpoint; all that a list shows. */
const headsOf = async (at: Scoped, rows: EndpointRow[]): Promise<RevisionRow[]> => {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const current = rows.flatMap((row) => row.currentRevisionId ?? []);
  const newest = await at.sql
    .selectDistinctOn([endpointRevision.endpointId])
    .from(endpointRevision)
    .where(and(eq(endpointRevision.workspaceId, at.workspaceId), inArray(endpointRevision.endpointId, ids)))
    .orderBy(endpointRevision.endpointId, desc(endpointRevision.number));
  const absent = current.filter((id) => !newest.some((one) => one.id === id));
  if (absent.length === 0) return newest;
  const more = await at.sql
    .select()
    .from(endpointRevision)
    .where(and(eq(endpointRevision.workspaceId, at.workspaceId), inArray(endpointRevision.id, absent)));
  return [...newest, ...more];
};

/** A page of endpoints by name, one row more than asked. */
export const endpoints = async (at: Scoped, page: { limit: number; after: string[] | null; isTrash: boolean }): Promise<Endpoint[]> => {
  const rows = await at.sql
    .select()
    .from(endpoint)
    .where(
      and(
        eq(endpoint.workspaceId, at.workspaceId),
        page.isTrash ? isNotNull(endpoint.trashedAt) : isNull(endpoint.trashedAt),
        page.after?.[0] ? gt(endpoint.name, page.after[0]) : undefined,
      ),
    )
    .orderBy(asc(endpoint.name))
    .limit(page.limit + 1);
  const heads = await headsOf(at, rows);
  return rows.map((row) => toEndpoint(row, heads));
};

/** An endpoint by id or name. */
export const findEndpoint = async (at: Scoped, key: string): Promise<Endpoint | null> => {
  const [row] = await at.sql
    .select()
    .from(endpoint)
    .where(and(eq(endpoint.workspaceId, at.workspaceId), or(eq(endpoint.id, key), eq(endpoint.name, key))));
  return row ? toEndpoint(row, await headsOf(at, [row])) : null;
};

/** Makes the endpoint when absent and locks its row, so that two deployments get two numbers. */
export const ensureEndpoint = async (at: Scoped, row: Omit<typeof endpoint.$inferInsert, "workspaceId">): Promise<EndpointRow> => {
  await at.sql
    .insert(endpoint)
    .values({ ...row, workspaceId: at.workspaceId })
    .onConflictDoNothing();
  const [found] = await at.sql
    .select()
    .from(endpoint)
    .where(and(eq(endpoint.workspaceId, at.workspaceId), eq(endpoint.name, row.name)))
    .for("update");
  return found!;
};

export const lockEndpoint = async (at: Scoped, id: string): Promise<void> => {
  await at.sql
    .select({ id: endpoint.id })
    .from(endpoint)
    .where(and(eq(endpoint.workspaceId, at.workspaceId), eq(endpoint.id, id)))
    .for("update");
};

export const updateEndpoint = async (at: Scoped, id: string, change: Partial<typeof endpoint.$inferInsert>): Promise<void> => {
  await at.sql
    .update(endpoint)
    .set(change)
    .where(and(eq(endpoint.id, id), eq(endpoint.workspaceId, at.workspaceId)));
};

export const revisions = async (at: Scoped, endpointId: string): Promise<RevisionRow[]> =>
  at.sql
    .select()
    .from(endpointRevision)
    .where(and(eq(endpointRevision.workspaceId, at.workspaceId), eq(endpointRevision.endpointId, endpointId)))
    .orderBy(desc(endpointRevision.number));

export const nextNumber = async (at: Scoped, endpointId: string): Promise<number> => {
  const [row] = await at.sql
    .select({ n: raw<string>`coalesce(max(${endpointRevision.number}), 0)` })
    .from(endpointRevision)
    .where(eq(endpointRevision.endpointId, endpointId));
  return Number(row?.n ?? 0) + 1;
};

export const insertRevision = async (at: Scoped, row: Omit<typeof endpointRevision.$inferInsert, "workspaceId">): Promise<Revision> =>
  toRevision(
    (
      await at.sql
        .insert(endpointRevision)
        .values({ ...row, workspaceId: at.workspaceId })
        .returning()
    )[0]!,
  );

export const updateRevision = async (at: Scoped, id: string, change: Partial<typeof endpointRevision.$inferInsert>): Promise<void> => {
  await at.sql
    .update(endpointRevision)
    .set(change)
    .where(and(eq(endpointRevision.id, id), eq(endpointRevision.workspaceId, at.workspaceId)));
};

/** A revision of any workspace by id; only the serving process asks like this. */
export const findRevision = async (id: string): Promise<RevisionRow | null> =>
  (await sql().select().from(endpointRevision).where(eq(endpointRevision.id, id)))[0] ?? null;

/** Everything the serving process has to know: per endpoint the newest revision of each version that served, and what loads. */
export const servingPlan = async (): Promise<ServingPlan> => {
  const rows = await sql().select().from(endpoint).where(isNull(endpoint.trashedAt)).orderBy(endpoint.id);
  const all = await sql()
    .selectDistinctOn([endpointRevision.endpointId, endpointRevision.version, endpointRevision.status], {
      id: endpointRevision.id,
      endpointId: endpointRevision.endpointId,
      number: endpointRevision.number,
      version: endpointRevision.version,
      model: endpointRevision.model,
      digest: endpointRevision.digest,
      signature: endpointRevision.signature,
      sample: endpointRevision.sample,
      status: endpointRevision.status,
    })
    .from(endpointRevision)
    .where(inArray(endpointRevision.status, ["serving", "replaced", "loading"]))
    .orderBy(endpointRevision.endpointId, endpointRevision.version, endpointRevision.status, desc(endpointRevision.number));
  return {
    endpoints: rows.map((row) => {
      const own = all.filter((one) => one.endpointId === row.id);
      return {
        workspaceId: row.workspaceId,
        id: row.id,
        name: row.name,
        model: own.find((one) => one.id === row.currentRevisionId)?.model ?? own[0]?.model ?? "",
        current: row.currentRevisionId,
        revisions: own.map(({ id, number, version, digest, signature, sample }) => ({
          id,
          number,
          version,
          digest,
          signature: signature as Signature,
          sample: sample as InferRequest | null,
        })),
        loading: own.filter((one) => one.status === "loading").map((one) => one.id),
      };
    }),
  };
};

// SQL of the models room.
import { and, desc, eq, sql as raw } from "drizzle-orm";
import type { Scoped } from "#db";
import { model, modelAlias, modelVersion } from "#drizzle/tables/models.ts";
import type { Model, Signature, Version } from "#lib/models/contract.ts";

export type VersionRow = typeof modelVersion.$inferSelect;

const toVersion = (row: VersionRow, modelName: string, aliases: string[]): Version => ({
  id: row.id,
  number: row.number,
  model: modelName,
  kind: row.kind,
  digest: row.digest,
  size: row.size,
  signature: row.signature as Signature,
  sample: row.sample,
  hasProfile: row.profile !== null,
  metrics: row.metrics,
  run: row.runId && row.runNumber !== null ? { id: row.runId, number: row.runNumber } : null,
  source: row.source,
  description: row.description,
  aliases,
  createdBy: row.createdBy,
  createdAt: row.createdAt.toISOString(),
});

const aliasesOf = (at: Scoped, modelId?: string) =>
  at.sql
    .select({ modelId: modelAlias.modelId, alias: modelAlias.alias, version: modelVersion.number, versionId: modelVersion.id })
    .from(modelAlias)
    .innerJoin(modelVersion, eq(modelVersion.id, modelAlias.versionId))
    .where(and(eq(modelVersion.workspaceId, at.workspaceId), modelId ? eq(modelAlias.modelId, modelId) : undefined))
    .orderBy(modelAlias.alias);

export const models = async (at: Scoped, name?: string): Promise<Model[]> => {
  const rows = await at.sql
    .select({
      model,
      n: raw<string>`count(${modelVersion.id})`,
      latest: raw<number | null>`max(${modelVersion.number})`,
      last: raw`max(${modelVersion.createdAt})`,
    })
    .from(model)
    .leftJoin(modelVersion, eq(modelVersion.modelId, model.id))
    .where(and(eq(model.workspaceId, at.workspaceId), name ? eq(model.name, name) : undefined))
    .groupBy(model.id)
    .orderBy(raw`4 desc nulls last`);
  const aliases = await aliasesOf(at);
  return rows.map((row) => ({
    id: row.model.id,
    name: row.model.name,
    versionCount: Number(row.n),
    latest: row.latest === null ? null : Number(row.latest),
    aliases: aliases.filter((one) => one.modelId === row.model.id).map(({ alias, version }) => ({ alias, version })),
    createdBy: row.model.createdBy,
    createdAt: row.model.createdAt.toISOString(),
  }));
};

/** Makes the model when absent and locks it, so that two registrations get two numbers. */
export const ensureModel = async (at: Scoped, row: Omit<typeof model.$inferInsert, "workspaceId">) => {
  await at.sql
    .insert(model)
    .values({ ...row, workspaceId: at.workspaceId })
    .onConflictDoNothing();
  return (
    await at.sql
      .select()
      .from(model)
      .where(and(eq(model.workspaceId, at.workspaceId), eq(model.name, row.name)))
      .for("update")
  )[0]!;
};

export const nextNumber = async (at: Scoped, modelId: string): Promise<number> =>
  Number(
    (
      await at.sql
        .select({ n: raw<string>`coalesce(max(${modelVersion.number}), 0)` })
        .from(modelVersion)
        .where(eq(modelVersion.modelId, modelId))
    )[0]!.n,
  ) + 1;

export const insertVersion = async (
  at: Scoped,
  row: Omit<typeof modelVersion.$inferInsert, "workspaceId">,
  modelName: string,
): Promise<Version> =>
  toVersion(
    (
      await at.sql
        .insert(modelVersion)
        .values({ ...row, workspaceId: at.workspaceId })
        .returning()
    )[0]!,
    modelName,
    [],
  );

export const versions = async (at: Scoped, modelId: string, modelName: string): Promise<Version[]> => {
  const aliases = await aliasesOf(at, modelId);
  const rows = await at.sql
    .select()
    .from(modelVersion)
    .where(and(eq(modelVersion.modelId, modelId), eq(modelVersion.workspaceId, at.workspaceId)))
    .orderBy(desc(modelVersion.number));
  return rows.map((row) =>
    toVersion(
      row,
      modelName,
      aliases.filter((one) => one.versionId === row.id).map((one) => one.alias),
    ),
  );
};

/** A version by number, alias or `latest`. */
export const findVersion = async (at: Scoped, modelName: string, key: string): Promise<{ version: Version; row: VersionRow } | null> => {
  const [found] = await at.sql
    .select()
    .from(model)
    .where(and(eq(model.workspaceId, at.workspaceId), eq(model.name, modelName)));
  if (!found) return null;
  const aliases = await aliasesOf(at, found.id);
  const number = /^\d{1,9}$/.test(key) ? Number(key) : aliases.find((one) => one.alias === key)?.version;
  if (number === undefined && key !== "latest") return null;
  const [row] = await at.sql
    .select()
    .from(modelVersion)
    .where(and(eq(modelVersion.modelId, found.id), number === undefined ? undefined : eq(modelVersion.number, number)))
    .orderBy(desc(modelVersion.number))
    .limit(1);
  return row
    ? {
        row,
        version: toVersion(
          row,
          modelName,
          aliases.filter((one) => one.versionId === row.id).map((one) => one.alias),
        ),
      }
    : null;
};

export const findVersionById = async (at: Scoped, id: string): Promise<{ version: Version; row: VersionRow } | null> => {
  const [row] = await at.sql
    .select()
    .from(modelVersion)
    .innerJoin(model, eq(model.id, modelVersion.modelId))
    .where(and(eq(modelVersion.id, id), eq(modelVersion.workspaceId, at.workspaceId)));
  return row ? { row: row.model_version, version: toVersion(row.model_version, row.model.name, []) } : null;
};

export const putAlias = async (at: Scoped, row: typeof modelAlias.$inferInsert): Promise<void> => {
  await at.sql
    .insert(modelAlias)
    .values(row)
    .onConflictDoUpdate({ target: [modelAlias.modelId, modelAlias.alias], set: { versionId: row.versionId, by: row.by, at: row.at } });
};

export const removeAlias = async (at: Scoped, modelId: string, alias: string): Promise<boolean> =>
  (
    await at.sql
      .delete(modelAlias)
      .where(and(eq(modelAlias.modelId, modelId), eq(modelAlias.alias, alias)))
      .returning({ alias: modelAlias.alias })
  ).length > 0;

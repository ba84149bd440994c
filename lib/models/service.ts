// The verbs of the models room.
import type { Readable } from "node:stream";
import { artefacts, findRun } from "#lib/experiments/store.ts";
import { hasBlob, putBlob, readBlob } from "#lib/kit/blobs.ts";
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import type { InputOf } from "#lib/kit/operation.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import * as contract from "#lib/models/contract.ts";
import { modelEvents, type Signature } from "#lib/models/contract.ts";
import * as store from "#lib/models/store.ts";

const find = async (scope: Scope, name: string) => {
  const [found] = await store.models(scope, name);
  if (!found) throw missing("model", name);
  return found;
};

const findVersion = async (scope: Scope, model: string, version: string) => {
  const found = await store.findVersion(scope, model, version);
  if (!found)
    throw new Problem(
      "missing",
      "model_version.missing",
      `There is no version ${version} of ${model} here. Look at the model's versions and aliases.`,
    );
  return found;
};

export const listModels = verb(contract.listModels, async (scope) => ({ items: await store.models(scope) }));

export const readModel = verb(contract.readModel, async (scope, { model }) => {
  const found = await find(scope, model);
  return { ...found, versions: await store.versions(scope, found.id, found.name) };
});

export const uploadFile = verb(
  contract.uploadFile,
  async (_scope, _input, { body }) => {
    if (!body) throw new Problem("invalid", "models.empty", "body: Send the ONNX file's bytes.");
    const blob = await putBlob(body as Readable, env.uploadLimitMb * 1e6);
    if (blob.size < 16) throw new Problem("invalid", "models.empty", "body: This is too small to be an ONNX file.");
    return blob;
  },
  { isUntransacted: true },
);

/** M4: samples and profiles speak of the signature's columns only. */
const checkColumns = (signature: Signature, names: string[], what: string): void => {
  const known = new Set(signature.inputs.map((one) => one.name));
  const strange = names.find((name) => !known.has(name));
  if (strange)
    throw new Problem(
      "invalid",
      "models.column",
      `${what}: ${strange} is not an input of the signature. Leave it out, or add it to the signature.`,
    );
};

type Registration = Omit<InputOf<typeof contract.registerVersion>, "workspace">;

/** Writes the next version of a model inside the caller's transaction. */
const registerNext = async (scope: Scope, input: Registration): Promise<contract.Version> => {
  if (!(await hasBlob(input.digest)))
    throw new Problem("invalid", "models.digest", "digest: This file was never uploaded. Upload it first, then register it.");
  checkColumns(
    input.signature,
    input.sample.flatMap((row) => Object.keys(row)),
    "sample",
  );
  checkColumns(input.signature, Object.keys(input.profile?.columns ?? {}), "profile");
  const run = input.run ? await findRun(scope, input.run) : null;
  if (input.run && !run) throw missing("run", input.run);
  const { size } = await readBlob(input.digest).then((blob) => {
    blob.stream.destroy();
    return blob;
  });
  const { caller } = scope;
  const at = scope.now;
  const model = await ensureModel(scope, input.model);
  const cell = caller.cell
    ? { notebookId: caller.cell.notebookId, revision: caller.cell.revision, cellId: caller.cell.cellId, cellHash: caller.cell.cellHash }
    : null;
  const made = await store.insertVersion(
    scope,
    {
      id: newId("model_version", at.getTime()),
      modelId: model.id,
      number: await store.nextNumber(scope, model.id),
      kind: input.kind,
      digest: input.digest,
      size,
      signature: input.signature,
      sample: input.sample,
      profile: input.profile,
      metrics: { ...run?.metrics, ...input.metrics },
      runId: run?.id ?? null,
      runNumber: run?.number ?? null,
      source: run?.source ?? cell,
      description: input.description,
      createdBy: caller.name,
      createdAt: at,
    },
    input.model,
  );
  await scope.audit("model.registered", made.id, {
    model: input.model,
    version: made.number,
    digest: input.digest,
    run: run?.number ?? null,
  });
  scope.emit(modelEvents.changed, model.id);
  return made;
};

const ensureModel = (scope: Scope, name: string) =>
  store.ensureModel(scope, {
    id: newId("model", scope.now.getTime()),
    name,
    createdBy: scope.caller.name,
    createdAt: scope.now,
  });

export const registerVersion = verb(contract.registerVersion, registerNext);

const factsLimit = 4_000_000;

/** M5: the model a run keeps, ready to be registered; null when it keeps none. */
const keptOf = async (scope: Scope, runId: string) => {
  const files = await artefacts(scope, runId);
  const [file, facts] = [contract.keptFile, contract.keptFacts].map((name) => files.find((one) => one.name === name));
  if (!file || !facts || facts.size > factsLimit) return null;
  const parts: Buffer[] = [];
  for await (const part of (await readBlob(facts.digest)).stream) parts.push(part as Buffer);
  const kept = contract.keptSchema.safeParse(parsed(Buffer.concat(parts).toString("utf8")));
  return kept.success ? { ...kept.data, digest: file.digest } : null;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null; // somebody else's model.json
  }
};

/** Whether a run keeps a model that can be registered. */
export const keepsModel = async (scope: Scope, runId: string): Promise<boolean> => (await keptOf(scope, runId)) !== null;

/** Registers what a run keeps, once: the same run again answers the version that it became of this model (M5). */
export const registerKept = async (scope: Scope, input: { model: string; run: string; description: string }): Promise<contract.Version> => {
  const run = await findRun(scope, input.run);
  if (!run) throw missing("run", input.run);
  const kept = await keptOf(scope, run.id);
  if (!kept)
    throw new Problem(
      "conflict",
      "models.not_kept",
      `Run ${run.number} keeps no model. Call models.keep(run, { model }) in the cell that fits it, and run it again.`,
    );
  const model = await ensureModel(scope, input.model);
  const known = (await store.versions(scope, model.id, input.model)).find((one) => one.run?.id === run.id && one.digest === kept.digest);
  return known ?? registerNext(scope, { ...kept, ...input, run: run.id, metrics: {} });
};

export const registerRun = verb(contract.registerRun, registerKept);

export const readVersion = verb(contract.readVersion, async (scope, { model, version }) => {
  const found = await findVersion(scope, model, version);
  return { ...found.version, profile: found.row.profile };
});

export const downloadVersion = verb(contract.downloadVersion, async (scope, { model, version }) => {
  const { row } = await findVersion(scope, model, version);
  return { ...(await readBlob(row.digest)), type: "application/octet-stream", name: `${model}-${row.number}.onnx` };
});

export const setAlias = verb(contract.setAlias, async (scope, { model, alias, version }) => {
  const found = await find(scope, model);
  const { row } = await findVersion(scope, model, String(version));
  const before = found.aliases.find((one) => one.alias === alias)?.version ?? null;
  await store.putAlias(scope, { modelId: found.id, alias, versionId: row.id, by: scope.caller.name, at: scope.now });
  await scope.audit("model.alias_moved", found.id, { model, alias, from: before, to: version });
  scope.emit(modelEvents.changed, found.id);
  return find(scope, model);
});

export const deleteAlias = verb(contract.deleteAlias, async (scope, { model, alias }) => {
  const found = await find(scope, model);
  if (!(await store.removeAlias(scope, found.id, alias))) throw missing("alias", alias);
  await scope.audit("model.alias_removed", found.id, { model, alias });
  scope.emit(modelEvents.changed, found.id);
  return {};
});

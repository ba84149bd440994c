// The verbs of the datasets room. An upload streams into the blob store first and only then opens its transaction, so a slow client
// never holds one.
import type { Readable } from "node:stream";
import * as contract from "#lib/datasets/contract.ts";
import { datasetEvents } from "#lib/datasets/contract.ts";
import { formatOf } from "#lib/datasets/rules.ts";
import * as store from "#lib/datasets/store.ts";
import { putBlob, readBlob } from "#lib/kit/blobs.ts";
import { env } from "#lib/kit/env.ts";
import { newId } from "#lib/kit/ids.ts";
import { cutPage, readCursor } from "#lib/kit/page.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";

const find = async (scope: Scope, key: string) => {
  const found = await store.findDataset(scope, key);
  if (!found) throw missing("dataset", key);
  return found;
};

const findVersion = async (scope: Scope, key: string, version: string) => {
  const dataset = await find(scope, key);
  const row = await store.findVersion(scope, dataset.id, version);
  if (!row)
    throw new Problem(
      "missing",
      "dataset_version.missing",
      `${dataset.name} has no version ${version}. Upload a file, or look at the list of versions.`,
    );
  return { dataset, row };
};

export const listDatasets = verb(contract.listDatasets, async (scope, { limit, after, trash }) => {
  const rows = await store.datasets(scope, { limit, before: readCursor(after), isTrash: trash });
  return cutPage(rows, limit, (row) => [row.updatedAt, row.id]);
});

export const createDataset = verb(contract.createDataset, async (scope, { name, description }) => {
  const made = await store.insertDataset(scope, {
    id: newId("dataset", scope.now.getTime()),
    name,
    description,
    createdBy: scope.caller.name,
    createdAt: scope.now,
    updatedAt: scope.now,
  });
  if (!made)
    throw new Problem(
      "conflict",
      "datasets.name_taken",
      `There is a data set ${name} already, maybe in the trash. Choose another name, or upload a new version of it.`,
    );
  await scope.audit("dataset.created", made.id, { name });
  scope.emit(datasetEvents.changed, made.id);
  return made;
});

export const readDataset = verb(contract.readDataset, async (scope, { dataset }) => {
  const found = await find(scope, dataset);
  return { ...found, versions: await store.versions(scope, found.id) };
});

export const describeDataset = verb(contract.describeDataset, async (scope, { dataset, description }) => {
  const found = await find(scope, dataset);
  await store.updateDataset(scope, found.id, { description, updatedAt: scope.now });
  await scope.audit("dataset.described", found.id, { description });
  scope.emit(datasetEvents.changed, found.id);
  return find(scope, found.id);
});

export const uploadVersion = verb(
  contract.uploadVersion,
  async (scope, { dataset, fileName }, { body }) => {
    const format = formatOf(fileName);
    const found = await find(scope, dataset);
    if (found.trashedAt) throw new Problem("conflict", "datasets.trashed", `${found.name} is in the trash. Restore it first.`);
    if (!body) throw new Problem("invalid", "datasets.empty", "body: Send the file's bytes.");
    const blob = await putBlob(body as Readable, env.uploadLimitMb * 1e6);
    if (blob.size === 0) throw new Problem("invalid", "datasets.empty", "body: The file is empty. Choose a file with rows.");
    return scope.transact(async (inner) => {
      const row = await store.insertVersion(inner, {
        id: newId("dataset_version", inner.now.getTime()),
        datasetId: found.id,
        number: await store.nextNumber(inner, found.id),
        status: "reading",
        format,
        fileName,
        originalDigest: blob.digest,
        originalSize: blob.size,
        createdBy: inner.caller.name,
        createdAt: inner.now,
      });
      await store.updateDataset(inner, found.id, { updatedAt: inner.now });
      await inner.audit("dataset.uploaded", found.id, { version: row.number, fileName, size: blob.size, digest: blob.digest });
      inner.emit(datasetEvents.uploaded, row.id);
      inner.emit(datasetEvents.changed, found.id);
      return row;
    });
  },
  { isUntransacted: true },
);

export const readVersion = verb(contract.readVersion, async (scope, { dataset, version }) =>
  store.toVersion((await findVersion(scope, dataset, version)).row),
);

export const downloadTable = verb(contract.downloadTable, async (scope, input) => {
  const { dataset, row } = await findVersion(scope, input.dataset, input.version);
  if (!row.tableDigest)
    throw new Problem(
      "conflict",
      "datasets.not_ready",
      `${dataset.name} version ${row.number} is ${row.status}${row.failure ? `: ${row.failure}` : ""}. ${row.status === "reading" ? "Try again in a moment." : "Upload the file again."}`,
    );
  return { ...(await readBlob(row.tableDigest)), type: "application/vnd.apache.parquet", name: `${dataset.name}-${row.number}.parquet` };
});

export const downloadOriginal = verb(contract.downloadOriginal, async (scope, input) => {
  const { row } = await findVersion(scope, input.dataset, input.version);
  return { ...(await readBlob(row.originalDigest)), type: "application/octet-stream", name: row.fileName };
});

const setTrash = async (scope: Scope, key: string, isTrash: boolean) => {
  const found = await find(scope, key);
  if ((found.trashedAt !== null) === isTrash) return found;
  await store.updateDataset(scope, found.id, { trashedAt: isTrash ? scope.now : null });
  await scope.audit(isTrash ? "dataset.trashed" : "dataset.restored", found.id, { name: found.name });
  scope.emit(datasetEvents.changed, found.id);
  return find(scope, found.id);
};

export const trashDataset = verb(contract.trashDataset, (scope, { dataset }) => setTrash(scope, dataset, true));
export const restoreDataset = verb(contract.restoreDataset, (scope, { dataset }) => setTrash(scope, dataset, false));

export const deleteDataset = verb(contract.deleteDataset, async (scope, { dataset }) => {
  const found = await find(scope, dataset);
  if (!found.trashedAt) throw new Problem("conflict", "datasets.not_trashed", `${found.name} is in use. Move it to the trash first.`);
  await store.deleteDataset(scope, found.id);
  await scope.audit("dataset.deleted", found.id, { name: found.name });
  scope.emit(datasetEvents.changed, found.id);
  return {};
});

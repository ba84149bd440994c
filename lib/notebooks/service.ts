// The verbs of the notebooks room. The text is read from the stored history, after asking the live document of this process to store
// what it still holds, so an answer never lags behind what people see.
import * as Y from "yjs";
import type { Sql } from "#db";
import { newId } from "#lib/kit/ids.ts";
import { cutPage, readCursor } from "#lib/kit/page.ts";
import { missing, Problem } from "#lib/kit/problem.ts";
import { type Scope, verb } from "#lib/kit/verb.ts";
import * as contract from "#lib/notebooks/contract.ts";
import { type Cell, notebookEvents } from "#lib/notebooks/contract.ts";
import { readCells, seedDocument } from "#lib/notebooks/document.ts";
import { flushLive } from "#lib/notebooks/live-documents.ts";
import * as store from "#lib/notebooks/store.ts";

const find = async (scope: Scope, id: string) => {
  const found = await store.findNotebook(scope, id);
  if (!found) throw missing("notebook", id);
  return found;
};

/** The stored document of a notebook; ends with what everybody who was told "saved" has written. */
export const loadDocument = async (tx: Sql, id: string): Promise<Y.Doc> => {
  await flushLive(id);
  const doc = new Y.Doc({ gc: true });
  for (const part of (await store.readHistory(tx, id)).parts) Y.applyUpdate(doc, part);
  return doc;
};

/** Cells of a notebook in order, as plain data, with the revision they are of. */
export const cellsAt = async (scope: Scope, id: string): Promise<{ cells: Cell[]; revision: number }> => {
  const doc = await loadDocument(scope.sql, id);
  const { revision } = await find(scope, id);
  return { cells: readCells(doc), revision };
};

export const listNotebooks = verb(contract.listNotebooks, async (scope, { limit, after, trash }) => {
  const rows = await store.notebooks(scope, { limit, before: readCursor(after), isTrash: trash });
  return cutPage(rows, limit, (row) => [row.updatedAt, row.id]);
});

export const createNotebook = verb(contract.createNotebook, async (scope, { title, cells }) => {
  const doc = new Y.Doc();
  const made = cells && cells.length > 0 ? cells : [{ cellType: "code" as const, source: "" }];
  seedDocument(
    doc,
    made.map((cell) => ({ id: newId("cell"), ...cell })),
  );
  const row = {
    id: newId("notebook", scope.now.getTime()),
    title,
    cellCount: made.length,
    createdBy: scope.caller.name,
    createdAt: scope.now,
    updatedAt: scope.now,
    updatedBy: scope.caller.name,
  };
  const notebook = await store.insertNotebook(scope, row, Y.encodeStateAsUpdate(doc));
  await scope.audit("notebook.created", notebook.id, { title });
  scope.emit(notebookEvents.changed, notebook.id);
  return notebook;
});

export const readNotebook = verb(contract.readNotebook, async (scope, { notebook }) => {
  await find(scope, notebook);
  const { cells } = await cellsAt(scope, notebook);
  return { ...(await find(scope, notebook)), cells };
});

const change = async (
  scope: Scope,
  id: string,
  action: string,
  fields: Parameters<typeof store.updateNotebook>[2],
  detail: Record<string, unknown>,
) => {
  await store.updateNotebook(scope, id, fields);
  await scope.audit(action, id, detail);
  scope.emit(notebookEvents.changed, id);
  return find(scope, id);
};

export const renameNotebook = verb(contract.renameNotebook, async (scope, { notebook, title }) => {
  const found = await find(scope, notebook);
  return change(
    scope,
    found.id,
    "notebook.renamed",
    { title, updatedAt: scope.now, updatedBy: scope.caller.name },
    { from: found.title, to: title },
  );
});

export const trashNotebook = verb(contract.trashNotebook, async (scope, { notebook }) => {
  const found = await find(scope, notebook);
  return found.trashedAt ? found : change(scope, found.id, "notebook.trashed", { trashedAt: scope.now }, { title: found.title });
});

export const restoreNotebook = verb(contract.restoreNotebook, async (scope, { notebook }) => {
  const found = await find(scope, notebook);
  return found.trashedAt ? change(scope, found.id, "notebook.restored", { trashedAt: null }, { title: found.title }) : found;
});

export const deleteNotebook = verb(contract.deleteNotebook, async (scope, { notebook }) => {
  const found = await find(scope, notebook);
  if (!found.trashedAt) throw new Problem("conflict", "notebooks.not_trashed", `${found.title} is in use. Move it to the trash first.`);
  await store.deleteNotebook(scope, found.id);
  await scope.audit("notebook.deleted", found.id, { title: found.title });
  scope.emit(notebookEvents.changed, found.id);
  return {};
});

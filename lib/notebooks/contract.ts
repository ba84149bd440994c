// The promises of the notebooks room: what a notebook is to a list, a page and a client. Its text is not here: that is a Yjs document
// behind /sync/{id}, shaped as `getMap("cells")` of Y.Map {id, cell_type, source: Y.Text, metadata: Y.Map, pos} and `getMap("meta")`.
import { z } from "zod";
import { inWorkspace, nothing, operation, paged, pageOf } from "#lib/kit/operation.ts";

export const cellTypes = ["code", "markdown"] as const;
export type CellType = (typeof cellTypes)[number];

/** A cell as plain data: what a revision pins and what a kernel is sent. `hash` is the SHA-256 of `source` in hex. */
export const cellSchema = z.object({
  id: z.string(),
  cellType: z.enum(cellTypes),
  source: z.string(),
  hash: z.string(),
  pos: z.string(),
  metadata: z.record(z.string(), z.unknown()),
});
export type Cell = z.output<typeof cellSchema>;

export const notebookSchema = z.object({
  id: z.string(),
  title: z.string(),
  revision: z.number().int().describe("Grows with every stored change of the text"),
  epoch: z.number().int().describe("Changes only when the document's history is replaced; clients must match it"),
  cellCount: z.number().int(),
  createdBy: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  updatedBy: z.string().nullable(),
  trashedAt: z.string().nullable(),
});
export type Notebook = z.output<typeof notebookSchema>;

const title = z.string().trim().min(1, "A notebook needs a title.").max(200);
const oneNotebook = { ...inWorkspace, notebook: z.string().max(64) };
const base = "/workspaces/{workspace}/notebooks";

export const listNotebooks = operation({
  id: "notebooks.list",
  method: "GET",
  path: base,
  grant: "read",
  summary: "Lists the workspace's notebooks, last changed first; `trash=true` lists those in the trash.",
  input: z.object({ ...inWorkspace, ...paged, trash: z.stringbool().default(false) }),
  output: pageOf(notebookSchema),
});

export const createNotebook = operation({
  id: "notebooks.create",
  method: "POST",
  path: base,
  grant: "write",
  summary: "Creates a notebook with one empty code cell, or with the cells given.",
  input: z.object({
    ...inWorkspace,
    title: title.default("Untitled"),
    cells: z
      .array(z.object({ cellType: z.enum(cellTypes), source: z.string().max(1_000_000) }))
      .max(2000)
      .optional(),
  }),
  output: notebookSchema,
});

export const readNotebook = operation({
  id: "notebooks.read",
  method: "GET",
  path: `${base}/{notebook}`,
  grant: "read",
  summary: "Reads a notebook with its cells in order, as stored at this moment.",
  input: z.object(oneNotebook),
  output: notebookSchema.extend({ cells: z.array(cellSchema) }),
});

export const renameNotebook = operation({
  id: "notebooks.rename",
  method: "PATCH",
  path: `${base}/{notebook}`,
  grant: "write",
  summary: "Renames a notebook.",
  input: z.object({ ...oneNotebook, title }),
  output: notebookSchema,
});

export const trashNotebook = operation({
  id: "notebooks.trash",
  method: "POST",
  path: `${base}/{notebook}/trash`,
  grant: "write",
  status: 200,
  summary: "Moves a notebook to the trash; its text, outputs and lineage stay and it can be restored.",
  input: z.object(oneNotebook),
  output: notebookSchema,
});

export const restoreNotebook = operation({
  id: "notebooks.restore",
  method: "POST",
  path: `${base}/{notebook}/restore`,
  grant: "write",
  status: 200,
  summary: "Takes a notebook back out of the trash.",
  input: z.object(oneNotebook),
  output: notebookSchema,
});

export const deleteNotebook = operation({
  id: "notebooks.delete",
  method: "DELETE",
  path: `${base}/{notebook}`,
  grant: "own",
  summary: "Deletes a notebook in the trash for good. What was promoted from it keeps its pinned text.",
  input: z.object(oneNotebook),
  output: nothing,
});

export const notebookEvents = { changed: "notebook.changed" } as const;

/** The close codes of /sync and of the run stream that stop a client from retrying (y-websocket ≥ 3.1 obeys 4400–4499). */
export const syncCloseCodes = { unauthenticated: 4401, forbidden: 4403, missing: 4404, wrongEpoch: 4409, tooLarge: 4413 } as const;
/** Message type 100 on /sync, server to client: varuint 100, varuint revision: everything this socket sent before is on disk. */
export const syncSavedMessage = 100;

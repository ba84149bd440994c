// Running cells of a notebook the way jupyter-server-documents publishes it: all cells are checked against the hash of the source that was
// seen, then queued together or not at all. Here `document_id` is the notebook and the kernel must be its session's.
import { z } from "zod";
import { Problem } from "#lib/kit/problem.ts";
import type { Caller } from "#lib/kit/verb.ts";
import * as notebooks from "#lib/notebooks/service.ts";
import { murmurOf } from "#lib/sessions/murmur.ts";
import { runnerOf } from "#lib/sessions/runners.ts";
import { runCells } from "#lib/sessions/service.ts";

const bodySchema = z.object({
  document_id: z.string().max(64),
  cells: z
    .array(z.object({ cell_id: z.string().max(100), source_hash: z.string().max(20) }))
    .min(1)
    .max(2000),
  request_id: z.string().max(100).optional(),
});

type Answer = { status: 200 | 400 | 404 | 409; body: unknown };

const mismatch = (cellId: string): Answer => ({ status: 409, body: { error: "source_mismatch", cell_id: cellId } });

/** Queues the cells; a request id sent again runs nothing twice. */
export const runDocumentCells = async (caller: Caller, workspace: string, kernelId: string, input: unknown): Promise<Answer> => {
  const parsed = bodySchema.safeParse(input);
  if (!parsed.success) return { status: 400, body: { error: "invalid", message: parsed.error.issues[0]?.message } };
  const { document_id: notebook, cells, request_id } = parsed.data;
  const { cells: present } = await notebooks.readNotebook(caller, { workspace, notebook });
  const runner = await runnerOf(notebook)?.catch(() => null);
  if (runner?.kernelId() !== kernelId)
    return { status: 404, body: { error: "kernel_missing", message: "This kernel is not the notebook's session. Start one first." } };
  const chosen: { cellId: string; sourceHash: string }[] = [];
  for (const { cell_id, source_hash } of cells) {
    const cell = present.find((one) => one.id === cell_id);
    if (!cell || murmurOf(cell.source) !== source_hash) return mismatch(cell_id);
    chosen.push({ cellId: cell_id, sourceHash: cell.hash });
  }
  try {
    await runCells(caller, { workspace, notebook, cells: chosen, ...(request_id ? { requestId: request_id } : {}) });
    return { status: 200, body: null };
  } catch (error) {
    if (error instanceof Problem && error.code.startsWith("sessions."))
      return mismatch(String((error.detail as { cellId?: string })?.cellId ?? ""));
    throw error;
  }
};
